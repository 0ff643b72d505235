// WeChat's in-app browser: a frame on the user's own browser address.
//
// The page in the frame (its JS-SDK stand-in) talks to this client with postMessage:
//
//   frame → client   {xunjia_sim: action, id?, ...arguments}
//     page {url, title}      a document was loaded or its address changed
//     title {title}          document.title changed
//     close                  wx.closeWindow
//     back                   history.back on the first page of the frame's own history
//     open {url}             a link that wants a new window
//     share {data}           updateAppMessageShareData {title, desc, link, imgUrl}
//     chooseImage {count}    → {files: [{name, type, data_url}]}
//     previewImage {current, urls}
//     scanQRCode {needResult} → {text} or {} after the client acted on it
//     getLocation            → {latitude, longitude}
//     menu {hidden}          the entries of "…" that the page hides; "*" is all of them
//     openLocation {latitude, longitude, name, address}
//     toast {text}           a sentence for the user
//     subscribe {account, avatar_url, templates: [{id, title, content}]} → {answers: {id: "accept"|"reject"}, always}
//   client → frame   {xunjia_sim: "reply", id, ok: true, ...result} or {…, ok: false, cancel: true} or {…, error}

import { h, button, icon, avatar, copyText, safeSrc } from "./dom.js";
import { api } from "./api.js";
import { pickImages, dataURL, viewMedia, scanImage } from "./media.js";
import { choosePlace, showPlace } from "./place.js";

const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-downloads";

export class Browser {
  constructor(device, url, appId) {
    this.device = device;
    this.appId = appId;
    this.origin = new URL(url).origin;
    this.history = [url];
    this.share = null;
    this.hidden = [];
    this.bar = "dark";
    this.title = h("h1", { testid: "frame-title" }, "正在打开…");
    this.host = h("span", { class: "frame-host" });
    this.progress = h("i", { class: "frame-progress", "aria-hidden": "true" });
    this.frame = h("iframe", { class: "frame", testid: "frame", title: "内置浏览器", src: url, sandbox: SANDBOX, allow: "clipboard-write; clipboard-read; geolocation; camera" });
    this.frame.addEventListener("load", () => this.loaded());
    this.backButton = button({ class: "icon-button", testid: "frame-back", "aria-label": "返回上一页", onclick: () => this.onBack() }, icon("back"));
    this.el = h("div", { class: "page browser", testid: "browser" },
      h("header", { class: "bar bar-frame" },
        h("span", { class: "bar-side" }, this.backButton, button({ class: "icon-button", testid: "frame-close", "aria-label": "关闭网页", onclick: () => this.close() }, icon("close"))),
        h("div", { class: "frame-head" }, this.title, this.host),
        h("span", { class: "bar-side bar-right" }, button({ class: "icon-button", testid: "frame-refresh", "aria-label": "刷新", onclick: () => this.reload() }, icon("refresh", { size: 21 })),
          button({ class: "icon-button", testid: "frame-more", "aria-label": "更多操作", onclick: () => this.more() }, icon("more"))), this.progress),
      this.frame);
    this.busy(true);
  }

  get url() { return this.history.at(-1); }

  owns(source) { return source === this.frame.contentWindow; }

  update() { this.host.textContent = this.hostText(); }

  hostText() {
    try { return new URL(this.device.store.publicURL(this.url)).host; } catch { return ""; }
  }

  busy(on) {
    this.progress.classList.toggle("on", on);
    this.frame.setAttribute("aria-busy", String(on));
  }

  loaded() {
    this.busy(false);
    this.going = null;
    clearTimeout(this.titleTimer);
    // Pages without the stand-in (a picture, a PDF, a foreign site) say nothing; the account's name is the title then.
    this.titleTimer = setTimeout(() => { if (!this.reported) this.title.textContent = this.device.store.account(this.appId)?.name ?? "网页"; this.reported = false; }, 400);
  }

  go(url) {
    this.busy(true);
    if (!url.includes("#")) { this.frame.src = url; return; }
    // The same address with a fragment would only scroll: leave the page first.
    this.frame.addEventListener("load", () => { this.frame.src = url; }, { once: true });
    this.frame.src = "about:blank";
  }

  reload() { this.go(this.url); }

  /** onBack goes to the page before, and leaves the browser on the first one, as WeChat does. */
  onBack() {
    if (this.history.length < 2) return this.close();
    this.history.pop();
    this.going = this.url;
    this.go(this.url);
  }

  close() {
    if (this.device.top === this) this.device.pop();
  }

  visited(url) {
    this.reported = true;
    if (!/^https?:/.test(url ?? "")) return;
    if (this.going) { this.history[this.history.length - 1] = url; this.going = null; } else if (url !== this.url) {
      // The first report replaces the address that was asked for: redirects are not pages.
      if (this.arrived) this.history.push(url); else this.history[this.history.length - 1] = url;
    }
    this.arrived = true;
    // A page reports more than once while it loads: what it set for sharing stays until the address changes.
    if (url !== this.reportedURL) { this.share = null; this.hidden = []; }
    this.reportedURL = url;
    this.update();
  }

  setTitle(title) { if (typeof title === "string") { this.reported = true; this.title.textContent = title || this.hostText(); } }

  reply(id, result) {
    if (id == null) return;
    this.frame.contentWindow?.postMessage({ xunjia_sim: "reply", id, ...result }, "*");
  }

  async onMessage({ data }) {
    if (!data || typeof data.xunjia_sim !== "string") return;
    const { device } = this;
    const action = ACTIONS[data.xunjia_sim];
    if (!action) return this.reply(data.id, { ok: false, error: "模拟器没有这个功能" });
    try {
      const result = await action(this, data, device);
      this.reply(data.id, result === CANCELLED ? { ok: false, cancel: true } : { ok: true, ...result });
    } catch (err) {
      this.reply(data.id, { ok: false, error: err.message });
    }
  }

  async more() {
    const { device } = this;
    const store = device.store, link = store.publicURL(this.share?.link || this.url), title = this.share?.title || this.title.textContent;
    let layer;
    const tool = (name, label, act, testid) => button({ class: "panel-item", testid, onclick: () => { layer.close(); act(); } }, h("span", {}, icon(name, { size: 26 })), label);
    const people = store.users.filter((u) => u.id !== device.userId);
    const image = safeSrc(this.share?.imgUrl);
    const hidden = (entry) => this.hidden.includes("*") || this.hidden.includes(entry);
    const shareable = !hidden("menuItem:share:appMessage");
    layer = device.sheet({ label: "网页操作", testid: "frame-sheet", body: h("div", { class: "frame-sheet" },
      h("div", { class: "share-card", testid: "share-card" }, h("div", {}, h("b", {}, title), h("span", {}, this.share?.desc || link)), image ? h("img", { src: image, alt: "" }) : h("span", { class: "link-thumb" }, icon("link"))),
      this.share && h("p", { class: "form-hint" }, "以上是页面设置的分享内容"),
      !shareable && h("p", { class: "form-hint" }, "这个页面不允许分享"),
      shareable && people.length > 0 && h("div", { class: "share-people", role: "group", "aria-label": "分享给其他用户" }, people.map((u) => button({ class: "panel-item", testid: `share-${u.id}`, onclick: () => { layer.close(); device.client.share(device, u.id, { title, url: link }); } }, avatar({ url: u.avatar_url, size: 48 }), h("span", {}, u.nickname)))),
      h("div", { class: "share-tools" },
        shareable && this.appId && tool("chat", "发到公众号", () => this.sendToChat(title, link)), !hidden("menuItem:copyUrl") && tool("copy", "复制链接", async () => { if (await copyText(link)) device.toast("链接已复制", { mark: "check" }); }, "copy-link"),
        tool("refresh", "刷新", () => this.reload()), !hidden("menuItem:openWithSafari") && tool("globe", "外部打开", () => window.open(link, "_blank", "noopener"))),
      h("p", { class: "frame-url mono", testid: "frame-url" }, link)) });
  }

  async sendToChat(title, url) {
    try {
      await api.send(this.device.userId, this.appId, { type: "link", title, description: this.share?.desc ?? "", url });
      this.device.toast("已发送", { mark: "check" });
    } catch (err) { this.device.toast(err.message); }
  }

  destroy() { clearTimeout(this.titleTimer); this.frame.src = "about:blank"; }
}

// askSubscribe is WeChat's dialogue before subscription notifications; null when it is closed without an answer.
async function askSubscribe(device, { account, avatar_url, templates }) {
  let layer;
  const boxes = (Array.isArray(templates) ? templates : []).map((t) => [t, h("input", { type: "checkbox", checked: true, testid: `subscribe-${t.id}` })]);
  const always = h("input", { type: "checkbox", testid: "subscribe-always" });
  const answer = (allow) => layer.close({ answers: Object.fromEntries(boxes.map(([t, box]) => [t.id, allow && box.checked ? "accept" : "reject"])), always: allow && always.checked });
  layer = device.sheet({ label: "订阅通知", testid: "subscribe-sheet", body: h("div", { class: "subscribe" },
    h("p", { class: "subscribe-from" }, avatar({ url: avatar_url, kind: "account", size: 26 }), h("b", {}, account), "申请"),
    h("h2", {}, "发送一次以下通知"),
    h("div", { class: "subscribe-list" }, boxes.map(([t, box]) => h("label", {}, h("span", {}, t.title, h("small", {}, String(t.content ?? "").replace(/:?\{\{[^}]*\}\}\s*/g, "、").replace(/、$/, ""))), box))),
    h("label", { class: "subscribe-always" }, always, "总是保持以上选择，不再询问"),
    h("div", { class: "subscribe-buttons" }, button({ testid: "subscribe-reject", onclick: () => answer(false) }, "拒绝"), button({ class: "primary", testid: "subscribe-allow", onclick: () => answer(true) }, "允许"))) });
  return (await layer.closed) ?? null;
}

const CANCELLED = Symbol("cancelled");

// What a page may ask of the client. Each gets (view, message, device) and gives the fields of the reply.
const ACTIONS = {
  page(view, { url, title }) { view.visited(String(url ?? "")); if (title !== undefined) view.setTitle(title); },
  title(view, { title }) { view.setTitle(title); },
  close(view) { view.close(); },
  closeWindow(view) { view.close(); },
  back(view) { view.onBack(); },
  open(view, { url }) { view.device.openURL(url, view.appId); },
  share(view, { data, title, desc, link, imgUrl }) {
    view.share = Object.fromEntries(Object.entries(data ?? { title, desc, link, imgUrl }).filter(([, v]) => typeof v === "string"));
  },
  menu(view, { hidden }) { view.hidden = Array.isArray(hidden) ? hidden : []; },
  async chooseImage(view, { count }, device) {
    const files = await pickImages(device, { count: Math.min(9, Math.max(1, Number(count) || 9)) });
    if (!files.length) return CANCELLED;
    return { files: await Promise.all(files.map(async (f) => ({ name: f.name, type: f.type, size: f.size, data_url: await dataURL(f) }))) };
  },
  previewImage(view, { current, urls }, device) { viewMedia(device, "image", current || urls?.[0]); },
  scanImage(view, { src }, device) { return scanImage(device, src); },
  scanQRCode(view, { needResult }, device) {
    return new Promise((resolve) => {
      device.openScan({ onresult: async (text) => { resolve(needResult ? { text } : {}); return needResult ? "done" : "act"; }, oncancel: () => resolve(CANCELLED) });
    });
  },
  async getLocation(view, _, device) {
    const place = await choosePlace(device);
    return place ? { latitude: place.lat, longitude: place.lng } : CANCELLED;
  },
  openLocation(view, { latitude, longitude, name, address }, device) { showPlace(device, { lat: latitude, lng: longitude, title: name, label: address }); },
  async subscribe(view, { account, avatar_url, templates }, device) { return (await askSubscribe(device, { account, avatar_url, templates })) ?? CANCELLED; },
  toast(view, { text }, device) { device.toast(String(text)); },
};
