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

// ruleFor is the platform's 全局返回码, as far as this program can meet it. Codes
// that are absent are Retry: most of the platform's unlisted codes are its own
// trouble, and the queue gives up by itself.
func ruleFor(code int) (r rule, known bool) {
	switch code {
	case -1:
		return rule{Retry, "微信系统繁忙，稍后会自动重试"}, true
	case 45011:
		return rule{Retry, "调用太频繁（每分钟上限），一分钟后会自动重试"}, true
	// 40037 is also answered now and then for valid templates; a queue may try
	// once more after a while.
	case 40037:
		return rule{PayloadPermanent, "模板编号不正确，请检查模板是否已被删除"}, true

	case 40001:
		return rule{RefreshToken, "访问凭证失效，正在自动更新"}, true
	case 40014:
		return rule{RefreshToken, "访问凭证不正确，正在自动更新"}, true
	case 42001:
		return rule{RefreshToken, "访问凭证过期，正在自动更新"}, true

	case 45009:
		return rule{Quota, "今天的调用次数已用完，零点后恢复；也可在公众平台清零（每月 10 次）"}, true

	case 40002:
		return rule{Configuration, "凭证类型不正确，请检查公众号配置"}, true
	case 40013:
		return rule{Configuration, "AppID 不正确，请检查公众号配置"}, true
	case 40125:
		return rule{Configuration, "AppSecret 不正确，请检查公众号配置"}, true
	case 40164:
		return rule{Configuration, "本服务器的 IP 不在公众号的 IP 白名单里，请在公众平台添加"}, true
	case 40243:
		return rule{Configuration, "AppSecret 已被冻结，请在公众平台解冻"}, true
	case 41002:
		return rule{Configuration, "没有填写 AppID"}, true
	case 41004:
		return rule{Configuration, "没有填写 AppSecret"}, true
	case 45109:
		return rule{Configuration, "此发送接口已被微信下线"}, true
	case 48001:
		return rule{Configuration, "公众号没有这项接口权限，请检查认证状态"}, true
	case 48002:
		return rule{RecipientPermanent, "用户关闭了接收消息"}, true
	case 48004:
		return rule{Configuration, "接口因违规被微信封禁，请登录公众平台查看"}, true
	case 50001:
		return rule{RestartOAuth, "用户没有授权，请重新进入页面"}, true
	case 50002:
		return rule{Configuration, "公众号功能受限，请登录公众平台查看"}, true
	case 50005:
		return rule{RecipientPermanent, "用户没有关注公众号"}, true
	case 61004:
		return rule{Configuration, "请求的 IP 没有登记"}, true
	case 63178:
		return rule{Configuration, "迁移前的 AppID 不正确"}, true
	case 65301:
		return rule{PayloadPermanent, "没有这个个性化菜单"}, true
	case 89503:
		return rule{Configuration, "此 IP 调用需要管理员在微信里确认"}, true
	case 89506:
		return rule{Configuration, "此 IP 今天被管理员拒绝了两次，明天再试"}, true
	case 89507:
		return rule{Configuration, "此 IP 今天被管理员拒绝了一次，一小时后再试"}, true

	case 40003:
		return rule{RecipientPermanent, "openid 不正确，可能是别的公众号的用户"}, true
	case 40032:
		return rule{PayloadPermanent, "一次处理的用户数超过上限"}, true
	case 43004:
		return rule{RecipientPermanent, "用户没有关注公众号"}, true
	case 43019:
		return rule{RecipientPermanent, "用户在黑名单里"}, true
	case 43101:
		return rule{RecipientPermanent, "用户没有订阅，或一次性订阅已经用完"}, true
	case 45015:
		return rule{RecipientPermanent, "超过 48 小时没有互动，或用户已取消关注，不能主动发消息"}, true
	case 45047:
		return rule{RecipientPermanent, "这位用户的客服消息条数已用完，等用户再发来消息后才能继续"}, true
	case 50016:
		return rule{PayloadPermanent, "没有可发送的内容"}, true

	case 40004:
		return rule{PayloadPermanent, "媒体文件类型不正确"}, true
	case 40005:
		return rule{PayloadPermanent, "文件类型不正确"}, true
	case 40006:
		return rule{PayloadPermanent, "文件大小不正确"}, true
	case 40007:
		return rule{PayloadPermanent, "媒体文件已过期（临时素材三天有效）或编号不正确"}, true
	case 40008:
		return rule{PayloadPermanent, "消息类型不正确"}, true
	case 40009:
		return rule{PayloadPermanent, "图片太大"}, true
	case 40015:
		return rule{PayloadPermanent, "菜单类型不正确"}, true
	case 40016:
		return rule{PayloadPermanent, "菜单按钮个数不正确，一级 1 到 3 个，二级 1 到 5 个"}, true
	case 40017:
		return rule{PayloadPermanent, "菜单按钮类型不正确"}, true
	case 40018:
		return rule{PayloadPermanent, "菜单按钮名称太长"}, true
	case 40019:
		return rule{PayloadPermanent, "菜单按钮的 KEY 太长"}, true
	case 40020:
		return rule{PayloadPermanent, "菜单按钮的网址太长"}, true
	case 40023:
		return rule{PayloadPermanent, "二级菜单按钮个数不正确"}, true
	case 40024:
		return rule{PayloadPermanent, "二级菜单按钮类型不正确"}, true
	case 40025:
		return rule{PayloadPermanent, "二级菜单按钮名称太长"}, true
	case 40026:
		return rule{PayloadPermanent, "二级菜单按钮的 KEY 太长"}, true
	case 40027:
		return rule{PayloadPermanent, "二级菜单按钮的网址太长"}, true
	case 40033:
		return rule{PayloadPermanent, "内容里有不允许的字符"}, true
	case 40035:
		return rule{PayloadPermanent, "参数不正确"}, true
	case 40036:
		return rule{PayloadPermanent, "模板编号长度不正确"}, true
	case 40038:
		return rule{PayloadPermanent, "请求格式不正确"}, true
	case 40039:
		return rule{PayloadPermanent, "网址长度不正确"}, true
	case 40048:
		return rule{PayloadPermanent, "网址不正确"}, true
	case 40053:
		return rule{PayloadPermanent, "二维码参数不正确"}, true
	case 40054:
		return rule{PayloadPermanent, "二级菜单的网址不正确"}, true
	case 40055:
		return rule{PayloadPermanent, "菜单的网址不正确"}, true
	case 40097:
		return rule{PayloadPermanent, "参数不正确"}, true
	case 40165:
		return rule{PayloadPermanent, "小程序页面路径不正确"}, true
	case 41006:
		return rule{PayloadPermanent, "没有媒体文件编号"}, true
	case 41028:
		return rule{PayloadPermanent, "form_id 不正确或已过期"}, true
	case 41030:
		return rule{PayloadPermanent, "跳转页面不正确"}, true
	case 41031:
		return rule{PayloadPermanent, "小程序未发布"}, true
	case 44001:
		return rule{PayloadPermanent, "媒体文件是空的"}, true
	case 44002:
		return rule{PayloadPermanent, "内容是空的"}, true
	case 44003:
		return rule{PayloadPermanent, "图文消息是空的"}, true
	case 44004:
		return rule{PayloadPermanent, "文字消息是空的"}, true
	case 45001:
		return rule{PayloadPermanent, "媒体文件太大"}, true
	case 45002:
		return rule{PayloadPermanent, "消息内容太长"}, true
	case 45003:
		return rule{PayloadPermanent, "标题太长"}, true
	case 45004:
		return rule{PayloadPermanent, "描述太长"}, true
	case 45005:
		return rule{PayloadPermanent, "链接太长"}, true
	case 45006:
		return rule{PayloadPermanent, "图片链接太长"}, true
	case 45008:
		return rule{PayloadPermanent, "图文条数超过上限"}, true
	case 45010:
		return rule{PayloadPermanent, "菜单按钮太多"}, true
	case 45026:
		return rule{PayloadPermanent, "模板数量超过上限，请先删除不用的模板"}, true
	case 45027:
		return rule{PayloadPermanent, "模板和公众号的行业不一致"}, true
	case 45056:
		return rule{PayloadPermanent, "标签数量超过 100 个"}, true
	case 45058:
		return rule{PayloadPermanent, "不能修改系统默认的标签"}, true
	case 45059:
		return rule{PayloadPermanent, "用户身上的标签已满 20 个"}, true
	case 45157:
		return rule{PayloadPermanent, "标签名不合法，或已有同名标签"}, true
	case 45158:
		return rule{PayloadPermanent, "标签名太长（30 个字节以内）"}, true
	case 45159:
		return rule{PayloadPermanent, "标签不存在"}, true
	case 46001:
		return rule{PayloadPermanent, "媒体文件不存在"}, true
	case 46002:
		return rule{PayloadPermanent, "菜单版本不存在"}, true
	case 46003:
		return rule{PayloadPermanent, "还没有菜单"}, true
	case 46004:
		return rule{RecipientPermanent, "用户不存在"}, true
	case 47001:
		return rule{PayloadPermanent, "请求内容解析失败"}, true
	case 47003:
		return rule{PayloadPermanent, "模板里有字段的内容不符合要求"}, true
	case 49003:
		return rule{RecipientPermanent, "openid 不属于这个公众号"}, true
	case 65303:
		return rule{PayloadPermanent, "还没有默认菜单，请先发布默认菜单"}, true
	case 65304:
		return rule{PayloadPermanent, "个性化菜单没有匹配条件"}, true
	case 65305:
		return rule{PayloadPermanent, "个性化菜单数量达到上限"}, true
	case 65306:
		return rule{Configuration, "公众号不支持个性化菜单"}, true
	case 65318:
		return rule{PayloadPermanent, "按标签匹配的标签不存在"}, true
	case 65320:
		return rule{PayloadPermanent, "个性化菜单现在只能按标签匹配"}, true
	case 200011:
		return rule{Configuration, "公众号已被封禁，无法操作"}, true
	case 200012:
		return rule{PayloadPermanent, "模板数量超过上限，请先删除不用的模板"}, true
	case 200014:
		return rule{PayloadPermanent, "模板库里没有这个模板"}, true
	case 200020:
		return rule{PayloadPermanent, "模板关键词不正确"}, true
	case 200021:
		return rule{PayloadPermanent, "场景说明不合法"}, true

	case 40066:
		return rule{PayloadPermanent, "网址不正确"}, true
	case 41005:
		return rule{PayloadPermanent, "没有媒体文件内容"}, true
	case 41009:
		return rule{PayloadPermanent, "缺少 openid"}, true
	case 41003:
		return rule{RestartOAuth, "网页授权已过期，请重新进入页面"}, true
	case 43001:
		return rule{PayloadPermanent, "接口要求 GET 请求"}, true
	case 43002:
		return rule{PayloadPermanent, "接口要求 POST 请求"}, true
	case 40102:
		return rule{PayloadPermanent, "行业编号不正确"}, true
	case 43100:
		return rule{Quota, "本月修改行业的次数已用完"}, true
	case 45028:
		return rule{Quota, "群发次数已用完"}, true
	case 45057:
		return rule{PayloadPermanent, "标签下的用户超过 10 万，不能直接删除"}, true
	case 45065:
		return rule{PayloadPermanent, "相同编号的群发已经存在"}, true
	case 48006:
		return rule{PayloadPermanent, "本月的清零次数已用完"}, true
	case 65302:
		return rule{RecipientPermanent, "没有这个用户"}, true
	case 45080:
		return rule{RecipientPermanent, "用户的会话窗口已经关闭"}, true
	case 45081:
		return rule{PayloadPermanent, "已经是输入状态"}, true
	case 65313:
		return rule{PayloadPermanent, "没有这个个性化菜单"}, true
	case 65316:
		return rule{PayloadPermanent, "菜单里的域名太多"}, true
	case 76011:
		return rule{PayloadPermanent, "没有这个 rid"}, true
	case 65307:
		return rule{PayloadPermanent, "个性化菜单不能为空"}, true
	case 65308:
		return rule{PayloadPermanent, "个性化菜单里有按钮没有动作"}, true
	case 65309:
		return rule{Configuration, "个性化菜单没有开启"}, true
	case 200013:
		return rule{PayloadPermanent, "这个模板已被封禁"}, true
	case 40029:
		return rule{RestartOAuth, "网页授权 code 不正确或已过期，请重新进入页面"}, true
	case 40030:
		return rule{RestartOAuth, "网页授权已过期，请重新进入页面"}, true
	case 40163:
		return rule{RestartOAuth, "网页授权 code 已经用过，请重新进入页面"}, true
	case 41008:
		return rule{RestartOAuth, "缺少网页授权 code，请重新进入页面"}, true
	case 42002:
		return rule{RestartOAuth, "网页授权已过期，请重新进入页面"}, true
	case 42003:
		return rule{RestartOAuth, "网页授权 code 已过期，请重新进入页面"}, true
	case 42007:
		return rule{RestartOAuth, "用户修改了微信密码，请重新授权"}, true
	}
	return rule{}, false
}

// refusesToken tells whether code is an answer to the access token.
func refusesToken(code int) bool {
	r, _ := ruleFor(code)
	return r.class == RefreshToken
}

// Classify tells what err means: "" for nil. A local refusal (FillTemplate and
// the like) is PayloadPermanent.
func Classify(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		if fetchesCredential(e.API) && refusesToken(e.Code) {
			// 40001 while fetching a token means a wrong secret.
			return Configuration
		}
		if r, known := ruleFor(e.Code); known {
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
		if r, known := ruleFor(e.Code); known {
			text = r.text
		}
		if fetchesCredential(e.API) && refusesToken(e.Code) {
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
	case ok && Classify(e) == Quota:
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
