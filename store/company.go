package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func errNoCompany() error { return xunjia.Errorf(xunjia.NotFound, "没有找到公司") }

func scanCompany(row scanner) (c xunjia.Company, err error) {
	var at int64
	err = row.Scan(&c.ID, &c.Name, &c.CreatedBy, &at)
	c.CreatedAt = moment(at)
	return c, err
}

func selectCompanies() sq.SelectBuilder {
	return sq.Select("id", "name", "created_by", "created_at").From("company")
}

// Company finds a company; NotFound when there is none.
func (s *Store) Company(ctx context.Context, id int64) (xunjia.Company, error) {
	c, err := one(ctx, s.db, selectCompanies().Where(sq.Eq{"id": id}), scanCompany)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNoCompany()
	}
	return c, err
}

// Members lists who is in a company, owners first.
func (s *Store) Members(ctx context.Context, companyID int64) ([]xunjia.User, error) {
	if companyID == 0 {
		return nil, errNoCompany()
	}
	return all(ctx, s.db, selectUsers().Where(sq.Eq{"company_id": companyID}).OrderBy("company_role", "id").Limit(xunjia.MaxMembers), scanUser)
}

// CompanyLog lists what changed in a company, newest first.
func (s *Store) CompanyLog(ctx context.Context, companyID int64, page xunjia.Page) (list xunjia.List[xunjia.CompanyEntry], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectCompanyEntries(), s.dialect, "created_at", "id", pin{"company_id", companyID}), scanCompanyEntry)
	if err != nil {
		return list, err
	}
	return cut(k, rows, func(e xunjia.CompanyEntry) (time.Time, int64) { return e.CreatedAt, e.ID }), nil
}

func selectCompanyEntries() sq.SelectBuilder {
	return sq.Select("id", "company_id", "action", "actor_id", "member_id", "detail", "created_at").From("company_entry")
}

func scanCompanyEntry(row scanner) (e xunjia.CompanyEntry, err error) {
	var at int64
	err = row.Scan(&e.ID, &e.CompanyID, &e.Action, &e.ActorID, &e.SubjectID, &e.Detail, &at)
	e.CreatedAt = moment(at)
	return e, err
}

// CreateCompany founds a company whose first owner is the user: see
// User.CanFound.
func (s *Store) CreateCompany(ctx context.Context, userID int64, name string) (c xunjia.Company, err error) {
	if name, err = xunjia.CheckCompanyName(name); err != nil {
		return c, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		u, err := active(ctx, tx, userID)
		if err != nil {
			return err
		}
		if err := u.CanFound(); err != nil {
			return err
		}
		c = xunjia.Company{Name: name, CreatedBy: userID, CreatedAt: tx.now}
		if c.ID, err = insert(ctx, tx, sq.Insert("company").Columns("name", "created_by", "created_at").Values(name, userID, millis(tx.now))); err != nil {
			return err
		}
		if err := enter(ctx, tx, u, c.ID, xunjia.CompanyOwner); err != nil {
			return err
		}
		_, err = tx.logCompany(ctx, xunjia.CompanyEntry{CompanyID: c.ID, Action: xunjia.CompanyCreated, ActorID: userID})
		return err
	})
	return c, err
}

// enter puts a user, who is in no company, into one.
func enter(ctx context.Context, tx *tx, u xunjia.User, companyID int64, role xunjia.CompanyRole) error {
	n, err := exec(ctx, tx, sq.Update("users").Set("company_id", companyID).Set("company_role", role).
		Where(sq.Eq{"id": u.ID, "company_id": 0}))
	if err == nil && n == 0 {
		err = xunjia.User{CompanyID: companyID}.CanFound()
	}
	return err
}

// logCompany writes a line of the company's log and answers its id.
func (t *tx) logCompany(ctx context.Context, e xunjia.CompanyEntry) (int64, error) {
	return insert(ctx, t, sq.Insert("company_entry").Columns("company_id", "action", "actor_id", "member_id", "detail", "created_at").
		Values(e.CompanyID, string(e.Action), e.ActorID, e.SubjectID, e.Detail, millis(t.now)))
}

// tellCompany writes a line of the log and the event that tells of it.
func (t *tx) tellCompany(ctx context.Context, e xunjia.CompanyEntry) error {
	id, err := t.logCompany(ctx, e)
	if err != nil {
		return err
	}
	_, err = t.addEvent(ctx, xunjia.Event{Kind: xunjia.CompanyChanged, Actor: e.ActorID, Subject: id})
	return err
}

// firm is a company with its members, all locked: who decides about one of them
// must see them all.
type firm struct {
	xunjia.Company
	members []xunjia.User
}

func (f firm) owners() (n int) {
	for _, m := range f.members {
		if m.CompanyRole == xunjia.CompanyOwner {
			n++
		}
	}
	return n
}

func (f firm) member(id int64) xunjia.User {
	for _, m := range f.members {
		if m.ID == id {
			return m
		}
	}
	return xunjia.User{ID: id}
}

// changeCompany locks the company that the user is in and lets change do
// something with it. The company's row is the lock between its members' doings.
func (s *Store) changeCompany(ctx context.Context, userID int64, change func(tx *tx, f firm, by xunjia.User) error) error {
	u, err := s.User(ctx, userID)
	if err != nil {
		return err
	}
	if u.CompanyID == 0 {
		return errNoCompany()
	}
	return s.runTx(ctx, func(tx *tx) error {
		f, err := s.lockCompany(ctx, tx, u.CompanyID)
		if err != nil {
			return err
		}
		by := f.member(userID)
		if by.CompanyID == 0 || by.Disabled { // left, or was removed, meanwhile
			return errNoCompany()
		}
		return change(tx, f, by)
	})
}

func (s *Store) lockCompany(ctx context.Context, tx *tx, id int64) (f firm, err error) {
	f.Company, err = one(ctx, tx, selectCompanies().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanCompany)
	if errors.Is(err, sql.ErrNoRows) {
		return f, errNoCompany()
	}
	if err != nil {
		return f, err
	}
	f.members, err = all(ctx, tx, selectUsers().Where(sq.Eq{"company_id": id}).OrderBy("id").Suffix(s.dialect.forUpdate()), scanUser)
	return f, err
}

// RenameCompany gives the user's company another name: see User.RunsCompany.
func (s *Store) RenameCompany(ctx context.Context, userID int64, name string) error {
	name, err := xunjia.CheckCompanyName(name)
	if err != nil {
		return err
	}
	return s.changeCompany(ctx, userID, func(tx *tx, f firm, by xunjia.User) error {
		if err := by.RunsCompany(); err != nil || f.Name == name {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("company").Set("name", name).Where(sq.Eq{"id": f.ID})); err != nil {
			return err
		}
		_, err := tx.logCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.CompanyRenamed, ActorID: userID, Detail: name})
		return err
	})
}

// SetCompanyRole gives a member of the user's company a role: see
// User.CanSetRole.
func (s *Store) SetCompanyRole(ctx context.Context, userID, memberID int64, role xunjia.CompanyRole) error {
	return s.changeCompany(ctx, userID, func(tx *tx, f firm, by xunjia.User) error {
		member := f.member(memberID)
		if err := by.CanSetRole(member, role, f.owners()); err != nil || member.CompanyRole == role {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("users").Set("company_role", role).Where(sq.Eq{"id": memberID, "company_id": f.ID})); err != nil {
			return err
		}
		return tx.tellCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.RoleChanged, ActorID: userID, SubjectID: memberID, Detail: role.String()})
	})
}

// RemoveMember puts a member out of the user's company: see User.CanRemove. What
// he published for the company stays with it.
func (s *Store) RemoveMember(ctx context.Context, userID, memberID int64) error {
	return s.changeCompany(ctx, userID, func(tx *tx, f firm, by xunjia.User) error {
		if err := by.CanRemove(f.member(memberID)); err != nil {
			return err
		}
		if err := leave(ctx, tx, memberID, f.ID); err != nil {
			return err
		}
		return tx.tellCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.MemberRemoved, ActorID: userID, SubjectID: memberID})
	})
}

func leave(ctx context.Context, tx *tx, userID, companyID int64) error {
	_, err := exec(ctx, tx, sq.Update("users").Set("company_id", 0).Set("company_role", xunjia.NoCompanyRole).
		Where(sq.Eq{"id": userID, "company_id": companyID}))
	return err
}

// LeaveCompany takes the user out of his company: see User.CanLeave. When he was
// the only member the company ends; its purchases and deals are those of who
// published them again.
func (s *Store) LeaveCompany(ctx context.Context, userID int64) error {
	return s.changeCompany(ctx, userID, func(tx *tx, f firm, by xunjia.User) error {
		if err := by.CanLeave(f.owners(), len(f.members)); err != nil {
			return err
		}
		if err := leave(ctx, tx, userID, f.ID); err != nil {
			return err
		}
		if len(f.members) > 1 {
			return tx.tellCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.MemberLeft, ActorID: userID, SubjectID: userID})
		}
		for _, table := range []string{"purchase", "deal"} {
			if _, err := exec(ctx, tx, sq.Update(table).Set("company_id", 0).Where(sq.Eq{"company_id": f.ID})); err != nil {
				return err
			}
		}
		for _, table := range []string{"company_link", "company_entry"} {
			if _, err := exec(ctx, tx, sq.Delete(table).Where(sq.Eq{"company_id": f.ID})); err != nil {
				return err
			}
		}
		_, err := exec(ctx, tx, sq.Delete("company").Where(sq.Eq{"id": f.ID}))
		return err
	})
}

func selectCompanyLinks() sq.SelectBuilder {
	return sq.Select("id", "company_id", "role", "max_uses", "uses", "created_by", "created_at", "expires_at", "revoked_at").From("company_link")
}

func scanCompanyLink(row scanner) (l xunjia.CompanyLink, err error) {
	var created, expires, revoked int64
	err = row.Scan(&l.ID, &l.CompanyID, &l.Role, &l.MaxUses, &l.Uses, &l.CreatedBy, &created, &expires, &revoked)
	l.CreatedAt, l.ExpiresAt, l.RevokedAt = moment(created), moment(expires), moment(revoked)
	return l, err
}

// CompanyLinks lists the newest links of a company; the caller has checked who
// asks.
func (s *Store) CompanyLinks(ctx context.Context, companyID int64) ([]xunjia.CompanyLink, error) {
	return all(ctx, s.db, selectCompanyLinks().Where(sq.Eq{"company_id": companyID}).OrderBy("id DESC").Limit(xunjia.MaxCompanyLinks), scanCompanyLink)
}

// CreateCompanyLink makes a link that lets up to uses people into the user's
// company with a role. The token goes into the address; only its hash is kept.
// See User.RunsCompany; Invalid with the fields role and uses, Conflict for too
// many links.
func (s *Store) CreateCompanyLink(ctx context.Context, userID int64, role xunjia.CompanyRole, uses int) (token string, l xunjia.CompanyLink, err error) {
	f := xunjia.FieldErrors{}
	if role.String() == "" {
		f.Add("role", "请选择角色")
	}
	if uses < 1 || uses > xunjia.MaxCompanyUses {
		f.Add("uses", "人数应在 1 到 %d 之间", xunjia.MaxCompanyUses)
	}
	if err := f.Err(); err != nil {
		return "", l, err
	}
	err = s.changeCompany(ctx, userID, func(tx *tx, f firm, by xunjia.User) error {
		if err := by.RunsCompany(); err != nil {
			return err
		}
		n, err := one(ctx, tx, sq.Select("COUNT(*)").From("company_link").
			Where(sq.Eq{"company_id": f.ID, "revoked_at": 0}).Where(sq.Gt{"expires_at": millis(tx.now)}), scanInt)
		if err != nil {
			return err
		}
		if n >= xunjia.MaxCompanyLinks {
			return xunjia.Errorf(xunjia.Conflict, "最多同时有 %d 个邀请链接，请先撤销不用的", xunjia.MaxCompanyLinks)
		}
		token = rand.Text()
		l = xunjia.CompanyLink{CompanyID: f.ID, Role: role, MaxUses: uses, CreatedBy: userID, CreatedAt: tx.now, ExpiresAt: tx.now.Add(xunjia.CompanyLinkPeriod)}
		if l.ID, err = insert(ctx, tx, sq.Insert("company_link").Columns("company_id", "token", "role", "max_uses", "created_by", "created_at", "expires_at").
			Values(f.ID, hashToken(token), role, uses, userID, millis(tx.now), millis(l.ExpiresAt))); err != nil {
			return err
		}
		_, err = tx.logCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.CompanyLinkMade, ActorID: userID, Detail: role.String()})
		return err
	})
	return token, l, err
}

// RevokeCompanyLink ends a link of the user's company; doing it again is no
// error. See User.RunsCompany; NotFound for somebody else's link.
func (s *Store) RevokeCompanyLink(ctx context.Context, userID, id int64) error {
	return s.changeCompany(ctx, userID, func(tx *tx, f firm, by xunjia.User) error {
		if err := by.RunsCompany(); err != nil {
			return err
		}
		if _, err := one(ctx, tx, selectCompanyLinks().Where(sq.Eq{"id": id, "company_id": f.ID}), scanCompanyLink); errors.Is(err, sql.ErrNoRows) {
			return xunjia.Errorf(xunjia.NotFound, "没有找到这个邀请链接")
		} else if err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("company_link").Set("revoked_at", millis(tx.now)).Where(sq.Eq{"id": id, "revoked_at": 0}))
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.logCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.CompanyLinkEnded, ActorID: userID})
		return err
	})
}

// CompanyLink finds a link by the token of its address, and its company;
// NotFound when there is none.
func (s *Store) CompanyLink(ctx context.Context, token string) (l xunjia.CompanyLink, c xunjia.Company, err error) {
	l, err = one(ctx, s.db, selectCompanyLinks().Where(sq.Eq{"token": hashToken(token)}), scanCompanyLink)
	if errors.Is(err, sql.ErrNoRows) {
		return l, c, xunjia.Errorf(xunjia.NotFound, "没有找到这个邀请链接，请向公司负责人要一个新的")
	}
	if err != nil {
		return l, c, err
	}
	c, err = s.Company(ctx, l.CompanyID)
	return l, c, err
}

// JoinCompany lets the user into the company of a link: see CompanyLink.CanJoin.
func (s *Store) JoinCompany(ctx context.Context, userID int64, token string) error {
	found, _, err := s.CompanyLink(ctx, token)
	if err != nil {
		return err
	}
	return s.runTx(ctx, func(tx *tx) error {
		f, err := s.lockCompany(ctx, tx, found.CompanyID)
		if err != nil {
			return err
		}
		l, err := one(ctx, tx, selectCompanyLinks().Where(sq.Eq{"id": found.ID}).Suffix(s.dialect.forUpdate()), scanCompanyLink)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, userID)
		if err != nil {
			return err
		}
		if err := l.CanJoin(u, len(f.members), tx.now); err != nil {
			return err
		}
		if err := enter(ctx, tx, u, f.ID, l.Role); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("company_link").Set("uses", sq.Expr("uses + 1")).Where(sq.Eq{"id": l.ID})); err != nil {
			return err
		}
		return tx.tellCompany(ctx, xunjia.CompanyEntry{CompanyID: f.ID, Action: xunjia.MemberJoined, ActorID: userID, SubjectID: userID, Detail: l.Role.String()})
	})
}

// PurchasesOfCompany lists what the members of a company published for it, newest
// first; those in one state when it is given.
func (s *Store) PurchasesOfCompany(ctx context.Context, companyID int64, status *xunjia.PurchaseStatus, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	if companyID == 0 {
		return xunjia.List[xunjia.Purchase]{}, errNoCompany()
	}
	by := []pin{{"company_id", companyID}}
	if status != nil {
		by = append(by, pin{"status", *status})
	}
	return s.purchases(ctx, page, by...)
}

// companyFacts are what notices say of a change in a company: its actor stands
// for the buyer, the member concerned for the supplier.
func (s *Store) companyFacts(ctx context.Context, f *xunjia.Facts) (err error) {
	f.Entry, err = one(ctx, s.db, selectCompanyEntries().Where(sq.Eq{"id": f.Event.Subject}), scanCompanyEntry)
	if errors.Is(err, sql.ErrNoRows) { // the company has ended meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	if f.Company, err = s.Company(ctx, f.Entry.CompanyID); err != nil {
		return err
	}
	people, err := s.Users(ctx, []int64{f.Entry.ActorID, f.Entry.SubjectID})
	f.Buyer, f.Supplier = people[f.Entry.ActorID], people[f.Entry.SubjectID]
	return err
}

// companyAudience are the member concerned and the company's owners, but for who
// did it.
func (s *Store) companyAudience(ctx context.Context, f xunjia.Facts) ([]Recipient, error) {
	if f.Entry.ID == 0 {
		return nil, nil
	}
	ids, err := all(ctx, s.db, sq.Select("id").From("users").Where(sq.Eq{"company_id": f.Entry.CompanyID, "company_role": xunjia.CompanyOwner}).
		OrderBy("id").Limit(xunjia.MaxMembers), scanInt)
	if err != nil {
		return nil, err
	}
	var people []Recipient
	seen := map[int64]bool{f.Entry.ActorID: true}
	for _, id := range append(ids, f.Entry.SubjectID) {
		if !seen[id] {
			seen[id] = true
			people = append(people, Recipient{ID: id})
		}
	}
	return people, nil
}
