package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/wechat"
)

// How often the account's templates are read.
const (
	templatesEvery = 10 * time.Minute
	// templatesAgain is for when reading failed or a template was missing: staff
	// have perhaps just added it.
	templatesAgain = 30 * time.Second
	// bindingsEvery is how soon staff's choice of a template counts.
	bindingsEvery = 15 * time.Second
)

// errTemplatesUnknown says that the account's templates have not been read yet.
var errTemplatesUnknown = errors.New("outbox: the account's templates are not known yet")

// templates knows the account's template messages by the titles of ours: the
// one that staff chose for a title, otherwise the one that has it.
type templates struct {
	wechat WeChat // nil: there is no account
	// bindings reads staff's choices, the id of a template by title of ours.
	bindings func(context.Context) (map[string]string, error)
	clock    func() time.Time
	log      *slog.Logger

	mu       sync.Mutex
	list     []wechat.PrivateTemplate          // as the account has them
	byTitle  map[string]wechat.PrivateTemplate // nil until they have been read
	consent  []wechat.SubscriptionTemplate     // subscription templates
	due      time.Time
	boundDue time.Time
}

// titled finds a template. It fails with errTemplatesUnknown before the first
// reading, and with Invalid when the account has none of that title.
func (t *templates) titled(title string) (wechat.PrivateTemplate, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byTitle == nil {
		return wechat.PrivateTemplate{}, errTemplatesUnknown
	}
	p, ok := t.byTitle[title]
	if !ok {
		if again := t.clock().Add(templatesAgain); again.Before(t.due) {
			t.due = again
		}
		return p, xunjia.Errorf(xunjia.Invalid, "公众号里没有标题为“%s”的模板", title)
	}
	return p, nil
}

// subscriptions are the account's subscription templates, as far as known.
func (t *templates) subscriptions() []wechat.SubscriptionTemplate {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.consent
}

// subscription is the subscription template of an id; zero when there is none any
// more.
func (t *templates) subscription(id string) wechat.PrivateTemplate {
	for _, s := range t.subscriptions() {
		if s.ID == id {
			return s.PrivateTemplate
		}
	}
	return wechat.PrivateTemplate{}
}

// refresh reads the templates, staff's choices among them and the subscription
// templates when it is time to.
func (t *templates) refresh(ctx context.Context) error {
	t.mu.Lock()
	now := t.clock()
	due := t.wechat != nil && !now.Before(t.due)
	if due {
		t.due = now.Add(templatesAgain)
	}
	boundDue := t.wechat != nil && (due || t.byTitle != nil && !now.Before(t.boundDue))
	t.mu.Unlock()
	if due {
		list, err := t.wechat.PrivateTemplates(ctx)
		if err != nil {
			return err
		}
		t.mu.Lock()
		t.list, t.due = list, now.Add(templatesEvery)
		t.mu.Unlock()
		defer t.readConsent(ctx)
	}
	if !boundDue {
		return nil
	}
	bound, err := t.bindings(ctx)
	if err != nil {
		if due { // without them the titles decide
			t.bind(nil, now)
		}
		return err
	}
	t.bind(bound, now)
	return nil
}

// readConsent reads the subscription templates; an account without any, or that
// may not have them, goes on with none.
func (t *templates) readConsent(ctx context.Context) {
	list, err := t.wechat.SubscriptionTemplates(ctx)
	if err != nil {
		t.log.Warn("subscription templates not read", "err", err)
		return
	}
	t.mu.Lock()
	t.consent = list
	t.mu.Unlock()
}

// bind decides which template stands for each title. A choice that the account
// no longer has counts for nothing.
func (t *templates) bind(bound map[string]string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.byTitle == nil
	byTitle, byID := make(map[string]wechat.PrivateTemplate, len(t.list)), make(map[string]wechat.PrivateTemplate, len(t.list))
	for _, p := range t.list {
		byTitle[p.Title], byID[p.ID] = p, p
	}
	for title, id := range bound {
		if p, ok := byID[id]; ok {
			byTitle[title] = p
		}
	}
	t.byTitle, t.boundDue = byTitle, now.Add(bindingsEvery)
	for _, spec := range xunjia.TemplateSpecs() {
		if _, ok := byTitle[spec.Title]; first && !ok {
			t.log.Warn("the official account lacks a template message; SMS is used instead", "title", spec.Title)
		}
	}
}
