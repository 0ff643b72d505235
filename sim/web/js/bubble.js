// One message as a row of the chat: bubbles, cards, system lines.

import { h, button, icon, avatar, safeSrc } from "./dom.js";
import { textParts } from "./format.js";
import { mapArt } from "./map.js";

const MENU_LINK = "weixin://bizmsgmenu";

/**
 * renderMessage draws a message. ctx: {user, account, open(url), say(text, menuId), view(kind, src, message),
 * place(message), retry(message)}.
 */
export function renderMessage(m, ctx) {
  const row = h("div", { class: `msg msg-${m.type}`, testid: "bubble", "data-id": m.id, "data-type": m.type, "data-from": m.from });
  if (m.from === "system" || m.type === "event") {
    row.classList.add("msg-line");
    row.append(h("span", {}, ...richText(m.text ?? "", ctx)));
  } else if (m.type === "template") row.append(templateCard(m, ctx));
  else if (m.type === "news" && m.articles?.length) row.append(newsCard(m, ctx));
  else {
    const mine = m.from === "user";
    row.classList.add(mine ? "mine" : "theirs");
    const who = mine ? { url: ctx.user.avatar_url } : { url: ctx.account.avatar_url, kind: "account" };
    row.append(avatar({ ...who, size: 40 }),
      h("div", { class: "msg-body" }, h("span", { class: "sr" }, mine ? "我：" : `${ctx.account.name}：`), (CONTENT[m.type] ?? CONTENT.text)(m, ctx)),
      h("span", { class: "msg-state" }, stateMark(m, ctx)));
  }
  if (m.note) row.append(h("p", { class: "msg-note" }, m.note));
  return row;
}

function stateMark(m, ctx) {
  if (m.status === "sending") return h("i", { class: "spinner", role: "img", "aria-label": "正在发送" });
  if (m.status !== "failed") return null;
  if (!m.retry) return h("span", { class: "failed", role: "img", "aria-label": "发送失败" }, "!");
  return button({ class: "failed", "aria-label": "发送失败，点按重发", title: "点按重发", onclick: () => ctx.retry(m) }, "!");
}

function richText(text, ctx) {
  return textParts(text).map((p) => {
    if (typeof p === "string") return p;
    if (p.url.startsWith(MENU_LINK)) return button({ class: "text-link", onclick: () => menuLink(p.url, ctx) }, p.text);
    if (!/^https?:/i.test(p.url)) return p.text;
    return h("a", { href: p.url, class: "text-link", testid: "text-link", rel: "noreferrer", onclick: (e) => { e.preventDefault(); ctx.open(p.url); } }, p.text);
  });
}

// A link of the click-menu message sends its content back as if the user had typed it.
function menuLink(url, ctx) {
  const q = new URLSearchParams(url.split("?")[1] ?? "");
  ctx.say(q.get("msgmenucontent") ?? "", q.get("msgmenuid"));
}

const CONTENT = {
  text: (m, ctx) => h("div", { class: "bubble" }, ...richText(m.text ?? "", ctx)),

  image: (m, ctx) => button({ class: "photo", "aria-label": "查看图片", onclick: () => ctx.view("image", m.media_url, m) }, picture(m.media_url ?? m.thumb_url, "图片")),

  voice: (m) => {
    const seconds = Math.max(1, Math.round(m.duration ?? 3));
    const el = button({ class: "bubble voice", "aria-label": `语音，${seconds}秒，点按播放`, style: { width: `${Math.min(200, 78 + seconds * 4)}px` } }, icon("voice", { size: 20 }), h("span", {}, `${seconds}"`));
    el.addEventListener("click", () => playSound(m.media_url, el));
    return h("div", {}, el, (m.text ?? m.recognition) && h("p", { class: "voice-text" }, m.text ?? m.recognition));
  },

  video: (m, ctx) => button({ class: "photo film", "aria-label": `播放视频${m.title ? `：${m.title}` : ""}`, onclick: () => ctx.view("video", m.media_url, m) },
    m.thumb_url ? picture(m.thumb_url, "视频") : h("span", { class: "film-blank" }, icon("video", { size: 36 })), h("span", { class: "film-play" }, icon("play", { size: 26 })), m.title && h("span", { class: "film-title" }, m.title)),

  shortvideo: (m, ctx) => CONTENT.video(m, ctx),

  music: (m) => {
    const play = button({ class: "music-play", "aria-label": `播放音乐${m.title ?? ""}` }, icon("play", { size: 22 }));
    play.addEventListener("click", () => playSound(m.media_url ?? m.url, play));
    return h("div", { class: "card music" }, m.thumb_url ? picture(m.thumb_url, "") : h("span", { class: "music-art" }, icon("note", { size: 26 })),
      h("div", { class: "music-text" }, h("b", {}, m.title || "音乐"), h("span", {}, m.description ?? "")), play);
  },

  location: (m, ctx) => button({ class: "card place", "aria-label": `位置：${m.label ?? ""}`, onclick: () => ctx.place(m) },
    h("span", { class: "place-text" }, h("b", {}, m.title || m.label || "位置"), h("span", {}, `${fixed(m.lat)}, ${fixed(m.lng)}`)), mapArt(m.lat, m.lng, { width: 240, height: 110 })),

  link: (m, ctx) => button({ class: "card link", onclick: () => ctx.open(m.url) }, h("b", {}, m.title || m.url),
    h("span", { class: "link-row" }, h("span", {}, m.description ?? ""), m.thumb_url ? picture(m.thumb_url, "") : h("span", { class: "link-thumb" }, icon("link", { size: 24 }))), h("span", { class: "link-foot" }, "链接")),
};

function templateCard(m, ctx) {
  const t = m.template ?? { title: m.title, lines: [] };
  const inner = [
    h("span", { class: "tpl-from" }, avatar({ url: ctx.account.avatar_url, kind: "account", size: 20 }), ctx.account.name),
    h("b", { class: "tpl-title" }, t.title || "服务通知"),
    h("span", { class: "tpl-lines" }, (t.lines ?? []).map((l) => h("span", { class: "tpl-line" }, l.label && h("span", { class: "tpl-label" }, l.label), h("span", { class: "tpl-value" }, l.value)))),
  ];
  if (!t.url) return h("div", { class: "wide tpl", testid: "template-card" }, inner);
  return button({ class: "wide tpl", testid: "template-card", onclick: () => ctx.open(t.url) }, inner, h("span", { class: "tpl-more", testid: "template-open" }, "查看详情", icon("chevron", { size: 16 })));
}

function newsCard(m, ctx) {
  const [first, ...rest] = m.articles;
  const cover = (a) => (a.pic_url ? picture(a.pic_url, "") : h("span", { class: "news-blank" }, icon("image", { size: 40 })));
  return h("div", { class: `wide news${rest.length ? " news-many" : ""}` },
    button({ class: "news-first", testid: "article-0", onclick: () => ctx.open(first.url) }, (first.pic_url || rest.length > 0) && h("span", { class: "news-cover" }, cover(first)), h("b", {}, first.title), !rest.length && first.description && h("span", { class: "news-desc" }, first.description)),
    rest.map((a, i) => button({ class: "news-item", testid: `article-${i + 1}`, onclick: () => ctx.open(a.url) }, h("span", {}, a.title), a.pic_url && picture(a.pic_url, ""))));
}

function picture(url, alt) {
  const src = safeSrc(url);
  const broken = () => h("span", { class: "broken", role: "img", "aria-label": "图片加载失败" }, icon("image", { size: 32 }));
  if (!src) return broken();
  const img = h("img", { alt, src, decoding: "async", draggable: "false" });
  img.addEventListener("error", () => img.replaceWith(broken()), { once: true });
  return img;
}

let sound = null;

function playSound(url, el) {
  const src = safeSrc(url);
  const again = sound?.el === el;
  sound?.stop();
  if (again || !src) return;
  const audio = new Audio(src);
  const stop = () => { audio.pause(); el.classList.remove("playing"); sound = null; };
  sound = { el, stop };
  el.classList.add("playing");
  audio.addEventListener("ended", stop);
  const refuse = () => { stop(); el.title = "浏览器不能播放这种格式"; el.classList.add("mute"); };
  audio.addEventListener("error", refuse);
  audio.play().catch(refuse);
}

function fixed(n) { return Number(n ?? 0).toFixed(5); }
