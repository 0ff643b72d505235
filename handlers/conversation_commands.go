package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// commandShown is how many rows a command answers: a phone shows them without
// scrolling, and the text stays far below the platform's limit.
const commandShown = 5

// commandWithin is how long a command may ask the database; then it answers with
// the link alone.
const commandWithin = 1500 * time.Millisecond

// command answers a built-in command or the name of goods; "" when a rule of
// staff should answer.
func (v *Conversation) command(ctx context.Context, m wechat.Message, choice xunjia.Choice) string {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	var answer string
	var err error
	fallback := ""
	switch choice.Command {
	case xunjia.HelpCommand:
		return v.help()
	case xunjia.PurchasesCommand:
		fallback = "点这里查看" + v.link("/me/purchases", "我的采购")
		answer, err = v.mine(ctx, m, v.myPurchases)
	case xunjia.QuotesCommand:
		fallback = "点这里查看" + v.link("/me/quotes", "我的报价")
		answer, err = v.mine(ctx, m, v.myQuotes)
	case xunjia.PricesCommand:
		fallback = "点这里查看" + v.link("/purchases", "正在采购的品种")
		answer, err = v.wanted(ctx, choice)
	case "":
		answer, err = v.wantedByName(ctx, choice.Goods)
	}
	if err != nil {
		v.log().WarnContext(ctx, "command answered without data", "command", string(choice.Command), "error", err)
		return fallback
	}
	return answer
}

// mine answers a command about the fan's own things; who has not registered is
// led there.
func (v *Conversation) mine(ctx context.Context, m wechat.Message, list func(context.Context, int64) (string, error)) (string, error) {
	identity, err := v.Store.IdentityByOpenID(ctx, m.AppID, m.OpenID)
	if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
		return "", err
	}
	if identity.UserID == 0 {
		return "您还没有注册。" + v.link("/register", "点这里注册") + "，只要一分钟，就能发布采购和报价。", nil
	}
	return list(ctx, identity.UserID)
}

func (v *Conversation) myPurchases(ctx context.Context, user int64) (string, error) {
	list, err := v.Store.PurchasesOf(ctx, user, xunjia.Page{Limit: commandShown})
	if err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "您还没有发布过采购。" + v.link("/purchases/new", "点这里发布采购") + "，关注这个品种的供应商马上收到通知。", nil
	}
	var b strings.Builder
	b.WriteString("我的采购：\n")
	for i, p := range list.Items {
		fmt.Fprintf(&b, "%d. %s　%s，%d 条报价\n", i+1, v.link("/purchases/"+strconv.FormatInt(p.ID, 10), short(p.Title())), p.StatusAt(v.Clock()), p.QuoteCount)
	}
	b.WriteString(v.link("/me/purchases", "查看全部"))
	return b.String(), nil
}

func (v *Conversation) myQuotes(ctx context.Context, user int64) (string, error) {
	list, err := v.Store.QuotesBy(ctx, user, xunjia.Page{Limit: commandShown})
	if err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "您还没有报过价。" + v.link("/purchases", "看看谁在采购") + "，点开就能报价。", nil
	}
	var b strings.Builder
	b.WriteString("我的报价：\n")
	for i, q := range list.Items {
		fmt.Fprintf(&b, "%d. %s　%s，%s\n", i+1, v.link("/quotes/"+strconv.FormatInt(q.Quote.ID, 10), short(q.Line.Title())), q.Quote.PriceText(), q.Quote.State)
	}
	b.WriteString(v.link("/me/quotes", "查看全部"))
	return b.String(), nil
}

// wanted lists who wants to buy some goods now.
func (v *Conversation) wanted(ctx context.Context, choice xunjia.Choice) (string, error) {
	found, err := v.Store.SearchCategories(ctx, choice.Argument, 1)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		if choice.Rule.ID != 0 {
			return "", nil
		}
		return "没有找到品种“" + plainText(choice.Argument) + "”。" + v.link("/purchases", "看看正在采购的品种"), nil
	}
	return v.wantedGoods(ctx, found[0])
}

// wantedByName is as wanted for a text that is nothing but the name or an alias
// of goods; "" when there are no such goods, so that the default reply answers.
func (v *Conversation) wantedByName(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	found, err := v.Store.SearchCategories(ctx, name, 0)
	if err != nil {
		return "", err
	}
	for _, goods := range found {
		if goods.Name == name || slices.Contains(goods.Aliases, name) {
			return v.wantedGoods(ctx, goods)
		}
	}
	return "", nil
}

// wantedGoods lists who wants to buy the goods now.
func (v *Conversation) wantedGoods(ctx context.Context, goods xunjia.Category) (string, error) {
	list, err := v.Store.OpenPurchasesOf(ctx, goods.ID, commandShown)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "现在没有人采购" + goods.Name + "。" + v.link("/me/categories", "关注这个品种") + "，有人采购时马上通知您。", nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "正在采购%s，点开就能报价：\n", goods.Name)
	for i, p := range list {
		amount := ""
		for _, l := range p.Lines {
			if l.CategoryID == goods.ID {
				amount = "　" + short(l.Summary())
				break
			}
		}
		fmt.Fprintf(&b, "%d. %s%s，%s 截止\n", i+1, v.link("/purchases/"+strconv.FormatInt(p.ID, 10), p.Area.Name()+"求购"), amount, xunjia.ShortTime(p.Deadline))
	}
	b.WriteString(v.link(templates.SearchPath(xunjia.Search{Category: goods.ID}), "查看全部"+goods.Name+"采购"))
	return b.String(), nil
}

// short keeps a title from filling the bubble, and from being read as a link.
func short(s string) string {
	const most = 24
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return plainText(s)
}

// plainText takes out what the chat reads as markup.
func plainText(s string) string { return strings.NewReplacer("<", "＜", ">", "＞").Replace(s) }
