package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// The platform's limits of tags and remarks (用户标签管理, 设置用户备注名).
const (
	MaxTags       = 100 // of an account
	MaxTagsOfFan  = 20
	MaxTagging    = 50 // fans that one call may tag
	maxTagBytes   = 30
	maxRemark     = 30 // characters
	systemTagsEnd = 99 // ids up to here belong to the platform
)

// Fan is an openid of the account with what the platform and registration tell.
type Fan struct {
	Identity
	Remark     string // staff's own name for him
	Blocked    bool
	Source     string    // how he found the account, as the platform writes it
	Scene      string    // of the QR code that led him here
	FollowedAt time.Time // as the platform tells; zero: unknown
	SyncedAt   time.Time // when the platform was last asked; zero: never
	Tags       []int64   // only where a single fan is read
	Phone      Phone     // of the user, "" for somebody who is not registered
	Name       string    // of the user
	Registered bool
}

// Called is the best name that there is for the fan.
func (f Fan) Called() string {
	switch {
	case f.Remark != "":
		return f.Remark
	case f.Name != "":
		return f.Name
	case f.Nickname != "":
		return f.Nickname
	}
	return "微信用户"
}

// SourceName is Source in Chinese (subscribe_scene of 获取用户基本信息).
func (f Fan) SourceName() string {
	switch f.Source {
	case "":
		return ""
	case "ADD_SCENE_SEARCH":
		return "搜索公众号"
	case "ADD_SCENE_ACCOUNT_MIGRATION":
		return "公众号迁移"
	case "ADD_SCENE_PROFILE_CARD":
		return "名片分享"
	case "ADD_SCENE_QR_CODE":
		return "扫描二维码"
	case "ADD_SCENE_PROFILE_LINK":
		return "图文页内名称"
	case "ADD_SCENE_PROFILE_ITEM":
		return "图文页右上角菜单"
	case "ADD_SCENE_PAID":
		return "支付后关注"
	case "ADD_SCENE_WECHAT_ADVERTISEMENT":
		return "微信广告"
	case "ADD_SCENE_REPRINT":
		return "他人转载"
	case "ADD_SCENE_LIVESTREAM":
		return "视频号直播"
	case "ADD_SCENE_CHANNELS":
		return "视频号"
	case "ADD_SCENE_WXA":
		return "小程序"
	}
	return "其他"
}

// FanFilter chooses fans of a list. The zero value takes all.
type FanFilter struct {
	Query      string // part of nickname, remark or registered name, or the end of the phone
	Following  *bool
	Blocked    *bool
	Registered *bool
	Tag        int64
}

// FanTag is a tag of the account.
type FanTag struct {
	ID   int64
	Name string
	Fans int64 // as the platform counted
}

// System tells the platform's own tags (星标组), which cannot be changed.
func (t FanTag) System() bool { return t.ID <= systemTagsEnd }

// ValidateTagName checks a tag's name for the field "name".
func ValidateTagName(name string) error {
	f := FieldErrors{}
	switch {
	case strings.TrimSpace(name) == "":
		f.Add("name", "请填写标签名称")
	case len(name) > maxTagBytes:
		f.Add("name", "名称太长：最多 %d 个字节（%d 个汉字）", maxTagBytes, maxTagBytes/3)
	}
	return f.Err()
}

// ValidateRemark checks staff's name for a fan, for the field "remark". An
// empty one takes it away.
func ValidateRemark(remark string) error {
	f := FieldErrors{}
	if utf8.RuneCountInString(remark) > maxRemark {
		f.Add("remark", "备注最多 %d 个字", maxRemark)
	}
	return f.Err()
}

// SyncState is where the fetching of all fans from the platform stands.
type SyncState string

// The states. Staff move idle, done and failed to running; the instance that
// works moves running to done or failed.
const (
	SyncIdle    SyncState = ""
	SyncRunning SyncState = "running"
	SyncDone    SyncState = "done"
	SyncFailed  SyncState = "failed"
)

// SyncPhase is what is being fetched.
type SyncPhase string

// The phases, in their order.
const (
	SyncFans    SyncPhase = "fans"
	SyncBlocked SyncPhase = "blocked"
)

// FanSync is the progress of fetching. It may be taken up by any instance where
// another one left it: Position is the openid that was done last.
type FanSync struct {
	AppID      string
	State      SyncState
	Phase      SyncPhase
	Position   string
	Done       int64
	Total      int64 // 0 until the platform has told
	Reason     string
	StartedAt  time.Time
	FinishedAt time.Time
}
