package storetest

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xunjia/xunjia/store"
)

func TestEachIsMigratedAndEmpty(t *testing.T) {
	seen := 0
	Each(t, func(t *testing.T, s *store.Store) {
		seen++
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
		for want := range 2 { // the first one of a fresh database
			if ok, err := s.Spend(t.Context(), "x", 1, 1); err != nil || ok != (want == 0) {
				t.Errorf("Spend %d = %v, %v", want, ok, err)
			}
		}
	})
	if seen != 2 {
		t.Errorf("ran on %d engines, want 2", seen)
	}
}

// A server that runs already is used, and nothing stays on it.
func TestServerOfTheEnvironment(t *testing.T) {
	server := StartMariaDB(t, false)
	t.Setenv("XUNJIA_TEST_MYSQL_DSN", fmt.Sprintf("root@tcp(%s)/", server.Addr))
	databases := func() (n int) {
		db, err := sql.Open("mysql", server.root().FormatDSN())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRow("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'xunjia%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Run("test", func(t *testing.T) {
		Open(t, "mysql", MariaDB(t))
		if n := databases(); n != 1 {
			t.Errorf("%d databases on the server, want 1", n)
		}
	})
	if n := databases(); n != 0 {
		t.Errorf("%d databases left behind", n)
	}
}

// Data survive Kill and Start.
func TestKilledServerKeepsItsData(t *testing.T) {
	server := StartMariaDB(t, true)
	s := Open(t, "mysql", server.DSN(t))
	if ok, err := s.Spend(t.Context(), "x", 1, 1); !ok || err != nil {
		t.Fatal(ok, err)
	}
	server.Kill(t)
	server.Start(t)
	if ok, err := s.Spend(t.Context(), "x", 1, 1); ok || err != nil {
		t.Errorf("Spend after the restart = %v, %v; want it spent", ok, err)
	}
}

// A test binary that is killed leaves neither servers nor data.
func TestServersEndWithTheBinary(t *testing.T) {
	if os.Getenv("STORETEST_HANG") != "" {
		Redis(t)
		fmt.Println("pid", shared.redisServer.pid, shared.redisServer.Dir)
		select {} // until it is killed
	}
	binary(t, "redis-server")
	cmd := exec.Command(os.Args[0], "-test.run=^TestServersEndWithTheBinary$")
	cmd.Env = append(os.Environ(), "STORETEST_HANG=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	var dir string
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "pid ") {
			if _, err := fmt.Sscanf(lines.Text(), "pid %d %s", &pid, &dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pid == 0 || syscall.Kill(pid, 0) != nil {
		t.Fatalf("the server (%d) does not run", pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := os.Stat(dir)
		if syscall.Kill(pid, 0) != nil && os.IsNotExist(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("server %d or %s is still there", pid, dir)
		}
		time.Sleep(10 * time.Millisecond) // polls foreign processes
	}
}
