package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectNotifications() sq.SelectBuilder {
	return sq.Select("id", "type", "status", "sender", "receiver", "title", "content", "text", "path", "purchase_id", "created_at").
		From("notification")
}

func scanNotification(row scanner) (n xunjia.Notification, err error) {
	var created int64
	err = row.Scan(&n.ID, &n.Type, &n.Status, &n.Sender, &n.Receiver, &n.Title, &n.Content, &n.Text, &n.Path, &n.Purchase, &created)
	n.CreatedAt = moment(created)
	return n, err
}

// Notifications lists one tab of a user's inbox, newest first.
func (s *Store) Notifications(ctx context.Context, receiver int64, t xunjia.NotificationType, page xunjia.Page) (list xunjia.List[xunjia.Notification], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectNotifications(), s.dialect, "created_at", "id",
		pin{"receiver", receiver}, pin{"type", t}), scanNotification)
	if err != nil {
		return list, err
	}
	return cut(k, rows, func(n xunjia.Notification) (time.Time, int64) { return n.CreatedAt, n.ID }), nil
}

// Notification finds a notification of its receiver; for anybody else it is
// NotFound.
func (s *Store) Notification(ctx context.Context, id, receiver int64) (xunjia.Notification, error) {
	n, err := one(ctx, s.db, selectNotifications().Where(sq.Eq{"id": id, "receiver": receiver}), scanNotification)
	if errors.Is(err, sql.ErrNoRows) {
		return n, errNoNotification()
	}
	return n, err
}

func errNoNotification() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这条消息") }

// MaxUnread is where counting unread notifications ends: it means "that many or
// more".
const MaxUnread = 100

// UnreadCounts counts the unread notifications of every tab, up to MaxUnread
// each; tabs without any are absent.
func (s *Store) UnreadCounts(ctx context.Context, receiver int64) (map[xunjia.NotificationType]int, error) {
	counts := map[xunjia.NotificationType]int{}
	q := sq.Select()
	for _, t := range xunjia.NotificationTypes() {
		unread := sq.Select("id").From("notification").
			Where(sq.Eq{"receiver": receiver, "type": t, "status": xunjia.Unread}).Limit(MaxUnread)
		q = q.Column(sq.Expr("(SELECT COUNT(*) FROM (?) AS u)", unread))
	}
	row, err := one(ctx, s.db, q, func(row scanner) (n [4]int, err error) {
		err = row.Scan(&n[0], &n[1], &n[2], &n[3])
		return n, err
	})
	if err != nil {
		return nil, err
	}
	for i, t := range xunjia.NotificationTypes() {
		if row[i] > 0 {
			counts[t] = row[i]
		}
	}
	return counts, nil
}

// ReadNotification marks a notification as read; doing it again is no error.
// For anybody but its receiver it is NotFound.
func (s *Store) ReadNotification(ctx context.Context, id, receiver int64) error {
	n, err := s.write(ctx, sq.Update("notification").Set("status", xunjia.Read).Where(sq.Eq{"id": id, "receiver": receiver}))
	if err == nil && n == 0 {
		return errNoNotification()
	}
	return err
}

// ReadAll marks one tab of the user's inbox as read, a thousand rows at a time.
func (s *Store) ReadAll(ctx context.Context, receiver int64, t xunjia.NotificationType) error {
	const batch = 1000
	for {
		ids, err := all(ctx, s.db, sq.Select("id").From("notification").
			Where(sq.Eq{"receiver": receiver, "type": t, "status": xunjia.Unread}).OrderBy("id").Limit(batch), scanInt)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := s.write(ctx, sq.Update("notification").Set("status", xunjia.Read).Where(sq.Eq{"id": ids})); err != nil {
			return err
		}
	}
}
