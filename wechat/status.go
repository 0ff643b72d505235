package wechat

import (
	"context"
	"time"

	"github.com/xunjia/xunjia"
)

// CredentialStatus tells how a credential stands without telling it.
type CredentialStatus struct {
	Kind      string    // "access_token" or "jsapi_ticket"
	Masked    string    // its first characters; "" when none was fetched yet
	ExpiresAt time.Time // of what is stored
}

// Credentials tells how the access token and the JS ticket stand, as the store
// has them for all instances. It calls nobody else.
func (a *Account) Credentials(ctx context.Context) ([]CredentialStatus, error) {
	var list []CredentialStatus
	for _, kind := range []string{accessToken, jsTicket} {
		c, err := a.store.Credential(ctx, a.cfg.AppID, kind)
		if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
			return nil, err
		}
		status := CredentialStatus{Kind: kind, ExpiresAt: c.ExpiresAt}
		if len(c.Value) > 12 {
			status.Masked = c.Value[:4] + "…"
		}
		list = append(list, status)
	}
	return list, nil
}

// TemplateFit is what FillTemplate makes of one field, for staff.
type TemplateFit struct {
	Field     TemplateField
	Given     string // our value; "" when we have none for the label
	Sent      string // what is sent; "" when it is refused
	Complaint string // in Chinese, why it is refused; "" when it is not
	Shortened bool
}

// ExplainTemplate tells field by field what FillTemplate does.
func ExplainTemplate(t PrivateTemplate, fields []xunjia.NoticeField) []TemplateFit {
	given := make(map[string]string, len(fields))
	for _, f := range fields {
		given[cleanLabel(f.Label)] = f.Value
	}
	var fits []TemplateFit
	for _, f := range t.Fields {
		if f.Kind == "first" || f.Kind == "remark" {
			continue
		}
		fit := TemplateFit{Field: f}
		value, ours := given[f.Label]
		if !ours {
			fit.Complaint = "模板需要这一项，但这类通知没有"
		} else {
			fit.Given = value
			if fit.Sent, fit.Complaint = fitField(f.Kind, value); fit.Complaint != "" {
				fit.Sent = ""
			}
			fit.Shortened = fit.Complaint == "" && fit.Sent != oneLine(value)
		}
		fits = append(fits, fit)
	}
	return fits
}
