package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) showPushSettings(c *gin.Context) error {
	settings, err := s.Store.PushSettings(c.Request.Context())
	if err != nil {
		return err
	}
	f := templates.Form{Values: url.Values{"sms_thousand": {settings.SMSThousand.String()}}}
	for _, field := range settings.Fields() {
		f.Values.Set(field.Field, strconv.Itoa(field.Value()))
	}
	return s.renderPushSettings(c, http.StatusOK, f)
}

func (s *Site) renderPushSettings(c *gin.Context, code int, f templates.Form) error {
	defaults := xunjia.DefaultPushSettings()
	p := &templates.AdminPushSettingsPage{Form: f, Fields: defaults.Fields()}
	p.Title = "推送设置"
	return s.renderAdmin(c, code, p)
}

func (s *Site) savePushSettings(c *gin.Context) error {
	f := s.form(c)
	var settings xunjia.PushSettings
	wrong := xunjia.FieldErrors{}
	for _, field := range settings.Fields() {
		n, err := strconv.Atoi(f.Value(field.Field))
		if err != nil {
			wrong.Add(field.Field, "请填写整数")
		}
		field.Set(n)
	}
	var err error
	if settings.SMSThousand, err = xunjia.ParseFen(f.Value("sms_thousand")); err != nil {
		wrong.Add("sms_thousand", "请填写金额，最多两位小数")
	}
	if err = wrong.Err(); err == nil {
		err = s.Store.SavePushSettings(c.Request.Context(), visitOf(c).staff.ID, settings)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderPushSettings(c, status(xunjia.ErrorCode(err)), f)
	}
	s.flash(c, "已保存，从下一轮推送起生效")
	s.redirect(c, "/admin/push/settings")
	return nil
}
