// The bottom of a chat: the account's menu, the keyboard, the "+" panel.

import { h, button, icon } from "./dom.js";
import { api } from "./api.js";
import { pickImages, pickFile } from "./media.js";
import { choosePlace } from "./place.js";

export class Composer {
  constructor(chat) {
    this.chat = chat;
    this.mode = "menu";
    this.el = h("footer", { class: "composer" });
    this.input = h("textarea", { class: "composer-input", rows: 1, testid: "input", "aria-label": "输入消息", enterkeyhint: "send", autocomplete: "off",
      oninput: () => this.typed(), onkeydown: (e) => this.key(e), onpaste: (e) => this.paste(e) });
    this.sendButton = button({ class: "send", testid: "send", hidden: true, onclick: () => this.submit() }, "发送");
    this.plusButton = button({ class: "icon-button", testid: "plus", "aria-label": "更多：图片、位置、扫一扫", "aria-expanded": "false", onclick: () => this.togglePanel() }, icon("plus", { size: 28 }));
    this.outside = (e) => { if (this.popup && !this.el.contains(e.target)) this.closePopup(); };
    document.addEventListener("pointerdown", this.outside);
  }

  destroy() { document.removeEventListener("pointerdown", this.outside); }

  get device() { return this.chat.device; }

  update() {
    const state = this.device.store.chatOf(this.device.userId, this.chat.appId);
    const followed = !!state.followed;
    const buttons = (state.menu ?? this.chat.account.menu)?.button ?? []; // conditional menus differ by user
    const key = JSON.stringify([followed, buttons, this.mode]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.closePopup();
    if (!followed) {
      this.el.replaceChildren(h("div", { class: "composer-bar composer-off" }, h("span", {}, "还没有关注这个公众号"),
        button({ class: "primary", testid: "follow", onclick: () => this.follow() }, "关注")));
      return;
    }
    const withMenu = buttons.length > 0;
    this.el.replaceChildren(withMenu && this.mode === "menu" ? this.menuBar(buttons) : this.keyboardBar(withMenu));
  }

  async follow() {
    try {
      await api.follow(this.device.userId, this.chat.appId);
      await this.device.store.refresh();
    } catch (err) { this.device.toast(err.message); }
  }

  setMode(mode) {
    this.mode = mode;
    this.closePanel();
    this.update();
    if (mode === "keys") this.input.focus(); else this.el.querySelector("button")?.focus();
  }

  // --- menu

  menuBar(buttons) {
    return h("div", { class: "composer-bar menu-bar", role: "group", "aria-label": "公众号菜单" },
      button({ class: "icon-button mode", testid: "to-keyboard", "aria-label": "切换到键盘", onclick: () => this.setMode("keys") }, icon("keyboard", { size: 28 })),
      buttons.map((b, i) => {
        const subs = b.sub_button?.list ?? b.sub_button ?? [];
        return h("div", { class: "menu-slot" }, button({ class: "menu-button", testid: `menu-${i}`, "aria-haspopup": subs.length ? "menu" : null, "aria-expanded": subs.length ? "false" : null,
          onclick: (e) => (subs.length ? this.openMenu(e.currentTarget, i, subs) : this.choose([i], b)) }, subs.length > 0 && h("i", { class: "menu-lines", "aria-hidden": "true" }), h("span", {}, b.name)));
      }));
  }

  openMenu(opener, i, subs) {
    const same = this.popup?.opener === opener;
    this.closePopup();
    if (same) return;
    const el = h("div", { class: "menu-popup", role: "menu", onkeydown: (e) => this.menuKey(e) },
      subs.map((s, j) => button({ role: "menuitem", testid: `menu-${i}-${j}`, onclick: () => { this.closePopup(); this.choose([i, j], s); } }, s.name)));
    opener.setAttribute("aria-expanded", "true");
    opener.parentNode.append(el);
    this.popup = { el, opener };
    el.firstChild.focus({ preventScroll: true });
  }

  closePopup() {
    this.popup?.el.remove();
    this.popup?.opener.setAttribute("aria-expanded", "false");
    this.popup = null;
  }

  menuKey(e) {
    const items = [...this.popup.el.children];
    const at = items.indexOf(document.activeElement);
    const go = (n) => { e.preventDefault(); items[(n + items.length) % items.length].focus(); };
    if (e.key === "ArrowDown") go(at + 1);
    else if (e.key === "ArrowUp") go(at - 1);
    else if (e.key === "Escape") { e.preventDefault(); const { opener } = this.popup; this.closePopup(); opener.focus(); }
  }

  // The phone's part of a menu button; the simulator pushes the event and says which page to open.
  async choose(path, item) {
    const { device, chat } = this;
    const push = async (extra) => {
      try {
        const { open } = await api.menu(device.userId, chat.appId, path, extra);
        if (open) device.openFrame(open, chat.appId);
        return true;
      } catch (err) { device.toast(err.message); return false; }
    };
    switch (item.type) {
      case "scancode_push": case "scancode_waitmsg":
        return device.openScan({ onresult: (text) => { push({ text }); return "done"; } });
      case "pic_sysphoto": case "pic_photo_or_album": case "pic_weixin": {
        const files = await pickImages(device, { count: 9 });
        if (files.length && await push({ images: await Promise.all(files.map(fingerprint)) })) for (const f of files) await chat.sendFile("image", f);
        return;
      }
      case "location_select": {
        const place = await choosePlace(device);
        if (place && await push(place)) await chat.sendObject({ type: "location", ...place });
        return;
      }
      default: return push();
    }
  }

  // --- keyboard

  keyboardBar(withMenu) {
    this.panel = h("div", { class: "panel", hidden: true, testid: "plus-panel" }, this.panelItems());
    return h("div", {}, h("div", { class: "composer-bar" },
      withMenu && button({ class: "icon-button mode", testid: "to-menu", "aria-label": "切换到菜单", onclick: () => this.setMode("menu") }, icon("menu", { size: 26 })),
      this.input, this.sendButton, this.plusButton), this.panel);
  }

  typed() {
    const any = this.input.value.trim() !== "";
    this.sendButton.hidden = !any;
    this.plusButton.hidden = any;
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(112, this.input.scrollHeight)}px`;
  }

  key(e) {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); this.submit(); }
  }

  // A pasted picture is sent as one.
  async paste(e) {
    const file = [...(e.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
    if (!file) return;
    e.preventDefault();
    if (await this.device.confirm({ title: "发送剪贴板里的图片？", ok: "发送" })) this.chat.sendFile("image", file);
  }

  submit() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.typed();
    this.input.focus();
    this.chat.sendText(text);
  }

  togglePanel() {
    const open = this.panel.hidden;
    this.panel.hidden = !open;
    this.plusButton.setAttribute("aria-expanded", String(open));
    if (open) { this.chat.toEnd(); this.panel.querySelector("button").focus({ preventScroll: true }); }
  }

  closePanel() {
    if (!this.panel) return;
    this.panel.hidden = true;
    this.plusButton.setAttribute("aria-expanded", "false");
  }

  panelItems() {
    const { chat, device } = this;
    const item = (id, name, label, act) => button({ class: "panel-item", testid: `panel-${id}`, onclick: async () => { this.closePanel(); await act(); } }, h("span", {}, icon(name, { size: 28 })), label);
    return [
      item("image", "image", "图片", async () => { for (const f of await pickImages(device, { count: 9 })) await chat.sendFile("image", f); }),
      item("video", "video", "视频", async () => { const f = await pickFile("video/*"); if (f) await chat.sendFile("video", f); }),
      item("voice", "mic", "语音", async () => { const f = await pickFile("audio/*,.amr"); if (f) await chat.sendFile("voice", f); }),
      item("location", "pin", "位置", async () => { const p = await choosePlace(device); if (p) await chat.sendObject({ type: "location", ...p }); }),
      item("scan", "scan", "扫一扫", () => device.openScan()),
      item("link", "link", "链接", () => this.sendLink()),
    ];
  }

  sendLink() {
    const field = (label, attrs) => { const input = h("input", { class: "field", ...attrs }); return { input, el: h("label", {}, h("span", {}, label), input) }; };
    const url = field("网址", { type: "url", required: true, autofocus: true, placeholder: "https://…" });
    const title = field("标题", { required: true, maxlength: 100 });
    const description = field("说明", { maxlength: 200 });
    const layer = this.device.sheet({ title: "发送链接", body: h("form", { class: "form", onsubmit: (e) => {
      e.preventDefault();
      layer.close();
      this.chat.sendObject({ type: "link", title: title.input.value.trim(), description: description.input.value.trim(), url: url.input.value.trim() });
    } }, url.el, title.el, description.el, h("button", { class: "primary wide", type: "submit" }, "发送")) });
  }
}

// fingerprint names a picture in SendPicsInfo. The platform sends an MD5 there; browsers have none, so it is
// the first half of the SHA-256: the same for the same picture, and of the same shape.
async function fingerprint(file) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...sum.slice(0, 16)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
