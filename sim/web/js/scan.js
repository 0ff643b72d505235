// 扫一扫: a pasted link, a picture of a code, or an account's own code.

import { h, button, icon, avatar } from "./dom.js";
import { api } from "./api.js";
import { scanned } from "./media.js";

export class Scan {
  /**
   * onresult(text) lets a page or a menu button take the text; it answers "act" when the phone shall follow the
   * code as usual and "done" when not. oncancel is called when the scanner is left without a result.
   */
  constructor(device, { onresult, oncancel } = {}) {
    this.device = device;
    this.onresult = onresult;
    this.oncancel = oncancel;
    this.bar = "light";
    this.input = h("input", { class: "scan-input", testid: "scan-input", type: "text", inputmode: "url", placeholder: "粘贴二维码里的链接", "aria-label": "二维码里的链接", autocomplete: "off" });
    this.file = h("input", { type: "file", accept: "image/*", class: "sr", testid: "scan-file", "aria-label": "上传二维码图片", onchange: () => { if (this.file.files[0]) this.picture(this.file.files[0]); this.file.value = ""; } });
    this.codes = h("div", { class: "scan-codes" });
    this.el = h("div", { class: "page scan", testid: "scan", onpaste: (e) => this.paste(e), ondragover: (e) => e.preventDefault(), ondrop: (e) => this.drop(e) },
      h("header", { class: "bar bar-dark" }, button({ class: "icon-button", "aria-label": "关闭扫一扫", testid: "back", onclick: () => this.onBack() }, icon("close")), h("h1", {}, "扫一扫"), h("span", { class: "bar-side" })),
      h("div", { class: "scan-window", "aria-hidden": "true" }, h("i", { class: "scan-frame" }, h("i", { class: "scan-laser" }))),
      h("div", { class: "scan-panel" },
        h("form", { class: "scan-form", onsubmit: (e) => { e.preventDefault(); this.text(this.input.value.trim()); } }, this.input, h("button", { class: "primary", type: "submit", testid: "scan-go" }, "识别")),
        h("label", { class: "scan-upload" }, this.file, icon("image", { size: 22 }), h("span", {}, "从相册选取二维码", h("small", {}, "也可以把截图拖进来，或按 Ctrl+V 粘贴"))),
        this.codes));
  }

  focusTarget() { return this.input; }

  update() {
    const accounts = this.onresult ? [] : this.device.store.accounts;
    const key = JSON.stringify(accounts.map((a) => [a.app_id, a.name, a.avatar_url]));
    if (key === this.drawn) return;
    this.drawn = key;
    this.codes.replaceChildren(...(accounts.length ? [h("p", {}, "公众号的二维码名片"), h("div", {}, accounts.map((a) =>
      button({ class: "scan-code", testid: `scan-account-${a.app_id}`, onclick: () => this.finish(() => scanned(this.device, { kind: "account", app_id: a.app_id, scene: "ADD_SCENE_QR_CODE" })) },
        avatar({ url: a.avatar_url, kind: "account", size: 36 }), h("span", {}, a.name), icon("qr", { size: 20 }))))] : []));
  }

  paste(e) {
    const file = [...(e.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
    if (file) { e.preventDefault(); this.picture(file); }
  }

  drop(e) {
    e.preventDefault();
    const file = e.dataTransfer.files[0];
    if (file) this.picture(file);
  }

  async text(text) {
    if (!text) return this.device.toast("请先粘贴链接");
    if (this.onresult && (await this.taken(text))) return;
    await this.run(() => api.scanText(this.device.userId, text));
  }

  async picture(file) {
    await this.run(async () => {
      if (!this.onresult) return api.scanFile(this.device.userId, file);
      const { text } = await api.decodeFile(this.device.userId, file);
      return (await this.taken(text)) ? null : api.scanText(this.device.userId, text);
    });
  }

  async taken(text) {
    const next = await this.onresult(text);
    this.oncancel = null;
    if (next === "act") return false;
    this.finish();
    return true;
  }

  async run(request) {
    this.el.classList.add("working");
    try {
      const result = await request();
      if (result) this.finish(() => scanned(this.device, result));
    } catch (err) { this.device.toast(err.message); }
    this.el.classList.remove("working");
  }

  finish(then) {
    if (this.device.top === this) this.device.pop();
    then?.();
  }

  onBack() { this.device.pop(); }

  destroy() { this.oncancel?.(); }
}
