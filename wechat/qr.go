package wechat

import (
	"context"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/basic"
	"github.com/xunjia/xunjia"
)

// MaxQRLife is the longest life of a temporary QR code.
const MaxQRLife = 30 * 24 * time.Hour

// QRCode is a QR code of the account with a scene: who scans it comes back as
// Subscribe or Scan with that scene.
type QRCode struct {
	Ticket   string
	URL      string        // what the code says; draw it to make a picture of one's own
	ImageURL string        // the platform's picture
	Life     time.Duration // 0 for a permanent one
}

// CreateQR makes a QR code for a scene of 1 to 64 characters. life is at least a
// minute and at most MaxQRLife; 0 makes a permanent one, of which an account has
// 100,000.
func (a *Account) CreateQR(ctx context.Context, scene string, life time.Duration) (QRCode, error) {
	if scene == "" || len(scene) > 64 {
		return QRCode{}, xunjia.Errorf(xunjia.Invalid, "二维码的场景值要有 1 到 64 个字符")
	}
	if life != 0 && (life < time.Minute || life > MaxQRLife) {
		return QRCode{}, xunjia.Errorf(xunjia.Invalid, "二维码的有效期要在 1 分钟到 30 天之间")
	}
	in := basic.NewLimitQrRequest(scene)
	if life > 0 {
		in = basic.NewTmpQrRequest(life, scene)
	}
	var out struct {
		Ticket        string `json:"ticket"`
		ExpireSeconds int64  `json:"expire_seconds"`
		URL           string `json:"url"`
	}
	if err := a.post(ctx, "/cgi-bin/qrcode/create", in, &out); err != nil {
		return QRCode{}, err
	}
	return QRCode{
		Ticket: out.Ticket, URL: out.URL, Life: time.Duration(out.ExpireSeconds) * time.Second,
		ImageURL: a.cfg.Hosts.MP + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(out.Ticket),
	}, nil
}

// ClearQuota resets all daily quotas of the account; the platform allows it ten
// times a month.
func (a *Account) ClearQuota(ctx context.Context) error {
	return a.post(ctx, "/cgi-bin/clear_quota", map[string]string{"appid": a.cfg.AppID}, nil)
}
