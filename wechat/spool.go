package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
)

// maxSpooled bounds the spool: at most 64 KiB each, so at most 6 GB.
const maxSpooled = 100_000

// maxRefused ends one pass of Drain.
const maxRefused = 10

// Spool keeps pushes on the local disk while the inbox is down. What Append has
// accepted survives a crash and a power loss. One directory serves one process.
type Spool struct {
	dir string
	log *slog.Logger

	draining sync.Mutex // one Drain at a time

	mu    sync.Mutex // over the file names and count
	count int
}

// OpenSpool opens the spool in dir, which is made if it does not exist, with
// what an earlier process left in it.
func OpenSpool(dir string, log *slog.Logger) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("wechat: spool: %w", err)
	}
	s := &Spool{dir: dir, log: log}
	for _, unfinished := range s.glob("push-*.tmp") { // an Append that a crash cut off
		if err := os.Remove(unfinished); err != nil {
			return nil, fmt.Errorf("wechat: spool: %w", err)
		}
	}
	s.count = len(s.glob("*.json"))
	return s, nil
}

// Len is the number of pushes that wait.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Append keeps in. It returns after the push and its name are on the disk. A
// push with the same AppID and Key replaces the earlier one.
func (s *Spool) Append(in xunjia.Inbound) error {
	if s.Len() >= maxSpooled {
		return errors.New("wechat: the spool is full")
	}
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("wechat: spool: %w", err)
	}
	tmp, err := os.CreateTemp(s.dir, "push-*.tmp")
	if err != nil {
		return fmt.Errorf("wechat: spool: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("wechat: spool: %w", err)
	}
	sum := sha256.Sum256([]byte(in.AppID + "\x00" + in.Key))
	name := filepath.Join(s.dir, hex.EncodeToString(sum[:16])+".json")

	if err := s.rename(tmp.Name(), name); err != nil {
		return fmt.Errorf("wechat: spool: %w", err)
	}
	return s.syncDir()
}

// rename puts a finished file in its place and counts it.
func (s *Spool) rename(tmp, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := os.Lstat(name)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.Rename(tmp, name); err != nil {
		return err
	}
	if fresh {
		s.count++
	}
	return nil
}

// Drain hands every push that waits to deliver, oldest first, and forgets those
// that it accepts. One that it refuses stays and holds up nobody, but maxRefused
// refusals in a row mean that the inbox is down. The error is deliver's last.
func (s *Spool) Drain(ctx context.Context, deliver func(context.Context, xunjia.Inbound) error) error {
	s.draining.Lock()
	defer s.draining.Unlock()
	names := s.glob("*.json")
	ages := make(map[string]time.Time, len(names))
	for _, name := range names {
		if info, err := os.Lstat(name); err == nil {
			ages[name] = info.ModTime()
		}
	}
	slices.SortFunc(names, func(a, b string) int { return ages[a].Compare(ages[b]) })
	var failure error
	refused := 0
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if refused == maxRefused {
			break
		}
		in, err := read(name)
		if err != nil {
			s.log.ErrorContext(ctx, "wechat: spooled push cannot be read and is set aside", "file", filepath.Base(name), "error", err)
			s.forget(func() error { return os.Rename(name, name+".bad") })
			continue
		}
		if err := deliver(ctx, in); err != nil {
			failure = err
			refused++
			continue
		}
		refused = 0
		s.forget(func() error { return os.Remove(name) })
	}
	return failure
}

// forget takes one file out of the spool. When that fails the push is delivered
// again later, which the inbox notices.
func (s *Spool) forget(remove func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := remove(); err != nil {
		s.log.Error("wechat: spooled push stays", "error", err)
		return
	}
	s.count--
}

// glob lists the files of the directory that match a well-formed pattern.
func (s *Spool) glob(pattern string) []string {
	names, _ := filepath.Glob(filepath.Join(s.dir, pattern))
	return names
}

func read(name string) (in xunjia.Inbound, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return in, err
	}
	return in, json.Unmarshal(b, &in)
}

// syncDir makes a rename durable.
func (s *Spool) syncDir() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("wechat: spool: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("wechat: spool: %w", err)
	}
	return nil
}
