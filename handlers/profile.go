package handlers

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// profile is the public page of somebody: what he shows of himself and what is
// known of how he does business. It tells neither phone nor openid.
func (s *Site) profile(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	u, err := s.Store.User(ctx, id)
	if err != nil {
		return err
	}
	if u.Disabled || u.Step() != xunjia.StepDone {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这个用户")
	}
	p := &templates.ProfilePage{Member: u, Name: nameFor(visitOf(c), u), Certified: u.Certified(s.Clock()), Mine: visitOf(c).user.ID == id}
	if p.Figures, err = s.Store.Figures(ctx, id); err != nil {
		return err
	}
	if p.Showcase, err = s.Store.Showcase(ctx, id); err != nil {
		return err
	}
	list, err := s.Store.RatingsOf(ctx, id, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	raters := make([]int64, len(list.Items))
	for i, r := range list.Items {
		raters[i] = r.RaterID
	}
	people, err := s.Store.Users(ctx, raters)
	if err != nil {
		return err
	}
	for _, r := range list.Items {
		p.Ratings = append(p.Ratings, templates.ProfileRating{Rating: r, By: people[r.RaterID].MaskedName()})
	}
	p.Next = partPath(xunjia.ProfilePath(id), list.Next)
	p.Title, p.Wide, p.Back = p.Name, true, "/"
	return s.render(c, http.StatusOK, p)
}

func (s *Site) showShowcase(c *gin.Context) error {
	show, err := s.Store.Showcase(c.Request.Context(), visitOf(c).user.ID)
	if err != nil {
		return err
	}
	return s.renderShowcase(c, http.StatusOK, templates.Form{Values: url.Values{"text": {show.Text}, "pictures": show.Pictures}})
}

func (s *Site) renderShowcase(c *gin.Context, status int, f templates.Form) error {
	p := &templates.ShowcasePage{Form: f, Me: visitOf(c).user.ID}
	p.Title, p.Tab, p.Back = "公开主页", templates.MeTab, "/me"
	return s.render(c, status, p)
}

func (s *Site) saveShowcase(c *gin.Context) error {
	f := s.form(c)
	pictures, err := s.uploads(c, f, "pictures", xunjia.MaxShowcase)
	if err == nil {
		err = s.Store.SaveShowcase(c.Request.Context(), visitOf(c).user.ID, xunjia.Showcase{Text: newlines(f.Value("text")), Pictures: pictures})
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderShowcase(c, status(xunjia.ErrorCode(err)), f)
	}
	s.flash(c, "公开主页已保存")
	s.redirect(c, xunjia.ProfilePath(visitOf(c).user.ID))
	return nil
}
