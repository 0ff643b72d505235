// WeChat's main screen with its four tabs: chats, contacts, discover, me.

import { h, button, icon, avatar, badge } from "./dom.js";
import { listTime, phoneNumber, plainText } from "./format.js";

const TABS = [["chats", "微信", "chat"], ["contacts", "通讯录", "people"], ["discover", "发现", "compass"], ["me", "我", "person"]];

export class WeChat {
  constructor(device) {
    this.device = device;
    this.tab = "chats";
    this.title = h("h1", {});
    this.body = h("div", { class: "page-body" });
    this.plus = button({ class: "icon-button", "aria-label": "更多功能", testid: "plus-menu", onclick: () => this.plusMenu() }, icon("plus"));
    this.tabButtons = TABS.map(([id, label, name]) => button({ class: "tab", testid: `tab-${id}`, onclick: () => this.select(id) },
      h("span", { class: "tab-icon" }, icon(name, { size: 26 })), h("span", {}, label)));
    this.el = h("div", { class: "page wechat" },
      h("header", { class: "bar" }, h("span", { class: "bar-side" }), this.title, h("span", { class: "bar-side bar-right" }, this.plus)),
      this.body, h("nav", { class: "tabs", "aria-label": `微信（${device.user.nickname}）` }, this.tabButtons));
    this.rows = new Map();
  }

  select(tab) {
    this.tab = tab;
    this.body.scrollTop = 0;
    this.update();
  }

  async plusMenu() {
    const choice = await this.device.actions("", [
      { label: "扫一扫", value: "scan", testid: "action-scan" }, { label: "添加模拟用户", value: "user" }, { label: "查看短信", value: "sms" },
    ]);
    if (choice === "scan") this.device.openScan();
    if (choice === "user") this.device.client.addUser(this.device);
    if (choice === "sms") this.device.openSMS();
  }

  update() {
    const unread = this.device.store.unread(this.device.userId);
    this.title.textContent = this.tab === "chats" && unread ? `微信(${unread})` : TABS.find((t) => t[0] === this.tab)[1];
    TABS.forEach(([id], i) => {
      const b = this.tabButtons[i];
      if (id === this.tab) b.setAttribute("aria-current", "page"); else b.removeAttribute("aria-current");
      const mark = b.querySelector(".badge");
      mark?.remove();
      if (id === "chats") { const el = badge(unread); if (el) b.firstChild.append(el); }
    });
    const draw = { chats: () => this.chats(), contacts: () => this.contacts(), discover: () => this.discover(), me: () => this.me() }[this.tab];
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
    this.body.replaceChildren(...draw());
    if (focused) this.body.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  row(a, { chat, sub, time, open, testid }) {
    return button({ class: "row", testid, onclick: open },
      h("span", { class: "row-avatar" }, avatar({ url: a.avatar_url, kind: "account", size: 48 }), badge(chat?.unread)),
      h("span", { class: "row-main" }, h("span", { class: "row-top" }, h("b", {}, a.name), time && h("time", {}, time)), h("span", { class: "row-sub" }, plainText(sub))));
  }

  chats() {
    const { store, user, device } = { store: this.device.store, user: this.device.user, device: this.device };
    const now = store.now();
    const all = store.accounts.map((a) => ({ a, chat: user.chats[a.app_id] ?? {} }));
    const followed = all.filter((x) => x.chat.followed).sort((x, y) => (y.chat.last_at || 0) - (x.chat.last_at || 0));
    const rest = all.filter((x) => !x.chat.followed);
    const out = [];
    if (followed.length) out.push(h("div", { class: "rows" }, followed.map(({ a, chat }) => this.row(a, {
      chat, testid: `contact-${a.app_id}`, sub: chat.last_text || "点按开始聊天", time: listTime(chat.last_at, now), open: () => device.openChat(a.app_id) }))));
    if (rest.length) out.push(h("h2", { class: "rows-head" }, followed.length ? "还没有关注的公众号" : "从关注一个公众号开始"),
      h("div", { class: "rows" }, rest.map(({ a, chat }) => this.row(a, {
        chat, testid: `contact-${a.app_id}`, sub: chat.last_text || "点按查看资料，关注后即可收到消息", open: () => device.openProfile(a.app_id) }))));
    if (!all.length) out.push(h("div", { class: "empty" }, icon("chat", { size: 48 }), h("p", {}, "模拟器里还没有公众号"), h("p", { class: "dim" }, "在控制台添加一个，或等应用启动后自动登记")));
    return out;
  }

  contacts() {
    const { store, user, device } = { store: this.device.store, user: this.device.user, device: this.device };
    return [h("h2", { class: "rows-head" }, "公众号"), h("div", { class: "rows" }, store.accounts.map((a) => this.row(a, {
      testid: `profile-${a.app_id}`, sub: user.chats[a.app_id]?.followed ? "已关注" : "未关注", open: () => device.openProfile(a.app_id) })))];
  }

  cell(name, color, label, note, onclick, testid) {
    return button({ class: "cell", onclick, testid }, h("span", { class: "cell-icon", style: { color } }, icon(name)), h("span", { class: "cell-label" }, label), note && h("span", { class: "cell-note" }, note), icon("chevron", { size: 16 }));
  }

  discover() {
    const d = this.device;
    return [
      h("div", { class: "cells" }, this.cell("scan", "#3d83e6", "扫一扫", "", () => d.openScan(), "discover-scan")),
      h("div", { class: "cells" }, this.cell("globe", "#10aeff", "打开网页", "用内置浏览器", () => this.openAddress(), "discover-open"),
        this.cell("sms", "#07c160", "短信", phoneNumber(d.user.phone), () => d.openSMS())),
    ];
  }

  openAddress() {
    const input = h("input", { class: "field", type: "url", inputmode: "url", placeholder: "http://…", "aria-label": "网页地址", autofocus: true, required: true });
    const layer = this.device.sheet({ title: "打开网页", body: h("form", { class: "form", onsubmit: (e) => { e.preventDefault(); layer.close(); this.device.openURL(input.value.trim()); } },
      input, h("button", { class: "primary wide", type: "submit" }, "打开")) });
  }

  me() {
    const u = this.device.user, client = this.device.client;
    return [
      h("div", { class: "me" }, avatar({ url: u.avatar_url, size: 64 }),
        h("div", {}, h("b", {}, u.nickname), h("span", {}, `手机号：${phoneNumber(u.phone) || "无"}`), h("span", {}, `模拟用户 ${u.id}`))),
      h("div", { class: "cells" }, this.cell("swap", "#576b95", "切换用户", "", () => client.chooseUser(this.device)), this.cell("people", "#07c160", "添加模拟用户", "", () => client.addUser(this.device))),
      h("div", { class: "cells" }, this.cell("trash", "#fa5151", "删除这个用户", "", () => client.removeUser(this.device))),
    ];
  }
}
