package sim

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// controlRoutes is the part of the JSON API that bends the world.
func (s *Server) controlRoutes(api func(string, func(*http.Request) (any, error))) {
	api("GET /sim/api/requests", s.controlRequests)
	api("GET /sim/api/faults", s.controlFaults)
	api("POST /sim/api/faults", s.controlAddFault)
	api("DELETE /sim/api/faults", s.controlClearFaults)
	api("DELETE /sim/api/faults/{fault}", s.controlClearFaults)
	api("POST /sim/api/clock", s.controlClock)
	api("GET /sim/api/quotas", s.controlQuotas)
	api("POST /sim/api/quotas", s.controlSetQuota)
	api("POST /sim/api/reset", s.controlReset)
	api("GET /sim/api/accounts", s.controlAccounts)
	api("POST /sim/api/accounts", s.controlSetAccount)
	api("POST /sim/api/accounts/{app}/verify", s.controlVerify)
}

func (s *Server) controlRequests(r *http.Request) (any, error) {
	limit := 100
	if n, err := strconv.Atoi(r.FormValue("limit")); err == nil && n > 0 {
		limit = n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []RequestLog{}
	for _, e := range slices.Backward(s.st.log.entries) {
		if len(out) == limit {
			break
		}
		if k := r.FormValue("kind"); k == "" || k == e.Kind {
			out = append(out, e)
		}
	}
	return map[string]any{"requests": out}, nil
}

func (s *Server) controlFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"faults": copyAll(s.st.faults)}, nil
}

// copyAll snapshots what pointers lead to, for rendering outside of the lock.
func copyAll[T any](list []*T) []T {
	out := make([]T, 0, len(list))
	for _, p := range list {
		out = append(out, *p)
	}
	return out
}

func (s *Server) controlAddFault(r *http.Request) (any, error) {
	var f Fault
	if err := readJSON(r, &f); err != nil {
		return nil, err
	}
	switch f.Kind {
	case "errcode", "latency", "timeout", "garbage", "status":
	default:
		return nil, badRequest("故障类型只能是 errcode、latency、timeout、garbage 或 status")
	}
	if f.Path == "" || f.Share < 0 || f.Share > 1 || f.MS < 0 || f.Count < 0 || (f.Status != 0 && (f.Status < 400 || f.Status > 599)) {
		return nil, badRequest("请检查路径、比例（0 至 1）、毫秒、次数和状态码")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.ID, f.Hits = s.st.next(), 0
	s.st.faults = append(s.st.faults, &f)
	return f, nil
}

// controlClearFaults removes one fault, by path or ?id=, or all.
func (s *Server) controlClearFaults(r *http.Request) (any, error) {
	id, _ := strconv.ParseInt(cmp.Or(r.PathValue("fault"), r.FormValue("id")), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.faults = slices.DeleteFunc(s.st.faults, func(f *Fault) bool { return id == 0 || f.ID == id })
	return nil, nil
}

// controlClock moves the platform's time forward.
func (s *Server) controlClock(r *http.Request) (any, error) {
	var in struct {
		AdvanceMS int64 `json:"advance_ms"`
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	const tenYears = 10 * 365 * 24 * int64(time.Hour/time.Millisecond)
	if in.AdvanceMS < 0 || in.AdvanceMS > tenYears {
		return nil, badRequest("时间只能向前，最多十年")
	}
	s.Advance(time.Duration(in.AdvanceMS) * time.Millisecond)
	return map[string]int64{"now": millis(s.now())}, nil
}

// Advance moves the platform's time forward by d.
func (s *Server) Advance(d time.Duration) {
	s.skew.Add(int64(d))
	s.hub.publish(event{Kind: "state"})
}

// quotaView is one line of GET /sim/api/quotas.
type quotaView struct {
	AppID string `json:"app_id"`
	Path  string `json:"path"`
	Limit int    `json:"limit"` // a day; 0: unlimited
	Used  int    `json:"used"`
}

func (s *Server) controlQuotas(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []quotaView{}
	now := s.now()
	for _, a := range s.st.accounts {
		for _, path := range slices.Sorted(maps.Keys(s.routes)) {
			limit, used := s.quotaOf(a, path, now)
			if limit > 0 || used > 0 {
				out = append(out, quotaView{a.AppID, path, limit, used})
			}
		}
	}
	return map[string]any{"quotas": out}, nil
}

// quotaOf is today's limit and use of one interface.
func (s *Server) quotaOf(a *account, path string, now time.Time) (limit, used int) {
	limit = s.routes[path].perDay
	q := a.quota[path]
	if q == nil {
		return limit, 0
	}
	if q.limit != 0 {
		limit = q.limit
	}
	if sameDay(q.day, now) {
		used = q.used
	}
	return limit, used
}

// controlSetQuota changes today's use, the limit, or both.
func (s *Server) controlSetQuota(r *http.Request) (any, error) {
	var in struct {
		AppID string `json:"app_id"`
		Path  string `json:"path"`
		Limit *int   `json:"limit"`
		Used  *int   `json:"used"`
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.st.account(in.AppID)
	if a == nil {
		return nil, missing("公众号")
	}
	if _, ok := s.routes[in.Path]; !ok {
		return nil, missing("接口")
	}
	q := a.quota[in.Path]
	if q == nil {
		q = &quotaUse{}
		a.quota[in.Path] = q
	}
	if in.Limit != nil {
		q.limit = *in.Limit
	}
	if in.Used != nil {
		q.day, q.used = s.now(), *in.Used
	}
	limit, used := s.quotaOf(a, in.Path, s.now())
	return quotaView{a.AppID, in.Path, limit, used}, nil
}

// controlReset brings back the world of the options: no followers, chats,
// tokens, faults; the clock is the real one again. Addresses stay.
func (s *Server) controlReset(*http.Request) (any, error) {
	s.mu.Lock()
	accounts := make([]Account, 0, len(s.st.accounts))
	for _, a := range s.st.accounts {
		if s.isConfigured(a.AppID) {
			accounts = append(accounts, a.settings(s.opt.Accounts)) // addresses may have been filled in since
		}
	}
	o := s.opt
	o.Accounts = accounts
	s.skew.Store(0)
	st, err := newState(o)
	if err == nil {
		s.st = st
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	s.resetPhones()
	s.hub.publish(event{Kind: "state"})
	return nil, nil
}

func (s *Server) isConfigured(appID string) bool {
	return slices.ContainsFunc(s.opt.Accounts, func(a Account) bool { return a.AppID == appID })
}

// settings is the account as configured now, with its first template library.
func (a *account) settings(first []Account) Account {
	now := a.Account
	for _, f := range first {
		if f.AppID == a.AppID {
			now.Templates = f.Templates
		}
	}
	return now
}

func (s *Server) controlAccounts(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Account{}
	for _, a := range s.st.accounts {
		v := a.Account
		v.Templates = copyAll(a.templates)
		out = append(out, v)
	}
	return map[string]any{"accounts": out}, nil
}

// controlSetAccount adds an account or changes the given settings of one.
func (s *Server) controlSetAccount(r *http.Request) (any, error) {
	var key struct {
		AppID string `json:"app_id"`
	}
	raw, err := readRaw(r)
	if err != nil {
		return nil, err
	}
	if err := unmarshalClient(raw, &key); err != nil {
		return nil, err
	}
	var a Account
	s.mu.Lock()
	if old := s.st.account(key.AppID); old != nil {
		a = old.Account
	}
	s.mu.Unlock()
	if err := unmarshalClient(raw, &a); err != nil {
		return nil, err
	}
	if err := s.SetAccount(a); err != nil {
		return nil, badRequest("公众号设置不能用：%v", err)
	}
	return a, nil
}

// controlVerify is the console's 提交: GET with echostr to the server URL.
func (s *Server) controlVerify(r *http.Request) (any, error) {
	return nil, s.VerifyServer(r.Context(), r.PathValue("app"))
}
