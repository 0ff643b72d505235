package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// certification shows how the visitor's certification stands, with the form when
// he can submit one.
func (s *Site) certification(c *gin.Context) error {
	return s.renderCertification(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderCertification(c *gin.Context, status int, f templates.Form) error {
	u, now := visitOf(c).user, s.Clock()
	list, err := s.Store.Certifications(c.Request.Context(), u.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p := &templates.CertificationPage{Certified: u.Certified(now), Until: u.CertifiedUntil, Form: f, Now: now, History: list.Items}
	p.Next = partPath(xunjia.CertificationPath, list.Next)
	if len(list.Items) > 0 && c.Query("after") == "" && list.Items[0].State == xunjia.CertificationSubmitted {
		p.Waiting = &list.Items[0]
	}
	if f.Values == nil {
		p.Form.Values = url.Values{"kind": {"1"}, "name": {u.Name}}
		if len(list.Items) > 0 { // what was wrong is mended, not typed again
			p.Form.Values = certificationValues(list.Items[0])
		}
	}
	p.Title, p.Tab, p.Back = "认证", templates.MeTab, "/me"
	return s.render(c, status, p)
}

func certificationValues(c xunjia.Certification) url.Values {
	v := url.Values{"kind": {strconv.Itoa(int(c.Kind))}, "name": {c.Name}, "code": {c.Code}, "person": {c.Person}, "documents": slices.Clone(c.Documents)}
	if !c.LicenceUntil.IsZero() {
		v.Set("licence_until", c.LicenceUntil.In(xunjia.China()).Format(time.DateOnly))
	}
	return v
}

func (s *Site) submitCertification(c *gin.Context) error {
	f := s.form(c)
	wrong := xunjia.FieldErrors{}
	documents, err := s.uploadsWith(c, f, "documents", xunjia.MaxDocuments, s.storePrivate)
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderCertification(c, status(xunjia.ErrorCode(err)), f)
	}
	kind, _ := strconv.Atoi(f.Value("kind"))
	typed := xunjia.Certification{Kind: xunjia.CertificationKind(kind), Name: f.Value("name"), Code: f.Value("code"), Person: f.Value("person"), Documents: documents}
	if day := f.Value("licence_until"); day != "" {
		if typed.LicenceUntil, err = time.ParseInLocation(time.DateOnly, day, xunjia.China()); err != nil {
			wrong.Add("licence_until", "请选择营业执照到期的日期，长期有效留空")
		}
	}
	if err = wrong.Err(); err == nil {
		_, err = s.Store.SubmitCertification(c.Request.Context(), visitOf(c).user.ID, typed)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderCertification(c, status(xunjia.ErrorCode(err)), f)
	}
	s.flash(c, "认证已提交，一般一个工作日内审核")
	s.redirect(c, xunjia.CertificationPath)
	return nil
}

func (s *Site) withdrawCertification(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = s.Store.WithdrawCertification(c.Request.Context(), id, visitOf(c).user.ID)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		f := templates.Form{}
		formErrors(&f, err)
		return s.renderCertification(c, http.StatusConflict, f)
	}
	if err != nil {
		return err
	}
	s.flash(c, "已撤回，修改后可以重新提交")
	s.redirect(c, xunjia.CertificationPath)
	return nil
}

// ownDocument shows the visitor a private picture of his own.
func (s *Site) ownDocument(c *gin.Context) error {
	m, err := s.Store.Media(c.Request.Context(), c.Param("key"))
	if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
		return err
	}
	if !xunjia.IsPrivate(m.Key) || m.OwnerID != visitOf(c).user.ID {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这张图片")
	}
	return s.serveDocument(c, m.Key)
}

// adminCertifications lists certifications for staff.
func (s *Site) adminCertifications(c *gin.Context) error {
	p := &templates.AdminCertificationsPage{}
	p.Title = "供应商认证"
	if n, err := strconv.Atoi(c.Query("state")); err == nil && xunjia.CertificationState(n).String() != "" {
		p.State = xunjia.CertificationState(n)
	}
	for _, state := range xunjia.CertificationStates() {
		p.Tabs = append(p.Tabs, templates.Option{Value: strconv.Itoa(int(state)), Text: state.String(), Selected: state == p.State})
	}
	list, err := s.Store.CertificationsIn(c.Request.Context(), p.State, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	ids := make([]int64, len(list.Items))
	for i, v := range list.Items {
		ids[i] = v.UserID
	}
	people, err := s.Store.Users(c.Request.Context(), ids)
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		p.Rows = append(p.Rows, templates.CertificationRow{Certification: v, User: people[v.UserID]})
	}
	if list.Next != "" {
		p.Next = "/admin/certifications?" + url.Values{"state": {strconv.Itoa(int(p.State))}, "after": {list.Next}}.Encode()
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) adminCertification(c *gin.Context) error {
	return s.renderAdminCertification(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderAdminCertification(c *gin.Context, status int, f templates.Form) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, err := s.Store.Certification(c.Request.Context(), id)
	if err != nil {
		return err
	}
	u, err := s.Store.User(c.Request.Context(), v.UserID)
	if err != nil {
		return err
	}
	p := &templates.AdminCertificationPage{Certification: v, User: u, Phone: u.Phone.Masked(), Form: f}
	if f.Values == nil {
		until := s.Clock().Add(xunjia.CertificationYear)
		if !v.LicenceUntil.IsZero() && v.LicenceUntil.Before(until) {
			until = v.LicenceUntil
		}
		p.Form.Values = url.Values{"until": {until.In(xunjia.China()).Format(time.DateOnly)}}
	}
	p.Title = v.Name
	return s.renderAdmin(c, status, p)
}

func (s *Site) reviewCertification(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	r := xunjia.Review{Action: xunjia.CertificationAction(f.Value("do")), Reason: newlines(f.Value("reason"))}
	if r.Action == xunjia.ApproveCertification {
		if r.Until, err = time.ParseInLocation(time.DateOnly, f.Value("until"), xunjia.China()); err != nil {
			err = xunjia.FieldErrors{"until": "请选择有效期"}.Err()
		}
	}
	if err == nil {
		err = s.Store.ReviewCertification(c.Request.Context(), id, visitOf(c).staff.ID, r)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderAdminCertification(c, status(xunjia.ErrorCode(err)), f)
	}
	s.Outbox.Wake()
	s.flash(c, "已处理，申请人会收到通知")
	s.redirect(c, "/admin/certifications/"+strconv.FormatInt(id, 10))
	return nil
}

// certificationDocument shows staff a document of a certification.
func (s *Site) certificationDocument(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, err := s.Store.Certification(c.Request.Context(), id)
	if err != nil {
		return err
	}
	if !slices.Contains(v.Documents, c.Param("key")) {
		return errNoPage()
	}
	return s.serveDocument(c, c.Param("key"))
}
