// Pictures, large. Without this the link opens the picture itself; inside WeChat
// wx.js hands the tap to WeChat's own viewer as soon as its SDK is ready.
//   touch     swipe to the next, pinch or double tap to zoom, drag to move, drag down to close
//   mouse     wheel or double click to zoom, drag to move, the buttons
//   keyboard  arrows, Home, End, + - 0 for the zoom, Esc
// A tap beside the picture, the × and the phone's back button close it.
const able = typeof HTMLDialogElement === "function" && "PointerEvent" in window;
const make = (tag, attributes, ...children) => {
  const e = document.createElement(tag);
  Object.keys(attributes).forEach(k => e.setAttribute(k, attributes[k]));
  e.append(...children);
  return e;
};
const clamp = (n, low, high) => Math.max(low, Math.min(high, n));

const view = (links, first) => {
  const slides = links.map(a => {
    const img = make("img", { alt: a.querySelector("img").alt, draggable: "false" });
    const again = make("button", { type: "button" }, "重试");
    const slide = make("div", { class: "gallery-slide" }, img, make("p", { class: "gallery-broken" }, "图片没有打开 ", again));
    const load = () => { slide.className = "gallery-slide loading"; img.src = a.href; };
    img.addEventListener("load", () => { slide.className = "gallery-slide"; });
    img.addEventListener("error", () => { slide.className = "gallery-slide broken"; });
    again.addEventListener("click", load);
    return { a, img, slide, load: () => { if (!img.src) load(); } };
  });
  const button = (name, label, sign, act) => {
    const b = make("button", { type: "button", class: "gallery-" + name, "aria-label": label }, sign);
    b.addEventListener("click", act);
    return b;
  };
  const track = make("div", { class: "gallery-track" }, ...slides.map(s => s.slide));
  const count = make("span", { role: "status" });
  const prev = button("go prev", "上一张", "‹", () => go(at - 1)), next = button("go next", "下一张", "›", () => go(at + 1));
  const dialog = make("dialog", { class: "gallery", "aria-label": "查看图片", tabindex: "-1" },
    make("div", { class: "gallery-bar" }, count, button("close", "关闭", "×", () => dialog.close())), track);
  if (slides.length > 1) dialog.append(prev, next);

  let at = links.indexOf(first), scale = 1, x = 0, y = 0;
  const width = () => dialog.clientWidth, height = () => dialog.clientHeight;
  // Draws everything where it belongs, moved by what a finger is just doing.
  const draw = (dragX, dragY, live) => {
    track.classList.toggle("live", !!live);
    track.style.transform = `translate3d(${(dragX || 0) - at * width()}px,0,0)`;
    slides[at].img.style.transform = `translate3d(${x}px,${y + (dragY || 0)}px,0) scale(${scale})`;
    dialog.style.setProperty("--shade", 1 - Math.min(0.75, Math.abs(dragY || 0) / height()));
    dialog.classList.toggle("zoomed", scale > 1);
  };
  const keepInside = () => {
    const img = slides[at].img, roomX = Math.max(0, (img.offsetWidth * scale - width()) / 2), roomY = Math.max(0, (img.offsetHeight * scale - height()) / 2);
    x = clamp(x, -roomX, roomX);
    y = clamp(y, -roomY, roomY);
  };
  const most = () => { const img = slides[at].img; return clamp(img.naturalWidth / (img.offsetWidth || 1), 3, 6); };
  // Zooms so that what is at a point of the screen stays there.
  const zoom = (to, px, py, live) => {
    to = clamp(to, live ? 0.6 : 1, most());
    const cx = px - width() / 2, cy = py - height() / 2;
    x = cx - (cx - x) * to / scale;
    y = cy - (cy - y) * to / scale;
    scale = to;
    if (scale <= 1) x = y = 0; else keepInside();
    draw(0, 0, live);
  };
  const go = to => {
    slides[at].img.style.transform = "";
    at = clamp(to, 0, slides.length - 1);
    scale = 1;
    x = y = 0;
    [at, at + 1, at - 1].forEach(i => { if (slides[i]) slides[i].load(); });
    slides.forEach((s, i) => s.slide.setAttribute("aria-hidden", i !== at));
    const shows = slides[at].a.dataset.shows;
    count.textContent = (at + 1) + " / " + slides.length + (shows ? "　" + shows : "");
    prev.disabled = at === 0;
    next.disabled = at === slides.length - 1;
    draw();
  };

  // Fingers and the mouse. gesture is what the first movement turned out to mean.
  const down = new Map();
  let gesture = "", start = null, tap = null;
  const begin = () => {
    const p = Array.from(down.values());
    start = { x: p[0].x, y: p[0].y, atX: x, atY: y, time: Date.now(), scale };
    if (p.length > 1) {
      gesture = "pinch";
      start.apart = Math.hypot(p[0].x - p[1].x, p[0].y - p[1].y) || 1;
    }
  };
  track.addEventListener("pointerdown", e => {
    if (e.button || e.target.closest("button") || down.size > 1) return;
    track.setPointerCapture(e.pointerId);
    if (!down.size) { gesture = ""; tap = { target: e.target, last: tap && tap.ended }; }
    down.set(e.pointerId, { x: e.clientX, y: e.clientY });
    begin();
  });
  track.addEventListener("pointermove", e => {
    if (!down.has(e.pointerId)) return;
    down.set(e.pointerId, { x: e.clientX, y: e.clientY });
    const p = Array.from(down.values()), dx = p[0].x - start.x, dy = p[0].y - start.y;
    if (gesture === "pinch") {
      if (p.length > 1) zoom(start.scale * Math.hypot(p[0].x - p[1].x, p[0].y - p[1].y) / start.apart, (p[0].x + p[1].x) / 2, (p[0].y + p[1].y) / 2, true);
      return;
    }
    if (!gesture && Math.hypot(dx, dy) > 8) gesture = scale > 1 ? "move" : Math.abs(dx) > Math.abs(dy) ? "swipe" : dy > 0 ? "dismiss" : "nothing";
    if (gesture === "move") {
      x = start.atX + dx;
      y = start.atY + dy;
      keepInside();
      draw(0, 0, true);
    } else if (gesture === "swipe") {
      const end = dx > 0 && at === 0 || dx < 0 && at === slides.length - 1;
      draw(end ? dx / 3 : dx, 0, true);
    } else if (gesture === "dismiss") {
      draw(0, Math.max(0, dy), true);
    }
  });
  const tapped = e => {
    if (tap.target.tagName !== "IMG") return dialog.close();
    const near = tap.last && Date.now() - tap.last.time < 320 && Math.hypot(e.clientX - tap.last.x, e.clientY - tap.last.y) < 40;
    if (near) zoom(scale > 1 ? 1 : 2.5, e.clientX, e.clientY);
    tap.ended = near ? null : { time: Date.now(), x: e.clientX, y: e.clientY };
  };
  const up = e => {
    if (!down.delete(e.pointerId)) return;
    if (down.size) { // one finger of two is left: it moves the picture
      begin();
      gesture = "move";
      return;
    }
    const dx = e.clientX - start.x, dy = e.clientY - start.y, speed = 1 / Math.max(1, Date.now() - start.time), cancelled = e.type === "pointercancel";
    if (cancelled) draw();
    else if (!gesture) tapped(e);
    else if (gesture === "swipe" && (Math.abs(dx) > width() * 0.22 || Math.abs(dx) * speed > 0.45)) go(at - Math.sign(dx));
    else if (gesture === "dismiss" && (dy > 110 || dy * speed > 0.6)) dialog.close();
    else if (scale < 1) zoom(1, 0, 0);
    else draw();
  };
  track.addEventListener("pointerup", up);
  track.addEventListener("pointercancel", up);
  dialog.addEventListener("wheel", e => {
    e.preventDefault();
    zoom(scale * Math.exp(-clamp(e.deltaY, -200, 200) / 400), e.clientX, e.clientY);
  }, { passive: false });
  dialog.addEventListener("keydown", e => {
    const middle = by => zoom(by ? scale * by : 1, width() / 2, height() / 2);
    const act = {
      ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1), Home: () => go(0), End: () => go(slides.length - 1),
      "+": () => middle(1.5), "=": () => middle(1.5), "-": () => middle(1 / 1.5), 0: () => middle(0),
    }[e.key];
    if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    act();
  });

  // The back button closes the viewer: it has an entry of its own in the history.
  let wentBack = false;
  const back = () => { wentBack = true; dialog.close(); };
  const resized = () => { keepInside(); draw(); };
  dialog.addEventListener("close", () => {
    window.removeEventListener("popstate", back);
    window.removeEventListener("resize", resized);
    dialog.remove();
    if (!wentBack) history.back();
    first.focus({ preventScroll: true });
  });
  window.addEventListener("popstate", back);
  window.addEventListener("resize", resized);
  history.pushState({ gallery: true }, "");
  document.body.append(dialog);
  dialog.showModal();
  dialog.focus();
  go(at);
};

document.addEventListener("click", event => {
  const link = event.target.closest("a[data-lightbox]");
  if (!link || !able || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  view(Array.from((link.closest(".photos") || link.parentNode).querySelectorAll("a[data-lightbox]")), link);
});
