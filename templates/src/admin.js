// The console's pages work without this; htmx exchanges parts of them where
// that saves a reload: hx-get on filters and previews.
import htmx from "../vendor/htmx/htmx.esm.js";
import "./focus.js";

window.htmx = htmx;

// Inputs that were filled in wrongly come back with 422: show that answer too.
document.addEventListener("htmx:beforeSwap", event => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// The drawer of the navigation closes with Escape.
document.addEventListener("keydown", event => {
  const drawer = document.getElementById("drawer");
  if (event.key === "Escape" && drawer && drawer.checked) drawer.checked = false;
});

// Copies the text of an element: <button data-copy="#id">.
document.addEventListener("click", event => {
  const button = event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  const source = document.querySelector(button.dataset.copy);
  if (!source) return;
  navigator.clipboard.writeText(source.value || source.textContent).then(() => {
    const label = button.textContent;
    button.textContent = "已复制";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
});
