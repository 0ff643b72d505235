package sim

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed all:web
var webFiles embed.FS

// clientError is a failure of the JSON API below /sim/api/.
type clientError struct {
	status int
	msg    string
}

func (e *clientError) Error() string { return e.msg }

func badRequest(format string, args ...any) error {
	return &clientError{http.StatusUnprocessableEntity, fmt.Sprintf(format, args...)}
}

func missing(what string) error { return &clientError{http.StatusNotFound, what + "不存在"} }

// clientHandler serves the browser client and its JSON API.
func (s *Server) clientHandler() http.Handler {
	mux := http.NewServeMux()
	files, _ := fs.Sub(webFiles, "web")
	mux.Handle("GET /sim/", http.StripPrefix("/sim/", noStore(http.FileServerFS(files))))
	api := func(pattern string, f func(*http.Request) (any, error)) { mux.HandleFunc(pattern, jsonAPI(f)) }
	const chat = "/sim/api/users/{id}/chats/{app}"
	api("GET /sim/api/state", s.clientState)
	mux.HandleFunc("GET /sim/api/events", s.serveEvents)
	api("GET "+chat+"/messages", s.clientMessages)
	api("POST "+chat+"/messages", s.clientSend)
	api("POST "+chat+"/follow", s.clientFollow)
	api("POST "+chat+"/unfollow", s.clientUnfollow)
	api("POST "+chat+"/read", s.clientRead)
	api("POST "+chat+"/menu", s.clientMenu)
	api("POST "+chat+"/location", s.clientLocation)
	api("POST "+chat+"/mute", s.clientMute)
	api("POST "+chat+"/subscribe-msg", s.clientSubscribeMsg)
	api("POST /sim/api/users/{id}/open", s.clientOpen)
	api("POST /sim/api/users/{id}/scan", s.clientScan)
	api("POST /sim/api/users", s.clientAddUser)
	api("DELETE /sim/api/users/{id}", s.clientRemoveUser)
	api("GET /sim/api/sms", s.clientSMS)
	api("POST /sim/api/sms/reply", s.clientReplySMS)
	s.controlRoutes(api)
	return mux
}

// jsonAPI renders the result or {"error": "…"}.
func jsonAPI(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		v, err := f(r)
		if err != nil {
			status = http.StatusInternalServerError
			if ce, ok := errors.AsType[*clientError](err); ok {
				status = ce.status
			}
			v = map[string]string{"error": err.Error()}
		}
		if v == nil {
			v = struct{}{}
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = w.Write(marshal(v))
	}
}

// noStore keeps browsers from showing yesterday's client.
func noStore(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		h.ServeHTTP(w, r)
	})
}

// guardClient keeps foreign web sites away from the client's API: no
// cross-origin writes, and on a loopback listener no foreign Host (DNS rebinding).
func (s *Server) guardClient(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !s.opt.AllowRemote && !isLoopback(strings.Trim(host, "[]")) {
			http.Error(w, "只能用本机地址访问", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// readJSON decodes a small JSON body; an empty one leaves v as it is.
func readJSON(r *http.Request, v any) error {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return badRequest("读取请求失败")
	}
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return badRequest("请求不是正确的 JSON：%v", err)
	}
	return nil
}

// findChat resolves {id} and {app}; Server.mu is held.
func (s *Server) findChat(r *http.Request) (*contact, error) {
	u := s.st.user(r.PathValue("id"))
	if u == nil {
		return nil, missing("用户")
	}
	a := s.st.account(r.PathValue("app"))
	if a == nil {
		return nil, missing("公众号")
	}
	return a.contacts[u.ID], nil
}

// Shapes of GET /sim/api/state.
type (
	stateView struct {
		Now      int64         `json:"now"`
		Seed     int64         `json:"seed"`
		Accounts []accountView `json:"accounts"`
		Users    []userView    `json:"users"`
		SMSCount int           `json:"sms_count"`
	}
	accountView struct {
		AppID      string          `json:"app_id"`
		Name       string          `json:"name"`
		OriginalID string          `json:"original_id"`
		AvatarURL  string          `json:"avatar_url"`
		WebURL     string          `json:"web_url"`
		ServerURL  string          `json:"server_url"`
		Mode       Mode            `json:"mode"`
		Menu       json.RawMessage `json:"menu"`
	}
	userView struct {
		ID         string              `json:"id"`
		Nickname   string              `json:"nickname"`
		AvatarURL  string              `json:"avatar_url"`
		Phone      string              `json:"phone"`
		BrowserURL string              `json:"browser_url"`
		Chats      map[string]chatView `json:"chats"`
	}
	chatView struct {
		Followed bool            `json:"followed"`
		OpenID   string          `json:"openid"`
		Unread   int             `json:"unread"`
		LastText string          `json:"last_text"`
		LastAt   int64           `json:"last_at"`
		Muted    bool            `json:"muted"`
		Typing   bool            `json:"typing"`
		Menu     json.RawMessage `json:"menu"` // the menu this user sees
		Browser  string          `json:"browser_url"`
	}
)

func (s *Server) clientState(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := stateView{Now: s.now().UnixMilli(), Seed: s.opt.Seed, Accounts: []accountView{}, Users: []userView{}, SMSCount: len(s.st.sms.sent)}
	for _, a := range s.st.accounts {
		v.Accounts = append(v.Accounts, accountView{a.AppID, a.Name, a.OriginalID, s.accountAvatarURL(a), a.WebURL, a.ServerURL, a.Mode, a.menu.forUser(nil)})
	}
	for _, u := range s.st.users {
		v.Users = append(v.Users, s.userView(u))
	}
	return v, nil
}

func (s *Server) userView(u *user) userView {
	v := userView{ID: u.ID, Nickname: u.Nickname, AvatarURL: s.avatarURL(u), Phone: u.Phone, Chats: map[string]chatView{}}
	for i, a := range s.st.accounts {
		c := a.contacts[u.ID]
		cv := chatView{Followed: c.followed, OpenID: c.openID, Unread: c.unread, Muted: c.mutesCards, Typing: s.now().Before(c.typing), Menu: a.menu.forUser(c), Browser: s.phoneURL(u.ID, a.AppID)}
		if i == 0 {
			v.BrowserURL = cv.Browser
		}
		if n := len(c.messages); n > 0 {
			cv.LastAt, cv.LastText = c.messages[n-1].At, c.messages[n-1].summary()
		}
		v.Chats[a.AppID] = cv
	}
	return v
}

// summary is the line a chat list shows for a message.
func (m *Message) summary() string {
	switch m.Type {
	case "image":
		return "[图片]"
	case "voice":
		return "[语音]"
	case "video":
		return "[视频]"
	case "music":
		return "[音乐] " + m.Title
	case "location":
		return "[位置] " + m.Label
	case "link":
		return "[链接] " + m.Title
	case "news":
		if len(m.Articles) > 0 {
			return "[图文] " + m.Articles[0].Title
		}
		return "[图文]"
	case "template":
		return "[服务通知] " + m.Template.Title
	default:
		return anchorTag.ReplaceAllString(m.Text, "")
	}
}

// anchorTag is the only markup that the platform shows in a text message.
var anchorTag = regexp.MustCompile(`(?i)</?a(?:\s[^>]*)?>`)

func (s *Server) clientMessages(r *http.Request) (any, error) {
	limit := 50
	if n, err := strconv.Atoi(r.FormValue("limit")); err == nil && n > 0 && n <= 500 {
		limit = n
	}
	before, _ := strconv.ParseInt(r.FormValue("before"), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	list := c.messages
	if before > 0 {
		i, _ := slices.BinarySearchFunc(list, before, func(m *Message, id int64) int { return int(m.ID - id) })
		list = list[:i]
	}
	from := max(0, len(list)-limit)
	out := make([]Message, 0, limit)
	for _, m := range list[from:] {
		out = append(out, *m)
	}
	return map[string]any{"messages": out, "more": from > 0}, nil
}

func (s *Server) clientFollow(r *http.Request) (any, error) {
	var in struct{ Scene string }
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	s.follow(c, nil, in.Scene)
	return nil, nil
}

func (s *Server) clientUnfollow(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	s.unfollow(c)
	return nil, nil
}

func (s *Server) clientRead(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err == nil {
		c.unread = 0
	}
	return nil, err
}

// clientMute switches template messages of one account off or on, as a user
// does in the account's settings; sends then end in "failed:user block".
func (s *Server) clientMute(r *http.Request) (any, error) {
	in := struct{ Muted bool }{true}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err == nil {
		c.mutesCards = in.Muted
		s.hub.publish(event{Kind: "state", User: c.user.ID, AppID: c.acc.AppID})
	}
	return nil, err
}

func (s *Server) clientAddUser(r *http.Request) (any, error) {
	var in User
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Nickname) == "" {
		return nil, badRequest("请填写昵称")
	}
	s.mu.Lock()
	u, err := s.st.addUser(in)
	s.mu.Unlock()
	if err != nil {
		return nil, &clientError{http.StatusConflict, "这个用户已经存在"}
	}
	if err := s.startPhones(); err != nil {
		return nil, err
	}
	s.hub.publish(event{Kind: "state", User: u.ID})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.userView(u), nil
}

func (s *Server) clientRemoveUser(r *http.Request) (any, error) {
	id := r.PathValue("id")
	s.mu.Lock()
	ok := s.st.removeUser(id)
	s.mu.Unlock()
	if !ok {
		return nil, missing("用户")
	}
	s.stopPhones(id)
	s.hub.publish(event{Kind: "state"})
	return nil, nil
}

// say adds a bubble to a chat and shows it to the browsers; Server.mu is held.
func (s *Server) say(c *contact, m Message) *Message {
	m.ID, m.At = s.st.next(), s.now().UnixMilli()
	if m.Status == "" {
		m.Status = "sent"
	}
	const keep = 2000
	if len(c.messages) >= keep {
		c.messages = slices.Delete(c.messages, 0, keep/4)
	}
	c.messages = append(c.messages, &m)
	if m.From != "system" {
		c.lastTalk = s.now()
	}
	if m.From == "account" {
		c.unread++
		c.typing = time.Time{}
	}
	shown := m
	s.hub.publish(event{Kind: "message", User: c.user.ID, AppID: c.acc.AppID, Message: &shown})
	return &m
}

// millis is a platform time in the unit of the JSON API.
func millis(t time.Time) int64 { return t.UnixMilli() }

func readRaw(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, badRequest("读取请求失败")
	}
	return raw, nil
}

func unmarshalClient(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return badRequest("请求不是正确的 JSON：%v", err)
	}
	return nil
}
