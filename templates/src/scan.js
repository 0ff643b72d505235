// A code for WeChat beside the form of a wide screen, and what became of it.
const json = url => fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } }).then(r => r.ok ? r.json() : Promise.reject(r));
const pause = 2000;

// Asks until something final has happened; hidden pages ask nothing.
const watch = (address, say) => {
  const ask = () => {
    if (document.hidden) return setTimeout(ask, pause);
    json(address).then(answer => {
      if (answer.next) return location.assign(answer.next);
      say(answer.state);
      if (answer.state === "waiting" || answer.state === "scanned") setTimeout(ask, pause);
    }, () => setTimeout(ask, 3 * pause));
  };
  setTimeout(ask, pause);
};

const words = {
  waiting: "打开微信“扫一扫”，扫描二维码",
  scanned: "已扫码，请在手机上点消息里的链接确认",
  refused: "您在手机上取消了",
  expired: "二维码已过期",
};

// The page of its own; without a script it loads itself again.
const page = document.querySelector("[data-scan-watch]");
if (page && page.dataset.scanWatch) {
  const text = page.querySelector("[data-scan-say]"), picture = page.querySelector(".scan-picture");
  let last = picture.classList.contains("done") ? "scanned" : "waiting";
  watch(page.dataset.scanWatch, state => {
    if (state === last) return;
    last = state;
    if (state === "expired" || state === "refused") return location.reload();
    text.textContent = words[state] || "";
    picture.classList.toggle("done", state === "scanned");
  });
}

// The panel on the login page: the code is asked for only where it is seen.
const panel = document.querySelector("[data-scan-panel]");
if (panel && matchMedia("(min-width: 900px)").matches) {
  const picture = panel.querySelector("img"), text = panel.querySelector("[data-scan-say]"), again = panel.querySelector("button");
  const show = () => {
    again.hidden = true;
    json(panel.dataset.scanPanel).then(code => {
      if (!code.picture) return;
      picture.src = code.picture;
      panel.hidden = false;
      panel.classList.remove("over");
      text.textContent = words[code.state] || words.waiting;
      watch(code.watch, state => {
        text.textContent = words[state] || "";
        const over = state === "expired" || state === "refused";
        panel.classList.toggle("over", over);
        again.hidden = !over;
      });
    }, () => { panel.hidden = true; });
  };
  again.addEventListener("click", show);
  show();
}
