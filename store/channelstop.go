package store

import (
	"context"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// Stop is a channel ("wechat"), or one kind of message on it ("sms/code"), that
// takes nothing at the moment, or what staff paused ("pause/sms").
type Stop struct {
	Name    string
	Reason  string // Chinese, for staff
	Since   time.Time
	ProbeAt time.Time // when one message tries whether it works again
}

// Stops lists what is stopped.
func (s *Store) Stops(ctx context.Context) ([]Stop, error) {
	return all(ctx, s.db, sq.Select("name", "reason", "since", "probe_at").From("channel_stop").OrderBy("name"),
		func(row scanner) (t Stop, err error) {
			var since, probe int64
			err = row.Scan(&t.Name, &t.Reason, &since, &probe)
			t.Since, t.ProbeAt = moment(since), moment(probe)
			return t, err
		})
}

// StopChannel records that a channel takes nothing, for every instance. One
// that is stopped already keeps its Since.
func (s *Store) StopChannel(ctx context.Context, t Stop) error {
	_, err := s.write(ctx, sq.Insert("channel_stop").SetMap(map[string]any{
		"name": t.Name, "reason": shorten(t.Reason), "since": millis(t.Since), "probe_at": millis(t.ProbeAt),
	}).Suffix(s.dialect.upsert([]string{"name"}, "reason", "probe_at")))
	return err
}

// ClaimProbe answers true to one caller when the stopped channel is to be tried,
// and lets the next one try at next.
func (s *Store) ClaimProbe(ctx context.Context, name string, now, next time.Time) (bool, error) {
	n, err := s.write(ctx, sq.Update("channel_stop").Set("probe_at", millis(next)).
		Where(sq.Eq{"name": name}).Where(sq.LtOrEq{"probe_at": millis(now)}))
	return n > 0, err
}

// ResumeChannel ends a stop.
func (s *Store) ResumeChannel(ctx context.Context, name string) error {
	_, err := s.write(ctx, sq.Delete("channel_stop").Where(sq.Eq{"name": name}))
	return err
}

// PauseName names the stop by which staff pause everything on a channel but
// codes.
func PauseName(channel xunjia.Channel) string { return "pause/" + string(channel) }

// PauseChannel stops a name by a decision of staff, for every instance and until
// ResumePaused. It fails with Conflict when it is paused already.
func (s *Store) PauseChannel(ctx context.Context, by int64, name, reason string) error {
	return s.runTx(ctx, func(tx *tx) error {
		_, err := exec(ctx, tx, sq.Insert("channel_stop").Columns("name", "reason", "since", "probe_at").
			Values(name, shorten(reason), millis(tx.now), never))
		if isDuplicate(err) {
			return xunjia.Errorf(xunjia.Conflict, "已经暂停了")
		}
		if err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "channel.paused", Target: name, Detail: "暂停发送：" + reason})
	})
}

// ResumePaused ends a pause, or lets a channel that stopped by itself try at
// once. It fails with Conflict when nothing of that name is stopped.
func (s *Store) ResumePaused(ctx context.Context, by int64, name string) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Delete("channel_stop").Where(sq.Eq{"name": name}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Conflict, "没有暂停，不用恢复")
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "channel.resumed", Target: name, Detail: "恢复发送"})
	})
}
