// The page with the phones: which user is seen where, and the wiring between simulator and phones.

import { h, button, icon, avatar, badge, copyText } from "./dom.js";
import { api } from "./api.js";
import { Store } from "./store.js";
import { Device } from "./device.js";
import { dateTime, phoneNumber } from "./format.js";

const KEY = "xunjia-sim.slots";
const SLOTS = ["left", "right"];
const NAMES = ["周亦航", "苏念之", "陈望舒", "林知夏", "许南风", "沈清和", "顾一鸣", "叶小满", "江晚舟", "秦牧云", "白露生", "方远山"];

class Client {
  constructor() {
    this.store = new Store();
    this.devices = new Map();
    this.slots = { left: null, right: null };
    this.stage = document.getElementById("stage");
    this.clock = document.getElementById("clock");
    this.connection = document.getElementById("connection");
    this.notice = document.getElementById("notice");
    document.getElementById("add-user").addEventListener("click", () => this.addUser(this.shownDevices()[0]));
  }

  async start() {
    const { store } = this;
    store.on("state", () => this.sync());
    store.on("message", (e) => this.devices.get(e.user)?.onMessage(e));
    store.on("sms", (sms) => { for (const d of this.shownDevices()) if (d.user.phone === sms.phone) d.onSMS(sms); this.sync(); });
    store.on("open", ({ user, url, appId }) => { if (url) this.devices.get(user)?.openFrame(url, appId); });
    store.on("resync", () => { for (const d of this.devices.values()) for (const v of d.views) v.resync?.(); });
    store.on("online", (on) => this.showConnection(on));
    addEventListener("message", (e) => { for (const d of this.devices.values()) if (d.frameMessage(e)) return; });
    document.addEventListener("visibilitychange", () => this.wake());
    addEventListener("resize", () => this.wake());
    await this.firstState();
    this.restore();
    this.tick();
    setInterval(() => this.tick(), 1000);
    store.connect();
  }

  // firstState waits for the simulator instead of leaving an empty page.
  async firstState() {
    for (let wait = 300; ; wait = Math.min(4000, wait * 2)) {
      try {
        await this.store.refresh();
        this.stage.classList.remove("loading");
        this.notice.hidden = true;
        return;
      } catch (err) {
        this.say(err.message);
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  say(text) { this.notice.textContent = text; this.notice.hidden = !text; }

  showConnection(on) {
    this.connection.dataset.on = on;
    this.connection.querySelector("span").textContent = on ? "已连接" : "正在重连…";
    this.say(on ? "" : "与模拟器的连接断开了，正在重新连接…");
  }

  wake() { for (const d of this.shownDevices()) d.top?.onShow?.(); }

  tick() {
    this.clock.textContent = dateTime(this.store.now());
    for (const d of this.shownDevices()) d.tick();
  }

  // --- slots

  restore() {
    const q = new URLSearchParams(location.search);
    let saved = {};
    try { saved = JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { /* first visit */ }
    const free = this.store.users.map((u) => u.id);
    for (const slot of SLOTS) {
      const wish = [q.get(slot), saved[slot], free[0]].find((id) => id && free.includes(String(id)));
      if (!wish) continue;
      free.splice(free.indexOf(String(wish)), 1);
      this.slots[slot] = String(wish);
    }
    this.arrange();
  }

  /** show puts a user's phone into a slot; the two slots swap when he is in the other one. */
  show(slot, userId) {
    const other = slot === "left" ? "right" : "left";
    if (this.slots[other] === userId) this.slots[other] = this.slots[slot];
    this.slots[slot] = userId;
    this.arrange();
    this.devices.get(userId)?.switcher.focus({ preventScroll: true });
  }

  arrange() {
    for (const slot of SLOTS) {
      const id = this.slots[slot];
      if (id && !this.devices.has(id)) {
        const device = new Device(this, id);
        this.devices.set(id, device);
        this.stage.append(device.el);
      }
    }
    for (const [id, device] of this.devices) {
      const slot = SLOTS.find((s) => this.slots[s] === id) ?? null;
      if (device.slot !== slot || device.el.dataset.slot === undefined) device.place(slot);
    }
    this.stage.classList.toggle("single", !this.slots.right);
    document.getElementById("nobody").hidden = !!this.slots.left;
    try { localStorage.setItem(KEY, JSON.stringify(this.slots)); } catch { /* private mode */ }
    const q = new URLSearchParams(location.search);
    if (SLOTS.some((s) => q.has(s))) {
      for (const s of SLOTS) if (this.slots[s]) q.set(s, this.slots[s]); else q.delete(s);
      history.replaceState(null, "", `?${q}`);
    }
  }

  shownDevices() { return SLOTS.map((s) => this.devices.get(this.slots[s])).filter(Boolean); }

  // sync follows the state: users that are gone lose their phone, free slots are filled.
  sync() {
    for (const [id, device] of this.devices) {
      if (this.store.user(id)) { device.update(); continue; }
      device.destroy();
      this.devices.delete(id);
      for (const s of SLOTS) if (this.slots[s] === id) this.slots[s] = null;
    }
    const taken = Object.values(this.slots);
    const free = this.store.users.filter((u) => !taken.includes(u.id));
    if (this.devices.size || this.ready) for (const s of SLOTS) if (!this.slots[s] && free.length) { this.slots[s] = free.shift().id; this.ready = true; this.arrange(); }
    if (this.devices.size) { this.ready = true; this.arrange(); }
  }

  // --- users

  chooseUser(device) {
    const { store } = this;
    let layer;
    layer = device.sheet({ title: "切换用户", testid: "user-sheet", body: h("div", { class: "form" }, h("div", { class: "people" }, store.users.map((u) => {
      const where = SLOTS.find((s) => this.slots[s] === u.id);
      const here = u.id === device.userId;
      return button({ class: "person", testid: `user-${u.id}`, "aria-current": here ? "true" : null, onclick: () => { layer.close(); if (!here) this.show(device.slot, u.id); } },
        avatar({ url: u.avatar_url, size: 44 }), h("span", { class: "person-text" }, h("b", {}, u.nickname), h("span", {}, phoneNumber(u.phone) || "没有手机号")),
        badge(store.unread(u.id)), here ? h("span", { class: "person-mark" }, icon("check", { size: 20 })) : where && h("span", { class: "person-where wide-only" }, where === "left" ? "左侧手机" : "右侧手机"));
    })), button({ class: "plain wide", testid: "add-user-open", onclick: () => { layer.close(); this.addUser(device); } }, icon("add", { size: 20 }), "添加模拟用户")) });
  }

  addUser(device) {
    const used = new Set(this.store.users.map((u) => u.nickname));
    const name = NAMES.find((n) => !used.has(n)) ?? `用户${this.store.users.length + 1}`;
    const nickname = h("input", { class: "field", testid: "new-nickname", required: true, maxlength: 20, value: name, autofocus: true });
    const phone = h("input", { class: "field", testid: "new-phone", type: "tel", inputmode: "numeric", pattern: "1[3-9][0-9]{9}", title: "11 位手机号", maxlength: 11, value: this.freePhone() });
    const error = h("p", { class: "form-error", role: "alert" });
    const submit = h("button", { class: "primary wide", type: "submit", testid: "new-user-save" }, "添加");
    const form = h("form", { class: "form", onsubmit: async (e) => {
      e.preventDefault();
      submit.disabled = true;
      try {
        const user = await api.addUser(nickname.value.trim(), phone.value.trim());
        await this.store.refresh();
        close();
        if (user.id != null) this.show(device?.slot ?? "left", String(user.id));
      } catch (err) { error.textContent = err.message; submit.disabled = false; }
    } }, h("label", {}, h("span", {}, "昵称"), nickname), h("label", {}, h("span", {}, "手机号（接收短信）"), phone), error, submit);
    let close;
    if (device) { const layer = device.sheet({ title: "添加模拟用户", testid: "add-user-sheet", body: form }); close = layer.close; return; }
    const box = document.getElementById("nobody-form");
    box.replaceChildren(form);
    close = () => box.replaceChildren();
  }

  // freePhone suggests a number nobody has, in a row that reads as an example.
  freePhone() {
    const used = new Set(this.store.users.map((u) => u.phone));
    for (let n = 1; ; n++) { const p = `1380013${String(8000 + n).padStart(4, "0")}`; if (!used.has(p)) return p; }
  }

  async removeUser(device) {
    const sure = await device.confirm({ title: `删除用户“${device.user.nickname}”？`, text: "他的关注、聊天记录和登录状态会一起删除。", ok: "删除", danger: true });
    if (!sure) return;
    try { await api.removeUser(device.userId); await this.store.refresh(); } catch (err) { device.toast(err.message); }
  }

  async narrowMenu(device) {
    const choice = await device.actions("微信模拟器", [{ label: "切换用户", value: "switch" }, { label: "添加模拟用户", value: "add" }, { label: "短信收件箱", value: "sms.html" }, { label: "控制台", value: "control.html" }]);
    if (choice === "switch") this.chooseUser(device);
    else if (choice === "add") this.addUser(device);
    else if (choice) location.href = choice;
  }

  /** share carries a link from one user to another, as a message between friends would. */
  async share(from, userId, { title, url }) {
    const target = this.devices.get(userId);
    const shown = target?.visible;
    if (!shown) {
      const wide = this.devices.get(this.slots.right)?.visible;
      this.show(wide && from.slot === "left" ? "right" : "left", userId);
      return this.devices.get(userId).openURL(url);
    }
    from.toast("已分享", { mark: "check" });
    const u = from.user;
    target.banner({ testid: "share-banner", picture: avatar({ url: u.avatar_url, size: 38 }), title: `${u.nickname} 分享了链接`, text: title, onopen: () => target.openURL(url) });
  }

  /** codeButton is the copy button of a code in a banner. */
  codeButton(code, device) {
    return button({ class: "banner-code", testid: "banner-code", "aria-label": `复制验证码 ${code}`, onclick: async () => { if (await copyText(code)) device.toast("已复制验证码", { mark: "check" }); } }, h("b", {}, code), icon("copy", { size: 16 }), "复制");
  }
}

const client = new Client();
client.start();
