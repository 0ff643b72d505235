// The simulator's JSON API. Every failure becomes an Error with a Chinese sentence.

const ROOT = new URL("/sim/api/", location.href);

async function call(method, path, body) {
  const init = { method, headers: { Accept: "application/json" } };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let res;
  try {
    res = await fetch(new URL(path, ROOT), init);
  } catch {
    throw new Error("连接不上模拟器，请确认它还在运行");
  }
  const text = await res.text();
  let data = null;
  try { data = text ? JSON.parse(text) : null; } catch { /* answered below */ }
  if (!res.ok) throw new Error(data?.error || `模拟器返回 ${res.status}`);
  return data ?? {};
}

const id = encodeURIComponent;
const chat = (user, app) => `users/${id(user)}/chats/${id(app)}`;

function upload(fields, file) {
  const form = new FormData();
  for (const [k, v] of Object.entries(fields)) form.set(k, v);
  form.set("file", file, file.name || "upload");
  return form;
}

export const api = {
  state: () => call("GET", "state"),
  events: () => new EventSource(new URL("events", ROOT)),
  messages: (user, app, { before, limit = 50 } = {}) =>
    call("GET", `${chat(user, app)}/messages?limit=${limit}${before ? `&before=${id(before)}` : ""}`),
  send: (user, app, message) => call("POST", `${chat(user, app)}/messages`, message),
  sendFile: (user, app, type, file) => call("POST", `${chat(user, app)}/messages`, upload({ type }, file)),
  follow: (user, app, scene) => call("POST", `${chat(user, app)}/follow`, scene ? { scene } : {}),
  unfollow: (user, app) => call("POST", `${chat(user, app)}/unfollow`, {}),
  read: (user, app) => call("POST", `${chat(user, app)}/read`, {}),
  location: (user, app, { lat, lng }) => call("POST", `${chat(user, app)}/location`, { lat, lng }),
  mute: (user, app, muted) => call("POST", `${chat(user, app)}/mute`, { muted }),
  menu: (user, app, path, extra = {}) => call("POST", `${chat(user, app)}/menu`, { path, ...extra }),
  open: (user, url, app) => call("POST", `users/${id(user)}/open`, { url, app_id: app ?? "" }),
  scanText: (user, text) => call("POST", `users/${id(user)}/scan`, { text }),
  scanFile: (user, file) => call("POST", `users/${id(user)}/scan`, upload({}, file)),
  /** decodeFile reads the QR code of a picture and does nothing else. */
  decodeFile: (user, file) => call("POST", `users/${id(user)}/scan?decode=1`, upload({}, file)),
  addUser: (nickname, phone) => call("POST", "users", { nickname, phone }),
  removeUser: (user) => call("DELETE", `users/${id(user)}`),
  sms: ({ phone = "", limit = 50 } = {}) => call("GET", `sms?limit=${limit}${phone ? `&phone=${id(phone)}` : ""}`),

  smsReply: (phone, text) => call("POST", "sms/reply", { phone, text }),

  requests: (limit = 100) => call("GET", `requests?limit=${limit}`),
  faults: () => call("GET", "faults"),
  addFault: (fault) => call("POST", "faults", fault),
  removeFault: (fault) => call("DELETE", `faults/${id(fault)}`),
  advance: (ms) => call("POST", "clock", { advance_ms: ms }),
  setQuota: (app_id, path, values) => call("POST", "quotas", { app_id, path, ...values }),
  quotas: () => call("GET", "quotas"),
  reset: () => call("POST", "reset", {}),
  accounts: () => call("GET", "accounts"),
  verifyAccount: (app) => call("POST", `accounts/${id(app)}/verify`, {}),
  saveAccount: (account) => call("POST", "accounts", account),
};
