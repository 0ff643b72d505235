package storetest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a private database or Redis server that a test may kill. It ends
// with the test.
type Server struct {
	Addr string // host:port on loopback
	Dir  string // its data

	socket string
	argv   []string
	ready  func(ctx context.Context) error

	guard *exec.Cmd
	stdin io.WriteCloser
	pid   int
}

// guardScript runs a server as a child and ends it when the standard input
// closes, which happens whatever way the test binary ends: no server and no
// data stay behind after a panic, a time-out or kill -9. $1 is the folder to
// remove at the end ("" keeps it), the rest is the command.
const guardScript = `dir=$1; shift
"$@" >>server.log 2>&1 </dev/null &
pid=$!
echo $pid
cat >/dev/null
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
if [ -n "$dir" ]; then cd / && rm -rf "$dir"; fi`

// start runs the server and waits until it answers. With remove, its folder
// goes when the test binary ends.
func (s *Server) start(remove bool) error {
	dir := ""
	if remove {
		dir = s.Dir
	}
	s.guard = exec.Command("/bin/sh", append([]string{"-c", guardScript, "sh", dir}, s.argv...)...)
	s.guard.Dir = s.Dir
	// A group of its own: Ctrl-C ends the tests, and then the pipe ends this.
	s.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if s.stdin, err = s.guard.StdinPipe(); err != nil {
		return err
	}
	out, err := s.guard.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.guard.Start(); err != nil {
		return err
	}
	if _, err := fmt.Fscanln(out, &s.pid); err != nil {
		return fmt.Errorf("start %s: %w", s.argv[0], err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		if err = s.ready(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil || syscall.Kill(s.pid, 0) != nil {
			log, _ := os.ReadFile(filepath.Join(s.Dir, "server.log"))
			s.stop()
			return fmt.Errorf("%s does not come up: %w\n%s", s.argv[0], err, tail(string(log), 2000))
		}
		time.Sleep(10 * time.Millisecond) // polls a foreign process
	}
}

// stop ends the guard, which kills the server.
func (s *Server) stop() {
	if s.guard == nil {
		return
	}
	s.stdin.Close()
	_ = s.guard.Wait() // its status is the killed server's
	s.guard = nil
}

// Kill ends the server as kill -9 does. The data stay.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.guard == nil {
		t.Fatal("storetest: the server is down already")
	}
	s.stop()
}

// Start brings a killed server back on the same address with its data.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(false); err != nil {
		t.Fatal(err)
	}
}

// Pause stops the server without closing its connections, as a black hole does;
// the function lets it go on.
func (s *Server) Pause(t testing.TB) (resume func()) {
	t.Helper()
	if err := syscall.Kill(s.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// The threads go on until one of them has seen the signal, which on a busy
	// machine is time enough for an INSERT.
	for end := time.Now().Add(10 * time.Second); !stopped(s.pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("storetest: the server does not stop")
		}
	}
	return func() { _ = syscall.Kill(s.pid, syscall.SIGCONT) }
}

// stopped tells whether every thread of a process has stopped; always where
// there is no /proc.
func stopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // it has just ended
		}
		// "123 (name) T …"
		if end := strings.LastIndexByte(string(stat), ')'); end < 0 || !strings.HasPrefix(string(stat[end:]), ") T") {
			return false
		}
	}
	return true
}

// freeAddr is a loopback address that nobody listened on a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// tempDir is in memory when there is a gigabyte to spare, which makes a schema
// ten times as fast to create, and short, because the path of a unix socket may
// have 107 characters. Durable data belong on a disk.
func tempDir(durable bool) (string, error) {
	var shm syscall.Statfs_t
	if !durable && syscall.Statfs("/dev/shm", &shm) == nil && shm.Bavail*uint64(shm.Bsize) > 1<<30 {
		if dir, err := os.MkdirTemp("/dev/shm", "xj"); err == nil {
			return dir, nil
		}
	}
	dir, err := os.MkdirTemp("", "xj")
	if err != nil || len(dir) < 80 {
		return dir, err
	}
	if err := os.Remove(dir); err != nil {
		return "", err
	}
	return os.MkdirTemp("/tmp", "xj")
}

// binary finds an installed program. Without it the test is skipped, unless
// XUNJIA_TEST_REQUIRE is set: then a missing server must not look like success.
func binary(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path = "/usr/sbin/" + name; exec.Command(path, "--version").Run() == nil {
			return path
		}
		if os.Getenv("XUNJIA_TEST_REQUIRE") != "" {
			t.Fatalf("%s is not installed, and XUNJIA_TEST_REQUIRE is set", name)
		}
		t.Skipf("%s is not installed: this part is not tested", name)
	}
	return path
}

func tail(s string, n int) string {
	return strings.TrimSpace(s[max(0, len(s)-n):])
}
