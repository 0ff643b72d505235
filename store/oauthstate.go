package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// CreateOAuthState stores why a browser is sent to the platform; CreatedAt is
// set here. Dead ones go with PruneSessions.
func (s *Store) CreateOAuthState(ctx context.Context, o xunjia.OAuthState) error {
	if o.State == "" || o.SessionID == "" {
		return errors.New("store: an OAuth state needs a value and a session")
	}
	_, err := s.write(ctx, sq.Insert("oauth_state").
		Columns("state", "session_id", "return_to", "scope", "created_at").
		Values(o.State, o.SessionID, o.ReturnTo, o.Scope, millis(s.now())))
	return err
}

// UseOAuthState answers a state once, to the session that made it, within five
// minutes. Otherwise the error is Unauthorized; a stranger who brings the state
// of another does not use it up.
func (s *Store) UseOAuthState(ctx context.Context, state, sessionID string) (xunjia.OAuthState, error) {
	live := sq.And{
		sq.Eq{"state": state, "session_id": sessionID},
		sq.Gt{"created_at": millis(s.now().Add(-xunjia.OAuthStateLifetime))},
	}
	refused := xunjia.Errorf(xunjia.Unauthorized, "授权已失效，请返回后重新进入")
	// A state never changes, so reading it before it is claimed is safe.
	o, err := one(ctx, s.db, sq.Select("state", "session_id", "return_to", "scope", "created_at").
		From("oauth_state").Where(live), scanOAuthState)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.OAuthState{}, refused
	}
	if err != nil {
		return xunjia.OAuthState{}, err
	}
	n, err := s.write(ctx, sq.Delete("oauth_state").Where(live))
	if err != nil {
		return xunjia.OAuthState{}, err
	}
	if n == 0 {
		return xunjia.OAuthState{}, refused
	}
	return o, nil
}

func scanOAuthState(row scanner) (o xunjia.OAuthState, err error) {
	var created int64
	err = row.Scan(&o.State, &o.SessionID, &o.ReturnTo, &o.Scope, &created)
	o.CreatedAt = moment(created)
	return o, err
}
