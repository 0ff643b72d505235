package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

var selectStaff = sq.Select("id", "login", "name", "role", "disabled", "password <> ''", "created_at", "last_login_at").From("staff")

func scanStaff(row scanner) (s xunjia.Staff, err error) {
	var created, last int64
	err = row.Scan(&s.ID, &s.Login, &s.Name, &s.Role, &s.Disabled, &s.HasPassword, &created, &last)
	s.CreatedAt, s.LastLoginAt = moment(created), moment(last)
	return s, err
}

func errNoStaff() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个员工账号") }

// oneStaff reads one member of staff or answers NotFound.
func oneStaff(ctx context.Context, r runner, q sq.Sqlizer) (xunjia.Staff, error) {
	staff, err := one(ctx, r, q, scanStaff)
	if errors.Is(err, sql.ErrNoRows) {
		return staff, errNoStaff()
	}
	return staff, err
}

// Staff answers a member of staff; NotFound when there is none.
func (s *Store) Staff(ctx context.Context, id int64) (xunjia.Staff, error) {
	return oneStaff(ctx, s.db, selectStaff.Where(sq.Eq{"id": id}))
}
