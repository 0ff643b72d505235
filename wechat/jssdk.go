package wechat

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/util"
	"github.com/xunjia/xunjia"
)

// JSConfig is what wx.config wants, with its names.
type JSConfig struct {
	AppID     string `json:"appId"`
	Timestamp int64  `json:"timestamp"` // Unix seconds
	NonceStr  string `json:"nonceStr"`
	Signature string `json:"signature"`
}

// JSConfig signs one page for the JS-SDK. pageURL is the page's full address
// as location.href has it; a fragment is cut. WeChat on iOS checks the address
// at which the visitor entered, on Android the current one. The error is
// Invalid for a page on a host that is not ours.
func (a *Account) JSConfig(ctx context.Context, pageURL string) (JSConfig, error) {
	u, err := url.Parse(pageURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !slices.Contains(a.cfg.PageHosts, u.Host) {
		return JSConfig{}, xunjia.Errorf(xunjia.Invalid, "不能为这个网址签名")
	}
	ticket, err := a.tickets.value(ctx)
	if err != nil {
		return JSConfig{}, err
	}
	c := JSConfig{AppID: a.cfg.AppID, Timestamp: a.clock().Unix(), NonceStr: rand.Text()[:16]}
	c.Signature = signPage(ticket, c.NonceStr, c.Timestamp, pageURL)
	return c, nil
}

// signPage makes the JS-SDK signature (JS-SDK 使用权限签名算法, appendix 1 of
// the JS-SDK documentation). The page's bytes are signed as they came: parsing
// and printing would change its percent-encoding.
func signPage(ticket, nonce string, timestamp int64, pageURL string) string {
	pageURL, _, _ = strings.Cut(pageURL, "#")
	return util.Signature("jsapi_ticket=" + ticket + "&noncestr=" + nonce +
		"&timestamp=" + strconv.FormatInt(timestamp, 10) + "&url=" + pageURL)
}
