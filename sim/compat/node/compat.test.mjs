// Drives `xunjia sim` with co-wechat-api and co-wechat-oauth, changed in nothing
// but the host. XUNJIA names the program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, writeFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import API from "co-wechat-api";
import OAuth from "co-wechat-oauth";

const APP = "wx51a0000000000001";
const SECRET = "51a00000000000000000000000000001";
const TEMPLATE = "simTemplate00000000000000000000000000000001";
const WEB = "http://127.0.0.1:9"; // nothing listens: only its name matters
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");

let sim, base, api, oauth, openid, folder;

before(async () => {
  sim = spawn(process.env.XUNJIA, ["sim", "--listen", "127.0.0.1:0", "--web-url", WEB], { stdio: ["ignore", "pipe", "inherit"] });
  base = await new Promise((resolve, reject) => {
    let said = "";
    sim.stdout.on("data", (chunk) => {
      said += chunk;
      const found = /(http:\/\/[^\s/]+)\/sim\//.exec(said);
      if (found) resolve(found[1]);
    });
    sim.on("error", reject);
    sim.on("exit", (code) => reject(new Error(`xunjia sim ended with ${code}: ${said}`)));
  });
  folder = await mkdtemp(path.join(tmpdir(), "xunjia-compat-"));
  api = client(SECRET);
  oauth = new OAuth(APP, SECRET);
  const request = oauth.request;
  oauth.request = (url, options) => request.call(oauth, url.replace("https://api.weixin.qq.com", base), options);
  await user("chats/" + APP + "/follow", {});
  openid = (await state()).users[0].chats[APP].openid;
});

after(async () => {
  sim?.removeAllListeners("exit");
  sim?.kill();
  if (folder) await rm(folder, { recursive: true });
});

// client is the SDK with its addresses on the simulator: every one of them is a
// public field that its documentation lets one set.
function client(secret) {
  const c = new API(APP, secret);
  c.prefix = c.mpPrefix = c.fileServerPrefix = base + "/cgi-bin/";
  c.snsPrefix = base + "/sns/";
  return c;
}

const json = async (res) => {
  const body = await res.json();
  assert.equal(res.status, 200, JSON.stringify(body));
  return body;
};
const get = async (where) => json(await fetch(base + where));
const post = async (where, body) => json(await fetch(base + where, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
const state = () => get("/sim/api/state");
/** user is the first user doing something on his phone. */
const user = (what, body) => post("/sim/api/users/u1/" + what, body);
const lastMessage = async () => (await get(`/sim/api/users/u1/chats/${APP}/messages?limit=1`)).messages[0];
const code = (number) => (err) => err.name === "WeChatAPIError" && err.code === number && / rid: /.test(err.message);

test("token", async () => {
  const token = await api.getAccessToken();
  assert.ok(token.accessToken.length > 100);
  await assert.rejects(client("wrong").getAccessToken(), code(40125));
});

test("a token that became invalid is fetched again by the SDK", async () => {
  await api.getAccessToken();
  await api.saveToken({ ...(await api.getToken()), accessToken: "stale" });
  assert.equal((await api.getFollowers()).total, 1);
});

test("menu", async () => {
  const menu = { button: [{ type: "click", name: "今日行情", key: "TODAY" }, { name: "我的", sub_button: [{ type: "view", name: "订单", url: WEB + "/orders" }] }] };
  assert.equal((await api.createMenu(menu)).errmsg, "ok");
  assert.equal((await api.getMenu()).menu.button[1].sub_button[0].url, WEB + "/orders");
  assert.equal((await state()).users[0].chats[APP].menu.button[0].name, "今日行情");
  await assert.rejects(api.createMenu({ button: [] }), code(40016));
  await api.removeMenu();
  await assert.rejects(api.getMenu(), code(46003));
});

test("template message", async () => {
  const data = { character_string1: { value: "D20260101" }, phrase2: { value: "已发货" }, time3: { value: "2026-01-01 10:00" }, thing4: { value: "顺丰" } };
  const sent = await api.sendTemplate(openid, TEMPLATE, WEB + "/orders/1", "", data);
  assert.ok(sent.msgid);
  assert.equal((await lastMessage()).template.lines[0].value, "D20260101");
  await assert.rejects(api.sendTemplate(openid, "nothing", "", "", data), code(40037));
  await assert.rejects(api.sendTemplate("nobody", TEMPLATE, "", "", data), code(40003));
  await assert.rejects(api.sendTemplate(openid, TEMPLATE, "", "", { ...data, time3: { value: "马上" } }), code(47003));
});

test("user info", async () => {
  const info = await api.getUser(openid);
  assert.equal(info.subscribe, 1);
  assert.equal(info.openid, openid);
  assert.equal((await api.batchGetUsers([openid])).user_info_list[0].unionid, info.unionid);
  await assert.rejects(api.getUser("nobody"), code(40003));
});

test("QR code", async () => {
  const made = await api.createTmpQRCode("desk-7", 600);
  assert.equal(made.expire_seconds, 600);
  const picture = await fetch(api.showQRCodeURL(made.ticket));
  assert.match(picture.headers.get("content-type"), /^image\//);
  const scanned = await post("/sim/api/users/u2/scan", { text: made.url });
  assert.equal(scanned.kind, "account");
  assert.equal((await api.getUser((await state()).users[1].chats[APP].openid)).qr_scene_str, "desk-7");
  await assert.rejects(api.createTmpQRCode("x".repeat(65), 600), code(40053));
});

test("OAuth", async () => {
  const link = oauth.getAuthorizeURL(WEB + "/back", "s1", "snsapi_userinfo");
  const { open } = await user("open", { url: link });
  const page = await (await fetch(open)).text();
  const query = /name="query" value="([^"]*)"/.exec(page)[1].replaceAll("&amp;", "&");
  const answer = await fetch(new URL("/connect/oauth2/authorize", open), { method: "POST", redirect: "manual", body: new URLSearchParams({ query, answer: "allow" }) });
  const back = new URL(answer.headers.get("location"), open);
  assert.equal(back.searchParams.get("state"), "s1");
  const { data } = await oauth.getAccessToken(back.searchParams.get("code"));
  assert.equal(data.openid, openid);
  assert.equal((await oauth.getUser(openid)).nickname, "王采购");
  await assert.rejects(oauth.getAccessToken(back.searchParams.get("code")), code(40163));
  await assert.rejects(oauth.getAccessToken("wrong"), code(40029));
});

test("custom message", async () => {
  await user(`chats/${APP}/messages`, { type: "text", text: "在吗" });
  await api.sendText(openid, "在的，请讲");
  assert.equal((await lastMessage()).text, "在的，请讲");
  await post("/sim/api/clock", { advance_ms: 49 * 3600 * 1000 });
  await assert.rejects(api.sendText(openid, "还在吗"), code(45015));
});

test("material", async () => {
  const good = path.join(folder, "a.png"), bad = path.join(folder, "a.txt");
  await writeFile(good, PNG);
  await writeFile(bad, "no picture");
  const kept = await api.uploadMaterial(good, "image");
  assert.match(kept.url, /^http/);
  assert.deepEqual(await api.getMaterial(kept.media_id), PNG);
  await assert.rejects(api.uploadMaterial(bad, "image"), code(40005));
  const passing = await api.uploadMedia(good, "image");
  assert.deepEqual(await api.getMedia(passing.media_id), PNG);
  await assert.rejects(api.getMedia("nothing"), code(40007));
});

test("JS ticket", async () => {
  const url = WEB + "/orders?id=1";
  const config = await api.getJsConfig({ debug: false, jsApiList: ["chooseImage"], url });
  const phone = (await state()).users[0].browser_url;
  const check = async (c) => (await json(await fetch(phone + "/__wechat/config", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...c, pages: [url] }) }))).errMsg;
  assert.equal(await check(config), "config:ok");
  assert.equal(await check({ ...config, nonceStr: "another" }), "config:invalid signature");
  await assert.rejects(api.getTicket("nothing"), (err) => err.name === "WeChatAPIError" && err.code > 0);
});

test("a scripted failure", async () => {
  await post("/sim/api/faults", { path: "/cgi-bin/user/info", kind: "errcode", errcode: 45009, count: 1 });
  await assert.rejects(api.getUser(openid), code(45009));
  assert.equal((await api.getUser(openid)).openid, openid);
});
