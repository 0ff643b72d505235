package outbox

import (
	"cmp"
	"context"
	"slices"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

const (
	roundBatch = 100            // rounds judged or counted at a time
	leaseBeat  = eventLease / 6 // how often a lease is made longer while people are chosen
	matchBatch = 1000           // candidates looked at together while people are chosen
)

// pushing tells the people of one round of a purchase.
type pushing struct {
	o        *Outbox
	clock    dbClock
	job      store.EventJob
	facts    xunjia.Facts
	settings xunjia.PushSettings
	round    xunjia.PushRound
	lines    []xunjia.Line
	writer   *writer
}

// push tells of a published purchase whom its round is for. Nobody needs to hear
// of one that takes no quotes any more, and those who were invited by name to
// one that is open to nobody else have been told already.
func (o *Outbox) push(ctx context.Context, clock dbClock, job store.EventJob, facts xunjia.Facts) error {
	now := clock.now()
	if facts.Purchase.Mode == xunjia.InvitedMode {
		return o.Store.Tell(ctx, store.Told{EventID: job.Event.ID, Owner: job.Owner, To: job.ToldTo, Until: now, Done: true})
	}
	settings, err := o.Store.PushSettings(ctx)
	if err != nil {
		return err
	}
	p := &pushing{o: o, clock: clock, job: job, facts: facts, settings: settings, writer: o.newWriter(job.Event, facts)}
	p.lines = settings.WantedLines(facts.Purchase, now)
	p.round, err = o.Store.OpenRound(ctx, job.Event, clock.read, func() (int, error) {
		if job.ToldTo != 0 { // begun before there were rounds
			return 0, nil
		}
		followers, err := o.Store.CountFollowers(ctx, facts.Purchase.Lines, settings.EverybodyUpTo+1)
		return settings.FirstRound(followers), err
	})
	switch {
	case err != nil:
		return err
	case p.round.State != xunjia.RoundRunning: // stopped meanwhile
		return o.Store.Tell(ctx, store.Told{EventID: job.Event.ID, Owner: job.Owner, To: job.ToldTo, Until: now, Done: true})
	case len(p.lines) == 0:
		return p.tell(ctx, nil, 0, true, false)
	case p.round.Wanted == 0:
		return p.everybody(ctx)
	}
	return p.chosen(ctx)
}

func (p *pushing) query(after int64, limit int) store.MatchQuery {
	return store.MatchQuery{
		Purchase: p.facts.Purchase, Buyer: p.facts.Buyer, Lines: p.lines, Settings: p.settings, AppID: p.o.AppID,
		Now: p.clock.read, After: after, Limit: limit,
	}
}

// everybody tells all candidates, batch by batch. Each batch is one transaction
// that also remembers where to go on.
func (p *pushing) everybody(ctx context.Context) error {
	return p.o.Store.MatchBatches(ctx, p.query(p.job.ToldTo, p.o.Batch), func(part []store.Matched, next int64) error {
		people := make([]store.Chosen, len(part))
		for i, m := range part {
			people[i] = store.Chosen{Matched: m, Rank: m.Rank(p.facts.Purchase, p.clock.read)}
		}
		return p.tell(ctx, people, next, next == 0, true)
	})
}

// chosen looks at all candidates, keeps the best and tells them, batch by batch.
// When it is interrupted the next worker chooses as many as are still missing:
// those who were told are no candidates any more.
func (p *pushing) chosen(ctx context.Context) error {
	already, err := p.o.Store.RoundPushed(ctx, p.round.ID)
	if err != nil {
		return err
	}
	size := p.round.Wanted - already
	selection := xunjia.NewSelection(size, p.settings.NewcomerPercent, p.round.ID)
	beat := p.clock.now()
	people, err := p.o.Store.Choose(ctx, p.query(0, matchBatch), selection, func([]store.Matched) error {
		now := p.clock.now()
		if now.Sub(beat) <= leaseBeat {
			return nil
		}
		beat = now
		return p.tell(ctx, nil, 0, false, false)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(people, func(a, b store.Chosen) int { return cmp.Compare(a.ID, b.ID) })
	exhausted := selection.Seen() <= size
	for {
		batch := people[:min(p.o.Batch, len(people))]
		people = people[len(batch):]
		done := len(people) == 0
		if err := p.tell(ctx, batch, 0, done, exhausted); err != nil || done {
			return err
		}
	}
}

// tell tells some people, remembers where to go on and makes the lease longer.
func (p *pushing) tell(ctx context.Context, people []store.Chosen, next int64, done, exhausted bool) error {
	told := store.Told{EventID: p.job.Event.ID, Owner: p.job.Owner, To: max(next, p.job.ToldTo), Done: done}
	round := &store.RoundTold{RoundID: p.round.ID, Settings: p.settings, Now: p.clock.read, Exhausted: exhausted}
	for _, r := range people {
		// Due at a moment that the database has certainly passed.
		p.writer.tell(&told, r.Recipient(p.lines), p.clock.read)
		if r.Load.PushedAt.IsZero() {
			round.Fresh = append(round.Fresh, r.ID)
		}
		for _, line := range r.Lines {
			round.Pushes = append(round.Pushes, xunjia.Push{
				LineID: line, SupplierID: r.ID, RoundID: p.round.ID, Score: r.Score, Why: r.Why, CreatedAt: p.clock.read,
			})
		}
	}
	told.Round, told.Until = round, p.clock.now().Add(eventLease)
	if err := p.o.Store.Tell(ctx, told); err != nil {
		return err
	}
	p.o.metrics.told.Add(float64(len(told.Notifications)))
	p.o.wakeQueues()
	return nil
}

// steerRounds judges the rounds that have waited long enough.
func (o *Outbox) steerRounds(ctx context.Context) error {
	now, err := o.Store.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	n, err := o.Store.SteerRounds(ctx, now, roundBatch)
	if n > 0 {
		o.Wake()
	}
	return err
}

// address is where a message leads: to an address that counts the click and
// leads on to the page.
func (o *Outbox) address(d xunjia.Delivery, path string) string {
	if o.Links == nil || path == "" || d.ID == 0 {
		return o.BaseURL + path
	}
	return o.BaseURL + xunjia.ClickPath + o.Links.Token(d.ID)
}
