package sim

import (
	"bytes"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw fetches an answer that is not JSON.
func (w *world) raw(path string, body any) (*http.Response, []byte) {
	w.t.Helper()
	method, r := http.MethodGet, io.Reader(nil)
	if body != nil {
		data, _ := json.Marshal(body)
		method, r = http.MethodPost, bytes.NewReader(data)
	}
	req, _ := http.NewRequestWithContext(w.t.Context(), method, w.s.URL()+path, r)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp, data
}

// upload sends a file to a media interface.
func (w *world) upload(path, name string, data []byte, fields m) m {
	w.t.Helper()
	body, kind := multipartBody(w.t, fields, "media", name, data)
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	resp, err := http.Post(w.s.URL()+path+sep+"access_token="+w.token(), kind, body)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := m{}
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// The spans and counts of customer-service messages.
func TestCustomerWindows(t *testing.T) {
	w := newWorld(t, Plain)
	w.ok("/cgi-bin/menu/create", m{"button": []m{{"name": "a", "type": "click", "key": "k"}}})
	send := func() int {
		return code(w.api("/cgi-bin/message/custom/send", m{"touser": w.openID("u1"), "msgtype": "text", "text": m{"content": "您好"}}))
	}
	times := func(n, want int) {
		t.Helper()
		for i := range n {
			if got := send(); got != want {
				t.Errorf("send %d: %d, want %d", i+1, got, want)
			}
		}
	}
	w.follow("u1")
	times(3, 0) // subscribing: 3 in a minute
	times(1, 45047)
	w.s.Advance(time.Minute)
	times(1, 45015)
	w.chat("u1", "messages", m{"type": "text", "text": "在吗"})
	times(5, 0)
	times(1, 45047)
	w.chat("u1", "menu", m{"path": []int{0}})
	times(3, 0)
	times(1, 45047)
	w.s.Advance(47 * time.Hour)
	w.chat("u1", "messages", m{"type": "text", "text": "还在"}) // renews span and count
	w.s.Advance(47 * time.Hour)
	times(5, 0)
	w.s.Advance(time.Hour)
	times(1, 45015)
	w.chat("u1", "messages", m{"type": "text", "text": "又来"})
	w.chat("u1", "unfollow", m{})
	times(1, 45015)
}

func TestTyping(t *testing.T) {
	w := newWorld(t, Plain)
	typing := func(command string) int {
		return code(w.api("/cgi-bin/message/custom/typing", m{"touser": w.openID("u1"), "command": command}))
	}
	if got := typing("Typing"); got != 45080 {
		t.Errorf("without a word: %d", got)
	}
	w.follow("u1")
	w.chat("u1", "messages", m{"type": "text", "text": "在吗"})
	for _, step := range []struct {
		command string
		want    int
	}{{"Typing", 0}, {"Typing", 45081}, {"CancelTyping", 0}, {"Typing", 0}, {"Dance", 45072}} {
		if got := typing(step.command); got != step.want {
			t.Errorf("%s: %d, want %d", step.command, got, step.want)
		}
	}
	w.s.Advance(typingAfter)
	if got := typing("CancelTyping"); got != 45080 {
		t.Errorf("after half a minute: %d", got)
	}
}

// Scanning a code with a scene subscribes a stranger and reports SCAN for a fan;
// the picture is a real QR code.
func TestQRCodes(t *testing.T) {
	w := newWorld(t, Plain)
	out := w.ok("/cgi-bin/qrcode/create", m{"expire_seconds": 604800, "action_name": "QR_STR_SCENE", "action_info": m{"scene": m{"scene_str": "invite:7"}}})
	ticket := out["ticket"].(string)
	resp, picture := w.raw("/cgi-bin/showqrcode?ticket="+ticket, nil)
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil || resp.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("picture: %v", err)
	}
	if text, err := readQR(picture); err != nil || text != out["url"] {
		t.Errorf("the picture says %q, %v", text, err)
	}
	if got := w.client(http.MethodPost, "/users/u1/scan", m{"text": out["url"]}); got["kind"] != "account" || got["app_id"] != testApp {
		t.Errorf("scan: %v", got)
	}
	if p := w.push(); p.Event != "subscribe" || p.EventKey != "qrscene_invite:7" || p.Ticket != ticket {
		t.Errorf("%+v", p)
	}
	info := w.ok("/cgi-bin/user/info?openid="+w.openID("u1"), nil)
	if info["subscribe_scene"] != "ADD_SCENE_QR_CODE" || info["qr_scene_str"] != "invite:7" {
		t.Errorf("user/info: %v", info)
	}
	// The picture itself, uploaded by a fan.
	body, kind := multipartBody(t, nil, "file", "qr.png", picture)
	up, err := http.Post(w.s.URL()+"/sim/api/users/u1/scan", kind, body)
	if err != nil {
		t.Fatal(err)
	}
	up.Body.Close()
	if p := w.push(); p.Event != "SCAN" || p.EventKey != "invite:7" || p.Ticket != ticket {
		t.Errorf("%+v", p)
	}
	w.s.Advance(8 * 24 * time.Hour)
	if got := w.call(http.MethodPost, "/sim/api/users/u1/scan", m{"text": ticket}); got["error"] == nil {
		t.Error("an expired code was scanned")
	}
	for name, body := range map[string]m{
		"unknown action": {"action_name": "QR_X", "action_info": m{"scene": m{"scene_id": 1}}},
		"no scene":       {"action_name": "QR_SCENE", "action_info": m{}},
		"long scene":     {"action_name": "QR_STR_SCENE", "action_info": m{"scene": m{"scene_str": strings.Repeat("s", 65)}}},
		"large id":       {"action_name": "QR_LIMIT_SCENE", "action_info": m{"scene": m{"scene_id": 100001}}},
	} {
		if got := w.api("/cgi-bin/qrcode/create", body); code(got) != 40053 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTagsAndConditionalMenu(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	button := func(name string) []m { return []m{{"name": name, "type": "click", "key": "k"}} }
	id := w.ok("/cgi-bin/tags/create", m{"tag": m{"name": "供应商"}})["tag"].(m)["id"]
	menu := m{"button": button("专属"), "matchrule": m{"tag_id": id}}
	if got := w.api("/cgi-bin/menu/addconditional", menu); code(got) != 65303 {
		t.Errorf("without a default menu: %v", got)
	}
	w.ok("/cgi-bin/menu/create", m{"button": button("默认")})
	for want, rule := range map[int]m{65320: {"tag_id": id, "sex": "1"}, 65304: {}, 65318: {"tag_id": 999}} {
		if got := w.api("/cgi-bin/menu/addconditional", m{"button": button("x"), "matchrule": rule}); code(got) != want {
			t.Errorf("%v: %v, want %d", rule, got, want)
		}
	}
	menuID := w.ok("/cgi-bin/menu/addconditional", menu)["menuid"]
	shown := func() string {
		out := w.ok("/cgi-bin/menu/trymatch", m{"user_id": w.openID("u1")})
		return out["button"].([]any)[0].(m)["name"].(string)
	}
	if shown() != "默认" {
		t.Errorf("before tagging: %s", shown())
	}
	w.ok("/cgi-bin/tags/members/batchtagging", m{"openid_list": []string{w.openID("u1")}, "tagid": id})
	if shown() != "专属" {
		t.Errorf("after tagging: %s", shown())
	}
	if out := w.ok("/cgi-bin/tags/getidlist", m{"openid": w.openID("u1")}); len(out["tagid_list"].([]any)) != 1 {
		t.Errorf("getidlist: %v", out)
	}
	if out := w.ok("/cgi-bin/user/tag/get", m{"tagid": id}); out["count"] != json.Number("1") {
		t.Errorf("members: %v", out)
	}
	if got := w.ok("/cgi-bin/menu/get", nil); len(got["conditionalmenu"].([]any)) != 1 {
		t.Errorf("menu/get: %v", got)
	}
	w.ok("/cgi-bin/menu/delconditional", m{"menuid": menuID})
	if shown() != "默认" {
		t.Errorf("after deleting: %s", shown())
	}
	for want, body := range map[int]m{45157: {"tag": m{"name": "供应商"}}, 45158: {"tag": m{"name": strings.Repeat("长", 11)}}, 40035: {"tag": m{"name": ""}}} {
		if got := w.api("/cgi-bin/tags/create", body); code(got) != want {
			t.Errorf("create %v: %v", body, got)
		}
	}
	if got := w.api("/cgi-bin/tags/delete", m{"tag": m{"id": 2}}); code(got) != 45058 {
		t.Errorf("a system tag was deleted: %v", got)
	}
	if got := w.api("/cgi-bin/tags/members/batchtagging", m{"openid_list": []string{w.openID("u2")}, "tagid": id}); code(got) != 49003 {
		t.Errorf("a stranger was tagged: %v", got)
	}
	w.ok("/cgi-bin/tags/delete", m{"tag": m{"id": id}})
	if got := w.ok("/cgi-bin/get_current_selfmenu_info", nil); got["is_menu_open"] != json.Number("1") {
		t.Errorf("selfmenu: %v", got)
	}
	w.ok("/cgi-bin/menu/delete", nil)
	if got := w.api("/cgi-bin/menu/get", nil); code(got) != 46003 {
		t.Errorf("after delete: %v", got)
	}
}

func TestFans(t *testing.T) {
	w := newWorld(t, Plain, func(o *Options) {
		o.Accounts = append(o.Accounts, Account{AppID: "wxold", Secret: "s", OriginalID: "gh_old"})
	})
	w.follow("u1")
	w.s.Advance(time.Second)
	w.follow("u2")
	list := w.ok("/cgi-bin/user/get", nil)
	ids := list["data"].(m)["openid"].([]any)
	if list["total"] != json.Number("2") || ids[0] != w.openID("u1") || ids[1] != w.openID("u2") || list["next_openid"] != w.openID("u2") {
		t.Errorf("user/get: %v", list)
	}
	if rest := w.ok("/cgi-bin/user/get?next_openid="+w.openID("u1"), nil); rest["count"] != json.Number("1") {
		t.Errorf("second page: %v", rest)
	}
	if end := w.ok("/cgi-bin/user/get?next_openid="+w.openID("u2"), nil); end["count"] != json.Number("0") || end["next_openid"] != "" {
		t.Errorf("last page: %v", end)
	}
	w.ok("/cgi-bin/user/info/updateremark", m{"openid": w.openID("u1"), "remark": "老客户"})
	batch := w.ok("/cgi-bin/user/info/batchget", m{"user_list": []m{{"openid": w.openID("u1")}, {"openid": w.openID("u2")}}})
	if info := batch["user_info_list"].([]any)[0].(m); info["remark"] != "老客户" || info["unionid"] == "" {
		t.Errorf("batchget: %v", info)
	}
	// Migration: the old account's openids become this one's.
	w.s.mu.Lock()
	old := w.s.st.account("wxold").contacts["u1"]
	old.followed, old.everFollowed = true, true
	w.s.mu.Unlock()
	out := w.ok("/cgi-bin/changeopenid", m{"from_appid": "gh_old", "openid_list": []string{old.openID, "bad"}})["result_list"].([]any)
	if out[0].(m)["new_openid"] != w.openID("u1") || out[1].(m)["err_msg"] != "ori_openid error" {
		t.Errorf("changeopenid: %v", out)
	}
	if got := w.api("/cgi-bin/changeopenid", m{"from_appid": "wxother", "openid_list": []string{"x"}}); code(got) != 63178 {
		t.Errorf("unknown old account: %v", got)
	}
	w.chat("u1", "unfollow", m{})
	if info := w.ok("/cgi-bin/user/info?openid="+w.openID("u1"), nil); info["subscribe"] != json.Number("0") || info["remark"] != nil {
		t.Errorf("after unfollowing: %v", info)
	}
}

func TestMediaAndMaterial(t *testing.T) {
	w := newWorld(t, Plain)
	picture := identicon("p", 80)
	up := w.upload("/cgi-bin/media/upload?type=image", "a.png", picture, nil)
	id, _ := up["media_id"].(string)
	if id == "" || up["type"] != "image" {
		t.Fatalf("upload: %v", up)
	}
	get := func() (*http.Response, []byte) {
		return w.raw("/cgi-bin/media/get?media_id="+id+"&access_token="+w.token(), nil)
	}
	if _, data := get(); !bytes.Equal(data, picture) {
		t.Error("another picture came back")
	}
	w.s.Advance(mediaLife)
	if _, data := get(); !strings.Contains(string(data), "40007") {
		t.Errorf("after three days: %.60q", data)
	}
	for name, tt := range map[string]struct {
		kind, file string
		data       []byte
		want       int
	}{
		"unknown kind": {"dance", "a.png", picture, 40004}, "no picture": {"image", "a.png", []byte("text"), 40005},
		"large voice": {"voice", "a.amr", make([]byte, 2<<20+1), 40006}, "png thumb": {"thumb", "a.png", picture, 40005},
	} {
		if got := w.upload("/cgi-bin/media/upload?type="+tt.kind, tt.file, tt.data, nil); code(got) != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}

	cover := w.upload("/cgi-bin/material/add_material?type=image", "c.png", picture, nil)
	coverID := cover["media_id"].(string)
	w.s.Advance(30 * 24 * time.Hour)
	if _, data := w.raw("/cgi-bin/material/get_material?access_token="+w.token(), m{"media_id": coverID}); !bytes.Equal(data, picture) {
		t.Error("permanent material was lost")
	}
	if n := w.ok("/cgi-bin/material/get_materialcount", nil)["image_count"]; n != json.Number("1") {
		t.Errorf("count %v", n)
	}
	if l := w.ok("/cgi-bin/material/batchget_material", m{"type": "image", "offset": 0, "count": 20}); l["item_count"] != json.Number("1") {
		t.Errorf("list: %v", l)
	}

	article := m{"title": "行情", "content": "<p>黄芪走稳</p>", "thumb_media_id": coverID}
	draftID := w.ok("/cgi-bin/draft/add", m{"articles": []m{article}})["media_id"]
	if got := w.api("/cgi-bin/draft/add", m{"articles": []m{{"title": "x", "content": "y", "thumb_media_id": "none"}}}); code(got) != 40007 {
		t.Errorf("draft without a cover: %v", got)
	}
	job := w.ok("/cgi-bin/freepublish/submit", m{"media_id": draftID})["publish_id"]
	if p := w.push(); p.Event != "PUBLISHJOBFINISH" {
		t.Errorf("%+v", p)
	}
	done := w.ok("/cgi-bin/freepublish/get", m{"publish_id": job})
	if got := w.ok("/cgi-bin/freepublish/getarticle", m{"article_id": done["article_id"]}); got["news_item"].([]any)[0].(m)["title"] != "行情" {
		t.Errorf("article: %v", got)
	}
	link := done["article_detail"].(m)["item"].([]any)[0].(m)["article_url"].(string)
	resp, page := w.raw(strings.TrimPrefix(link, w.s.URL()), nil)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "黄芪走稳") {
		t.Errorf("article page: %d %.200s", resp.StatusCode, page)
	}
	w.ok("/cgi-bin/material/del_material", m{"media_id": coverID})
	if got := w.api("/cgi-bin/material/get_material", m{"media_id": coverID}); code(got) != 40007 {
		t.Errorf("deleted material: %v", got)
	}
}

func TestMass(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.follow("u2")
	out := w.ok("/cgi-bin/message/mass/sendall", m{"filter": m{"is_to_all": true}, "msgtype": "text", "text": m{"content": "放假通知"}, "clientmsgid": "c1"})
	if p := w.push(); p.Event != "MASSSENDJOBFINISH" || jsonNumber(p.MsgID) != out["msg_id"] || !strings.Contains(p.XML, "<SentCount>2</SentCount>") {
		t.Errorf("%+v", p)
	}
	if got := w.api("/cgi-bin/message/mass/sendall", m{"filter": m{"is_to_all": true}, "msgtype": "text", "text": m{"content": "放假通知"}, "clientmsgid": "c1"}); code(got) != 45065 {
		t.Errorf("the same clientmsgid: %v", got)
	}
	for range massPerMonth {
		w.ok("/cgi-bin/message/mass/send", m{"touser": []string{w.openID("u1"), w.openID("u2")}, "msgtype": "text", "text": m{"content": "x"}})
	}
	var last pushed
	for range massPerMonth {
		last = w.push()
	}
	if !strings.Contains(last.XML, "<SentCount>0</SentCount>") && !strings.Contains(last.XML, "<SentCount>2</SentCount>") {
		t.Errorf("%s", last.XML)
	}
	n := 0
	for _, b := range w.messages("u1") {
		if b.From == "account" {
			n++
		}
	}
	if n != massPerMonth {
		t.Errorf("a fan got %d mass messages in a month", n)
	}
	w.ok("/cgi-bin/message/mass/preview", m{"touser": w.openID("u1"), "msgtype": "text", "text": m{"content": "预览"}})
	if all := w.messages("u1"); all[len(all)-1].Text != "预览" {
		t.Error("no preview")
	}
}

// One accept of a subscription notification is one send.
func TestSubscriptionNotifications(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	id := w.ok("/wxaapi/newtmpl/addtemplate", m{"tid": 100001, "kidList": []int{1, 2}, "sceneDesc": "报价"})["priTmplId"].(string)
	if l := w.ok("/wxaapi/newtmpl/gettemplate", nil)["data"].([]any); len(l) != 1 || !strings.Contains(l[0].(m)["content"].(string), "{{amount2.DATA}}") {
		t.Errorf("library: %v", l)
	}
	body := m{"touser": w.openID("u1"), "template_id": id, "page": w.dev.URL + "/q", "data": m{"thing1": m{"value": "黄芪"}, "amount2": m{"value": "18元"}}}
	if got := w.api("/cgi-bin/message/subscribe/bizsend", body); code(got) != 43101 {
		t.Errorf("without permission: %v", got)
	}
	w.chat("u1", "subscribe-msg", m{"accept": []string{id}})
	if p := w.push(); p.Event != "subscribe_msg_popup_event" || !strings.Contains(p.XML, "<SubscribeStatusString><![CDATA[accept]]>") || !strings.Contains(p.XML, "<PopupScene>") {
		t.Errorf("%+v", p)
	}
	w.ok("/cgi-bin/message/subscribe/bizsend", body)
	if p := w.push(); p.Event != "subscribe_msg_sent_event" || !strings.Contains(p.XML, "success") {
		t.Errorf("%+v", p)
	}
	if got := w.api("/cgi-bin/message/subscribe/bizsend", body); code(got) != 43101 {
		t.Errorf("permission used up: %v", got)
	}
	w.chat("u1", "subscribe-msg", m{"accept": []string{id}, "always": true})
	w.push()
	w.chat("u1", "subscribe-msg", m{"reject": []string{id}, "change": true})
	if p := w.push(); p.Event != "subscribe_msg_change_event" {
		t.Errorf("%+v", p)
	}
	if got := w.api("/cgi-bin/message/subscribe/bizsend", body); code(got) != 43101 {
		t.Errorf("withdrawn: %v", got)
	}
	w.ok("/wxaapi/newtmpl/deltemplate", m{"priTmplId": id})
}

func TestTemplateLibrary(t *testing.T) {
	w := newWorld(t, Plain)
	if got := w.api("/cgi-bin/template/get_industry", nil); code(got) != 40102 {
		t.Errorf("before setting: %v", got)
	}
	w.ok("/cgi-bin/template/api_set_industry", m{"industry_id1": "1", "industry_id2": "2"})
	if got := w.api("/cgi-bin/template/api_set_industry", m{"industry_id1": "1", "industry_id2": "3"}); code(got) != 43100 {
		t.Errorf("twice a month: %v", got)
	}
	id := w.ok("/cgi-bin/template/api_add_template", m{"template_id_short": "100002", "keyword_name_list": []string{"订单编号", "状态"}})["template_id"]
	list := w.ok("/cgi-bin/template/get_all_private_template", nil)["template_list"].([]any)
	if len(list) != 2 || list[1].(m)["content"] != "订单编号:{{character_string1.DATA}}\n状态:{{phrase1.DATA}}\n" {
		t.Errorf("library: %v", list)
	}
	w.ok("/cgi-bin/template/del_private_template", m{"template_id": id})
	if got := w.api("/cgi-bin/template/del_private_template", m{"template_id": id}); code(got) != 40037 {
		t.Errorf("deleted twice: %v", got)
	}
}

// Menu buttons that open the camera, the album or the map.
func TestMenuEvents(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.ok("/cgi-bin/menu/create", m{"button": []m{{"name": "a", "sub_button": []m{
		{"name": "扫", "type": "scancode_waitmsg", "key": "k1"}, {"name": "图", "type": "pic_weixin", "key": "k2"}, {"name": "位", "type": "location_select", "key": "k3"},
	}}}})
	for i, tt := range []struct {
		tap  m
		want string
	}{
		{m{"text": "6901234"}, "<ScanResult><![CDATA[6901234]]></ScanResult>"},
		{m{"images": []string{"5a75aaca956d97be686719218f275c6b"}}, "<PicMd5Sum><![CDATA[5a75aaca956d97be686719218f275c6b]]></PicMd5Sum>"},
		{m{"lat": 33.87, "lng": 115.78, "label": "亳州"}, "<Label><![CDATA[亳州]]></Label>"},
	} {
		tt.tap["path"] = []int{0, i}
		w.chat("u1", "menu", tt.tap)
		if p := w.push(); !strings.Contains(p.XML, tt.want) || p.EventKey != "k"+string(rune('1'+i)) {
			t.Errorf("%s", p.XML)
		}
	}
	w.chat("u1", "location", m{"lat": 33.87, "lng": 115.78})
	if p := w.push(); p.Event != "LOCATION" || !strings.Contains(p.XML, "<Latitude>33.870000</Latitude>") {
		t.Errorf("%s", p.XML)
	}
	w.chat("u1", "messages", m{"type": "location", "lat": 33.87, "lng": 115.78, "label": "药都"})
	if p := w.push(); p.MsgType != "location" || !strings.Contains(p.XML, "<Location_X>33.870000</Location_X>") {
		t.Errorf("%s", p.XML)
	}
}
