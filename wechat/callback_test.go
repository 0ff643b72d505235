package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/silenceper/wechat/v2/util"
	"github.com/xunjia/xunjia"
)

const testToken = "callback-token"

// memoryInbox is an Inbox that can be down, or hang.
type memoryInbox struct {
	mu     sync.Mutex
	rows   map[string]xunjia.Inbound
	marked map[string]bool
	down   error
	hang   chan struct{} // when not nil, SaveInbound ignores its context until it is closed
}

func newInbox() *memoryInbox {
	return &memoryInbox{rows: map[string]xunjia.Inbound{}, marked: map[string]bool{}}
}

func (b *memoryInbox) SaveInbound(_ context.Context, in xunjia.Inbound) (bool, error) {
	b.mu.Lock()
	hang := b.hang
	b.mu.Unlock()
	if hang != nil {
		<-hang
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return false, b.down
	}
	if _, there := b.rows[in.AppID+in.Key]; there {
		return false, nil
	}
	b.rows[in.AppID+in.Key] = in
	return true, nil
}

func (b *memoryInbox) MarkInbound(_ context.Context, appID, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marked[appID+key] = true
	return nil
}

func (b *memoryInbox) set(down error, hang chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down, b.hang = down, hang
}

func (b *memoryInbox) counts() (stored, marked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rows), len(b.marked)
}

// recorder is a handler that counts and replies.
type recorder struct {
	mu    sync.Mutex
	seen  []Message
	reply Reply
	err   error
}

func (r *recorder) handle(_ context.Context, m Message) (Reply, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, m)
	return r.reply, r.err
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// sender signs and seals pushes as the platform does.
type sender struct {
	token, appID, key string // key "" sends plain pushes
	at                time.Time
}

func newSender(key string) sender { return sender{testToken, testAppID, key, time.Now()} }

func (s sender) query(extra url.Values) string {
	timestamp := strconv.FormatInt(s.at.Unix(), 10)
	q := url.Values{"timestamp": {timestamp}, "nonce": {"n-1"}, "signature": {util.Signature(s.token, timestamp, "n-1")}}
	for k, v := range extra {
		q[k] = v
	}
	return q.Encode()
}

func (s sender) push(t testing.TB, body string) *http.Request {
	t.Helper()
	query := url.Values{"openid": {"o-1"}}
	if s.key != "" {
		sealed, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(body), s.appID, s.key)
		if err != nil {
			t.Fatal(err)
		}
		timestamp := strconv.FormatInt(s.at.Unix(), 10)
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", util.Signature(s.token, timestamp, "n-1", string(sealed)))
		if strings.HasPrefix(body, "{") {
			body = `{"ToUserName":"gh_1","Encrypt":"` + string(sealed) + `"}`
		} else {
			body = `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[` + string(sealed) + `]]></Encrypt></xml>`
		}
	}
	return httptest.NewRequest(http.MethodPost, "/wechat?"+s.query(query), strings.NewReader(body))
}

// otherKey is a second EncodingAESKey.
const otherKey = "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkj"

func newTestCallback(t testing.TB, mode Mode, inbox Inbox, h Handler, opts CallbackOptions) *Callback {
	t.Helper()
	if opts.Log == nil {
		opts.Log = quiet()
	}
	c, err := NewCallback(Config{AppID: testAppID, Token: testToken, AESKey: testAESKey, PreviousAESKey: otherKey, Mode: mode}, inbox, h, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(c http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

var aText = messageXML("text", `<Content><![CDATA[报价 黄连]]></Content><MsgId>1</MsgId>`)

func TestVerifiesTheURL(t *testing.T) {
	c := newTestCallback(t, Safe, newInbox(), (&recorder{}).handle, CallbackOptions{})
	s := newSender("")
	get := func(query string) *httptest.ResponseRecorder {
		return serve(c, httptest.NewRequest(http.MethodGet, "/wechat?"+query, nil))
	}
	w := get(s.query(url.Values{"echostr": {"<b>5927782489442352469"}}))
	if w.Code != 200 || w.Body.String() != "<b>5927782489442352469" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") ||
		w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if w := get(s.query(url.Values{"echostr": {"1"}, "nonce": {"n-2"}})); w.Code != 403 || strings.Contains(w.Body.String(), "1") {
		t.Errorf("forged: %d %q", w.Code, w.Body)
	}
	if w := get(s.query(nil)); w.Code != 400 {
		t.Errorf("nothing to echo: %d", w.Code)
	}
	if w := serve(c, httptest.NewRequest(http.MethodDelete, "/wechat?"+s.query(nil), nil)); w.Code != 405 {
		t.Errorf("DELETE: %d", w.Code)
	}
	// An echostr on a POST does not end the request.
	if w := serve(c, httptest.NewRequest(http.MethodPost, "/wechat?"+s.query(url.Values{"echostr": {"1"}}), strings.NewReader(aText))); w.Code != 403 {
		t.Errorf("POST with echostr: %d %q", w.Code, w.Body)
	}
}

func TestModesAreEnforced(t *testing.T) {
	for _, c := range []struct {
		mode   Mode
		key    string
		status int
	}{
		{Plain, "", 200}, {Plain, testAESKey, 403},
		{Compatible, "", 200}, {Compatible, testAESKey, 200},
		{Safe, "", 403}, {Safe, testAESKey, 200}, {Safe, otherKey, 200},
		{Safe, strings.Repeat("A", 43), 403},
	} {
		for _, push := range []string{aText, `{"ToUserName":"gh_1","FromUserName":"o-1","CreateTime":1,"MsgType":"text","Content":"报价 黄连","MsgId":1}`} {
			inbox, h := newInbox(), &recorder{}
			cb := newTestCallback(t, c.mode, inbox, h.handle, CallbackOptions{})
			w := serve(cb, newSender(c.key).push(t, push))
			cb.Wait()
			if w.Code != c.status {
				t.Errorf("%s mode, key %q: %d, want %d", c.mode, c.key, w.Code, c.status)
			}
			stored, marked := inbox.counts()
			if good := c.status == 200; good != (stored == 1 && marked == 1 && h.count() == 1 && w.Body.String() == "success") {
				t.Errorf("%s mode, key %q: stored %d, marked %d, handled %d, answered %q", c.mode, c.key, stored, marked, h.count(), w.Body)
			}
		}
	}
}

// The compatible body has the plain fields beside the ciphertext; what counts
// is what is signed.
func TestCompatibleModeBelievesTheCiphertext(t *testing.T) {
	h := &recorder{}
	cb := newTestCallback(t, Compatible, newInbox(), h.handle, CallbackOptions{})
	r := newSender(testAESKey).push(t, aText)
	b := new(bytes.Buffer)
	b.ReadFrom(r.Body)
	forged := strings.Replace(b.String(), "<Encrypt>", "<FromUserName>o-forged</FromUserName><MsgType>text</MsgType><Content>forged</Content><Encrypt>", 1)
	r = httptest.NewRequest(http.MethodPost, r.URL.String(), strings.NewReader(forged))
	if w := serve(cb, r); w.Code != 200 {
		t.Fatal(w.Code)
	}
	if m := h.seen[0]; m.OpenID != "o-1" || m.Body != (Text{Content: "报价 黄连"}) {
		t.Errorf("%+v", m)
	}
}

func TestRefusesForgeries(t *testing.T) {
	with := func(change func(s *sender)) sender {
		s := newSender(testAESKey)
		change(&s)
		return s
	}
	tampered := newSender(testAESKey).push(t, aText)
	tampered.URL.RawQuery = strings.Replace(tampered.URL.RawQuery, "msg_signature=", "msg_signature=0", 1)
	unsigned := newSender(testAESKey).push(t, aText)
	unsigned.URL.RawQuery = "encrypt_type=aes"
	swapped := newSender(testAESKey).push(t, aText)
	swapped.Body = newSender(testAESKey).push(t, messageXML("text", `<Content>other</Content>`)).Body
	broken := newSender(testAESKey).push(t, aText)
	broken.Body = http.NoBody
	long := newSender(testAESKey).push(t, messageXML("text", "<Content>"+strings.Repeat("x", maxPush)+"</Content>"))
	endless := newSender(testAESKey).push(t, aText)
	endless.Body, endless.ContentLength = http.MaxBytesReader(nil, repeatReader{}, 1<<40), -1
	for name, c := range map[string]struct {
		r      *http.Request
		status int
	}{
		"wrong token":           {with(func(s *sender) { s.token = "guess" }).push(t, aText), 403},
		"wrong appid inside":    {with(func(s *sender) { s.appID = "wx-other" }).push(t, aText), 403},
		"from 2014":             {with(func(s *sender) { s.at = time.Unix(1400000000, 0) }).push(t, aText), 403},
		"replayed after 11 min": {with(func(s *sender) { s.at = s.at.Add(-11 * time.Minute) }).push(t, aText), 403},
		"from the future":       {with(func(s *sender) { s.at = s.at.Add(11 * time.Minute) }).push(t, aText), 403},
		"wrong msg_signature":   {tampered, 403},
		"no signature":          {unsigned, 403},
		"another ciphertext":    {swapped, 403},
		"no body":               {broken, 400},
		"70 KB":                 {long, 413},
		"endless":               {endless, 413},
		"no push inside":        {newSender(testAESKey).push(t, "hello"), 400},
	} {
		inbox, h := newInbox(), &recorder{}
		cb := newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{})
		w := serve(cb, c.r)
		cb.Wait()
		if stored, _ := inbox.counts(); w.Code != c.status || stored != 0 || h.count() != 0 {
			t.Errorf("%s: %d, stored %d, handled %d; want %d, 0, 0", name, w.Code, stored, h.count(), c.status)
		}
	}
}

type repeatReader struct{}

func (repeatReader) Read(p []byte) (int, error) { return len(p), nil }
func (repeatReader) Close() error               { return nil }

// The safe mode's timestamp is no 32-bit number.
func TestWorksAfter2038(t *testing.T) {
	later := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	h := &recorder{reply: TextReply{"好"}}
	cb := newTestCallback(t, Safe, newInbox(), h.handle, CallbackOptions{Clock: func() time.Time { return later }})
	s := newSender(testAESKey)
	s.at = later
	if w := serve(cb, s.push(t, aText)); w.Code != 200 || !strings.Contains(w.Body.String(), strconv.FormatInt(later.Unix(), 10)) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The platform's own sample push, as it came in 2014.
func TestOfficialSamplePush(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors/msgcrypt_official_demo.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	h := &recorder{}
	then := time.Unix(1409735669, 0)
	c, err := NewCallback(Config{AppID: v.AppID, Token: v.Token, AESKey: v.AESKey}, newInbox(), h.handle,
		CallbackOptions{Log: quiet(), Clock: func() time.Time { return then }})
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{
		"timestamp": {v.Timestamp}, "nonce": {v.Nonce}, "signature": {v.URLSignature},
		"encrypt_type": {"aes"}, "msg_signature": {v.MsgSignature},
	}
	w := serve(c, httptest.NewRequest(http.MethodPost, "/?"+query.Encode(), strings.NewReader(v.PostBody)))
	if w.Code != 200 || h.count() != 1 || h.seen[0].Body != (Text{Content: "abcdteT"}) || h.seen[0].Key != "m:6054768590064713728" {
		t.Errorf("%d, %+v", w.Code, h.seen)
	}
}

// sealedReply is the platform's reading of an encrypted answer.
func sealedReply(t *testing.T, body []byte, key string) string {
	t.Helper()
	var outer struct {
		Encrypt, MsgSignature, TimeStamp, Nonce string
	}
	if err := xml.Unmarshal(body, &outer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if util.Signature(testToken, outer.TimeStamp, outer.Nonce, outer.Encrypt) != outer.MsgSignature || outer.Nonce == "n-1" {
		t.Errorf("signature of the answer: %s", body)
	}
	random, plain, err := util.DecryptMsg(testAppID, outer.Encrypt, key)
	if err != nil {
		t.Fatal(err)
	}
	if string(random) == "0123456789abcdef" {
		t.Error("the answer repeats the request's random bytes")
	}
	return string(plain)
}

func TestRepliesWithTheKeyThatWorked(t *testing.T) {
	for _, key := range []string{testAESKey, otherKey} {
		h := &recorder{reply: TextReply{"好的"}}
		cb := newTestCallback(t, Safe, newInbox(), h.handle, CallbackOptions{})
		w := serve(cb, newSender(key).push(t, aText))
		if plain := sealedReply(t, w.Body.Bytes(), key); !strings.Contains(plain, "<Content><![CDATA[好的]]></Content>") {
			t.Error(plain)
		}
	}
}

func TestPassiveReplies(t *testing.T) {
	articles := make([]Article, 9)
	for i := range articles {
		articles[i] = Article{"t", "d", "p", "u"}
	}
	item := "<item><Title>t</Title><Description>d</Description><PicUrl>p</PicUrl><Url>u</Url></item>"
	for name, c := range map[string]struct {
		reply Reply
		push  string
		want  string // after CreateTime; "" for none
	}{
		"text":          {TextReply{"<a href=\"https://x\">好]]>的</a>\x00\x0b"}, aText, `<MsgType>text</MsgType><Content><![CDATA[<a href="https://x">好]]]]><![CDATA[>的</a>]]></Content>`},
		"image":         {ImageReply{"m"}, aText, `<MsgType>image</MsgType><Image><MediaId>m</MediaId></Image>`},
		"voice":         {VoiceReply{"m"}, aText, `<MsgType>voice</MsgType><Voice><MediaId>m</MediaId></Voice>`},
		"video":         {VideoReply{"m", "", "t", "d"}, aText, `<MsgType>video</MsgType><Video><MediaId>m</MediaId><Title>t</Title><Description>d</Description></Video>`},
		"music":         {MusicReply{"t", "d", "u", "hq", "th"}, aText, `<MsgType>music</MsgType><Music><Title>t</Title><Description>d</Description><MusicUrl>u</MusicUrl><HQMusicUrl>hq</HQMusicUrl><ThumbMediaId>th</ThumbMediaId></Music>`},
		"one article":   {NewsReply{articles}, aText, `<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles>` + item + `</Articles>`},
		"eight of nine": {NewsReply{articles}, eventXML("CLICK", "<EventKey>k</EventKey>"), `<MsgType>news</MsgType><ArticleCount>8</ArticleCount><Articles>` + strings.Repeat(item, 8) + `</Articles>`},
		"transfer":      {TransferReply{}, aText, `<MsgType>transfer_customer_service</MsgType>`},
		"transfer to":   {TransferReply{"kf1@gh"}, aText, `<MsgType>transfer_customer_service</MsgType><TransInfo><KfAccount>kf1@gh</KfAccount></TransInfo>`},
		"nil":           {nil, aText, ""},
		"empty text":    {TextReply{"  "}, aText, ""},
		"no articles":   {NewsReply{}, aText, ""},
		"to a JSON push": {
			TextReply{"好"}, `{"ToUserName":"gh_1","FromUserName":"o-1","CreateTime":1,"MsgType":"text","Content":"a","MsgId":1}`,
			`<MsgType>text</MsgType><Content><![CDATA[好]]></Content>`,
		},
	} {
		h := &recorder{reply: c.reply}
		cb := newTestCallback(t, Plain, newInbox(), h.handle, CallbackOptions{})
		w := serve(cb, newSender("").push(t, c.push))
		got := w.Body.String()
		if c.want == "" {
			if got != "success" {
				t.Errorf("%s: %q", name, got)
			}
			continue
		}
		prefix := fmt.Sprintf("<xml><ToUserName><![CDATA[o-1]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName><CreateTime>%d</CreateTime>", time.Now().Unix())
		if len(got) < len(prefix) || got[len(prefix):] != c.want+"</xml>" || got[:100] != prefix[:100] {
			t.Errorf("%s:\n got %s\nwant %s%s</xml>", name, got, prefix, c.want)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/xml") {
			t.Errorf("%s: %s", name, w.Header().Get("Content-Type"))
		}
	}
}

func TestLongTextIsCutBetweenCharacters(t *testing.T) {
	got := TextReply{strings.Repeat("药", 1000)}.text()
	if len(got) > maxTextBytes || len(got) < maxTextBytes-3 || !strings.HasSuffix(got, "药…") {
		t.Errorf("%d bytes, ends with %q", len(got), got[len(got)-9:])
	}
}

func TestSameJudgementForNilInSafeMode(t *testing.T) {
	cb := newTestCallback(t, Safe, newInbox(), (&recorder{}).handle, CallbackOptions{})
	if w := serve(cb, newSender(testAESKey).push(t, aText)); w.Body.String() != "success" {
		t.Errorf("nil reply: %q", w.Body)
	}
}

// 1,000 messages, five deliveries each, to two instances at once.
func TestEachPushIsHandledOnce(t *testing.T) {
	inbox, h := newInbox(), &recorder{}
	instances := []*Callback{
		newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{}), newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{}),
	}
	s := newSender(testAESKey)
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for i := range 250 {
				push := messageXML("text", fmt.Sprintf("<Content>a</Content><MsgId>%d</MsgId>", (worker*250+i)%1000))
				if w := serve(instances[i%2], s.push(t, push)); w.Code != 200 || w.Body.String() != "success" {
					t.Errorf("%d %q", w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
	instances[0].Wait()
	instances[1].Wait()
	if stored, marked := inbox.counts(); stored != 1000 || marked != 1000 || h.count() != 1000 {
		t.Errorf("stored %d, marked %d, handled %d; want 1000 each", stored, marked, h.count())
	}
}

// A slow handler goes on in the background; the fan gets the reply later.
func TestAnswersInTimeWhateverTheHandlerDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := newInbox()
		var late []Reply
		h := func(ctx context.Context, _ Message) (Reply, error) {
			time.Sleep(20 * time.Second)
			return TextReply{"慢"}, ctx.Err()
		}
		cb := newTestCallback(t, Safe, inbox, h, CallbackOptions{Late: func(ctx context.Context, m Message, r Reply) error {
			late = append(late, r)
			return ctx.Err()
		}})
		start := time.Now()
		w := serve(cb, newSender(testAESKey).push(t, aText))
		if took := time.Since(start); took != 3*time.Second || w.Body.String() != "success" {
			t.Errorf("%q after %v", w.Body, took)
		}
		if w := serve(cb, newSender(testAESKey).push(t, aText)); w.Body.String() != "success" || time.Since(start) != 3*time.Second {
			t.Errorf("delivered again meanwhile: %q after %v", w.Body, time.Since(start))
		}
		cb.Wait()
		if diff := cmp.Diff([]Reply{TextReply{"慢"}}, late); diff != "" {
			t.Error(diff)
		}
		if _, marked := inbox.counts(); marked != 1 || time.Since(start) != 20*time.Second {
			t.Errorf("marked %d after %v", marked, time.Since(start))
		}
	})
}

func TestHandlerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cb := newTestCallback(t, Plain, newInbox(), func(ctx context.Context, _ Message) (Reply, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, CallbackOptions{})
		start := time.Now()
		serve(cb, newSender("").push(t, aText))
		cb.Wait()
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("the handler had %v", took)
		}
	})
}

// A panicking handler is no reason for the platform to try again.
func TestPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	inbox := newInbox()
	cb := newTestCallback(t, Plain, inbox, func(context.Context, Message) (Reply, error) { panic("phone 13800000000") },
		CallbackOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	w := serve(cb, newSender("").push(t, aText))
	cb.Wait()
	if _, marked := inbox.counts(); w.Body.String() != "success" || marked != 1 {
		t.Errorf("%d %q, marked %d", w.Code, w.Body, marked)
	}
	if !strings.Contains(log.String(), "panicked") || strings.Contains(log.String(), "13800000000") {
		t.Errorf("log: %s", log.String())
	}
}

// What failed stays unmarked, and Handle takes it up again.
func TestFailedPushCanBeTakenUpAgain(t *testing.T) {
	inbox, h := newInbox(), &recorder{err: errors.New("database is gone"), reply: TextReply{"不应发送"}}
	var late []Reply
	cb := newTestCallback(t, Plain, inbox, h.handle, CallbackOptions{Late: func(_ context.Context, _ Message, r Reply) error {
		late = append(late, r)
		return nil
	}})
	if w := serve(cb, newSender("").push(t, aText)); w.Body.String() != "success" {
		t.Errorf("failed handler: %d %q", w.Code, w.Body)
	}
	cb.Wait()
	if stored, marked := inbox.counts(); stored != 1 || marked != 0 {
		t.Fatalf("stored %d, marked %d", stored, marked)
	}
	h.err, h.reply = nil, TextReply{"补上"}
	for _, in := range inbox.rows {
		if err := cb.Handle(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	if _, marked := inbox.counts(); marked != 1 || cmp.Diff([]Reply{TextReply{"补上"}}, late) != "" || h.seen[1].Key != h.seen[0].Key {
		t.Errorf("marked %d, late %v", marked, late)
	}
}

func TestUnknownPushIsStoredAndAnswered(t *testing.T) {
	inbox, h := newInbox(), &recorder{}
	cb := newTestCallback(t, Plain, inbox, h.handle, CallbackOptions{})
	w := serve(cb, newSender("").push(t, eventXML("wedding", "")))
	cb.Wait()
	if stored, marked := inbox.counts(); w.Body.String() != "success" || stored != 1 || marked != 1 || h.count() != 0 {
		t.Errorf("%q, stored %d, marked %d, handled %d", w.Body, stored, marked, h.count())
	}
}

// A peer that has hung up makes writing fail; nothing else.
func TestHungUpPeer(t *testing.T) {
	cb := newTestCallback(t, Safe, newInbox(), (&recorder{reply: TextReply{"好"}}).handle, CallbackOptions{})
	cb.ServeHTTP(brokenWriter{httptest.NewRecorder()}, newSender(testAESKey).push(t, aText))
	cb.Wait()
}

type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTooManyAtWorkIsLeftForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox, release := newInbox(), make(chan struct{})
		cb := newTestCallback(t, Plain, inbox, func(context.Context, Message) (Reply, error) {
			<-release
			return nil, nil
		}, CallbackOptions{Background: 1})
		s := newSender("")
		serve(cb, s.push(t, aText))
		if w := serve(cb, s.push(t, strings.Replace(aText, "<MsgId>1", "<MsgId>2", 1))); w.Body.String() != "success" {
			t.Errorf("%q", w.Body)
		}
		close(release)
		cb.Wait()
		if stored, marked := inbox.counts(); stored != 2 || marked != 1 {
			t.Errorf("stored %d, marked %d; want 2, 1", stored, marked)
		}
	})
}

// Nothing of a fan, no secret and no signature reaches the log, at any level.
func TestLogTellsNothingPersonal(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	inbox, h := newInbox(), &recorder{err: errors.New("down")}
	cb := newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{Log: logger, Spool: openSpool(t, t.TempDir())})
	canary := strings.Replace(messageXML("text", "<Content>canary-content</Content>"), "o-1", "canary-openid", 1)
	good := newSender(testAESKey).push(t, canary)
	signature := good.URL.Query().Get("msg_signature")
	serve(cb, good)
	stale := newSender(testAESKey)
	stale.at = stale.at.Add(-time.Hour)
	serve(cb, stale.push(t, canary))
	serve(cb, newSender("").push(t, canary))
	serve(cb, newSender(testAESKey).push(t, strings.Replace(canary, `"text"`, "", 1)+"broken canary-content"))
	cb.Wait()
	inbox.set(errors.New("down"), nil)
	serve(cb, newSender(testAESKey).push(t, strings.Replace(canary, "canary-content", "canary-content 2", 1)))
	cb.Replay(context.Background())
	cb.Wait()
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(log.String(), "not handled") || !strings.Contains(log.String(), "refused") || !strings.Contains(log.String(), "inbox is down") {
		t.Errorf("the log misses something:\n%s", log.String())
	}
	for _, secret := range []string{"canary", testToken, testAESKey, signature} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %s:\n%s", secret, log.String())
		}
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
