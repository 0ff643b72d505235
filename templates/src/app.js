// Everything here makes a page nicer that works without it.
import "./uploader.js";

const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const on = (type, handler) => document.addEventListener(type, handler);

// Buttons of a form that is under way: no second tap, and a spinner. The name
// and value of the tapped button are lost by disabling, hence the delay.
on("submit", event => {
  const form = event.target;
  if (event.defaultPrevented || form.hasAttribute("data-stay")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  const tapped = event.submitter || form.querySelector("button:not([type=button])");
  setTimeout(() => $("button", form).forEach(b => {
    b.disabled = true;
    if (b === tapped) b.classList.add("busy");
  }), 0);
});
// Back from the next page: the browser shows the old state, busy buttons too.
window.addEventListener("pageshow", event => {
  if (!event.persisted) return;
  $("form[data-sent]").forEach(form => {
    delete form.dataset.sent;
    $("button", form).forEach(b => { b.disabled = false; b.classList.remove("busy"); });
  });
});
on("click", event => {
  const ask = event.target.closest("[data-confirm]");
  if (ask && !confirm(ask.dataset.confirm)) event.preventDefault();
});

// Complaints beneath the fields, as the server writes them.
const complain = (form, fields) => {
  $(".field-error", form).forEach(p => {
    const text = fields[p.id.slice(0, -6)] || "";
    p.textContent = text;
    const field = p.closest(".field");
    if (field) field.classList.toggle("bad", !!text);
  });
};
const post = (url, body) => fetch(url, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json" } })
  .then(r => r.json().catch(() => ({ message: "网络不太好，请再试一次" })), () => ({ message: "网络不太好，请再试一次" }));

// 获取验证码 and 换一张, without leaving the page.
const countdown = (button, seconds) => {
  const label = button.dataset.label || (button.dataset.label = button.textContent);
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? left + " 秒后重发" : "重新获取";
    if (left > 0) setTimeout(tick, 250); else if (!label) button.textContent = label;
  };
  if (seconds > 0) tick();
};
$("[data-wait]").forEach(button => countdown(button, +button.dataset.wait));
on("click", event => {
  const button = event.target.closest("[data-ask]");
  if (!button) return;
  event.preventDefault();
  const form = button.form, body = new FormData(form);
  body.set("do", button.value);
  button.disabled = true;
  button.classList.add("busy");
  post(form.action || location.href, body).then(answer => {
    button.disabled = false;
    button.classList.remove("busy");
    const fields = answer.fields || {};
    if (answer.message && !Object.keys(fields).length && !answer.ok) fields.code = answer.message;
    complain(form, fields);
    if (answer.captcha) {
      form.elements.captcha_id.value = answer.captcha;
      form.elements.captcha.value = "";
      $("[data-captcha]", form).forEach(img => { img.src = "/captcha/" + answer.captcha; });
    }
    if (answer.wait) countdown(button, answer.wait);
    const first = fields.phone ? "phone" : fields.captcha ? "captcha" : "code";
    if (button.value === "code" && form.elements[first]) form.elements[first].focus();
    $("[data-said]", form).forEach(p => { p.textContent = answer.ok || ""; p.hidden = !answer.ok; });
  });
});

// Province, city, district.
$("[data-areas]").forEach(box => {
  const selects = $("select", box);
  const fill = i => {
    const parent = selects[i - 1].value;
    selects.slice(i).forEach(s => { s.length = 1; });
    if (!parent) return;
    fetch("/areas/" + parent).then(r => r.json()).then(list => {
      if (selects[i - 1].value !== parent) return;
      list.forEach(a => selects[i].add(new Option(a.name, a.code)));
      if (list.length === 1) { selects[i].selectedIndex = 1; if (selects[i + 1]) fill(i + 1); }
    }, () => {});
  };
  selects.slice(0, -1).forEach((s, i) => s.addEventListener("change", () => fill(i + 1)));
});

// Chips: search and count.
$("[data-chips]").forEach(box => {
  const input = box.querySelector("[data-filter]"), chips = $(".chip", box);
  const count = () => $("[data-count]", box).forEach(c => { c.textContent = chips.filter(l => l.firstElementChild.checked).length; });
  box.addEventListener("change", count);
  count();
  if (!input) return;
  const filter = () => {
    const q = input.value.trim().toLowerCase();
    chips.forEach(l => { l.hidden = !!q && (l.dataset.k || "").indexOf(q) < 0; });
    $(".chip-group", box).forEach(g => { g.hidden = !g.querySelector(".chip:not([hidden])"); });
    $("[data-none]", box).forEach(n => { n.hidden = !!box.querySelector(".chip:not([hidden])"); });
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", e => { if (e.key === "Enter") e.preventDefault(); });
  $("[data-search-button]", box).forEach(b => { b.hidden = true; });
});
