package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) me(c *gin.Context) error {
	v := visitOf(c)
	followed, err := s.Store.FollowedCategories(c.Request.Context(), v.user.ID)
	if err != nil {
		return err
	}
	growth, err := s.Store.Growth(c.Request.Context(), v.user.ID)
	if err != nil {
		return err
	}
	u := v.user
	p := &templates.MePage{
		Phone: u.Phone.Masked(), Area: u.Area.Name(), Kind: u.Kind.String(), Followed: len(followed), Level: xunjia.LevelAt(growth.Points),
		Face: string([]rune(u.Name)[:1]),
	}
	p.Title, p.Tab = "我的", templates.MeTab
	p.Certified = u.Certified(s.Clock())
	if u.CompanyID != 0 {
		company, err := s.Store.Company(c.Request.Context(), u.CompanyID)
		if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
			return err
		}
		p.CompanyName = company.Name
	}
	if p.Bindable = s.Account != nil; p.Bindable {
		_, err := s.Store.IdentityOfUser(c.Request.Context(), s.Account.AppID(), u.ID)
		if p.Bound = err == nil; err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
			return err
		}
	}
	return s.render(c, http.StatusOK, p)
}
