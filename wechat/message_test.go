package wechat

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// head begins every push of these tests.
const head = `<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o-1]]></FromUserName><CreateTime>1700000000</CreateTime>`

func messageXML(kind, rest string) string {
	return "<xml>" + head + "<MsgType><![CDATA[" + kind + "]]></MsgType>" + rest + "</xml>"
}

func eventXML(event, rest string) string {
	return messageXML("event", "<Event><![CDATA["+event+"]]></Event>"+rest)
}

func TestDecodesEveryKind(t *testing.T) {
	answers := SubscriptionAnswers{{TemplateID: "T1", Accepted: true, Scene: 2}, {TemplateID: "T2", Scene: 2}}
	for name, c := range map[string]struct {
		push string
		want any
	}{
		"text":        {messageXML("text", `<Content><![CDATA[报价 <黄连> & "川芎"]]></Content><MsgId>1</MsgId>`), Text{Content: `报价 <黄连> & "川芎"`}},
		"menu answer": {messageXML("text", `<Content>好</Content><bizmsgmenuid>101</bizmsgmenuid><MsgId>1</MsgId>`), Text{Content: "好", MenuID: "101"}},
		"image":       {messageXML("image", `<PicUrl><![CDATA[http://p]]></PicUrl><MediaId><![CDATA[m]]></MediaId><MsgId>1</MsgId>`), Image{URL: "http://p", MediaID: "m"}},
		"voice":       {messageXML("voice", `<MediaId>m</MediaId><Format>amr</Format><Recognition>你好</Recognition>`), Voice{"m", "amr", "你好"}},
		"video":       {messageXML("video", `<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>`), Video{"m", "t", false}},
		"short video": {messageXML("shortvideo", `<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>`), Video{"m", "t", true}},
		"location": {
			messageXML("location", `<Location_X>33.85</Location_X><Location_Y>115.78</Location_Y><Scale>20</Scale><Label>亳州</Label>`),
			Location{33.85, 115.78, 20, "亳州"},
		},
		"link":             {messageXML("link", `<Title>t</Title><Description>d</Description><Url>http://u</Url>`), Link{"t", "d", "http://u"}},
		"subscribe":        {eventXML("subscribe", ``), Subscribe{}},
		"subscribe by pay": {eventXML("subscribe", `<EventKey>last_trade_no_4001</EventKey>`), Subscribe{}},
		"subscribe by QR":  {eventXML("subscribe", `<EventKey><![CDATA[qrscene_invite:9]]></EventKey><Ticket>T</Ticket>`), Subscribe{"invite:9", "T"}},
		"unsubscribe":      {eventXML("unsubscribe", ``), Unsubscribe{}},
		"scan":             {eventXML("SCAN", `<EventKey>invite:9</EventKey><Ticket>T</Ticket>`), Scan{"invite:9", "T"}},
		"position":         {eventXML("LOCATION", `<Latitude>23.1</Latitude><Longitude>113.3</Longitude><Precision>119.4</Precision>`), Position{23.1, 113.3, 119.4}},
		"click":            {eventXML("CLICK", `<EventKey>my</EventKey>`), Click{"my"}},
		"view":             {eventXML("VIEW", `<EventKey>http://u</EventKey><MenuId>42</MenuId>`), View{"http://u", "42"}},
		"mini program":     {eventXML("view_miniprogram", `<EventKey>pages/a</EventKey><MenuId>42</MenuId>`), View{"pages/a", "42"}},
		"scan button": {
			eventXML("scancode_push", `<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>1</ScanResult></ScanCodeInfo>`),
			ScanCode{"6", "qrcode", "1", false},
		},
		"scan button that waits": {
			eventXML("scancode_waitmsg", `<EventKey>6</EventKey><ScanCodeInfo><ScanType>barcode</ScanType><ScanResult>2</ScanResult></ScanCodeInfo>`),
			ScanCode{"6", "barcode", "2", true},
		},
		"photos": {
			eventXML("pic_weixin", `<EventKey>6</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item><item><PicMd5Sum>b</PicMd5Sum></item></PicList></SendPicsInfo>`),
			Photos{"6", []string{"a", "b"}},
		},
		"camera":         {eventXML("pic_sysphoto", `<EventKey>6</EventKey>`), Photos{Key: "6"}},
		"photo or album": {eventXML("pic_photo_or_album", `<EventKey>6</EventKey>`), Photos{Key: "6"}},
		"picked place": {
			eventXML("location_select", `<EventKey>6</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>L</Label><Poiname>P</Poiname></SendLocationInfo>`),
			Picked{"6", Location{23, 113, 15, "L"}, "P"},
		},
		"template sent":    {eventXML("TEMPLATESENDJOBFINISH", `<MsgID>200163836</MsgID><Status>success</Status>`), TemplateResult{"200163836", "success", true}},
		"template blocked": {eventXML("TEMPLATESENDJOBFINISH", `<MsgID>1</MsgID><Status>failed:user block</Status>`), TemplateResult{"1", "failed:user block", false}},
		"mass": {
			eventXML("MASSSENDJOBFINISH", `<MsgID>9</MsgID><Status>send success</Status><TotalCount>100</TotalCount><FilterCount>80</FilterCount><SentCount>75</SentCount><ErrorCount>5</ErrorCount>`),
			MassResult{"9", "send success", 100, 80, 75, 5},
		},
		"popup, several List in one element (the platform's sample)": {
			eventXML("subscribe_msg_popup_event", `<SubscribeMsgPopupEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List><List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>2</PopupScene></List></SubscribeMsgPopupEvent>`),
			answers,
		},
		"popup, one element per List": {
			eventXML("subscribe_msg_popup_event", `<SubscribeMsgPopupEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List></SubscribeMsgPopupEvent><SubscribeMsgPopupEvent><List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>2</PopupScene></List></SubscribeMsgPopupEvent>`),
			answers,
		},
		"popup, JSON with an array": {
			`{"ToUserName":"gh_1","FromUserName":"o-1","CreateTime":"1700000000","MsgType":"event","Event":"subscribe_msg_popup_event","List":[{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"2"},{"TemplateId":"T2","SubscribeStatusString":"reject","PopupScene":2}]}`,
			answers,
		},
		"popup, JSON with an object": {
			`{"ToUserName":"gh_1","FromUserName":"o-1","CreateTime":1700000000,"MsgType":"event","Event":"subscribe_msg_popup_event","List":{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"2"}}`,
			answers[:1],
		},
		"change": {
			eventXML("subscribe_msg_change_event", `<SubscribeMsgChangeEvent><List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgChangeEvent>`),
			SubscriptionAnswers{{TemplateID: "T2"}},
		},
		"change under the popup's tag": {
			eventXML("subscribe_msg_change_event", `<SubscribeMsgPopupEvent><List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgPopupEvent>`),
			SubscriptionAnswers{{TemplateID: "T2"}},
		},
		"sent": {
			eventXML("subscribe_msg_sent_event", `<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>170</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>`),
			SubscriptionResults{{"T1", "170", 0, "success"}},
		},
		"JSON text":     {`{"ToUserName":"gh_1","FromUserName":"o-1","CreateTime":1700000000,"MsgType":"text","Content":"hi","MsgId":6054768590064713728}`, Text{Content: "hi"}},
		"unknown kind":  {messageXML("hologram", ``), nil},
		"unknown event": {eventXML("wedding", ``), nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := decode(testAppID, []byte(c.push))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, m.Body); diff != "" {
				t.Error(diff)
			}
			if m.Account != "gh_1" || m.OpenID != "o-1" || !m.At.Equal(time.Unix(1700000000, 0)) || m.AppID != testAppID {
				t.Errorf("envelope: %+v", m)
			}
		})
	}
}

// What loses a whole message in silenceper's decoder costs one field here.
func TestOddFieldsDoNotLoseAMessage(t *testing.T) {
	for name, c := range map[string]struct{ push, content string }{
		"MsgId is no number":     {messageXML("text", `<Content>a</Content><MsgId>abc</MsgId>`), "a"},
		"MsgId is too large":     {messageXML("text", `<Content>a</Content><MsgId>99999999999999999999999</MsgId>`), "a"},
		"CreateTime is no date":  {strings.Replace(messageXML("text", `<Content>a</Content>`), "1700000000", "soon", 1), "a"},
		"isrisky is 2":           {messageXML("text", `<Content>a</Content><isrisky>2</isrisky>`), "a"},
		"control characters":     {messageXML("text", "<Content><![CDATA[a\x01\x08b]]></Content>"), "a\x01\x08b"},
		"GB2312 in the prologue": {`<?xml version="1.0" encoding="GB2312"?>` + messageXML("text", `<Content>a</Content>`), "a"},
		"broken UTF-8":           {messageXML("text", "<Content><![CDATA[a\xff]]></Content>"), "a\ufffd"},
		"byte order mark":        {"\ufeff" + messageXML("text", `<Content>a</Content>`), "a"},
		"entities":               {messageXML("text", `<Content>&lt;a&gt; &amp;&#38;&#x4e2d; &nbsp; &</Content>`), "<a> &&中 &nbsp; &"},
		"CDATA in pieces":        {messageXML("text", "<Content>\n <![CDATA[a]]]]><![CDATA[>b]]>\n</Content>"), "a]]>b"},
		"comments":               {"<!-- x -->" + messageXML("text", `<Content><!-- y -->a</Content>`), "a"},
		"attributes":             {messageXML("text", `<Content lang="zh">a</Content><Empty x="1"/>`), "a"},
	} {
		m, err := decode(testAppID, []byte(c.push))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := m.Body.(Text).Content; got != c.content {
			t.Errorf("%s: %q, want %q", name, got, c.content)
		}
		if len(m.Key) > 64 || len(m.Key) < 3 {
			t.Errorf("%s: key %q", name, m.Key)
		}
	}
}

func TestRefusesWhatIsNoPush(t *testing.T) {
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for name, push := range map[string]string{
		"empty": "", "blank": " \n", "text": "hello", "no end": "<xml><a>", "wrong end": "<xml></yml>", "JSON list": "[1]",
		"broken JSON": `{"a":`, "no type": "<xml></xml>", "half CDATA": "<xml><![CDATA[", "half tag": "<xml", "doctype inside": "<xml><!DOCTYPE a></xml>",
		"bomb":        `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><MsgType>&b;</MsgType></xml>`,
		"deep XML":    messageXML("text", deep),
		"deep JSON":   `{"MsgType":"text","b":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 101),
		"wide":        messageXML("text", strings.Repeat("<a/>", 10000)),
		"wide JSON":   `{"MsgType":"text","a":[` + strings.Repeat("1,", 10000) + `1]}`,
		"long openid": strings.Replace(messageXML("text", ""), "o-1", strings.Repeat("o", 65), 1),
		"long type":   messageXML(strings.Repeat("t", 33), ""),
		"long event":  eventXML(strings.Repeat("e", 65), ""),
	} {
		if m, err := decode(testAppID, []byte(push)); err == nil {
			t.Errorf("%s: decoded as %+v", name, m)
		}
	}
}

func TestKeyTellsPushesApart(t *testing.T) {
	key := func(push string) string {
		t.Helper()
		m, err := decode(testAppID, []byte(push))
		if err != nil {
			t.Fatal(err)
		}
		return m.Key
	}
	if got := key(messageXML("text", `<MsgId>6054768590064713728</MsgId>`)); got != "m:6054768590064713728" {
		t.Errorf("message key %q", got)
	}
	pushes := []string{
		eventXML("CLICK", `<EventKey>a</EventKey>`),
		eventXML("CLICK", `<EventKey>b</EventKey>`),
		eventXML("VIEW", `<EventKey>a</EventKey>`),
		strings.Replace(eventXML("CLICK", `<EventKey>a</EventKey>`), "1700000000", "1700000001", 1),
		strings.Replace(eventXML("CLICK", `<EventKey>a</EventKey>`), "o-1", "o-2", 1),
		eventXML("TEMPLATESENDJOBFINISH", `<MsgID>1</MsgID>`),
		eventXML("TEMPLATESENDJOBFINISH", `<MsgID>2</MsgID>`),
		eventXML("subscribe_msg_sent_event", `<SubscribeMsgSentEvent><List><MsgID>1</MsgID></List></SubscribeMsgSentEvent>`),
		eventXML("subscribe_msg_sent_event", `<SubscribeMsgSentEvent><List><MsgID>2</MsgID></List></SubscribeMsgSentEvent>`),
		messageXML("text", `<Content>a</Content>`),
		messageXML("text", `<Content>b</Content>`),
		messageXML("text", `<Content>b</Content><MsgId>x</MsgId>`),
	}
	seen := map[string]int{}
	for i, push := range pushes {
		first := key(push)
		if earlier, double := seen[first]; double {
			t.Errorf("pushes %d and %d have one key", earlier, i)
		}
		seen[first] = i
		if again := key(push); again != first {
			t.Errorf("push %d has the keys %s and %s", i, first, again)
		}
	}
	asJSON := `{"ToUserName":"gh_1","FromUserName":"o-1","CreateTime":1700000000,"MsgType":"event","Event":"CLICK","EventKey":"a"}`
	if key(asJSON) != key(pushes[0]) {
		t.Error("the same event in JSON has another key")
	}
}

// What is stored must be storable: valid UTF-8, not longer than it came.
func TestStoredBodyIsValidText(t *testing.T) {
	push := messageXML("text", "<Content><![CDATA["+strings.Repeat("a\xff", 100)+"]]></Content>")
	m, err := decode(testAppID, []byte(push))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ToValidUTF8(m.Raw, "") != m.Raw || len(m.Raw) > len(push) {
		t.Errorf("%d bytes of %d, %q…", len(m.Raw), len(push), m.Raw[:40])
	}
}
