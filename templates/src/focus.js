// The point that crops keep in view: tap or drag on the picture, with a preview
// of both crops as the server will cut them. Without this there are two numbers.
const clamp = (n, low, high) => Math.max(low, Math.min(high, n));

document.querySelectorAll("[data-focus-editor]").forEach(form => {
  const box = form.querySelector("[data-focus-picture]"), picture = box.querySelector("img"), point = box.querySelector("[data-focus-point]");
  const fields = { x: form.elements.x, y: form.elements.y }, centre = form.querySelector("[data-focus-centre]");
  const was = fields.x.value + " " + fields.y.value;
  const read = axis => clamp(Math.round(+fields[axis].value || 0), 0, 1000);
  const crop = (frame, ratio, live) => {
    const img = frame.querySelector("img"), w = picture.naturalWidth, h = picture.naturalHeight;
    if (!live || !w) return;
    if (img.src !== picture.src) img.src = picture.src;
    frame.classList.add("live");
    const cw = Math.min(w, h * ratio), ch = cw / ratio, zoom = frame.clientWidth / cw;
    img.style.width = w * zoom + "px";
    img.style.left = -clamp(read("x") / 1000 * w - cw / 2, 0, w - cw) * zoom + "px";
    img.style.top = -clamp(read("y") / 1000 * h - ch / 2, 0, h - ch) * zoom + "px";
  };
  const show = () => {
    point.hidden = false;
    point.style.left = read("x") / 10 + "%";
    point.style.top = read("y") / 10 + "%";
    const live = fields.x.value + " " + fields.y.value !== was || !!form.querySelector(".crop-box.live");
    crop(form.querySelector("[data-crop=pc]"), 4 / 3, live);
    crop(form.querySelector("[data-crop=mobile]"), 1, live);
  };
  const choose = (x, y) => { fields.x.value = x; fields.y.value = y; show(); };
  const at = e => {
    const r = picture.getBoundingClientRect();
    choose(clamp(Math.round((e.clientX - r.left) / r.width * 1000), 0, 1000), clamp(Math.round((e.clientY - r.top) / r.height * 1000), 0, 1000));
  };
  let dragging = false;
  box.addEventListener("pointerdown", e => {
    if (e.button) return;
    e.preventDefault();
    dragging = true;
    box.setPointerCapture(e.pointerId);
    at(e);
  });
  box.addEventListener("pointermove", e => { if (dragging) at(e); });
  ["pointerup", "pointercancel"].forEach(type => box.addEventListener(type, () => { dragging = false; }));
  form.addEventListener("input", show);
  centre.hidden = false;
  centre.addEventListener("click", () => choose(500, 500));
  window.addEventListener("resize", show);
  if (picture.complete) show(); else picture.addEventListener("load", show);
});
