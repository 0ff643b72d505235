package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/silenceper/wechat/v2/officialaccount/oauth"
	"github.com/xunjia/xunjia"
)

// The scopes of web authorization.
const (
	ScopeBase     = "snsapi_base"     // silent, openid only
	ScopeUserInfo = "snsapi_userinfo" // asks the visitor; must follow from something that he did
)

// OAuthIdentity is who a visitor is, as web authorization tells.
type OAuthIdentity struct {
	OpenID   string
	UnionID  string // only when the account is bound to an Open Platform account
	Scope    string // what the visitor agreed to
	Nickname string // ScopeUserInfo only; often the generic 微信用户
	Avatar   string // URL; ScopeUserInfo only; may be empty
	// Snapshot marks the virtual visitor of a snapshot page (快照页): his ids
	// belong to nobody. Never make or bind an account; show the page and ask
	// him to tap 使用完整服务.
	Snapshot bool
}

// AuthorizeURL is where the visitor's browser goes to authorize. redirect is
// an absolute URL on the account's 网页授权域名; state comes back with the
// code, at most 128 letters and digits.
func (a *Account) AuthorizeURL(redirect, scope, state string) string {
	// The order of the parameters is part of the platform's rules.
	return a.cfg.Hosts.Open + "/connect/oauth2/authorize?appid=" + url.QueryEscape(a.cfg.AppID) +
		"&redirect_uri=" + url.QueryEscape(redirect) + "&response_type=code&scope=" + url.QueryEscape(scope) +
		"&state=" + url.QueryEscape(state) + "#wechat_redirect"
}

// Exchange turns the code of an authorization into an identity. A code works
// once within five minutes; an Unauthorized error (class RestartOAuth) asks for
// a new one.
func (a *Account) Exchange(ctx context.Context, code string) (OAuthIdentity, error) {
	if code == "" || len(code) > 512 {
		return OAuthIdentity{}, xunjia.Errorf(xunjia.Unauthorized, "微信授权没有完成，请重新进入")
	}
	var granted oauth.ResAccessToken
	err := a.once(ctx, request{
		method: http.MethodGet, path: "/sns/oauth2/access_token", out: &granted,
		query: url.Values{
			"appid": {a.cfg.AppID}, "secret": {a.cfg.Secret}, "code": {code}, "grant_type": {"authorization_code"},
		},
	})
	if err == nil && granted.OpenID == "" {
		err = &CallError{API: "/sns/oauth2/access_token", Sent: true, Err: errors.New("answer without an openid")}
	}
	if err != nil {
		return OAuthIdentity{}, explainOAuth(err)
	}
	id := OAuthIdentity{
		OpenID: granted.OpenID, UnionID: granted.UnionID, Scope: granted.Scope, Snapshot: granted.IsSnapShotUser == 1,
	}
	if !id.Snapshot && hasScope(granted.Scope, ScopeUserInfo) {
		a.addProfile(ctx, &id, granted.AccessToken)
	}
	return id, nil
}

// addProfile fills nickname, avatar and unionid. Without them the visitor is
// still known, and his code is already used up: a failure is only logged.
func (a *Account) addProfile(ctx context.Context, id *OAuthIdentity, token string) {
	var info oauth.UserInfo
	err := a.once(ctx, request{
		method: http.MethodGet, path: "/sns/userinfo", out: &info,
		query: url.Values{"access_token": {token}, "openid": {id.OpenID}, "lang": {"zh_CN"}},
	})
	if err != nil {
		a.log.WarnContext(ctx, "wechat: profile not fetched", "error", err)
		return
	}
	id.Nickname, id.Avatar = info.Nickname, info.HeadImgURL
	if info.Unionid != "" {
		id.UnionID = info.Unionid
	}
}

func hasScope(granted, scope string) bool {
	for s := range strings.FieldsFuncSeq(granted, func(r rune) bool { return r == ',' || r == ' ' }) {
		if s == scope {
			return true
		}
	}
	return false
}

// explainOAuth words an error for the visitor instead of for staff.
func explainOAuth(err error) error {
	if Classify(err) == RestartOAuth {
		return &xunjia.Error{Code: xunjia.Unauthorized, Message: "微信授权已失效，请重新进入", Err: err}
	}
	return unavailable("微信登录暂时不可用，请稍后再试", err)
}
