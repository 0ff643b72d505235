// What makes publishing, quoting and comparing nicer; every page works without.
import "./compare.js";
import "./quote.js";
import "./publish.js";
const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const on = (type, handler) => document.addEventListener(type, handler);
const make = (tag, attributes, ...children) => {
  const e = document.createElement(tag);
  Object.keys(attributes || {}).forEach(k => e.setAttribute(k, attributes[k]));
  e.append(...children);
  return e;
};
const fetchPage = (url, options) => fetch(url, Object.assign({ credentials: "same-origin" }, options))
  .then(r => r.text()).then(text => new DOMParser().parseFromString(text, "text/html"));
const typed = input => ["input", "change"].forEach(type => input.dispatchEvent(new Event(type, { bubbles: true })));
const dialogs = typeof HTMLDialogElement === "function";

document.documentElement.classList.add("js");
$("[data-focus]").forEach(e => e.focus());

// A dialog that is gone once it is closed; the back button closes it.
const open = (dialog, focus) => {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", e => { if (e.target === dialog || e.target.closest("[data-close]")) { e.preventDefault(); dialog.close(); } });
  dialog.showModal();
  if (focus) focus.focus();
};

// Confirmations and answers are pages of their own; their middle fits a dialog.
on("click", event => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || !dialogs || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.busy) return;
  link.dataset.busy = "1";
  const leave = () => { location.href = link.href; };
  fetchPage(link.href).then(page => {
    delete link.dataset.busy;
    const body = page.querySelector("[data-dialog-body]");
    if (!body) return leave();
    const title = body.querySelector("h1");
    title.id = "dialog-title";
    open(make("dialog", { class: "sheet", "aria-labelledby": "dialog-title" }, document.importNode(body, true)));
  }).catch(leave);
});

// Copies what stands in a field: <button data-copy-text="#id" hidden>.
if (navigator.clipboard) $("[data-copy-text]").forEach(e => { e.hidden = false; });
on("click", event => {
  const button = event.target.closest("[data-copy-text]");
  if (!button) return;
  const field = $(button.dataset.copyText)[0];
  navigator.clipboard.writeText(field.value).then(() => { button.lastChild.textContent = "已复制"; }, () => field.select());
});

// 还剩 2 天 3 小时; in the last hour to the second.
const countdowns = $("[data-countdown]");
if (countdowns.length) {
  const born = Date.now();
  const tick = () => {
    let soon = false;
    countdowns.forEach(e => {
      const end = Date.parse(e.dataset.countdown), left = Math.floor((end - Date.now()) / 1000);
      const d = Math.floor(left / 86400), h = Math.floor(left / 3600) % 24, m = Math.floor(left / 60) % 60, s = left % 60;
      e.textContent = left <= 0 ? "已截止" : "还剩 " + (d ? d + " 天 " + h + " 小时" : h ? h + " 小时 " + m + " 分" : m + " 分 " + s + " 秒");
      if (left < 3600) soon = true;
      const box = e.closest(".deadline");
      if (box) box.classList.toggle("hot", left < 6 * 3600);
      // What may be done changes at the deadline; not again on a page that was loaded after it.
      if (left <= 0 && born < end && !$("form[data-draft]").length && !$("dialog[open]").length) location.reload();
    });
    setTimeout(tick, soon ? 1000 : 20000);
  };
  tick();
}

// Phrases to tap instead of typing. In a long text they are put together.
on("click", event => {
  const pick = event.target.closest("[data-fill]");
  if (!pick) return;
  const field = pick.closest("form").elements[pick.dataset.fill], text = pick.textContent;
  if (field.tagName !== "TEXTAREA" || !field.value.trim()) field.value = text;
  else if (field.value.indexOf(text) < 0) field.value = field.value.replace(/[，。；\s]+$/, "") + "；" + text;
  typed(field);
  if (field.tagName === "TEXTAREA") field.focus();
});

// The exact deadline is asked for only when it is chosen.
$("[data-deadline]").forEach(box => {
  const at = box.parentNode.querySelector("[data-deadline-at]");
  const show = () => { at.hidden = !box.querySelector("[value=at]").checked; };
  box.addEventListener("change", show);
  show();
});

// Enter in a field, and "go" on a phone's keyboard, press the form's first
// button, which is there for pages without a script. Here they do not publish.
on("click", event => {
  const first = event.target;
  if (first.tagName === "BUTTON" && first.classList.contains("sr") && first.closest("[data-publish],[data-draft]")) event.preventDefault();
});

// Units, specifications and origins follow the category.
const follow = (line, category) => {
  const units = line.querySelector("[data-units]"), old = units.value;
  units.length = 0;
  category.units.forEach(u => units.add(new Option(u, u, false, u === old)));
  line.querySelector("[data-per]").textContent = "元/" + units.value;
  ["specs", "origins"].forEach(list => {
    const values = category[list] || [];
    $("[data-" + list + "]", line).forEach(d => { d.textContent = ""; values.forEach(v => d.append(make("option", { value: v }))); });
    $("[data-from=" + list + "]", line).forEach(p => {
      p.textContent = "";
      values.forEach(v => p.append(make("button", { type: "button", class: "pick", "data-fill": p.dataset.picks }, v)));
    });
  });
};

// The cap is per unit.
on("change", event => {
  const line = event.target.closest("[data-line]"), units = line && line.querySelector("[data-units]");
  if (units) line.querySelector("[data-per]").textContent = "元/" + units.value;
});

// A search box instead of a select of a hundred goods: name, alias, initials.
const finder = field => {
  const line = field.closest("[data-line]"), box = field.querySelector("[data-select]"), select = box.querySelector("select");
  const id = select.id + "-list";
  const input = make("input", {
    class: "input", id: select.id, type: "text", role: "combobox", autocomplete: "off", maxlength: "20", placeholder: "输入品种名、别名或拼音首字母",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, "aria-describedby": select.getAttribute("aria-describedby"),
    "data-testid": select.dataset.testid + "-search"
  });
  const list = make("div", { class: "finder-list", id, role: "listbox", "aria-label": "品种" });
  let found = [], current = 0, asked = "", timer = 0;
  const name = () => select.selectedIndex > 0 ? select.options[select.selectedIndex].text : "";
  const hide = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const mark = i => {
    current = i;
    $("[role=option]", list).forEach((o, k) => {
      o.setAttribute("aria-selected", String(k === i));
      if (k === i) { input.setAttribute("aria-activedescendant", o.id); o.scrollIntoView({ block: "nearest" }); }
    });
  };
  const take = category => {
    hide();
    if (!category) return;
    input.value = category.name;
    select.value = category.id;
    follow(line, category);
    field.classList.remove("bad");
    field.querySelector(".field-error").textContent = "";
  };
  const show = () => {
    list.textContent = "";
    found.forEach((k, i) => list.append(make("div", { role: "option", id: id + i, "data-testid": select.dataset.testid + "-option" }, make("span", {}, k.name), make("small", {}, (k.aliases || []).join("、")))));
    if (!found.length) list.append(make("p", {}, "没有这个品种，换个名称或拼音首字母试试"));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(0);
  };
  const search = () => {
    const q = input.value.trim();
    asked = q;
    return fetch("/categories/search?q=" + encodeURIComponent(q)).then(r => r.json()).then(answer => { if (asked === q) { found = answer; if (document.activeElement === input) show(); } }, () => {});
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  input.addEventListener("focus", () => { input.select(); search(); });
  input.addEventListener("keydown", e => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); mark(Math.max(0, Math.min(found.length - 1, current + (e.key === "ArrowDown" ? 1 : -1)))); }
    if (e.key === "Escape") { hide(); input.value = name(); }
    if (e.key === "Enter") {
      e.preventDefault();
      clearTimeout(timer);
      const pick = found[current];
      if (asked === input.value.trim() && pick) take(pick);
      else search().then(() => take(found[0]));
    }
  });
  input.addEventListener("blur", () => setTimeout(() => {
    hide();
    const same = found.find(k => k.name === input.value.trim());
    if (same && String(same.id) !== select.value) take(same); else input.value = name();
  }, 150));
  list.addEventListener("mousedown", e => e.preventDefault());
  list.addEventListener("click", e => { const o = e.target.closest("[role=option]"); if (o) take(found[$("[role=option]", list).indexOf(o)]); });
  select.addEventListener("change", () => {
    input.value = name();
    if (select.value) fetch("/categories/search?id=" + select.value).then(r => r.json()).then(answer => take(answer[0]), () => {});
  });
  select.id += "-select";
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  input.value = name();
  box.classList.add("finder");
  box.insertBefore(input, select);
  box.append(list);
  hide();
};
const line = root => $("[data-category]", root).forEach(finder);
line();

// Lines are added by the same button as without a script: the server draws the
// new one and the rest of the page stays as it is.
on("click", event => {
  const add = event.target.closest("[data-add-line]"), remove = event.target.closest("[data-remove-line]");
  const button = add || remove;
  if (!button) return;
  event.preventDefault();
  const form = button.form, lines = form.querySelector("[data-lines]");
  if (remove) {
    const gone = remove.closest("[data-line]");
    gone.dispatchEvent(new CustomEvent("removed", { bubbles: true, detail: gone }));
    if ($("[data-line]", lines).length === 1) $("[data-remove-line]", lines).forEach(b => { b.hidden = true; });
    return;
  }
  if (button.dataset.busy) return;
  button.dataset.busy = "1";
  const body = new FormData(form);
  body.set(button.name, button.value);
  fetchPage(form.action, { method: "POST", body }).then(page => {
    delete button.dataset.busy;
    const drawn = $("[data-line]", page), last = drawn[drawn.length - 1];
    if (!last || $("[data-line='" + last.dataset.line + "']", lines).length) return;
    const fresh = document.importNode(last, true);
    // The first line could not be removed as long as it was the only one.
    $("[data-line]", lines).forEach(old => {
      $("[data-remove-line]", old).forEach(b => { b.hidden = false; });
      const same = drawn.find(d => d.dataset.line === old.dataset.line), b = same && same.querySelector("[data-remove-line]");
      if (b && !old.querySelector("[data-remove-line]")) old.querySelector(".card-head").append(document.importNode(b, true));
    });
    lines.append(fresh);
    line(fresh);
    fresh.dispatchEvent(new CustomEvent("added", { bubbles: true }));
    fresh.scrollIntoView({ block: "start", behavior: "smooth" });
  }).catch(() => { delete button.dataset.busy; });
});

// What was typed into a quote survives a reload; it is forgotten once the quote
// was sent. A private window may have no storage.
const storage = (() => { try { return window.localStorage; } catch (e) { return null; } })();
$("[data-draft]").forEach(form => {
  if (!storage) return;
  const key = form.dataset.draft, texts = $("input[inputmode], input[type=date], textarea, select", form), choices = $("input[type=radio]", form);
  const read = () => {
    const d = { texts: {}, photos: {} };
    texts.forEach(t => { d.texts[t.name] = t.value; });
    choices.forEach(c => { if (c.checked) d.texts[c.name] = c.value; });
    $("[data-uploader]", form).forEach(u => { d.photos[u.dataset.uploader] = $("[type=hidden]", u).map(f => f.value); });
    return JSON.stringify(d);
  };
  const untouched = read();
  const keep = () => { try { if (read() === untouched) storage.removeItem(key); else storage.setItem(key, read()); } catch (e) { /* full */ } };
  let kept = null;
  try { kept = JSON.parse(storage.getItem(key)); } catch (e) { /* damaged */ }
  if (kept && !form.hasAttribute("data-typed")) {
    // After app.js has given the upload fields their script.
    setTimeout(() => {
      texts.forEach(t => { if (kept.texts[t.name] !== undefined) { t.value = kept.texts[t.name]; typed(t); } });
      choices.forEach(c => { if (kept.texts[c.name] === c.value) { c.checked = true; typed(c); } });
      $("[data-uploader]", form).forEach(u => (kept.photos[u.dataset.uploader] || []).forEach(k => u.dispatchEvent(new CustomEvent("restore", { detail: k }))));
      $("[data-restored]", form).forEach(p => { p.hidden = read() === untouched; });
    }, 0);
  }
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  form.addEventListener("uploaded", keep);
  $("[data-forget]", form).forEach(b => b.addEventListener("click", () => { storage.removeItem(key); location.reload(); }));
});
$("[data-draft-done]").forEach(e => {
  if (storage) Object.keys(storage).filter(k => k.indexOf(e.dataset.draftDone) === 0).forEach(k => storage.removeItem(k));
});
