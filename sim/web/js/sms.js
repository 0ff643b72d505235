// The SMS inbox: every message the gateway accepted, for all numbers or one.

import { h, icon } from "./dom.js";
import { api } from "./api.js";
import { Store } from "./store.js";
import { smsCard } from "./smscard.js";
import { phoneNumber } from "./format.js";
import { say, showConnection } from "./desk.js";

const store = new Store();
const list = document.getElementById("list");
const filter = document.getElementById("filter");
const count = document.getElementById("count");
const wanted = new URLSearchParams(location.search).get("phone") ?? "";
let messages = [];

async function load() {
  try {
    messages = (await api.sms({ phone: filter.value || wanted, limit: 200 })).messages ?? [];
    draw();
  } catch (err) { say(err.message); }
}

function draw() {
  const now = store.now();
  count.textContent = messages.length ? `共 ${messages.length} 条，新的在前` : "";
  if (!messages.length) {
    list.replaceChildren(h("div", { class: "empty" }, icon("sms", { size: 56 }), h("p", {}, "还没有短信"), h("p", { class: "dim" }, "应用通过短信网关发出的短信会立刻出现在这里")));
    return;
  }
  list.replaceChildren(...messages.map((m, i) => smsCard(m, { now, latest: i === 0, to: { name: store.users.find((u) => u.phone === m.phone)?.nickname }, copied: () => say("已复制验证码"), reply: m.code ? undefined : unsubscribe })));
}

async function unsubscribe(m) {
  try {
    await api.smsReply(m.phone, "T");
    say("已回复 T，应用收到了退订");
  } catch (err) { say(err.message); }
}

function fillFilter() {
  const value = filter.value || wanted;
  const known = store.users.filter((u) => u.phone).map((u) => [u.phone, `${phoneNumber(u.phone)} ${u.nickname}`]);
  if (value && !known.some(([p]) => p === value)) known.push([value, phoneNumber(value)]);
  filter.replaceChildren(h("option", { value: "" }, "全部号码"), ...known.map(([phone, label]) => h("option", { value: phone }, label)));
  filter.value = value;
}

filter.addEventListener("change", () => {
  history.replaceState(null, "", filter.value ? `?phone=${encodeURIComponent(filter.value)}` : location.pathname);
  load();
});
store.on("online", showConnection);
store.on("state", fillFilter);
store.on("resync", load);
store.on("sms", (m) => {
  if (filter.value && m.phone !== filter.value) return;
  if (!messages.some((x) => x.id === m.id)) messages.unshift(m);
  draw();
});
store.connect();
try { await store.refresh(); } catch (err) { say(err.message); }
await load();
