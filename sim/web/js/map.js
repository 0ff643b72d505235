// A drawn map: the simulator works without network, so places are shown on an invented city plan that is the
// same for the same coordinates. Roads, a river and parks are placed by a noise function of the grid cell.

import { svg, hash } from "./dom.js";

const CELL = 60; // picture units between two streets
const SPAN = 0.004; // degrees between two streets

/** mapArt draws the surroundings of a point with a pin in the middle. */
export function mapArt(lat = 39.9, lng = 116.4, { width = 240, height = 120, pin = true } = {}) {
  const x0 = Number(lng) / SPAN, y0 = -Number(lat) / SPAN;
  const cols = Math.ceil(width / CELL / 2) + 1, rows = Math.ceil(height / CELL / 2) + 1;
  const toX = (c) => (c - x0) * CELL + width / 2, toY = (r) => (r - y0) * CELL + height / 2;
  const art = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "map", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" }, svg("rect", { width, height, fill: "#f2efe9" }));
  const c0 = Math.floor(x0), r0 = Math.floor(y0);
  for (let c = c0 - cols; c <= c0 + cols; c++) {
    for (let r = r0 - rows; r <= r0 + rows; r++) {
      const n = hash(`${c}:${r}`) % 100;
      const fill = n < 12 ? "#cfe8c6" : n < 18 ? "#b9daf2" : n < 50 ? "#ebe6dc" : null;
      if (fill) art.append(svg("rect", { x: toX(c) + 5, y: toY(r) + 5, width: CELL - 10, height: CELL - 10, rx: n < 18 ? 8 : 2, fill }));
    }
  }
  const line = (d, w, color) => art.append(svg("path", { d, stroke: color, "stroke-width": w, fill: "none" }));
  for (let c = c0 - cols; c <= c0 + cols; c++) road(`M${toX(c)} 0V${height}`, `v${c}`);
  for (let r = r0 - rows; r <= r0 + rows; r++) road(`M0 ${toY(r)}H${width}`, `h${r}`);
  function road(d, seed) {
    const main = hash(seed) % 4 === 0;
    line(d, main ? 9 : 4, main ? "#e9c98f" : "#e1dbcf");
    line(d, main ? 7 : 3, main ? "#fbe3ae" : "#ffffff");
  }
  if (pin) {
    art.append(svg("ellipse", { cx: width / 2, cy: height / 2 + 1, rx: 6, ry: 2.4, fill: "#0003" }),
      svg("path", { d: `M${width / 2} ${height / 2}c-3-6-10-11-10-18a10 10 0 0 1 20 0c0 7-7 12-10 18z`, fill: "#fa5151", stroke: "#fff", "stroke-width": 1.2 }),
      svg("circle", { cx: width / 2, cy: height / 2 - 18, r: 3.6, fill: "#fff" }));
  }
  return art;
}

/** dragToDegrees turns a movement on a map picture into degrees. */
export function dragToDegrees(dx, dy) {
  return { lng: (-dx / CELL) * SPAN, lat: (dy / CELL) * SPAN };
}
