package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// scans says what somebody gets who scanned a code of the account.
type scans struct {
	store   *store.Store
	baseURL string
	clock   func() time.Time
}

// Scanned counts a scan and answers what its code leads to; followed tells that
// the scan made somebody a fan. at is the push's own time, by which a push that
// is handled again counts once. Scenes of other programs, and codes that were
// stopped, are answered nil.
func (v *scans) Scanned(ctx context.Context, who xunjia.Identity, scene string, at time.Time, followed bool) (wechat.Reply, error) {
	if id, ok := xunjia.PCScanOfScene(scene); ok {
		return v.scannedPC(ctx, who, id)
	}
	if token, ok := xunjia.InviteOfScene(scene); ok {
		return v.scannedInvite(ctx, token)
	}
	if at.Unix() <= 0 { // the push named no time
		at = v.clock()
	}
	q, err := v.store.CountScan(ctx, who.AppID, scene, who.ID, at, followed)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return nil, nil
	}
	if err != nil || q.State(v.clock()) == xunjia.QRDisabled {
		return nil, err
	}
	if q.Action == xunjia.QRPurchase {
		return v.invite(ctx, who, q)
	}
	return wechat.TextReply{Content: q.Reply}, nil
}

// scannedPC asks the scanner whether it is really he who sits at the PC.
func (v *scans) scannedPC(ctx context.Context, who xunjia.Identity, id string) (wechat.Reply, error) {
	token, p, err := v.store.ScanPC(ctx, who.AppID, id, who.ID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return wechat.TextReply{Content: "这个二维码已经过期，请在电脑上刷新后再扫一次。"}, nil
	}
	if err != nil {
		return nil, err
	}
	link := v.baseURL + "/scan/" + token
	if p.Purpose == xunjia.ScanBind {
		return wechat.TextReply{Content: "您正在把这个微信绑定到询价通账号。\n\n<a href=\"" + link + "\">点这里确认绑定</a>\n\n如果不是您本人操作，请不要理会这条消息。"}, nil
	}
	return wechat.TextReply{Content: "您正在电脑上登录询价通。\n\n<a href=\"" + link + "\">点这里确认登录</a>\n\n如果不是您本人操作，请不要理会这条消息。"}, nil
}

// invite shows a purchase as a card.
func (v *scans) invite(ctx context.Context, who xunjia.Identity, q xunjia.QRCode) (wechat.Reply, error) {
	var u xunjia.User
	if who.UserID != 0 {
		var err error
		if u, err = v.store.User(ctx, who.UserID); err != nil {
			return nil, err
		}
	}
	p, err := v.store.PurchaseFor(ctx, q.Target, u)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return wechat.TextReply{Content: "这张采购单已经不在了，<a href=\"" + v.baseURL + "/purchases\">看看别的采购</a>"}, nil
	}
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s，已收到 %d 条报价，点开查看。", p.StatusAt(v.clock()), p.QuoteCount)
	if p.StatusAt(v.clock()) == xunjia.WaitingForQuote {
		text = "正在询价，" + xunjia.ShortTime(p.Deadline) + " 截止，点开就能报价。"
	}
	return v.card("采购：", p, text, xunjia.PurchasePath(p.ID)), nil
}

// scannedInvite leads somebody who scanned the code of an invitation link to it,
// as long as it works.
func (v *scans) scannedInvite(ctx context.Context, token string) (wechat.Reply, error) {
	l, p, err := v.store.InviteLink(ctx, token)
	if err == nil && l.State(p, v.clock()) == xunjia.LinkLive {
		return v.card("邀请您报价：", p, xunjia.ShortTime(p.Deadline)+" 截止，点开就能报价。", "/i/"+token), nil
	}
	text := "这个邀请二维码不存在，请向采购商要一个新的。"
	switch {
	case err == nil: // who is invited already comes in by the page
		text = "这个邀请二维码" + string(l.State(p, v.clock())) + "。<a href=\"" + v.baseURL + "/i/" + token + "\">查看</a>"
	case xunjia.ErrorCode(err) != xunjia.NotFound:
		return nil, err
	}
	return wechat.TextReply{Content: text}, nil
}

// card shows a purchase with its first picture.
func (v *scans) card(prefix string, p xunjia.Purchase, text, path string) wechat.Reply {
	article := wechat.Article{Title: prefix + p.Title(), Description: text, URL: v.baseURL + path}
	for _, l := range p.Lines {
		if picture := l.Picture(); picture.Media != "" {
			article.ImageURL = v.baseURL + "/media/" + picture.Media + "/mobile"
			break
		}
	}
	return wechat.NewsReply{Articles: []wechat.Article{article}}
}
