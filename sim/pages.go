package sim

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"time"
)

// The pages that WeChat itself shows inside of its browser.
type (
	outsidePage struct{ Users []outsideUser }
	outsideUser struct{ Nickname, Avatar, Link string }
	messagePage struct{ Title, Text string }
	articlePage struct {
		Title, Author, Account string
		Body                   template.HTML
		Source                 string
	}
	consentPage struct {
		Account, AccountAvatar, Nickname, Avatar, Host, Query string
	}
)

const pageStyle = `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<script src="/__wechat/bridge.js"></script>
<style>*{box-sizing:border-box}body{margin:0;min-height:100vh;font:17px/1.5 -apple-system,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#191919;background:#fff;display:flex;flex-direction:column;align-items:center}
main{width:100%;max-width:420px;padding:28px 28px 8px;flex:1;display:flex;flex-direction:column}
h1{font-size:20px;text-wrap:balance;font-weight:600;margin:0 0 8px}p{color:#737373;font-size:15px;margin:0 0 16px}
img{border-radius:6px;background:#eee}.who{display:flex;gap:12px;align-items:center;padding:14px 0;border-top:1px solid #e7e7e7;border-bottom:1px solid #e7e7e7;margin:12px 0;color:inherit;text-decoration:none}
.who small{color:#9a9a9a;display:block;font-size:13px}button,.btn{display:block;width:100%;border:0;border-radius:8px;padding:12px;font:inherit;font-weight:600;text-align:center;cursor:pointer;margin-bottom:12px;text-decoration:none}
.ok{background:#07c160;color:#fff}.no{background:#f2f2f2;color:#06ae56}.plain{background:none;color:#576b95;font-weight:400;font-size:14px}
.foot{margin-top:auto;padding-top:24px}.big{font-size:56px;line-height:1;margin:24px 0;text-align:center}.mid{text-align:center}</style>`

func pageTemplates() *template.Template {
	t := template.Must(template.New("message").Parse(pageStyle + `<title>{{.Title}}</title></head><body><main class="mid"><div class="big" aria-hidden="true">ⓘ</div><h1>{{.Title}}</h1><p>{{.Text}}</p></main></body></html>`))
	template.Must(t.New("outside").Parse(pageStyle + `<title>请在微信客户端打开链接</title></head><body><main><div class="big" aria-hidden="true">ⓘ</div><h1 class="mid">请在微信客户端打开链接</h1>
<p class="mid">这是网页授权链接，只能在模拟微信里打开。{{if .Users}}选择一位用户继续：{{end}}</p>
{{range .Users}}<a class="who" href="{{.Link}}"><img src="{{.Avatar}}" width="44" height="44" alt=""><span>{{.Nickname}}<small>用他的手机打开</small></span></a>{{end}}</main></body></html>`))
	template.Must(t.New("article").Parse(pageStyle + `<title>{{.Title}}</title></head><body><main style="max-width:677px;padding-top:20px"><h1>{{.Title}}</h1><p>{{.Author}} {{.Account}}</p><article style="overflow-wrap:anywhere">{{.Body}}</article>{{if .Source}}<p><a href="{{.Source}}">阅读原文</a></p>{{end}}</main></body></html>`))
	template.Must(t.New("consent").Parse(pageStyle + `<title>微信登录</title></head><body><main>
<div class="who" style="border:0;margin:0"><img src="{{.AccountAvatar}}" width="36" height="36" alt=""><span>{{.Account}}<small>{{.Host}} 申请使用</small></span></div>
<h1>你的头像、昵称、地区和性别信息</h1><p>同意后，网页可以看到这些公开资料。</p>
<div class="who"><img src="{{.Avatar}}" width="44" height="44" alt=""><span>{{.Nickname}}<small>微信个人信息</small></span></div>
<form class="foot" method="post" action="/connect/oauth2/authorize"><input type="hidden" name="query" value="{{.Query}}">
<button class="ok" name="answer" value="allow" id="sim-allow">允许</button>
<button class="no" name="answer" value="deny" id="sim-deny">拒绝</button>
<button class="plain" name="answer" value="snapshot" id="sim-snapshot" title="页面没有经过用户操作就要求授权时，平台给的是网页快照">以网页快照方式浏览</button></form></main></body></html>`))
	return t
}

// snapshotBar is the bar of the snapshot page.
const snapshotBar = `<form method="post" action="/connect/full" style="position:fixed;left:0;right:0;bottom:0;z-index:2147483647;display:flex;align-items:center;justify-content:space-between;gap:12px;padding:10px 16px;background:#fff;border-top:1px solid #ddd;font:15px/1.5 sans-serif;color:#333;margin:0"><span>当前为网页快照，部分功能不可用</span><button id="sim-full" style="border:0;border-radius:6px;background:#07c160;color:#fff;padding:8px 14px;font:inherit">使用完整服务</button></form>`

func renderPage(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pageTemplates().ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// visitLasts is how long a page that was opened from an account counts as one
// visit. The simulator's choice: the platform means the page itself.
const visitLasts = 30 * time.Minute

// trusts tells whether the user is let through without being asked: a follower
// who came from the chat or the menu of the account, "用户无感知".
// [off] …/guide/h5/auth.html. Server.mu is held.
func (s *Server) trusts(a *account, u *user) bool {
	c := a.contacts[u.ID]
	return a.SilentFollowers && c != nil && c.followed && s.now().Sub(c.fromAccount) < visitLasts
}

// serveAuthorize is the OAuth page inside of a phone: snsapi_base returns at
// once, snsapi_userinfo asks. [off] …/guide/h5/auth.html
func (p *phone) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	in, complaint := p.s.checkAuthorize(r.URL.Query())
	u := p.s.st.user(p.key.userID)
	if complaint != "" || u == nil {
		renderPage(w, http.StatusOK, "message", messagePage{"无法打开网页", complaint})
		return
	}
	if in.scope == "snsapi_base" || p.s.trusts(in.acc, u) {
		p.redirect(w, r, p.s.issueCode(in, u, false))
		return
	}
	web, _ := url.Parse(in.acc.WebURL)
	renderPage(w, http.StatusOK, "consent", consentPage{
		Account: in.acc.Name, AccountAvatar: p.s.accountAvatarURL(in.acc),
		Nickname: u.Nickname, Avatar: p.s.avatarURL(u), Host: web.Host, Query: r.URL.RawQuery,
	})
}

// serveConsent is the user's answer.
func (p *phone) serveConsent(w http.ResponseWriter, r *http.Request) {
	if !p.ownOrigin(r) {
		http.Error(w, "403", http.StatusForbidden)
		return
	}
	q, err := url.ParseQuery(r.PostFormValue("query"))
	if err != nil {
		http.Error(w, "400", http.StatusBadRequest)
		return
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	in, complaint := p.s.checkAuthorize(q)
	u := p.s.st.user(p.key.userID)
	if complaint != "" || u == nil {
		renderPage(w, http.StatusOK, "message", messagePage{"无法打开网页", complaint})
		return
	}
	switch r.PostFormValue("answer") {
	case "allow":
		p.redirect(w, r, p.s.issueCode(in, u, false))
	case "snapshot":
		p.enterSnapshot(in, q.Encode())
		p.redirect(w, r, p.s.issueCode(in, u, true))
	default: // refused: back without a code
		p.redirect(w, r, withQuery(in.redirect, [2]string{"state", in.state}))
	}
}

// ownOrigin tells whether a form was sent from one of this phone's own pages.
func (p *phone) ownOrigin(r *http.Request) bool {
	o := r.Header.Get("Origin")
	return o == "" || o == p.base || o == "null"
}

// redirect returns to the developer's page on this phone.
func (p *phone) redirect(w http.ResponseWriter, r *http.Request, to string) {
	if a := p.s.st.account(p.key.appID); a != nil {
		if web, err := url.Parse(a.WebURL); err == nil {
			to = p.localise(to, web)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusFound) // #nosec G710 -- the account's own host, checked by checkAuthorize
}

// enterSnapshot gives the page storage of its own, seeded with what the link
// needs to come back. [off community 000c2c34068880629ced91a2f56001]
func (p *phone) enterSnapshot(in *authorizeRequest, authorize string) {
	web, err := url.Parse(in.acc.WebURL)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.snapshot == nil {
		p.snapshot = &snapshot{authorize: authorize, before: p.jar}
	}
	jar := newJar()
	back, err := url.Parse(in.redirect)
	if err != nil {
		back = web
	}
	cookies := p.snapshot.before.Cookies(back)
	for _, c := range cookies {
		c.Path = "/"
	}
	jar.SetCookies(back, cookies)
	p.jar = jar
}

// leaveSnapshot is 使用完整服务: the real storage and the consent page again.
func (p *phone) leaveSnapshot(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	to := "/"
	if p.snapshot != nil {
		to = "/connect/oauth2/authorize?" + p.snapshot.authorize
		p.jar, p.snapshot = p.snapshot.before, nil
	}
	p.mu.Unlock()
	http.Redirect(w, r, to, http.StatusSeeOther)
}
