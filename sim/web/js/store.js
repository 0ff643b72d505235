// The client's picture of the simulator: state, chats and SMS, kept current by server-sent events.
// After a broken connection the state is read again and every loaded chat is filled up.

import { api } from "./api.js";
import { summary } from "./format.js";

const PAGE = 50;
const MAX_GAP_PAGES = 6;

export class Store extends EventTarget {
  constructor() {
    super();
    this.accounts = [];
    this.users = [];
    this.offset = 0; // simulated time minus this computer's time, milliseconds
    this.online = null;
    this.chats = new Map(); // "user app" -> {messages, more, loaded}
    this.smsSeen = new Map(); // phone -> number of SMS not looked at yet
    this.refreshTimer = 0;
    this.retry = 0;
  }

  /** now is the simulated time in Unix milliseconds. */
  now() { return Date.now() + this.offset; }

  user(id) { return this.users.find((u) => u.id === id); }
  account(appId) { return this.accounts.find((a) => a.app_id === appId); }
  chatOf(userId, appId) { return this.user(userId)?.chats?.[appId] ?? {}; }

  /** unread is the number of unread messages of a user over all accounts. */
  unread(userId) {
    return Object.values(this.user(userId)?.chats ?? {}).reduce((sum, c) => sum + (c.unread || 0), 0);
  }

  emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  /** on subscribes and returns the function that ends the subscription. */
  on(type, fn) {
    const listener = (e) => fn(e.detail);
    this.addEventListener(type, listener);
    return () => this.removeEventListener(type, listener);
  }

  async refresh() {
    const s = await api.state();
    this.accounts = s.accounts ?? [];
    this.users = (s.users ?? []).map((u) => ({ ...u, id: String(u.id), chats: u.chats ?? {} }));
    if (s.now) this.offset = s.now - Date.now();
    this.seed = s.seed;
    const stale = this.dropStale();
    const forgotten = stale || (s.sms_count ?? 0) < (this.smsCount ?? 0);
    this.smsCount = s.sms_count;
    this.emit("state");
    if (forgotten) {
      this.smsSeen.clear();
      this.emit("resync");
    }
  }

  // dropStale empties the logs of chats that the simulator knows nothing of any more, as after a reset.
  dropStale() {
    let dropped = false;
    for (const [key, log] of this.chats) {
      const [userId, appId] = key.split(" ");
      if (!log.loaded || !log.messages.length || this.chatOf(userId, appId).last_at) continue;
      Object.assign(log, { messages: [], more: false });
      dropped = true;
    }
    return dropped;
  }

  /** refreshSoon joins bursts of "state" events into one request. */
  refreshSoon() {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = setTimeout(() => this.refresh().catch(() => {}), 80);
  }

  /** connect opens the event stream and keeps it open. */
  connect() {
    const source = api.events();
    this.source = source;
    source.onopen = () => {
      this.retry = 0;
      const again = this.online !== null;
      this.setOnline(true);
      if (again) this.resync();
    };
    source.onmessage = (e) => {
      try { this.receive(JSON.parse(e.data)); } catch (err) { console.warn("event", err); }
    };
    source.onerror = () => {
      this.setOnline(false);
      if (source.readyState !== EventSource.CLOSED) return; // the browser retries by itself
      source.close();
      setTimeout(() => this.connect(), Math.min(10000, 500 * 2 ** this.retry++));
    };
  }

  setOnline(value) {
    if (this.online === value) return;
    this.online = value;
    this.emit("online", value);
  }

  receive(event) {
    const user = event.user == null ? "" : String(event.user);
    switch (event.kind) {
      case "message":
        if (event.message) this.incoming(user, event.app_id, event.message);
        break;
      case "sms":
        if (event.sms) {
          const seen = this.smsSeen.get(event.sms.phone) ?? 0;
          this.smsSeen.set(event.sms.phone, seen + 1);
          this.smsCount = (this.smsCount ?? 0) + 1;
          this.emit("sms", event.sms);
        }
        break;
      case "open":
        this.emit("open", { user, appId: event.app_id, url: event.url });
        break;
      default:
        this.refreshSoon();
    }
  }

  key(userId, appId) { return `${userId} ${appId}`; }

  log(userId, appId) {
    const key = this.key(userId, appId);
    if (!this.chats.has(key)) this.chats.set(key, { messages: [], more: true, loaded: false });
    return this.chats.get(key);
  }

  incoming(userId, appId, message) {
    const log = this.log(userId, appId);
    const fresh = this.merge(log, [message]);
    const user = this.user(userId);
    if (!user) return this.refreshSoon();
    const chat = (user.chats[appId] ??= {});
    const text = summary(message);
    if (text) chat.last_text = text;
    chat.last_at = message.at;
    if (fresh && message.from === "account") chat.unread = (chat.unread || 0) + 1;
    if (fresh) this.emit("message", { user: userId, appId, message });
    this.emit("state");
    if (fresh && message.from === "system") this.refreshSoon(); // follow and unfollow change more than the log
  }

  /** merge adds messages by id, keeps them in order and tells whether any was new. */
  merge(log, messages) {
    const known = new Map(log.messages.map((m, i) => [String(m.id), i]));
    let fresh = false;
    for (const m of messages) {
      const at = known.get(String(m.id));
      if (at === undefined) { known.set(String(m.id), log.messages.push(m) - 1); fresh = true; } else log.messages[at] = m;
    }
    if (fresh) log.messages.sort((a, b) => a.at - b.at || order(a.id, b.id));
    return fresh;
  }

  /** load reads the newest page of a chat, once. */
  async load(userId, appId) {
    const log = this.log(userId, appId);
    if (log.loaded) return log;
    const page = await api.messages(userId, appId, { limit: PAGE });
    this.merge(log, page.messages ?? []);
    log.more = !!page.more;
    log.loaded = true;
    return log;
  }

  /** older reads the page before the oldest message that is known. */
  async older(userId, appId) {
    const log = this.log(userId, appId);
    if (!log.more || !log.messages.length) return log;
    const page = await api.messages(userId, appId, { before: log.messages[0].id, limit: PAGE });
    this.merge(log, page.messages ?? []);
    log.more = !!page.more && (page.messages ?? []).length > 0;
    return log;
  }

  async resync() {
    try {
      await this.refresh();
      for (const [key, log] of this.chats) {
        if (!log.loaded) continue;
        const [userId, appId] = key.split(" ");
        if (!this.user(userId)) { this.chats.delete(key); continue; }
        if (log.messages.length && (this.chatOf(userId, appId).last_at ?? 0) < log.messages.at(-1).at) log.messages = []; // reset meanwhile
        await this.fillGap(userId, appId, log);
      }
      this.emit("resync");
      this.emit("state");
    } catch { /* offline again: the next open tries anew */ }
  }

  // fillGap pages back from the newest message until it meets one that is known.
  async fillGap(userId, appId, log) {
    const known = new Set(log.messages.map((m) => String(m.id)));
    const missing = [];
    let before;
    for (let i = 0; i < MAX_GAP_PAGES; i++) {
      const page = await api.messages(userId, appId, { before, limit: PAGE });
      const list = page.messages ?? [];
      missing.unshift(...list);
      if (!page.more || !list.length || list.some((m) => known.has(String(m.id)))) {
        if (!list.some((m) => known.has(String(m.id))) && known.size) log.messages = []; // the simulator was reset
        this.merge(log, missing);
        return;
      }
      before = list[0].id;
    }
    log.messages = []; // too much was missed: start over from the newest pages
    this.merge(log, missing);
    log.more = true;
  }

  /** markRead clears the badge here and in the simulator. */
  markRead(userId, appId) {
    const chat = this.user(userId)?.chats?.[appId];
    if (!chat?.unread) return;
    chat.unread = 0;
    this.emit("state");
    api.read(userId, appId).catch(() => {});
  }

  smsUnread(phone) { return this.smsSeen.get(phone) ?? 0; }

  markSMSRead(phone) {
    if (!this.smsSeen.get(phone)) return;
    this.smsSeen.set(phone, 0);
    this.emit("state");
  }

  /** publicURL turns an address of some user's in-app browser into the one of the developer's own site. */
  publicURL(url) {
    try {
      const u = new URL(url);
      for (const user of this.users) {
        for (const [appId, chat] of Object.entries(user.chats)) {
          const site = this.account(appId)?.web_url;
          if (site && chat.browser_url && new URL(chat.browser_url).origin === u.origin) return new URL(site).origin + u.pathname + u.search + u.hash;
        }
      }
    } catch { /* shown as it is */ }
    return url;
  }
}

function order(a, b) {
  const x = Number(a), y = Number(b);
  if (Number.isFinite(x) && Number.isFinite(y)) return x - y;
  return String(a) < String(b) ? -1 : 1;
}
