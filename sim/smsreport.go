package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The gateway's own pushes, SmsReport and SmsUp: JSON arrays, without a
// signature, answered with {"code":0}. [off] help.aliyun.com/document_detail/101867.html
const (
	smsReportPath = "aliyun/SmsReport"
	smsReplyPath  = "aliyun/SmsUp"
)

// smsArrives is how long a message is under way before its report comes.
const smsArrives = time.Second

// smsPauses is how long a push that was not taken waits for its next try. The
// gateway waits 1, 5 and 10 minutes; nobody wants to sit that out here.
func smsPauses() []time.Duration {
	return []time.Duration{time.Second, 5 * time.Second, 10 * time.Second}
}

// reportSMS tells the developer's server that a batch arrived. A fault of the
// path aliyun/SmsReport makes it not arrive, with the fault's text as the
// operator's code. Server.mu is held.
func (s *Server) reportSMS(batch []*SMS, now time.Time) {
	if s.opt.SMSReportURL == "" {
		return
	}
	stamp := now.In(time.FixedZone("CST", 8*3600)).Format(time.DateTime)
	var list []map[string]any
	for _, m := range batch {
		list = append(list, map[string]any{
			"phone_number": m.Phone, "send_time": stamp, "report_time": stamp, "success": true, "err_code": "DELIVERED",
			"err_msg": "用户接收成功", "sms_size": smsSize(m.Text), "biz_id": m.BizID, "out_id": m.OutID,
		})
	}
	s.inFlight.Add(1)
	s.work.Go(func() {
		defer s.inFlight.Add(-1)
		select {
		case <-time.After(smsArrives):
		case <-s.ctx.Done():
			return
		}
		if f := s.drawFault(smsReportPath, ""); f != nil {
			for i, m := range batch {
				list[i]["success"], list[i]["err_code"], list[i]["err_msg"] = false, f.ErrMsg, "没有送达"
				s.mu.Lock()
				m.Status = "failed"
				s.mu.Unlock()
			}
		}
		s.pushSMS(smsReportPath, s.opt.SMSReportURL, list)
	})
}

// smsSize is how many messages a text is billed as.
func smsSize(text string) string {
	n := len([]rune(text))
	if n <= 70 {
		return "1"
	}
	return string(marshal((n + 66) / 67))
}

// clientReplySMS is somebody answering a short message from the inbox.
func (s *Server) clientReplySMS(r *http.Request) (any, error) {
	var in struct{ Phone, Text string }
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	if in.Text = strings.TrimSpace(in.Text); in.Text == "" {
		return nil, badRequest("请写回复的内容")
	}
	if s.opt.SMSReplyURL == "" {
		return nil, badRequest("没有设置接收短信回复的地址")
	}
	s.mu.Lock()
	known := slices.ContainsFunc(s.st.sms.sent, func(m *SMS) bool { return m.Phone == in.Phone })
	now, id := s.now(), s.st.next()
	s.mu.Unlock()
	if !known {
		return nil, missing("这个号码收到的短信")
	}
	ok := s.pushSMS(smsReplyPath, s.opt.SMSReplyURL, []map[string]any{{
		"phone_number": in.Phone, "send_time": now.In(time.FixedZone("CST", 8*3600)).Format(time.DateTime), "content": in.Text,
		"sign_name": strings.Join(s.opt.SMSSigns, ","), "dest_code": "1", "sequence_id": id,
	}})
	if !ok {
		return nil, &clientError{http.StatusBadGateway, "应用没有收下这条回复"}
	}
	return nil, nil
}

// pushSMS posts to the developer's server until it takes it.
func (s *Server) pushSMS(label, target string, list []map[string]any) bool {
	for try := 1; ; try++ {
		if s.postSMS(label, target, marshal(list), try) {
			return true
		}
		pauses := smsPauses()
		if try > len(pauses) {
			return false
		}
		select {
		case <-time.After(pauses[try-1]):
		case <-s.ctx.Done():
			return false
		}
	}
}

func (s *Server) postSMS(label, target string, body []byte, try int) (taken bool) {
	begin := time.Now()
	entry := RequestLog{Kind: "push", Method: http.MethodPost, Path: label, Request: excerpt(body), Try: try}
	defer func() {
		entry.MS = time.Since(begin).Milliseconds()
		s.record(entry)
	}()
	ctx, cancel := context.WithTimeout(s.ctx, s.opt.PushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body)) // #nosec G704 -- the address the developer configured
	if err != nil {
		entry.ErrMsg = err.Error()
		return false
	}
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	resp, err := s.client.Do(req) // #nosec G704 -- as above
	if err != nil {
		entry.ErrMsg = "没有连上"
		return false
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	entry.Status, entry.Response = resp.StatusCode, excerpt(answer)
	var out struct{ Code *int }
	return err == nil && resp.StatusCode == http.StatusOK && json.Unmarshal(answer, &out) == nil && out.Code != nil && *out.Code == 0
}
