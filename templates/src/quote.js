// The quote form: three steps on a phone, what the price comes to, a check of
// what was typed, and sending that survives a bad line.
const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const make = (tag, text) => { const e = document.createElement(tag); e.textContent = text; return e; };
const number = text => parseFloat(String(text).replace(/[，,￥¥\s]/g, "")) || 0;
const money = n => n.toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

$("form[data-steps]").forEach(form => {
  const value = name => { const f = form.elements[name]; return f ? f.value : ""; };
  const says = name => { const f = $("[name=" + name + "]:checked", form)[0]; return f ? f.dataset.says : ""; };
  const landed = form.querySelector("[data-landed]"), above = form.querySelector("[data-above]");
  const unit = () => value("unit") || landed.dataset.unit;
  const grams = () => { const s = form.elements.unit; return s && s.options ? +s.options[s.selectedIndex].dataset.grams : 0; };

  // What a unit of the line costs the buyer: told, never refused.
  const comesTo = () => {
    const d = landed.dataset, ratio = grams() ? +d.grams / grams() : 1, kind = value("kind"), price = number(value("price")) * ratio;
    let all = price;
    if (kind === "0" && d.invoice !== undefined) all *= 1 + number(value("tax_rate")) / 100;
    if (kind !== "2") {
      const available = number(value("available")) / ratio;
      all += number(value("freight")) / Math.max(0.001, Math.min(+d.quantity, available || +d.quantity));
    }
    return { price, all };
  };
  const tell = () => {
    const c = comesTo(), d = landed.dataset, kind = value("kind");
    $("[data-for-kind]", form).forEach(f => { f.hidden = f.dataset.forKind.split(" ").indexOf(kind) < 0; });
    $("[data-offer-unit]", form).forEach(s => { s.textContent = unit(); });
    landed.hidden = !(c.price > 0);
    const same = unit() === d.unit && Math.abs(c.all - c.price) < 0.005;
    landed.textContent = (same ? "" : "折合到手价 " + money(c.all) + " 元/" + d.unit + "，") + d.quantity + d.unit + " 共 " + money(c.all * d.quantity) + " 元";
    if (above) above.hidden = !(c.price > parseFloat(d.cap));
  };

  const review = () => {
    const box = form.querySelector("[data-review]"), list = box.querySelector("dl"), row = (name, text) => { if (text) list.append(make("dt", name), make("dd", text)); };
    list.textContent = "";
    row("报价", number(value("price")) ? value("price") + " 元/" + unit() + "（" + says("kind") + "）" : "还没有填写");
    row("合计", landed.hidden ? "" : landed.textContent);
    row("可供数量", value("available") && value("available") + unit());
    row("起订量", value("min_quantity") && value("min_quantity") + unit());
    row("备货", value("lead_days") ? value("lead_days") + " 天" : "现货");
    row("质量", value("quality"));
    row("照片", $(".thumb input[type=hidden]", form).length + " 张");
    box.hidden = false;
  };

  const changed = () => { tell(); review(); };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  changed();

  const steps = $("[data-step]", form), marks = form.querySelector("[data-step-marks]"), small = window.matchMedia("(max-width: 899px)");
  const button = name => form.querySelector("[data-step-" + name + "]");
  let at = Math.max(0, steps.findIndex(s => s.querySelector(".field.bad")));
  const show = moved => {
    const phone = small.matches;
    steps.forEach((s, i) => { s.hidden = phone && i !== at; });
    marks.hidden = !phone;
    $("li", marks).forEach((m, i) => { m.className = i < at ? "done" : i === at ? "now" : ""; if (i === at) m.setAttribute("aria-current", "step"); else m.removeAttribute("aria-current"); });
    button("next").hidden = !phone || at === steps.length - 1;
    button("back").hidden = !phone || at === 0;
    button("last").hidden = phone && at < steps.length - 1;
    const first = button("first");
    if (first) first.hidden = phone && at > 0;
    form.classList.toggle("later", phone && at > 0);
    if (moved) { marks.scrollIntoView({ block: "start" }); const f = steps[at].querySelector("h2"); f.tabIndex = -1; f.focus({ preventScroll: true }); }
  };
  const wrong = (name, text) => {
    const e = document.getElementById(name + "-error"), field = e.closest(".field");
    e.textContent = text;
    field.classList.toggle("bad", !!text);
    if (text) form.elements[name].focus();
    return !text;
  };
  button("next").addEventListener("click", () => {
    if (at === 0 && !wrong("price", number(value("price")) > 0 ? "" : "请填写报价")) return;
    at++;
    show(true);
  });
  button("back").addEventListener("click", () => { at--; show(true); });
  small.addEventListener("change", () => show());
  form.addEventListener("uploaded", review);
  show();

  // Sent again and again on a bad line: the same offer counts once. What is wrong
  // with it is shown by sending it as the browser does.
  const lost = form.querySelector("[data-lost]"), last = button("last");
  const say = text => { lost.hidden = !text; lost.lastElementChild.textContent = text; };
  form.addEventListener("submit", event => {
    const stuck = steps.findIndex(s => s.querySelector(".thumb.loading, .thumb.failed"));
    if (event.defaultPrevented && stuck >= 0 && small.matches) { at = stuck; show(true); }
    if (event.defaultPrevented || !window.fetch || form.dataset.plain !== undefined) return;
    event.preventDefault();
    if (form.dataset.sending !== undefined) return;
    form.dataset.sending = "";
    last.classList.add("busy");
    const body = new FormData(form);
    body.set("do", "quote");
    let tries = 0;
    const free = () => { delete form.dataset.sending; last.classList.remove("busy"); };
    const plain = () => { free(); form.dataset.plain = ""; last.click(); };
    const send = () => fetch(form.action, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json" } }).then(r => {
      if (!r.ok) return plain();
      return r.json().then(answer => { location.href = answer.next; }, plain);
    }, () => {
      if (++tries > 5) { free(); say("网络不通，报价还没有提交。填写的内容都在，网络恢复后再点一次提交。"); return; }
      say("网络不太好，正在第 " + tries + " 次重试……");
      setTimeout(send, Math.min(8000, 500 * Math.pow(2, tries)));
    });
    send();
  });
});
