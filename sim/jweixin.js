// A stand-in for the JS-SDK (jweixin). wx.config is checked by the simulator
// as WeChat checks it: signature over the current ticket and this page's
// public address. Calls go through the client around the frame.
(() => {
  "use strict";
  const sim = window.__wechatSim;
  if (!sim || window.wx?.config) return;
  const state = { settled: null, allowed: new Set(), tags: new Set(), ready: [], error: [], debug: false };
  const images = new Map(); // localId → Blob

  // finish runs the callbacks of one call, as the real SDK does.
  const finish = (name, opt, res, outcome) => {
    res.errMsg = `${name}:${outcome}`;
    if (state.debug) console.info("wx", res.errMsg, res);
    const f = outcome === "ok" ? opt.success : outcome === "cancel" ? opt.cancel : opt.fail;
    f?.(res);
    opt.complete?.(res);
    return res;
  };

  // api wraps run with the checks that every call passes; free ones need no config.
  const api = (name, run, { free = false } = {}) => async (opt = {}) => {
    const done = (res, outcome) => finish(name, opt, res, outcome);
    if (!free) {
      if (state.settled !== "ok") return done({}, "fail, the permission value is offline verifying");
      if (!state.allowed.has(name)) return done({}, "permission denied");
    }
    try {
      const r = await run(opt);
      if (r?.cancel) return done({}, "cancel");
      if (r?.error) return done({}, `fail, ${r.error}`);
      return done(r ?? {}, "ok");
    } catch (err) {
      return done({}, `fail, ${err.message}`);
    }
  };

  // passed hands a reply of the client on, without its own fields.
  const passed = async (action, fields) => {
    const { ok, cancel, error, xunjia_sim: _, id: __, ...rest } = await sim.ask(action, fields);
    return ok ? rest : { cancel, error: error ?? (cancel ? undefined : "refused") };
  };

  const share = (target) => (opt) => {
    const data = { title: opt.title ?? document.title, desc: opt.desc ?? "", link: sim.toPublic(opt.link || location.href), imgUrl: opt.imgUrl ? new URL(opt.imgUrl, location.href).href : "" };
    sim.tell("share", { target, data });
    return {};
  };

  const blobOf = async (file) => file.blob ?? (await fetchData(file.data_url));
  const fetchData = async (dataURL) => {
    const [head, body] = dataURL.split(",", 2);
    const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
    return new Blob([bytes], { type: /^data:([^;,]+)/.exec(head)?.[1] ?? "application/octet-stream" });
  };

  const calls = {
    checkJsApi: api("checkJsApi", (o) => ({ checkResult: Object.fromEntries((o.jsApiList ?? []).map((n) => [n, n in calls])) }), { free: true }),
    updateAppMessageShareData: api("updateAppMessageShareData", share("friend")),
    updateTimelineShareData: api("updateTimelineShareData", share("timeline")),
    onMenuShareAppMessage: api("onMenuShareAppMessage", share("friend")),
    onMenuShareTimeline: api("onMenuShareTimeline", share("timeline")),
    chooseImage: api("chooseImage", async (o) => {
      const r = await passed("chooseImage", { count: o.count ?? 9, sourceType: o.sourceType, sizeType: o.sizeType });
      if (!r.files) return r;
      const localIds = [];
      for (const file of r.files) {
        const blob = await blobOf(file);
        const id = URL.createObjectURL(blob);
        images.set(id, blob);
        localIds.push(id);
      }
      return { localIds, sourceType: "album" };
    }),
    previewImage: api("previewImage", (o) => passed("previewImage", { current: o.current, urls: o.urls })),
    uploadImage: api("uploadImage", async (o) => {
      const blob = images.get(o.localId);
      if (!blob) return { error: "invalid localId" };
      const res = await fetch("/__wechat/upload", { method: "POST", body: blob });
      const body = await res.json();
      return res.ok ? { serverId: body.serverId, mediaUrl: "" } : { error: body.error };
    }),
    downloadImage: api("downloadImage", async (o) => {
      const res = await fetch("/__wechat/download?serverId=" + encodeURIComponent(o.serverId ?? ""));
      if (!res.ok) return { error: "invalid serverId" };
      const blob = await res.blob();
      const id = URL.createObjectURL(blob);
      images.set(id, blob);
      return { localId: id };
    }),
    getLocalImgData: api("getLocalImgData", (o) => new Promise((resolve) => {
      const blob = images.get(o.localId);
      if (!blob) { resolve({ error: "invalid localId" }); return; }
      const reader = new FileReader();
      reader.onload = () => resolve({ localData: reader.result });
      reader.readAsDataURL(blob);
    })),
    scanQRCode: api("scanQRCode", async (o) => {
      const r = await passed("scanQRCode", { needResult: o.needResult ?? 0, scanType: o.scanType });
      return "text" in r ? { resultStr: r.text } : r;
    }),
    getLocation: api("getLocation", async () => {
      const r = await passed("getLocation", {});
      return r.cancel || r.error ? r : { speed: "0", accuracy: "30", ...r };
    }),
    openLocation: api("openLocation", (o) => passed("openLocation", { latitude: o.latitude, longitude: o.longitude, name: o.name, address: o.address })),
    getNetworkType: api("getNetworkType", () => ({ networkType: "wifi" })),
    hideOptionMenu: api("hideOptionMenu", () => { sim.tell("menu", { hidden: ["*"] }); }),
    showOptionMenu: api("showOptionMenu", () => { sim.tell("menu", { hidden: [] }); }),
    hideMenuItems: api("hideMenuItems", (o) => { sim.tell("menu", { hidden: o.menuList ?? [] }); }),
    showMenuItems: api("showMenuItems", () => { sim.tell("menu", { hidden: [] }); }),
    hideAllNonBaseMenuItem: api("hideAllNonBaseMenuItem", () => { sim.tell("menu", { hidden: ["*"] }); }),
    showAllNonBaseMenuItem: api("showAllNonBaseMenuItem", () => { sim.tell("menu", { hidden: [] }); }),
    closeWindow: api("closeWindow", () => { sim.tell("close"); }, { free: true }),
    chooseWXPay: api("chooseWXPay", () => ({ error: "the simulator has no payment yet" })),
  };

  const config = async (opt = {}) => {
    state.debug = !!opt.debug;
    state.allowed = new Set(opt.jsApiList ?? []);
    state.tags = new Set(opt.openTagList ?? []);
    let errMsg = "config:fail";
    try {
      const res = await fetch("/__wechat/config", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ appId: opt.appId, timestamp: opt.timestamp, nonceStr: opt.nonceStr, signature: opt.signature, pages: [location.href, sim.entry] }),
      });
      errMsg = (await res.json()).errMsg ?? errMsg;
    } catch { /* stays config:fail */ }
    state.settled = errMsg === "config:ok" ? "ok" : "fail";
    state.res = { errMsg };
    if (state.settled === "ok") {
      state.ready.splice(0).forEach((f) => f(state.res));
    } else {
      console.error("wx.config:", errMsg);
      sim.tell("toast", { text: errMsg });
      if (state.debug) window.alert(JSON.stringify(state.res));
      state.error.splice(0).forEach((f) => f(state.res));
    }
  };

  // <wx-open-subscribe template="id,id">: asks for the permission to send
  // subscription notifications. Its look comes from scripts of the type
  // text/wxtag-template, one of them with slot="style".
  class OpenSubscribe extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      this.attachShadow({ mode: "open" });
      this.addEventListener("click", () => this.ask());
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.draw());
      else setTimeout(() => this.draw(), 0);
    }

    draw() {
      const parts = [...this.querySelectorAll('script[type="text/wxtag-template"], template')];
      this.shadowRoot.innerHTML = parts.map((p) => (p.content ? p.innerHTML : p.textContent)).join("");
      this.dispatchEvent(new CustomEvent("ready"));
    }

    fail(errMsg) {
      console.error("wx-open-subscribe:", errMsg);
      sim.tell("toast", { text: errMsg });
      this.dispatchEvent(new CustomEvent("error", { detail: { errMsg } }));
    }

    async ask() {
      if (state.settled !== "ok" || !state.tags.has("wx-open-subscribe")) return this.fail("subscribe:fail, permission denied");
      const res = await fetch("/__wechat/subscribe?template=" + encodeURIComponent(this.getAttribute("template") ?? ""));
      const about = await res.json();
      if (!res.ok) return this.fail("subscribe:fail, " + about.error);
      const asked = about.templates.filter((t) => !t.always);
      const r = asked.length ? await sim.ask("subscribe", { ...about, templates: asked }) : { ok: true, answers: {} };
      const status = (t) => (t.always ? "accept" : r.ok ? r.answers[t.id] ?? "reject" : "cancel");
      if (r.ok) {
        const chosen = (what) => about.templates.filter((t) => status(t) === what).map((t) => t.id);
        await fetch("/__wechat/subscribe", {
          method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ accept: chosen("accept"), reject: chosen("reject"), always: !!r.always }),
        });
      }
      const details = Object.fromEntries(about.templates.map((t) => [t.id, JSON.stringify({ status: status(t) })]));
      this.dispatchEvent(new CustomEvent("success", { detail: { errMsg: "subscribe:ok", subscribeDetails: JSON.stringify(details) } }));
    }
  }
  customElements.define("wx-open-subscribe", OpenSubscribe);

  window.wx = window.jWeixin = {
    config,
    // ready runs its function after a config that passed; at once when it has passed already.
    ready(f) { if (state.settled === "ok") f(state.res); else state.ready.push(f); },
    error(f) { if (state.settled === "fail") f(state.res); else state.error.push(f); },
    miniProgram: { getEnv: (f) => f({ miniprogram: false }) },
    ...calls,
  };
})();
