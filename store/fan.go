package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectFan() sq.SelectBuilder {
	return sq.Select("i.id", "i.user_id", "i.app_id", "i.open_id", "i.union_id", "i.nickname", "i.avatar_url",
		"i.subscribed", "i.consented", "i.created_at", "i.remark", "i.blocked", "i.source", "i.scene", "i.followed_at", "i.synced_at",
		"COALESCE(u.phone, '')", "COALESCE(u.name, '')", "COALESCE(u.registered_at, 0)").
		From("wechat_identity i").LeftJoin("users u ON u.id = i.user_id")
}

func scanFan(row scanner) (f xunjia.Fan, err error) {
	var created, followed, synced, registered int64
	err = row.Scan(&f.ID, &f.UserID, &f.AppID, &f.OpenID, &f.UnionID, &f.Nickname, &f.AvatarURL,
		&f.Subscribed, &f.Consented, &created, &f.Remark, &f.Blocked, &f.Source, &f.Scene, &followed, &synced,
		&f.Phone, &f.Name, &registered)
	f.CreatedAt, f.FollowedAt, f.SyncedAt, f.Registered = moment(created), moment(followed), moment(synced), registered != 0
	return f, err
}

func errNoFan() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个粉丝") }

// Fans lists the account's openids, the newest known first, former followers
// among them.
func (s *Store) Fans(ctx context.Context, appID string, filter xunjia.FanFilter, p xunjia.Page) (xunjia.List[xunjia.Fan], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.Fan]{}, err
	}
	q, pins := selectFan(), []pin{{"i.app_id", appID}}
	switch {
	case filter.Following != nil:
		pins = append(pins, pin{"i.subscribed", flag(*filter.Following)})
		if filter.Blocked != nil {
			q = q.Where(sq.Eq{"i.blocked": flag(*filter.Blocked)})
		}
	case filter.Blocked != nil:
		pins = append(pins, pin{"i.blocked", flag(*filter.Blocked)})
	}
	if filter.Registered != nil && *filter.Registered {
		q = q.Where(sq.Gt{"u.registered_at": 0})
	} else if filter.Registered != nil {
		q = q.Where("COALESCE(u.registered_at, 0) = 0")
	}
	if filter.Tag != 0 {
		q = q.Where("EXISTS (SELECT 1 FROM fan_tag t WHERE t.app_id = i.app_id AND t.tag_id = ? AND t.identity_id = i.id)", filter.Tag)
	}
	if filter.Query != "" {
		text := likeText(filter.Query)
		q = q.Where(sq.Or{sq.Like{"i.nickname": "%" + text + "%"}, sq.Like{"i.remark": "%" + text + "%"},
			sq.Like{"u.name": "%" + text + "%"}, sq.Like{"u.phone": "%" + text}})
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "i.created_at", "i.id", pins...), scanFan)
	if err != nil {
		return xunjia.List[xunjia.Fan]{}, err
	}
	return cut(k, rows, func(f xunjia.Fan) (time.Time, int64) { return f.CreatedAt, f.ID }), nil
}

// Fan answers one openid of the account with his tags, or NotFound.
func (s *Store) Fan(ctx context.Context, appID string, id int64) (xunjia.Fan, error) {
	f, err := one(ctx, s.db, selectFan().Where(sq.Eq{"i.id": id, "i.app_id": appID}), scanFan)
	if errors.Is(err, sql.ErrNoRows) {
		return f, errNoFan()
	}
	if err != nil {
		return f, err
	}
	f.Tags, err = all(ctx, s.db, sq.Select("tag_id").From("fan_tag").Where(sq.Eq{"app_id": appID, "identity_id": id}).OrderBy("tag_id"), scanInt)
	return f, err
}

// SetFanRemark notes a remark that the platform has taken.
func (s *Store) SetFanRemark(ctx context.Context, appID string, id, staff int64, remark string) error {
	return s.changeFan(ctx, appID, id, sq.Update("wechat_identity").Set("remark", remark),
		xunjia.Audit{Staff: staff, Action: "fan.remarked", Detail: "备注改为“" + remark + "”"})
}

// SetFanBlocked notes that the platform shuts a fan out, or no longer.
func (s *Store) SetFanBlocked(ctx context.Context, appID string, id, staff int64, blocked bool) error {
	a := xunjia.Audit{Staff: staff, Action: "fan.unblocked", Detail: "移出黑名单"}
	if blocked {
		a.Action, a.Detail = "fan.blocked", "加入黑名单"
	}
	return s.changeFan(ctx, appID, id, sq.Update("wechat_identity").Set("blocked", flag(blocked)), a)
}

func (s *Store) changeFan(ctx context.Context, appID string, id int64, set sq.UpdateBuilder, a xunjia.Audit) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, set.Where(sq.Eq{"id": id, "app_id": appID}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoFan()
		}
		a.Target = fmt.Sprintf("fan:%d", id)
		return tx.audit(ctx, a)
	})
}

// DeliveriesTo lists what was last sent to a user, newest first.
func (s *Store) DeliveriesTo(ctx context.Context, userID int64, limit int) ([]xunjia.Delivery, error) {
	return all(ctx, s.db, selectDelivery().Where(sq.Eq{"recipient": userID}).OrderBy("id DESC").Limit(uint64(max(0, limit))), scanDelivery)
}

func scanFanSync(row scanner) (f xunjia.FanSync, err error) {
	var started, finished int64
	err = row.Scan(&f.AppID, &f.State, &f.Phase, &f.Position, &f.Done, &f.Total, &f.Reason, &started, &finished)
	f.StartedAt, f.FinishedAt = moment(started), moment(finished)
	return f, err
}

// FanSync tells how far fetching the account's fans has come; the zero value
// when nobody has asked for it yet.
func (s *Store) FanSync(ctx context.Context, appID string) (xunjia.FanSync, error) {
	f, err := one(ctx, s.db, selectFanSync(appID), scanFanSync)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.FanSync{AppID: appID}, nil
	}
	return f, err
}

func selectFanSync(appID string) sq.SelectBuilder {
	return sq.Select("app_id", "state", "phase", "position", "done", "total", "reason", "started_at", "finished_at").
		From("fan_sync").Where(sq.Eq{"app_id": appID})
}

// StartFanSync asks for all fans of the account to be fetched. One that failed
// goes on where it stood; the error is a Conflict while one is running.
func (s *Store) StartFanSync(ctx context.Context, appID string, staff int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		if _, err := exec(ctx, tx, sq.Insert("fan_sync").Columns("app_id", "state").Values(appID, xunjia.SyncIdle).
			Suffix(s.dialect.upsert([]string{"app_id"}))); err != nil {
			return err
		}
		f, err := one(ctx, tx, selectFanSync(appID).Suffix(s.dialect.forUpdate()), scanFanSync)
		if err != nil {
			return err
		}
		set := sq.Update("fan_sync").Set("state", xunjia.SyncRunning).Set("reason", "").Set("staff_id", staff).
			Set("owner", "").Set("lease_until", 0).Set("finished_at", 0)
		switch f.State {
		case xunjia.SyncRunning:
			return xunjia.Errorf(xunjia.Conflict, "正在同步，请稍等")
		case xunjia.SyncFailed: // goes on
		default:
			set = set.Set("phase", xunjia.SyncFans).Set("position", "").Set("done", 0).Set("total", 0).Set("started_at", millis(tx.now))
		}
		if _, err := exec(ctx, tx, set.Where(sq.Eq{"app_id": appID})); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "fan.sync_started", Target: "account:" + appID, Detail: "从微信同步粉丝"})
	})
}

// ClaimFanSync gives the running sync to owner for a while; NotFound when there
// is none or another instance works on it. Owner claims again to go on.
func (s *Store) ClaimFanSync(ctx context.Context, appID, owner string, lease time.Duration) (xunjia.FanSync, error) {
	now, err := s.dbNow(ctx)
	if err != nil {
		return xunjia.FanSync{}, err
	}
	n, err := s.write(ctx, sq.Update("fan_sync").Set("owner", owner).Set("lease_until", millis(now.Add(lease))).
		Where(sq.Eq{"app_id": appID, "state": xunjia.SyncRunning}).
		Where(sq.Or{sq.Eq{"owner": owner}, sq.LtOrEq{"lease_until": millis(now)}}))
	if err != nil {
		return xunjia.FanSync{}, err
	}
	if n == 0 {
		return xunjia.FanSync{}, xunjia.Errorf(xunjia.NotFound, "没有要做的同步")
	}
	return s.FanSync(ctx, appID)
}

// SaveFans notes what the platform told about up to 100 openids, and with it
// the progress; next is what is done after them. Only owner may: otherwise it
// is a Conflict and nothing is noted.
func (s *Store) SaveFans(ctx context.Context, owner string, next xunjia.FanSync, fans []xunjia.Fan) error {
	return s.runTx(ctx, func(tx *tx) error {
		if err := s.advance(ctx, tx, owner, next); err != nil {
			return err
		}
		for _, f := range fans {
			if err := s.saveFan(ctx, tx, next.AppID, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// advance moves the progress, which locks its row for the transaction.
func (s *Store) advance(ctx context.Context, tx *tx, owner string, next xunjia.FanSync) error {
	set := sq.Update("fan_sync").Set("phase", next.Phase).Set("position", next.Position).Set("done", next.Done).Set("total", next.Total).
		Set("state", next.State).Set("reason", truncate(next.Reason, 255))
	if next.State != xunjia.SyncRunning {
		set = set.Set("finished_at", millis(tx.now))
	}
	n, err := exec(ctx, tx, set.Where(sq.Eq{"app_id": next.AppID, "owner": owner, "state": xunjia.SyncRunning}))
	if err == nil && n == 0 {
		return xunjia.Errorf(xunjia.Conflict, "同步已由另一台服务器接手")
	}
	return err
}

// saveFan notes one. A push that came after the platform was asked wins.
func (s *Store) saveFan(ctx context.Context, tx *tx, appID string, f xunjia.Fan) error {
	set := []string{"synced_at"}
	if f.Subscribed {
		set = append(set, "remark", "source", "scene", "followed_at")
	}
	if f.UnionID != "" {
		set = append(set, "union_id")
	}
	if _, err := exec(ctx, tx, sq.Insert("wechat_identity").
		Columns("app_id", "open_id", "union_id", "remark", "source", "scene", "followed_at", "synced_at", "created_at").
		Values(appID, f.OpenID, f.UnionID, truncate(f.Remark, 64), truncate(f.Source, 64), truncate(f.Scene, 64),
			millis(f.FollowedAt), millis(f.SyncedAt), millis(tx.now)).
		Suffix(s.dialect.upsert([]string{"app_id", "open_id"}, set...))); err != nil {
		return err
	}
	who := sq.Eq{"app_id": appID, "open_id": f.OpenID}
	if _, err := exec(ctx, tx, sq.Update("wechat_identity").Set("subscribed", flag(f.Subscribed)).
		Where(who).Where(sq.LtOrEq{"subscribed_at": millis(f.SyncedAt)})); err != nil {
		return err
	}
	id, err := one(ctx, tx, sq.Select("id").From("wechat_identity").Where(who), scanInt)
	if err != nil {
		return err
	}
	return replaceTags(ctx, tx, appID, id, f.Tags)
}

// ForgetUnseenFans ends the following of up to limit fans whom the platform has
// not named since a moment. It answers false while there are more of them.
func (s *Store) ForgetUnseenFans(ctx context.Context, appID string, since time.Time, limit int) (done bool, err error) {
	n, err := s.write(ctx, sq.Update("wechat_identity").Set("subscribed", 0).Where("id IN (SELECT id FROM (SELECT id FROM wechat_identity"+
		" WHERE app_id = ? AND subscribed = 1 AND synced_at < ? AND subscribed_at < ? ORDER BY id LIMIT ?) q)",
		appID, millis(since), millis(since), limit))
	return err == nil && n < int64(limit), err
}

// maxBlocked is the platform's limit of a blacklist.
const maxBlocked = 100_000

// BlockedFans lists the openids that are noted as shut out.
func (s *Store) BlockedFans(ctx context.Context, appID string) ([]string, error) {
	return all(ctx, s.db, sq.Select("open_id").From("wechat_identity").Where(sq.Eq{"app_id": appID, "blocked": 1}).Limit(maxBlocked), scanString)
}

// MarkBlocked notes for up to 500 openids whether the platform shuts them out.
func (s *Store) MarkBlocked(ctx context.Context, appID string, openIDs []string, blocked bool) error {
	if len(openIDs) == 0 {
		return nil
	}
	_, err := s.write(ctx, sq.Update("wechat_identity").Set("blocked", flag(blocked)).Where(sq.Eq{"app_id": appID, "open_id": openIDs}))
	return err
}
