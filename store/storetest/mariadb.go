package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// shared holds the servers of this test binary. Starting one takes a second and
// a test cannot know whether another follows, so they live as long as the
// process; guardScript ends them with it. A package variable is the only place
// that every test of a binary reaches without a TestMain in each package.
var shared struct {
	mariadb       sync.Once
	mariadbServer *Server
	mariadbErr    error

	redis               sync.Once
	redisServer         *Server
	redisErr            error
	redisDatabases      sync.Mutex
	redisDatabasesInUse [16]bool

	template     sync.Once
	templateData []byte // a migrated SQLite database
	templateErr  error
}

// MariaDB makes an empty database on the server of this test binary and answers
// its DSN.
func MariaDB(t testing.TB) (dsn string) {
	t.Helper()
	if dsn := os.Getenv("XUNJIA_TEST_MYSQL_DSN"); dsn != "" {
		cfg, err := mysql.ParseDSN(dsn)
		if err != nil {
			t.Fatalf("XUNJIA_TEST_MYSQL_DSN: %v", err)
		}
		name := createDatabase(t, cfg)
		t.Cleanup(func() { execute(t, cfg, "DROP DATABASE `"+name+"`") })
		return withDatabase(cfg, name)
	}
	daemon, install := binary(t, "mariadbd"), binary(t, "mariadb-install-db")
	shared.mariadb.Do(func() {
		shared.mariadbServer, shared.mariadbErr = newMariaDB(daemon, install, false)
		if shared.mariadbErr == nil {
			shared.mariadbErr = shared.mariadbServer.start(true)
		}
	})
	if shared.mariadbErr != nil {
		t.Fatal(shared.mariadbErr)
	}
	return shared.mariadbServer.database(t)
}

// StartMariaDB starts a server for this test alone, which it may Kill and Start
// again. Durable makes it sync every commit to disk, as in production.
func StartMariaDB(t testing.TB, durable bool) *Server {
	t.Helper()
	s, err := newMariaDB(binary(t, "mariadbd"), binary(t, "mariadb-install-db"), durable)
	if err == nil {
		err = s.start(false)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		if err := os.RemoveAll(s.Dir); err != nil {
			t.Errorf("remove data of the server: %v", err)
		}
	})
	return s
}

// DSN makes an empty database on a server from StartMariaDB, reached over TCP.
func (s *Server) DSN(t testing.TB) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(s.database(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Net, cfg.Addr = "tcp", s.Addr
	return cfg.FormatDSN()
}

func (s *Server) database(t testing.TB) (dsn string) {
	t.Helper()
	cfg := s.root()
	return withDatabase(cfg, createDatabase(t, cfg))
}

func (s *Server) root() *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr = "root", "unix", s.socket
	return cfg
}

// newMariaDB makes the data of a server without starting it.
func newMariaDB(daemon, install string, durable bool) (*Server, error) {
	dir, err := tempDir(durable)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	user := []string{}
	if os.Geteuid() == 0 {
		user = []string{"--user=root"} // mariadbd refuses root unless told
	}
	cmd := exec.Command(install, append([]string{"--no-defaults", "--datadir=" + data,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}, user...)...)
	// Of its own: a server that starts removes what others left in a shared one.
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("mariadb-install-db: %w\n%s", err, tail(string(out), 2000))
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: addr, Dir: dir, socket: filepath.Join(dir, "s")}
	s.argv = append([]string{daemon, "--no-defaults",
		"--datadir=" + data, "--tmpdir=" + dir, "--socket=" + s.socket, "--pid-file=" + filepath.Join(dir, "pid"),
		"--bind-address=127.0.0.1", "--port=" + addr[strings.LastIndexByte(addr, ':')+1:],
		"--innodb-snapshot-isolation=ON", "--character-set-server=utf8mb4", "--skip-name-resolve",
		"--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--key-buffer-size=1M",
		"--performance-schema=OFF", "--max-connections=500", "--table-open-cache=2000", "--skip-log-bin",
		"--innodb-lock-wait-timeout=10",
	}, user...)
	if !durable {
		s.argv = append(s.argv, "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
			"--innodb-doublewrite=0", "--innodb-file-per-table=0", "--innodb-stats-persistent=0",
			"--debug-no-sync", "--skip-sync-frm")
	}
	s.ready = func(ctx context.Context) error {
		db, err := sql.Open("mysql", s.root().FormatDSN())
		if err != nil {
			return err
		}
		defer db.Close()
		return db.PingContext(ctx)
	}
	return s, nil
}

func createDatabase(t testing.TB, cfg *mysql.Config) (name string) {
	t.Helper()
	name = "xunjia_test_" + strings.ToLower(rand.Text()[:12])
	execute(t, cfg, "CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	return name
}

func execute(t testing.TB, cfg *mysql.Config, statement string) {
	t.Helper()
	db, err := sql.Open("mysql", withDatabase(cfg, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

func withDatabase(cfg *mysql.Config, name string) (dsn string) {
	c := cfg.Clone()
	c.DBName = name
	return c.FormatDSN()
}
