package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// put and used work on a table that is at hand.
func put(t *testing.T, s *store.Store, name string) {
	t.Helper()
	change(t, s, "INSERT INTO counter (name, day, used) VALUES (?, 0, 0)", name)
}

func used(t *testing.T, s *store.Store, name string) (n int64) {
	t.Helper()
	if err := s.DB().QueryRowContext(t.Context(), "SELECT used FROM counter WHERE name = ?", name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.ExecContext(ctx, "UPDATE counter SET used = used + 1 WHERE name = ?", name)
	return err
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		put(t, s, "a")
		failure := errors.New("rule broken")
		err := s.RunTx(ctx, func(tx *store.Tx) error {
			if err := add(ctx, tx, "a"); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) || used(t, s, "a") != 0 {
			t.Errorf("after an error: err = %v, used = %d; want it undone", err, used(t, s, "a"))
		}
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.RunTx(ctx, func(tx *store.Tx) error {
				if err := add(ctx, tx, "a"); err != nil {
					t.Error(err)
				}
				panic("boom")
			})
		}()
		if used(t, s, "a") != 0 {
			t.Error("a panic left its writes behind")
		}
		// The connection is free again and commits.
		if err := s.RunTx(ctx, func(tx *store.Tx) error { return add(ctx, tx, "a") }); err != nil || used(t, s, "a") != 1 {
			t.Errorf("after all that: err = %v, used = %d; want 1", err, used(t, s, "a"))
		}
	})
}

// Two transactions lock two rows in opposite order; the database undoes one.
func TestDeadlockIsRetried(t *testing.T) {
	s := storetest.Open(t, "mysql", storetest.MariaDB(t))
	put(t, s, "a")
	put(t, s, "b")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	hasA, hasB, done := make(chan struct{}), make(chan struct{}), make(chan error)
	runs := make(chan string, 20)
	cross := func(first, second string, mine, other chan struct{}) {
		again := false
		done <- s.RunTx(ctx, func(tx *store.Tx) error {
			runs <- first
			if err := add(ctx, tx, first); err != nil {
				return err
			}
			if !again {
				again = true
				close(mine)
				<-other
			}
			return add(ctx, tx, second)
		})
	}
	go cross("a", "b", hasA, hasB)
	go cross("b", "a", hasB, hasA)
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if a, b := used(t, s, "a"), used(t, s, "b"); a != 2 || b != 2 || len(runs) < 3 {
		t.Errorf("a = %d, b = %d after %d runs; want 2, 2 after at least 3", a, b, len(runs))
	}
}

// What was read and then changed by somebody else must not be overwritten,
// whatever the DSN says.
func TestChangedSinceReadIsRetried(t *testing.T) {
	dsn := storetest.MariaDB(t)
	s := storetest.Open(t, "mysql", dsn+"?innodb_snapshot_isolation=0")
	put(t, s, "a")
	ctx, runs := t.Context(), 0
	err := s.RunTx(ctx, func(tx *store.Tx) error {
		runs++
		var n int64
		if err := tx.QueryRowContext(ctx, "SELECT used FROM counter WHERE name = 'a'").Scan(&n); err != nil {
			return err
		}
		if runs == 1 {
			change(t, s, "UPDATE counter SET used = 10 WHERE name = 'a'")
		}
		_, err := tx.ExecContext(ctx, "UPDATE counter SET used = ? WHERE name = 'a'", n+1)
		return err
	})
	if err != nil || runs != 2 || used(t, s, "a") != 11 {
		t.Errorf("err = %v, runs = %d, used = %d; want 2 runs and 11", err, runs, used(t, s, "a"))
	}
}

// SQLite answers SQLITE_LOCKED when a table that is being read is dropped.
func TestLockedIsRetried(t *testing.T) {
	s := storetest.Open(t, "sqlite", storetest.SQLite(t))
	ctx := t.Context()
	put(t, s, "a")
	put(t, s, "b")
	conflict := func(tx *store.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT name FROM counter")
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		_, err = tx.ExecContext(ctx, "DROP TABLE counter")
		return err
	}
	runs := 0
	err := s.RunTx(ctx, func(tx *store.Tx) error {
		runs++
		if err := add(ctx, tx, "a"); err != nil || runs > 1 {
			return err
		}
		return conflict(tx)
	})
	if err != nil || runs != 2 || used(t, s, "a") != 1 {
		t.Errorf("err = %v, runs = %d, used = %d; want 2 runs and 1", err, runs, used(t, s, "a"))
	}

	runs = 0
	err = s.RunTx(ctx, func(tx *store.Tx) error { runs++; return conflict(tx) })
	if xunjia.ErrorCode(err) != xunjia.Unavailable || runs != store.MaxTries {
		t.Errorf("a lasting conflict: err = %v after %d runs; want Unavailable after %d", err, runs, store.MaxTries)
	}

	ctx, cancel := context.WithCancel(ctx)
	runs = 0
	err = s.RunTx(ctx, func(tx *store.Tx) error { runs++; cancel(); return conflict(tx) })
	if !errors.Is(err, context.Canceled) || runs != 1 {
		t.Errorf("a caller that left: err = %v after %d runs; want context.Canceled after 1", err, runs)
	}
}

// Another process holds the write lock of the file.
func TestSQLiteFileIsShared(t *testing.T) {
	dsn := storetest.SQLite(t)
	a, b := storetest.Open(t, "sqlite", dsn), storetest.Open(t, "sqlite", dsn)
	put(t, a, "a")
	ctx := t.Context()
	started, done := make(chan struct{}), make(chan error)
	err := a.RunTx(ctx, func(tx *store.Tx) error {
		if err := add(ctx, tx, "a"); err != nil {
			return err
		}
		go func() {
			close(started)
			done <- b.RunTx(ctx, func(tx *store.Tx) error { return add(ctx, tx, "a") })
		}()
		<-started
		if used(t, b, "a") != 0 {
			t.Error("a reader sees what is not committed")
		}
		return nil
	})
	if err := errors.Join(err, <-done); err != nil || used(t, a, "a") != 2 {
		t.Errorf("err = %v, used = %d; want 2", err, used(t, a, "a"))
	}
}

func TestDatabaseDown(t *testing.T) {
	server := storetest.StartMariaDB(t, false)
	s := storetest.Open(t, "mysql", server.DSN(t))
	ctx := t.Context()
	put(t, s, "a")
	server.Kill(t)
	for what, err := range map[string]error{
		"ping":  s.Ping(ctx),
		"read":  func() error { _, err := s.Media(ctx, "x"); return err }(),
		"write": func() error { _, err := s.Spend(ctx, "x", 1, 1); return err }(),
		"tx":    s.RunTx(ctx, func(tx *store.Tx) error { return add(ctx, tx, "a") }),
	} {
		if xunjia.ErrorCode(err) != xunjia.Unavailable {
			t.Errorf("%s without the server: %v, want Unavailable", what, err)
		}
	}
	if err := s.CheckSchema(ctx); err == nil || strings.Contains(err.Error(), "migrate") {
		t.Errorf("CheckSchema without the server: %v, must not advise to migrate", err)
	}
	server.Start(t)
	if err := s.RunTx(ctx, func(tx *store.Tx) error { return add(ctx, tx, "a") }); err != nil {
		t.Errorf("after the server came back: %v", err)
	}
}
