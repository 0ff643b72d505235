package store

import (
	"context"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// MaxInboundBody is how many bytes a push may have.
const MaxInboundBody = 64 << 10

// SaveInbound stores a push before it is handled. fresh is false when the
// platform delivered it before: whoever got true handles it. A ReceivedAt of
// zero becomes now; a body over 64 KiB is TooLarge.
func (s *Store) SaveInbound(ctx context.Context, in xunjia.Inbound) (fresh bool, err error) {
	if in.AppID == "" || in.Key == "" {
		return false, errors.New("store: a push needs its account and key")
	}
	if len(in.Body) > MaxInboundBody {
		return false, xunjia.Errorf(xunjia.TooLarge, "消息过大")
	}
	if in.ReceivedAt.IsZero() {
		in.ReceivedAt = s.now()
	}
	_, err = s.write(ctx, sq.Insert("inbound").
		Columns("app_id", "dedupe_key", "open_id", "kind", "event", "body", "received_at").
		Values(in.AppID, in.Key, in.OpenID, in.Kind, in.Event, in.Body, millis(in.ReceivedAt)))
	if isDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}

// MarkInbound notes that a push was handled; a second time changes nothing.
// The error is NotFound when there is no such push.
func (s *Store) MarkInbound(ctx context.Context, appID, key string) error {
	n, err := s.write(ctx, sq.Update("inbound").
		Set("handled_at", sq.Expr("CASE WHEN handled_at = 0 THEN ? ELSE handled_at END", millis(s.now()))).
		Where(sq.Eq{"app_id": appID, "dedupe_key": key}))
	if err == nil && n == 0 {
		return xunjia.Errorf(xunjia.NotFound, "没有这条消息")
	}
	return err
}

// PendingInbound answers pushes that were received at least olderThan ago and
// are not handled, oldest first: the work of an instance that died.
func (s *Store) PendingInbound(ctx context.Context, olderThan time.Duration, limit int) ([]xunjia.Inbound, error) {
	return all(ctx, s.db, sq.Select("app_id", "dedupe_key", "open_id", "kind", "event", "body", "received_at").
		From("inbound").Where(sq.Eq{"handled_at": 0}).
		Where(sq.LtOrEq{"received_at": millis(s.now().Add(-olderThan))}).
		OrderBy("received_at", "id").Limit(uint64(max(0, limit))), scanInbound)
}

func scanInbound(row scanner) (in xunjia.Inbound, err error) {
	var received int64
	err = row.Scan(&in.AppID, &in.Key, &in.OpenID, &in.Kind, &in.Event, &in.Body, &received)
	in.ReceivedAt = moment(received)
	return in, err
}
