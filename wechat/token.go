package wechat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
)

// CredentialStore keeps the access token and the JS ticket of an account once
// for all instances.
type CredentialStore interface {
	// Credential answers what was saved last, expired or not. A NotFound error
	// means that nothing was saved yet.
	Credential(ctx context.Context, appID, kind string) (xunjia.Credential, error)
	// ClaimCredential answers true when owner may fetch a new value: the stored
	// value still equals stale (or nothing is stored) and nobody holds a live
	// lease. The lease lasts until it expires or until SaveCredential by owner.
	ClaimCredential(ctx context.Context, appID, kind, stale, owner string, lease time.Duration) (bool, error)
	// SaveCredential stores c, which has a value, and ends owner's lease. After a
	// failed fetch c is what was stored before. It is a Conflict error when
	// somebody else has claimed meanwhile; then nothing is stored.
	SaveCredential(ctx context.Context, appID, kind, owner string, c xunjia.Credential) error
}

// The kinds of credentials. forcedRefresh is never saved: its lease alone
// limits forced refreshes over all instances.
const (
	accessToken   = "access_token"
	jsTicket      = "jsapi_ticket"
	forcedRefresh = "forced_refresh"
)

const (
	// renewBefore is how long before its end a credential is renewed. The
	// platform renews a stable token five minutes before its end and then
	// accepts both (developers.weixin.qq.com, getStableAccessToken).
	renewBefore = 5 * time.Minute
	// lastMoment is too little time for using a credential without waiting for
	// the next one.
	lastMoment = 30 * time.Second
	// renewEvery bounds how often one instance renews, whatever the platform
	// says about the life of what it hands out.
	renewEvery = time.Minute
	// fetchLease is how long the others wait for the instance that fetches:
	// one HTTP timeout and the time to save.
	fetchLease = 8 * time.Second
	// forceEvery keeps forced refreshes below 20 a day and more than 30 s
	// apart, the platform's limits (same page).
	forceEvery = 24 * time.Hour / 20
	// storeTimeout bounds one call of the store.
	storeTimeout = 1500 * time.Millisecond
	// pollEvery is how often a waiting instance looks whether the fetching one
	// is done.
	pollEvery = 50 * time.Millisecond
	// failFor is how long a failed fetch answers for those who come next.
	failFor = time.Second
)

// keeper holds one kind of credential of one account: in memory, behind it the
// store, behind that the platform.
type keeper struct {
	appID, kind string
	store       CredentialStore
	// fetch asks the platform; force makes it replace a value that it holds for
	// valid.
	fetch func(ctx context.Context, force bool) (xunjia.Credential, error)
	clock func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	last    xunjia.Credential // the last good one
	renewAt time.Time         // never after last.ExpiresAt
	flight  *flight           // non-nil while somebody obtains one
	failed  error             // the last fetch's error, valid until failEnd
	failEnd time.Time
}

// flight is one attempt to obtain a credential; c and err are set before done
// is closed.
type flight struct {
	done chan struct{}
	c    xunjia.Credential
	err  error
}

func newKeeper(appID, kind string, store CredentialStore,
	fetch func(context.Context, bool) (xunjia.Credential, error), clock func() time.Time, log *slog.Logger,
) *keeper {
	return &keeper{appID: appID, kind: kind, store: store, fetch: fetch, clock: clock, log: log}
}

// value answers a credential that is valid now, from memory as a rule. One that
// is due for renewal serves on meanwhile: nobody waits for the platform then.
func (k *keeper) value(ctx context.Context) (string, error) {
	k.mu.Lock()
	now, last := k.clock(), k.last
	if now.Before(k.renewAt) {
		k.mu.Unlock()
		return last.Value, nil
	}
	f := k.join(ctx, "")
	k.mu.Unlock()
	if now.Before(last.ExpiresAt.Add(-lastMoment)) {
		return last.Value, nil
	}
	return k.await(ctx, f, "")
}

// replace answers a credential other than refused, which the platform has just
// refused: one that somebody else has fetched meanwhile or a new one.
func (k *keeper) replace(ctx context.Context, refused string) (string, error) {
	for range 3 {
		k.mu.Lock()
		if k.last.Value != "" && k.last.Value != refused && k.clock().Before(k.last.ExpiresAt) {
			defer k.mu.Unlock()
			return k.last.Value, nil
		}
		f := k.join(ctx, refused)
		k.mu.Unlock()
		v, err := k.await(ctx, f, refused)
		if err != nil || v != refused {
			return v, err
		}
	}
	return "", unavailable("微信凭证暂时无法更新，请稍后再试", errors.New("the platform keeps handing out the refused token"))
}

// join answers the flight under way or starts one. Called with mu held.
func (k *keeper) join(ctx context.Context, refused string) *flight {
	if k.flight != nil {
		return k.flight
	}
	f := &flight{done: make(chan struct{})}
	if k.failed != nil && k.clock().Before(k.failEnd) {
		f.err = k.failed
		close(f.done)
		return f
	}
	k.flight = f
	go k.fly(context.WithoutCancel(ctx), f, refused)
	return f
}

// await waits for f. While the last good credential is still valid, a failure
// to renew it is no failure.
func (k *keeper) await(ctx context.Context, f *flight, refused string) (string, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		return "", unavailable("微信暂时没有响应，请稍后再试", ctx.Err())
	}
	if f.err == nil {
		return f.c.Value, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last.Value != "" && k.last.Value != refused && k.clock().Before(k.last.ExpiresAt) {
		return k.last.Value, nil
	}
	return "", f.err
}

// fly obtains a credential for everybody who waits for f. Its time is its own: a
// caller who gives up does not spoil it for the others.
func (k *keeper) fly(ctx context.Context, f *flight, refused string) {
	ctx, cancel := context.WithTimeout(ctx, 2*fetchLease)
	defer cancel()
	f.c, f.err = k.obtain(ctx, refused)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight = nil
	now := k.clock()
	if f.err != nil {
		k.failed, k.failEnd = f.err, now.Add(failFor)
		// The old one goes on serving; look again after a while only.
		if again := now.Add(failFor); again.Before(k.last.ExpiresAt) {
			k.renewAt = again
		}
	} else {
		k.failed = nil
		k.last = f.c
		k.renewAt = f.c.ExpiresAt.Add(-renewBefore)
		if soon := now.Add(renewEvery); k.renewAt.Before(soon) {
			k.renewAt = soon
		}
		if k.renewAt.After(f.c.ExpiresAt) {
			k.renewAt = f.c.ExpiresAt
		}
	}
	close(f.done)
}

// obtain takes the credential from the store or, as the one instance that may,
// from the platform.
func (k *keeper) obtain(ctx context.Context, refused string) (xunjia.Credential, error) {
	owner := rand.Text()
	for {
		stored, err := k.stored(ctx)
		if err != nil {
			return k.withoutStore(ctx, refused, err)
		}
		now := k.clock()
		if stored.Value != "" && stored.Value != refused && now.Before(stored.ExpiresAt) {
			// Somebody renewed it, or it need not be renewed yet.
			if k.isNews(stored) || now.Before(stored.ExpiresAt.Add(-renewBefore)) {
				return stored, nil
			}
		}
		claimed, err := k.claim(ctx, k.kind, stored.Value, owner, fetchLease)
		if err != nil {
			return k.withoutStore(ctx, refused, err)
		}
		if claimed {
			return k.fetchAndSave(ctx, refused, owner, stored)
		}
		// Another instance fetches. What is still valid serves meanwhile.
		if stored.Value != "" && stored.Value != refused && now.Before(stored.ExpiresAt) {
			return stored, nil
		}
		poll := time.NewTimer(pollEvery)
		select {
		case <-poll.C:
		case <-ctx.Done():
			poll.Stop()
			return xunjia.Credential{}, unavailable("微信凭证暂时无法更新，请稍后再试", errors.New("another instance did not fetch it in time"))
		}
	}
}

// isNews tells whether c is not the credential that memory holds.
func (k *keeper) isNews(c xunjia.Credential) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return c.Value != k.last.Value
}

// stored reads the store; nothing stored is a zero Credential.
func (k *keeper) stored(ctx context.Context) (xunjia.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	c, err := k.store.Credential(ctx, k.appID, k.kind)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return xunjia.Credential{}, nil
	}
	return c, err
}

func (k *keeper) claim(ctx context.Context, kind, stale, owner string, lease time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return k.store.ClaimCredential(ctx, k.appID, kind, stale, owner, lease)
}

// fetchAndSave asks the platform as the holder of the lease. A refused token
// that the platform still holds for valid is replaced by force, seldom.
func (k *keeper) fetchAndSave(ctx context.Context, refused, owner string, stored xunjia.Credential) (xunjia.Credential, error) {
	c, err := k.fetch(ctx, false)
	if err == nil && refused != "" && c.Value == refused {
		c, err = k.force(ctx)
	}
	if err != nil {
		if stored.Value != "" {
			// Saving what is there ends the lease: the others need not wait for it.
			k.save(ctx, owner, stored)
		}
		return xunjia.Credential{}, err
	}
	// Throwing a good credential away because it could not be shared is what
	// burns the daily quota.
	k.save(ctx, owner, c)
	return c, nil
}

func (k *keeper) save(ctx context.Context, owner string, c xunjia.Credential) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := k.store.SaveCredential(ctx, k.appID, k.kind, owner, c); err != nil {
		k.log.WarnContext(ctx, "wechat: credential not shared with the other instances", "kind", k.kind, "error", err)
	}
}

// force has the platform replace a token that it calls valid and refuses.
func (k *keeper) force(ctx context.Context) (xunjia.Credential, error) {
	allowed, err := k.claim(ctx, forcedRefresh, "", rand.Text(), forceEvery)
	if err != nil {
		return xunjia.Credential{}, err
	}
	if !allowed {
		return xunjia.Credential{}, unavailable("微信凭证暂时无法更新，请稍后再试",
			fmt.Errorf("the token is refused and a forced refresh was made within the last %v", forceEvery))
	}
	k.log.WarnContext(ctx, "wechat: forced refresh of the access token", "appid", k.appID)
	return k.fetch(ctx, true)
}

// withoutStore serves while the store is down: from memory as long as that is
// valid, then with one fetch for this process. Stable tokens are the same for
// everybody who asks, so this harms no other instance.
func (k *keeper) withoutStore(ctx context.Context, refused string, cause error) (xunjia.Credential, error) {
	k.log.WarnContext(ctx, "wechat: credential store is down", "kind", k.kind, "error", cause)
	k.mu.Lock()
	last := k.last
	k.mu.Unlock()
	if last.Value != "" && last.Value != refused && k.clock().Before(last.ExpiresAt.Add(-lastMoment)) {
		return last, nil
	}
	c, err := k.fetch(ctx, false)
	if err == nil && refused != "" && c.Value == refused {
		// Without the store nobody counts forced refreshes.
		err = unavailable("微信凭证暂时无法更新，请稍后再试", cause)
	}
	return c, err
}

// fetchToken asks for the stable access token (POST /cgi-bin/stable_token).
func (a *Account) fetchToken(ctx context.Context, force bool) (xunjia.Credential, error) {
	in := map[string]any{
		"grant_type": "client_credential", "appid": a.cfg.AppID, "secret": a.cfg.Secret, "force_refresh": force,
	}
	var out struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	err := a.once(ctx, request{method: http.MethodPost, path: "/cgi-bin/stable_token", in: in, out: &out})
	if err != nil {
		return xunjia.Credential{}, explain(err)
	}
	return a.credential(out.AccessToken, out.ExpiresIn, "/cgi-bin/stable_token")
}

// fetchTicket asks for the JS-SDK's ticket; there is no force for it.
func (a *Account) fetchTicket(ctx context.Context, _ bool) (xunjia.Credential, error) {
	var out struct {
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
	}
	err := a.get(ctx, "/cgi-bin/ticket/getticket", url.Values{"type": {"jsapi"}}, &out)
	if err != nil {
		return xunjia.Credential{}, err
	}
	return a.credential(out.Ticket, out.ExpiresIn, "/cgi-bin/ticket/getticket")
}

// credential checks what the platform lent for expiresIn seconds.
func (a *Account) credential(value string, expiresIn int64, path string) (xunjia.Credential, error) {
	if value == "" || expiresIn <= 0 {
		return xunjia.Credential{}, explain(&CallError{API: path, Sent: true, Err: errors.New("answer without a credential")})
	}
	return xunjia.Credential{Value: value, ExpiresAt: a.clock().Add(time.Duration(expiresIn) * time.Second)}, nil
}
