// The phone's desktop: WeChat, SMS and the scanner.

import { h, button, icon, badge } from "./dom.js";
import { dayLine, hhmm } from "./format.js";

export class Launcher {
  constructor(device) {
    this.device = device;
    this.bar = "light";
    this.clock = h("p", { class: "launcher-clock" });
    this.date = h("p", { class: "launcher-date" });
    this.wechatBadge = h("span", { class: "app-badge" });
    this.smsBadge = h("span", { class: "app-badge" });
    const app = (id, label, name, mark, onclick) =>
      button({ class: "app", testid: `app-${id}`, "aria-label": label, onclick }, h("span", { class: `app-icon app-${id}` }, icon(name, { size: 32 }), mark), h("span", {}, label));
    this.el = h("div", { class: "launcher" },
      h("div", {}, this.clock, this.date),
      h("nav", { class: "dock", "aria-label": `应用（${device.user.nickname}）` },
        app("wechat", "微信", "chat", this.wechatBadge, () => device.wechat()),
        app("sms", "短信", "sms", this.smsBadge, () => device.openSMS()),
        app("scan", "扫一扫", "scan", null, () => { device.wechat(); device.openScan(); })));
  }

  tick() {
    const now = this.device.store.now();
    this.clock.textContent = hhmm(now);
    this.date.textContent = dayLine(now);
  }

  update() {
    const { store, user, userId } = this.device;
    this.wechatBadge.replaceChildren(badge(store.unread(userId)) ?? "");
    this.smsBadge.replaceChildren(badge(store.smsUnread(user.phone)) ?? "");
    this.tick();
  }
}
