package handlers

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

const mergePath = "/me/merge"

// askMerge begins a merge with another account and leads to the page that shows
// both.
func (s *Site) askMerge(c *gin.Context, other int64, proved bool) error {
	v := visitOf(c)
	err := s.Store.AskMerge(c.Request.Context(), v.session.ID, v.user.ID, other, proved)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		return s.sayWhy(c, err, "两个账号都没有改变。", templates.Link{Href: securityPath, Text: "返回"})
	}
	if err != nil {
		return err
	}
	s.redirect(c, mergePath)
	return nil
}

// showMerge shows both accounts, or asks for the other one's phone.
func (s *Site) showMerge(c *gin.Context) error {
	v := visitOf(c)
	m, err := s.Store.MergeOf(c.Request.Context(), v.session.ID, v.user.ID)
	switch xunjia.ErrorCode(err) {
	case "":
		p := &templates.MergePage{}
		if !m.Proved {
			s.newCaptcha(c, &p.CodeForm)
		}
		return s.renderMerge(c, http.StatusOK, m, p)
	case xunjia.NotFound:
		p := &templates.SetPhonePage{Merge: true}
		s.newCaptcha(c, &p.CodeForm)
		return s.renderSetPhone(c, http.StatusOK, p)
	}
	return err
}

// startMerge takes the other account's phone and its code.
func (s *Site) startMerge(c *gin.Context) error {
	p := &templates.SetPhonePage{CodeForm: s.codeForm(c), Merge: true}
	return s.handleCode(c, &p.CodeForm, codeSteps{
		purpose: sms.Merge,
		phone:   anotherPhone(c, &p.CodeForm),
		done: func(phone xunjia.Phone) error {
			other, err := s.Store.UserOfPhone(c.Request.Context(), phone)
			if xunjia.ErrorCode(err) == xunjia.NotFound {
				return xunjia.FieldErrors{"phone": "这个手机号没有账号，不需要合并，可以直接把手机号换成它"}.Err()
			}
			if err == nil && other.ID == visitOf(c).user.ID {
				return xunjia.FieldErrors{"phone": "这个手机号已经是这个账号的了"}.Err()
			}
			if err != nil {
				return err
			}
			return s.askMerge(c, other.ID, true)
		},
		show: func(code int) error { return s.renderSetPhone(c, code, p) },
	})
}

// proveMerge takes the code that went to the other account's phone.
func (s *Site) proveMerge(c *gin.Context) error {
	v := visitOf(c)
	m, err := s.Store.MergeOf(c.Request.Context(), v.session.ID, v.user.ID)
	if err != nil {
		return s.mergeOver(c, err)
	}
	p := &templates.MergePage{CodeForm: s.codeForm(c)}
	return s.handleCode(c, &p.CodeForm, codeSteps{
		purpose: sms.Merge,
		phone:   func() (xunjia.Phone, error) { return xunjia.ParsePhone(string(m.Other.User.Phone)) },
		done:    func(xunjia.Phone) error { return s.otherProved(c) },
		show:    func(code int) error { return s.renderMerge(c, code, m, p) },
	})
}

func (s *Site) otherProved(c *gin.Context) error {
	v := visitOf(c)
	if err := s.Store.ProveMerge(c.Request.Context(), v.session.ID, v.user.ID); err != nil {
		return s.mergeOver(c, err)
	}
	s.redirect(c, mergePath)
	return nil
}

// mergeOver says that there is nothing to merge (any more), or why not.
func (s *Site) mergeOver(c *gin.Context, err error) error {
	switch xunjia.ErrorCode(err) {
	case xunjia.NotFound, xunjia.Conflict, xunjia.Invalid:
		return s.sayWhy(c, err, "两个账号都没有改变。", templates.Link{Href: mergePath, Text: "重新开始"}, templates.Link{Href: securityPath, Text: "返回"})
	}
	return err
}

// dropMerge leaves both accounts as they are.
func (s *Site) dropMerge(c *gin.Context) error {
	if err := s.Store.DropMerge(c.Request.Context(), visitOf(c).session.ID); err != nil {
		return err
	}
	s.flash(c, "没有合并，两个账号都没有改变")
	s.redirect(c, securityPath)
	return nil
}

func (s *Site) renderMerge(c *gin.Context, code int, m store.MergeView, p *templates.MergePage) error {
	p.Title, p.Tab, p.Back = "合并账号", templates.MeTab, securityPath
	p.Proved = m.Proved
	p.Sides = []templates.Side{templates.NewSide(m.Mine, true, true), templates.NewSide(m.Other, false, m.Proved)}
	p.Points, p.Limits = mergePoints(), mergeLimits(m)
	if err := mergeRefusal(m); err != nil {
		p.Refused = known(err).Message
	}
	if !m.Proved {
		p.Why = "这个微信或手机号已经有您的另一个账号。"
	}
	return s.render(c, code, p)
}

// mergeRefusal is why the accounts cannot be merged, whichever is kept.
func mergeRefusal(m store.MergeView) error {
	if err := xunjia.CanMerge(m.Mine.User, m.Other.User); err != nil {
		return err
	}
	if m.BothTaken > 0 {
		return xunjia.Errorf(xunjia.Conflict, "两个账号对同一个品种的报价都已被接受，不能合并，请联系客服")
	}
	return nil
}

// mergePoints tells what becomes of what.
func mergePoints() []string {
	return []string{
		"绑定的微信、采购单、报价、图片和消息都归到保留的账号",
		"关注的品种合在一起，最多 " + strconv.Itoa(xunjia.MaxFollowedCategories) + " 个",
		"两个手机号都能登录保留的账号，通知发到它自己的手机号",
		"保留的账号的名称、业务类型、地区、密码和邮箱不变；它没有的，用另一个账号的",
		"成长值加在一起，只能得一次的任务算一次",
		"另一个账号停用，在它登录的设备上退出",
	}
}

// mergeLimits tells what cannot be merged, and why.
func mergeLimits(m store.MergeView) []string {
	limits := []string{"两个账号不能都保留，合并后不能再分开"}
	if m.SameLine > 0 {
		limits = append(limits, fmt.Sprintf("有 %d 个品种两个账号都报过价，一个账号对一个品种只能有一条报价：留下已被接受的，没有就留下较新的，另一条撤回", m.SameLine))
	}
	if m.Own > 0 {
		limits = append(limits, fmt.Sprintf("有 %d 条报价是给对方的采购单的，不能给自己报价，会撤回", m.Own))
	}
	return limits
}

// mergeChoice is the merge that the visitor is about to make and the account
// that he wants to keep; otherwise he has been told why not (false).
func (s *Site) mergeChoice(c *gin.Context) (m store.MergeView, keep int64, ok bool, err error) {
	v := visitOf(c)
	if keep, err = idParam(c); err != nil {
		return m, 0, false, err
	}
	m, err = s.Store.MergeOf(c.Request.Context(), v.session.ID, v.user.ID)
	if err != nil {
		return m, 0, false, s.mergeOver(c, err)
	}
	if keep != m.Mine.User.ID && keep != m.Other.User.ID {
		return m, 0, false, xunjia.Errorf(xunjia.NotFound, "没有找到这个账号")
	}
	if !m.Proved {
		s.redirect(c, mergePath)
		return m, 0, false, nil
	}
	if err := mergeRefusal(m); err != nil {
		return m, 0, false, s.mergeOver(c, err)
	}
	ok, err = s.proved(c, mergePath+"/into/"+strconv.FormatInt(keep, 10))
	return m, keep, ok, err
}

func (s *Site) showMergeInto(c *gin.Context) error {
	m, keep, ok, err := s.mergeChoice(c)
	if !ok {
		return err
	}
	kept, gone := m.Mine, m.Other
	if keep == gone.User.ID {
		kept, gone = gone, kept
	}
	p := &templates.ConfirmPage{
		Heading: "合并账号？合并后不能撤销",
		Text:    fmt.Sprintf("保留 %s（%s），并入 %s（%s）。", called(kept.User), kept.User.Phone.Masked(), called(gone.User), gone.User.Phone.Masked()),
		Points:  append(mergePoints(), mergeLimits(m)...),
		Action:  mergePath + "/into/" + strconv.FormatInt(keep, 10), Button: "确定合并", TestID: "merge-confirm",
	}
	p.Title, p.Plain, p.Back = "合并账号", true, mergePath
	return s.render(c, http.StatusOK, p)
}

func called(u xunjia.User) string {
	if u.Name == "" {
		return "没有名称的账号"
	}
	return u.Name
}

// mergeInto merges. Who keeps the other account goes on as it.
func (s *Site) mergeInto(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	_, keep, ok, err := s.mergeChoice(c)
	if !ok {
		return err
	}
	kept, err := s.Store.Merge(ctx, v.session.ID, v.user.ID, keep)
	if err != nil {
		return s.mergeOver(c, err)
	}
	s.Outbox.Wake()
	if kept.ID != v.user.ID {
		if err := s.logIn(c, kept, v.session.IdentityID); err != nil {
			return err
		}
	}
	s.flash(c, "两个账号已经合并")
	s.redirect(c, s.nextStep(c, securityPath))
	return nil
}
