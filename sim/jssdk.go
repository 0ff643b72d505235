package sim

import (
	_ "embed"
	"io"
	"net/http"
	"net/url"
	"strings"
)

//go:embed jweixin.js
var jweixinJS []byte

//go:embed bridge.js
var bridgeJS []byte

// script serves one of the stand-in scripts.
func script(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	}
}

// sdkRoutes serves the stand-in scripts and what they ask for.
func (p *phone) sdkRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /__wechat/jweixin.js", script(jweixinJS))
	mux.HandleFunc("GET /__wechat/bridge.js", script(bridgeJS))
	mux.HandleFunc("POST /__wechat/config", jsonAPI(p.sdkConfig))
	mux.HandleFunc("POST /__wechat/upload", jsonAPI(p.sdkUpload))
	mux.HandleFunc("GET /__wechat/download", p.sdkDownload)
	mux.HandleFunc("GET /__wechat/location", jsonAPI(p.sdkLocation))
	mux.HandleFunc("POST /__wechat/scan", jsonAPI(p.sdkScan))
	mux.HandleFunc("GET /__wechat/subscribe", jsonAPI(p.sdkSubscription))
	mux.HandleFunc("POST /__wechat/subscribe", jsonAPI(p.sdkSubscribe))
}

// sdkConfig checks wx.config: the signature must be the one of the current
// ticket over the page's public address without its fragment; the entry address
// is accepted too, as on iOS. [off] JS-SDK doc, appendix 1
func (p *phone) sdkConfig(r *http.Request) (any, error) {
	var in struct {
		AppID     string   `json:"appId"`
		Timestamp jsonText `json:"timestamp"`
		NonceStr  string   `json:"nonceStr"`
		Signature string   `json:"signature"`
		Pages     []string `json:"pages"` // current and entry address
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	answer := func(msg string) (any, error) { return map[string]string{"errMsg": msg}, nil }
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	acc := s.st.account(in.AppID)
	if acc == nil {
		return answer("config:invalid appid")
	}
	p.mu.Lock()
	snapshot := p.snapshot != nil
	p.mu.Unlock()
	if snapshot {
		return answer("config:fail, no permission in snapshot mode")
	}
	web, err := url.Parse(originOf(acc.WebURL))
	if err != nil || acc.WebURL == "" {
		return answer("config:invalid url domain")
	}
	t := acc.tickets["jsapi"]
	if t == nil || !s.now().Before(t.expires) {
		return answer("config:invalid signature")
	}
	for _, page := range in.Pages {
		page, _, _ = strings.Cut(page, "#")
		for _, address := range []string{p.toPublic(page, web), page} {
			if jsSignature(t.value, in.NonceStr, string(in.Timestamp), address) == in.Signature {
				return answer("config:ok")
			}
		}
	}
	return answer("config:invalid signature")
}

// jsSignature signs a page for wx.config; the address has no fragment.
func jsSignature(ticket, nonce, timestamp, address string) string {
	return sha1Hex("jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" + timestamp + "&url=" + address)
}

// sdkUpload is wx.uploadImage: the picture becomes temporary media.
func (p *phone) sdkUpload(r *http.Request) (any, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxUserMedia)
	data, err := io.ReadAll(r.Body)
	if err != nil || len(data) == 0 {
		return nil, badRequest("图片没有传完整")
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	a := p.s.st.account(p.key.appID)
	if a == nil {
		return nil, missing("公众号")
	}
	item := a.keepMedia(p.s.st, "image", "", data, p.s.now())
	return map[string]string{"serverId": item.id}, nil
}

// sdkDownload is wx.downloadImage: the bytes behind a serverId.
func (p *phone) sdkDownload(w http.ResponseWriter, r *http.Request) {
	p.s.mu.Lock()
	var item *mediaItem
	if a := p.s.st.account(p.key.appID); a != nil {
		item = a.findMedia(r.FormValue("serverId"), p.s.now())
	}
	p.s.mu.Unlock()
	if item == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", item.contentType())
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(item.data)
}

// sdkLocation is where the user stands; see POST /sim/api/users/{id}/chats/{app}/location.
func (p *phone) sdkLocation(*http.Request) (any, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	u := p.s.st.user(p.key.userID)
	if u == nil {
		return nil, missing("用户")
	}
	return map[string]any{"latitude": u.lat, "longitude": u.lng, "speed": 0, "accuracy": 30}, nil
}

// sdkScan reads a QR code picture that the user chose for wx.scanQRCode.
func (p *phone) sdkScan(r *http.Request) (any, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxUserMedia))
	if err != nil {
		return nil, badRequest("图片没有传完整")
	}
	text, err := readQR(data)
	if err != nil {
		return nil, badRequest("没有识别到二维码")
	}
	return map[string]string{"text": text}, nil
}

// sdkSubscription tells what the dialogue of <wx-open-subscribe> shows:
// ?template=id,id. Templates that the user decided on for good have their answer.
func (p *phone) sdkSubscription(r *http.Request) (any, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	a := p.s.st.account(p.key.appID)
	if a == nil || a.contacts[p.key.userID] == nil {
		return nil, missing("公众号")
	}
	c := a.contacts[p.key.userID]
	type entry struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		Content string `json:"content"`
		Always  bool   `json:"always"` // accepted for good
	}
	list := []entry{}
	for id := range strings.SplitSeq(r.FormValue("template"), ",") {
		t := a.subTemplate(strings.TrimSpace(id))
		if t == nil {
			return nil, badRequest("TemplateId %q is invalid", id)
		}
		credit := c.credits[t.ID]
		list = append(list, entry{t.ID, t.Title, t.Content, credit != nil && credit.always})
	}
	if len(list) > maxSubscribe {
		return nil, badRequest("template number exceeds limit")
	}
	return map[string]any{"account": a.Name, "avatar_url": p.s.accountAvatarURL(a), "templates": list}, nil
}

// maxSubscribe is the number of templates in one dialogue.
// [off] …/subscription_messages/intro.html
const maxSubscribe = 3

// sdkSubscribe takes the user's answer to the dialogue.
func (p *phone) sdkSubscribe(r *http.Request) (any, error) {
	var in subscribeAnswer
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	a := p.s.st.account(p.key.appID)
	if a == nil || a.contacts[p.key.userID] == nil {
		return nil, missing("公众号")
	}
	in.Scene, in.Change = 1, false
	return nil, p.s.answerSubscribe(a.contacts[p.key.userID], in)
}
