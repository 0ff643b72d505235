package handlers

import (
	"context"
	"fmt"
	"runtime"

	"github.com/alexedwards/argon2id"

	"github.com/xunjia/xunjia"
)

// passwords hashes with argon2id. Each hash takes 19 MiB and some 20 ms of a
// processor, so only few are made at once; others wait until their request's
// time is up.
type passwords struct {
	slots chan struct{}
	// decoy is compared with when there is no password, so that a name that
	// nobody has takes as long to refuse as one that somebody has.
	decoy string
}

// hashCost is the second choice of OWASP's password storage cheat sheet:
// 19 MiB, two passes, one lane.
func hashCost() *argon2id.Params {
	return &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

func newPasswords() (*passwords, error) {
	decoy, err := argon2id.CreateHash("nobody's password", hashCost())
	if err != nil {
		return nil, fmt.Errorf("handlers: %w", err)
	}
	return &passwords{slots: make(chan struct{}, 2*runtime.NumCPU()), decoy: decoy}, nil
}

func (p *passwords) wait(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &xunjia.Error{Code: xunjia.Unavailable, Message: "系统有点忙，请稍后再试", Err: ctx.Err()}
	}
}

// hash answers what is stored for a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.wait(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.slots }()
	return argon2id.CreateHash(password, hashCost())
}

// matches tells whether a password belongs to a stored hash; "" belongs to
// none, at the same cost.
func (p *passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := p.wait(ctx); err != nil {
		return false, err
	}
	defer func() { <-p.slots }()
	against := hash
	if hash == "" {
		against = p.decoy
	}
	ok, err := argon2id.ComparePasswordAndHash(password, against)
	return ok && hash != "", err
}
