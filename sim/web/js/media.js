// Choosing and viewing pictures, sound and video.

import { h, button, icon, safeSrc } from "./dom.js";
import { api } from "./api.js";

/** pickFile opens the system's file dialog; null when nothing was chosen. */
export function pickFile(accept) { return pickFiles(accept, 1).then((files) => files[0] ?? null); }

function pickFiles(accept, count) {
  return new Promise((resolve) => {
    const input = h("input", { type: "file", accept, multiple: count > 1, hidden: true });
    const done = (files) => { input.remove(); resolve(files); };
    input.addEventListener("change", () => done([...input.files].slice(0, count)));
    input.addEventListener("cancel", () => done([]));
    document.body.append(input);
    input.click();
  });
}

/** pickImages offers the computer's pictures and drawn samples, so that a demo needs no files. */
export async function pickImages(device, { count = 9 } = {}) {
  const chosen = [];
  let layer;
  const file = h("input", { type: "file", accept: "image/*", multiple: count > 1, class: "sr", testid: "image-file", onchange: () => { chosen.push(...[...file.files].slice(0, count)); layer.close(); } });
  const samples = SAMPLES.map((s, i) => {
    const canvas = drawSample(s, 180);
    return button({ class: "sample", testid: `sample-${i}`, "aria-label": `示例图片：${s.name}`, onclick: async () => { chosen.push(await toFile(s)); layer.close(); } }, canvas, h("span", {}, s.name));
  });
  layer = device.sheet({ title: "选择图片", testid: "image-sheet", body: h("div", { class: "form" },
    h("label", { class: "upload", tabindex: -1 }, file, icon("image", { size: 28 }), h("b", {}, "从这台电脑选择"), h("span", {}, count > 1 ? `最多 ${count} 张` : "一张图片")),
    h("p", { class: "form-hint" }, "或使用示例图片"), h("div", { class: "samples" }, samples)) });
  await layer.closed;
  return chosen;
}

const SAMPLES = [
  { name: "当归饮片", back: ["#f3ead8", "#d9c39a"], tint: ["#c99b5a", "#b07f3f", "#e2c48f", "#8f6330"], shape: "slice" },
  { name: "枸杞", back: ["#fff3ea", "#f4c9b4"], tint: ["#d93a2b", "#b8271c", "#ef6a4f", "#c94a30"], shape: "berry" },
  { name: "菊花", back: ["#f4f7e6", "#d5dfae"], tint: ["#f6d34f", "#fbe58a", "#eebc2c", "#fff4c2"], shape: "flower" },
];

// A fixed sequence instead of Math.random keeps the sample pictures the same everywhere.
function sequence(seed) { let n = seed; return () => ((n = (n * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff); }

function drawSample({ back, tint, shape }, size) {
  const canvas = h("canvas", { width: size, height: Math.round(size * 0.75) });
  const g = canvas.getContext("2d"), w = canvas.width, t = canvas.height, rnd = sequence(shape.length * 7919);
  const fill = g.createLinearGradient(0, 0, w, t);
  fill.addColorStop(0, back[0]);
  fill.addColorStop(1, back[1]);
  g.fillStyle = fill;
  g.fillRect(0, 0, w, t);
  for (let i = 0; i < 90; i++) {
    const r = (size / 15) * (0.7 + rnd() * 0.6);
    g.save();
    g.translate(w * (0.08 + rnd() * 0.84), t * (0.1 + rnd() * 0.8));
    g.rotate(rnd() * Math.PI * 2);
    g.shadowColor = "#0003";
    g.shadowBlur = r / 3;
    g.shadowOffsetY = r / 6;
    g.fillStyle = tint[Math.floor(rnd() * tint.length)];
    if (shape === "flower") for (let p = 0; p < 9; p++) { g.rotate((Math.PI * 2) / 9); oval(g, 0, r * 0.7, r * 0.28, r * 0.7); } else oval(g, 0, 0, shape === "berry" ? r * 0.5 : r, shape === "berry" ? r : r * 0.8);
    g.shadowColor = "transparent";
    if (shape === "slice") { g.strokeStyle = "#6b471c55"; g.lineWidth = r / 10; for (const k of [0.35, 0.62]) { g.beginPath(); g.ellipse(0, 0, r * k, r * k * 0.8, 0, 0, 7); g.stroke(); } }
    if (shape === "flower") { g.fillStyle = "#d99a1c"; oval(g, 0, 0, r * 0.34, r * 0.34); }
    g.restore();
  }
  return canvas;
}

function oval(g, x, y, rx, ry) { g.beginPath(); g.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2); g.fill(); }

function toFile(sample) {
  return new Promise((resolve) => drawSample(sample, 1200).toBlob((blob) => resolve(new File([blob], `${sample.shape}.jpg`, { type: "image/jpeg" })), "image/jpeg", 0.85));
}

/** dataURL reads a file for a page in the frame. */
export function dataURL(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("读不出这个文件"));
    reader.readAsDataURL(file);
  });
}

/** viewMedia fills the phone's screen with a picture or a film; pictures can be scanned for a QR code. */
export function viewMedia(device, kind, url, title) {
  const src = safeSrc(url);
  if (!src) return device.toast("文件已失效");
  const show = kind === "video" ? h("video", { src, controls: true, autoplay: true, playsinline: true }) : h("img", { src, alt: title || "图片" });
  const layer = device.sheet({ label: title || "查看图片", kind: "full", body: h("div", { class: "viewer" },
    h("div", { class: "viewer-stage", onclick: () => layer.close() }, show),
    h("div", { class: "viewer-bar" }, kind === "image" && button({ testid: "scan-image", onclick: () => { layer.close(); scanImage(device, src); } }, icon("qr", { size: 20 }), "识别二维码"),
      h("a", { href: src, download: "", class: "viewer-link" }, "保存"), button({ onclick: () => layer.close() }, "关闭"))) });
  show.addEventListener("error", () => { layer.close(); device.toast(kind === "video" ? "浏览器不能播放这种格式" : "图片加载失败"); });
  return layer;
}

/** scanImage reads the QR code of a picture that is on screen. */
export async function scanImage(device, src) {
  try {
    const blob = await (await fetch(src)).blob();
    await scanned(device, await api.scanFile(device.userId, new File([blob], "qr.png", { type: blob.type })));
  } catch (err) { device.toast(err instanceof TypeError ? "读不出这张图片，请保存后在扫一扫里上传" : err.message); }
}

/** scanned acts on the simulator's reading of a code: show the account or open the page. */
export async function scanned(device, result) {
  if (result.kind === "account") {
    await device.store.refresh();
    if (device.store.chatOf(device.userId, result.app_id).followed) return device.openChat(result.app_id);
    return device.openProfile(result.app_id, { scene: result.scene });
  }
  if (result.open) return device.openFrame(result.open);
  return device.toast(result.text ? `扫码内容：${result.text}` : "没有识别到可以打开的内容");
}
