// What WeChat's in-app browser adds to every page: its user agent,
// WeixinJSBridge, one window only, and reports to the client around the frame.
(() => {
  "use strict";
  if (window.__wechatSim) return;
  const me = document.currentScript;
  const publicOrigin = me?.dataset.public || location.origin;
  const agent = "Mozilla/5.0 (Linux; Android 14; SIM-10 Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile Safari/537.36 XWEB/1260183 MMWEBSDK/20240404 MicroMessenger/8.0.50.2701(0x28003252) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64";
  try { Object.defineProperty(navigator, "userAgent", { get: () => agent }); } catch { /* fixed by the browser */ }

  const framed = window.parent !== window;
  const waiting = new Map();
  let last = 0;

  const tell = (action, fields = {}) => { if (framed) window.parent.postMessage({ xunjia_sim: action, ...fields }, "*"); };

  // ask sends a request to the client and resolves with its reply:
  // {ok:true, …}, {ok:false, cancel:true} or {ok:false, error}.
  const ask = (action, fields = {}) => {
    if (!framed) return alone(action, fields);
    return new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      window.parent.postMessage({ xunjia_sim: action, id, ...fields }, "*");
    });
  };

  addEventListener("message", (e) => {
    if (e.source !== window.parent || e.data?.xunjia_sim !== "reply") return;
    waiting.get(e.data.id)?.(e.data);
    waiting.delete(e.data.id);
  });

  // alone plays the client when the page is opened in a tab of its own.
  const alone = async (action, f) => {
    switch (action) {
      case "chooseImage": return pick(f.count);
      case "previewImage": window.open(f.current || f.urls?.[0], "_blank"); return { ok: true };
      case "scanQRCode": {
        const text = window.prompt("二维码的内容");
        return text === null ? { ok: false, cancel: true } : { ok: true, text };
      }
      case "getLocation": {
        const at = await (await fetch("/__wechat/location")).json();
        return { ok: true, ...at };
      }
      case "subscribe": {
        const accepted = window.confirm(`${f.account} 申请发送通知：${f.templates.map((t) => t.title).join("、")}`);
        return { ok: true, answers: Object.fromEntries(f.templates.map((t) => [t.id, accepted ? "accept" : "reject"])), always: false };
      }
      default: return { ok: true };
    }
  };

  const pick = (count) => new Promise((resolve) => {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", multiple: count !== 1, hidden: true, id: "__wechat_file" });
    input.addEventListener("cancel", () => { input.remove(); resolve({ ok: false, cancel: true }); });
    input.addEventListener("change", () => {
      const files = [...input.files].slice(0, count || 9);
      input.remove();
      resolve({ ok: true, files: files.map((blob) => ({ name: blob.name, type: blob.type, size: blob.size, blob })) });
    });
    document.body.append(input);
    input.click();
  });

  const toPublic = (url) => {
    try {
      const full = new URL(url, location.href).href;
      return full.startsWith(location.origin) ? publicOrigin + full.slice(location.origin.length) : full;
    } catch { return url; }
  };

  window.__wechatSim = { ask, tell, toPublic, entry: location.href, framed };

  // Reports: address and title of the page. WeChat's own pages are no places to go back to.
  const own = /^\/connect\//.test(location.pathname);
  const report = () => (own ? tell("title", { title: document.title }) : tell("page", { url: location.href, title: document.title }));
  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function (...args) { const r = original.apply(this, args); report(); return r; };
  }
  addEventListener("popstate", report);
  addEventListener("hashchange", report);
  addEventListener("pageshow", report);
  const watchTitle = () => {
    report();
    const head = document.head;
    let shown = document.title;
    if (head) new MutationObserver(() => {
      if (document.title !== shown) tell("title", { title: shown = document.title });
    }).observe(head, { subtree: true, childList: true, characterData: true });
  };

  // One window: WeChat opens new windows in place; foreign origins leave the frame's origin.
  document.addEventListener("click", (e) => {
    const a = e.target.closest?.("a[href]");
    if (!a || e.defaultPrevented || !/^https?:$/.test(a.protocol)) return;
    if (a.origin === publicOrigin && a.origin !== location.origin) {
      e.preventDefault();
      location.href = a.href.slice(publicOrigin.length) || "/";
    } else if (a.target && a.target !== "_self") {
      a.target = "_self";
    }
  });
  window.open = (url) => { if (url) location.href = url; return window; };

  // WeixinJSBridge, as old pages and font-size fixes use it.
  const listeners = {};
  const handlers = {
    setFontSizeCallback: () => ({ err_msg: "setFontSizeCallback:ok" }),
    getNetworkType: () => ({ err_msg: "network_type:wifi" }),
    closeWindow: () => { tell("close"); return { err_msg: "close_window:ok" }; },
    hideOptionMenu: () => { tell("menu", { hidden: ["*"] }); return { err_msg: "hideOptionMenu:ok" }; },
    showOptionMenu: () => { tell("menu", { hidden: [] }); return { err_msg: "showOptionMenu:ok" }; },
    hideToolbar: () => ({ err_msg: "hideToolbar:ok" }),
    imagePreview: (p) => { ask("previewImage", { current: p.current, urls: p.urls }); return { err_msg: "imagePreview:ok" }; },
    getBrandWCPayRequest: () => ({ err_msg: "get_brand_wcpay_request:fail" }),
  };
  window.WeixinJSBridge = {
    invoke(name, params, done) {
      const run = handlers[name];
      const res = run ? run(params ?? {}) : { err_msg: `${name}:function not exist` };
      setTimeout(() => done?.(res), 0);
    },
    call(name) { this.invoke(name, {}); },
    on(name, f) { (listeners[name] ??= []).push(f); },
    publish() {},
    log() {},
  };
  const ready = () => {
    watchTitle();
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else setTimeout(ready, 0);
})();
