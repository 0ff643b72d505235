package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// registering lets in who has proved his phone but is not done yet; others are
// sent where they belong (false).
func (s *Site) registering(c *gin.Context, step xunjia.RegistrationStep, returnTo string) bool {
	v := visitOf(c)
	if v.loggedIn() && !v.user.Disabled && v.user.Step() >= step && v.user.Step() != xunjia.StepDone {
		return true
	}
	s.redirect(c, s.nextStep(c, returnTo))
	return false
}

func (s *Site) showRegisterProfile(c *gin.Context) error {
	returnTo := s.safeReturn(c.Query("return"))
	if !s.registering(c, xunjia.StepProfile, returnTo) {
		return nil
	}
	return s.renderProfile(c, http.StatusOK, &templates.RegisterProfilePage{Return: returnTo, Form: profileForm(visitOf(c).user)})
}

func (s *Site) registerProfile(c *gin.Context) error {
	returnTo := s.safeReturn(c.PostForm("return"))
	if !s.registering(c, xunjia.StepProfile, returnTo) {
		return nil
	}
	p := &templates.RegisterProfilePage{Return: returnTo, Form: s.form(c)}
	done, err := s.storeProfile(c, p)
	if err != nil || !done {
		return err
	}
	s.redirect(c, withReturn("/register/categories", returnTo))
	return nil
}

func (s *Site) showProfile(c *gin.Context) error {
	return s.renderProfile(c, http.StatusOK, &templates.RegisterProfilePage{Later: true, Form: profileForm(visitOf(c).user)})
}

func (s *Site) saveProfile(c *gin.Context) error {
	p := &templates.RegisterProfilePage{Later: true, Form: s.form(c)}
	done, err := s.storeProfile(c, p)
	if err != nil || !done {
		return err
	}
	s.flash(c, "资料已保存")
	s.redirect(c, "/me")
	return nil
}

// storeProfile saves what was typed or shows the form again (false).
func (s *Site) storeProfile(c *gin.Context, p *templates.RegisterProfilePage) (done bool, err error) {
	if p.Form.Value("do") == "area" {
		return false, s.renderProfile(c, http.StatusOK, p)
	}
	kind, _ := strconv.Atoi(p.Form.Value("kind"))
	profile := xunjia.Profile{Kind: xunjia.BusinessKind(kind), Name: p.Form.Value("name")}
	areas := chosenAreas(p.Form.Values)
	profile.Area = areas.deepest()
	err = profile.Validate()
	if areas.incomplete() {
		f := xunjia.FieldErrors{"area": "请选择到城市和区县"}
		if e, ok := errors.AsType[*xunjia.Error](err); ok {
			for field, text := range e.Fields {
				f.Add(field, "%s", text)
			}
		}
		err = f.Err()
	}
	if err == nil {
		_, err = s.Store.SaveProfile(c.Request.Context(), visitOf(c).user.ID, profile)
	}
	if err != nil && formErrors(&p.Form, err) {
		return false, s.renderProfile(c, status(xunjia.ErrorCode(err)), p)
	}
	return err == nil, err
}

func (s *Site) renderProfile(c *gin.Context, status int, p *templates.RegisterProfilePage) error {
	p.Title, p.Plain, p.Wide, p.Back = "填写资料", true, true, "/"
	if p.Later {
		p.Title, p.Back = "修改资料", "/me"
	}
	a := chosenAreas(p.Form.Values)
	p.Areas = templates.AreaSelects(a.province, a.city, a.district)
	return s.render(c, status, p)
}

func profileForm(u xunjia.User) templates.Form {
	values := url.Values{"name": {u.Name}}
	if u.Kind != 0 {
		values.Set("kind", strconv.Itoa(int(u.Kind)))
	}
	setArea(values, u.Area)
	return templates.Form{Values: values}
}

// areaChoice is what the three selects of the partial area-select hold.
type areaChoice struct{ province, city, district xunjia.Area }

// chosenAreas reads the selects; what does not lie in the level above, because
// that was changed without a script, is dropped.
func chosenAreas(values url.Values) areaChoice {
	a := areaChoice{xunjia.Area(values.Get("province")), xunjia.Area(values.Get("city")), xunjia.Area(values.Get("district"))}
	if !a.province.Valid() || a.province.Province() != a.province {
		return areaChoice{}
	}
	if !a.city.Valid() || a.city.Province() != a.province || a.city == a.province {
		a.city = ""
		if cities := a.province.Children(); len(cities) == 1 {
			a.city = cities[0]
		}
	}
	if a.city == "" || !a.district.Valid() || a.district.City() != a.city || a.district == a.city {
		a.district = ""
	}
	return a
}

// deepest is the smallest area chosen, "" for none.
func (a areaChoice) deepest() xunjia.Area {
	for _, area := range []xunjia.Area{a.district, a.city, a.province} {
		if area != "" {
			return area
		}
	}
	return ""
}

// incomplete tells whether a level that has choices is still open.
func (a areaChoice) incomplete() bool {
	return a.province != "" && a.district == "" && len(a.deepest().Children()) > 0
}

// setArea is the inverse of deepest.
func setArea(values url.Values, a xunjia.Area) {
	if !a.Valid() {
		return
	}
	values.Set("province", string(a.Province()))
	if a.City() != a.Province() {
		values.Set("city", string(a.City()))
	}
	if a != a.City() {
		values.Set("district", string(a))
	}
}

func (s *Site) showRegisterCategories(c *gin.Context) error {
	returnTo := s.safeReturn(c.Query("return"))
	if !s.registering(c, xunjia.StepCategories, returnTo) {
		return nil
	}
	return s.renderCategories(c, http.StatusOK, &templates.RegisterCategoriesPage{Return: returnTo})
}

func (s *Site) registerCategories(c *gin.Context) error {
	returnTo := s.safeReturn(c.PostForm("return"))
	if !s.registering(c, xunjia.StepCategories, returnTo) {
		return nil
	}
	p := &templates.RegisterCategoriesPage{Return: returnTo, Form: s.form(c)}
	done, err := s.storeCategories(c, p)
	if err != nil || !done {
		return err
	}
	s.flash(c, "注册成功，欢迎使用询价通")
	s.redirect(c, returnTo)
	return nil
}

func (s *Site) showCategories(c *gin.Context) error {
	followed, err := s.Store.FollowedCategories(c.Request.Context(), visitOf(c).user.ID)
	if err != nil {
		return err
	}
	values := url.Values{}
	for _, id := range followed {
		values.Add("category", strconv.FormatInt(id, 10))
	}
	return s.renderCategories(c, http.StatusOK, &templates.RegisterCategoriesPage{Later: true, Form: templates.Form{Values: values}})
}

func (s *Site) saveCategories(c *gin.Context) error {
	p := &templates.RegisterCategoriesPage{Later: true, Form: s.form(c)}
	done, err := s.storeCategories(c, p)
	if err != nil || !done {
		return err
	}
	s.flash(c, "关注的品种已保存")
	s.redirect(c, "/me")
	return nil
}

// storeCategories saves the choice or shows the form again (false).
func (s *Site) storeCategories(c *gin.Context, p *templates.RegisterCategoriesPage) (done bool, err error) {
	if p.Form.Value("do") == "search" {
		p.Query = p.Form.Value("q")
		return false, s.renderCategories(c, http.StatusOK, p)
	}
	var ids []int64
	for _, v := range p.Form.Values["category"] {
		if id, err := strconv.ParseInt(v, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		err = xunjia.FieldErrors{"category": "请至少选择一个品种，有采购时才能通知您"}.Err()
	} else {
		_, err = s.Store.FollowCategories(c.Request.Context(), visitOf(c).user.ID, ids)
	}
	if err != nil && formErrors(&p.Form, err) {
		return false, s.renderCategories(c, status(xunjia.ErrorCode(err)), p)
	}
	return err == nil, err
}

func (s *Site) renderCategories(c *gin.Context, status int, p *templates.RegisterCategoriesPage) error {
	p.Title, p.Plain, p.Back = "关注品种", true, "/"
	if p.Later {
		p.Title, p.Back = "关注的品种", "/me"
	}
	all, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return err
	}
	p.Groups = categoryGroups(all, p)
	return s.render(c, status, p)
}

// categoryGroups puts the leaves of the tree beneath their parents; goods
// without a parent that have no children come first.
func categoryGroups(all []xunjia.Category, p *templates.RegisterCategoriesPage) []templates.CategoryGroup {
	parents := map[int64]bool{}
	names := map[int64]string{}
	for _, k := range all {
		parents[k.ParentID] = true
		names[k.ID] = k.Name
	}
	q := strings.ToLower(strings.TrimSpace(p.Query))
	var groups []templates.CategoryGroup
	at := map[int64]int{}
	p.Followed = 0
	for _, k := range all {
		if parents[k.ID] {
			continue
		}
		i, ok := at[k.ParentID]
		if !ok {
			i, at[k.ParentID] = len(groups), len(groups)
			title := names[k.ParentID]
			if title == "" {
				title = "常用品种"
			}
			groups = append(groups, templates.CategoryGroup{Title: title})
		}
		id := strconv.FormatInt(k.ID, 10)
		chip := templates.CategoryChip{ID: k.ID, Name: k.Name, Checked: p.Form.Has("category", id)}
		chip.Keys = strings.ToLower(strings.Join(append([]string{k.Name, k.Initials}, k.Aliases...), " "))
		chip.Hidden = q != "" && !strings.Contains(chip.Keys, q)
		if chip.Checked {
			p.Followed++
		}
		groups[i].Chips = append(groups[i].Chips, chip)
	}
	return groups
}
