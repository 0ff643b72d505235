// Package store keeps everything in SQL: MySQL (also MariaDB and TiDB) or an
// embedded SQLite file, through the same statements; dialect.go holds what
// differs. One exported method is one business operation and one transaction;
// rules are asked of the root types inside it. Redis holds only what may be
// lost. Begin with Open and tx.go. It imports the root package alone.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/xunjia/xunjia"
)

// Store is safe for concurrent use; several stores, in several processes, may
// share a MySQL database. A SQLite file belongs to one process.
type Store struct {
	dialect dialect
	// db answers reads and, on MySQL, everything. Reads inside a transaction
	// go through its tx instead.
	db *sql.DB
	// writer carries transactions. On SQLite it is one connection, so that
	// writers queue in Go, in order and until their context ends, instead of
	// polling the file's lock; on MySQL it is db.
	writer *sql.DB

	migrationConfig *mysql.Config // like db's, with time for long statements; nil on SQLite
	cache           *sessionCache
	clock           func() time.Time
	fixedClock      bool // the clock was given: dbNow asks it too
	log             *slog.Logger
	quiet           xunjia.Quiet
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return unavailable(fmt.Errorf("store: ping: %w", err))
	}
	return nil
}

// Close ends the connections; the cache's client stays open.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.writer != s.db {
		err = errors.Join(err, s.writer.Close())
	}
	return err
}

// now is the moment of an operation, in whole milliseconds, as it is stored.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// dbNow is the database's clock, for leases that several hosts must agree on.
// A clock given in Options takes its place.
func (s *Store) dbNow(ctx context.Context) (time.Time, error) {
	if s.fixedClock {
		return s.now(), nil
	}
	var ms int64
	if err := s.db.QueryRowContext(ctx, "SELECT "+s.dialect.clock()).Scan(&ms); err != nil {
		return time.Time{}, unavailable(fmt.Errorf("store: database clock: %w", err))
	}
	return moment(ms), nil
}

// millis is how times are stored: milliseconds since 1970, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the inverse of millis, in UTC.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
