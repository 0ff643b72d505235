package store

import (
	"errors"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is all that differs between the engines. Everything else is SQL that
// both understand: no ||, no -> on JSON, no NOW(), no ORDER BY on UPDATE or
// DELETE, and UPDATE … WHERE id IN (SELECT id FROM (SELECT … LIMIT n) q).
type dialect string

const (
	mysqlDialect  dialect = "mysql"
	sqliteDialect dialect = "sqlite"
)

// upsert is the suffix of an INSERT that overwrites the set columns with the
// inserted values when a row with the same key exists; key names the columns of
// its unique index. Neither RowsAffected nor LastInsertId mean anything after.
func (d dialect) upsert(key []string, set ...string) string {
	if len(set) == 0 {
		set = key[:1] // nothing changes
	}
	assign := make([]string, len(set))
	if d == mysqlDialect {
		for i, c := range set {
			assign[i] = c + " = VALUES(" + c + ")"
		}
		return "ON DUPLICATE KEY UPDATE " + strings.Join(assign, ", ")
	}
	for i, c := range set {
		assign[i] = c + " = excluded." + c
	}
	return "ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE SET " + strings.Join(assign, ", ")
}

// insertIgnore makes the INSERT skip rows whose key exists; RowsAffected counts
// the others. MySQL also squeezes values that do not fit: for one row prefer a
// plain INSERT and isDuplicate.
func (d dialect) insertIgnore(b sq.InsertBuilder) sq.InsertBuilder {
	if d == mysqlDialect {
		return b.Options("IGNORE")
	}
	return b.Suffix("ON CONFLICT DO NOTHING")
}

// forUpdate is the suffix of a SELECT that locks the rows it reads. On SQLite
// the immediate transaction has locked everything already.
func (d dialect) forUpdate() string {
	if d == mysqlDialect {
		return "FOR UPDATE"
	}
	return ""
}

// clock is the expression for the database's time in milliseconds.
func (d dialect) clock() string {
	if d == mysqlDialect {
		return "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)"
	}
	return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
}

// bulk are the statements that make the writer's connection fit for very many
// rows, and those that undo it: more of the file in memory, and fewer moves from
// the log into the file.
func (d dialect) bulk() (begin, end []string) {
	if d != sqliteDialect {
		return nil, nil
	}
	return []string{"PRAGMA cache_size = -200000", "PRAGMA wal_autocheckpoint = 50000"},
		[]string{"PRAGMA cache_size = -2000", "PRAGMA wal_autocheckpoint = 1000", "PRAGMA wal_checkpoint(TRUNCATE)"}
}

// isDuplicate tells a violated unique or primary key.
func isDuplicate(err error) bool {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number == 1062
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY ||
			e.Code() == sqlite3.SQLITE_CONSTRAINT_ROWID
	}
	return false
}

// isRetryable tells that the transaction was undone because of another one and
// may succeed when it is run again from its beginning.
func isRetryable(err error) bool {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch e.Number {
		case 1213, // deadlock; on Galera also at COMMIT
			1205, // lock wait timeout
			1020, // changed since it was read (innodb_snapshot_isolation)
			1047, // Galera: the node is not ready
			9007, // TiDB: write conflict
			8022, // TiDB: commit failed, retryable
			8002, // TiDB: FOR UPDATE conflict
			8028: // TiDB: the schema changed meanwhile
			return true
		}
		return false
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := e.Code() & 0xff
		return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
	}
	return false
}
