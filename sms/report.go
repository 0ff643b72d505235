package sms

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// Report says what became of a message that the provider had taken.
type Report struct {
	Phone     xunjia.Phone
	BizID     string // as Send answered it
	OutID     string // as Message had it
	Delivered bool
	Reason    string    // the operator's words and code: "空号（UNDELIVERABLE）"; "" when delivered
	Segments  int       // how many messages it was billed as; 0: not told
	At        time.Time // when the operator reported it; zero: not told
}

// Reply is a short message that somebody sent back.
type Reply struct {
	Phone xunjia.Phone
	Text  string
}

// maxReports bounds what one push of the provider holds.
const maxReports = 1000

// ParseReports reads a push of SmsReport, a JSON array. The provider does not
// sign it. Invalid for anything else.
// [help.aliyun.com/document_detail/101867.html]
func ParseReports(body []byte) ([]Report, error) {
	list, err := parseArray[struct {
		Phone   string `json:"phone_number"`
		At      string `json:"report_time"`
		Success bool   `json:"success"`
		Code    string `json:"err_code"`
		Message string `json:"err_msg"`
		Size    any    `json:"sms_size"` // documented as text
		BizID   string `json:"biz_id"`
		OutID   string `json:"out_id"`
	}](body)
	if err != nil {
		return nil, err
	}
	out := make([]Report, 0, len(list))
	for _, r := range list {
		report := Report{Phone: mainland(r.Phone), BizID: r.BizID, OutID: r.OutID, Delivered: r.Success, Segments: size(r.Size)}
		if at, err := time.ParseInLocation(time.DateTime, r.At, china); err == nil {
			report.At = at
		}
		if !r.Success {
			report.Reason = "运营商没有送达：" + strings.TrimSpace(r.Message)
			if r.Code != "" {
				report.Reason += "（" + r.Code + "）"
			}
		}
		out = append(out, report)
	}
	return out, nil
}

// ParseReplies reads a push of SmsUp, a JSON array. Invalid for anything else.
// [help.aliyun.com/document_detail/101871.html]
func ParseReplies(body []byte) ([]Reply, error) {
	list, err := parseArray[struct {
		Phone string `json:"phone_number"`
		Text  string `json:"content"`
	}](body)
	if err != nil {
		return nil, err
	}
	out := make([]Reply, 0, len(list))
	for _, r := range list {
		out = append(out, Reply{Phone: mainland(r.Phone), Text: r.Text})
	}
	return out, nil
}

func parseArray[T any](body []byte) ([]T, error) {
	var list []T
	if err := json.Unmarshal(body, &list); err != nil || len(list) > maxReports {
		return nil, xunjia.Errorf(xunjia.Invalid, "内容不是短信平台的推送")
	}
	return list, nil
}

// mainland drops the country code that carriers put in front.
func mainland(phone string) xunjia.Phone {
	return xunjia.Phone(strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(phone), "+"), "86"))
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		n, _ := strconv.Atoi(v) // 0: not told
		return max(0, min(n, maxSegments))
	case float64:
		return int(max(0, min(v, maxSegments)))
	}
	return 0
}

// maxSegments is more than one message is ever billed as.
const maxSegments = 20
