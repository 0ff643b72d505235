package wechat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
)

// Class says what an error of a call means for whoever queues calls.
type Class string

// The classes.
const (
	Retry              Class = "retry"               // not carried out; again later, with back-off
	RefreshToken       Class = "refresh_token"       // the token was refused; this package has already refreshed and resent once
	Quota              Class = "quota"               // park the channel until RetryAfter
	Configuration      Class = "configuration"       // stop the channel and call a human
	RecipientPermanent Class = "recipient_permanent" // never for this recipient; try another channel
	PayloadPermanent   Class = "payload_permanent"   // never with this content
	RestartOAuth       Class = "restart_oauth"       // send the visitor through authorization again
	Ambiguous          Class = "ambiguous"           // perhaps carried out; again only where the platform removes doubles
)

// rule is what one errcode means, for the program and, in Chinese, for staff.
type rule struct {
	class Class
	text  string
}

// rules is the platform's 全局返回码, as far as this program can meet it. Codes
// that are absent are Retry: most of the platform's unlisted codes are its own
// trouble, and the queue gives up by itself.
var rules = map[int]rule{
	-1:    {Retry, "微信系统繁忙，稍后会自动重试"},
	45011: {Retry, "调用太频繁（每分钟上限），一分钟后会自动重试"},
	// 40037 is also answered now and then for valid templates; a queue may try
	// once more after a while.
	40037: {PayloadPermanent, "模板编号不正确，请检查模板是否已被删除"},

	40001: {RefreshToken, "访问凭证失效，正在自动更新"},
	40014: {RefreshToken, "访问凭证不正确，正在自动更新"},
	42001: {RefreshToken, "访问凭证过期，正在自动更新"},

	45009: {Quota, "今天的调用次数已用完，零点后恢复；也可在公众平台清零（每月 10 次）"},

	40002: {Configuration, "凭证类型不正确，请检查公众号配置"},
	40013: {Configuration, "AppID 不正确，请检查公众号配置"},
	40125: {Configuration, "AppSecret 不正确，请检查公众号配置"},
	40164: {Configuration, "本服务器的 IP 不在公众号的 IP 白名单里，请在公众平台添加"},
	40243: {Configuration, "AppSecret 已被冻结，请在公众平台解冻"},
	41002: {Configuration, "没有填写 AppID"},
	41004: {Configuration, "没有填写 AppSecret"},
	45109: {Configuration, "此发送接口已被微信下线"},
	48001: {Configuration, "公众号没有这项接口权限，请检查认证状态"},
	48002: {Configuration, "粉丝关闭了接收消息，或接口被关闭"},
	48004: {Configuration, "接口因违规被微信封禁，请登录公众平台查看"},
	50001: {Configuration, "公众号没有授权这个接口"},
	50002: {Configuration, "公众号功能受限，请登录公众平台查看"},
	50005: {RecipientPermanent, "用户没有关注公众号"},
	61004: {Configuration, "请求的 IP 没有登记"},
	63178: {Configuration, "迁移前的 AppID 不正确"},
	65301: {Configuration, "还没有默认菜单，请先发布默认菜单"},
	89503: {Configuration, "此 IP 调用需要管理员在微信里确认"},
	89506: {Configuration, "此 IP 今天被管理员拒绝了两次，明天再试"},
	89507: {Configuration, "此 IP 今天被管理员拒绝了一次，一小时后再试"},

	40003: {RecipientPermanent, "openid 不正确，可能是别的公众号的用户"},
	40032: {PayloadPermanent, "一次处理的用户数超过上限"},
	43004: {RecipientPermanent, "用户没有关注公众号"},
	43019: {RecipientPermanent, "用户在黑名单里"},
	43101: {RecipientPermanent, "用户没有订阅，或一次性订阅已经用完"},
	45015: {RecipientPermanent, "超过 48 小时没有互动，或用户已取消关注，不能主动发消息"},
	45047: {RecipientPermanent, "这位用户的客服消息条数已用完，等用户再发来消息后才能继续"},
	50016: {PayloadPermanent, "没有可发送的内容"},

	40004:  {PayloadPermanent, "媒体文件类型不正确"},
	40005:  {PayloadPermanent, "文件类型不正确"},
	40006:  {PayloadPermanent, "文件大小不正确"},
	40007:  {PayloadPermanent, "媒体文件已过期（临时素材三天有效）或编号不正确"},
	40008:  {PayloadPermanent, "消息类型不正确"},
	40009:  {PayloadPermanent, "图片太大"},
	40015:  {PayloadPermanent, "菜单类型不正确"},
	40016:  {PayloadPermanent, "菜单按钮个数不正确，一级 1 到 3 个，二级 1 到 5 个"},
	40017:  {PayloadPermanent, "菜单按钮类型不正确"},
	40018:  {PayloadPermanent, "菜单按钮名称太长"},
	40019:  {PayloadPermanent, "菜单按钮的 KEY 太长"},
	40020:  {PayloadPermanent, "菜单按钮的网址太长"},
	40023:  {PayloadPermanent, "二级菜单按钮个数不正确"},
	40024:  {PayloadPermanent, "二级菜单按钮类型不正确"},
	40025:  {PayloadPermanent, "二级菜单按钮名称太长"},
	40026:  {PayloadPermanent, "二级菜单按钮的 KEY 太长"},
	40027:  {PayloadPermanent, "二级菜单按钮的网址太长"},
	40033:  {PayloadPermanent, "内容里有不允许的字符"},
	40035:  {PayloadPermanent, "参数不正确"},
	40036:  {PayloadPermanent, "模板编号长度不正确"},
	40038:  {PayloadPermanent, "请求格式不正确"},
	40039:  {PayloadPermanent, "网址长度不正确"},
	40048:  {PayloadPermanent, "网址不正确"},
	40053:  {PayloadPermanent, "行业编号不正确"},
	40054:  {PayloadPermanent, "二级菜单的网址不正确"},
	40055:  {PayloadPermanent, "菜单的网址不正确"},
	40097:  {PayloadPermanent, "参数不正确"},
	40165:  {PayloadPermanent, "小程序页面路径不正确"},
	41006:  {PayloadPermanent, "没有媒体文件编号"},
	41028:  {PayloadPermanent, "form_id 不正确或已过期"},
	41030:  {PayloadPermanent, "跳转页面不正确"},
	41031:  {PayloadPermanent, "小程序未发布"},
	44001:  {PayloadPermanent, "媒体文件是空的"},
	44002:  {PayloadPermanent, "内容是空的"},
	44003:  {PayloadPermanent, "图文消息是空的"},
	44004:  {PayloadPermanent, "文字消息是空的"},
	45001:  {PayloadPermanent, "媒体文件太大"},
	45002:  {PayloadPermanent, "消息内容太长"},
	45003:  {PayloadPermanent, "标题太长"},
	45004:  {PayloadPermanent, "描述太长"},
	45005:  {PayloadPermanent, "链接太长"},
	45006:  {PayloadPermanent, "图片链接太长"},
	45008:  {PayloadPermanent, "图文条数超过上限"},
	45010:  {PayloadPermanent, "菜单按钮太多"},
	45026:  {PayloadPermanent, "模板数量超过上限，请先删除不用的模板"},
	45027:  {PayloadPermanent, "模板和公众号的行业不一致"},
	45056:  {PayloadPermanent, "标签数量超过 100 个"},
	45058:  {PayloadPermanent, "不能修改系统默认的标签"},
	45059:  {PayloadPermanent, "用户身上的标签已满 20 个"},
	45157:  {PayloadPermanent, "标签名不合法，或已有同名标签"},
	45158:  {PayloadPermanent, "标签名太长（30 个字节以内）"},
	45159:  {PayloadPermanent, "标签不存在"},
	46001:  {PayloadPermanent, "媒体文件不存在"},
	46002:  {PayloadPermanent, "菜单版本不存在"},
	46003:  {PayloadPermanent, "还没有菜单"},
	46004:  {RecipientPermanent, "用户不存在"},
	47001:  {PayloadPermanent, "请求内容解析失败"},
	47003:  {PayloadPermanent, "模板里有字段的内容不符合要求"},
	49003:  {RecipientPermanent, "openid 不属于这个公众号"},
	65303:  {PayloadPermanent, "没有这个个性化菜单"},
	65304:  {PayloadPermanent, "个性化菜单不能为空"},
	65305:  {PayloadPermanent, "个性化菜单没有匹配条件"},
	65306:  {Configuration, "个性化菜单功能没有开通"},
	65318:  {PayloadPermanent, "按标签匹配的标签不存在"},
	65320:  {PayloadPermanent, "个性化菜单现在只能按标签匹配"},
	200011: {Quota, "添加模板次数超过上限，明天再试"},
	200012: {PayloadPermanent, "模板数量超过上限，请先删除不用的模板"},
	200014: {PayloadPermanent, "模板库里没有这个模板"},
	200020: {PayloadPermanent, "模板关键词不正确"},
	200021: {PayloadPermanent, "场景说明不合法"},

	40029: {RestartOAuth, "网页授权 code 不正确或已过期，请重新进入页面"},
	40030: {RestartOAuth, "网页授权已过期，请重新进入页面"},
	40163: {RestartOAuth, "网页授权 code 已经用过，请重新进入页面"},
	41008: {RestartOAuth, "缺少网页授权 code，请重新进入页面"},
	42002: {RestartOAuth, "网页授权已过期，请重新进入页面"},
	42003: {RestartOAuth, "网页授权 code 已过期，请重新进入页面"},
	42007: {RestartOAuth, "用户修改了微信密码，请重新授权"},
}

// Classify tells what err means: "" for nil. A local refusal (FillTemplate and
// the like) is PayloadPermanent.
func Classify(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		if fetchesCredential(e.API) && rules[e.Code].class == RefreshToken {
			// 40001 while fetching a token means a wrong secret.
			return Configuration
		}
		if r, known := rules[e.Code]; known {
			return r.class
		}
		return Retry
	}
	if e, ok := errors.AsType[*CallError](err); ok {
		switch {
		case !e.Sent, e.Status == 503, e.Status >= 400 && e.Status < 500:
			return Retry
		}
		if fetchesCredential(e.API) {
			return Retry // asking for a token changes nothing that matters
		}
		return Ambiguous
	}
	if e, ok := errors.AsType[*xunjia.Error](err); ok {
		if e.Code == xunjia.Invalid {
			return PayloadPermanent
		}
		return Retry
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Ambiguous
	}
	return Retry
}

func fetchesCredential(path string) bool {
	return path == "/cgi-bin/stable_token" || path == "/cgi-bin/ticket/getticket"
}

// StaffText explains err to staff in one Chinese sentence, with the platform's
// code, words and request id where there are some.
func StaffText(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		text := "微信返回了未知的错误"
		if r, known := rules[e.Code]; known {
			text = r.text
		}
		if fetchesCredential(e.API) && rules[e.Code].class == RefreshToken {
			text = "AppSecret 不正确，请检查公众号配置"
		}
		text = fmt.Sprintf("%s（%d %s", text, e.Code, e.Message)
		if e.RID != "" {
			text += "，rid " + e.RID
		}
		return text + "）"
	}
	if e, ok := errors.AsType[*CallError](err); ok {
		switch {
		case e.Status != 0:
			return fmt.Sprintf("微信接口返回 HTTP %d，稍后会自动重试", e.Status)
		case !e.Sent:
			return "连不上微信接口，请检查网络"
		case errors.Is(e, context.DeadlineExceeded):
			return "微信接口没有按时响应，不能确定是否已经送达"
		}
		return "微信接口返回了无法识别的内容，不能确定是否已经送达"
	}
	if e, ok := errors.AsType[*xunjia.Error](err); ok {
		return e.Message
	}
	return "程序内部错误，请查看日志"
}

// RetryAfter tells how long to leave the channel alone after err at now; 0
// means that the caller's own back-off decides. Daily quotas reset at midnight
// in China.
func RetryAfter(err error, now time.Time) time.Duration {
	e, ok := errors.AsType[*APIError](err)
	switch {
	case ok && e.Code == 45011:
		return time.Minute
	case ok && rules[e.Code].class == Quota:
		y, m, d := now.In(xunjia.China()).Date()
		return time.Date(y, m, d+1, 0, 0, 30, 0, xunjia.China()).Sub(now)
	}
	return 0
}

// explain wraps an error of a call for the edge of the program: the code by
// class, the text for staff. errors.As still finds the cause.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*xunjia.Error](err); done {
		return err
	}
	code := xunjia.Unavailable
	switch Classify(err) {
	case Quota:
		code = xunjia.RateLimited
	case RecipientPermanent:
		code = xunjia.Conflict
	case PayloadPermanent:
		code = xunjia.Invalid
	case RestartOAuth:
		code = xunjia.Unauthorized
	}
	return &xunjia.Error{Code: code, Message: StaffText(err), Err: err}
}
