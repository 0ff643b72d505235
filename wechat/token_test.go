package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// together runs f n times at once and fails the test for every error.
func together(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			if err := f(i); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
}

// anyMessage is a template message that may be sent.
func anyMessage(id int) TemplateMessage {
	return TemplateMessage{
		OpenID: "o-1", TemplateID: "t-1", Data: map[string]string{"thing1": "黄连"}, ClientMsgID: fmt.Sprintf("delivery-%d", id),
	}
}

func send(a *Account, id int) error {
	_, err := a.SendTemplate(context.Background(), anyMessage(id))
	return err
}

func TestColdInstancesFetchOneToken(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	var accounts []*Account
	for range 5 {
		accounts = append(accounts, p.account(t, store, clock))
	}
	together(t, 50, func(i int) error { return send(accounts[i%5], i) })
	if fetches, forced, calls := p.counts(); fetches != 1 || forced != 0 || calls != 50 {
		t.Errorf("fetches %d, forced %d, sent %d; want 1, 0, 50", fetches, forced, calls)
	}
}

func TestRevokedTokenIsReplacedOnce(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	a, b := p.account(t, store, clock), p.account(t, store, clock)
	together(t, 2, func(i int) error { return send([]*Account{a, b}[i], i) })
	p.rotate()
	together(t, 64, func(i int) error { return send([]*Account{a, b}[i%2], i) })
	if fetches, forced, calls := p.counts(); fetches != 2 || forced != 0 || calls != 66 {
		t.Errorf("fetches %d, forced %d, sent %d; want 2, 0, 66", fetches, forced, calls)
	}
}

// A token that is refused although the platform calls it valid is the one case
// for a forced refresh, and that seldom: the platform allows 20 a day.
func TestForcedRefreshIsConfirmedAndRare(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	a, b := p.account(t, store, clock), p.account(t, store, clock)
	if err := errors.Join(send(a, 1), send(b, 2)); err != nil {
		t.Fatal(err)
	}
	p.revokeSilently()
	together(t, 20, func(i int) error { return send([]*Account{a, b}[i%2], i) })
	if _, forced, _ := p.counts(); forced != 1 {
		t.Fatalf("forced %d times, want once", forced)
	}
	p.revokeSilently()
	if err := send(a, 3); err == nil {
		t.Error("sent with a refused token")
	}
	clock.add(2 * failFor)
	if err := send(b, 4); err == nil {
		t.Error("sent with a refused token")
	}
	if _, forced, _ := p.counts(); forced != 1 {
		t.Errorf("forced %d times within the hour, want once", forced)
	}
	clock.add(forceEvery)
	if err := send(a, 5); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	if _, forced, _ := p.counts(); forced != 2 {
		t.Errorf("forced %d times, want twice", forced)
	}
}

func TestTokenIsRenewedBeforeItEnds(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	a := p.account(t, newMemoryStore(clock.Now), clock)
	if err := send(a, 1); err != nil {
		t.Fatal(err)
	}
	clock.add(7200*time.Second - renewBefore - time.Second)
	if err := send(a, 2); err != nil {
		t.Fatal(err)
	}
	if fetches, _, _ := p.counts(); fetches != 1 {
		t.Fatalf("renewed too early: %d fetches", fetches)
	}
	clock.add(2 * time.Second)
	p.mu.Lock()
	p.current, p.accepted = "token-renewed", "token-renewed"
	p.mu.Unlock()
	if err := send(a, 3); err != nil {
		t.Fatal(err)
	}
	if fetches, _, _ := p.counts(); fetches != 2 {
		t.Errorf("%d fetches, want a second one within the last five minutes", fetches)
	}
}

// While it can still be used, a token that cannot be renewed serves on.
func TestOldTokenServesWhileThePlatformRefusesANewOne(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	a := p.account(t, newMemoryStore(clock.Now), clock)
	if err := send(a, 1); err != nil {
		t.Fatal(err)
	}
	p.handle("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"errcode":-1,"errmsg":"system error"}`))
	})
	clock.add(7200*time.Second - time.Minute)
	if err := send(a, 2); err != nil {
		t.Errorf("one minute before the end: %v", err)
	}
	clock.add(2 * time.Minute)
	if err := send(a, 3); err == nil {
		t.Error("sent with a token that has ended")
	}
}

func TestStoreOutageDoesNotBurnTheQuota(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	store.setDown(errors.New("connection refused"))
	a := p.account(t, store, clock)
	together(t, 100, func(i int) error { return send(a, i) })
	for i := range 20 {
		clock.add(time.Minute)
		if err := send(a, i); err != nil {
			t.Fatal(err)
		}
	}
	if fetches, _, calls := p.counts(); fetches != 1 || calls != 120 {
		t.Errorf("%d fetches for %d messages, want 1 for 120", fetches, calls)
	}
	store.setDown(nil)
	clock.add(2 * time.Hour)
	if err := send(a, 1); err != nil {
		t.Fatal(err)
	}
	if store.saves != 1 {
		t.Errorf("saved %d times after the outage, want once", store.saves)
	}
}

// A store that goes down later does not matter before the token ends.
func TestTokenSurvivesTheStore(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	a := p.account(t, store, clock)
	if err := send(a, 1); err != nil {
		t.Fatal(err)
	}
	store.setDown(errors.New("gone"))
	p.rotate()
	if err := send(a, 2); err != nil {
		t.Errorf("a revoked token could not be replaced without the store: %v", err)
	}
}

func TestWrongSecretAsksRarely(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	var asked int
	var mu sync.Mutex
	p.handle("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		w.Write([]byte(`{"errcode":40164,"errmsg":"invalid ip 1.2.3.4, not in whitelist rid: r-9"}`))
	})
	a := p.account(t, newMemoryStore(clock.Now), clock)
	for i := range 50 {
		if err := send(a, i); Classify(err) != Configuration {
			t.Fatalf("class %q of %v", Classify(err), err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times within a second, want once", asked)
	}
}

func TestTicketIsKeptToo(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	p.on("/cgi-bin/ticket/getticket", `{"errcode":0,"errmsg":"ok","ticket":"tick","expires_in":7200}`)
	a, b := p.account(t, store, clock), p.account(t, store, clock)
	together(t, 20, func(i int) error {
		_, err := []*Account{a, b}[i%2].JSConfig(context.Background(), "https://x.example.com/")
		return err
	})
	if fetches, _, calls := p.counts(); fetches != 1 || calls != 1 {
		t.Errorf("%d tokens and %d tickets fetched, want one each", fetches, calls)
	}
}

// One caller who gives up must not spoil the fetch for the others.
func TestGivingUpAloneHarmsNobody(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	a := p.account(t, newMemoryStore(clock.Now), clock)
	asked, release := make(chan struct{}), make(chan struct{})
	p.handle("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":7200}`, p.current)
	})
	impatient, giveUp := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() {
		_, err := a.SendTemplate(impatient, anyMessage(1))
		failed <- err
	}()
	<-asked
	sent := make(chan error, 1)
	go func() { sent <- send(a, 2) }()
	giveUp()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the impatient one got %v", err)
	}
	close(release)
	if err := <-sent; err != nil {
		t.Errorf("the patient one got %v", err)
	}
}

// While the old token is good, nobody waits for a platform that hangs.
func TestRenewalKeepsNobodyWaiting(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	a := p.account(t, newMemoryStore(clock.Now), clock)
	if err := send(a, 1); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	p.handle("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Write([]byte(`{"access_token":"token-2","expires_in":7200}`))
	})
	clock.add(7200*time.Second - renewBefore)
	defer close(release)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second) // the hanging call takes 5
	defer cancel()
	for i := range 10 {
		if _, err := a.SendTemplate(ctx, anyMessage(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// A credential with hardly any life left is used up, not fetched for each call.
func TestShortLivedTicketIsNotFetchedForEachCall(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	p.on("/cgi-bin/ticket/getticket", `{"errcode":0,"errmsg":"ok","ticket":"tick","expires_in":20}`)
	a := p.account(t, newMemoryStore(clock.Now), clock)
	for range 19 {
		if _, err := a.JSConfig(context.Background(), "https://x.example.com/"); err != nil {
			t.Fatal(err)
		}
		clock.add(time.Second)
	}
	if _, _, calls := p.counts(); calls != 1 {
		t.Errorf("%d tickets fetched within 19 s, want 1", calls)
	}
}

// After a failed fetch the next instance may try at once.
func TestFailedFetchEndsItsLease(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	a, b := p.account(t, store, clock), p.account(t, store, clock)
	if err := errors.Join(send(a, 1), send(b, 2)); err != nil {
		t.Fatal(err)
	}
	p.rotate()
	p.handle("/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"errcode":-1,"errmsg":"system error"}`))
	})
	if err := send(a, 3); Classify(err) != Retry {
		t.Errorf("the platform is down: %v", err)
	}
	p.handle("/cgi-bin/stable_token", nil)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := b.SendTemplate(ctx, anyMessage(4)); err != nil {
		t.Errorf("the other instance: %v", err)
	}
}
