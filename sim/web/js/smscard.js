// One SMS as a card with its code ready to copy; used by the phones and by the SMS inbox.

import { h, button, icon, copyText, hash } from "./dom.js";
import { chatTime, phoneNumber } from "./format.js";

const STATUS = { failed: "发送失败", rejected: "被网关拒绝", pending: "等待发送", delivered: "已送达", sent: "" };

/** smsCard draws a message; with `to` the receiver's number is shown as well. */
export function smsCard(m, { now, latest, to, copied, reply }) {
  const sign = m.sign || "短信";
  const status = STATUS[m.status];
  return h("article", { class: "sms-card", testid: latest ? "sms-latest" : "sms-item", "data-phone": m.phone },
    h("header", {}, h("span", { class: `sms-sign hue-${hash(sign) % 6}`, "aria-hidden": "true" }, [...sign][0]),
      h("b", {}, sign), to && h("span", { class: "sms-to" }, `发往 ${phoneNumber(m.phone)}${to.name ? `（${to.name}）` : ""}`), h("time", {}, chatTime(m.at, now))),
    h("p", { class: "sms-text" }, ...marked(m)),
    m.code && h("div", { class: "sms-code-row" }, h("span", { class: "sms-code", testid: latest ? "sms-code" : "sms-code-old" }, m.code),
      button({ class: "sms-copy", testid: "sms-copy", "aria-label": `复制验证码 ${m.code}`, onclick: async () => { if (await copyText(m.code)) copied(); } }, icon("copy", { size: 16 }), "复制")),
    (status || m.template_code) && h("footer", {}, m.template_code && h("span", {}, `模板 ${m.template_code}`), status && h("span", { class: `sms-status-${m.status}` }, status),
      reply && button({ class: "sms-copy", testid: "sms-unsubscribe", "aria-label": `用 ${phoneNumber(m.phone)} 回复 T 退订`, onclick: () => reply(m) }, "回复 T 退订")));
}

function marked(m) {
  const text = m.text ?? "";
  const at = m.code ? text.indexOf(m.code) : -1;
  if (at < 0) return [text];
  return [text.slice(0, at), h("mark", {}, m.code), text.slice(at + m.code.length)];
}
