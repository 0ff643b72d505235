package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectMenu() sq.SelectBuilder {
	return sq.Select("id", "number", "state", "buttons", "staff_id", "origin", "reason", "created_at", "published_at").From("menu_version")
}

func scanMenu(row scanner) (m xunjia.MenuVersion, err error) {
	var buttons string
	var created, published int64
	if err = row.Scan(&m.ID, &m.Number, &m.State, &buttons, &m.Staff, &m.Origin, &m.Reason, &created, &published); err != nil {
		return m, err
	}
	m.CreatedAt, m.PublishedAt = moment(created), moment(published)
	m.Buttons, err = parseList[xunjia.MenuButton](buttons)
	return m, err
}

func errNoMenu() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个菜单版本") }

// MenuDraft answers the account's draft, or NotFound.
func (s *Store) MenuDraft(ctx context.Context, appID string) (xunjia.MenuVersion, error) {
	return s.MenuVersion(ctx, appID, 0)
}

// MenuVersion answers a version by its number, or NotFound.
func (s *Store) MenuVersion(ctx context.Context, appID string, number int64) (xunjia.MenuVersion, error) {
	m, err := one(ctx, s.db, selectMenu().Where(sq.Eq{"app_id": appID, "number": number}), scanMenu)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNoMenu()
	}
	return m, err
}

// PublishedMenu answers the version that the platform took last, or NotFound.
func (s *Store) PublishedMenu(ctx context.Context, appID string) (xunjia.MenuVersion, error) {
	m, err := one(ctx, s.db, selectMenu().Where(sq.Eq{"app_id": appID, "state": xunjia.MenuPublished}).
		OrderBy("number DESC").Limit(1), scanMenu)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNoMenu()
	}
	return m, err
}

// MenuVersions lists what was handed to the platform, newest first.
func (s *Store) MenuVersions(ctx context.Context, appID string, p xunjia.Page) (xunjia.List[xunjia.MenuVersion], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.MenuVersion]{}, err
	}
	q := selectMenu().Where(sq.Eq{"app_id": appID}).Where(sq.Gt{"number": 0})
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id"), scanMenu)
	if err != nil {
		return xunjia.List[xunjia.MenuVersion]{}, err
	}
	return cut(k, rows, func(m xunjia.MenuVersion) (time.Time, int64) { return m.CreatedAt, m.ID }), nil
}

// SaveMenuDraft keeps what staff edited. It need not be publishable.
func (s *Store) SaveMenuDraft(ctx context.Context, appID string, staff int64, buttons []xunjia.MenuButton) error {
	return s.runTx(ctx, func(tx *tx) error {
		if _, err := exec(ctx, tx, sq.Insert("menu_version").
			Columns("app_id", "number", "state", "buttons", "staff_id", "created_at").
			Values(appID, 0, xunjia.MenuDraft, jsonList(buttons), staff, millis(tx.now)).
			Suffix(s.dialect.upsert([]string{"app_id", "number"}, "buttons", "staff_id", "created_at"))); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "menu.saved", Target: "menu:0", Detail: "保存菜单草稿"})
	})
}

// BeginMenuVersion notes a menu that is about to be handed to the platform;
// origin is the version that it repeats, 0 for none. FinishMenuVersion notes
// the answer. The error is Invalid for a menu that the platform would refuse.
func (s *Store) BeginMenuVersion(ctx context.Context, appID string, staff, origin int64, buttons []xunjia.MenuButton) (m xunjia.MenuVersion, err error) {
	if err := xunjia.ValidateMenu(buttons); err != nil {
		return m, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		// The draft's row is the lock for the numbers.
		if _, err := exec(ctx, tx, sq.Insert("menu_version").
			Columns("app_id", "number", "state", "buttons", "staff_id", "created_at").
			Values(appID, 0, xunjia.MenuDraft, jsonList(buttons), staff, millis(tx.now)).
			Suffix(s.dialect.upsert([]string{"app_id", "number"}, "app_id"))); err != nil {
			return err
		}
		last, err := one(ctx, tx, sq.Select("number").From("menu_version").Where(sq.Eq{"app_id": appID}).
			OrderBy("number DESC").Limit(1).Suffix(s.dialect.forUpdate()), scanInt)
		if err != nil {
			return err
		}
		m = xunjia.MenuVersion{Number: last + 1, State: xunjia.MenuPublishing, Buttons: buttons, Staff: staff, Origin: origin, CreatedAt: tx.now}
		m.ID, err = insert(ctx, tx, sq.Insert("menu_version").
			Columns("app_id", "number", "state", "buttons", "staff_id", "origin", "created_at").
			Values(appID, m.Number, m.State, jsonList(buttons), staff, origin, millis(tx.now)))
		return err
	})
	return m, err
}

// FinishMenuVersion notes what the platform said: published, or failed with a
// reason for staff. The second time it is a Conflict.
func (s *Store) FinishMenuVersion(ctx context.Context, id int64, reason string) error {
	return s.runTx(ctx, func(tx *tx) error {
		set := sq.Update("menu_version").Set("state", xunjia.MenuPublished).Set("published_at", millis(tx.now))
		if reason != "" {
			set = sq.Update("menu_version").Set("state", xunjia.MenuFailed).Set("reason", truncate(reason, 255))
		}
		n, err := exec(ctx, tx, set.Where(sq.Eq{"id": id, "state": xunjia.MenuPublishing}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Conflict, "这个版本的结果已经记录")
		}
		m, err := one(ctx, tx, selectMenu().Where(sq.Eq{"id": id}), scanMenu)
		if err != nil || m.Staff == 0 {
			return err
		}
		a := xunjia.Audit{Staff: m.Staff, Action: "menu.published", Target: fmt.Sprintf("menu:%d", m.Number), Detail: fmt.Sprintf("发布菜单第 %d 版", m.Number)}
		if m.Origin != 0 {
			a.Action, a.Detail = "menu.rolled_back", a.Detail+fmt.Sprintf("，内容同第 %d 版", m.Origin)
		}
		if reason != "" {
			a.Action, a.Detail = "menu.failed", a.Detail+"，未成功："+reason
		}
		return tx.audit(ctx, a)
	})
}

func scanConditionalMenu(row scanner) (m xunjia.ConditionalMenu, err error) {
	var buttons string
	var created int64
	if err = row.Scan(&m.ID, &m.MenuID, &m.TagID, &buttons, &m.Staff, &created); err != nil {
		return m, err
	}
	m.CreatedAt = moment(created)
	err = json.Unmarshal([]byte(buttons), &m.Buttons)
	return m, err
}

// maxConditionalMenus bounds how many are listed; the platform wants few.
const maxConditionalMenus = 100

// ConditionalMenus lists the account's menus for tags, newest first: of two
// that match, the first one counts.
func (s *Store) ConditionalMenus(ctx context.Context, appID string) ([]xunjia.ConditionalMenu, error) {
	return all(ctx, s.db, sq.Select("id", "menu_id", "tag_id", "buttons", "staff_id", "created_at").From("conditional_menu").
		Where(sq.Eq{"app_id": appID, "deleted_at": 0}).OrderBy("created_at DESC", "id DESC").Limit(maxConditionalMenus), scanConditionalMenu)
}

// AddConditionalMenu notes a menu for a tag that the platform has taken.
func (s *Store) AddConditionalMenu(ctx context.Context, appID string, m xunjia.ConditionalMenu) (xunjia.ConditionalMenu, error) {
	err := s.runTx(ctx, func(tx *tx) (err error) {
		m.CreatedAt = tx.now
		m.ID, err = insert(ctx, tx, sq.Insert("conditional_menu").
			Columns("app_id", "menu_id", "tag_id", "buttons", "staff_id", "created_at").
			Values(appID, m.MenuID, m.TagID, jsonList(m.Buttons), m.Staff, millis(tx.now)))
		if err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: m.Staff, Action: "menu.condition_added", Target: "conditional_menu:" + m.MenuID,
			Detail: fmt.Sprintf("给标签 %d 的粉丝单独设置菜单", m.TagID)})
	})
	return m, err
}

// RemoveConditionalMenu notes that the platform has forgotten one; NotFound
// when there is none.
func (s *Store) RemoveConditionalMenu(ctx context.Context, appID string, id, staff int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("conditional_menu").Set("deleted_at", millis(tx.now)).
			Where(sq.Eq{"id": id, "app_id": appID, "deleted_at": 0}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.NotFound, "没有找到这个个性化菜单")
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "menu.condition_removed", Target: fmt.Sprintf("conditional_menu:%d", id), Detail: "删除个性化菜单"})
	})
}
