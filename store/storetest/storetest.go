// Package storetest gives tests real databases: a MariaDB and a Redis server
// started from the installed programs, and stores on them and on SQLite. Begin
// with Each, which runs a test on both engines. Set XUNJIA_TEST_MYSQL_DSN or
// XUNJIA_TEST_REDIS_URL to use servers that run already, and XUNJIA_TEST_REQUIRE
// to fail instead of skipping where neither they nor the programs exist.
package storetest

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/xunjia/xunjia/store"
)

// Each runs f once on SQLite and once on MariaDB, on a fresh, migrated database.
func Each(t *testing.T, f func(t *testing.T, s *store.Store), options ...func(*store.Options)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, Open(t, "sqlite", SQLite(t), options...)) })
	t.Run("mariadb", func(t *testing.T) { f(t, Open(t, "mysql", MariaDB(t), options...)) })
}

// Open opens a store on a database of SQLite or MariaDB; it is closed with the
// test. Two stores on one dsn behave as two instances of the program.
func Open(t testing.TB, driver, dsn string, options ...func(*store.Options)) *store.Store {
	t.Helper()
	o := store.Options{Driver: driver, DSN: dsn, Log: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(&o)
	}
	if driver == "sqlite" && dsn != ":memory:" {
		copyTemplate(t, dsn)
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// SQLite answers the path of a file that does not exist yet.
func SQLite(t testing.TB) (dsn string) {
	t.Helper()
	return filepath.Join(t.TempDir(), "xunjia.db")
}

// copyTemplate makes a migrated database where there is no file yet. Migrating
// takes 100 times as long, under the race detector most of a test's time.
func copyTemplate(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	shared.template.Do(func() { shared.templateData, shared.templateErr = migratedFile() })
	if shared.templateErr != nil {
		t.Fatal(shared.templateErr)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, shared.templateData, 0o600); err != nil {
		t.Fatal(err)
	}
}

func migratedFile() ([]byte, error) {
	dir, err := os.MkdirTemp("", "xj")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	ctx := context.Background() // outlives the test that comes first
	s, err := store.Open(ctx, store.Options{Driver: "sqlite", DSN: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	// Closing moves the write-ahead log into the file.
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
