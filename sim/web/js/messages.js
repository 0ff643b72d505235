// The phone's SMS app: the messages sent to this user's number, newest first.

import { h, button, icon } from "./dom.js";
import { api } from "./api.js";
import { smsCard } from "./smscard.js";
import { phoneNumber } from "./format.js";

export class Messages {
  constructor(device) {
    this.device = device;
    this.list = [];
    this.body = h("div", { class: "page-body sms-list", "aria-live": "polite" });
    this.number = h("p", { class: "sms-number" });
    this.el = h("div", { class: "page sms", testid: "sms-app" },
      h("header", { class: "bar bar-plain" }, button({ class: "icon-button", "aria-label": "返回", testid: "back", onclick: () => device.back() }, icon("back")), h("span", {}), button({ class: "icon-button", "aria-label": "刷新短信", onclick: () => this.load() }, icon("refresh", { size: 20 }))),
      h("div", { class: "sms-title" }, h("h1", {}, "信息"), this.number), this.body);
    this.load();
  }

  async load() {
    try {
      const { messages } = await api.sms({ phone: this.device.user.phone });
      this.list = messages ?? [];
      this.draw();
    } catch (err) { this.body.replaceChildren(h("div", { class: "empty" }, h("p", {}, err.message))); }
  }

  incoming(sms) {
    if (!this.list.some((m) => m.id === sms.id)) this.list.unshift(sms);
    this.draw();
    this.onShow();
  }

  draw() {
    const now = this.device.store.now();
    this.number.textContent = `本机号码 ${phoneNumber(this.device.user.phone)}`;
    if (!this.list.length) {
      this.body.replaceChildren(h("div", { class: "empty" }, icon("sms", { size: 48 }), h("p", {}, "还没有短信"), h("p", { class: "dim" }, "应用发往这个号码的短信会出现在这里")));
      return;
    }
    this.body.replaceChildren(...this.list.map((m, i) => smsCard(m, { now, latest: i === 0, copied: () => this.device.toast("已复制验证码", { mark: "check" }) })));
  }

  onShow() {
    if (this.device.top === this && this.device.visible) this.device.store.markSMSRead(this.device.user.phone);
  }

  resync() { this.load(); }
}
