package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

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

// StaffList answers a part of the staff, newest first; search narrows it to
// login names and names that contain a text.
func (s *Store) StaffList(ctx context.Context, search string, p xunjia.Page) (xunjia.List[xunjia.Staff], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.Staff]{}, err
	}
	q := selectStaff
	if search != "" {
		like := "%" + likeEscape.Replace(search) + "%"
		q = q.Where("(login LIKE ? ESCAPE '!' OR name LIKE ? ESCAPE '!')", like, like)
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id"), scanStaff)
	if err != nil {
		return xunjia.List[xunjia.Staff]{}, err
	}
	return cut(k, rows, func(s xunjia.Staff) (time.Time, int64) { return s.CreatedAt, s.ID }), nil
}

// likeEscape makes a text match itself in a LIKE pattern.
var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// StaffNames answers what staff are called, by id; for lists that show who did
// something.
func (s *Store) StaffNames(ctx context.Context) (map[int64]string, error) {
	rows, err := all(ctx, s.db, selectStaff.OrderBy("id").Limit(staffMax), scanStaff)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(rows))
	for _, staff := range rows {
		names[staff.ID] = staff.Called()
	}
	return names, nil
}

// staffMax bounds reads of all staff.
const staffMax = 1000

// StaffByLogin finds a member of staff by the login name; NotFound.
func (s *Store) StaffByLogin(ctx context.Context, login string) (xunjia.Staff, error) {
	return oneStaff(ctx, s.db, selectStaff.Where(sq.Eq{"login": login}))
}

// actor locks and answers who changes something. 0 is the operator at the
// server's command line, who may do what an owner may.
func (s *Store) actor(ctx context.Context, tx *tx, by int64) (xunjia.Staff, error) {
	if by == 0 {
		return xunjia.Staff{Role: xunjia.OwnerRole}, nil
	}
	staff, err := oneStaff(ctx, tx, selectStaff.Where(sq.Eq{"id": by}).Suffix(s.dialect.forUpdate()))
	if err == nil && staff.Disabled {
		err = errNoStaff()
	}
	return staff, err
}

func errLoginTaken() error {
	return &xunjia.Error{Code: xunjia.Conflict, Message: "这个登录名已经有人用了",
		Fields: map[string]string{"login": "这个登录名已经有人用了，请换一个"}}
}

// CreateStaff makes an account; of next, Login, Name and Role count. link lets
// its owner in once within ttl, to set a password. Errors: Invalid by field,
// Forbidden when by may not manage the role, Conflict for a taken login name.
func (s *Store) CreateStaff(ctx context.Context, by int64, next xunjia.Staff, ttl time.Duration) (id int64, link string, err error) {
	if err := xunjia.CheckStaff(next); err != nil {
		return 0, "", err
	}
	link = newToken()
	err = s.runTx(ctx, func(tx *tx) error {
		actor, err := s.actor(ctx, tx, by)
		if err != nil {
			return err
		}
		if !actor.Role.Manages(next.Role) {
			return xunjia.Errorf(xunjia.Forbidden, "%s不能新建%s账号", actor.Role, next.Role)
		}
		id, err = insert(ctx, tx, sq.Insert("staff").Columns("login", "name", "role", "created_at").
			Values(next.Login, next.Name, next.Role, millis(tx.now)))
		if isDuplicate(err) {
			return errLoginTaken()
		}
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, insertLink(link, id, tx.now, ttl)); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "staff.created", Target: staffTarget(id),
			Detail: fmt.Sprintf("新建%s账号 %s", next.Role, next.Login)})
	})
	return id, link, err
}

func staffTarget(id int64) string { return fmt.Sprintf("staff:%d", id) }

// ChangeStaff changes name, role and whether the account is disabled; a
// disabled one is logged out everywhere. Errors: Invalid, Forbidden when by may
// not, Conflict when the last owner would be gone, NotFound.
func (s *Store) ChangeStaff(ctx context.Context, by int64, next xunjia.Staff) error {
	return s.runTx(ctx, func(tx *tx) error {
		actor, target, owners, err := s.lockStaff(ctx, tx, by, next.ID)
		if err != nil {
			return err
		}
		next.Login = target.Login
		if err := xunjia.CheckStaff(next); err != nil {
			return err
		}
		if err := actor.CanChange(target, next, owners); err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("staff").Set("name", next.Name).Set("role", next.Role).Set("disabled", next.Disabled).
			Where(sq.Eq{"id": next.ID, "role": target.Role, "disabled": target.Disabled}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Conflict, "这个账号刚刚被别人修改过，请刷新后再试")
		}
		if next.Disabled {
			if err := endStaffSessions(ctx, tx, next.ID, ""); err != nil {
				return err
			}
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "staff.changed", Target: staffTarget(next.ID), Detail: staffDifference(target, next)})
	})
}

// lockStaff locks who changes, who is changed, and every owner, so that two
// owners cannot demote each other at the same moment.
func (s *Store) lockStaff(ctx context.Context, tx *tx, by, id int64) (actor, target xunjia.Staff, owners int, err error) {
	rows, err := all(ctx, tx, selectStaff.Where(sq.Or{sq.Eq{"id": []int64{by, id}}, sq.Eq{"role": xunjia.OwnerRole}}).
		OrderBy("id").Suffix(s.dialect.forUpdate()), scanStaff)
	if err != nil {
		return actor, target, 0, err
	}
	if by == 0 {
		actor.Role = xunjia.OwnerRole
	}
	for _, row := range rows {
		if row.ID == by {
			actor = row
		}
		if row.ID == id {
			target = row
		}
		if row.Role == xunjia.OwnerRole && !row.Disabled {
			owners++
		}
	}
	if target.ID == 0 || by != 0 && (actor.ID == 0 || actor.Disabled) {
		return actor, target, owners, errNoStaff()
	}
	return actor, target, owners, nil
}

// staffDifference says for the audit log what changed.
func staffDifference(was, is xunjia.Staff) string {
	var parts []string
	if was.Role != is.Role {
		parts = append(parts, fmt.Sprintf("角色由%s改为%s", was.Role, is.Role))
	}
	if was.Name != is.Name {
		parts = append(parts, fmt.Sprintf("姓名由“%s”改为“%s”", was.Name, is.Name))
	}
	switch {
	case !was.Disabled && is.Disabled:
		parts = append(parts, "停用")
	case was.Disabled && !is.Disabled:
		parts = append(parts, "启用")
	}
	if len(parts) == 0 {
		parts = []string{"没有变化"}
	}
	return was.Login + "：" + strings.Join(parts, "，")
}

// ResetStaff takes an account's password away, logs it out everywhere and
// answers a link that lets its owner in once within ttl.
func (s *Store) ResetStaff(ctx context.Context, by, id int64, ttl time.Duration) (link string, err error) {
	link = newToken()
	err = s.runTx(ctx, func(tx *tx) error {
		actor, target, owners, err := s.lockStaff(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := actor.CanChange(target, target, owners); err != nil {
			return err
		}
		if target.Disabled {
			return xunjia.Errorf(xunjia.Conflict, "这个账号已停用，请先启用")
		}
		if _, err := exec(ctx, tx, sq.Update("staff").Set("password", "").Where(sq.Eq{"id": id})); err != nil {
			return err
		}
		if err := endStaffSessions(ctx, tx, id, ""); err != nil {
			return err
		}
		// Links that were handed out before are worth nothing now.
		if _, err := exec(ctx, tx, sq.Update("admin_link").Set("used_at", millis(tx.now)).Where(sq.Eq{"for_staff": id, "used_at": 0})); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, insertLink(link, id, tx.now, ttl)); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "staff.reset", Target: staffTarget(id), Detail: "重置 " + target.Login + " 的密码"})
	})
	return link, err
}

// endStaffSessions logs staff out everywhere but in one session ("" for none).
// Sessions of staff are never cached, so this works at once.
func endStaffSessions(ctx context.Context, tx *tx, id int64, except string) error {
	_, err := exec(ctx, tx, sq.Delete("session").Where(sq.Eq{"staff_id": id}).Where(sq.NotEq{"id": except}))
	return err
}

// SetOwnAccount changes one's own login name and name.
func (s *Store) SetOwnAccount(ctx context.Context, id int64, login, name string) error {
	return s.runTx(ctx, func(tx *tx) error {
		was, err := oneStaff(ctx, tx, selectStaff.Where(sq.Eq{"id": id, "disabled": 0}).Suffix(s.dialect.forUpdate()))
		if err != nil {
			return err
		}
		next := was
		next.Login, next.Name = login, name
		if err := xunjia.CheckStaff(next); err != nil {
			return err
		}
		_, err = exec(ctx, tx, sq.Update("staff").Set("login", login).Set("name", name).Where(sq.Eq{"id": id}))
		if isDuplicate(err) {
			return errLoginTaken()
		}
		if err != nil {
			return err
		}
		detail := staffDifference(was, next)
		if was.Login != login {
			detail = fmt.Sprintf("登录名由 %s 改为 %s", was.Login, login)
		}
		return tx.audit(ctx, xunjia.Audit{Staff: id, Action: "staff.account", Target: staffTarget(id), Detail: detail})
	})
}

// SetOwnPassword replaces one's own password, of which old is the stored hash
// that was checked ("" when there was none), and ends every other session; a
// Conflict says that it was replaced meanwhile.
func (s *Store) SetOwnPassword(ctx context.Context, id int64, old, hash, session string) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("staff").Set("password", hash).Where(sq.Eq{"id": id, "password": old, "disabled": 0}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Conflict, "密码刚刚被改过，请刷新后再试")
		}
		if err := endStaffSessions(ctx, tx, id, session); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: id, Action: "staff.password", Target: staffTarget(id), Detail: "修改了自己的密码"})
	})
}

// StaffPassword answers the stored hash of a password, "" when there is none.
func (s *Store) StaffPassword(ctx context.Context, id int64) (string, error) {
	hash, err := one(ctx, s.db, sq.Select("password").From("staff").Where(sq.Eq{"id": id}), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errNoStaff()
	}
	return hash, err
}

// EndStaffSessions logs oneself out everywhere, in this browser too.
func (s *Store) EndStaffSessions(ctx context.Context, id int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		if err := endStaffSessions(ctx, tx, id, ""); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: id, Action: "staff.logout", Target: staffTarget(id), Detail: "退出了所有设备"})
	})
}
