package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct{ name, driver, dsn, hint string }{
		{"driver", "postgres", "x", "unknown driver"},
		{"no file", "sqlite", "", "names no file"},
		{"SQL in the DSN", "sqlite", "x.db?_pragma=synchronous(0)", "_pragma"},
		{"weaker sync", "sqlite", "file:x.db?_synchronous=OFF", "_synchronous"},
		{"no database", "mysql", "root@tcp(127.0.0.1:1)/", "names no database"},
		{"broken DSN", "mysql", "root@tcp(127.0.0.1:1", "DSN"},
		{"nobody there", "mysql", "root@tcp(127.0.0.1:1)/x", "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := store.Open(t.Context(), store.Options{Driver: tt.driver, DSN: tt.dsn})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), tt.hint) {
				t.Errorf("error %q does not mention %q", err, tt.hint)
			}
		})
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "数据 %1", "xunjia.db")
	s := openRaw(t, "sqlite", path)
	for file, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s = %o, want %o", filepath.Base(file), got, want)
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := s.Writer().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s (%v), want %s", pragma, got, err, want)
		}
	}
}

func TestInMemory(t *testing.T) {
	s := storetest.Open(t, "sqlite", ":memory:")
	for want := range 2 {
		if ok, err := s.Spend(t.Context(), "x", 1, 1); err != nil || ok != (want == 0) {
			t.Errorf("Spend %d = %v, %v", want, ok, err)
		}
	}
}

// The program counts matched rows, stores UTC and refuses what does not fit,
// whatever the DSN asks for.
func TestMySQLDSNIsCorrected(t *testing.T) {
	dsn := storetest.MariaDB(t) +
		"?clientFoundRows=false&interpolateParams=false&time_zone=%27%2B08%3A00%27&sql_mode=%27%27&charset=latin1&readTimeout=1h"
	clock := time.Date(2026, 11, 23, 10, 0, 0, 123456789, time.FixedZone("", 8*3600))
	s := storetest.Open(t, "mysql", dsn, func(o *store.Options) { o.Clock = func() time.Time { return clock } })
	ctx := t.Context()
	in := xunjia.Inbound{AppID: "wx", Key: "m:1", Body: "黄连 𠮷 😀"}
	if fresh, err := s.SaveInbound(ctx, in); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
	for range 2 { // the second changes nothing, but the row is there
		if err := s.MarkInbound(ctx, in.AppID, in.Key); err != nil {
			t.Fatal(err)
		}
	}
	got := strs(t, s.DB(), "SELECT CONCAT(body, ' ', received_at, ' ', @@time_zone) FROM inbound")
	if want := in.Body + " 1795399200123 +00:00"; got[0] != want {
		t.Errorf("stored %q, want %q", got[0], want)
	}
	if err := s.CreateMedia(ctx, xunjia.Media{Key: strings.Repeat("k", 65)}); err == nil {
		t.Error("a key that does not fit was cut and stored")
	}
}
