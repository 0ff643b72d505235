package sim

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// FuzzPlatform sends any body to any interface: the answer is JSON or a file,
// never a crash.
func FuzzPlatform(f *testing.F) {
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	a := s.st.accounts[0]
	s.st.issue(a, &a.plain, s.now(), 0)
	for _, c := range a.contacts {
		c.followed = true
		c.windows = []window{{s.now().Add(tokenLife), 1 << 30}}
	}
	openID := a.contacts["u1"].openID
	paths := slices.Sorted(maps.Keys(s.routes))
	for i, body := range []string{
		`{"touser":"` + openID + `","msgtype":"news","news":{"articles":[]}}`, `{"tag":{"id":-1,"name":"x"}}`, `{"button":[{"name":"a","sub_button":[{}]}]}`,
		`{"openid_list":[""],"tagid":2}`, `{"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":1e99}}}`, `{"offset":-1,"count":20,"type":"image"}`,
		`{"tid":"100001","kidList":[9,"x",null]}`, `[]`, `null`, `{"touser":["` + openID + `"]}`, `{"index":-1,"media_id":"x"}`, `{"industry_id1":"99999999999999999999"}`,
	} {
		f.Add(uint16(i), body, "type=image&openid="+openID)
	}
	f.Fuzz(func(t *testing.T, which uint16, body, query string) {
		path := paths[int(which)%len(paths)]
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.URL.RawQuery = query + "&access_token=" + a.plain.token
			w := httptest.NewRecorder()
			s.root.ServeHTTP(w, r)
			if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %s: %q", method, path, w.Body)
			}
		}
	})
}

// FuzzReply gives the simulator any passive reply.
func FuzzReply(f *testing.F) {
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	a := s.st.accounts[0]
	c := a.contacts["u1"]
	ciph, _ := newMsgCipher(a.AESKey, a.AppID)
	f.Add([]byte("success"), 0)
	f.Add([]byte("<xml><MsgType>news</MsgType><ArticleCount>-1</ArticleCount></xml>"), 1)
	f.Add([]byte("<xml><Encrypt>AAAA</Encrypt></xml>"), 2)
	f.Add([]byte(textReply(pushed{FromUserName: c.openID, ToUserName: a.OriginalID}, "好")), 1)
	f.Fuzz(func(_ *testing.T, answer []byte, mode int) {
		p := &push{appID: a.AppID, userID: "u1", token: a.Token, originalID: a.OriginalID, mode: []Mode{Plain, Compatible, Safe}[uint(mode)%3], cipher: ciph}
		_ = s.showReply(c, p, answer)
		_ = p.readable(answer)
	})
}

// FuzzReadQR gives the reader any picture.
func FuzzReadQR(f *testing.F) {
	f.Add(identicon("a", 60))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = readQR(data) })
}

// Modules at random, of every version, are refused or read but never crash.
func TestDecodeNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for version := 1; version <= 40; version++ {
		n := 17 + 4*version
		grid := make([][]bool, n)
		for r := range grid {
			grid[r] = make([]bool, n)
			for c := range grid[r] {
				grid[r][c] = rng.IntN(2) == 0
			}
		}
		for level := range 4 {
			for mask := range 8 {
				if data, ok := qrCorrect(qrCodewords(grid, version, mask), version, level); ok {
					_, _ = qrText(data, version)
				}
			}
		}
		noise := make([]byte, 400)
		for i := range noise {
			noise[i] = byte(rng.IntN(256))
		}
		_, _ = qrText(noise, version)
	}
	if _, err := readQR(bytes.Repeat([]byte{0}, 100)); err == nil {
		t.Error("zeros were read")
	}
}
