// One simulated phone: a stack of views, sheets, banners and the switcher above it. A phone belongs to one
// user for as long as the page lives; which phones are seen is decided by their slot, so that switching
// users never reloads an open page.

import { h, button, icon, avatar, badge } from "./dom.js";
import { api } from "./api.js";
import { hhmm, phoneNumber, summary } from "./format.js";
import { Launcher } from "./launcher.js";
import { WeChat } from "./wechat.js";
import { Chat } from "./chat.js";
import { Profile } from "./profile.js";
import { Browser } from "./browser.js";
import { Scan } from "./scan.js";
import { Messages } from "./messages.js";

const BANNER_MS = 6000;

export class Device {
  constructor(client, userId) {
    this.client = client;
    this.store = client.store;
    this.userId = userId;
    this.slot = null;
    this.views = [];
    this.layers = []; // open sheets, topmost last

    this.switcher = button({ class: "switcher", testid: "switch", "aria-haspopup": "dialog", onclick: () => client.chooseUser(this) });
    this.smsButton = button({ class: "icon-button", testid: "sms-open", "aria-label": "短信", title: "短信", onclick: () => this.openSMS() });
    this.more = button({ class: "icon-button narrow-only", "aria-label": "模拟器菜单", onclick: () => client.narrowMenu(this) }, icon("gear", { size: 20 }));
    this.time = h("span", { class: "status-time" });
    this.stack = h("div", { class: "views" });
    this.notices = h("div", { class: "notices", role: "status", "aria-live": "polite" });
    this.overlay = h("div", { class: "overlay" });
    this.screen = h("div", { class: "screen" },
      h("div", { class: "statusbar", "aria-hidden": "true" }, this.time, h("span", { class: "island" }),
        h("span", { class: "status-right" }, h("i", { class: "bars" }, h("b"), h("b"), h("b"), h("b")), h("span", { class: "status-net" }, "5G"), h("i", { class: "battery" }))),
      this.stack, this.notices, this.overlay,
      button({ class: "home", testid: "home", "aria-label": "回到手机桌面", title: "手机桌面", onclick: () => this.home() }, h("i")));
    this.el = h("section", { class: "device", onkeydown: (e) => this.key(e) },
      h("div", { class: "caption" }, this.switcher, h("span", { class: "caption-tools" }, this.smsButton, this.more)),
      h("div", { class: "shell" }, this.screen));

    this.push(new Launcher(this), false);
    this.push(new WeChat(this), false);
    this.update();
  }

  get user() { return this.store.user(this.userId) ?? { id: this.userId, nickname: "已删除的用户", chats: {} }; }
  get top() { return this.views.at(-1); }
  get visible() { return this.slot !== null && this.el.offsetParent !== null && !document.hidden; }

  /** place puts the phone into a slot ("left", "right") or hides it (null). */
  place(slot) {
    this.slot = slot;
    this.el.dataset.slot = slot ?? "none";
    this.el.hidden = slot === null;
    if (slot) this.el.dataset.testid = `phone-${slot}`;
    else delete this.el.dataset.testid;
    this.top?.onShow?.();
  }

  update() {
    const u = this.user;
    const others = this.store.users.reduce((n, x) => n + (x.id === this.userId ? 0 : this.store.unread(x.id)), 0);
    this.el.setAttribute("aria-label", `${u.nickname}的手机`);
    this.switcher.setAttribute("aria-label", `当前用户${u.nickname}，点按切换用户`);
    this.switcher.replaceChildren(avatar({ url: u.avatar_url, size: 28 }),
      h("span", { class: "switcher-name" }, u.nickname), h("span", { class: "switcher-phone" }, phoneNumber(u.phone)), icon("down", { size: 16 }),
      h("span", { class: "narrow-only" }, badge(others, "条其他用户的未读")));
    this.smsButton.replaceChildren(icon("sms", { size: 20 }), badge(this.store.smsUnread(u.phone), "条未读短信") ?? "");
    this.time.textContent = hhmm(this.store.now());
    for (const view of this.views) view.update?.();
  }

  tick() { this.time.textContent = hhmm(this.store.now()); for (const v of this.views) v.tick?.(); }

  // --- views

  push(view, animate = true) {
    const below = this.top;
    if (animate) this.notices.replaceChildren();
    view.device = this;
    this.views.push(view);
    view.el.classList.add("view");
    view.el.classList.toggle("enter", animate);
    this.stack.prepend(view.el); // the topmost view comes first in the document, as it does for the eye
    if (below) { below.el.hidden = true; below.onHide?.(); }
    this.shown(animate);
    return view;
  }

  pop() {
    if (this.views.length <= 1) return;
    const gone = this.views.pop();
    gone.el.remove();
    gone.destroy?.();
    this.shown(false);
  }

  /** popTo drops everything above a view. */
  popTo(view) { while (this.top !== view && this.views.length > 1) this.pop(); }

  shown(focus) {
    const top = this.top;
    top.el.hidden = false;
    this.screen.dataset.bar = top.bar ?? "dark";
    top.update?.();
    top.onShow?.();
    if (focus) (top.focusTarget?.() ?? top.el.querySelector("button"))?.focus({ preventScroll: true });
  }

  back() { if (this.top.onBack) this.top.onBack(); else if (!(this.top instanceof WeChat)) this.pop(); }

  key(e) {
    if (e.key !== "Escape" || e.defaultPrevented) return;
    e.preventDefault();
    if (this.layers.length) this.layers.at(-1).close();
    else if (this.notices.children.length) this.notices.replaceChildren();
    else this.back();
  }

  home() { this.closeLayers(); this.popTo(this.views[0]); }

  /** wechat shows WeChat's own screen, bringing it back from the launcher when needed. */
  wechat() {
    this.closeLayers();
    const main = this.views.find((v) => v instanceof WeChat);
    if (main) this.popTo(main);
    else this.push(new WeChat(this));
    return this.top;
  }

  openChat(appId) {
    if (this.top instanceof Chat && this.top.appId === appId) return this.top;
    this.wechat();
    return this.push(new Chat(this, appId));
  }

  openProfile(appId, options) {
    if (this.top instanceof Profile && this.top.appId === appId) return this.top;
    return this.push(new Profile(this, appId, options));
  }

  openScan(options) { this.closeLayers(); return this.push(new Scan(this, options)); }

  openSMS() {
    this.closeLayers();
    if (this.top instanceof Messages) return this.top;
    return this.push(new Messages(this));
  }

  /** openURL asks the simulator for the address on this user's in-app browser and shows it. */
  async openURL(url, appId) {
    try {
      const { open } = await api.open(this.userId, url, appId);
      this.openFrame(open || url, appId);
    } catch (err) { this.toast(err.message); }
  }

  openFrame(url, appId) {
    let address;
    try { address = new URL(url); } catch { return this.toast("这不是一个网页地址"); }
    if (!/^https?:$/.test(address.protocol)) return this.toast("只能打开网页地址");
    this.closeLayers();
    if (this.views.length === 1) this.push(new WeChat(this), false);
    return this.push(new Browser(this, address.href, appId));
  }

  // --- sheets, toasts, banners

  /** sheet slides a dialog up and returns {el, close, closed}; closed is settled with the value given to close. */
  sheet({ title, label, body, kind = "bottom", testid }) {
    const from = document.activeElement;
    this.notices.replaceChildren();
    const panel = h("div", { class: `sheet sheet-${kind}`, role: "dialog", "aria-modal": "true", "aria-label": label ?? title, testid, tabindex: -1 },
      title && h("header", { class: "sheet-head" }, h("h2", {}, title),
        button({ class: "icon-button", "aria-label": "关闭", onclick: () => layer.close() }, icon("close", { size: 20 }))),
      body);
    const layer = { el: panel };
    const shade = h("div", { class: `shade shade-${kind}`, onclick: (e) => { if (e.target === shade) layer.close(); } }, panel);
    layer.closed = new Promise((resolve) => {
      layer.close = (value) => {
        if (!this.layers.includes(layer)) return;
        this.layers = this.layers.filter((l) => l !== layer);
        shade.remove();
        this.stack.inert = this.layers.length > 0;
        if (from?.isConnected) from.focus({ preventScroll: true });
        resolve(value);
      };
    });
    this.layers.push(layer);
    this.overlay.append(shade);
    this.stack.inert = true;
    (panel.querySelector("[autofocus]") ?? panel.querySelector("button:not(.icon-button), input, a") ?? panel).focus({ preventScroll: true });
    return layer;
  }

  closeLayers() { for (const layer of [...this.layers].reverse()) layer.close(); }

  /** actions is WeChat's action sheet; resolves with the chosen item's value. */
  async actions(title, items) {
    let layer;
    const body = h("div", { class: "actions" },
      title && h("p", { class: "actions-title" }, title),
      items.filter(Boolean).map((it) => button({ class: `action${it.danger ? " danger" : ""}`, testid: it.testid, onclick: () => layer.close(it.value) }, it.label)),
      button({ class: "action action-cancel", onclick: () => layer.close() }, "取消"));
    layer = this.sheet({ label: title || "选择", body });
    return layer.closed;
  }

  /** confirm is the centred dialog with two answers. */
  async confirm({ title, text, ok = "确定", danger = false }) {
    let layer;
    const body = h("div", { class: "alert" }, h("h2", {}, title), text && h("p", {}, text),
      h("div", { class: "alert-buttons" },
        button({ onclick: () => layer.close(false) }, "取消"),
        button({ class: danger ? "danger" : "primary", testid: "confirm", autofocus: true, onclick: () => layer.close(true) }, ok)));
    layer = this.sheet({ label: title, body, kind: "center" });
    return (await layer.closed) === true;
  }

  /** toast shows a sentence in the middle of the screen for a moment. */
  toast(text, { mark } = {}) {
    this.toastEl?.remove();
    const el = h("div", { class: `toast${mark ? " toast-mark" : ""}`, role: "alert", testid: "toast" }, mark && icon(mark, { size: 36 }), h("span", {}, text));
    this.toastEl = el;
    this.screen.append(el);
    setTimeout(() => el.remove(), Math.max(1800, text.length * 120));
  }

  /** banner is the notification at the top of the screen. */
  banner({ picture, title, text, onopen, extra, testid = "banner" }) {
    const close = () => el.remove();
    const el = h("div", { class: "banner", testid },
      button({ class: "banner-main", onclick: () => { close(); onopen(); } }, picture,
        h("span", { class: "banner-text" }, h("b", {}, title), h("span", {}, text)), h("time", {}, "现在")),
      extra);
    while (this.notices.children.length > 1) this.notices.firstChild.remove();
    this.notices.append(el);
    let timer = setTimeout(close, BANNER_MS);
    el.addEventListener("pointerenter", () => clearTimeout(timer));
    el.addEventListener("pointerleave", () => { timer = setTimeout(close, BANNER_MS / 2); });
  }

  // --- events of the simulator

  onMessage({ appId, message }) {
    const chat = this.top instanceof Chat && this.top.appId === appId ? this.top : null;
    for (const v of this.views) if (v instanceof Chat && v.appId === appId) v.incoming(message);
    if (message.from !== "account") return;
    if (chat && this.visible) return;
    const account = this.store.account(appId);
    const text = summary(message);
    if (!text) return;
    this.banner({
      picture: avatar({ url: account?.avatar_url, kind: "account", size: 38 }),
      title: account?.name ?? "公众号", text, onopen: () => this.openChat(appId),
    });
  }

  onSMS(sms) {
    if (this.top instanceof Messages) { this.top.incoming(sms); return; }
    this.banner({
      testid: "sms-banner", picture: h("span", { class: "app-icon app-sms", "aria-hidden": "true" }, icon("sms", { size: 22 })),
      title: sms.sign ? `短信 · ${sms.sign}` : "短信", text: sms.text, onopen: () => this.openSMS(),
      extra: sms.code && this.client.codeButton(sms.code, this),
    });
  }

  /** frameMessage hands a message of an embedded page to the view that shows it. */
  frameMessage(e) {
    const view = this.views.find((v) => v instanceof Browser && v.owns(e.source));
    view?.onMessage(e);
    return !!view;
  }

  destroy() {
    for (const v of this.views) v.destroy?.();
    this.el.remove();
  }
}
