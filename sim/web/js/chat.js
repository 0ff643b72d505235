// The chat with one account: history, bubbles, composer.

import { h, button, icon } from "./dom.js";
import { api } from "./api.js";
import { chatTime } from "./format.js";
import { renderMessage } from "./bubble.js";
import { Composer } from "./composer.js";
import { viewMedia } from "./media.js";
import { showPlace } from "./place.js";

const GAP_MS = 5 * 60 * 1000; // a pause that gets a time line
const NEAR = 90; // pixels from the end that still count as "at the end"

export class Chat {
  constructor(device, appId) {
    this.device = device;
    this.appId = appId;
    this.pending = []; // own messages that the simulator has not confirmed
    this.rows = new Map();
    this.stick = true;
    this.lastTop = 0;
    this.title = h("h1", { testid: "chat-title" });
    this.list = h("div", { class: "log-list" });
    this.log = h("div", { class: "log", role: "log", "aria-label": "聊天记录", "aria-live": "polite", tabindex: 0 }, this.list);
    this.down = button({ class: "log-down", hidden: true, onclick: () => this.toEnd() });
    this.composer = new Composer(this);
    this.back = button({ class: "bar-back", "aria-label": "返回", testid: "back", onclick: () => device.back() });
    this.el = h("div", { class: "page chat", testid: "chat" },
      h("header", { class: "bar" }, this.back, this.title,
        button({ class: "icon-button", "aria-label": "公众号资料", testid: "profile-open", onclick: () => device.openProfile(appId) }, icon("person"))),
      h("div", { class: "log-box" }, this.log, this.down), this.composer.el);
    this.log.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.sizes = new ResizeObserver(() => { if (this.stick) this.log.scrollTop = this.log.scrollHeight; });
    this.sizes.observe(this.list);
    this.sizes.observe(this.log);
    this.start();
  }

  get account() { return this.device.store.account(this.appId) ?? { app_id: this.appId, name: "公众号" }; }
  get context() {
    return {
      user: this.device.user, account: this.account,
      open: (url) => this.device.openURL(url, this.appId),
      say: (text, menuId) => this.sendText(text, menuId ? { bizmsgmenuid: menuId } : {}),
      view: (kind, src, m) => viewMedia(this.device, kind, src, m.title),
      place: (m) => showPlace(this.device, m),
      retry: (m) => { this.pending = this.pending.filter((p) => p !== m); m.retry(); },
    };
  }

  focusTarget() { return this.log; }

  async start() {
    this.list.replaceChildren(h("p", { class: "log-wait" }, h("i", { class: "spinner" })));
    try {
      await this.device.store.load(this.device.userId, this.appId);
      this.draw();
      this.toEnd();
      this.seen();
    } catch (err) {
      this.list.replaceChildren(h("p", { class: "log-wait" }, err.message, button({ class: "plain", onclick: () => this.start() }, "重试")));
    }
  }

  update() {
    const chat = this.device.store.chatOf(this.device.userId, this.appId);
    const others = this.device.store.unread(this.device.userId) - (chat.unread || 0);
    this.title.textContent = chat.typing ? "对方正在输入…" : this.account.name;
    this.back.replaceChildren(icon("back"), others > 0 ? h("span", { class: "back-count" }, others > 99 ? "99+" : String(others)) : "");
    this.composer.update();
  }

  onShow() {
    this.log.scrollTop = this.stick ? this.log.scrollHeight : this.lastTop; // being hidden lost the position
    this.seen();
  }

  /** seen clears the badge while the chat is really on screen. */
  seen() {
    if (this.device.top === this && this.device.visible) this.device.store.markRead(this.device.userId, this.appId);
  }

  incoming(message) {
    if (message.from === "user") {
      const i = this.pending.findIndex((p) => p.status === "sending" && p.type === message.type && (p.type !== "text" || p.text === message.text));
      if (i >= 0) this.pending.splice(i, 1);
    }
    this.draw();
    if (this.stick || message.from === "user") this.toEnd();
    else {
      this.missed = (this.missed ?? 0) + 1;
      this.down.hidden = false;
      this.down.replaceChildren(icon("down", { size: 16 }), `${this.missed} 条新消息`);
    }
    this.seen();
  }

  resync() { this.draw(); this.seen(); }

  // draw brings the list in line with the messages; rows that did not change stay in place.
  draw() {
    const log = this.device.store.log(this.device.userId, this.appId);
    const ctx = this.context, now = this.device.store.now();
    const rows = [], keep = new Map();
    if (log.more) rows.push(this.moreRow ??= h("p", { class: "log-wait" }, h("i", { class: "spinner" })));
    else if (log.messages.length + this.pending.length === 0) rows.push(h("p", { class: "msg-line log-empty" }, h("span", {}, "还没有消息，打个招呼吧")));
    let last = 0;
    for (const m of [...log.messages, ...this.pending]) {
      if (m.at - last > GAP_MS) rows.push(h("p", { class: "msg-time" }, h("time", {}, chatTime(m.at, now))));
      last = m.at;
      const key = String(m.id), version = JSON.stringify(m);
      let row = this.rows.get(key);
      if (!row || row.version !== version) row = { version, el: renderMessage(m, ctx) };
      keep.set(key, row);
      rows.push(row.el);
    }
    this.rows = keep;
    this.list.replaceChildren(...rows);
  }

  toEnd() {
    this.stick = true;
    this.missed = 0;
    this.down.hidden = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  scrolled() {
    if (this.el.hidden || !this.log.clientHeight) return;
    // Only a movement upwards ends sticking to the end: pictures that load make the list grow as well.
    const top = this.log.scrollTop;
    if (this.log.scrollHeight - top - this.log.clientHeight < NEAR) this.stick = true;
    else if (top < this.lastTop - 1) this.stick = false;
    this.lastTop = top;
    if (this.stick && this.missed) this.toEnd();
    if (this.log.scrollTop < 120) this.older();
  }

  async older() {
    const log = this.device.store.log(this.device.userId, this.appId);
    if (this.loading || !log.loaded || !log.more) return;
    this.loading = true;
    try {
      await this.device.store.older(this.device.userId, this.appId);
      const fromEnd = this.log.scrollHeight - this.log.scrollTop;
      this.draw();
      if (this.stick) this.toEnd();
      else this.log.scrollTop = this.log.scrollHeight - fromEnd; // the bubble under the finger stays there
    } catch (err) { this.device.toast(err.message); }
    this.loading = false;
  }

  // --- sending

  sendText(text, extra = {}) { return this.send({ type: "text", text, ...extra }, () => api.send(this.device.userId, this.appId, { type: "text", text, ...extra })); }
  sendObject(message) { return this.send(message, () => api.send(this.device.userId, this.appId, message)); }
  sendFile(type, file) { return this.send({ type, media_url: URL.createObjectURL(file) }, () => api.sendFile(this.device.userId, this.appId, type, file)); }

  async send(content, request) {
    const local = { ...content, id: `local-${Math.random().toString(36).slice(2)}`, from: "user", at: this.device.store.now(), status: "sending" };
    this.pending.push(local);
    this.draw();
    this.toEnd();
    try {
      const answer = await request();
      const message = answer.message ?? (answer.id != null ? answer : null);
      this.pending = this.pending.filter((p) => p !== local);
      if (message?.id != null) this.device.store.merge(this.device.store.log(this.device.userId, this.appId), [message]);
    } catch (err) {
      local.status = "failed";
      local.note = err.message;
      local.retry = () => this.send(content, request);
    }
    this.draw();
    this.toEnd();
  }

  destroy() { this.sizes.disconnect(); this.composer.destroy?.(); }
}
