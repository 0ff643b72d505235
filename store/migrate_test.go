package store_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// eachDSN runs f on an empty database of both engines.
func eachDSN(t *testing.T, f func(t *testing.T, driver, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite", storetest.SQLite(t)) })
	t.Run("mariadb", func(t *testing.T) { f(t, "mysql", storetest.MariaDB(t)) })
}

func openRaw(t *testing.T, driver, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Driver: driver, DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSchemaIsChecked(t *testing.T) {
	eachDSN(t, func(t *testing.T, driver, dsn string) {
		ctx := t.Context()
		s := openRaw(t, driver, dsn)
		wantStale := func(when, hint string) {
			t.Helper()
			err := s.CheckSchema(ctx)
			if xunjia.ErrorCode(err) != xunjia.Unavailable || !strings.Contains(err.Error(), hint) {
				t.Fatalf("%s: CheckSchema = %v, want Unavailable with %q", when, err, hint)
			}
		}
		wantStale("empty database", "xunjia migrate up")
		for range 2 { // the second time there is nothing to do
			if err := s.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			if err := s.CheckSchema(ctx); err != nil {
				t.Fatal(err)
			}
		}
		change(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		wantStale("migrated by a newer program", "请升级程序")
		change(t, s, "DELETE FROM goose_db_version WHERE version_id IN (1, 99999)")
		wantStale("one migration missing", "xunjia migrate up")
	})
}

func change(t *testing.T, s *store.Store, statement string, args ...any) {
	t.Helper()
	if _, err := s.Writer().ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func TestInstancesMigrateAtOnce(t *testing.T) {
	for range 3 { // not every round meets in the middle
		eachDSN(t, func(t *testing.T, driver, dsn string) {
			var wg sync.WaitGroup
			for range 4 {
				s := openRaw(t, driver, dsn)
				wg.Go(func() {
					if err := s.Migrate(context.Background()); err != nil {
						t.Errorf("Migrate: %v", err)
					} else if err := s.CheckSchema(context.Background()); err != nil {
						t.Errorf("CheckSchema: %v", err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestEnginesHaveTheSameSchema compares what both migrations made: tables,
// columns with their nullability, and the columns of every index.
func TestEnginesHaveTheSameSchema(t *testing.T) {
	lite := storetest.Open(t, "sqlite", storetest.SQLite(t))
	maria := storetest.Open(t, "mysql", storetest.MariaDB(t))
	columns := [2][]string{
		strs(t, lite.DB(), `SELECT m.name || '.' || c.name || CASE WHEN c."notnull" OR c.pk THEN ' NOT NULL' ELSE ' NULL' END
			FROM sqlite_master m, pragma_table_xinfo(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%'`),
		strs(t, maria.DB(), `SELECT CONCAT(table_name, '.', column_name, IF(is_nullable = 'YES', ' NULL', ' NOT NULL'))
			FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT LIKE 'goose_%'`),
	}
	if len(columns[0]) < 50 {
		t.Fatalf("only %d columns found", len(columns[0]))
	}
	if diff := cmp.Diff(columns[0], columns[1]); diff != "" {
		t.Errorf("columns (-sqlite +mysql):\n%s", diff)
	}
	indexes := [2][]string{
		strs(t, lite.DB(), `SELECT MIN(tbl || CASE WHEN uniq THEN ' UNIQUE ' ELSE ' ' END || cols) FROM (
			SELECT m.name AS tbl, i.name AS idx, i."unique" AS uniq, group_concat(x.name, ',') AS cols
			FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) x
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' GROUP BY m.name, i.name
			) GROUP BY tbl, idx`),
		strs(t, maria.DB(), `SELECT CONCAT(table_name, IF(MIN(non_unique) = 0, ' UNIQUE ', ' '),
			GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ','))
			FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name NOT LIKE 'goose_%'
			GROUP BY table_name, index_name`),
	}
	// SQLite's integer primary key is the table itself, not an index.
	withoutRowid := func(list []string) []string {
		return slices.DeleteFunc(list, func(s string) bool { return strings.HasSuffix(s, " UNIQUE id") })
	}
	if diff := cmp.Diff(withoutRowid(indexes[0]), withoutRowid(indexes[1])); diff != "" {
		t.Errorf("indexes (-sqlite +mysql):\n%s", diff)
	}
}

func strs(t *testing.T, db *sql.DB, query string) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}
