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
		return v.invite(ctx, q)
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
func (v *scans) invite(ctx context.Context, q xunjia.QRCode) (wechat.Reply, error) {
	p, err := v.store.Purchase(ctx, q.Target)
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
	article := wechat.Article{Title: "采购：" + p.Title(), Description: text, URL: v.baseURL + xunjia.PurchasePath(p.ID)}
	for _, l := range p.Lines {
		if picture := l.Picture(); picture.Media != "" {
			article.ImageURL = v.baseURL + "/media/" + picture.Media + "/mobile"
			break
		}
	}
	return wechat.NewsReply{Articles: []wechat.Article{article}}, nil
}
