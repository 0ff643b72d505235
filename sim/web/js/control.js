// The control page: what the simulator was asked and answered, and the levers that bend its world.

import { h, button, icon, avatar, copyText } from "./dom.js";
import { api } from "./api.js";
import { Store } from "./store.js";
import { LogView } from "./requestlog.js";
import { dateTime, phoneNumber } from "./format.js";
import { say, showConnection } from "./desk.js";

const store = new Store();
const at = (id) => document.getElementById(id);
const log = new LogView();

// attempt runs a request and says what went wrong.
async function attempt(work, done) {
  try {
    await work();
    if (done) say(done);
    return true;
  } catch (err) { say(err.message, true); return false; }
}

// --- tabs of narrow screens

const TABS = [["log", "日志"], ["faults", "故障"], ["world", "时间与额度"], ["accounts", "公众号"], ["users", "用户"]];
function showTab(tab) {
  document.body.dataset.tab = tab;
  for (const b of at("tabs").children) b.setAttribute("aria-pressed", String(b.dataset.tab === tab));
}
at("tabs").append(...TABS.map(([id, label]) => button({ "data-tab": id, testid: `tab-${id}`, onclick: () => showTab(id) }, label)));
showTab("log");

// --- time

const STEPS = [[60_000, "+1 分钟"], [3_600_000, "+1 小时"], [86_400_000, "+1 天"], [172_800_000, "+48 小时"]];
at("advance").append(...STEPS.map(([ms, label]) => button({ class: "small", testid: `advance-${ms}`, onclick: () => attempt(async () => {
  await api.advance(ms);
  await store.refresh();
  loadQuotas();
}, `时间已前进${label.slice(1)}`) }, label)));

function drawClock() {
  at("clock").textContent = dateTime(store.now());
  const minutes = Math.round(store.offset / 60_000);
  at("skew").textContent = minutes < 1 ? "与本机一致" : `比本机快 ${span(minutes)}`;
}
function span(minutes) {
  const d = Math.floor(minutes / 1440), hr = Math.floor((minutes % 1440) / 60), m = minutes % 60;
  return [d && `${d} 天`, hr && `${hr} 小时`, m && `${m} 分钟`].filter(Boolean).join(" ");
}

// --- faults

const KINDS = {
  errcode: { label: "返回错误码", value: "错误码", initial: 45009, field: "errcode" },
  latency: { label: "变慢", value: "延迟（毫秒）", initial: 2000, field: "ms" },
  timeout: { label: "超时后断开", value: "等待（毫秒）", initial: 5000, field: "ms" },
  status: { label: "HTTP 状态码", value: "状态码", initial: 502, field: "status" },
  garbage: { label: "返回乱码" },
};
const PATHS = ["/cgi-bin/*", "/cgi-bin/stable_token", "/cgi-bin/token", "/cgi-bin/message/template/send", "/cgi-bin/message/custom/send", "/cgi-bin/user/info", "/cgi-bin/menu/create", "/cgi-bin/qrcode/create", "/sns/oauth2/access_token", "/sns/userinfo", "aliyun/SendSms"];

function faultForm() {
  const path = h("input", { class: "field mono", testid: "fault-path", list: "fault-paths", required: true, placeholder: "/cgi-bin/*", value: "/cgi-bin/message/template/send" });
  const kind = h("select", { class: "field", testid: "fault-kind" }, Object.entries(KINDS).map(([k, v]) => h("option", { value: k }, v.label)));
  const share = h("input", { class: "field", testid: "fault-share", type: "number", min: 1, max: 100, value: 100, required: true });
  const value = h("input", { class: "field", testid: "fault-value", type: "number", required: true });
  const text = h("input", { class: "field", testid: "fault-text", placeholder: "留空用平台的文字" });
  const count = h("input", { class: "field", testid: "fault-count", type: "number", min: 0, value: 0, required: true });
  const valueBox = h("label", {}, h("span", {}), value);
  const textBox = h("label", {}, h("span", {}, "错误文字（短信为 Code）"), text);
  const fit = () => {
    const k = KINDS[kind.value];
    valueBox.hidden = !k.field;
    textBox.hidden = kind.value !== "errcode";
    value.disabled = !k.field;
    valueBox.firstChild.textContent = k.value ?? "";
    value.value = k.initial ?? "";
  };
  kind.addEventListener("change", fit);
  fit();
  const submit = async (e) => {
    e.preventDefault();
    const fault = { path: path.value.trim(), kind: kind.value, share: Number(share.value) / 100, count: Number(count.value) };
    const field = KINDS[kind.value].field;
    if (field) fault[field] = Number(value.value);
    if (kind.value === "errcode" && text.value.trim()) fault.errmsg = text.value.trim();
    if (await attempt(() => api.addFault(fault), "故障已生效")) { at("fault-box").replaceChildren(); loadFaults(); }
  };
  return h("form", { class: "inline-form", testid: "fault-form", onsubmit: submit },
    h("datalist", { id: "fault-paths" }, PATHS.map((p) => h("option", { value: p }))),
    h("label", { class: "full" }, h("span", {}, "路径（可用 * 结尾）"), path),
    h("label", {}, h("span", {}, "类型"), kind), valueBox, textBox,
    h("label", {}, h("span", {}, "命中比例（%）"), share), h("label", {}, h("span", {}, "次数（0 为一直）"), count),
    h("div", { class: "full button-row" }, h("button", { type: "submit", class: "primary", testid: "fault-save" }, "生效"), button({ class: "small", onclick: () => at("fault-box").replaceChildren() }, "取消")));
}

async function loadFaults() {
  await attempt(async () => {
    const faults = listOf(await api.faults(), "faults");
    at("faults").replaceChildren(...(faults.length ? faults.map(faultRow) : [h("p", { class: "nothing" }, "没有故障，一切正常")]));
  });
}

function faultRow(f) {
  const k = KINDS[f.kind] ?? { label: f.kind };
  const detail = f.kind === "errcode" ? `返回 ${f.errcode}${f.errmsg ? ` ${f.errmsg}` : ""}` : k.field === "ms" ? `${k.label} ${f.ms} ms` : f.kind === "status" ? `返回 HTTP ${f.status || 502}` : k.label;
  const share = f.share && f.share < 1 ? `${Math.round(f.share * 100)}% 的调用` : "全部调用";
  return h("div", { class: "item", testid: "fault-row" }, h("span", { class: "dot dot-bad", "aria-hidden": "true" }), h("div", { class: "item-main" }, h("b", { class: "mono" }, f.path), h("span", {}, `${detail} · ${share}${f.count ? ` · 共 ${f.count} 次` : ""} · 已命中 ${f.hits ?? 0}`)),
    button({ class: "icon-button", testid: "fault-remove", "aria-label": `移除 ${f.path} 的故障`, onclick: async () => { if (await attempt(() => api.removeFault(f.id), "故障已移除")) loadFaults(); } }, icon("trash", { size: 20 })));
}

at("fault-add").addEventListener("click", () => toggle("fault-box", faultForm));

// toggle opens a form below the head of its card, or closes it again.
function toggle(box, make) {
  const el = at(box);
  if (el.firstChild) return el.replaceChildren();
  el.replaceChildren(make());
  el.querySelector("input, select")?.focus();
}

function listOf(answer, name) { return Array.isArray(answer) ? answer : answer[name] ?? []; }

// --- accounts

const MODES = { plain: "明文", compatible: "兼容", safe: "安全" };
const FORMATS = { xml: "XML", json: "JSON" };
const ACCOUNT_FIELDS = [["app_id", "AppID", true], ["name", "名称", true], ["secret", "AppSecret", true], ["token", "Token"], ["aes_key", "EncodingAESKey（43 位）"], ["server_url", "服务器地址（接收推送）"], ["web_url", "网站地址（OAuth 与 JS 域名）"]];

function accountForm(a = {}) {
  const inputs = ACCOUNT_FIELDS.map(([name, label, required]) => {
    const input = h("input", { class: "field", name, required, value: a[name] ?? "", readonly: name === "app_id" && a.app_id ? true : null, autocomplete: "off" });
    return h("label", { class: name.endsWith("url") || name === "aes_key" ? "full" : "" }, h("span", {}, label), input);
  });
  const mode = h("select", { class: "field", name: "mode" }, Object.entries(MODES).map(([k, v]) => h("option", { value: k }, `${v}模式`)));
  mode.value = a.mode ?? "plain";
  const format = h("select", { class: "field", name: "format" }, Object.entries(FORMATS).map(([k, v]) => h("option", { value: k }, v)));
  format.value = a.format || "xml";
  const silent = h("input", { type: "checkbox", checked: a.silent_followers ?? true });
  return h("form", { class: "inline-form", testid: "account-form", onsubmit: async (e) => {
    e.preventDefault();
    const account = Object.fromEntries([...new FormData(e.target)].map(([k, v]) => [k, String(v).trim()]));
    account.silent_followers = silent.checked;
    if (await attempt(() => api.saveAccount(account), "公众号已保存")) { at("account-box").replaceChildren(); loadAccounts(); }
  } }, inputs, h("label", {}, h("span", {}, "加解密方式"), mode), h("label", {}, h("span", {}, "推送格式"), format),
  h("label", { class: "check full" }, silent, "粉丝从会话或菜单进入网页时静默授权（与平台相同）"),
  h("div", { class: "full button-row" }, h("button", { type: "submit", class: "primary" }, "保存"), button({ class: "small", onclick: () => at("account-box").replaceChildren() }, "取消")));
}

async function loadAccounts() {
  await attempt(async () => {
    const accounts = listOf(await api.accounts(), "accounts");
    at("accounts").replaceChildren(...(accounts.length ? accounts.map(accountRow) : [h("p", { class: "nothing" }, "还没有公众号")]));
  });
}

function accountRow(a) {
  const shown = store.account(a.app_id);
  const followers = store.users.filter((u) => u.chats[a.app_id]?.followed).length;
  const fact = (label, value) => value && h("div", { class: "kv" }, h("span", {}, label), h("span", { class: "mono" }, value), button({ class: "icon-button tiny", "aria-label": `复制${label}`, onclick: async () => { if (await copyText(value)) say(`已复制${label}`); } }, icon("copy", { size: 15 })));
  return h("details", { class: "item-box", testid: "account-row" }, h("summary", { class: "item" }, avatar({ url: shown?.avatar_url, kind: "account", size: 38 }),
    h("div", { class: "item-main" }, h("b", {}, a.name), h("span", {}, `${MODES[a.mode] ?? "明文"}模式${a.format === "json" ? " · JSON" : ""} · ${followers} 人关注 · ${(a.templates ?? []).length} 个模板`)), icon("down", { size: 18 })),
  h("div", { class: "item-more" }, fact("AppID", a.app_id), fact("AppSecret", a.secret), fact("原始 ID", a.original_id), fact("Token", a.token), fact("AESKey", a.aes_key), fact("服务器", a.server_url), fact("网站", a.web_url),
    (a.templates ?? []).length > 0 && h("ul", { class: "templates" }, a.templates.map((t) => h("li", {}, h("b", {}, t.title), h("span", { class: "mono" }, t.template_id), h("pre", {}, t.content)))),
    h("div", { class: "button-row" }, button({ class: "small", testid: "account-edit", onclick: () => { at("account-box").replaceChildren(accountForm(a)); at("account-box").scrollIntoView({ block: "nearest" }); } }, "修改"),
      a.server_url && button({ class: "small", testid: "account-verify", onclick: () => attempt(() => api.verifyAccount(a.app_id), "服务器地址验证通过") }, "验证服务器地址"))));
}

at("account-add").addEventListener("click", () => toggle("account-box", accountForm));

// --- users

function userForm() {
  const nickname = h("input", { class: "field", required: true, maxlength: 20, testid: "user-nickname" });
  const phone = h("input", { class: "field", type: "tel", pattern: "1[3-9][0-9]{9}", title: "11 位手机号", maxlength: 11, testid: "user-phone" });
  return h("form", { class: "inline-form", testid: "user-form", onsubmit: async (e) => {
    e.preventDefault();
    if (await attempt(async () => { await api.addUser(nickname.value.trim(), phone.value.trim()); await store.refresh(); }, "用户已添加")) at("user-box").replaceChildren();
  } }, h("label", {}, h("span", {}, "昵称"), nickname), h("label", {}, h("span", {}, "手机号"), phone),
  h("div", { class: "full button-row" }, h("button", { type: "submit", class: "primary", testid: "user-save" }, "添加"), button({ class: "small", onclick: () => at("user-box").replaceChildren() }, "取消")));
}

function drawUsers() {
  at("users").replaceChildren(...store.users.map((u) => {
    const follows = Object.values(u.chats).filter((c) => c.followed).length;
    const remove = button({ class: "icon-button", testid: "user-remove", "aria-label": `删除用户${u.nickname}` }, icon("trash", { size: 20 }));
    sure(remove, "确认删除", () => attempt(async () => { await api.removeUser(u.id); await store.refresh(); }, "用户已删除"));
    return h("div", { class: "item", testid: "user-row" }, avatar({ url: u.avatar_url, size: 38 }),
      h("div", { class: "item-main" }, h("b", {}, u.nickname, h("small", { class: "dim mono" }, ` ${u.id}`)), h("span", {}, [phoneNumber(u.phone), `关注 ${follows} 个`].filter(Boolean).join(" · "))),
      h("a", { class: "small", href: `./?left=${encodeURIComponent(u.id)}`, "aria-label": `打开${u.nickname}的手机` }, "手机"), remove);
  }));
}

at("user-add").addEventListener("click", () => toggle("user-box", userForm));

// sure asks once more: the button becomes the question and falls back after four seconds.
function sure(el, question, act) {
  const calm = [...el.childNodes];
  const label = el.getAttribute("aria-label");
  let timer = 0;
  const back = () => { el.classList.remove("sure"); el.replaceChildren(...calm); if (label) el.setAttribute("aria-label", label); if (el.dataset.yes) el.dataset.testid = el.dataset.was; timer = 0; };
  el.addEventListener("click", async () => {
    if (timer) { clearTimeout(timer); back(); await act(); return; }
    el.classList.add("sure");
    el.replaceChildren(question);
    if (label) el.setAttribute("aria-label", `${label}，${question}`);
    if (el.dataset.yes) { el.dataset.was = el.dataset.testid; el.dataset.testid = el.dataset.yes; }
    timer = setTimeout(back, 4000);
  });
}

// --- quotas

async function loadQuotas() {
  await attempt(async () => {
    const quotas = listOf(await api.quotas(), "quotas").sort((a, b) => (b.used > 0) - (a.used > 0) || ratio(b) - ratio(a));
    const used = quotas.filter((q) => q.used > 0);
    const rest = quotas.filter((q) => !q.used);
    at("quotas").replaceChildren(...(used.length ? used.map(quotaRow) : [h("p", { class: "nothing" }, "今天还没有调用")]),
      rest.length ? h("details", { class: "item-box" }, h("summary", { class: "more-line" }, `其余 ${rest.length} 个接口`, icon("down", { size: 16 })), rest.map(quotaRow)) : "");
  });
}
const ratio = (q) => (q.limit ? q.used / q.limit : 0);

function quotaRow(q) {
  const part = Math.min(1, ratio(q));
  const exhaust = q.limit > 0 && q.used < q.limit && button({ class: "link-button", onclick: async () => { if (await attempt(() => api.setQuota(q.app_id, q.path, { used: q.limit }), "额度已用尽")) loadQuotas(); } }, "用尽");
  const restore = q.used > 0 && button({ class: "link-button", onclick: async () => { if (await attempt(() => api.setQuota(q.app_id, q.path, { used: 0 }), "额度已恢复")) loadQuotas(); } }, "清零");
  return h("div", { class: "quota", testid: "quota-row" }, h("div", { class: "quota-top" }, h("span", { class: "mono" }, q.path), h("span", {}, q.limit ? `${q.used} / ${q.limit}` : `${q.used} / 不限`)),
    h("div", { class: "quota-bottom" }, h("div", { class: "meter", role: "img", "aria-label": `已用 ${Math.round(part * 100)}%` }, h("i", { class: part >= 1 ? "full" : part > 0.8 ? "near" : "", style: { width: `${part * 100}%` } })), exhaust, restore));
}

// --- reset

const resetButton = button({ class: "danger-button", testid: "reset", "data-yes": "reset-yes" }, "重置模拟器");
sure(resetButton, "再点一次，全部清空", () => attempt(async () => { await api.reset(); await everything(); }, "已重置"));
at("reset-box").append(resetButton);

async function everything() {
  await attempt(() => store.refresh());
  await Promise.all([loadFaults(), loadAccounts(), loadQuotas(), log.load(true)]);
}

let followUp = 0;
function soon() {
  clearTimeout(followUp);
  followUp = setTimeout(() => { log.load(); loadQuotas(); loadFaults(); }, 250);
}

store.on("online", showConnection);
store.on("state", () => { drawClock(); drawUsers(); });
store.on("message", soon);
store.on("sms", soon);
store.on("resync", everything);
setInterval(drawClock, 1000);
setInterval(() => { if (!document.hidden) log.load(); }, 2000);
store.connect();
await everything();
