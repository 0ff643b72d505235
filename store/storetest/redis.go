package storetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Redis answers the URL of an empty database on the Redis server of this test
// binary. There are 16 of them for tests that run at the same time. The database
// that XUNJIA_TEST_REDIS_URL names is emptied.
func Redis(t testing.TB) (url string) {
	t.Helper()
	if url := os.Getenv("XUNJIA_TEST_REDIS_URL"); url != "" {
		flush(t, url)
		return url
	}
	program := binary(t, "redis-server")
	shared.redis.Do(func() {
		shared.redisServer, shared.redisErr = newRedis(program)
		if shared.redisErr == nil {
			shared.redisErr = shared.redisServer.start(true)
		}
	})
	if shared.redisErr != nil {
		t.Fatal(shared.redisErr)
	}
	shared.redisDatabases.Lock()
	defer shared.redisDatabases.Unlock()
	for n, taken := range shared.redisDatabasesInUse {
		if taken {
			continue
		}
		shared.redisDatabasesInUse[n] = true
		url := fmt.Sprintf("redis://%s/%d", shared.redisServer.Addr, n)
		t.Cleanup(func() {
			flush(t, url)
			shared.redisDatabases.Lock()
			defer shared.redisDatabases.Unlock()
			shared.redisDatabasesInUse[n] = false
		})
		return url
	}
	t.Fatal("storetest: more than 16 tests use Redis at once")
	return ""
}

// StartRedis starts a server for this test alone, which it may Kill, Pause and
// Start again; its URL is redis://Addr.
func StartRedis(t testing.TB) *Server {
	t.Helper()
	s, err := newRedis(binary(t, "redis-server"))
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

func newRedis(program string) (*Server, error) {
	dir, err := tempDir(false)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	s := &Server{Addr: addr, Dir: dir}
	s.argv = []string{program, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}
	s.ready = func(ctx context.Context) error {
		c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
		defer c.Close()
		return c.Ping(ctx).Err()
	}
	return s, nil
}

func flush(t testing.TB, url string) {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	if err := c.FlushDB(context.Background()).Err(); err != nil {
		t.Errorf("empty the Redis database: %v", err)
	}
}
