// How times, messages and numbers read in the client.

const WEEK = ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"];
const two = (n) => String(n).padStart(2, "0");

/** hhmm formats Unix milliseconds as 09:05. */
export function hhmm(ms) {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** hms formats Unix milliseconds as 09:05:07. */
export function hms(ms) {
  return `${hhmm(ms)}:${two(new Date(ms).getSeconds())}`;
}

/** dateTime formats Unix milliseconds as 2026-03-05 09:05:07. */
export function dateTime(ms) {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${hms(ms)}`;
}

/** dayLine formats the launcher's date, 3月5日 星期四. */
export function dayLine(ms) {
  const d = new Date(ms);
  return `${d.getMonth() + 1}月${d.getDate()}日 ${WEEK[d.getDay()]}`;
}

function dayNumber(ms) {
  const d = new Date(ms);
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86400000);
}

function day(ms, now) {
  const d = new Date(ms);
  const ago = dayNumber(now) - dayNumber(ms);
  if (ago === 0) return "";
  if (ago === 1) return "昨天";
  if (ago > 1 && ago < 7) return WEEK[d.getDay()];
  const year = d.getFullYear() === new Date(now).getFullYear() ? "" : `${d.getFullYear()}年`;
  return `${year}${d.getMonth() + 1}月${d.getDate()}日`;
}

/** chatTime is the separator between bubbles: 09:05, 昨天 09:05, 星期三 09:05, 3月5日 09:05. */
export function chatTime(ms, now) {
  return `${day(ms, now)} ${hhmm(ms)}`.trim();
}

/** listTime is the short form in lists: 09:05 today, otherwise only the day. */
export function listTime(ms, now) {
  return ms ? day(ms, now) || hhmm(ms) : "";
}

/** phoneNumber groups a mobile number 3-4-4. */
export function phoneNumber(phone) {
  return String(phone ?? "").replace(/^(\d{3})(\d{4})(\d{4})$/, "$1 $2 $3");
}

const KINDS = { image: "[图片]", voice: "[语音]", video: "[视频]", shortvideo: "[视频]", music: "[音乐]", location: "[位置]", link: "[链接]", event: "" };

/** summary is the one-line preview of a message in lists and banners. */
export function summary(m) {
  switch (m.type) {
    case "text": case "event": return plainText(m.text ?? "");
    case "news": return m.articles?.[0]?.title ? `[图文] ${m.articles[0].title}` : "[图文]";
    case "template": return `[服务通知] ${m.template?.title ?? ""}`.trim();
    case "location": return `[位置] ${m.label ?? ""}`.trim();
    case "link": case "music": return `${KINDS[m.type]} ${m.title ?? ""}`.trim();
    default: return KINDS[m.type] ?? plainText(m.text ?? "");
  }
}

const ANCHOR = /<a\s[^>]*?href\s*=\s*["']([^"']*)["'][^>]*>([\s\S]*?)<\/a>/gi;
const ADDRESS = /https?:\/\/[^\s<>"'，。；：！？、（）【】《》“”‘’]+/gi;

/**
 * textParts cuts a message text into strings and links. The platform allows <a href="…">…</a> in texts
 * of accounts; plain addresses become links as well. Everything else stays text.
 */
export function textParts(text) {
  const parts = [];
  const plainRun = (run) => {
    let at = 0;
    for (const m of run.matchAll(ADDRESS)) {
      const url = m[0].replace(/[.,;:!?)\]}]+$/, "");
      if (m.index > at) parts.push(run.slice(at, m.index));
      parts.push({ url, text: url });
      at = m.index + url.length;
    }
    if (at < run.length) parts.push(run.slice(at));
  };
  let at = 0;
  for (const m of text.matchAll(ANCHOR)) {
    plainRun(text.slice(at, m.index));
    parts.push({ url: unescape(m[1]), text: plainText(m[2]) });
    at = m.index + m[0].length;
  }
  plainRun(text.slice(at));
  return parts;
}

/** plainText is a message text on one line, links reduced to their words. */
export function plainText(text) {
  return text.replace(ANCHOR, (_, __, inner) => inner).replace(/\s+/g, " ");
}

function unescape(url) {
  return url.replace(/&amp;/g, "&");
}

/** duration shows milliseconds as 38 ms or 1.2 s. */
export function duration(ms) {
  if (ms == null) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
}
