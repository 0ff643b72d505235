package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The delivery rules of pushes. [comm mirrors of 被动回复用户消息]
const (
	pushTimeout  = 5 * time.Second // "5 s, connection dropped"
	pushTries    = 3               // "3 tries in total"
	pushesAtOnce = 64              // connections to developers' servers; more wait
	faultBubble  = "该公众号提供的服务出现故障，请稍后再试"
)

// push is one message on its way to the developer's server.
type push struct {
	appID, userID, openID string
	server, token         string
	mode                  Mode
	cipher                *msgCipher
	originalID            string
	format                Format
	body                  []byte // in clear
	label                 string // for the request log
	fields                []node
	answers               bool // a passive reply, or the fault bubble, belongs to it
}

// preparePush writes a message about c for deliver; Server.mu is held. It
// answers nil when the account has no server.
func (s *Server) preparePush(c *contact, answers bool, fields ...node) *push {
	a := c.acc
	if a.ServerURL == "" {
		return nil
	}
	all := append([]node{str("ToUserName", a.OriginalID), str("FromUserName", c.openID), num("CreateTime", s.now().Unix())}, fields...)
	p := &push{
		appID: a.AppID, userID: c.user.ID, openID: c.openID, server: a.ServerURL, token: a.Token, mode: a.Mode,
		originalID: a.OriginalID, format: a.Format, body: writeFields(a.Format, all), fields: all, answers: answers,
	}
	if a.Mode != Plain {
		p.cipher, _ = newMsgCipher(a.AESKey, a.AppID)
	}
	for _, f := range fields {
		if f.name == "MsgType" || f.name == "Event" {
			p.label = f.text
		}
	}
	return p
}

// send pushes in the background; Server.mu is held.
func (s *Server) send(c *contact, answers bool, fields ...node) {
	if p := s.preparePush(c, answers, fields...); p != nil {
		s.inFlight.Add(1)
		s.work.Go(func() { defer s.inFlight.Add(-1); s.deliver(p) })
	}
}

// event pushes an event in the background; Server.mu is held.
func (s *Server) event(c *contact, answers bool, name string, fields ...node) {
	s.send(c, answers, append([]node{str("MsgType", "event"), str("Event", name)}, fields...)...)
}

// deliver tries up to three times, then shows what came back. A refused
// connection, a time-out and a status other than 200 count as a failed try.
func (s *Server) deliver(p *push) {
	for try := 1; try <= pushTries && s.ctx.Err() == nil; try++ {
		answer, ok := s.post(p, try)
		if !ok {
			continue
		}
		if !p.answers {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		c := s.chatOf(p)
		if c == nil {
			return
		}
		if err := s.showReply(c, p, answer); err != nil {
			s.log.Info("passive reply refused", "app_id", p.appID, "err", err)
			s.say(c, Message{From: "system", Type: "text", Text: faultBubble, Note: err.Error()})
		}
		return
	}
	if !p.answers || s.ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.chatOf(p); c != nil {
		s.say(c, Message{From: "system", Type: "text", Text: faultBubble, Note: "开发者服务器三次都没有正确回应"})
	}
}

// chatOf finds the chat of a push again: the user may be gone by now.
func (s *Server) chatOf(p *push) *contact {
	if a := s.st.account(p.appID); a != nil {
		return a.contacts[p.userID]
	}
	return nil
}

// post makes one try and answers the body of a 200.
func (s *Server) post(p *push, try int) ([]byte, bool) {
	begin := time.Now()
	target, body, err := s.encodePush(p)
	if err != nil {
		return nil, false
	}
	entry := RequestLog{Kind: "push", AppID: p.appID, Method: http.MethodPost, Path: p.label, Query: target.Path, Request: excerpt(p.body), Try: try}
	defer func() {
		entry.MS = time.Since(begin).Milliseconds()
		s.record(entry)
	}()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-s.ctx.Done():
		return nil, false
	}
	begin = time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, s.opt.PushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body)) // #nosec G704 -- the address the developer configured
	if err != nil {
		entry.ErrMsg = err.Error()
		return nil, false
	}
	req.Header.Set("Content-Type", "text/xml")
	if p.format == JSON {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "Mozilla/4.0")
	req.Header.Set("Pragma", "no-cache")
	resp, err := s.client.Do(req) // #nosec G704 -- as above
	if err != nil {
		entry.ErrMsg = err.Error()
		return nil, false
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	entry.Status, entry.Response = resp.StatusCode, excerpt(p.readable(answer))
	if err != nil {
		entry.ErrMsg = err.Error()
		return nil, false
	}
	return answer, resp.StatusCode == http.StatusOK
}

// readable is an answer as the request log shows it: decrypted where possible.
func (p *push) readable(answer []byte) []byte {
	if p.cipher == nil {
		return answer
	}
	env, err := parseReply(bytes.TrimSpace(answer))
	if err != nil || env.Encrypt == "" {
		return answer
	}
	clear, err := p.cipher.decrypt(env.Encrypt)
	if err != nil {
		return answer
	}
	return clear
}

// encodePush signs the address and writes the body of the account's mode.
// [off] developers.weixin.qq.com/doc/oplatform/developers/dev/push/encryption.md
func (s *Server) encodePush(p *push) (*url.URL, []byte, error) {
	target, err := url.Parse(p.server)
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	stamp, nonce := strconv.FormatInt(s.now().Unix(), 10), strconv.FormatUint(uint64(s.st.rng.Uint32()), 10)
	random := []byte(s.st.random(16))
	s.mu.Unlock()
	q := target.Query()
	q.Set("signature", sign(p.token, stamp, nonce))
	q.Set("timestamp", stamp)
	q.Set("nonce", nonce)
	q.Set("openid", p.openID)
	body := p.body
	if p.mode != Plain {
		secret := p.cipher.encrypt(random, p.body)
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", sign(p.token, stamp, nonce, secret))
		fields := []node{str("ToUserName", p.originalID), str("Encrypt", secret)}
		if p.mode == Compatible {
			fields = append(append([]node{}, p.fields...), str("Encrypt", secret))
		}
		body = writeFields(p.format, fields)
	}
	target.RawQuery = q.Encode()
	return target, body, nil
}

// VerifyServer asks the developer's server to prove that it knows the token,
// as the console does when the address is saved: GET with echostr. The error
// tells in Chinese what went wrong.
func (s *Server) VerifyServer(ctx context.Context, appID string) error {
	s.mu.Lock()
	a := s.st.account(appID)
	if a == nil || a.ServerURL == "" {
		s.mu.Unlock()
		return badRequest("这个公众号没有填写服务器地址")
	}
	target, err := url.Parse(a.ServerURL)
	stamp, nonce, echo := strconv.FormatInt(s.now().Unix(), 10), strconv.FormatUint(uint64(s.st.rng.Uint32()), 10), strconv.FormatUint(s.st.rng.Uint64(), 10)
	token := a.Token
	s.mu.Unlock()
	if err != nil {
		return badRequest("服务器地址不对：%v", err)
	}
	q := target.Query()
	q.Set("signature", sign(token, stamp, nonce))
	q.Set("timestamp", stamp)
	q.Set("nonce", nonce)
	q.Set("echostr", echo)
	target.RawQuery = q.Encode()
	begin := time.Now()
	entry := RequestLog{Kind: "push", AppID: appID, Method: http.MethodGet, Path: "echostr", Query: target.Path, Try: 1}
	defer func() { entry.MS = time.Since(begin).Milliseconds(); s.record(entry) }()
	ctx, cancel := context.WithTimeout(ctx, s.opt.PushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return badRequest("服务器地址不对：%v", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		entry.ErrMsg = err.Error()
		return badRequest("请求URL超时或连接失败")
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	entry.Status, entry.Response = resp.StatusCode, excerpt(answer)
	if resp.StatusCode != http.StatusOK || strings.TrimSpace(string(answer)) != echo {
		return badRequest("token验证失败：服务器没有原样返回 echostr（状态 %s）", fmt.Sprint(resp.StatusCode))
	}
	return nil
}
