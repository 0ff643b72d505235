package sim

import (
	"cmp"
	"net/http"
	"slices"
	"unicode/utf8"
)

// Limits of fan management. [off] developers.weixin.qq.com/doc/service/api/usermanage
const (
	maxOpenIDPage  = 10_000 // user/get and blacklist pages
	maxUserBatch   = 100    // user/info/batchget
	maxRemark      = 30     // characters [off: fewer than 30]
	maxBlackBatch  = 20
	maxChangeBatch = 100
)

func userRoutes() map[string]route {
	t := map[string]route{
		"/cgi-bin/user/info":                     {perDay: 5_000_000, run: userInfo},
		"/cgi-bin/user/info/batchget":            {method: http.MethodPost, run: userBatch},
		"/cgi-bin/user/info/updateremark":        {method: http.MethodPost, run: updateRemark},
		"/cgi-bin/user/get":                      {perDay: 500, run: userList}, // [comm]
		"/cgi-bin/changeopenid":                  {method: http.MethodPost, run: changeOpenID},
		"/cgi-bin/tags/members/getblacklist":     {method: http.MethodPost, run: getBlacklist},
		"/cgi-bin/tags/members/batchblacklist":   {method: http.MethodPost, run: setBlacklist(true)},
		"/cgi-bin/tags/members/batchunblacklist": {method: http.MethodPost, run: setBlacklist(false)},
	}
	for _, area := range []map[string]route{tagRoutes(), qrRoutes()} {
		for p, r := range area {
			t[p] = r
		}
	}
	return t
}

// fanInfo is a fan as user/info shows him; a stranger has subscribe 0 only.
func (c *call) fanInfo(f *contact) map[string]any {
	if !f.followed {
		return map[string]any{"subscribe": 0, "openid": f.openID, "tagid_list": []int{}}
	}
	group := 0
	if len(f.tags) > 0 {
		group = f.tags[0]
	}
	return map[string]any{
		"subscribe": 1, "openid": f.openID, "nickname": "", "sex": 0, "language": "zh_CN", "city": "", "province": "", "country": "", "headimgurl": "",
		"subscribe_time": f.subscribedAt.Unix(), "unionid": f.user.unionID, "remark": f.remark, "groupid": group,
		"tagid_list": append([]int{}, f.tags...), "subscribe_scene": f.scene, "qr_scene": f.qrScene, "qr_scene_str": f.qrSceneStr,
	}
}

// userInfo no longer tells nickname and picture: 公告 of 2021-12-27 [off].
func userInfo(c *call) (any, *apiError) {
	if c.q.Get("openid") == "" {
		return nil, fail(41009)
	}
	f := c.acc.byOpenID[c.q.Get("openid")]
	if f == nil {
		return nil, fail(40003)
	}
	return c.fanInfo(f), nil
}

func userBatch(c *call) (any, *apiError) {
	var in struct {
		UserList []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.UserList) == 0 || len(in.UserList) > maxUserBatch {
		return nil, fail(40032)
	}
	out := []map[string]any{}
	for _, u := range in.UserList {
		f := c.acc.byOpenID[u.OpenID]
		if f == nil {
			return nil, fail(40003)
		}
		out = append(out, c.fanInfo(f))
	}
	return map[string]any{"user_info_list": out}, nil
}

func updateRemark(c *call) (any, *apiError) {
	var in struct {
		OpenID string `json:"openid"`
		Remark string `json:"remark"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	f := c.acc.byOpenID[in.OpenID]
	if f == nil || !f.followed {
		return nil, fail(40003)
	}
	if utf8.RuneCountInString(in.Remark) > maxRemark {
		return nil, fail(40035)
	}
	f.remark = in.Remark
	return nil, nil
}

// followers are the fans in the order of following.
func (a *account) followers(keep func(*contact) bool) []*contact {
	var out []*contact
	for _, f := range a.byOpenID {
		if keep(f) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(x, y *contact) int {
		return cmp.Or(x.subscribedAt.Compare(y.subscribedAt), cmp.Compare(x.openID, y.openID))
	})
	return out
}

// openIDPage renders a list from next_openid on, which itself is not included.
func openIDPage(list []*contact, next string, size int) map[string]any {
	from := 0
	if next != "" {
		from = slices.IndexFunc(list, func(f *contact) bool { return f.openID == next }) + 1
	}
	ids := []string{}
	for _, f := range list[from:min(len(list), from+size)] {
		ids = append(ids, f.openID)
	}
	out := map[string]any{"total": len(list), "count": len(ids), "next_openid": ""}
	if len(ids) > 0 {
		out["data"] = map[string]any{"openid": ids}
		out["next_openid"] = ids[len(ids)-1]
	}
	return out
}

func userList(c *call) (any, *apiError) {
	list := c.acc.followers(func(f *contact) bool { return f.followed })
	next := c.q.Get("next_openid")
	if next != "" && c.acc.byOpenID[next] == nil {
		return nil, fail(40003)
	}
	return openIDPage(list, next, maxOpenIDPage), nil
}

func getBlacklist(c *call) (any, *apiError) {
	var in struct {
		BeginOpenID string `json:"begin_openid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return openIDPage(c.acc.followers(func(f *contact) bool { return f.blacklisted }), in.BeginOpenID, maxOpenIDPage), nil
}

func setBlacklist(on bool) func(*call) (any, *apiError) {
	return func(c *call) (any, *apiError) {
		var in struct {
			OpenIDs []string `json:"openid_list"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		if len(in.OpenIDs) == 0 || len(in.OpenIDs) > maxBlackBatch {
			return nil, fail(40032)
		}
		for _, id := range in.OpenIDs {
			if f := c.acc.byOpenID[id]; f == nil || !f.everFollowed {
				return nil, fail(40003)
			}
		}
		for _, id := range in.OpenIDs {
			c.acc.byOpenID[id].blacklisted = on
		}
		return nil, nil
	}
}

// changeOpenID tells the new openids of an old account's fans; from_appid is
// its app id or original id. [off] /doc/service/api/usermanage/changeopenid
func changeOpenID(c *call) (any, *apiError) {
	var in struct {
		FromAppID string   `json:"from_appid"`
		OpenIDs   []string `json:"openid_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var from *account
	for _, a := range c.st.accounts {
		if a != c.acc && in.FromAppID != "" && (a.AppID == in.FromAppID || a.OriginalID == in.FromAppID) {
			from = a
		}
	}
	if from == nil {
		return nil, fail(63178)
	}
	if len(in.OpenIDs) == 0 || len(in.OpenIDs) > maxChangeBatch {
		return nil, fail(40032)
	}
	out := []map[string]any{}
	for _, id := range in.OpenIDs {
		old := from.byOpenID[id]
		if old == nil || !old.followed {
			out = append(out, map[string]any{"ori_openid": id, "err_msg": "ori_openid error"})
			continue
		}
		out = append(out, map[string]any{"ori_openid": id, "new_openid": c.st.contact(c.acc, old.user).openID, "err_msg": "ok"})
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "result_list": out}, nil
}

// clientLocation is the phone reporting where it is (LOCATION event, and
// wx.getLocation from now on).
func (s *Server) clientLocation(r *http.Request) (any, error) {
	var in struct {
		Lat, Lng, Precision float64
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	if in.Lat < -90 || in.Lat > 90 || in.Lng < -180 || in.Lng > 180 {
		return nil, badRequest("经纬度不对")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	c.user.lat, c.user.lng = in.Lat, in.Lng
	if c.followed {
		s.event(c, false, "LOCATION", node{name: "Latitude", text: ftoa(in.Lat), plain: true},
			node{name: "Longitude", text: ftoa(in.Lng), plain: true}, node{name: "Precision", text: ftoa(cmp.Or(in.Precision, 30)), plain: true})
	}
	return nil, nil
}
