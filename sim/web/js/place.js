// Choosing and showing a place on the drawn map.

import { h, button } from "./dom.js";
import { mapArt, dragToDegrees } from "./map.js";

const PLACES = [
  { label: "安徽省亳州市中药材交易中心", lat: 33.84461, lng: 115.77931 },
  { label: "河北省安国市东方药城", lat: 38.41839, lng: 115.32671 },
  { label: "四川省成都市荷花池药材市场", lat: 30.72645, lng: 104.10194 },
  { label: "北京市东城区天安门", lat: 39.90872, lng: 116.39748 },
];

/** choosePlace resolves with {lat, lng, scale, label}, or undefined when cancelled. */
export async function choosePlace(device) {
  const place = { ...PLACES[0], scale: 16 };
  let layer;
  const map = h("div", { class: "map-box", role: "img", "aria-label": "地图，拖动选择位置" });
  const label = h("input", { class: "field", "aria-label": "地点名称", value: place.label, oninput: () => { place.label = label.value; } });
  const number = (name, aria, min, max) => h("input", { class: "field", type: "number", step: "any", min, max, required: true, "aria-label": aria, value: place[name], oninput: (e) => { const v = parseFloat(e.target.value); if (Number.isFinite(v)) { place[name] = v; draw(); } } });
  const lat = number("lat", "纬度", -90, 90), lng = number("lng", "经度", -180, 180);
  const draw = () => map.replaceChildren(mapArt(place.lat, place.lng, { width: 360, height: 210 }));
  const set = (p) => { Object.assign(place, p); label.value = place.label; lat.value = place.lat; lng.value = place.lng; draw(); };
  let drag = null;
  map.addEventListener("pointerdown", (e) => { drag = { x: e.clientX, y: e.clientY, lat: place.lat, lng: place.lng }; map.setPointerCapture(e.pointerId); });
  map.addEventListener("pointermove", (e) => {
    if (!drag) return;
    const d = dragToDegrees(e.clientX - drag.x, e.clientY - drag.y);
    set({ lat: +(drag.lat + d.lat).toFixed(5), lng: +(drag.lng + d.lng).toFixed(5), label: place.label });
  });
  map.addEventListener("pointerup", () => { drag = null; });
  draw();
  layer = device.sheet({ title: "选择位置", testid: "place-sheet", body: h("form", { class: "form", onsubmit: (e) => { e.preventDefault(); layer.close(place); } },
    map, h("div", { class: "chips" }, PLACES.map((p) => button({ class: "chip", onclick: () => set(p) }, p.label.replace(/^.*?(省|市)/, "")))), label,
    h("div", { class: "pair" }, lat, lng), h("button", { class: "primary wide", type: "submit", testid: "place-ok" }, "确定")) });
  return layer.closed;
}

/** showPlace shows a place that was sent. */
export function showPlace(device, { lat, lng, label, title }) {
  device.sheet({ title: title || label || "位置", body: h("div", { class: "form" }, h("div", { class: "map-box map-big" }, mapArt(lat, lng, { width: 360, height: 300 })),
    h("p", { class: "form-hint" }, `${label ?? ""} 纬度 ${lat}，经度 ${lng}`)) });
}
