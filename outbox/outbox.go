// Package outbox tells people what happened. It turns events, which business
// transactions wrote, into inbox rows and deliveries, and sends the deliveries
// through WeChat and SMS until the channel has taken or refused them. It
// imports the root package, store, wechat and sms. Any number of instances may
// run at once: every row is worked on under a lease on the database's clock.
// Begin with New; expand.go is the first half of the way, queue.go the second,
// judge.go holds the rules.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// Store is the part of store.Store that the outbox uses.
type Store interface {
	DatabaseTime(ctx context.Context) (time.Time, error)

	ClaimEvent(ctx context.Context, c store.EventClaim) (store.EventJob, bool, error)
	EventFacts(ctx context.Context, e xunjia.Event) (xunjia.Facts, error)
	Audience(ctx context.Context, e xunjia.Event, q store.AudienceQuery) (people []store.Recipient, next int64, err error)
	AwardGrowth(ctx context.Context, e xunjia.Event, f xunjia.Facts) error
	PushSettings(ctx context.Context) (xunjia.PushSettings, error)
	CountFollowers(ctx context.Context, lines []xunjia.Line, limit int) (int, error)
	OpenRound(ctx context.Context, e xunjia.Event, now time.Time, want func() (int, error)) (xunjia.PushRound, error)
	RoundPushed(ctx context.Context, roundID int64) (int, error)
	MatchBatches(ctx context.Context, q store.MatchQuery, use func(part []store.Matched, next int64) error) error
	Choose(ctx context.Context, q store.MatchQuery, selection *xunjia.Selection, each func(part []store.Matched) error) ([]store.Chosen, error)
	WithdrawPushes(ctx context.Context, purchaseID int64, reason string, limit int) (int, error)
	SteerRounds(ctx context.Context, now time.Time, limit int) (int, error)
	CountRounds(ctx context.Context, now time.Time, limit int) (int, error)
	Tell(ctx context.Context, t store.Told) error
	PostponeEvent(ctx context.Context, p store.Postponed) error
	QueueCode(ctx context.Context, c store.QueuedCode) error

	ClaimDeliveries(ctx context.Context, c store.DeliveryClaim) ([]xunjia.Delivery, error)
	Charge(ctx context.Context, name string, day int, amount, limit int64) (used int64, ok bool, err error)
	SettleDelivery(ctx context.Context, o store.Outcome) (bool, error)
	ConfirmDelivery(ctx context.Context, c store.Confirmation) error
	ResendDelivery(ctx context.Context, by, id int64, now time.Time) error
	Backlog(ctx context.Context) ([]store.Backlog, error)

	Stops(ctx context.Context) ([]store.Stop, error)
	StopChannel(ctx context.Context, s store.Stop) error
	ClaimProbe(ctx context.Context, name string, now, next time.Time) (bool, error)
	ResumeChannel(ctx context.Context, name string) error

	TakeCredit(ctx context.Context, appID, openID, templateID string) (bool, error)
	ReturnCredit(ctx context.Context, appID, openID, templateID string) error
	SetSubscribed(ctx context.Context, appID, openID string, subscribed bool, at time.Time) error
	TemplateBindings(ctx context.Context, appID string) (map[string]string, error)
	EndDuePurchases(ctx context.Context, limit int) (int, error)
	Remind(ctx context.Context, limit int) (int, error)
	EndCertifications(ctx context.Context, limit int) (int, error)
	MakeDigests(ctx context.Context, limit int) (int, error)
	ClearAnnouncements(ctx context.Context, limit int) (int, error)
	RollPrices(ctx context.Context, limit int) (int, error)
	PruneSessions(ctx context.Context, limit int) (int, error)
	PrunePushes(ctx context.Context, before time.Time, limit int) (int, error)
	PruneOutbox(ctx context.Context, before time.Time, limit int) (int, error)
}

// WeChat sends template messages and subscription notifications; *wechat.Account
// is one.
type WeChat interface {
	SendTemplate(ctx context.Context, m wechat.TemplateMessage) (msgID string, err error)
	PrivateTemplates(ctx context.Context) ([]wechat.PrivateTemplate, error)
	SendSubscription(ctx context.Context, s wechat.Subscription) error
	SubscriptionTemplates(ctx context.Context) ([]wechat.SubscriptionTemplate, error)
}

// Options is what an Outbox needs. Store, SMS, Box and BaseURL are required.
type Options struct {
	Store     Store
	WeChat    WeChat // nil: nobody is reached through WeChat
	AppID     string // of the official account whose fans are reached
	SMS       sms.Sender
	Box       *sms.Box          // opens sealed verification codes
	SMSCode   map[string]string // key of the SMS template (xunjia.SMSNewQuote) → the provider's code
	SMSSign   string            // the signature in front of every short message, for its length
	SMSPrice  int64             // of one short message, in 厘
	SMSBudget int64             // what short messages may cost in a day, in 厘; 0: without limit

	BaseURL string             // "https://b2b.example.com"; pages in messages begin with it
	Links   *xunjia.ClickLinks // makes addresses that count clicks; nil: messages lead to their pages

	Rates     Rates                      // shared by the instances; nil: as fast as the channels answer
	PerSecond map[xunjia.Channel]float64 // messages that a channel is given; 0 or absent: any number

	Log      *slog.Logger          // default slog.Default()
	Registry prometheus.Registerer // default: metrics are not published
	Clock    func() time.Time      // measures elapsed time only; default time.Now
	Random   func() float64        // in [0,1), for jitter; default math/rand/v2
	Workers  int                   // concurrent mass messages on WeChat, others in proportion; default 16
	Poll     time.Duration         // how often to look for work of other instances; default 250 ms
	Batch    int                   // recipients told in one transaction; default 500
}

// How long things take, and how often they are tried.
const (
	wechatTimeout = 2 * time.Second // of one send, with whatever the client repeats inside
	smsTimeout    = 8 * time.Second // longer: an SMS whose answer is missed is never sent again
	eventLease    = 30 * time.Second
	leaseMargin   = 5 * time.Second
	probeEvery    = time.Minute
	codeLifetime  = 5 * time.Minute
	stopGrace     = 12 * time.Second // for messages that are under way when Run ends
)

// Outbox is the worker. It is safe for concurrent use.
type Outbox struct {
	Options
	templates *templates
	stops     *stops
	metrics   *metrics
	budget    budget
	queues    []*queue
	expanders []*expander
}

// New checks the options. It calls nobody.
func New(o Options) (*Outbox, error) {
	if o.Store == nil || o.SMS == nil || o.Box == nil {
		return nil, errors.New("outbox: store, SMS sender and box are required")
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("outbox: %q is no base URL", o.BaseURL)
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.Poll <= 0 {
		o.Poll = 250 * time.Millisecond
	}
	if o.Batch <= 0 {
		o.Batch = 500
	}
	b := &Outbox{Options: o, stops: newStops()}
	if b.metrics, err = newMetrics(o.Registry); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	b.templates = &templates{wechat: o.WeChat, clock: o.Clock, log: o.Log, bindings: func(ctx context.Context) (map[string]string, error) {
		return b.Store.TemplateBindings(ctx, b.AppID)
	}}
	for _, q := range []struct {
		channel xunjia.Channel
		lane    xunjia.Lane
		size    int
	}{
		{xunjia.SMSChannel, xunjia.UrgentLane, max(2, o.Workers/2)},
		{xunjia.SMSChannel, xunjia.DirectLane, max(2, o.Workers/4)},
		{xunjia.SMSChannel, xunjia.MassLane, max(1, o.Workers/4)},
		{xunjia.WeChatChannel, xunjia.DirectLane, max(2, o.Workers/2)},
		{xunjia.WeChatChannel, xunjia.MassLane, o.Workers},
		{xunjia.SubscriptionChannel, xunjia.DirectLane, max(1, o.Workers/4)},
	} {
		b.queues = append(b.queues, newQueue(q.channel, q.lane, q.size))
	}
	for _, lane := range []xunjia.Lane{xunjia.DirectLane, xunjia.DirectLane, xunjia.MassLane} {
		b.expanders = append(b.expanders, &expander{lane: lane, wake: newSignal()})
	}
	return b, nil
}

// Run works until ctx is done, lets messages that are under way finish, gives
// back every other lease and returns nil.
func (o *Outbox) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, e := range o.expanders {
		wg.Go(func() { o.runExpander(ctx, e) })
	}
	for _, q := range o.queues {
		wg.Go(func() { o.runQueue(ctx, q) })
	}
	for _, job := range o.chores() {
		wg.Go(func() { o.runChore(ctx, job) })
	}
	wg.Wait()
	return nil
}

// Wake tells the outbox that a transaction with an event has been committed, so
// that people hear of it at once instead of at the next poll. It never blocks.
func (o *Outbox) Wake() {
	for _, e := range o.expanders {
		e.wake.send()
	}
}

// SendCode queues a verification code, sealed, for delivery by SMS before
// everything else. It is not sent once it would have expired.
func (o *Outbox) SendCode(ctx context.Context, phone xunjia.Phone, code string) error {
	now, err := o.Store.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	body := payload{SMS: &smsPart{Key: xunjia.SMSCode, Sealed: o.Box.Seal(phone, code)}}
	if err := o.Store.QueueCode(ctx, store.QueuedCode{
		Phone: phone, Payload: body.encode(), At: now, ExpiresAt: now.Add(codeLifetime),
	}); err != nil {
		return err
	}
	o.wakeQueues()
	return nil
}

// ConfirmDelivery records what the channel reported about a message that it had
// taken: TEMPLATESENDJOBFINISH of WeChat, the report of SMS. A message that
// failed is sent by SMS when it is worth it. It fails with NotFound when no
// delivery with this message id is known, perhaps not yet.
func (o *Outbox) ConfirmDelivery(ctx context.Context, channel xunjia.Channel, messageID string, ok bool, reason string) error {
	now, err := o.Store.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	err = o.Store.ConfirmDelivery(ctx, store.Confirmation{
		Channel: channel, MessageID: messageID, OK: ok, Reason: reason,
		Fallback: func(d xunjia.Delivery) (xunjia.Delivery, bool) { return o.fallback(d, now) },
	})
	if err != nil {
		return err
	}
	if !ok {
		o.wakeQueues()
	}
	return nil
}

// ConfirmSMS records what the SMS provider reported, also about a message of
// which nobody knew whether it had been sent. It fails with NotFound as
// ConfirmDelivery does, and for a report that names somebody else's message.
func (o *Outbox) ConfirmSMS(ctx context.Context, r sms.Report) error {
	c := store.Confirmation{
		Channel: xunjia.SMSChannel, MessageID: r.BizID, OK: r.Delivered, Reason: r.Reason, Segments: r.Segments,
		Ours: func(d xunjia.Delivery) bool { return d.Address == string(r.Phone) },
	}
	if id, _, ok := strings.Cut(r.OutID, "-"); ok {
		c.DeliveryID, _ = strconv.ParseInt(id, 10, 64)
		c.Ours = func(d xunjia.Delivery) bool { return d.Address == string(r.Phone) && outID(d) == r.OutID }
	}
	return o.Store.ConfirmDelivery(ctx, c)
}

// Resend queues a delivery again that is dead, failed, skipped or unknown. It
// fails with NotFound, and with Conflict when there is nothing to send again.
func (o *Outbox) Resend(ctx context.Context, by, id int64) error {
	now, err := o.Store.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	if err := o.Store.ResendDelivery(ctx, by, id, now); err != nil {
		return err
	}
	o.wakeQueues()
	return nil
}

func (o *Outbox) wakeQueues() {
	for _, q := range o.queues {
		q.wake.send()
	}
}

// dbClock continues the database's clock between two readings of it, by elapsed
// time only: what this host believes the time to be does not matter.
type dbClock struct {
	read  time.Time // the database's time when it was read
	local time.Time // this host's time then
	clock func() time.Time
}

// now is at most the time of one question ahead of the database.
func (c dbClock) now() time.Time { return c.read.Add(c.clock().Sub(c.local)) }

// readClock asks the database for its time. Elapsed time counts from before the
// question, so that a slow answer makes leases seem shorter, never longer.
func (o *Outbox) readClock(ctx context.Context) (dbClock, error) {
	local := o.Clock()
	read, err := o.Store.DatabaseTime(ctx)
	return dbClock{read: read, local: local, clock: o.Clock}, err
}

// signal wakes one goroutine; sending twice before it wakes is the same as once.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) send() {
	select {
	case s <- struct{}{}:
	default:
	}
}
