package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectUsers() sq.SelectBuilder {
	return sq.Select("id", "phone", "kind", "name", "area", "disabled", "created_at", "registered_at",
		"company_id", "company_role", "certified_until").From("users")
}

func scanUser(row scanner) (u xunjia.User, err error) {
	var created, registered, certified int64
	err = row.Scan(&u.ID, &u.Phone, &u.Kind, &u.Name, &u.Area, &u.Disabled, &created, &registered,
		&u.CompanyID, &u.CompanyRole, &certified)
	u.CreatedAt, u.RegisteredAt, u.CertifiedUntil = moment(created), moment(registered), moment(certified)
	return u, err
}

// RegisterPhone finds the user of a verified phone number (of a merged account:
// the one that was kept), or makes one, and
// binds the WeChat identity to him (0 binds none). It is Forbidden for a
// disabled user, NotFound for an unknown identity and Conflict when the
// identity belongs to somebody else.
func (s *Store) RegisterPhone(ctx context.Context, phone xunjia.Phone, identityID int64) (u xunjia.User, err error) {
	known, err := s.phoneKnown(ctx, phone)
	if err != nil {
		return u, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		u, err = s.registerPhone(ctx, tx, phone, identityID, known)
		return err
	})
	if err != nil {
		return xunjia.User{}, err
	}
	return u, nil
}

// phoneKnown tells whether a phone leads to a user. It is asked before the
// transaction, since a locking read of a missing phone would lock the gap in
// which others are about to register.
func (s *Store) phoneKnown(ctx context.Context, phone xunjia.Phone) (bool, error) {
	_, err := userOfPhone(ctx, s.db, phone)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) registerPhone(ctx context.Context, tx *tx, phone xunjia.Phone, identityID int64, known bool) (xunjia.User, error) {
	if !known {
		_, err := insert(ctx, tx, sq.Insert("users").
			Columns("phone", "kind", "name", "area", "disabled", "created_at", "registered_at").
			Values(phone, 0, "", "", 0, millis(tx.now), 0))
		if err != nil && !isDuplicate(err) { // taken: the same person's other browser was faster
			return xunjia.User{}, err
		}
	}
	u, err := lockPhone(ctx, tx, phone)
	if err != nil {
		return u, err
	}
	return u, s.bindIdentity(ctx, tx, identityID, u.ID)
}

// userOfPhone is the id of the user with a phone, or of the account that his was
// merged into; NotFound for a phone that nobody has.
func userOfPhone(ctx context.Context, r runner, phone xunjia.Phone) (int64, error) {
	id, err := one(ctx, r, sq.Select("id").From("users").Where(sq.Eq{"phone": phone}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		id, err = one(ctx, r, sq.Select("merged_into").From("users").Where(sq.Eq{"merged_phone": phone}).
			Where(sq.NotEq{"merged_into": 0}).OrderBy("merged_at DESC").Limit(1), scanInt)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errNoUser()
	}
	return id, err
}

// lockPhone locks the user whom a proved phone leads to; NotFound, or Forbidden
// for a disabled one.
func lockPhone(ctx context.Context, tx *tx, phone xunjia.Phone) (xunjia.User, error) {
	u, err := one(ctx, tx, selectUsers().Where(sq.Eq{"phone": phone}).Suffix(tx.lock), scanUser)
	if err == nil && u.Disabled {
		return u, errDisabled()
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return u, err
	}
	id, err := userOfPhone(ctx, tx, phone)
	if err != nil {
		return u, err
	}
	return active(ctx, tx, id)
}

// UserOfPhone answers the user whom a phone leads to, also that of an account
// which was merged into his; NotFound when nobody has it.
func (s *Store) UserOfPhone(ctx context.Context, phone xunjia.Phone) (xunjia.User, error) {
	id, err := userOfPhone(ctx, s.db, phone)
	if err != nil {
		return xunjia.User{}, err
	}
	return s.User(ctx, id)
}

func errDisabled() error {
	return xunjia.Errorf(xunjia.Forbidden, "您的账号已停用，如有疑问请联系客服")
}

func (s *Store) bindIdentity(ctx context.Context, tx *tx, identityID, userID int64) error {
	if identityID == 0 {
		return nil
	}
	n, err := exec(ctx, tx, sq.Update("wechat_identity").Set("user_id", userID).
		Where(sq.Eq{"id": identityID, "user_id": []int64{0, userID}}))
	if err != nil || n > 0 {
		return err
	}
	_, err = one(ctx, tx, sq.Select("user_id").From("wechat_identity").Where(sq.Eq{"id": identityID}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.Errorf(xunjia.NotFound, "微信身份已失效，请关闭页面后重新进入")
	}
	if err != nil {
		return err
	}
	return xunjia.Errorf(xunjia.Conflict, "这个微信已绑定其他手机号，请用原来的手机号登录")
}

// User finds a user by id; NotFound when there is none.
func (s *Store) User(ctx context.Context, id int64) (xunjia.User, error) {
	u, err := one(ctx, s.db, selectUsers().Where(sq.Eq{"id": id}), scanUser)
	if errors.Is(err, sql.ErrNoRows) {
		return u, errNoUser()
	}
	return u, err
}

func errNoUser() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个用户") }

// Users finds several users at once, by id; those that do not exist are left
// out.
func (s *Store) Users(ctx context.Context, ids []int64) (map[int64]xunjia.User, error) {
	list, err := all(ctx, s.db, selectUsers().Where(sq.Eq{"id": ids}), scanUser)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]xunjia.User, len(list))
	for _, u := range list {
		byID[u.ID] = u
	}
	return byID, nil
}

// active is the user who does business in the transaction; NotFound or
// Forbidden when he may not. His row is locked, so that what he does comes
// before or after a merge of his account, and never in between.
func active(ctx context.Context, tx *tx, userID int64) (xunjia.User, error) {
	u, err := one(ctx, tx, selectUsers().Where(sq.Eq{"id": userID}).Suffix(tx.lock), scanUser)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return u, errNoUser()
	case err == nil && u.Disabled:
		return u, errDisabled()
	}
	return u, err
}

// SaveProfile writes the second registration step, or a later change of it; a
// certification does not outlive a change of the name that it stands for.
// The error is Invalid for a wrong profile and NotFound for an unknown user.
func (s *Store) SaveProfile(ctx context.Context, userID int64, p xunjia.Profile) (xunjia.User, error) {
	if err := p.Validate(); err != nil {
		return xunjia.User{}, err
	}
	err := s.runTx(ctx, func(tx *tx) error {
		u, err := one(ctx, tx, selectUsers().Where(sq.Eq{"id": userID}).Suffix(tx.lock), scanUser)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoUser()
		}
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("users").Set("kind", p.Kind).Set("name", p.Name).Set("area", p.Area).
			Where(sq.Eq{"id": userID})); err != nil {
			return err
		}
		if u.Name == p.Name {
			return nil
		}
		return revokeRenamed(ctx, tx, userID)
	})
	if err != nil {
		return xunjia.User{}, err
	}
	return s.User(ctx, userID)
}

// FollowCategories replaces the categories that the user follows; a group
// stands for everything below it. The first time finishes his registration.
// The error is Invalid for an empty list, an unknown category or too many.
func (s *Store) FollowCategories(ctx context.Context, userID int64, ids []int64) (u xunjia.User, err error) {
	categories, err := s.Categories(ctx)
	if err != nil {
		return u, err
	}
	ids, err = leaves(categories, ids)
	if err != nil {
		return u, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		// The user's row is the lock for his categories.
		before, err := one(ctx, tx, sq.Select("registered_at").From("users").Where(sq.Eq{"id": userID}).Suffix(s.dialect.forUpdate()), scanInt)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoUser()
		}
		if err != nil {
			return err
		}
		if before == 0 {
			if _, err := exec(ctx, tx, sq.Update("users").Set("registered_at", millis(tx.now)).Where(sq.Eq{"id": userID})); err != nil {
				return err
			}
			if _, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.UserRegistered, Actor: userID}); err != nil {
				return err
			}
		}
		if _, err := exec(ctx, tx, sq.Delete("user_category").Where(sq.Eq{"user_id": userID})); err != nil {
			return err
		}
		rows := sq.Insert("user_category").Columns("user_id", "category_id")
		for _, id := range ids {
			rows = rows.Values(userID, id)
		}
		if _, err := exec(ctx, tx, rows); err != nil {
			return err
		}
		u, err = one(ctx, tx, selectUsers().Where(sq.Eq{"id": userID}), scanUser)
		return err
	})
	return u, err
}

// leaves checks the chosen categories and puts the goods of a group in its place.
func leaves(tree []xunjia.Category, chosen []int64) ([]int64, error) {
	children := map[int64][]int64{}
	known := map[int64]bool{}
	for _, c := range tree {
		children[c.ParentID] = append(children[c.ParentID], c.ID)
		known[c.ID] = true
	}
	var out []int64
	var add func(id int64)
	add = func(id int64) {
		if len(children[id]) == 0 {
			out = append(out, id)
		}
		for _, child := range children[id] {
			add(child)
		}
	}
	for _, id := range chosen {
		if !known[id] {
			return nil, xunjia.FieldErrors{"categories": "有品种已下架，请重新选择"}.Err()
		}
		add(id)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	f := xunjia.FieldErrors{}
	if len(out) == 0 {
		f.Add("categories", "请至少选择一个品种")
	}
	if len(out) > xunjia.MaxFollowedCategories {
		f.Add("categories", "最多关注 %d 个品种", xunjia.MaxFollowedCategories)
	}
	return out, f.Err()
}

// FollowedCategories lists the ids of the categories that the user follows, in
// their order; none of them is a group.
func (s *Store) FollowedCategories(ctx context.Context, userID int64) ([]int64, error) {
	return all(ctx, s.db, sq.Select("category_id").From("user_category").
		Where(sq.Eq{"user_id": userID}).OrderBy("category_id"), scanInt)
}
