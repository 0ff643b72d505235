package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// verifyMost bounds how many verification files are kept.
const verifyMost = 50

func scanVerifyFile(row scanner) (f xunjia.VerifyFile, err error) {
	var at int64
	err = row.Scan(&f.Name, &f.Content, &at)
	f.CreatedAt = moment(at)
	return f, err
}

func errNoVerifyFile() error { return xunjia.Errorf(xunjia.NotFound, "没有这个文件") }

// VerifyFile answers one of the platform's verification files; NotFound.
func (s *Store) VerifyFile(ctx context.Context, name string) (xunjia.VerifyFile, error) {
	f, err := one(ctx, s.db, sq.Select("name", "content", "created_at").From("verify_file").Where(sq.Eq{"name": name}), scanVerifyFile)
	if errors.Is(err, sql.ErrNoRows) {
		return f, errNoVerifyFile()
	}
	return f, err
}

// VerifyFiles lists the verification files, newest first.
func (s *Store) VerifyFiles(ctx context.Context) ([]xunjia.VerifyFile, error) {
	return all(ctx, s.db, sq.Select("name", "content", "created_at").From("verify_file").OrderBy("created_at DESC", "name").Limit(verifyMost), scanVerifyFile)
}

// SaveVerifyFile stores a verification file in place of one of the same name.
// Errors: Invalid on the field "file", Conflict when there are too many.
func (s *Store) SaveVerifyFile(ctx context.Context, by int64, f xunjia.VerifyFile) error {
	if err := f.Check(); err != nil {
		return err
	}
	return s.runTx(ctx, func(tx *tx) error {
		if _, err := exec(ctx, tx, sq.Insert("verify_file").Columns("name", "content", "created_at").
			Values(f.Name, f.Content, millis(tx.now)).Suffix(s.dialect.upsert([]string{"name"}, "content", "created_at"))); err != nil {
			return err
		}
		n, err := one(ctx, tx, sq.Select("COUNT(*)").From("verify_file"), scanInt)
		if err != nil {
			return err
		}
		if n > verifyMost {
			return xunjia.Errorf(xunjia.Conflict, "验证文件太多了，请先删除不用的")
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "file.saved", Target: "file:" + f.Name, Detail: "上传域名验证文件"})
	})
}

// DeleteVerifyFile removes a verification file; NotFound.
func (s *Store) DeleteVerifyFile(ctx context.Context, by int64, name string) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Delete("verify_file").Where(sq.Eq{"name": name}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoVerifyFile()
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "file.deleted", Target: "file:" + name, Detail: "删除域名验证文件"})
	})
}
