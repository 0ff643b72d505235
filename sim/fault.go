package sim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is a scripted failure of the platform.
type Fault struct {
	ID      int64   `json:"id"`
	AppID   string  `json:"app_id,omitempty"` // "" means any; ignored by routes without a token
	Path    string  `json:"path"`             // "/cgi-bin/menu/create", "/cgi-bin/*", "aliyun/SendSms"
	Share   float64 `json:"share"`            // of the calls that fail, 0 < share ≤ 1; 0 means 1
	Kind    string  `json:"kind"`             // errcode, latency, timeout, garbage or status
	ErrCode int     `json:"errcode,omitempty"`
	ErrMsg  string  `json:"errmsg,omitempty"` // instead of the usual text; for aliyun: the Code
	MS      int     `json:"ms,omitempty"`     // latency and timeout
	Status  int     `json:"status,omitempty"` // for status; 0 means 502
	Count   int     `json:"count,omitempty"`  // ends after so many hits; 0: never
	Hits    int     `json:"hits"`
}

// hits tells whether the fault covers a path.
func (f *Fault) covers(path string) bool {
	if prefix, ok := strings.CutSuffix(f.Path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return f.Path == path
}

// drawFault picks the fault, if any, that this call suffers.
func (s *Server) drawFault(path, token string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.st.faults {
		if !f.covers(path) {
			continue
		}
		if t := s.st.tokens[token]; f.AppID != "" && t != nil && t.acc.AppID != f.AppID {
			continue
		}
		if f.Share > 0 && f.Share < 1 && s.st.rng.Float64() >= f.Share {
			continue
		}
		f.Hits++
		hit := *f
		if f.Count > 0 && f.Hits >= f.Count {
			s.st.faults = slices.Delete(s.st.faults, i, i+1)
		}
		return &hit
	}
	return nil
}

// injectFault plays a scripted failure; false means that the call goes on.
func (s *Server) injectFault(w http.ResponseWriter, r *http.Request, entry *RequestLog) bool {
	f := s.drawFault(r.URL.Path, r.URL.Query().Get("access_token"))
	if f == nil {
		return false
	}
	entry.Fault = f.Kind
	switch f.Kind {
	case "latency":
		s.pause(r, f.MS)
		return false
	case "timeout":
		if f.MS == 0 {
			f.MS = 60_000
		}
		s.pause(r, f.MS)
		entry.Status = 0
		hangUp(w)
	case "garbage":
		entry.Status = http.StatusOK
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = w.Write([]byte("{\"errcode\":0,\"errm\x00\xff<html>"))
	case "status":
		if f.Status == 0 {
			f.Status = http.StatusBadGateway
		}
		entry.Status = f.Status
		http.Error(w, http.StatusText(f.Status), f.Status)
	default:
		e := fail(f.ErrCode)
		if f.ErrMsg != "" {
			e.Msg = f.ErrMsg
		}
		s.mu.Lock()
		c := &call{st: s.st, now: s.now()}
		entry.RID = c.rid()
		s.mu.Unlock()
		entry.Status, entry.ErrCode, entry.ErrMsg = http.StatusOK, e.Code, e.Msg
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = w.Write(marshal(map[string]any{"errcode": e.Code, "errmsg": e.Msg + " rid: " + entry.RID}))
	}
	return true
}

// pause waits in real time, or until somebody gives up.
func (s *Server) pause(r *http.Request, ms int) {
	t := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// RequestLog is one line of the request log: a call to the platform or to the
// SMS gateway, or one try of a push.
type RequestLog struct {
	ID       int64  `json:"id"`
	At       int64  `json:"at"`   // Unix milliseconds
	Kind     string `json:"kind"` // api, push or sms
	AppID    string `json:"app_id,omitempty"`
	Method   string `json:"method"`
	Path     string `json:"path"` // of a push: the message type or event
	Query    string `json:"query,omitempty"`
	Request  string `json:"request,omitempty"`
	Response string `json:"response,omitempty"`
	Status   int    `json:"status"` // 0: no answer
	ErrCode  int    `json:"errcode,omitempty"`
	ErrMsg   string `json:"errmsg,omitempty"`
	RID      string `json:"rid,omitempty"`
	Try      int    `json:"try,omitempty"`
	Fault    string `json:"fault,omitempty"`
	MS       int64  `json:"ms"`
}

// requestLog keeps the newest calls.
type requestLog struct {
	entries []RequestLog
	next    int64
}

const keptRequests = 1000

func (s *Server) record(e RequestLog) {
	s.hub.changed.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.st.log
	l.next++
	e.ID, e.At = l.next, s.now().UnixMilli()
	if len(l.entries) >= 2*keptRequests {
		l.entries = slices.Delete(l.entries, 0, keptRequests)
	}
	l.entries = append(l.entries, e)
}

// quotaUse counts the calls of one interface by one account.
type quotaUse struct {
	limit    int // set by the control API; 0: the route's own
	day      time.Time
	used     int
	minute   time.Time
	inMinute int
}

// use counts a call and refuses it over the day's or the minute's limit.
func (a *account) use(path string, rt route, now time.Time) *apiError {
	q := a.quota[path]
	if q == nil {
		q = &quotaUse{}
		a.quota[path] = q
	}
	if !sameDay(q.day, now) {
		q.day, q.used = now, 0
	}
	if m := now.Truncate(time.Minute); !m.Equal(q.minute) {
		q.minute, q.inMinute = m, 0
	}
	limit := rt.perDay
	if q.limit != 0 {
		limit = q.limit
	}
	if limit > 0 && q.used >= limit {
		return fail(45009)
	}
	if rt.perMin > 0 && q.inMinute >= rt.perMin {
		return fail(45011)
	}
	q.used++
	q.inMinute++
	return nil
}

// sameDay compares days in China, where quotas reset at midnight.
func sameDay(a, b time.Time) bool {
	zone := time.FixedZone("CST", 8*3600)
	ay, am, ad := a.In(zone).Date()
	by, bm, bd := b.In(zone).Date()
	return ay == by && am == bm && ad == bd
}

func sameMonth(a, b time.Time) bool {
	zone := time.FixedZone("CST", 8*3600)
	a, b = a.In(zone), b.In(zone)
	return a.Year() == b.Year() && a.Month() == b.Month()
}
