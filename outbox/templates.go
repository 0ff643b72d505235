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
)

// errTemplatesUnknown says that the account's templates have not been read yet.
var errTemplatesUnknown = errors.New("outbox: the account's templates are not known yet")

// templates knows the account's template messages by their titles.
type templates struct {
	wechat WeChat // nil: there is no account
	clock  func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	byTitle map[string]wechat.PrivateTemplate // nil until they have been read
	due     time.Time
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

// refresh reads the templates when it is time to.
func (t *templates) refresh(ctx context.Context) error {
	t.mu.Lock()
	now := t.clock()
	due := t.wechat != nil && !now.Before(t.due)
	if due {
		t.due = now.Add(templatesAgain)
	}
	t.mu.Unlock()
	if !due {
		return nil
	}
	list, err := t.wechat.PrivateTemplates(ctx)
	if err != nil {
		return err
	}
	byTitle := make(map[string]wechat.PrivateTemplate, len(list))
	for _, p := range list {
		byTitle[p.Title] = p
	}
	t.mu.Lock()
	first := t.byTitle == nil
	t.byTitle, t.due = byTitle, now.Add(templatesEvery)
	t.mu.Unlock()
	for _, spec := range xunjia.TemplateSpecs() {
		if _, ok := byTitle[spec.Title]; first && !ok {
			t.log.Warn("the official account lacks a template message; SMS is used instead", "title", spec.Title)
		}
	}
	return nil
}
