// The form of a new purchase: a draft is kept on the server while somebody
// types, and lines are folded, moved and taken back where they were removed.
const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const make = (tag, attributes, ...children) => {
  const e = document.createElement(tag);
  Object.keys(attributes).forEach(k => e.setAttribute(k, attributes[k]));
  e.append(...children);
  return e;
};

$("form[data-save]").forEach(form => {
  const status = form.querySelector("[data-draft-status]"), conflict = form.querySelector("[data-draft-conflict]");
  const version = form.elements.draft_version;
  const read = () => {
    const body = new FormData(form);
    Array.from(body.keys()).forEach(k => { if (/_file$/.test(k) || k === "sheet" || k === "paste" || k === "do") body.delete(k); });
    return body;
  };
  const text = () => new URLSearchParams(read()).toString().replace(/(^|&)(form_token|draft_version)=[^&]*/g, "");
  let kept = text(), timer = 0, busy = false, stopped = false;
  const later = wait => { clearTimeout(timer); timer = setTimeout(save, wait); };
  const save = overwrite => {
    const now = text();
    if (busy || stopped && !overwrite || now === kept && !overwrite) return;
    busy = true;
    const body = read();
    if (overwrite) body.set("overwrite", "1");
    fetch(form.dataset.save, { method: "POST", body: new URLSearchParams(body), credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(r => r.json().then(answer => ({ status: r.status, answer })))
      .then(r => {
        busy = false;
        if (r.status === 200) {
          kept = now;
          stopped = false;
          conflict.hidden = true;
          version.value = r.answer.version;
          status.textContent = "已自动保存 " + r.answer.at;
          // A reload goes on where he is.
          if (location.search !== "?draft=" + r.answer.id) history.replaceState(null, "", "/purchases/new?draft=" + r.answer.id);
          if (text() !== kept) later(1500);
          return;
        }
        stopped = true; // until he decides, or for good: publishing still works
        status.textContent = r.answer.message || "草稿没有保存";
        if (r.status === 409) {
          conflict.hidden = false;
          conflict.querySelector("[data-draft-load]").href = location.search.indexOf("?draft=") === 0 ? location.href : "/me/drafts";
        }
      })
      .catch(() => { busy = false; status.textContent = "网络不通，恢复后自动保存"; later(10000); });
  };
  conflict.querySelector("[data-draft-over]").addEventListener("click", () => save(true));
  ["input", "change", "uploaded"].forEach(type => form.addEventListener(type, () => later(1200)));
  form.addEventListener("arranged", () => later(300));
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
});

const lines = document.querySelector("[data-lines]");
if (lines) {
  const field = (line, name) => line.querySelector("[name$='." + name + "']");
  const summary = line => {
    const select = field(line, "category"), quantity = field(line, "quantity"), unit = field(line, "unit");
    const name = select && select.selectedIndex > 0 ? select.options[select.selectedIndex].text : "还没有选品种";
    return [name, field(line, "spec").value, quantity.value && quantity.value + unit.value].filter(Boolean).join(" ");
  };
  const fold = (line, folded) => {
    line.classList.toggle("folded", folded);
    const b = line.querySelector("[data-fold]");
    b.setAttribute("aria-expanded", String(!folded));
    b.firstElementChild.textContent = folded ? summary(line) : "收起";
  };
  const prepare = line => { const b = line.querySelector("[data-fold]"); b.hidden = false; fold(line, false); };
  const all = () => $("[data-line]", lines);
  all().forEach(prepare);
  // Of a long list only what needs a hand stays open.
  if (all().length > 3) all().forEach((l, i) => fold(l, !l.querySelector(".field.bad") && i < all().length - 1));
  document.addEventListener("added", e => { if (e.target.matches("[data-line]")) prepare(e.target); });
  const arranged = () => lines.dispatchEvent(new CustomEvent("arranged", { bubbles: true }));
  lines.addEventListener("click", event => {
    const toggle = event.target.closest("[data-fold]"), move = event.target.closest("[data-move]"), line = event.target.closest("[data-line]");
    if (toggle) fold(line, !line.classList.contains("folded"));
    if (!move) return;
    event.preventDefault();
    const other = move.dataset.move === "1" ? line.nextElementSibling : line.previousElementSibling;
    if (!other) return;
    if (move.dataset.move === "1") other.after(line); else other.before(line);
    line.scrollIntoView({ block: "nearest" });
    move.focus();
    arranged();
  });
  // Enter in the last line begins another one.
  lines.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.getAttribute("role") === "combobox" || event.defaultPrevented) return;
    event.preventDefault();
    const list = all();
    if (event.target.closest("[data-line]") === list[list.length - 1]) document.querySelector("[data-add-line]").click();
  });
  // A removed line can be taken back.
  document.addEventListener("removed", event => {
    const line = event.detail, undo = make("button", { type: "button", class: "textlink" }, "撤销");
    const note = make("p", { class: "flash note", role: "status" }, make("span", {}, "已移除 " + summary(line) + "　", undo));
    line.replaceWith(note);
    undo.addEventListener("click", () => {
      note.replaceWith(line);
      $("[data-remove-line]", lines).forEach(b => { b.hidden = false; });
      arranged();
    });
    arranged();
  });
}
