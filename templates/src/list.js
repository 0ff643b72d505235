// Lists that go on by themselves; every part is a page of its own as well.
const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const box = document.querySelector("[data-stream]");
const more = () => document.querySelector("[data-more]");
document.documentElement.classList.add("js");

// A row that says what is going on at the end of the list.
const say = (row, text, loading) => {
  row.textContent = text;
  row.classList.toggle("loading", !!loading);
  row.setAttribute("role", "status");
};

// Puts the next part below the ones that are there.
const join = page => {
  $("[data-stream] > [data-part]", page).forEach(part => {
    const same = box.querySelector("[data-part='" + part.dataset.part + "'] [data-items]");
    if (!same) return box.append(document.importNode(part, true));
    $("[data-items] > *", part).forEach(item => same.append(document.importNode(item, true)));
  });
};

let busy = false, watcher = null;
const load = () => {
  const row = more(), link = row && row.querySelector("a[rel=next]");
  if (busy || !link) return;
  busy = true;
  const href = link.href;
  say(row, "正在加载…", true);
  fetch(href, { credentials: "same-origin" }).then(answer => {
    if (!answer.ok) throw new Error(answer.status);
    return answer.text();
  }).then(text => {
    const page = new DOMParser().parseFromString(text, "text/html"), next = page.querySelector("[data-more]");
    if (!next) throw new Error("no list");
    join(page);
    row.replaceWith(document.importNode(next, true));
    busy = false;
    keep();
    watch();
  }).catch(() => {
    busy = false;
    say(row, "加载没有成功");
    const again = document.createElement("button"), next = document.createElement("a");
    again.type = "button";
    again.className = "btn small line";
    again.textContent = "再试一次";
    next.rel = "next";
    next.href = href;
    next.hidden = true;
    again.addEventListener("click", load);
    row.append(again, next);
  });
};

// The next part is fetched before its place is seen. A search that has looked at
// enough for now waits for a tap.
const watch = () => {
  if (watcher) watcher.disconnect();
  const row = more();
  if (!row || !window.IntersectionObserver || row.hasAttribute("data-manual") || !row.querySelector("a[rel=next]")) return;
  watcher = new IntersectionObserver(seen => { if (seen.some(s => s.isIntersecting)) { watcher.disconnect(); load(); } }, { rootMargin: "600px 0px" });
  watcher.observe(row);
};
document.addEventListener("click", event => {
  const link = event.target.closest("[data-more] a[rel=next]");
  if (!box || !link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  load();
});

// Back from a request: the parts are there again and the page stands where it
// stood, also when the browser has thrown it away meanwhile. What another person
// saw before is not shown.
const storage = (() => { try { return window.sessionStorage; } catch (e) { return null; } })();
const name = "list:" + location.pathname + location.search;
const who = () => (document.querySelector(".top-user") || {}).textContent;
let parts = 0;
const write = () => {
  const row = more();
  if (!storage || !box || !parts || busy || !row || row.querySelector("button")) return;
  try {
    storage.setItem(name, JSON.stringify({ list: box.innerHTML, more: row.outerHTML, parts, y: window.scrollY, at: Date.now(), who: who() }));
  } catch (e) { storage.removeItem(name); /* full */ }
};
const keep = () => { parts++; write(); };
const back = () => {
  const entry = performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
  return entry ? entry.type === "back_forward" : performance.navigation && performance.navigation.type === 2;
};
const restore = () => {
  let kept = null;
  try { kept = JSON.parse(storage.getItem(name)); } catch (e) { /* damaged */ }
  if (!kept || !more()) return;
  if (!back() || Date.now() - kept.at > 30 * 60 * 1000 || kept.who !== who()) return storage.removeItem(name);
  const page = new DOMParser().parseFromString(kept.more, "text/html");
  box.innerHTML = kept.list;
  more().replaceWith(document.importNode(page.querySelector("[data-more]"), true));
  parts = kept.parts;
  history.scrollRestoration = "manual";
  requestAnimationFrame(() => window.scrollTo(0, kept.y));
};
if (box) {
  if (storage) restore();
  window.addEventListener("pagehide", write);
  document.addEventListener("visibilitychange", () => { if (document.hidden) write(); });
  watch();
}

// Addresses of searches without what asks for nothing.
$("[data-search]").forEach(form => form.addEventListener("submit", () => {
  const empty = Array.from(form.elements).filter(f => f.name && !f.disabled && !f.value);
  empty.forEach(f => { f.disabled = true; });
  setTimeout(() => empty.forEach(f => { f.disabled = false; }), 0);
}));

// Goods by name, alias or initials, instead of looking through the select.
$("[data-narrow]").forEach(input => {
  const select = document.getElementById(input.dataset.narrow), found = input.parentNode.querySelector("[data-found]");
  let asked = "", timer = 0;
  const show = list => {
    found.textContent = "";
    list.slice(0, 12).forEach(goods => {
      const pick = document.createElement("button");
      pick.type = "button";
      pick.className = "pick";
      pick.textContent = goods.name;
      pick.addEventListener("click", () => { select.value = goods.id; input.value = ""; found.textContent = ""; select.focus(); });
      found.append(pick);
    });
    if (!list.length && asked) found.textContent = "没有这个品种";
  };
  const search = () => {
    const q = asked = input.value.trim();
    if (!q) return show([]);
    fetch("/categories/search?q=" + encodeURIComponent(q)).then(r => r.json()).then(list => { if (asked === q) show(list); }, () => {});
  };
  input.hidden = false;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  input.addEventListener("keydown", e => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    const first = found.querySelector("button");
    if (first) first.click();
  });
});

// The sheet of filters is an address of its own, so that "back" closes it.
let opened = false;
const shut = () => { if (opened) history.back(); else location.replace("#list"); };
document.addEventListener("click", event => {
  if (event.target.closest("a[href='#filters']")) opened = true;
  if (!event.target.closest(".filters-close, .filters-shade") || location.hash !== "#filters") return;
  event.preventDefault();
  shut();
});
document.addEventListener("keydown", event => { if (event.key === "Escape" && location.hash === "#filters") shut(); });
window.addEventListener("hashchange", () => { if (location.hash !== "#filters") opened = false; });
