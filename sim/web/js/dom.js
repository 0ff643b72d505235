// Building blocks of the page: elements, icons, avatars. Text always enters the
// document as text nodes; nothing in this client parses markup from data.

const SVG_NS = "http://www.w3.org/2000/svg";

/** h makes an element. `testid` becomes data-testid, `on…` a listener, `style` an object of CSS properties. */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value == null || value === false) continue;
    if (key === "class") el.className = value;
    else if (key === "testid") el.dataset.testid = value;
    else if (key === "style") for (const [name, v] of Object.entries(value)) el.style.setProperty(name, v);
    else if (key === "value" || key === "checked" || key === "srcObject") el[key] = value;
    else if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else el.setAttribute(key, value === true ? "" : value);
  }
  append(el, children);
  return el;
}

/** svg makes an SVG element with plain attributes. */
export function svg(tag, attrs, ...children) {
  const el = document.createElementNS(SVG_NS, tag);
  for (const [key, value] of Object.entries(attrs ?? {})) if (value != null) el.setAttribute(key, value);
  append(el, children);
  return el;
}

function append(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child == null || child === false) continue;
    el.append(child instanceof Node ? child : String(child));
  }
}

/** button is h("button") that never submits a form by accident. */
export function button(props, ...children) {
  return h("button", { type: "button", ...props }, ...children);
}

// Line icons on a 24-unit grid. "f:" marks a filled path.
const ICONS = {
  back: ["M15 4 7 12l8 8"],
  close: ["M6 6l12 12M18 6 6 18"],
  more: ["f:M5 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM12 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM19 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z"],
  refresh: ["M19.5 12a7.5 7.5 0 1 1-2.3-5.4", "M19.8 3.6v4.2h-4.2"],
  plus: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7.5v9M7.5 12h9"],
  add: ["M12 5v14M5 12h14"],
  keyboard: ["M3.5 6.5h17v11h-17z", "M7 10h.01M10.3 10h.01M13.6 10h.01M17 10h.01M8 14h8"],
  menu: ["M4 7h16M4 12h16M4 17h16"],
  person: ["M12 4.2a3.9 3.9 0 1 0 0 7.8 3.9 3.9 0 0 0 0-7.8z", "M4.6 20c.7-3.7 3.7-5.8 7.4-5.8s6.7 2.1 7.4 5.8"],
  people: ["M9.5 5a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.600z", "M3.5 19c.5-3.2 3-5 6-5s5.5 1.8 6 5", "M16 5.400a3 3 0 0 1 0 5.800M17.5 14.300c1.8.8 2.8 2.4 3.1 4.7"],
  chat: ["M12 4C7 4 3 7.3 3 11.400c0 2.4 1.3 4.5 3.4 5.800L5.8 20l3.4-1.700c.9.2 1.8.3 2.8.3 5 0 9-3.2 9-7.300S17 4 12 4z"],
  compass: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M15.6 8.4 13.5 13.5 8.4 15.600l2.1-5.100z"],
  scan: ["M4 8V4.500h3.500M20 8V4.500h-3.500M4 16v3.500h3.500M20 16v3.500h-3.5", "M3.5 12h17"],
  image: ["M4 5h16v14H4z", "M4.5 16.5 9 11.500l3.5 3.7 2.3-2.3 4.7 4.6", "M15.5 8.300a1.1 1.1 0 1 0 0 2.2 1.1 1.1 0 0 0 0-2.200z"],
  video: ["M3.5 6.500h11.500v11H3.500z", "M15 10.500l5.5-3v9l-5.5-3z"],
  mic: ["M12 3.500a2.8 2.8 0 0 0-2.8 2.800v5a2.8 2.8 0 0 0 5.6 0v-5A2.8 2.8 0 0 0 12 3.500z", "M5.8 11.300a6.2 6.2 0 0 0 12.4 0M12 17.500v3M8.5 20.500h7"],
  pin: ["M12 21s6.8-6.2 6.8-11.200A6.8 6.8 0 0 0 5.2 9.800C5.2 14.8 12 21 12 21z", "M12 7.500a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.800z"],
  link: ["M10 14.200a3.8 3.8 0 0 0 5.5.2l2.9-2.900a3.8 3.8 0 0 0-5.4-5.400l-1.4 1.4", "M14 9.800a3.8 3.8 0 0 0-5.5-.2l-2.9 2.900a3.8 3.8 0 0 0 5.4 5.400l1.4-1.4"],
  sms: ["M4 5.500h16v11H11l-4.5 3.500v-3.500H4z", "M8 11h.01M12 11h.01M16 11h.01"],
  copy: ["M8.5 8.500h11v11h-11z", "M5 15.500h-.5v-11h11V5"],
  check: ["M5 12.500l4.5 4.500L19 7.5"],
  chevron: ["M9 5l7 7-7 7"],
  down: ["M6 9.500l6 6 6-6"],
  gear: ["M12 8.800a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.400z", "M12 3v2.600M12 18.400V21M3 12h2.600M18.4 12H21M5.6 5.600l1.9 1.900M16.5 16.500l1.9 1.900M18.4 5.600l-1.9 1.900M7.5 16.500l-1.9 1.9"],
  play: ["f:M8 5.500v13l11-6.500z"],
  pause: ["f:M7 5.500h3.600v13H7zM13.4 5.500H17v13h-3.600z"],
  note: ["M9 17.500V6l10-2v11.5", "M6.5 15a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM16.5 13a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"],
  voice: ["M6 10.200a3 3 0 0 1 0 3.6", "M9.8 7.500a7 7 0 0 1 0 9", "M13.6 5a11 11 0 0 1 0 14"],
  trash: ["M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7"],
  swap: ["M4 8.500h14M14.5 5 18 8.5 14.5 12", "M20 15.500H6M9.5 12 6 15.5 9.5 19"],
  share: ["M12 15V4M8 7.5 12 3.800l4 3.7", "M5 11.500v8h14v-8"],
  globe: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3.5 12h17M12 3c2.6 2.6 3.6 5.6 3.6 9s-1 6.4-3.6 9c-2.6-2.6-3.6-5.6-3.6-9S9.4 5.6 12 3z"],
  qr: ["M4 4h6.500v6.500H4zM13.5 4H20v6.500h-6.500zM4 13.500h6.500V20H4z", "M14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7v5.300l3.5 2"],
  search: ["M10.5 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12z", "M15 15l5 5"],
  bolt: ["M13 3 5.5 13.500H11L10 21l8-11h-5.500z"],
  warn: ["M12 4 2.8 19.500h18.400z", "M12 10v4.500M12 17h.01"],
  phone: ["M7.5 3h9v18h-9z", "M11 18h2"],
};

/** icon draws one of the line icons; decorative unless a label is given. */
export function icon(name, { size = 24, label } = {}) {
  const el = svg("svg", {
    viewBox: "0 0 24 24", width: size, height: size, class: "icon", focusable: "false",
    fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round",
  });
  if (label) { el.setAttribute("role", "img"); el.setAttribute("aria-label", label); } else el.setAttribute("aria-hidden", "true");
  for (const d of ICONS[name] ?? []) {
    el.append(d.startsWith("f:") ? svg("path", { d: d.slice(2), fill: "currentColor", stroke: "none" }) : svg("path", { d }));
  }
  return el;
}

/** hash gives a stable 32-bit number for a string (FNV-1a, mixed), for colours that never change. */
export function hash(text) {
  let n = 0x811c9dc5;
  for (const ch of String(text)) n = Math.imul(n ^ ch.codePointAt(0), 0x01000193) >>> 0;
  n = Math.imul(n ^ (n >>> 16), 0x85ebca6b) >>> 0; // short names differ in their last bits only: mix them upwards
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35) >>> 0;
  return (n ^ (n >>> 16)) >>> 0;
}

/** safeSrc lets only pictures from http(s), data:image, blob and relative addresses through. */
export function safeSrc(url) {
  if (!url) return "";
  try {
    const u = new URL(url, document.baseURI);
    if (u.protocol === "http:" || u.protocol === "https:" || u.protocol === "blob:") return u.href;
    if (u.protocol === "data:" && /^data:(image|audio|video)\//i.test(url)) return url;
  } catch { /* not an address */ }
  return "";
}

/** avatar shows the picture that the simulator draws for a person or an account. */
export function avatar({ url, kind = "user", size = 44 }) {
  const src = safeSrc(url);
  return h("span", { class: `avatar avatar-${kind}`, "aria-hidden": "true", style: { width: `${size}px`, height: `${size}px` } },
    src && h("img", { alt: "", src, width: size, height: size, decoding: "async", draggable: "false" }));
}

/** copyText puts text on the clipboard, also where the clipboard API is missing or refused. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { value: text, readonly: true, style: { position: "fixed", opacity: "0", top: "0" } });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** badge is the red unread bubble; nothing for zero. */
export function badge(count, label = "条未读") {
  if (!count) return null;
  return h("span", { class: "badge", "aria-label": `${count}${label}` }, count > 99 ? "99+" : String(count));
}
