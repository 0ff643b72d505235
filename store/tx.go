package store

// How an operation is written:
//
//	func (s *Store) EndPurchase(ctx context.Context, id, by int64) (p xunjia.Purchase, err error) {
//		err = s.runTx(ctx, func(tx *tx) error {
//			n, err := exec(ctx, tx, sq.Update("purchase").Set("status", 2).Where(sq.Eq{"id": id, "status": 1}))
//			if err != nil {
//				return err
//			}
//			if n == 0 {
//				return xunjia.Errorf(xunjia.Conflict, "报价已经结束")
//			}
//			p, err = one(ctx, tx, selectPurchase.Where(sq.Eq{"id": id}), scanPurchase)
//			…
//		})
//		return p, err
//	}
//
// One runTx per operation. Its first statement is the guarded UPDATE or a
// SELECT with s.dialect.forUpdate(), never a plain SELECT: what that read may
// be stale by the time of the UPDATE. The function may run several times, so it
// assigns its results and appends to nothing outside, and has no effect but
// SQL. Inside it, statements go through tx and the time is tx.now; s.db would
// be another connection, and a second runTx would wait for the first.
// Statements are squirrel builders run by exec, insert, one and all.
// Reads without a transaction use s.db; one guarded statement uses s.write.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	sq "github.com/Masterminds/squirrel"
	"github.com/go-sql-driver/mysql"

	"github.com/xunjia/xunjia"
)

// tx is one transaction; now is the same moment for all it writes.
type tx struct {
	*sql.Tx
	now  time.Time
	lock string // the suffix of a SELECT that locks, for functions without a Store
}

// runner is a tx or, outside transactions, the database.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// maxTries bounds how often an operation is run when others are in its way.
const maxTries = 8

// runTx runs fn in a transaction and commits it; an error or a panic of fn
// undoes everything. When another transaction was in the way, also at COMMIT,
// the whole of fn is run again, up to 8 times and within ctx; after that the
// error is Unavailable. A connection lost at COMMIT is not retried: nobody
// knows whether it took effect. Such an operation is safe to repeat only if a
// unique key of its own makes the second run harmless.
func (s *Store) runTx(ctx context.Context, fn func(tx *tx) error) error {
	return retry(ctx, func() error {
		t, err := s.writer.BeginTx(ctx, nil)
		if err != nil {
			return unavailable(fmt.Errorf("store: begin: %w", err))
		}
		defer func() { _ = t.Rollback() }() // does nothing after Commit
		if err := fn(&tx{Tx: t, now: s.now(), lock: s.dialect.forUpdate()}); err != nil {
			return err
		}
		if err := t.Commit(); err != nil {
			return unavailable(fmt.Errorf("store: commit: %w", err))
		}
		return nil
	})
}

// write runs one statement as a transaction of its own and answers how many
// rows it matched. It saves two round trips where one guarded statement is the
// whole operation.
func (s *Store) write(ctx context.Context, q sq.Sqlizer) (rows int64, err error) {
	err = retry(ctx, func() error {
		rows, err = exec(ctx, s.writer, q)
		return err
	})
	return rows, err
}

// retry runs fn until it succeeds, fails for good or has been tried often
// enough. The pauses are random so that two that collided do not meet again.
func retry(ctx context.Context, fn func() error) error {
	var err error
	for try := range maxTries {
		if try > 0 {
			pause := rand.N(min(5*time.Millisecond<<try, 200*time.Millisecond)) // #nosec G404 -- jitter
			select {
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			case <-time.After(pause):
			}
		}
		if err = fn(); err == nil || !isRetryable(err) {
			return err
		}
	}
	return &xunjia.Error{Code: xunjia.Unavailable, Message: "系统繁忙，请稍后再试",
		Err: fmt.Errorf("store: gave up after %d tries: %w", maxTries, err)}
}

// exec runs a statement and answers how many rows it matched.
func exec(ctx context.Context, r runner, q sq.Sqlizer) (rows int64, err error) {
	res, err := execResult(ctx, r, q)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// insert runs an INSERT of one row and answers its new id. A taken key is
// recognised by isDuplicate.
func insert(ctx context.Context, r runner, q sq.InsertBuilder) (id int64, err error) {
	res, err := execResult(ctx, r, q)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func execResult(ctx context.Context, r runner, q sq.Sqlizer) (sql.Result, error) {
	query, args, err := q.ToSql()
	if err != nil {
		return nil, fmt.Errorf("store: build statement: %w", err)
	}
	res, err := r.ExecContext(ctx, query, args...)
	if err != nil {
		return nil, failed(query, err)
	}
	return res, nil
}

// scanner is a *sql.Rows that stands on a row.
type scanner interface{ Scan(dest ...any) error }

// one reads the only row of q; without a row the error is sql.ErrNoRows, which
// the operation turns into the NotFound that its user should read.
func one[T any](ctx context.Context, r runner, q sq.Sqlizer, scan func(scanner) (T, error)) (T, error) {
	rows, err := all(ctx, r, q, scan)
	var zero T
	if err != nil {
		return zero, err
	}
	if len(rows) == 0 {
		return zero, sql.ErrNoRows
	}
	return rows[0], nil
}

// all reads every row of q, whose LIMIT bounds them; nil when there is none.
func all[T any](ctx context.Context, r runner, q sq.Sqlizer, scan func(scanner) (T, error)) ([]T, error) {
	query, args, err := q.ToSql()
	if err != nil {
		return nil, fmt.Errorf("store: build query: %w", err)
	}
	rows, err := r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, failed(query, err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, failed(query, err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(query, err)
	}
	return list, nil
}

// scanInt reads a row of one number: scan for one and all.
func scanInt(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// scanString reads a row of one text: scan for one and all.
func scanString(row scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// failed says which statement failed; its values are not part of it.
func failed(query string, err error) error {
	const most = 120
	if len(query) > most {
		query = query[:most] + "…"
	}
	return unavailable(fmt.Errorf("store: %s: %w", query, err))
}

// unavailable marks errors of the connection, as opposed to those of a
// statement, for the user: later it may work.
func unavailable(err error) error {
	if _, known := errors.AsType[*xunjia.Error](err); err == nil || known ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	_, network := errors.AsType[net.Error](err)
	down := network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn)
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch e.Number {
		case 1040, // too many connections
			1053, // the server shuts down
			1290, // read only
			1927: // connection killed
			down = true
		}
	}
	if !down {
		return err
	}
	return &xunjia.Error{Code: xunjia.Unavailable, Message: "系统正在恢复，请稍后再试", Err: err}
}
