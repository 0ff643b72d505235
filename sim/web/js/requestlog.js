// The log of calls, SMS and pushes: newest first, each line opens to its detail.

import { h, button, copyText } from "./dom.js";
import { api } from "./api.js";
import { duration, hms } from "./format.js";
import { say } from "./desk.js";

const KINDS = { api: "接口", push: "推送", sms: "短信" };
const FAULTS = { errcode: "注入错误码", latency: "注入延迟", timeout: "注入超时", garbage: "注入乱码", status: "注入状态码" };
const LIMIT = 300;

export class LogView {
  constructor() {
    this.box = document.getElementById("log");
    this.count = document.getElementById("log-count");
    this.search = document.getElementById("log-search");
    this.kind = document.getElementById("log-kind");
    this.bad = document.getElementById("log-bad");
    this.pause = document.getElementById("log-pause");
    this.entries = [];
    this.rows = new Map(); // id → {el, entry}; rows keep their open state over refreshes
    for (const el of [this.search, this.kind, this.bad]) el.addEventListener("input", () => this.draw());
    this.pause.addEventListener("click", () => {
      this.paused = !this.paused;
      this.pause.setAttribute("aria-pressed", String(this.paused));
      this.pause.textContent = this.paused ? "继续" : "暂停";
      if (!this.paused) this.load();
    });
  }

  async load(anew = false) {
    if (this.paused && !anew) return;
    try {
      const answer = await api.requests(LIMIT);
      const list = Array.isArray(answer) ? answer : answer.requests ?? [];
      const newest = `${list[0]?.id} ${list.length}`;
      if (newest === this.newest && !anew) return;
      this.newest = newest;
      if (anew) this.rows.clear();
      this.entries = list;
      this.draw();
    } catch { /* the lamp in the head tells */ }
  }

  matches(e) {
    if (this.kind.value && e.kind !== this.kind.value) return false;
    if (this.bad.checked && !failed(e)) return false;
    const text = this.search.value.trim().toLowerCase();
    return !text || [e.path, e.method, e.query, e.request, e.response, e.errmsg, e.rid, e.errcode].some((v) => String(v ?? "").toLowerCase().includes(text));
  }

  draw() {
    const shown = this.entries.filter((e) => this.matches(e));
    this.count.textContent = shown.length === this.entries.length ? `${shown.length} 条` : `${shown.length} / ${this.entries.length} 条`;
    const keep = new Map();
    for (const e of this.entries) keep.set(e.id, this.rows.get(e.id) ?? null);
    this.rows = keep;
    const rows = shown.map((e) => { const row = keep.get(e.id) ?? logRow(e); keep.set(e.id, row); return row; });
    this.box.replaceChildren(...(rows.length ? rows : [h("p", { class: "nothing" }, this.entries.length ? "没有符合条件的记录" : "还没有请求。应用调用接口、收到推送、发出短信后，会出现在这里。")]));
  }
}

function failed(e) { return !!e.errcode || !!e.fault || e.status === 0 || e.status >= 400 || (e.kind === "sms" && !!e.errmsg); }

function outcome(e) {
  if (e.errcode) return String(e.errcode);
  if (e.status === 0) return "无应答";
  if (e.kind === "sms" && e.errmsg) return e.errmsg.replace(/^isv\./, "");
  return e.status === 200 ? "OK" : String(e.status);
}

function logRow(e) {
  const bad = failed(e);
  const el = h("details", { class: `log-row${bad ? " bad" : ""}`, testid: "log-row", "data-kind": e.kind, "data-path": e.path },
    h("summary", {}, h("time", { class: "mono" }, hms(e.at)), h("span", { class: `kind kind-${e.kind}` }, KINDS[e.kind] ?? e.kind),
      h("span", { class: "log-path mono" }, e.path, e.try > 1 && h("em", {}, `第 ${e.try} 次`), e.fault && h("em", { class: "fault" }, FAULTS[e.fault] ?? e.fault)),
      h("span", { class: `result${bad ? " result-bad" : ""}` }, outcome(e)), h("span", { class: "log-ms mono" }, h("i", { class: e.ms > 3000 ? "slow" : e.ms > 500 ? "late" : "", style: { width: `${Math.min(100, 12 * Math.log2(1 + (e.ms ?? 0)))}%` } }), duration(e.ms))));
  el.addEventListener("toggle", () => { if (el.open && el.children.length === 1) el.append(detail(e)); });
  return el;
}

function detail(e) {
  const fact = (label, value) => value && h("div", { class: "kv" }, h("span", {}, label), h("span", { class: "mono" }, value));
  return h("div", { class: "log-detail" }, fact("方法", `${e.method ?? ""} ${e.path}`), fact("公众号", e.app_id), fact("状态", e.status === 0 ? "没有应答" : String(e.status ?? "")), e.errcode ? fact("错误", `${e.errcode} ${e.errmsg ?? ""}`) : fact("说明", e.errmsg), fact("rid", e.rid), fact("参数", e.query),
    body("请求", e.request), body("应答", e.response));
}

function body(label, text) {
  if (!text) return null;
  const shown = pretty(text);
  return h("div", { class: "log-body" }, h("div", {}, h("span", {}, label), button({ class: "link-button", onclick: async () => { if (await copyText(shown)) say(`已复制${label}`); } }, "复制")), h("pre", { tabindex: 0, "aria-label": label }, shown));
}

// pretty indents JSON and puts every XML element on its own line; anything else stays as it is.
function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON */ }
  if (text.startsWith("<xml>")) {
    let depth = 0;
    return text.replace(/>\s*</g, (m, i) => (text.lastIndexOf("<![CDATA[", i) > text.lastIndexOf("]]>", i) ? m : ">\n<")).split("\n").map((line) => {
      if (/^<\//.test(line)) depth--;
      const out = "  ".repeat(Math.max(0, depth)) + line;
      if (/^<[^/!][^>]*>$/.test(line)) depth++;
      return out;
    }).join("\n");
  }
  return text;
}
