package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xunjia/xunjia/config"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite docs/config.md")

// good is a production configuration without a fault.
const good = `
env: production
listen: 0.0.0.0:8080
base_url: https://xunjia.example.com/
secret: k7Qz2mX9vR4tB8nL1cW6yH3jD5fG0sPaEuIo
trusted_proxies: [10.0.0.0/8, 127.0.0.1]
database: {driver: mysql, dsn: "xunjia:pw-in-dsn@tcp(db:3306)/xunjia"}
redis: {url: "redis://:pw-in-url@redis:6379/0"}
wechat:
  app_id: wx0123456789abcdef
  secret: pw-app-secret
  token: pwtoken123
  aes_key: abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG
sms:
  provider: aliyun
  access_key_id: id-for-tests
  access_key_secret: pw-key-secret
  sign: 询价通
  templates: {code: SMS_1, purchase: SMS_2, quote: SMS_3, result: SMS_4}
`

// write stores text in a file of its own and answers the path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keys lists the keys (or, for the file as a whole, the messages) complained of.
func keys(err error) []string {
	var all []string
	problems, _ := errors.AsType[config.Problems](err)
	for _, p := range problems {
		if p.Key == "" {
			all = append(all, p.Message)
		} else {
			all = append(all, p.Key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestNothingConfiguredWorks(t *testing.T) {
	c, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.BaseURL, string(c.Database.DSN), c.Media.Dir, c.Log.Format, c.Redis.Embedded(),
		c.Simulated(), c.SimulatedSMS(), c.SeedEmpty(), c.Secret == "", len(c.Warnings())}
	want := []any{"http://127.0.0.1:8080", "data/xunjia.db", "data/media", "text", true, true, true, true, true, 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProduction(t *testing.T) {
	c, err := config.Load(write(t, good), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.BaseURL != "https://xunjia.example.com" || c.Log.Format != "json" || c.SimNeeded() || c.SeedEmpty() {
		t.Errorf("got %+v", c)
	}
	if len(c.Warnings()) != 0 {
		t.Errorf("warnings %v", c.Warnings())
	}
}

func TestEnvironmentOverFileOverDefault(t *testing.T) {
	path := write(t, "listen: 127.0.0.1:1111\nops_listen: \"off\"\nsms: {daily_budget: 5}\nseed: false\n")
	c, err := config.Load(path, []string{
		"XUNJIA_LISTEN=:2222", "XUNJIA_OPS_LISTEN=", "PATH=/bin", "XUNJIA_CONFIG=x", "XUNJIA_TEST_DSN=y",
		"XUNJIA_TRUSTED_PROXIES=10.0.0.0/8,::1", "XUNJIA_SMS_GLOBAL_PER_MINUTE=7",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Listen, c.OpsListen, c.BaseURL, c.TrustedProxies, c.SMS.GlobalPerMinute, c.SMS.DailyBudget, c.Seed, c.SMS.Region}
	want := []any{":2222", "off", "http://127.0.0.1:2222", []string{"10.0.0.0/8", "::1"}, int64(7), int64(5), config.SeedFalse, "cn-hangzhou"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	path := write(t, "redis://:pw@127.0.0.1/1\r\n")
	c, err := config.Load("", []string{"XUNJIA_REDIS_URL_FILE=" + path})
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Redis.URL) != "redis://:pw@127.0.0.1/1" {
		t.Errorf("read %q", string(c.Redis.URL))
	}

	_, err = config.Load("", []string{
		"XUNJIA_REDIS_URL_FILE=" + path, "XUNJIA_REDIS_URL=redis://127.0.0.1",
		"XUNJIA_SECRET_FILE=/nowhere/at/all",
		"XUNJIA_DATABASE_DSN_FILE=" + write(t, "\n"),
		"XUNJIA_LISTEN_FILE=" + path, // not a secret
	})
	want := []string{"database.dsn", "redis.url", "secret", "环境变量 XUNJIA_LISTEN_FILE 不是认识的配置项"}
	if diff := cmp.Diff(want, keys(err)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	path := write(t, `
listen: nonsense
lisen: 127.0.0.1:1
database: {driver: oracle, max_open: many}
log: {level: loud}
secret: [pw-leaked]
redis: {url: redis://a, url: redis://b}
`)
	_, err := config.Load(path, []string{"XUNJIA_SMS_DAILY_BUDGET=pw-leaked", "XUNJIA_LOG_FORMT=json", "XUNJIA_SEED=perhaps"})
	got := strings.Join(keys(err), "\n")
	for _, want := range []string{
		"listen", "database.driver", "log.level", "seed", "sms.daily_budget", "XUNJIA_LOG_FORMT",
		"第 3 行的 lisen 不是认识的配置项", "第 4 行的值类型不对", "第 6 行的值类型不对", "第 7 行的 url 在第 7 行已经写过",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no complaint about %s in\n%s", want, got)
		}
	}
	if strings.Contains(err.Error(), "pw-leaked") {
		t.Errorf("the error shows a value:\n%v", err)
	}
}

func TestBadFiles(t *testing.T) {
	for name, tt := range map[string]struct{ path, want string }{
		"absent":        {"/nowhere/config.yaml", "读不到配置文件"},
		"no YAML":       {write(t, "listen: [\n"), "不是正确的 YAML"},
		"two documents": {write(t, "env: development\n---\nenv: production\n"), "只能有一个 YAML 文档"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(tt.path, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := config.Load(write(t, ""), nil); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

// TestRefusals changes one thing about a good production configuration.
func TestRefusals(t *testing.T) {
	const allLower = "k7qz2mx9vr4tb8nl1cw6yh3jd5fg0spa"
	for name, tt := range map[string]struct {
		env  string
		want []string
	}{
		"blank app id":           {"WECHAT_APP_ID= ", []string{"wechat.app_id"}},
		"simulator by address":   {"WECHAT_API_HOST=http://127.0.0.1:8081", []string{"wechat.api_host"}},
		"sms simulator":          {"SMS_ENDPOINT=https://localhost:8081", []string{"sms.endpoint"}},
		"plain http":             {"BASE_URL=http://xunjia.example.com", []string{"base_url"}},
		"page as base":           {"BASE_URL=https://xunjia.example.com/m?x=1", []string{"base_url"}},
		"short secret":           {"SECRET=k7Qz2mX9vR4tB8nL1cW6yH3jD5fG0sP", []string{"secret"}},
		"long enough secret":     {"SECRET=" + allLower, nil},
		"default secret":         {"SECRET=please-changeme-" + allLower, []string{"secret"}},
		"monotonous secret":      {"SECRET=" + strings.Repeat("ab", 20), []string{"secret"}},
		"sample data":            {"SEED=true", []string{"seed"}},
		"sqlite is allowed":      {"DATABASE_DRIVER=sqlite", nil},
		"public metrics":         {"OPS_LISTEN=0.0.0.0:9090", []string{"ops_listen"}},
		"no metrics":             {"OPS_LISTEN=off", nil},
		"odd redis":              {"REDIS_URL=127.0.0.1:6379", []string{"redis.url"}},
		"odd proxy":              {"TRUSTED_PROXIES=nginx", []string{"trusted_proxies"}},
		"aes key of 42":          {"WECHAT_AES_KEY=abcdefghijklmnopqrstuvwxyz0123456789ABCDEF", []string{"wechat.aes_key"}},
		"previous aes key of 1":  {"WECHAT_PREVIOUS_AES_KEY=a", []string{"wechat.previous_aes_key"}},
		"token with a dash":      {"WECHAT_TOKEN=a-b-c", []string{"wechat.token"}},
		"other mode":             {"WECHAT_MODE=secure", []string{"wechat.mode"}},
		"other provider":         {"SMS_PROVIDER=pigeon", []string{"sms.provider"}},
		"images of 1 GiB":        {"MEDIA_MAX_BYTES=1073741824", []string{"media.max_bytes"}},
		"elsewhere":              {"MEDIA_STORE=ftp", []string{"media.store"}},
		"bucket unnamed":         {"MEDIA_STORE=oss", []string{"media.oss.access_key_id", "media.oss.access_key_secret", "media.oss.bucket", "media.oss.region"}},
		"http to OSS":            {"MEDIA_OSS_ENDPOINT=http://oss-cn-hangzhou.aliyuncs.com", []string{"media.oss.endpoint"}},
		"no connections":         {"DATABASE_MAX_OPEN=-1", []string{"database.max_open"}},
		"original id":            {"WECHAT_ORIGINAL_ID=xunjia", []string{"wechat.original_id"}},
		"neither one nor other":  {"ENV=staging", []string{"env"}},
		"port 0 needs no lookup": {"LISTEN=127.0.0.1:0", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(write(t, good), []string{"XUNJIA_" + tt.env})
			if diff := cmp.Diff(tt.want, keys(err)); diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}

	_, err := config.Load("", []string{"XUNJIA_ENV=production"})
	want := []string{"base_url", "redis.url", "secret", "sms.provider", "wechat.app_id"}
	if diff := cmp.Diff(want, keys(err)); diff != "" {
		t.Error(diff)
	}
	c, _ := config.Load(write(t, good), []string{"XUNJIA_DATABASE_DRIVER=sqlite", "XUNJIA_WECHAT_MODE=plain"})
	if len(c.Warnings()) != 2 {
		t.Errorf("warnings %q, want one about SQLite and one about the mode", c.Warnings())
	}
}

func TestBucket(t *testing.T) {
	env := []string{"XUNJIA_MEDIA_STORE=oss", "XUNJIA_MEDIA_OSS_BUCKET=xunjia-media", "XUNJIA_MEDIA_OSS_REGION=cn-hangzhou",
		"XUNJIA_MEDIA_OSS_ACCESS_KEY_ID=id-of-bucket", "XUNJIA_MEDIA_OSS_ACCESS_KEY_SECRET=pw-of-bucket", "XUNJIA_MEDIA_OSS_PREFIX=a/b/"}
	c, err := config.Load(write(t, good), env)
	if err != nil || string(c.Media.OSS.AccessKeySecret) != "pw-of-bucket" {
		t.Errorf("%v", err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil || strings.Contains(out.String(), "-of-bucket") {
		t.Errorf("printed %s: %v", out.String(), err)
	}
	for _, wrong := range []string{"OSS_PREFIX=a", "OSS_PREFIX=/a/", "OSS_PREFIX=../", "OSS_BUCKET=A", "OSS_REGION=杭州"} {
		_, err := config.Load(write(t, good), append(env, "XUNJIA_MEDIA_"+wrong))
		if got := keys(err); len(got) != 1 || !strings.HasPrefix(got[0], "media.oss.") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestSecretsStayHidden(t *testing.T) {
	c, err := config.Load(write(t, good), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	asYAML, _ := yaml.Marshal(map[string]any{"c": c, "list": []config.Secret{c.WeChat.Secret}, "p": &c.WeChat.Secret})
	asJSON, _ := json.Marshal(map[string]any{"c": c, "p": &c.WeChat.Secret})
	out.Write(asYAML)
	out.Write(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, c, c.WeChat.Secret)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("start", "config", c, "secret", c.WeChat.Secret, "sms", c.SMS)
	}
	for _, s := range []config.Secret{c.Secret, c.WeChat.Secret, c.WeChat.Token, c.WeChat.AESKey, c.SMS.AccessKeySecret, c.Database.DSN, c.Redis.URL, "pw-"} {
		text := out.String()
		for _, form := range []string{string(s), fmt.Sprintf("%x", string(s))} {
			if strings.Contains(text, form) {
				t.Errorf("%q is shown", form)
			}
		}
	}
	if !strings.Contains(out.String(), "aes_key: '***'") || !strings.Contains(out.String(), `previous_aes_key: ""`) {
		t.Errorf("print does not tell set from unset:\n%s", out.String())
	}
}

func TestPrintIsAFileThatLoads(t *testing.T) {
	c, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(write(t, out.String()), nil); err != nil {
		t.Errorf("%v in\n%s", err, out.String())
	}
}

func TestReferenceIsCurrent(t *testing.T) {
	const path = "../docs/config.md"
	want := config.Reference()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/config.md is stale; run: go test ./config -run Reference -update\n%s", diff)
	}
	for _, s := range config.Settings() {
		if s.Meaning == "" {
			t.Errorf("%s has no meaning", s.Key)
		}
	}
}
