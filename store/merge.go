package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// mergeHow is what a merge does with a column that holds a user's id.
type mergeHow string

const (
	moves mergeHow = "moves" // to the kept account; what would collide with a row of its own is dropped
	ends  mergeHow = "ends"  // the rows are deleted
	stays mergeHow = "stays" // as a record of what happened
	apart mergeHow = "apart" // code of its own, named by why
	staff mergeHow = "staff" // a member of staff's id, or no person's at all
)

// mergeColumn is one column that holds user ids.
type mergeColumn struct {
	table, column string
	how           mergeHow
	key           []string // of moves: the other columns of the unique key that the column is part of
	why           string
}

// mergePlan is the one list of every column that holds the id of a user, or
// looks like it, and what becomes of it when two accounts are merged. A test
// reads the schema and fails for a column that is missing here. The rows are
// dealt with in this order.
func mergePlan() []mergeColumn {
	return []mergeColumn{
		{table: "session", column: "user_id", how: apart, why: "endSessions: the cache must hear of it"},
		{table: "merge_request", column: "user_id", how: ends},
		{table: "merge_request", column: "other_id", how: ends},
		{table: "users", column: "merged_into", how: moves},
		{table: "credential", column: "user_id", how: apart, why: "mergeCredential: the kept account's own come first"},
		{table: "wechat_identity", column: "user_id", how: moves},
		{table: "user_category", column: "user_id", how: apart, why: "mergeCategories: a union with an upper bound"},
		{table: "purchase", column: "buyer_id", how: apart, why: "mergePurchases: form keys are unique for a buyer"},
		{table: "purchase_version", column: "editor_id", how: moves},
		{table: "quote", column: "supplier_id", how: apart, why: "mergeQuotes: one for each line, none on one's own purchase"},
		{table: "deal", column: "buyer_id", how: moves},
		{table: "deal_change", column: "user_id", how: moves},
		{table: "deal_attachment", column: "user_id", how: moves},
		{table: "deal_rating", column: "rater_id", how: moves},
		{table: "deal_rating", column: "rated_id", how: moves},
		{table: "dispute_entry", column: "user_id", how: moves},
		{table: "deal", column: "supplier_id", how: moves},
		{table: "price_sample", column: "buyer_id", how: moves},
		{table: "price_sample", column: "supplier_id", how: moves},
		{table: "invitation", column: "supplier_id", how: moves, key: []string{"purchase_id"}},
		{table: "invitation", column: "invited_by", how: moves},
		{table: "invite_link", column: "created_by", how: moves},
		{table: "question", column: "asker_id", how: moves},
		{table: "question", column: "answered_by", how: moves},
		{table: "purchase_opening", column: "opened_by", how: moves},
		{table: "company", column: "created_by", how: moves},
		{table: "media", column: "owner_id", how: moves},
		{table: "notification", column: "receiver", how: moves, key: []string{"event_id"}},
		{table: "notification", column: "sender", how: moves},
		{table: "event", column: "actor", how: apart, why: "mergeEvents: those that are still to be told"},
		{table: "event", column: "owner", how: staff, why: "token of a lease"},
		{table: "delivery", column: "recipient", how: stays, why: "what was sent to whom; what is under way carries its address"},
		{table: "delivery", column: "owner", how: staff, why: "token of a lease"},
		{table: "push", column: "supplier_id", how: stays, why: "whom a line was told to; moving it would read every push"},
		{table: "push_load", column: "supplier_id", how: ends},
		{table: "growth_entry", column: "user_id", how: apart, why: "mergeGrowth: what counts once counts once"},
		{table: "growth_entry", column: "partner_id", how: moves},
		{table: "certification", column: "user_id", how: moves},
		{table: "purchase_draft", column: "user_id", how: moves, key: []string{"form_key"}},
		{table: "known_device", column: "user_id", how: moves, key: []string{"agent"}},
		{table: "showcase", column: "user_id", how: ends},
		{table: "user_figures", column: "user_id", how: ends},
		{table: "company_link", column: "created_by", how: moves},
		{table: "company_entry", column: "actor_id", how: moves},
		{table: "company_entry", column: "member_id", how: moves},
		{table: "quote_quota", column: "user_id", how: moves, key: []string{"week"}},
		{table: "line_decline", column: "supplier_id", how: moves, key: []string{"line_id"}},
		{table: "preference", column: "user_id", how: apart, why: "mergePreferences: the kept account's own come first"},
		{table: "growth_account", column: "user_id", how: apart, why: "mergeGrowth: the sum of the entries"},
		{table: "scan_login", column: "user_id", how: stays, why: "lives for five minutes and ends at a disabled account"},
		{table: "reply_rule", column: "updated_by", how: staff},
		{table: "inbound", column: "owner", how: staff, why: "token of a lease"},
		{table: "fan_sync", column: "owner", how: staff, why: "token of a lease"},
		{table: "wechat_credential", column: "owner", how: staff, why: "token of a lease"},
	}
}

// AskMerge begins the merge of two accounts of one person: that of the session
// and the other one, whose phone he has proved already or has yet to prove. It
// takes the place of a merge begun before in this session. The error is what
// xunjia.CanMerge says.
func (s *Store) AskMerge(ctx context.Context, sessionID string, userID, otherID int64, proved bool) error {
	return s.runTx(ctx, func(tx *tx) error {
		pair, err := lockPair(ctx, tx, userID, otherID)
		if err != nil {
			return err
		}
		if err := xunjia.CanMerge(pair[userID], pair[otherID]); err != nil {
			return err
		}
		at := int64(0)
		if proved {
			at = millis(tx.now)
		}
		_, err = exec(ctx, tx, sq.Insert("merge_request").Columns("session_id", "user_id", "other_id", "proved_at", "created_at").
			Values(sessionID, userID, otherID, at, millis(tx.now)).
			Suffix(s.dialect.upsert([]string{"session_id"}, "user_id", "other_id", "proved_at", "created_at")))
		return err
	})
}

// lockPair locks two users, always in the same order; NotFound when one of them
// does not exist.
func lockPair(ctx context.Context, tx *tx, a, b int64) (map[int64]xunjia.User, error) {
	list, err := all(ctx, tx, selectUsers().Where(sq.Eq{"id": []int64{a, b}}).OrderBy("id").Suffix(tx.lock), scanUser)
	if err != nil {
		return nil, err
	}
	pair := map[int64]xunjia.User{}
	for _, u := range list {
		pair[u.ID] = u
	}
	if pair[a].ID == 0 || pair[b].ID == 0 {
		return nil, errNoUser()
	}
	return pair, nil
}

// MergeView is a merge that somebody thinks over.
type MergeView struct {
	Mine, Other xunjia.MergeSide
	Proved      bool // the other's phone
	SameLine    int  // lines on which both have quoted
	BothTaken   int  // those of them where both quotes were accepted: nothing can be merged
	Own         int  // quotes of one on purchases of the other that still wait
}

func errNoMerge() error {
	return xunjia.Errorf(xunjia.NotFound, "没有找到正在合并的账号，请重新开始")
}

type mergeRequest struct {
	other  int64
	proved bool
}

func selectMerge(sessionID string, userID int64) sq.SelectBuilder {
	return sq.Select("other_id", "proved_at").From("merge_request").Where(sq.Eq{"session_id": sessionID, "user_id": userID})
}

func scanMerge(row scanner) (m mergeRequest, err error) {
	var at int64
	err = row.Scan(&m.other, &at)
	m.proved = at != 0
	return m, err
}

// MergeOf answers the merge that was begun in a session, with both accounts as
// they stand now; NotFound when there is none, or none any more.
func (s *Store) MergeOf(ctx context.Context, sessionID string, userID int64) (v MergeView, err error) {
	m, err := one(ctx, s.db, selectMerge(sessionID, userID).Where(sq.Gt{"created_at": millis(s.now().Add(-xunjia.MergeLifetime))}), scanMerge)
	if errors.Is(err, sql.ErrNoRows) {
		return v, errNoMerge()
	}
	if err != nil {
		return v, err
	}
	v.Proved = m.proved
	if v.Mine, err = s.mergeSide(ctx, userID); err != nil {
		return v, err
	}
	if v.Other, err = s.mergeSide(ctx, m.other); err != nil {
		return v, err
	}
	both := sq.Select("COUNT(*)").From("quote a").Join("quote b ON b.line_id = a.line_id").Where(sq.Eq{"a.supplier_id": userID, "b.supplier_id": m.other})
	for _, c := range []struct {
		into  *int
		query sq.SelectBuilder
	}{
		{&v.SameLine, both},
		{&v.BothTaken, both.Where(sq.Eq{"a.state": xunjia.Accepted, "b.state": xunjia.Accepted})},
		{&v.Own, sq.Select("COUNT(*)").From("quote q").Join("purchase p ON p.id = q.purchase_id").
			Where(sq.Eq{"q.supplier_id": []int64{userID, m.other}, "p.buyer_id": []int64{userID, m.other}, "q.state": xunjia.Pending})},
	} {
		n, err := one(ctx, s.db, c.query, scanInt)
		if err != nil {
			return v, err
		}
		*c.into = int(n)
	}
	return v, nil
}

func (s *Store) mergeSide(ctx context.Context, userID int64) (side xunjia.MergeSide, err error) {
	if side.User, err = s.User(ctx, userID); err != nil {
		return side, err
	}
	if side.Email, side.HasPassword, err = s.PasswordOf(ctx, userID); err != nil {
		return side, err
	}
	for _, c := range []struct {
		into          *int
		table, column string
	}{
		{&side.Purchases, "purchase", "buyer_id"}, {&side.Quotes, "quote", "supplier_id"},
		{&side.Identities, "wechat_identity", "user_id"}, {&side.Categories, "user_category", "user_id"},
	} {
		n, err := one(ctx, s.db, sq.Select("COUNT(*)").From(c.table).Where(sq.Eq{c.column: userID}), scanInt)
		if err != nil {
			return side, err
		}
		*c.into = int(n)
	}
	return side, nil
}

// ProveMerge notes that the other account's phone was proved; NotFound when no
// merge was begun.
func (s *Store) ProveMerge(ctx context.Context, sessionID string, userID int64) error {
	now := s.now()
	n, err := s.write(ctx, sq.Update("merge_request").Set("proved_at", millis(now)).Where(sq.Eq{"session_id": sessionID, "user_id": userID}).
		Where(sq.Gt{"created_at": millis(now.Add(-xunjia.MergeLifetime))}))
	if err == nil && n == 0 {
		return errNoMerge()
	}
	return err
}

// DropMerge forgets a merge; one that is not there is no error.
func (s *Store) DropMerge(ctx context.Context, sessionID string) error {
	_, err := s.write(ctx, sq.Delete("merge_request").Where(sq.Eq{"session_id": sessionID}))
	return err
}

// Merge turns the two accounts of a begun merge into one, for good: keep is the
// id of the one that remains, and the other one's things become its own as
// mergePlan says. It uses up the session's proof. Errors: Unauthorized without a
// proof, NotFound without a begun merge whose other phone was proved, Invalid
// for a keep that is neither, Conflict when the rules forbid it.
func (s *Store) Merge(ctx context.Context, sessionID string, userID, keep int64) (u xunjia.User, err error) {
	var ended []string
	err = s.runTx(ctx, func(tx *tx) error {
		if err := useProof(ctx, tx, sessionID, userID); err != nil {
			return err
		}
		m, err := one(ctx, tx, selectMerge(sessionID, userID).Where(sq.Gt{"created_at": millis(tx.now.Add(-xunjia.MergeLifetime))}).Suffix(tx.lock), scanMerge)
		if errors.Is(err, sql.ErrNoRows) || err == nil && !m.proved {
			return errNoMerge()
		}
		if err != nil {
			return err
		}
		pair, err := lockPair(ctx, tx, userID, m.other)
		if err != nil {
			return err
		}
		kept, gone := pair[userID], pair[m.other]
		if keep == gone.ID {
			kept, gone = gone, kept
		} else if keep != kept.ID {
			return xunjia.Errorf(xunjia.Invalid, "请选择要保留的账号")
		}
		if err := xunjia.CanMerge(kept, gone); err != nil {
			return err
		}
		u = xunjia.MergedUser(kept, gone)
		if err := s.mergeRows(ctx, tx, u, gone.ID); err != nil {
			return err
		}
		if err := mergeUsers(ctx, tx, u, gone); err != nil {
			return err
		}
		ended, err = endSessions(ctx, tx, gone.ID, "")
		return err
	})
	if err != nil {
		return xunjia.User{}, err
	}
	s.cache.end(ctx, ended...)
	return u, nil
}

// mergeUsers writes the kept account and shuts the other one, whose phone leads
// to the kept one from now on.
func mergeUsers(ctx context.Context, tx *tx, kept, gone xunjia.User) error {
	n, err := exec(ctx, tx, sq.Update("users").SetMap(map[string]any{
		"disabled": 1, "merged_into": kept.ID, "merged_at": millis(tx.now), "merged_phone": gone.Phone,
		"phone": fmt.Sprintf("m%d", gone.ID), "company_id": 0, "company_role": xunjia.NoCompanyRole,
	}).Where(sq.Eq{"id": gone.ID, "disabled": 0}))
	if err != nil {
		return err
	}
	if n == 0 {
		return xunjia.Errorf(xunjia.Conflict, "这个账号刚刚有变化，请重新开始")
	}
	_, err = exec(ctx, tx, sq.Update("users").SetMap(map[string]any{
		"kind": kept.Kind, "name": kept.Name, "area": kept.Area, "company_id": kept.CompanyID, "company_role": kept.CompanyRole,
		"certified_until": millis(kept.CertifiedUntil), "registered_at": millis(kept.RegisteredAt),
	}).Where(sq.Eq{"id": kept.ID}))
	return err
}

// mergeStep is code for columns that are dealt with apart.
type mergeStep func(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error

// mergeRows deals with everything that mergePlan names, but sessions.
func (s *Store) mergeRows(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	for _, c := range mergePlan() {
		var err error
		switch c.how {
		case moves:
			err = moveRows(ctx, tx, c, kept.ID, gone)
		case ends:
			_, err = exec(ctx, tx, sq.Delete(c.table).Where(sq.Eq{c.column: gone}))
		}
		if err != nil {
			return err
		}
	}
	for _, merge := range []mergeStep{
		s.mergeCredential, mergeCategories, mergePurchases, s.mergeQuotes, mergeEvents, s.mergeGrowth, s.mergePreferences,
	} {
		if err := merge(ctx, tx, kept, gone); err != nil {
			return err
		}
	}
	return nil
}

func moveRows(ctx context.Context, tx *tx, c mergeColumn, kept, gone int64) error {
	if len(c.key) > 0 {
		columns := strings.Join(c.key, ", ")
		if _, err := exec(ctx, tx, sq.Delete(c.table).Where(sq.Eq{c.column: gone}).
			Where("("+columns+") IN (SELECT "+columns+" FROM (SELECT "+columns+" FROM "+c.table+" WHERE "+c.column+" = ?) q)", kept)); err != nil {
			return err
		}
	}
	_, err := exec(ctx, tx, sq.Update(c.table).Set(c.column, kept).Where(sq.Eq{c.column: gone}))
	return err
}

// mergeCredential gives the kept account the e-mail and the password that it
// lacks.
func (s *Store) mergeCredential(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	theirs, err := s.lockCredential(ctx, tx, gone)
	if err != nil {
		return err
	}
	if _, err := exec(ctx, tx, sq.Delete("credential").Where(sq.Eq{"user_id": gone})); err != nil {
		return err
	}
	mine, err := s.lockCredential(ctx, tx, kept.ID)
	if err != nil {
		return err
	}
	if mine.email == "" && theirs.email != "" {
		if _, err := exec(ctx, tx, sq.Update("credential").Set("email", theirs.email).Where(sq.Eq{"user_id": kept.ID})); err != nil {
			return err
		}
	}
	if mine.hash == "" && theirs.hash != "" {
		return setPassword(ctx, tx, kept.ID, theirs.hash)
	}
	return nil
}

// mergeCategories adds what the other account follows, as far as there is room.
func mergeCategories(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	followed := func(user int64) ([]int64, error) {
		return all(ctx, tx, sq.Select("category_id").From("user_category").Where(sq.Eq{"user_id": user}).OrderBy("category_id"), scanInt)
	}
	mine, err := followed(kept.ID)
	if err != nil {
		return err
	}
	theirs, err := followed(gone)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, id := range theirs {
		if !slices.Contains(mine, id) && len(mine)+len(rows) < xunjia.MaxFollowedCategories {
			rows = append(rows, []any{kept.ID, id})
		}
	}
	if _, err := exec(ctx, tx, sq.Delete("user_category").Where(sq.Eq{"user_id": gone})); err != nil {
		return err
	}
	return insertRows(ctx, tx, "user_category", []string{"user_id", "category_id"}, rows)
}

// mergePurchases moves purchases. The same form sent from both accounts made two
// of them, which both stay: one gets another key.
func mergePurchases(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	same, err := all(ctx, tx, sq.Select("a.id").From("purchase a").Join("purchase b ON b.draft_key = a.draft_key").
		Where(sq.Eq{"a.buyer_id": gone, "b.buyer_id": kept.ID}), scanInt)
	if err != nil {
		return err
	}
	for _, id := range same {
		if _, err := exec(ctx, tx, sq.Update("purchase").Set("draft_key", rand.Text()).Where(sq.Eq{"id": id})); err != nil {
			return err
		}
	}
	_, err = exec(ctx, tx, sq.Update("purchase").Set("buyer_id", kept.ID).Where(sq.Eq{"buyer_id": gone}))
	return err
}

// mergeEvents moves what is still to be told: notices and points go to the
// account that remains. Older events tell what happened then.
func mergeEvents(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	ids, err := all(ctx, tx, sq.Select("id").From("event").Where(sq.Eq{"active": 1, "actor": gone}).OrderBy("id"), scanInt)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = exec(ctx, tx, sq.Update("event").Set("actor", kept.ID).Where(sq.Eq{"id": ids}))
	return err
}

// mergeGrowth moves points, but for those of tasks that count once and that both
// have done, and of events that both were given points for.
func (s *Store) mergeGrowth(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	pair := []int64{kept.ID, gone}
	slices.Sort(pair)
	for _, id := range pair {
		if _, err := s.lockGrowth(ctx, tx, id); err != nil {
			return err
		}
	}
	done, err := all(ctx, tx, sq.Select("DISTINCT task").From("growth_entry").Where(sq.Eq{"user_id": kept.ID}), scanInt)
	if err != nil {
		return err
	}
	done = slices.DeleteFunc(done, func(task int64) bool { return !xunjia.Task(task).Spec().Once })
	if _, err := exec(ctx, tx, sq.Delete("growth_entry").Where(sq.Eq{"user_id": gone, "task": done})); err != nil {
		return err
	}
	if err := moveRows(ctx, tx, mergeColumn{table: "growth_entry", column: "user_id", key: []string{"event_id", "task"}}, kept.ID, gone); err != nil {
		return err
	}
	if _, err := exec(ctx, tx, sq.Delete("growth_account").Where(sq.Eq{"user_id": gone})); err != nil {
		return err
	}
	points, err := one(ctx, tx, sq.Select("COALESCE(SUM(points), 0)").From("growth_entry").Where(sq.Eq{"user_id": kept.ID}), scanInt)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, sq.Update("growth_account").Set("points", points).Set("updated_at", millis(tx.now)).Where(sq.Eq{"user_id": kept.ID}))
	return err
}
