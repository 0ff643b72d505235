package wechat

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"
	"github.com/xunjia/xunjia"
)

// maxPush is the longest push that is read; real ones have a few KB.
const maxPush = 64 << 10

// afterWithin is the time for a late reply and for marking the push.
const afterWithin = 10 * time.Second

// Inbox keeps pushes durably, shared by all instances.
type Inbox interface {
	// SaveInbound stores a push. fresh is false when a push with its AppID and
	// Key is already there; then nothing changes.
	SaveInbound(ctx context.Context, in xunjia.Inbound) (fresh bool, err error)
	// MarkInbound notes that the push has been handled. One that stays unmarked
	// was cut off by a crash or an error; Callback.Handle takes it up again.
	MarkInbound(ctx context.Context, appID, key string) error
}

// Handler does what a push asks for and answers what the fan is told, nil for
// nothing. It is called once per push, and again through Callback.Handle when it
// failed.
type Handler func(ctx context.Context, m Message) (Reply, error)

// CallbackOptions are the seams and limits of a Callback; the zero value is for
// production but has no spool.
type CallbackOptions struct {
	Clock func() time.Time // default time.Now
	Log   *slog.Logger     // default slog.Default()
	// Spool keeps pushes while the inbox is down. Without one they are answered
	// with 500 then, and the platform tries twice more within 15 s.
	Spool *Spool
	// Late receives replies that were not ready for the answer, for instance to
	// send them as customer messages. Nil drops them.
	Late func(ctx context.Context, m Message, r Reply) error
	// Observe is told of every request after it was answered: how long that took
	// and, for one that was refused, why. Nil for nobody.
	Observe func(took time.Duration, refused string)

	Freshness    time.Duration // how far a push's timestamp may be off; default 10 min
	AnswerWithin time.Duration // default 3 s; the platform hangs up after 5
	StoreWithin  time.Duration // for the inbox; default 1.5 s
	HandleWithin time.Duration // for the handler, in the background at last; default 30 s
	Background   int           // handlers at work at once; default 256
	ReplayEvery  time.Duration // how often Run looks into the spool; default 5 s
}

// Callback answers the platform's pushes at the account's server URL. It
// verifies, stores, hands over and replies, in this order, and never says
// "success" to a push that is not on a disk.
type Callback struct {
	cfg     Config
	opts    CallbackOptions
	inbox   Inbox
	handle  Handler
	keys    []*sealKey // the current one first
	slots   chan struct{}
	working sync.WaitGroup
}

// NewCallback makes the callback of the account in cfg, of which it uses AppID,
// Token, Mode and the AES keys.
func NewCallback(cfg Config, inbox Inbox, handle Handler, opts CallbackOptions) (*Callback, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if cfg.Token == "" || inbox == nil || handle == nil {
		return nil, errors.New("wechat: a callback needs a token, an inbox and a handler")
	}
	if cfg.Mode != Plain && cfg.AESKey == "" {
		return nil, fmt.Errorf("wechat: mode %s needs an EncodingAESKey", cfg.Mode)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&opts.Freshness, 10 * time.Minute}, {&opts.AnswerWithin, 3 * time.Second},
		{&opts.StoreWithin, 1500 * time.Millisecond}, {&opts.HandleWithin, 30 * time.Second},
		{&opts.ReplayEvery, 5 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if opts.Background <= 0 {
		opts.Background = 256
	}
	c := &Callback{cfg: cfg, opts: opts, inbox: inbox, handle: handle, slots: make(chan struct{}, opts.Background)}
	for _, encoded := range []string{cfg.AESKey, cfg.PreviousAESKey} {
		if encoded == "" {
			continue
		}
		key, err := newSealKey(encoded)
		if err != nil {
			return nil, err
		}
		c.keys = append(c.keys, key)
	}
	return c, nil
}

// refusal is the answer to a request that is not a good push.
type refusal struct {
	status int
	why    string // for the log
}

func (r *refusal) Error() string { return r.why }

func refuse(status int, why string) *refusal { return &refusal{status, why} }

// ServeHTTP implements http.Handler: GET verifies the URL, POST is a push.
// Refusals are 403 (signature, age, mode, key, account), 413 and 400; nothing
// is stored then.
func (c *Callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, start := r.URL.Query(), c.opts.Clock()
	var err error
	defer func() { c.observe(start, err) }()
	switch r.Method {
	case http.MethodGet:
		err = c.verifyURL(w, query)
	case http.MethodPost:
		err = c.push(w, r, query)
	default:
		w.Header().Set("Allow", "GET, POST")
		err = refuse(http.StatusMethodNotAllowed, "method")
	}
	if no, ok := errors.AsType[*refusal](err); ok {
		// A scanner must not fill the log: refusals are no trouble of ours.
		c.opts.Log.DebugContext(r.Context(), "wechat: callback refused", "status", no.status, "why", no.why)
		http.Error(w, http.StatusText(no.status), no.status)
	}
}

// observe reports how a request went.
func (c *Callback) observe(start time.Time, err error) {
	if c.opts.Observe == nil {
		return
	}
	why := ""
	if err != nil {
		why = err.Error()
	}
	c.opts.Observe(c.opts.Clock().Sub(start), why)
}

// verifyURL answers the platform's question whether the URL is ours.
func (c *Callback) verifyURL(w http.ResponseWriter, query url.Values) error {
	if err := c.authenticate(query); err != nil {
		return err
	}
	echo := query.Get("echostr")
	if echo == "" || len(echo) > 1024 {
		return refuse(http.StatusBadRequest, "no echostr")
	}
	answer(w, "text/plain; charset=utf-8", []byte(echo))
	return nil
}

// authenticate checks the signature that every request has, and its age.
func (c *Callback) authenticate(query url.Values) error {
	timestamp := query.Get("timestamp")
	if !c.signed(query.Get("signature"), timestamp, query.Get("nonce")) {
		return refuse(http.StatusForbidden, "signature")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || c.opts.Clock().Sub(time.Unix(seconds, 0)).Abs() > c.opts.Freshness {
		return refuse(http.StatusForbidden, "timestamp")
	}
	return nil
}

// signed compares in constant time: sha1 of the token and parts, sorted.
func (c *Callback) signed(signature string, parts ...string) bool {
	want := util.Signature(append(parts, c.cfg.Token)...)
	return subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}

// push answers one push.
func (c *Callback) push(w http.ResponseWriter, r *http.Request, query url.Values) error {
	if err := c.authenticate(query); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err != nil {
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			return refuse(http.StatusRequestEntityTooLarge, "body")
		}
		return refuse(http.StatusBadRequest, "body was cut off")
	}
	plain, key, err := c.open(query, body)
	if err != nil {
		return err
	}
	m, err := decode(c.cfg.AppID, plain)
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	reply, stored := c.accept(context.WithoutCancel(r.Context()), m)
	if !stored {
		// 500 makes the platform try again.
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return nil
	}
	c.answer(w, reply, &m, key)
	return nil
}

// open takes the push out of the body as the mode demands. key is the one that
// opened it, nil for a plain push.
func (c *Callback) open(query url.Values, body []byte) (plain []byte, key *sealKey, err error) {
	sealed := query.Get("encrypt_type") == "aes"
	switch {
	case !sealed && c.cfg.Mode == Safe:
		return nil, nil, refuse(http.StatusForbidden, "plain push in safe mode")
	case sealed && c.cfg.Mode == Plain:
		return nil, nil, refuse(http.StatusForbidden, "sealed push in plain mode")
	case !sealed:
		return body, nil, nil
	}
	outer, err := parsePush(body)
	if err != nil {
		return nil, nil, refuse(http.StatusBadRequest, err.Error())
	}
	encrypted := outer.get("Encrypt")
	if encrypted == "" {
		return nil, nil, refuse(http.StatusForbidden, "sealed push without ciphertext")
	}
	if !c.signed(query.Get("msg_signature"), query.Get("timestamp"), query.Get("nonce"), encrypted) {
		return nil, nil, refuse(http.StatusForbidden, "msg_signature")
	}
	for _, key := range c.keys {
		if plain, err = key.open(encrypted, c.cfg.AppID); err == nil {
			return plain, key, nil
		}
	}
	return nil, nil, refuse(http.StatusForbidden, err.Error())
}

// answer writes the reply, sealed when the push was, or "success" for none.
func (c *Callback) answer(w http.ResponseWriter, r Reply, m *Message, key *sealKey) {
	if empty(r) {
		answer(w, "text/plain; charset=utf-8", []byte("success"))
		return
	}
	now := c.opts.Clock()
	b, err := render(r, m, now)
	if err == nil && key != nil {
		b, err = c.seal(b, key, now)
	}
	if err != nil {
		c.opts.Log.Error("wechat: reply not sent", "key", m.Key, "error", err)
		answer(w, "text/plain; charset=utf-8", []byte("success"))
		return
	}
	answer(w, "application/xml; charset=utf-8", b)
}

// seal wraps a reply with randomness, time and nonce of its own.
func (c *Callback) seal(reply []byte, key *sealKey, now time.Time) ([]byte, error) {
	var random [16]byte
	rand.Read(random[:]) // never fails
	encrypted, nonce := key.seal(random, reply, c.cfg.AppID), rand.Text()[:16]
	timestamp := strconv.FormatInt(now.Unix(), 10)
	return xml.Marshal(message.ResponseEncryptedXMLMsg{
		EncryptedMsg: encrypted, MsgSignature: util.Signature(c.cfg.Token, timestamp, nonce, encrypted),
		Timestamp: now.Unix(), Nonce: nonce,
	})
}

// answer writes a whole answer. That the platform has hung up is no error: it
// comes again with the same push.
func answer(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) //nolint:gosec // never HTML: plain text or XML, and nosniff
}

// accept stores m and waits for its reply as long as an answer may take. stored
// is false when m is on no disk.
func (c *Callback) accept(ctx context.Context, m Message) (reply Reply, stored bool) {
	timer := time.NewTimer(c.opts.AnswerWithin)
	defer timer.Stop()
	storing := time.NewTimer(c.opts.StoreWithin)
	defer storing.Stop()

	t := &task{m: m, saved: make(chan saved, 1), reply: make(chan Reply), gone: make(chan struct{})}
	defer close(t.gone)
	c.working.Go(func() { c.work(ctx, t) })
	select {
	case s := <-t.saved:
		switch {
		case s.err != nil:
			c.opts.Log.WarnContext(ctx, "wechat: inbox is down", "error", s.err)
			return nil, c.spool(ctx, m, timer.C)
		case !s.fresh:
			return nil, true
		}
	case <-storing.C:
		// The store does not keep to its context. If it saves after all, the
		// spool's copy is a duplicate that the inbox refuses.
		c.opts.Log.WarnContext(ctx, "wechat: inbox does not answer")
		return nil, c.spool(ctx, m, timer.C)
	}
	select {
	case reply = <-t.reply:
		return reply, true
	case <-timer.C:
		return nil, true
	}
}

// spool keeps m on the local disk and tells whether it did before timeout.
func (c *Callback) spool(ctx context.Context, m Message, timeout <-chan time.Time) bool {
	if c.opts.Spool == nil {
		return false
	}
	done := make(chan error, 1)
	c.working.Go(func() { done <- c.opts.Spool.Append(m.inbound(c.opts.Clock())) })
	select {
	case err := <-done:
		if err != nil {
			c.opts.Log.ErrorContext(ctx, "wechat: push not stored", "key", m.Key, "error", err)
		}
		return err == nil
	case <-timeout:
		c.opts.Log.ErrorContext(ctx, "wechat: push not stored in time", "key", m.Key)
		return false
	}
}

// task is one push on its way.
type task struct {
	m     Message
	saved chan saved    // buffered: the result of storing m
	reply chan Reply    // the handler's reply, for who waits until gone
	gone  chan struct{} // closed when nobody waits any more
}

type saved struct {
	fresh bool
	err   error
}

// work stores a push and, when it is fresh, handles it. It may outlive the
// request.
func (c *Callback) work(ctx context.Context, t *task) {
	storing, cancel := context.WithTimeout(ctx, c.opts.StoreWithin)
	fresh, err := c.inbox.SaveInbound(storing, t.m.inbound(c.opts.Clock()))
	cancel()
	t.saved <- saved{fresh, err}
	if err != nil || !fresh {
		return
	}
	if !c.takeSlot(t) {
		c.opts.Log.WarnContext(ctx, "wechat: too many pushes at work, one is left for later", "key", t.m.Key)
		return
	}
	defer func() { <-c.slots }()
	_ = c.finish(ctx, t.m, func(r Reply) bool { // which logs its error
		select {
		case t.reply <- r:
			return true
		case <-t.gone:
			return false
		}
	})
}

// takeSlot waits for a free slot as long as somebody waits for the reply. A slot
// that is free at once is taken in any case.
func (c *Callback) takeSlot(t *task) bool {
	select {
	case c.slots <- struct{}{}:
		return true
	default:
	}
	select {
	case c.slots <- struct{}{}:
		return true
	case <-t.gone:
		return false
	}
}

// finish runs the handler, passes its reply on and marks the push. hand tells
// whether somebody still waited for the reply.
func (c *Callback) finish(ctx context.Context, m Message, hand func(Reply) bool) error {
	reply, err := c.run(ctx, m)
	// What follows gets time of its own, however long the handler took.
	ctx, cancel := context.WithTimeout(ctx, afterWithin)
	defer cancel()
	if err != nil {
		c.opts.Log.ErrorContext(ctx, "wechat: push not handled", "key", m.Key, "kind", m.Kind, "event", m.Event, "error", err)
	}
	if !hand(reply) && !empty(reply) {
		c.late(ctx, m, reply)
	}
	if err != nil {
		return err
	}
	if err := c.inbox.MarkInbound(ctx, m.AppID, m.Key); err != nil {
		c.opts.Log.WarnContext(ctx, "wechat: push handled but not marked", "key", m.Key, "error", err)
	}
	return nil
}

// run calls the handler. A panic is logged and counts as handled: the same push
// would do it again.
func (c *Callback) run(ctx context.Context, m Message) (reply Reply, err error) {
	if m.Body == nil {
		c.opts.Log.InfoContext(ctx, "wechat: unknown push", "kind", m.Kind, "event", m.Event)
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.HandleWithin)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			// Only the type: the value may hold what the fan wrote.
			c.opts.Log.ErrorContext(ctx, "wechat: handler panicked", "key", m.Key, "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			reply, err = nil, nil
		}
	}()
	if reply, err = c.handle(ctx, m); err != nil {
		return nil, err
	}
	return reply, nil
}

func (c *Callback) late(ctx context.Context, m Message, r Reply) {
	if c.opts.Late == nil {
		c.opts.Log.WarnContext(ctx, "wechat: reply was too late", "key", m.Key)
		return
	}
	if err := c.opts.Late(ctx, m, r); err != nil {
		c.opts.Log.WarnContext(ctx, "wechat: late reply not sent", "key", m.Key, "error", err)
	}
}

// Handle handles a push that is in the inbox but was not marked; its reply goes
// to Late. The error is the handler's.
func (c *Callback) Handle(ctx context.Context, in xunjia.Inbound) error {
	m, err := decode(in.AppID, []byte(in.Body))
	if err != nil {
		return err
	}
	m.Key = in.Key
	return c.finish(ctx, m, func(Reply) bool { return false })
}

// Replay moves what is in the spool into the inbox and handles it, until the
// inbox fails again.
func (c *Callback) Replay(ctx context.Context) error {
	if c.opts.Spool == nil || c.opts.Spool.Len() == 0 {
		return nil
	}
	return c.opts.Spool.Drain(ctx, func(ctx context.Context, in xunjia.Inbound) error {
		storing, cancel := context.WithTimeout(ctx, c.opts.StoreWithin)
		defer cancel()
		fresh, err := c.inbox.SaveInbound(storing, in)
		if err != nil || !fresh {
			return err
		}
		// It is in the inbox now; a failing handler is the inbox's business.
		_ = c.Handle(ctx, in)
		return nil
	})
}

// Run replays the spool every few seconds until ctx ends.
func (c *Callback) Run(ctx context.Context) {
	tick := time.NewTicker(c.opts.ReplayEvery)
	defer tick.Stop()
	for {
		if err := c.Replay(ctx); err != nil && ctx.Err() == nil {
			c.opts.Log.WarnContext(ctx, "wechat: spool not replayed", "waiting", c.opts.Spool.Len(), "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Wait returns when nothing is at work in the background any more. Call it after
// the HTTP server has stopped.
func (c *Callback) Wait() { c.working.Wait() }
