package handlers

import (
	"context"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
)

// How the rules are kept in memory: a change is seen everywhere within seconds,
// and a database that is slow or down holds up no answer.
const (
	rulesFresh = 3 * time.Second
	rulesLoad  = 5 * time.Second        // of one attempt
	rulesWait  = 300 * time.Millisecond // for an attempt, when older rules are there
	rulesFirst = time.Second            // for the first attempt
)

// ruleBook is the automatic replies as last read. The zero value is empty.
type ruleBook struct {
	mu      sync.Mutex
	rules   []xunjia.ReplyRule
	read    bool
	at      time.Time
	loading chan struct{} // closed when the attempt under way ends; nil without one
}

// rules answers the automatic replies, at most a few seconds old while the
// database answers, and as old as need be while it does not.
func (v *Conversation) rules(ctx context.Context) []xunjia.ReplyRule {
	b := &v.book
	b.mu.Lock()
	age := v.Clock().Sub(b.at)
	if b.read && age >= 0 && age < rulesFresh {
		defer b.mu.Unlock()
		return b.rules
	}
	wait := rulesWait
	if !b.read {
		wait = rulesFirst
	}
	if b.loading == nil {
		b.loading = make(chan struct{})
		v.working.Go(func() { v.readRules(context.WithoutCancel(ctx)) })
	}
	loading := b.loading
	b.mu.Unlock()

	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-loading:
	case <-timer.C:
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rules
}

func (v *Conversation) readRules(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, rulesLoad)
	defer cancel()
	rules, err := v.Store.ReplyRules(ctx, v.appID())
	b := &v.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		v.log().WarnContext(ctx, "automatic replies not read, the ones in memory are used", "error", err)
	} else {
		b.rules, b.read = rules, true
	}
	b.at = v.Clock() // after a failure too: the next push must not wait again
	close(b.loading)
	b.loading = nil
}

// forget makes the next push read the rules anew; after a change by staff.
func (v *Conversation) forget() {
	v.book.mu.Lock()
	defer v.book.mu.Unlock()
	v.book.at = time.Time{}
}

func (v *Conversation) appID() string {
	if v.Account == nil {
		return ""
	}
	return v.Account.AppID()
}
