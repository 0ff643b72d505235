package handlers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"
	"github.com/sirupsen/logrus"

	"github.com/xunjia/xunjia/store/storetest"
	"github.com/xunjia/xunjia/wechat"
)

// How many pushes a round has and how many of them are under way at once.
const (
	roundPushes = 1000
	roundConns  = 48
)

// BenchmarkCallback answers fans' texts, over HTTP on loopback, by the whole
// site (verified, stored on disk against redelivery, decoded, answered, marked,
// logged and counted) and, in turns with it, by the SDK's own example, which
// stores nothing: gin.Default with GetServer, SetMessageHandler, Serve and Send.
// of-sdk is how much of the example's speed the site reaches, the median of the
// rounds. The example comes with the SDK's debug log, as importing the SDK
// switches it on, and of-quiet-sdk compares with the example without it. p99-ms
// is how long an answer takes at most for 99 of 100 pushes at half the site's
// speed; mute counts answers that came without their reply because the database
// was too slow, 0 as a rule.
func BenchmarkCallback(b *testing.B) {
	for _, mode := range []wechat.Mode{wechat.Plain, wechat.Safe} {
		for _, driver := range []string{"sqlite", "mysql"} {
			b.Run(string(mode)+"/"+driver, func(b *testing.B) { benchmarkCallback(b, mode, driver) })
		}
	}
}

func benchmarkCallback(b *testing.B, mode wechat.Mode, driver string) {
	var dsn string
	if driver == "mysql" {
		dsn = storetest.StartMariaDB(b, true).DSN(b) // which syncs every commit, as SQLite does here
	} else {
		dsn = storetest.SQLite(b)
	}
	site, base := benchSite(b, storetest.Open(b, driver, dsn), nil, withAccount(b, mode))
	ours, sdk := strings.TrimPrefix(base, "http://"), serveLoopback(b, sdkExample(site.WeChat))
	var took, sdkTook, quietTook, waits []time.Duration
	var ofSDK, ofQuiet []float64
	var last push
	mute := 0
	nextID := time.Now().UnixNano() // never the same
	round := func(address string, every time.Duration) (all, worst time.Duration) {
		b.Helper()
		pushes := makePushes(b, site.WeChat, nextID)
		nextID += roundPushes
		if address == ours {
			last = pushes[0]
		}
		began := time.Now()
		p99, without := fire(b, address, pushes, every)
		mute += without
		site.pushes.Wait() // for the marks, which are made after the answers
		return time.Since(began), p99
	}
	logrus.SetOutput(nowhere{})
	round(ours, 0) // opens connections
	for b.Loop() {
		logrus.SetLevel(logrus.DebugLevel)
		loud, _ := round(sdk, 0)
		logrus.SetLevel(logrus.WarnLevel)
		quiet, _ := round(sdk, 0)
		all, _ := round(ours, 0)
		_, wait := round(ours, 2*all/roundPushes)
		took, sdkTook, quietTook, waits = append(took, all), append(sdkTook, loud), append(quietTook, quiet), append(waits, wait)
		ofSDK, ofQuiet = append(ofSDK, loud.Seconds()/all.Seconds()), append(ofQuiet, quiet.Seconds()/all.Seconds())
	}
	// The comparison is worth something only if redeliveries are recognised.
	res, err := http.Post("http://"+ours+last.path, "text/xml", bytes.NewReader(last.body))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "success" {
		b.Fatalf("delivered again: %q, %v", body, err)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(roundPushes/median(took).Seconds(), "callbacks/s")
	b.ReportMetric(roundPushes/median(sdkTook).Seconds(), "sdk/s")
	b.ReportMetric(roundPushes/median(quietTook).Seconds(), "quiet-sdk/s")
	b.ReportMetric(median(ofSDK), "of-sdk")
	b.ReportMetric(median(ofQuiet), "of-quiet-sdk")
	b.ReportMetric(float64(mute), "mute")
	b.ReportMetric(float64(median(waits).Microseconds())/1000, "p99-ms")
}

// sdkExample is the server of the SDK's readme.
func sdkExample(cfg wechat.Config) http.Handler {
	account := officialaccount.NewOfficialAccount(&config.Config{
		AppID: cfg.AppID, AppSecret: cfg.Secret, Token: cfg.Token, EncodingAESKey: cfg.AESKey, Cache: cache.NewMemory(),
	})
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.LoggerWithWriter(nowhere{}), gin.Recovery()) // what gin.Default uses
	engine.Any("/wechat/callback", func(c *gin.Context) {
		server := account.GetServer(c.Request, c.Writer)
		server.SetMessageHandler(func(m *message.MixMessage) *message.Reply {
			return &message.Reply{MsgType: message.MsgTypeText, MsgData: message.NewText(m.Content)}
		})
		if err := server.Serve(); err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		if err := server.Send(); err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
		}
	})
	return engine
}

// push is a request of the platform.
type push struct {
	path string
	body []byte
	raw  []byte // both, ready to be written: the client costs as little as it can
}

// makePushes makes the requests of one round, as the platform signs and seals
// them.
func makePushes(b *testing.B, cfg wechat.Config, firstID int64) []push {
	b.Helper()
	now := strconv.FormatInt(time.Now().Unix(), 10)
	pushes := make([]push, roundPushes)
	for i := range pushes {
		open := fmt.Sprintf("o-bench-%d", i%100)
		body := fmt.Sprintf("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName>"+
			"<CreateTime>%s</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我的采购]]></Content><MsgId>%d</MsgId></xml>",
			open, now, firstID+int64(i))
		query := "signature=" + util.Signature(cfg.Token, now, "nonce") + "&timestamp=" + now + "&nonce=nonce&openid=" + open
		if cfg.Mode == wechat.Safe {
			sealed, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(body), cfg.AppID, cfg.AESKey)
			if err != nil {
				b.Fatal(err)
			}
			query += "&encrypt_type=aes&msg_signature=" + util.Signature(cfg.Token, now, "nonce", string(sealed))
			body = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[" + string(sealed) + "]]></Encrypt></xml>"
		}
		p := push{path: "/wechat/callback?" + query, body: []byte(body)}
		p.raw = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: xunjia\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", p.path, len(body), body)
		pushes[i] = p
	}
	return pushes
}

// fire sends the pushes over connections of its own, one every so often or, for
// 0, as fast as they are answered. It answers how long 99 of 100 took at most,
// from the moment at which they were to be sent, and how many were answered with
// a mere "success", as the site does when the database is too slow. Any other
// answer that is no reply fails the benchmark.
func fire(b *testing.B, address string, pushes []push, every time.Duration) (p99 time.Duration, mute int) {
	b.Helper()
	took := make([]time.Duration, len(pushes))
	var next, mutes atomic.Int64
	began := time.Now()
	send := func() error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer conn.Close()
		answers := bufio.NewReader(conn)
		for i := next.Add(1) - 1; i < int64(len(pushes)); i = next.Add(1) - 1 {
			due := time.Now()
			if every > 0 {
				due = began.Add(time.Duration(i) * every)
				time.Sleep(time.Until(due))
			}
			if _, err := conn.Write(pushes[i].raw); err != nil {
				return err
			}
			res, err := http.ReadResponse(answers, nil)
			if err != nil {
				return err
			}
			body, err := io.ReadAll(res.Body)
			took[i] = time.Since(due)
			switch {
			case err != nil:
				return err
			case res.StatusCode == http.StatusOK && string(body) == "success":
				mutes.Add(1)
			case res.StatusCode != http.StatusOK || !bytes.HasPrefix(body, []byte("<xml>")):
				return fmt.Errorf("%d %q", res.StatusCode, body)
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	for range roundConns {
		wg.Go(func() {
			if err := send(); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
	slices.Sort(took)
	return took[len(took)*99/100], int(mutes.Load())
}
