package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia/store/storetest"
)

func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	vars := []string{"XUNJIA_DATA_DIR=" + dir, "XUNJIA_LOG_LEVEL=error"}
	got, err := command(t, vars, "doctor")
	if err == nil || !strings.Contains(got, "xunjia migrate") || !strings.Contains(err.Error(), "1 处") {
		t.Errorf("before migrating: %v\n%s", err, got)
	}
	if _, err := command(t, vars, "migrate"); err != nil {
		t.Fatal(err)
	}
	got, err = command(t, vars, "doctor")
	if err != nil || !strings.Contains(got, "一切正常") || strings.Contains(got, "坏") {
		t.Errorf("healthy: %v\n%s", err, got)
	}
	vars = append(vars, "XUNJIA_REDIS_URL=redis://127.0.0.1:1/0", "XUNJIA_DATABASE_DRIVER=mysql", "XUNJIA_DATABASE_DSN=root:canary-secret@tcp(127.0.0.1:1)/x")
	got, err = command(t, vars, "doctor")
	if err == nil || !strings.Contains(err.Error(), "2 处") || !strings.Contains(got, "坏   Redis") || !strings.Contains(got, "坏   数据库") {
		t.Errorf("without Redis and database: %v\n%s", err, got)
	}
	if strings.Contains(got, "canary-secret") {
		t.Errorf("the password is shown:\n%s", got)
	}
	got, err = command(t, []string{"XUNJIA_LISTEN=nonsense"}, "doctor")
	if err == nil || !strings.Contains(got, "listen") {
		t.Errorf("wrong configuration: %v\n%s", err, got)
	}
	got, err = command(t, []string{"XUNJIA_DATA_DIR=" + filepath.Join(dir, "xunjia.db", "below")}, "doctor")
	if err == nil || !strings.Contains(got, "坏   数据目录") {
		t.Errorf("a data directory that is none: %v\n%s", err, got)
	}
}

// The doctor examines the account of a running installation.
func TestDoctorAsksWeChat(t *testing.T) {
	a := startApp(t, time.Now, nil)
	d := &doctor{out: new(strings.Builder)}
	cfg := a.cfg
	d.wechat(t.Context(), cfg, a.store)
	if got := d.out.(*strings.Builder).String(); d.broken != 0 || !strings.Contains(got, "接口可用") {
		t.Errorf("%d broken:\n%s", d.broken, got)
	}
	cfg.WeChat.Secret = "0123456789abcdef0123456789abcdef"
	d.wechat(t.Context(), cfg, storetest.Open(t, "sqlite", storetest.SQLite(t)))
	if got := d.out.(*strings.Builder).String(); d.broken != 1 || !strings.Contains(got, "AppSecret 不正确") {
		t.Errorf("%d broken:\n%s", d.broken, got)
	}
}
