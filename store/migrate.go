package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/xunjia/xunjia"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to date. Several instances may do it at once:
// one works, the others wait for it.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, path.Join("migrations", string(s.dialect)))
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	db, dialect := s.writer, goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler))}
	if s.dialect == mysqlDialect {
		dialect = goose.DialectMySQL
		// A connection of its own, for statements that take minutes.
		connector, err := mysql.NewConnector(s.migrationConfig)
		if err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		db = sql.OpenDB(connector)
		defer db.Close()
		// A table, not GET_LOCK, which neither Galera nor a proxy carries over.
		locker, err := lock.NewMySQLTableLocker(lock.WithTableLockTimeout(200*time.Millisecond, 5*600),
			lock.WithTableLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	results, err := p.Up(ctx)
	if s.dialect == sqliteDialect {
		// There is no lock over a file. Each time another process applied one
		// between our look and our try; it can do so as often as there are files.
		for range p.ListSources() {
			if err == nil || ctx.Err() != nil {
				break
			}
			results, err = p.Up(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	for _, r := range results {
		s.log.InfoContext(ctx, "schema migrated", "file", path.Base(r.Source.Path), "took", r.Duration)
	}
	return nil
}

// CheckSchema compares the schema with this program. An Unavailable error says
// that migrations are missing, or that a newer program has migrated already.
func (s *Store) CheckSchema(ctx context.Context) error {
	count, newest, err := embeddedVersions(s.dialect)
	if err != nil {
		return err
	}
	var applied, version int64
	row := s.db.QueryRowContext(ctx, "SELECT COUNT(DISTINCT version_id), COALESCE(MAX(version_id), 0)"+
		" FROM goose_db_version WHERE version_id > 0 AND is_applied = 1")
	if err := row.Scan(&applied, &version); err != nil {
		if pingErr := s.Ping(ctx); pingErr != nil {
			return pingErr
		}
		// The database answers, so the table is missing: nothing was migrated.
		return &xunjia.Error{Code: xunjia.Unavailable, Message: "数据库尚未初始化，请先运行 xunjia migrate up",
			Err: fmt.Errorf("store: schema version: %w", err)}
	}
	switch {
	case version > newest:
		return xunjia.Errorf(xunjia.Unavailable, "数据库结构（版本 %d）比程序（版本 %d）新，请升级程序", version, newest)
	case applied < count:
		return xunjia.Errorf(xunjia.Unavailable, "数据库结构（版本 %d）比程序（版本 %d）旧，请先运行 xunjia migrate up", version, newest)
	}
	return nil
}

// embeddedVersions tells how many migrations this program has and the highest.
func embeddedVersions(d dialect) (count, newest int64, err error) {
	entries, err := migrations.ReadDir(path.Join("migrations", string(d)))
	if err != nil {
		return 0, 0, fmt.Errorf("store: migrations: %w", err)
	}
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("store: migration %s has no number", e.Name())
		}
		count, newest = count+1, max(newest, v)
	}
	return count, newest, nil
}
