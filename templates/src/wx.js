// The JS-SDK inside WeChat: cards for friends, WeChat's own picture viewer and
// chooser, scanning, and asking for messages. Where it is absent or fails, the
// page stays as it is.
const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const meta = name => (document.querySelector(`meta[property="og:${name}"]`) || {}).content || "";
const here = () => location.href.split("#")[0];
const ios = /iPhone|iPad|iPod/.test(navigator.userAgent);
const apis = ["updateAppMessageShareData", "updateTimelineShareData", "previewImage", "chooseImage", "uploadImage", "scanQRCode"];

// WeChat on iOS checks the address at which the visitor entered; pages that were
// loaded as usual enter anew each time, those shown by history do not.
const entryKey = "wx-entry";
let entry = here();
try { entry = ios && sessionStorage.getItem(entryKey) || entry; sessionStorage.setItem(entryKey, entry); } catch (e) { /* private mode */ }

const share = wx => {
  const card = { title: meta("title"), desc: meta("description"), link: meta("url"), imgUrl: meta("image") };
  if (!card.title) return;
  wx.updateAppMessageShareData(card);
  wx.updateTimelineShareData({ title: card.title, link: card.link, imgUrl: card.imgUrl });
};

const preview = wx => document.addEventListener("click", event => {
  const link = event.target.closest && event.target.closest("a[data-lightbox]");
  if (!link) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  wx.previewImage({ current: link.href, urls: $("a[data-lightbox]", link.closest(".photos") || document).map(a => a.href) });
}, true);

const choose = wx => document.addEventListener("click", event => {
  const add = event.target.closest && event.target.closest(".thumb-add"), box = add && add.closest("[data-uploader]");
  if (!box || box.dataset.plain || box.dataset.files !== undefined) return; // WeChat's chooser knows no PDF
  event.preventDefault();
  const say = text => { box.querySelector(".field-error").textContent = text; box.classList.toggle("bad", !!text); };
  const room = Math.min(9, +box.dataset.max - $(".thumb", box).length + 1);
  const plain = () => { box.dataset.plain = "1"; add.querySelector("input").click(); };
  const send = id => new Promise((done, failed) => wx.uploadImage({ localId: id, isShowProgressTips: 1, success: r => done(r.serverId), fail: failed }))
    .then(serverId => {
      const body = new FormData(), form = box.closest("form");
      body.append("form_token", box.dataset.token || form.elements.form_token.value);
      body.append("server_id", serverId);
      return fetch("/media/wechat", { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json" } });
    })
    .then(r => r.json())
    .then(answer => {
      if (!answer.key) return say(answer.message || "上传没有成功，请再试一次");
      box.dispatchEvent(new CustomEvent("restore", { detail: answer.key }));
      const thumbs = $(".thumb:not(.thumb-add)", box);
      box.dispatchEvent(new CustomEvent("uploaded", { bubbles: true, detail: { key: answer.key, thumb: thumbs[thumbs.length - 1] } }));
    });
  say("");
  // uploadImage takes one at a time.
  wx.chooseImage({
    count: room, sizeType: ["compressed"],
    success: r => r.localIds.reduce((before, id) => before.then(() => send(id)), Promise.resolve()).catch(() => say("上传没有成功，请再试一次")),
    fail: plain,
  });
}, true);

const scan = wx => $("[data-wx-scan]").forEach(button => {
  button.hidden = false;
  button.addEventListener("click", () => wx.scanQRCode({
    needResult: 1, scanType: ["qrCode"],
    success: r => {
      const text = r.resultStr || "";
      let url = null;
      try { url = new URL(text); } catch (e) { /* no address */ }
      if (url && /^https?:$/.test(url.protocol)) location.assign(url.host === location.host ? url.pathname + url.search : url.href);
      else if (text) alert(text);
    },
  }));
});

// The card that asks whether the account may send a message. The open tag inside
// it is WeChat's: only a tap on it counts. Where WeChat does not know the tag,
// or the account may not use it, nobody is asked.
const asks = $("[data-wx-ask]");
const ask = () => asks.forEach(card => {
  const tag = card.querySelector("wx-open-subscribe");
  const say = (text, done) => { card.querySelector("[role=status]").textContent = text; tag.hidden = !!done; };
  tag.addEventListener("success", event => {
    let status = "";
    try { status = JSON.parse(JSON.parse(event.detail.subscribeDetails)[tag.getAttribute("template")]).status; } catch (e) { /* told nothing */ }
    if (status === "accept") say(card.dataset.yes, true);
    else if (status === "reject") say("好的，先不通知您。以后想收到通知，可以回到这个页面打开。", true);
    else if (status !== "cancel") say("没有开通成功，请稍后再试");
  });
  tag.addEventListener("error", () => say("没有开通成功，请稍后再试"));
  card.hidden = false;
});
document.addEventListener("WeixinOpenTagsError", () => asks.forEach(card => { card.hidden = true; }));

const configure = wx => {
  const address = "/wechat/jsconfig?url=" + encodeURIComponent(here()) + "&entry=" + encodeURIComponent(entry);
  fetch(address, { headers: { Accept: "application/json" } }).then(r => r.ok ? r.json() : Promise.reject(r)).then(signed => {
    const tries = ios ? [signed.entry, signed.url] : [signed.url, signed.entry];
    const next = () => {
      const c = tries.shift();
      if (c) wx.config(Object.assign({ debug: false, jsApiList: apis, openTagList: asks.length ? ["wx-open-subscribe"] : [] }, c));
    };
    wx.error(next);
    wx.ready(() => { tries.length = 0; [share, preview, choose, scan, ask].forEach(use => use(wx)); });
    next();
  }).catch(() => {});
};

const sdk = document.querySelector("script[data-wx-sdk]");
if (window.wx && window.wx.config) configure(window.wx);
else if (sdk) sdk.addEventListener("load", () => window.wx && window.wx.config && configure(window.wx));
