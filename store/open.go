package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/xunjia/xunjia"
)

// Options tells Open where the data is.
type Options struct {
	Driver string // "sqlite" or "mysql"
	// DSN is for sqlite the path of the file, made with its folder when it
	// does not exist, or ":memory:"; for mysql the driver's
	// user:password@tcp(host:3306)/name?tls=true. Parameters that the program
	// relies on are set whatever it says.
	DSN     string
	MaxOpen int              // connections; 0 means 32 on MySQL, one per core and at least 4 readers on SQLite
	Clock   func() time.Time // nil means time.Now
	Log     *slog.Logger     // nil means slog.Default()
	// Cache holds sessions for a minute, so that most requests ask no SQL; nil
	// means none. See OpenRedis.
	Cache redis.UniversalClient
	Quiet xunjia.Quiet // when nothing that can wait is sent to somebody who did not choose his own time
}

// Open connects and tells at once when the database does not answer. It leaves
// the schema alone: see Migrate and CheckSchema.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{clock: o.Clock, fixedClock: o.Clock != nil, log: o.Log, quiet: o.Quiet}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if o.Cache != nil {
		s.cache = &sessionCache{client: o.Cache}
	}
	var err error
	switch o.Driver {
	case "sqlite":
		err = s.openSQLite(o)
	case "mysql":
		err = s.openMySQL(ctx, o)
	default:
		return nil, fmt.Errorf("store: unknown driver %q, want sqlite or mysql", o.Driver)
	}
	if err != nil {
		return nil, err
	}
	// The writer first: it makes the file that readers only read.
	for _, db := range []*sql.DB{s.writer, s.db} {
		if err := db.PingContext(ctx); err != nil {
			s.Close()
			return nil, fmt.Errorf("store: open %s database: %w", o.Driver, err)
		}
	}
	return s, nil
}

func (s *Store) openSQLite(o Options) error {
	s.dialect = sqliteDialect
	path, params, err := splitSQLite(o.DSN)
	if err != nil {
		return err
	}
	if path == ":memory:" {
		// Every connection would see a database of its own.
		s.db, err = sql.Open("sqlite", sqliteDSN(path, params, "immediate"))
		if err != nil {
			return err
		}
		s.db.SetMaxOpenConns(1)
		s.db.SetConnMaxLifetime(0)
		s.writer = s.db
		return nil
	}
	// The file holds sessions and phone numbers: nobody else's to read.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: folder of the database: %w", err)
	}
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("store: database file: %w", err)
	} else if err := f.Close(); err != nil {
		return err
	}
	if s.writer, err = sql.Open("sqlite", sqliteDSN(path, params, "immediate")); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	s.writer.SetMaxIdleConns(1)
	readers := url.Values{"_query_only": {"1"}}
	for k, v := range params {
		readers[k] = v
	}
	if s.db, err = sql.Open("sqlite", sqliteDSN(path, readers, "deferred")); err != nil {
		return err
	}
	n := o.MaxOpen
	if n <= 0 {
		n = max(4, runtime.GOMAXPROCS(0))
	}
	s.db.SetMaxOpenConns(n)
	s.db.SetMaxIdleConns(n)
	return nil
}

// splitSQLite takes a path or a file: URI apart. Parameters of the driver,
// which begin with an underscore, are refused: the ones that matter are set
// here, and _pragma would run any SQL.
func splitSQLite(dsn string) (path string, params url.Values, err error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	if path == "" {
		return "", nil, fmt.Errorf("store: the SQLite DSN names no file")
	}
	if params, err = url.ParseQuery(query); err != nil {
		return "", nil, fmt.Errorf("store: SQLite DSN: %w", err)
	}
	for k := range params {
		if strings.HasPrefix(k, "_") {
			return "", nil, fmt.Errorf("store: SQLite DSN: parameter %s cannot be changed", k)
		}
	}
	return path, params, nil
}

// sqliteDSN adds what the program relies on. synchronous=FULL: with NORMAL the
// last commits could be lost with the power. Immediate transactions: a deferred
// one that reads first fails with SQLITE_BUSY when another wrote meanwhile.
func sqliteDSN(path string, params url.Values, txlock string) string {
	q := url.Values{
		"_busy_timeout": {"5000"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"1"},
		"_txlock":       {txlock},
		"_dqs":          {"0"},
	}
	for k, v := range params {
		q[k] = v
	}
	if path != ":memory:" {
		path = (&url.URL{Path: path}).EscapedPath()
	}
	return "file:" + path + "?" + q.Encode()
}

func (s *Store) openMySQL(ctx context.Context, o Options) error {
	s.dialect = mysqlDialect
	cfg, err := mysqlConfig(o.DSN)
	if err != nil {
		return err
	}
	if err := detectSnapshotIsolation(ctx, cfg); err != nil {
		return fmt.Errorf("store: open mysql database: %w", err)
	}
	cfg.Logger = driverLog{s.log}
	s.migrationConfig = cfg.Clone()
	s.migrationConfig.ReadTimeout = time.Hour
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return fmt.Errorf("store: MySQL DSN: %w", err)
	}
	s.db = sql.OpenDB(connector)
	n := o.MaxOpen
	if n <= 0 {
		n = 32
	}
	s.db.SetMaxOpenConns(n)
	s.db.SetMaxIdleConns(n)
	s.db.SetConnMaxIdleTime(3 * time.Minute) // shorter than proxies and firewalls wait
	s.db.SetConnMaxLifetime(30 * time.Minute)
	s.writer = s.db
	return nil
}

// driverLog takes what the MySQL driver has to say about its connections.
type driverLog struct{ log *slog.Logger }

// Print implements mysql.Logger.
func (l driverLog) Print(v ...any) { l.log.Warn("mysql driver", "says", fmt.Sprint(v...)) }

// mysqlConfig reads dsn and sets what the program relies on: RowsAffected that
// counts matched rows as SQLite does, strict rejection of what does not fit,
// UTC, and an end to every wait.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("store: MySQL DSN: %w", err)
	}
	if cfg.DBName == "" {
		return nil, fmt.Errorf("store: the MySQL DSN names no database")
	}
	if err := cfg.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, fmt.Errorf("store: MySQL DSN: %w", err)
	}
	cfg.ClientFoundRows = true
	cfg.InterpolateParams = true
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	cfg.MultiStatements = false
	cfg.AllowAllFiles = false
	cfg.Timeout = atMost(cfg.Timeout, 5*time.Second)
	cfg.ReadTimeout = atMost(cfg.ReadTimeout, 10*time.Second)
	cfg.WriteTimeout = atMost(cfg.WriteTimeout, 10*time.Second)
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	cfg.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	return cfg, nil
}

func atMost(d, limit time.Duration) time.Duration {
	if d <= 0 || d > limit {
		return limit
	}
	return d
}

// detectSnapshotIsolation adds innodb_snapshot_isolation where the server knows
// it (MariaDB since 10.6.18): a transaction that read a row which changed
// meanwhile then fails with 1020 and is run again, where it would have
// overwritten the change. It is a second guard; operations do not rely on it.
func detectSnapshotIsolation(ctx context.Context, cfg *mysql.Config) error {
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	var name, value string
	err = db.QueryRowContext(ctx, "SHOW VARIABLES LIKE 'innodb_snapshot_isolation'").Scan(&name, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil && value != "ON" {
		cfg.Params["innodb_snapshot_isolation"] = "1"
	}
	return err
}
