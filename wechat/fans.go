package wechat

import (
	"context"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/user"
	"github.com/xunjia/xunjia"
)

// Fan is what the platform tells about who follows the account. Nickname,
// avatar and the like have been empty since the end of 2021.
type Fan struct {
	OpenID     string
	UnionID    string // only when the account is bound to an Open Platform account
	Subscribed bool   // when false, nothing else is known
	Since      time.Time
	Remark     string // staff's own name for him, up to 30 characters
	Tags       []int64
	Source     string // how he found the account: ADD_SCENE_QR_CODE, …
	Scene      string // of the QR code, when that was how
}

// fanAnswer is the platform's shape. silenceper's has 32-bit seconds.
type fanAnswer struct {
	Subscribe      looseInt `json:"subscribe"`
	OpenID         string   `json:"openid"`
	UnionID        string   `json:"unionid"`
	SubscribeTime  int64    `json:"subscribe_time"`
	Remark         string   `json:"remark"`
	TagIDs         []int64  `json:"tagid_list"`
	SubscribeScene string   `json:"subscribe_scene"`
	QRSceneString  string   `json:"qr_scene_str"`
}

func (f fanAnswer) fan() Fan {
	fan := Fan{
		OpenID: f.OpenID, UnionID: f.UnionID, Subscribed: f.Subscribe == 1, Remark: f.Remark, Tags: f.TagIDs,
		Source: f.SubscribeScene, Scene: f.QRSceneString,
	}
	if f.SubscribeTime > 0 {
		fan.Since = time.Unix(f.SubscribeTime, 0)
	}
	return fan
}

// Most openids in one call.
const (
	maxFansOfInfo      = 100
	maxFansOfTagging   = 50
	maxFansOfBlacklist = 20
	maxFansOfMigration = 100
)

// atMost refuses lists that the platform would refuse.
func atMost(openIDs []string, most int) error {
	if len(openIDs) == 0 || len(openIDs) > most {
		return xunjia.Errorf(xunjia.Invalid, "一次要有 1 到 %d 个用户", most)
	}
	return nil
}

// Fan tells about one openid.
func (a *Account) Fan(ctx context.Context, openID string) (Fan, error) {
	var out fanAnswer
	err := a.get(ctx, "/cgi-bin/user/info", url.Values{"openid": {openID}, "lang": {"zh_CN"}}, &out)
	return out.fan(), err
}

// Fans tells about up to 100 openids.
func (a *Account) Fans(ctx context.Context, openIDs []string) ([]Fan, error) {
	if err := atMost(openIDs, maxFansOfInfo); err != nil {
		return nil, err
	}
	in := user.BatchGetUserInfoParams{}
	for _, id := range openIDs {
		in.UserList = append(in.UserList, user.BatchGetUserListItem{OpenID: id, Lang: "zh_CN"})
	}
	var out struct {
		List []fanAnswer `json:"user_info_list"`
	}
	if err := a.post(ctx, "/cgi-bin/user/info/batchget", in, &out); err != nil {
		return nil, err
	}
	fans := make([]Fan, len(out.List))
	for i, f := range out.List {
		fans[i] = f.fan()
	}
	return fans, nil
}

// FanIDs lists openids of all fans in pages of 10,000. after is "" first, then
// the next of the page before; next is "" after the last page.
func (a *Account) FanIDs(ctx context.Context, after string) (ids []string, next string, err error) {
	query := url.Values{}
	if after != "" {
		query.Set("next_openid", after)
	}
	var out user.TagOpenIDList
	err = a.get(ctx, "/cgi-bin/user/get", query, &out)
	return page(out.Data.OpenIDs, out.NextOpenID, err)
}

// page ends a list that the platform ends with an empty page.
func page(ids []string, next string, err error) ([]string, string, error) {
	if err != nil || len(ids) == 0 {
		return nil, "", err
	}
	return ids, next, nil
}

// SetRemark gives a fan a name for staff, up to 30 characters.
func (a *Account) SetRemark(ctx context.Context, openID, remark string) error {
	return a.post(ctx, "/cgi-bin/user/info/updateremark", map[string]string{"openid": openID, "remark": remark}, nil)
}

// Tag is a label for fans. An account has at most 100, a fan at most 20.
type Tag = user.TagInfo

// Tags lists the account's tags with their number of fans.
func (a *Account) Tags(ctx context.Context) ([]Tag, error) {
	var out struct {
		Tags []Tag `json:"tags"`
	}
	err := a.get(ctx, "/cgi-bin/tags/get", nil, &out)
	return out.Tags, err
}

// CreateTag makes a tag; the name has up to 30 bytes.
func (a *Account) CreateTag(ctx context.Context, name string) (Tag, error) {
	var out struct {
		Tag Tag `json:"tag"`
	}
	err := a.post(ctx, "/cgi-bin/tags/create", map[string]any{"tag": map[string]string{"name": name}}, &out)
	return out.Tag, err
}

// RenameTag gives a tag another name.
func (a *Account) RenameTag(ctx context.Context, id int64, name string) error {
	return a.post(ctx, "/cgi-bin/tags/update", map[string]any{"tag": map[string]any{"id": id, "name": name}}, nil)
}

// DeleteTag removes a tag from the account and its fans.
func (a *Account) DeleteTag(ctx context.Context, id int64) error {
	return a.post(ctx, "/cgi-bin/tags/delete", map[string]any{"tag": map[string]int64{"id": id}}, nil)
}

// AddTag puts a tag on up to 50 fans.
func (a *Account) AddTag(ctx context.Context, tag int64, openIDs []string) error {
	if err := atMost(openIDs, maxFansOfTagging); err != nil {
		return err
	}
	return a.post(ctx, "/cgi-bin/tags/members/batchtagging", map[string]any{"openid_list": openIDs, "tagid": tag}, nil)
}

// RemoveTag takes a tag off up to 50 fans.
func (a *Account) RemoveTag(ctx context.Context, tag int64, openIDs []string) error {
	if err := atMost(openIDs, maxFansOfTagging); err != nil {
		return err
	}
	return a.post(ctx, "/cgi-bin/tags/members/batchuntagging", map[string]any{"openid_list": openIDs, "tagid": tag}, nil)
}

// TaggedFanIDs lists who has a tag, in pages as FanIDs.
func (a *Account) TaggedFanIDs(ctx context.Context, tag int64, after string) (ids []string, next string, err error) {
	var out user.TagOpenIDList
	err = a.post(ctx, "/cgi-bin/user/tag/get", map[string]any{"tagid": tag, "next_openid": after}, &out)
	return page(out.Data.OpenIDs, out.NextOpenID, err)
}

// Blacklist lists who is shut out, in pages as FanIDs.
func (a *Account) Blacklist(ctx context.Context, after string) (ids []string, next string, err error) {
	var out user.TagOpenIDList
	err = a.post(ctx, "/cgi-bin/tags/members/getblacklist", map[string]string{"begin_openid": after}, &out)
	return page(out.Data.OpenIDs, out.NextOpenID, err)
}

// Block shuts out up to 20 fans: their messages no longer arrive.
func (a *Account) Block(ctx context.Context, openIDs []string) error {
	if err := atMost(openIDs, maxFansOfBlacklist); err != nil {
		return err
	}
	return a.post(ctx, "/cgi-bin/tags/members/batchblacklist", map[string]any{"openid_list": openIDs}, nil)
}

// Unblock lets up to 20 fans in again.
func (a *Account) Unblock(ctx context.Context, openIDs []string) error {
	if err := atMost(openIDs, maxFansOfBlacklist); err != nil {
		return err
	}
	return a.post(ctx, "/cgi-bin/tags/members/batchunblacklist", map[string]any{"openid_list": openIDs}, nil)
}

// Migrate translates up to 100 openids of an account that was merged into this
// one. It works for 15 days after the migration was approved. Openids that have
// no successor are absent from the result.
func (a *Account) Migrate(ctx context.Context, fromAppID string, openIDs []string) (map[string]string, error) {
	if err := atMost(openIDs, maxFansOfMigration); err != nil {
		return nil, err
	}
	in := map[string]any{"from_appid": fromAppID, "openid_list": openIDs}
	var out struct {
		List []user.ChangeOpenIDResult `json:"result_list"`
	}
	if err := a.post(ctx, "/cgi-bin/changeopenid", in, &out); err != nil {
		return nil, err
	}
	moved := make(map[string]string, len(out.List))
	for _, r := range out.List {
		if r.NewOpenID != "" {
			moved[r.OriOpenID] = r.NewOpenID
		}
	}
	return moved, nil
}
