// What the SMS inbox and the control page share.

const said = document.getElementById("said");
let timer = 0;

/** say shows a sentence at the foot of the page for a moment. */
export function say(text, failed = false) {
  said.textContent = text;
  said.classList.toggle("said-bad", failed);
  said.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { said.hidden = true; }, Math.max(2200, text.length * 120));
}

/** showConnection updates the lamp in the page's head. */
export function showConnection(on) {
  const el = document.getElementById("connection");
  el.dataset.on = on;
  el.querySelector("span").textContent = on ? "已连接" : "正在重连…";
}
