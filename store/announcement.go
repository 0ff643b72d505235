package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectAnnouncements() sq.SelectBuilder {
	return sq.Select("id", "staff_id", "title", "text", "province", "kind", "category_id", "event_id", "created_at", "withdrawn_at").
		From("announcement")
}

func scanAnnouncement(row scanner) (a xunjia.Announcement, err error) {
	var created, withdrawn int64
	err = row.Scan(&a.ID, &a.StaffID, &a.Title, &a.Text, &a.To.Province, &a.To.Kind, &a.To.CategoryID, &a.EventID, &created, &withdrawn)
	a.CreatedAt, a.WithdrawnAt = moment(created), moment(withdrawn)
	return a, err
}

func errNoAnnouncement() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这条通知") }

// Announce sends an announcement to its audience and answers it; see
// Announcement.Check for the rules. once identifies the form: sent again it
// answers what was made the first time.
func (s *Store) Announce(ctx context.Context, a xunjia.Announcement, once string) (xunjia.Announcement, error) {
	a, err := a.Check()
	if err != nil {
		return a, err
	}
	if once == "" || len(once) > 40 {
		return a, xunjia.Errorf(xunjia.Invalid, "表单不完整，请刷新后再试")
	}
	if _, err := s.announcementCategories(ctx, a.To); err != nil {
		return a, err
	}
	sent := func(r runner) (xunjia.Announcement, error) {
		return one(ctx, r, selectAnnouncements().Where(sq.Eq{"once": once}), scanAnnouncement)
	}
	err = s.runTx(ctx, func(tx *tx) error {
		a.CreatedAt = tx.now
		a.ID, err = insert(ctx, tx, sq.Insert("announcement").SetMap(map[string]any{
			"once": once, "staff_id": a.StaffID, "title": a.Title, "text": a.Text, "province": string(a.To.Province), "kind": int(a.To.Kind),
			"category_id": a.To.CategoryID, "event_id": 0, "created_at": millis(tx.now),
		}))
		if err != nil {
			return err
		}
		if a.EventID, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.SystemAnnounced, Subject: a.ID}); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("announcement").Set("event_id", a.EventID).Where(sq.Eq{"id": a.ID})); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: a.StaffID, Action: "announcement.sent", Target: announcementTarget(a.ID), Detail: "发布通知：" + a.Title})
	})
	if isDuplicate(err) {
		return sent(s.db)
	}
	return a, err
}

func announcementTarget(id int64) string { return "announcement:" + strconv.FormatInt(id, 10) }

// Announcement finds one for staff; NotFound.
func (s *Store) Announcement(ctx context.Context, id int64) (xunjia.Announcement, error) {
	a, err := one(ctx, s.db, selectAnnouncements().Where(sq.Eq{"id": id}), scanAnnouncement)
	if errors.Is(err, sql.ErrNoRows) {
		return a, errNoAnnouncement()
	}
	return a, err
}

// AnnouncementTo finds one for somebody who was told of it; for others, and once
// it is withdrawn, it is NotFound.
func (s *Store) AnnouncementTo(ctx context.Context, id, user int64) (xunjia.Announcement, error) {
	a, err := s.Announcement(ctx, id)
	if err != nil {
		return a, err
	}
	if !a.WithdrawnAt.IsZero() {
		return xunjia.Announcement{}, xunjia.Errorf(xunjia.NotFound, "这条通知已经撤回")
	}
	if _, err := one(ctx, s.db, sq.Select("id").From("notification").Where(sq.Eq{"event_id": a.EventID, "receiver": user}), scanInt); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = errNoAnnouncement()
		}
		return xunjia.Announcement{}, err
	}
	return a, nil
}

// Announcements lists them for staff, newest first.
func (s *Store) Announcements(ctx context.Context, page xunjia.Page) (list xunjia.List[xunjia.Announcement], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectAnnouncements(), s.dialect, "created_at", "id"), scanAnnouncement)
	if err != nil {
		return list, err
	}
	return cut(k, rows, func(a xunjia.Announcement) (time.Time, int64) { return a.CreatedAt, a.ID }), nil
}

// AnnouncementFigures counts who has been told, up to xunjia.MaxAnnounced, how many of
// those have read it, and whether others are still to be told.
func (s *Store) AnnouncementFigures(ctx context.Context, a xunjia.Announcement) (told, read int, more bool, err error) {
	row := sq.Select("COUNT(*)", "COALESCE(SUM(status), 0)").
		FromSelect(sq.Select("status").From("notification").Where(sq.Eq{"event_id": a.EventID}).Limit(xunjia.MaxAnnounced), "n")
	if _, err = one(ctx, s.db, row, func(row scanner) (struct{}, error) {
		return struct{}{}, row.Scan(&told, &read)
	}); err != nil {
		return 0, 0, false, err
	}
	waiting, err := one(ctx, s.db, sq.Select("COUNT(*)").From("event").Where(sq.Eq{"id": a.EventID, "active": 1}), scanInt)
	return told, read, waiting > 0, err
}

// AnnouncementReach counts who would be told now.
func (s *Store) AnnouncementReach(ctx context.Context, to xunjia.AnnouncementAudience) (int, error) {
	categories, err := s.announcementCategories(ctx, to)
	if err != nil {
		return 0, err
	}
	n, err := one(ctx, s.db, announced(sq.Select("COUNT(*)").From("users"), to, categories), scanInt)
	return int(n), err
}

// announcementCategories are the audience's category and all that are in it; nil
// when it has none. It fails with Invalid on the field "category".
func (s *Store) announcementCategories(ctx context.Context, to xunjia.AnnouncementAudience) ([]int64, error) {
	if to.CategoryID == 0 {
		return nil, nil
	}
	list, err := s.Categories(ctx)
	if err != nil {
		return nil, err
	}
	parents := map[int64]int64{}
	for _, c := range list {
		parents[c.ID] = c.ParentID
	}
	if _, ok := parents[to.CategoryID]; !ok {
		f := xunjia.FieldErrors{}
		f.Add("category", "没有这个品种")
		return nil, f.Err()
	}
	var ids []int64
	for id := range parents {
		for up := id; up != 0; up = parents[up] {
			if up == to.CategoryID {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids, nil
}

// announced limits a query of users to the audience.
func announced(q sq.SelectBuilder, to xunjia.AnnouncementAudience, categories []int64) sq.SelectBuilder {
	q = q.Where(sq.Eq{"disabled": 0}).Where(sq.Gt{"registered_at": 0})
	if to.Province != "" {
		q = q.Where(sq.GtOrEq{"area": string(to.Province)}).Where(sq.Lt{"area": string(to.Province[:2]) + "9999"})
	}
	if to.Kind != 0 {
		q = q.Where(sq.Eq{"kind": int(to.Kind)})
	}
	if len(categories) > 0 {
		follows := sq.Select("user_id").From("user_category").Where(sq.Eq{"category_id": categories})
		q = q.Where(sq.Expr("id IN (?)", follows))
	}
	return q
}

// announceWindow is how many users, matching or not, one part of an audience is
// looked for in.
const announceWindow = 5000

// announcedTo lists a part of an announcement's audience; nobody once it is
// withdrawn.
func (s *Store) announcedTo(ctx context.Context, q AudienceQuery) (people []Recipient, next int64, err error) {
	a, err := s.Announcement(ctx, q.Facts.Announcement.ID)
	if err != nil || !a.WithdrawnAt.IsZero() {
		return nil, 0, err
	}
	categories, err := s.announcementCategories(ctx, a.To)
	if xunjia.ErrorCode(err) == xunjia.Invalid {
		return nil, 0, nil // the category is gone
	}
	if err != nil {
		return nil, 0, err
	}
	end, err := one(ctx, s.db, sq.Select("id").From("users").Where(sq.Gt{"id": q.After}).OrderBy("id").Limit(1).Offset(announceWindow-1), scanInt)
	last := errors.Is(err, sql.ErrNoRows)
	if err != nil && !last {
		return nil, 0, err
	}
	query := announced(sq.Select("id").From("users").Where(sq.Gt{"id": q.After}), a.To, categories)
	if !last {
		query = query.Where(sq.LtOrEq{"id": end})
	}
	people, err = all(ctx, s.db, query.OrderBy("id").Limit(uint64(q.Limit)), func(row scanner) (r Recipient, err error) {
		return r, row.Scan(&r.ID)
	})
	switch {
	case err != nil:
		return nil, 0, err
	case len(people) == q.Limit:
		next = people[q.Limit-1].ID
	case !last:
		next = end
	}
	return people, next, nil
}

// WithdrawAnnouncement takes an announcement back: nobody is told any more, and
// it leaves the inboxes soon. It fails with NotFound, and with Conflict when it
// was withdrawn already.
func (s *Store) WithdrawAnnouncement(ctx context.Context, by, id int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		a, err := one(ctx, tx, selectAnnouncements().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanAnnouncement)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoAnnouncement()
		}
		if err != nil {
			return err
		}
		if !a.WithdrawnAt.IsZero() {
			return xunjia.Errorf(xunjia.Conflict, "这条通知已经撤回了")
		}
		if _, err := exec(ctx, tx, sq.Update("announcement").Set("withdrawn_at", millis(tx.now)).Where(sq.Eq{"id": id})); err != nil {
			return err
		}
		// Without its lease the worker that tells of it cannot go on.
		if _, err := exec(ctx, tx, sq.Update("event").Set("active", 0).Set("dead", 0).Set("owner", "").Set("reason", "通知已撤回").
			Where(sq.Eq{"id": a.EventID})); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "announcement.withdrawn", Target: announcementTarget(id), Detail: "撤回通知：" + a.Title})
	})
}

// ClearAnnouncements removes up to limit inbox rows of withdrawn announcements
// and answers how many it did.
func (s *Store) ClearAnnouncements(ctx context.Context, limit int) (int, error) {
	a, err := one(ctx, s.db, selectAnnouncements().Where(sq.Gt{"withdrawn_at": 0}).Where(sq.Eq{"cleared": 0}).OrderBy("id").Limit(1), scanAnnouncement)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ids, err := all(ctx, s.db, sq.Select("id").From("notification").Where(sq.Eq{"event_id": a.EventID}).Limit(uint64(limit)), scanInt)
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		_, err = s.write(ctx, sq.Update("announcement").Set("cleared", 1).Where(sq.Eq{"id": a.ID}))
		return 0, err
	}
	n, err := s.write(ctx, sq.Delete("notification").Where(sq.Eq{"id": ids}))
	return int(n), err
}
