package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia/config"
)

// command runs xunjia with arguments and answers what it prints.
func command(t *testing.T, vars []string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, vars, &out, io.Discard)
	return out.String(), err
}

func TestCommands(t *testing.T) {
	vars := []string{"XUNJIA_DATA_DIR=" + t.TempDir(), "XUNJIA_LOG_LEVEL=error"}
	for _, c := range []struct {
		args []string
		want string // in what is printed
	}{
		{[]string{"version"}, "xunjia dev"},
		{[]string{"config", "check"}, "配置没有问题"},
		{[]string{"config", "print"}, "listen: 127.0.0.1:8080"},
		{[]string{"routes"}, "POST /purchases/new (member)"},
		{[]string{"migrate"}, "数据库结构已是最新"},
		{[]string{"migrate"}, "数据库结构已是最新"},
		{[]string{"seed"}, "14 张采购单"},
		{[]string{"seed"}, "0 张采购单"},
		{[]string{"seed", "--purchases=20"}, "20 / 20 张采购单，100 条报价"},
		{[]string{"--help"}, "healthcheck"},
	} {
		got, err := command(t, vars, c.args...)
		if err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%v: %v, %q lacks %q", c.args, err, got, c.want)
		}
	}
}

// A benchmark's load gets into production only by force.
func TestSeedVolumeIsRefused(t *testing.T) {
	for _, c := range []struct {
		command seedCommand
		env     config.Env
		ok      bool
	}{
		{seedCommand{Purchases: 10}, config.Development, true},
		{seedCommand{Purchases: 10}, config.Production, false},
		{seedCommand{Purchases: 10, Force: true}, config.Production, true},
		{seedCommand{}, config.Production, true},
		{seedCommand{Purchases: -1}, config.Development, false},
	} {
		if err := c.command.allowed(config.Config{Env: c.env}); (err == nil) != c.ok {
			t.Errorf("%+v in %s: %v", c.command, c.env, err)
		}
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("canary-0123456789-0123456789-0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := command(t, []string{"XUNJIA_SECRET_FILE=" + file}, "config", "print")
	if err != nil || !strings.Contains(got, "***") || strings.Contains(got, "canary") {
		t.Errorf("%v, %s", err, got)
	}
}

// Every problem is told at once, and production refuses what only development
// may have.
func TestProductionRefuses(t *testing.T) {
	_, err := command(t, []string{"XUNJIA_ENV=production"}, "serve")
	if err == nil {
		t.Fatal("started")
	}
	for _, key := range []string{"secret", "redis.url", "wechat.app_id", "base_url"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%q does not name %s", err, key)
		}
	}
}

func TestServeAndHealthcheck(t *testing.T) {
	a := startApp(t, time.Now, nil)
	vars := []string{"XUNJIA_LISTEN=" + strings.TrimPrefix(a.url, "http://")}
	if got, err := command(t, vars, "healthcheck"); err != nil || got != "ok\n" {
		t.Errorf("healthcheck: %q, %v", got, err)
	}
	var out bytes.Buffer
	a.greet(t.Context(), &out, time.Millisecond)
	for _, want := range []string{a.url, a.sim.URL() + "/sim/", "/admin/enter?token="} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the greeting lacks %q:\n%s", want, out.String())
		}
	}
	a.close()
	if _, err := command(t, vars, "healthcheck"); err == nil {
		t.Error("healthy after the end")
	}
}

// An address that is taken is explained, and nothing stays open behind it.
func TestAddressTaken(t *testing.T) {
	a := startApp(t, time.Now, nil)
	cfg, err := config.Load("", []string{"XUNJIA_LISTEN=" + strings.TrimPrefix(a.url, "http://"), "XUNJIA_DATA_DIR=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(context.Background(), cfg, newLogger(cfg), time.Now); err == nil || !strings.Contains(err.Error(), "XUNJIA_LISTEN") {
		t.Errorf("started twice: %v", err)
	}
}
