package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Limits of menus. [off] developers.weixin.qq.com/doc/service/api/custommenu;
// sizes in bytes.
const (
	maxButtons   = 3
	maxSub       = 5
	maxTopName   = 16
	maxSubName   = 60
	maxButtonKey = 128
	maxButtonURL = 1024
)

// button is one entry of a menu, with the platform's names.
type button struct {
	Type      string   `json:"type,omitempty"`
	Name      string   `json:"name"`
	Key       string   `json:"key,omitempty"`
	URL       string   `json:"url,omitempty"`
	MediaID   string   `json:"media_id,omitempty"`
	ArticleID string   `json:"article_id,omitempty"`
	AppID     string   `json:"appid,omitempty"`
	PagePath  string   `json:"pagepath,omitempty"`
	SubButton []button `json:"sub_button"`
}

// menuState is the default menu and the conditional ones, oldest first.
type menuState struct {
	buttons     []button
	id          int64
	conditional []conditionalMenu
	creates     dayCount
	deletes     dayCount
}

type conditionalMenu struct {
	ID      int64     `json:"menuid"`
	Buttons []button  `json:"button"`
	Rule    matchRule `json:"matchrule"`
}

type matchRule struct {
	TagID    jsonText `json:"tag_id,omitempty"`
	GroupID  jsonText `json:"group_id,omitempty"`
	Sex      jsonText `json:"sex,omitempty"`
	Country  string   `json:"country,omitempty"`
	Province string   `json:"province,omitempty"`
	City     string   `json:"city,omitempty"`
	Language string   `json:"language,omitempty"`
	Platform jsonText `json:"client_platform_type,omitempty"`
}

func menuRoutes() map[string]route {
	return map[string]route{
		"/cgi-bin/menu/create":         {method: http.MethodPost, perDay: 1000, run: createMenu}, // [comm]
		"/cgi-bin/menu/get":            {perDay: 10_000, run: getMenu},
		"/cgi-bin/menu/delete":         {perDay: 1000, run: deleteMenu},
		"/cgi-bin/menu/addconditional": {method: http.MethodPost, run: addConditional},
		"/cgi-bin/menu/delconditional": {method: http.MethodPost, run: deleteConditional},
		"/cgi-bin/menu/trymatch":       {method: http.MethodPost, run: tryMatch},
	}
}

// effective is the menu a follower sees: the newest conditional menu that fits
// him, else the default one. nil means a stranger. "newest match wins" [comm mirror]
func (m *menuState) effective(c *contact) []button {
	if c != nil {
		for _, cm := range slices.Backward(m.conditional) {
			if cm.matches(c) {
				return cm.Buttons
			}
		}
	}
	return m.buttons
}

// forUser is effective as JSON for the browser client.
func (m *menuState) forUser(c *contact) json.RawMessage {
	buttons := m.effective(c)
	if buttons == nil {
		buttons = []button{}
	}
	return marshal(map[string]any{"button": buttons})
}

// checkButtons answers the platform's code for the first broken limit.
func checkButtons(list []button) *apiError {
	if len(list) < 1 || len(list) > maxButtons {
		return fail(40016)
	}
	for i := range list {
		b := &list[i]
		if b.Name == "" || len(b.Name) > maxTopName {
			return fail(40018)
		}
		if len(b.SubButton) > 0 {
			if len(b.SubButton) > maxSub {
				return fail(40023)
			}
			for _, sub := range b.SubButton {
				if sub.Name == "" || len(sub.Name) > maxSubName {
					return fail(40025)
				}
				if err := checkAction(sub, 40024, 40026, 40027); err != nil {
					return err
				}
			}
			continue
		}
		if err := checkAction(*b, 40017, 40019, 40020); err != nil {
			return err
		}
	}
	return nil
}

// checkAction checks what a button does; the codes differ between the levels.
func checkAction(b button, badType, badKey, badURL int) *apiError {
	switch b.Type {
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if b.Key == "" || len(b.Key) > maxButtonKey {
			return fail(badKey)
		}
	case "view", "miniprogram":
		u, err := url.Parse(b.URL)
		if b.URL == "" || len(b.URL) > maxButtonURL || err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fail(badURL)
		}
		if b.Type == "miniprogram" && b.AppID == "" {
			return fail(40013)
		}
	case "media_id", "view_limited":
		if b.MediaID == "" {
			return fail(40007)
		}
	case "article_id", "article_view_limited":
		if b.ArticleID == "" {
			return fail(53600)
		}
	default:
		return fail(badType)
	}
	return nil
}

func createMenu(c *call) (any, *apiError) {
	var in struct {
		Button []button `json:"button"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkButtons(in.Button); err != nil {
		return nil, err
	}
	c.acc.menu.buttons, c.acc.menu.id = normalButtons(in.Button), 200_000_000+c.st.next()
	c.s.hub.publish(event{Kind: "state", AppID: c.acc.AppID})
	return nil, nil
}

// normalButtons gives every level a sub_button array, as menu/get shows it.
func normalButtons(list []button) []button {
	for i := range list {
		if list[i].SubButton == nil {
			list[i].SubButton = []button{}
		}
		normalButtons(list[i].SubButton)
	}
	return list
}

func getMenu(c *call) (any, *apiError) {
	m := &c.acc.menu
	if m.buttons == nil {
		return nil, fail(46003)
	}
	out := map[string]any{"menu": map[string]any{"button": m.buttons, "menuid": m.id}}
	if len(m.conditional) > 0 {
		list := slices.Clone(m.conditional)
		slices.Reverse(list)
		out["conditionalmenu"] = list
	}
	return out, nil
}

// deleteMenu removes the default and all conditional menus. [off]
func deleteMenu(c *call) (any, *apiError) {
	c.acc.menu.buttons, c.acc.menu.conditional = nil, nil
	c.s.hub.publish(event{Kind: "state", AppID: c.acc.AppID})
	return nil, nil
}

// clientMenu is a tap on a menu button.
func (s *Server) clientMenu(r *http.Request) (any, error) {
	var in menuTap
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return nil, badRequest("请先发送图片，再点菜单")
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	if !c.followed {
		return nil, badRequest("还没有关注这个公众号")
	}
	list := c.acc.menu.effective(c)
	var b *button
	for _, i := range in.Path {
		if i < 0 || i >= len(list) {
			return nil, badRequest("没有这个菜单")
		}
		b = &list[i]
		list = b.SubButton
	}
	if b == nil || len(b.SubButton) > 0 {
		return nil, badRequest("没有这个菜单")
	}
	return s.tapButton(c, b, in)
}

// menuTap is the body of a tap; the rest of the fields belong to buttons that
// open the camera, the album or the map.
type menuTap struct {
	Path   []int    `json:"path"`
	Text   string   `json:"text"` // what the camera scanned
	Images []string `json:"images"`
	Lat    float64  `json:"lat"`
	Lng    float64  `json:"lng"`
	Scale  int      `json:"scale"`
	Label  string   `json:"label"`
}

// tapButton pushes what the button's type says and tells what to open.
// [off] developers.weixin.qq.com/doc/service/guide/product/custommenu/events.html
func (s *Server) tapButton(c *contact, b *button, in menuTap) (any, error) {
	key := str("EventKey", b.Key)
	switch b.Type {
	case "click":
		c.openWindow(s.now(), windowClick)
		s.event(c, true, "CLICK", key)
	case "view":
		c.fromAccount = s.now()
		s.event(c, false, "VIEW", str("EventKey", b.URL), str("MenuId", ""))
		return map[string]string{"open": s.openOn(c.user.ID, c.acc.AppID, b.URL)}, nil
	case "miniprogram":
		s.event(c, false, "view_miniprogram", str("EventKey", b.PagePath), str("MenuId", ""))
		return map[string]string{"open": s.openOn(c.user.ID, c.acc.AppID, b.URL)}, nil
	case "scancode_push", "scancode_waitmsg":
		c.openWindow(s.now(), windowClick)
		s.event(c, true, b.Type, key, tree("ScanCodeInfo", str("ScanType", "qrcode"), str("ScanResult", in.Text)))
		if b.Type == "scancode_push" {
			if to := s.openOn(c.user.ID, c.acc.AppID, in.Text); to != "" {
				return map[string]string{"open": to}, nil
			}
		}
	case "pic_sysphoto", "pic_photo_or_album", "pic_weixin":
		items := []node{}
		for _, sum := range in.Images {
			items = append(items, tree("item", str("PicMd5Sum", sum)))
		}
		s.event(c, true, b.Type, key, tree("SendPicsInfo", num("Count", int64(len(items))), tree("PicList", items...)))
	case "location_select":
		s.event(c, true, b.Type, key, tree("SendLocationInfo", str("Location_X", ftoa(in.Lat)), str("Location_Y", ftoa(in.Lng)),
			str("Scale", "16"), str("Label", in.Label), str("Poiname", "")))
	case "media_id", "view_limited":
		item := c.acc.findMedia(b.MediaID, s.now())
		if item == nil {
			return nil, badRequest("菜单引用的素材不存在")
		}
		s.say(c, Message{From: "account", Type: item.kind, MediaURL: s.pictureURL(c.acc, item)})
	default:
		return nil, badRequest("这种菜单在模拟器里没有动作")
	}
	return map[string]string{}, nil
}
