// An account's profile: follow, unfollow, go to the chat.

import { h, button, icon, avatar } from "./dom.js";
import { api } from "./api.js";
import { choosePlace } from "./place.js";

export class Profile {
  constructor(device, appId, { scene } = {}) {
    this.device = device;
    this.appId = appId;
    this.scene = scene;
    this.body = h("div", { class: "page-body" });
    this.el = h("div", { class: "page profile", testid: "profile" },
      h("header", { class: "bar bar-white" }, button({ class: "icon-button", "aria-label": "返回", testid: "back", onclick: () => device.back() }, icon("back")), h("h1", { class: "sr" }, "公众号资料"), h("span", { class: "bar-side" })),
      this.body);
    this.busy = false;
  }

  get account() { return this.device.store.account(this.appId) ?? { app_id: this.appId, name: "公众号" }; }
  get chat() { return this.device.store.chatOf(this.device.userId, this.appId); }

  focusTarget() { return this.body.querySelector(".primary"); }

  update() {
    const a = this.account, followed = !!this.chat.followed;
    const key = JSON.stringify([a, followed, this.chat.openid, this.chat.muted, !!this.chat.last_at, this.busy]);
    if (key === this.drawn) return;
    this.drawn = key;
    const act = followed
      ? button({ class: "primary wide", testid: "enter-chat", disabled: this.busy, onclick: () => this.device.openChat(this.appId) }, "发消息")
      : button({ class: "primary wide", testid: "follow", disabled: this.busy, onclick: () => this.follow() }, this.busy ? "正在关注…" : "关注公众号");
    const fact = (label, value, copy) => value && h("div", { class: "fact" }, h("span", {}, label), h("span", { class: copy ? "mono" : "" }, value));
    this.body.replaceChildren(
      h("div", { class: "profile-head" }, avatar({ url: a.avatar_url, kind: "account", size: 68 }),
        h("div", {}, h("h2", {}, a.name), h("p", {}, a.original_id ? `微信号：${a.original_id}` : "服务号"))),
      h("div", { class: "profile-facts" }, fact("简介", a.description ?? "模拟器里的服务号，与真实平台一样收发消息"), fact("AppID", a.app_id, true), fact("网站", a.web_url, true), followed && fact("OpenID", this.chat.openid, true),
        followed && button({ class: "switch-row", role: "switch", testid: "receive", "aria-checked": String(!this.chat.muted), onclick: () => this.mute(!this.chat.muted) }, "接收服务通知", h("i")),
        followed && button({ class: "switch-row", testid: "report-location", onclick: () => this.reportLocation() }, "上报地理位置", icon("chevron", { size: 16 }))),
      h("div", { class: "profile-actions" }, act, !followed && this.chat.last_at && button({ class: "plain wide", testid: "history", onclick: () => this.device.openChat(this.appId) }, "查看历史消息"),
        followed && button({ class: "plain wide danger", testid: "unfollow", disabled: this.busy, onclick: () => this.unfollow() }, "不再关注")));
  }

  async follow() {
    this.busy = true;
    this.update();
    try {
      await api.follow(this.device.userId, this.appId, this.scene);
      await this.device.store.refresh();
      this.device.openChat(this.appId);
    } catch (err) { this.device.toast(err.message); }
    this.busy = false;
    this.update();
  }

  async mute(muted) {
    try {
      await api.mute(this.device.userId, this.appId, muted);
      this.chat.muted = muted;
    } catch (err) { this.device.toast(err.message); }
    this.update();
  }

  // The account hears where the user is, as when he opens the chat with location reports allowed.
  async reportLocation() {
    const place = await choosePlace(this.device);
    if (!place) return;
    try {
      await api.location(this.device.userId, this.appId, place);
      this.device.toast("已上报位置", { mark: "check" });
    } catch (err) { this.device.toast(err.message); }
  }

  async unfollow() {
    const sure = await this.device.confirm({ title: `不再关注“${this.account.name}”？`, text: "取消关注后将不再收到它的消息。", ok: "不再关注", danger: true });
    if (!sure) return;
    try {
      await api.unfollow(this.device.userId, this.appId);
      await this.device.store.refresh();
      this.device.store.markRead(this.device.userId, this.appId);
      this.device.toast("已取消关注", { mark: "check" });
    } catch (err) { this.device.toast(err.message); }
  }
}
