package sim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	qrcode "github.com/skip2/go-qrcode"
)

// Limits of QR codes with a scene.
// [off] /doc/service/api/qrcode/qrcodes/api_createqrcode.md
const (
	qrMaxLife     = 2592000 // seconds
	qrDefaultLife = 60
	qrMaxStr      = 64
	qrMaxLimitID  = 100_000
	qrMaxLimit    = 100_000
)

// qrCode is one code with a scene.
type qrCode struct {
	ticket    string
	url       string // what the picture holds
	sceneID   int64
	sceneStr  string
	permanent bool
	expires   time.Time
	scans     int
}

// sceneText is the scene as events carry it.
func (q *qrCode) sceneText() string {
	if q.sceneStr != "" {
		return q.sceneStr
	}
	return strconv.FormatInt(q.sceneID, 10)
}

func qrRoutes() map[string]route {
	return map[string]route{
		"/cgi-bin/qrcode/create": {method: http.MethodPost, perDay: 100_000, run: createQR},
		"/cgi-bin/showqrcode":    {open: true, run: showQR},
	}
}

func createQR(c *call) (any, *apiError) {
	var in struct {
		ExpireSeconds int64  `json:"expire_seconds"`
		ActionName    string `json:"action_name"`
		ActionInfo    struct {
			Scene struct {
				SceneID  json.Number `json:"scene_id"`
				SceneStr string      `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	q := &qrCode{}
	byText := false
	switch in.ActionName {
	case "QR_SCENE":
	case "QR_STR_SCENE":
		byText = true
	case "QR_LIMIT_SCENE":
		q.permanent = true
	case "QR_LIMIT_STR_SCENE":
		q.permanent, byText = true, true
	default:
		return nil, fail(40053)
	}
	if byText {
		if q.sceneStr = in.ActionInfo.Scene.SceneStr; q.sceneStr == "" || len(q.sceneStr) > qrMaxStr {
			return nil, fail(40053)
		}
	} else {
		id, err := in.ActionInfo.Scene.SceneID.Int64()
		if err != nil || id < 1 || id > 1<<32-1 || (q.permanent && id > qrMaxLimitID) {
			return nil, fail(40053)
		}
		q.sceneID = id
	}
	life := int64(qrDefaultLife)
	if in.ExpireSeconds > 0 {
		life = min(in.ExpireSeconds, qrMaxLife)
	}
	if q.permanent && c.acc.permanentQR() >= qrMaxLimit {
		return nil, fail(45029, "qrcode count out of limit")
	}
	q.expires = c.now.Add(time.Duration(life) * time.Second)
	q.ticket = "gQ" + c.st.random(94)
	q.url = "http://weixin.qq.com/q/02" + c.st.random(22)
	c.acc.qr[q.ticket] = q
	out := map[string]any{"ticket": q.ticket, "url": q.url}
	if !q.permanent {
		out["expire_seconds"] = life
	}
	return out, nil
}

func (a *account) permanentQR() int {
	n := 0
	for _, q := range a.qr {
		if q.permanent {
			n++
		}
	}
	return n
}

// showQR draws the picture of a ticket; unknown tickets are a 404 on the
// platform, here an error text.
func showQR(c *call) (any, *apiError) {
	for _, a := range c.st.accounts {
		if q := a.qr[c.q.Get("ticket")]; q != nil {
			png, err := qrcode.Encode(q.url, qrcode.Medium, 430)
			if err != nil {
				return nil, fail(-1)
			}
			return rawBody{contentType: "image/png", data: png}, nil
		}
	}
	return nil, fail(40097)
}

// findQR resolves what a user scanned: the address inside of a code, a ticket,
// or a showqrcode link.
func (st *state) findQR(text string) (*account, *qrCode) {
	text = strings.TrimSpace(text)
	for _, a := range st.accounts {
		if q := a.qr[text]; q != nil {
			return a, q
		}
		if q := a.qr[ticketOf(text)]; q != nil {
			return a, q
		}
		for _, q := range a.qr {
			if q.url == text {
				return a, q
			}
		}
	}
	return nil, nil
}
