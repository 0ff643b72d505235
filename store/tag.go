package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func scanTag(row scanner) (t xunjia.FanTag, err error) {
	err = row.Scan(&t.ID, &t.Name, &t.Fans)
	return t, err
}

func selectTag(appID string) sq.SelectBuilder {
	return sq.Select("tag_id", "name", "fans").From("wechat_tag").Where(sq.Eq{"app_id": appID})
}

// FanTags lists the account's tags as the platform told last.
func (s *Store) FanTags(ctx context.Context, appID string) ([]xunjia.FanTag, error) {
	return all(ctx, s.db, selectTag(appID).OrderBy("tag_id").Limit(2*xunjia.MaxTags), scanTag)
}

// FanTag answers one, or NotFound.
func (s *Store) FanTag(ctx context.Context, appID string, id int64) (xunjia.FanTag, error) {
	t, err := one(ctx, s.db, selectTag(appID).Where(sq.Eq{"tag_id": id}), scanTag)
	if errors.Is(err, sql.ErrNoRows) {
		return t, xunjia.Errorf(xunjia.NotFound, "没有找到这个标签")
	}
	return t, err
}

// ReplaceFanTags notes every tag of the account; those that are gone leave
// their fans.
func (s *Store) ReplaceFanTags(ctx context.Context, appID string, tags []xunjia.FanTag) error {
	return s.runTx(ctx, func(tx *tx) error {
		gone, kept := sq.Delete("wechat_tag").Where(sq.Eq{"app_id": appID}), make([]int64, len(tags))
		for i, t := range tags {
			kept[i] = t.ID
		}
		if _, err := exec(ctx, tx, gone); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Delete("fan_tag").Where(sq.Eq{"app_id": appID}).Where(sq.NotEq{"tag_id": kept})); err != nil || len(tags) == 0 {
			return err
		}
		rows := sq.Insert("wechat_tag").Columns("app_id", "tag_id", "name", "fans", "synced_at")
		for _, t := range tags {
			rows = rows.Values(appID, t.ID, truncate(t.Name, 64), t.Fans, millis(tx.now))
		}
		_, err := exec(ctx, tx, rows)
		return err
	})
}

// SaveFanTag notes a tag that the platform has made or renamed.
func (s *Store) SaveFanTag(ctx context.Context, appID string, staff int64, t xunjia.FanTag) error {
	return s.runTx(ctx, func(tx *tx) error {
		if _, err := exec(ctx, tx, sq.Insert("wechat_tag").Columns("app_id", "tag_id", "name", "fans", "synced_at").
			Values(appID, t.ID, truncate(t.Name, 64), t.Fans, millis(tx.now)).
			Suffix(s.dialect.upsert([]string{"app_id", "tag_id"}, "name"))); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "tag.saved", Target: fmt.Sprintf("tag:%d", t.ID), Detail: "标签“" + t.Name + "”"})
	})
}

// RemoveFanTag notes that the platform has deleted a tag, also from its fans.
func (s *Store) RemoveFanTag(ctx context.Context, appID string, staff, id int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		for _, table := range []string{"wechat_tag", "fan_tag"} {
			if _, err := exec(ctx, tx, sq.Delete(table).Where(sq.Eq{"app_id": appID, "tag_id": id})); err != nil {
				return err
			}
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "tag.deleted", Target: fmt.Sprintf("tag:%d", id), Detail: "删除标签"})
	})
}

// TagFans notes that the platform has put a tag on fans, or taken it off.
func (s *Store) TagFans(ctx context.Context, appID string, staff, tag int64, ids []int64, on bool) error {
	if len(ids) == 0 {
		return nil
	}
	return s.runTx(ctx, func(tx *tx) error {
		if _, err := exec(ctx, tx, sq.Delete("fan_tag").Where(sq.Eq{"app_id": appID, "tag_id": tag, "identity_id": ids})); err != nil {
			return err
		}
		a := xunjia.Audit{Staff: staff, Action: "fan.untagged", Target: fmt.Sprintf("tag:%d", tag), Detail: fmt.Sprintf("从 %d 位粉丝去掉标签", len(ids))}
		if on {
			a.Action, a.Detail = "fan.tagged", fmt.Sprintf("给 %d 位粉丝加上标签", len(ids))
			rows := sq.Insert("fan_tag").Columns("app_id", "tag_id", "identity_id")
			for _, id := range ids {
				rows = rows.Values(appID, tag, id)
			}
			if _, err := exec(ctx, tx, rows); err != nil {
				return err
			}
		}
		return tx.audit(ctx, a)
	})
}

// replaceTags notes all tags of one fan.
func replaceTags(ctx context.Context, tx *tx, appID string, id int64, tags []int64) error {
	if _, err := exec(ctx, tx, sq.Delete("fan_tag").Where(sq.Eq{"identity_id": id})); err != nil || len(tags) == 0 {
		return err
	}
	rows := sq.Insert("fan_tag").Columns("app_id", "tag_id", "identity_id")
	for _, t := range tags {
		rows = rows.Values(appID, t, id)
	}
	_, err := exec(ctx, tx, rows)
	return err
}
