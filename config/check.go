package config

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The lengths the master key and WeChat's own settings must have.
const (
	minSecret = 32
	lenAESKey = 43
)

var (
	callbackToken = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
	quietHours    = regexp.MustCompile(`^(off|([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])$`)
	aesKey        = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
	appID         = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
)

// Check tells everything that is wrong with c; the error is Problems.
func (c Config) Check() error {
	var p Problems
	oneOf(&p, "env", string(c.Env), string(Development), string(Production))
	c.checkServer(&p)
	c.checkSecret(&p)
	c.checkStores(&p)
	c.checkWeChat(&p)
	c.checkSMS(&p)
	oneOf(&p, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(&p, "log.format", c.Log.Format, "text", "json", "auto")
	oneOf(&p, "seed", string(c.Seed), string(SeedAuto), string(SeedTrue), string(SeedFalse))
	if c.Production() && c.Seed == SeedTrue {
		p.add("seed", "production 里不能写入示例数据")
	}
	if c.QuietHours != "" && !quietHours.MatchString(c.QuietHours) {
		p.add("quiet_hours", "应写成 22:00-08:00 或 off")
	}
	c.checkMedia(&p)
	return p.err()
}

// Warnings lists what is allowed but worth a line in the log at start, in Chinese.
func (c Config) Warnings() []string {
	var all []string
	if c.Production() && c.Database.Driver == "sqlite" {
		all = append(all, "database.driver：SQLite 只适合一台机器上的一个实例；多实例请用 mysql")
	}
	if c.WeChat.AppID != "" && c.WeChat.Mode != ModeSafe {
		all = append(all, "wechat.mode：非安全模式下签名不覆盖消息内容，截获一次地址就能伪造消息；建议用 safe")
	}
	return all
}

func (c Config) checkServer(p *Problems) {
	address(p, "listen", c.Listen)
	if c.OpsListen != "off" && address(p, "ops_listen", c.OpsListen) && !loopback(c.OpsListen) {
		p.add("ops_listen", "只能监听本机回环地址，例如 127.0.0.1:9090；不需要就写 off")
	}
	if c.SimNeeded() && address(p, "sim.listen", c.Sim.Listen) && !loopback(c.Sim.Listen) {
		p.add("sim.listen", "模拟器只能监听本机回环地址，例如 127.0.0.1:8081")
	}
	for _, proxy := range c.TrustedProxies {
		_, errPrefix := netip.ParsePrefix(proxy)
		_, errAddr := netip.ParseAddr(proxy)
		if errPrefix != nil && errAddr != nil {
			p.add("trusted_proxies", "%q 不是 IP 也不是网段", proxy)
		}
	}
	if c.DataDir == "" {
		p.add("data_dir", "不能为空")
	}
	if c.BaseURL == "" {
		if c.Production() {
			p.add("base_url", "production 必须填写用户访问的网址，例如 https://www.example.com")
		}
		return
	}
	u := origin(p, "base_url", c.BaseURL)
	if u != nil && c.Production() && u.Scheme != "https" {
		p.add("base_url", "production 必须用 https 网址")
	}
}

func (c Config) checkSecret(p *Problems) {
	s := string(c.Secret)
	switch {
	case s == "" && c.Production():
		p.add("secret", "production 必须设置主密钥，可用 openssl rand -base64 48 生成")
	case s != "" && len(s) < minSecret:
		p.add("secret", "至少要 %d 个字节，现在只有 %d 个；可用 openssl rand -base64 48 生成", minSecret, len(s))
	case s != "" && weak(s):
		p.add("secret", "太容易猜到；可用 openssl rand -base64 48 生成")
	}
}

// weak tells a key somebody typed or copied from an example from a random one:
// random text of 32 bytes and more has far more than ten different bytes.
func weak(s string) bool {
	distinct := map[byte]bool{}
	for i := range len(s) {
		distinct[s[i]] = true
	}
	if len(distinct) < 10 {
		return true
	}
	low := strings.ToLower(s)
	return slices.ContainsFunc([]string{"change-me", "changeme", "change_me", "secret", "password", "example", "default"},
		func(word string) bool { return strings.Contains(low, word) })
}

func (c Config) checkStores(p *Problems) {
	oneOf(p, "database.driver", c.Database.Driver, "sqlite", "mysql")
	if c.Database.Driver == "mysql" && c.Database.DSN == "" {
		p.add("database.dsn", "用 mysql 时必须填写连接串")
	}
	if c.Database.MaxOpen < 1 || c.Database.MaxOpen > 10000 {
		p.add("database.max_open", "应在 1 到 10000 之间")
	}
	if c.Redis.Embedded() {
		if c.Production() {
			p.add("redis.url", "production 不能用内置 Redis，请填写 Redis 地址")
		}
		return
	}
	u, err := url.Parse(string(c.Redis.URL))
	if err != nil || !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme) {
		p.add("redis.url", "应以 redis://、rediss:// 或 unix:// 开头")
	}
}

func (c Config) checkWeChat(p *Problems) {
	w := c.WeChat
	oneOf(p, "wechat.mode", w.Mode, ModePlain, ModeCompatible, ModeSafe)
	if w.AppID == "" && c.Production() {
		p.add("wechat.app_id", "production 不能用模拟器，请填写公众号 AppID")
	}
	if w.AppID != "" {
		c.checkAccount(p)
	}
	if w.OriginalID != "" && !strings.HasPrefix(w.OriginalID, "gh_") {
		p.add("wechat.original_id", "应以 gh_ 开头")
	}
	c.outside(p, "wechat.api_host", w.APIHost)
	c.outside(p, "wechat.open_host", w.OpenHost)
	c.outside(p, "wechat.mp_host", w.MPHost)
}

// checkAccount checks the credentials of a real account. WeChat's rules for
// token and key are those of 公众平台 → 基本配置 → 服务器配置.
func (c Config) checkAccount(p *Problems) {
	w := c.WeChat
	if !appID.MatchString(w.AppID) {
		p.add("wechat.app_id", "应是 wx 加 16 位小写十六进制字符")
	}
	if w.Secret == "" {
		p.add("wechat.secret", "填写了 app_id 就必须填写 AppSecret")
	}
	if !callbackToken.MatchString(string(w.Token)) {
		p.add("wechat.token", "必须是 3 到 32 个字母或数字，与公众平台的服务器配置一致")
	}
	if w.Mode != ModePlain && !aesKey.MatchString(string(w.AESKey)) {
		p.add("wechat.aes_key", "必须是 %d 个字母或数字，与公众平台的服务器配置一致", lenAESKey)
	}
	if !(w.Rate >= 1 && w.Rate <= maxRate) {
		p.add("wechat.rate", "应在 1 到 %d 之间", maxRate)
	}
	if w.PreviousAESKey != "" && !aesKey.MatchString(string(w.PreviousAESKey)) {
		p.add("wechat.previous_aes_key", "必须是 %d 个字母或数字", lenAESKey)
	}
}

// maxRate is the highest rate of a channel, in messages a second.
const maxRate = 10_000

func (c Config) checkSMS(p *Problems) {
	s := c.SMS
	c.outside(p, "sms.endpoint", s.Endpoint)
	if s.GlobalPerMinute < 1 {
		p.add("sms.global_per_minute", "至少为 1")
	}
	for _, least := range []struct {
		key   string
		value int64
	}{{"sms.daily_codes", s.DailyCodes}, {"sms.daily_budget", s.DailyBudget}, {"sms.price", s.Price}} {
		if least.value < 1 {
			p.add(least.key, "至少为 1")
		}
	}
	if !(s.Rate >= 1 && s.Rate <= maxRate) {
		p.add("sms.rate", "应在 1 到 %d 之间", maxRate)
	}
	switch s.Provider {
	case "":
		if c.Production() {
			p.add("sms.provider", "production 必须配置短信服务商，现在支持 aliyun")
		}
		return
	case "aliyun":
	default:
		p.add("sms.provider", "只支持 aliyun")
		return
	}
	for _, need := range []struct{ key, value string }{
		{"sms.access_key_id", s.AccessKeyID},
		{"sms.access_key_secret", string(s.AccessKeySecret)},
		{"sms.sign", s.Sign},
		{"sms.region", s.Region},
		{"sms.templates.code", s.Templates.Code},
		{"sms.templates.purchase", s.Templates.Purchase},
		{"sms.templates.quote", s.Templates.Quote},
		{"sms.templates.result", s.Templates.Result},
	} {
		if need.value == "" {
			p.add(need.key, "用阿里云短信时必须填写")
		}
	}
}

// The shapes of what names a bucket: help.aliyun.com/zh/oss/user-guide/bucket-naming-conventions.
var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,40}$`)
	ossPrefix  = regexp.MustCompile(`^([A-Za-z0-9_.-]+/)*$`)
)

func (c Config) checkMedia(p *Problems) {
	m := c.Media
	if m.MaxBytes < 64<<10 || m.MaxBytes > 64<<20 {
		p.add("media.max_bytes", "应在 65536 到 67108864（64 KiB 到 64 MiB）之间")
	}
	oneOf(p, "media.store", m.Store, StoreLocal, StoreOSS)
	c.outside(p, "media.oss.endpoint", m.OSS.Endpoint)
	if m.Store != StoreOSS {
		return
	}
	if !bucketName.MatchString(m.OSS.Bucket) {
		p.add("media.oss.bucket", "应是 3 到 63 个小写字母、数字或短横线")
	}
	if !regionName.MatchString(m.OSS.Region) {
		p.add("media.oss.region", "应是地域的代码，例如 cn-hangzhou")
	}
	if !ossPrefix.MatchString(m.OSS.Prefix) || strings.HasPrefix(m.OSS.Prefix, ".") {
		p.add("media.oss.prefix", "应以 / 结尾，例如 xunjia/；不需要就留空")
	}
	if m.OSS.AccessKeyID == "" {
		p.add("media.oss.access_key_id", "用 oss 时必须填写")
	}
	if m.OSS.AccessKeySecret == "" {
		p.add("media.oss.access_key_secret", "用 oss 时必须填写")
	}
}

// outside checks the address of a server that is not ours; empty means the
// well-known one. Plain http is for a simulator on this machine only, and a
// production system talks to no simulator.
func (c Config) outside(p *Problems, key, value string) {
	if value == "" {
		return
	}
	u := origin(p, key, value)
	switch {
	case u == nil:
	case c.Production() && (u.Scheme != "https" || loopbackHost(u.Hostname())):
		p.add(key, "production 必须是服务商的 https 地址")
	case u.Scheme != "https" && !loopbackHost(u.Hostname()):
		p.add(key, "除了本机回环地址，必须用 https")
	}
}

// origin reads scheme://host[:port] and complains about anything more or less.
func origin(p *Problems, key, value string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		p.add(key, "应是完整的网址，例如 https://www.example.com")
		return nil
	}
	if strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		p.add(key, "只写协议和域名，不要带路径、参数或用户名")
		return nil
	}
	return u
}

func oneOf(p *Problems, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(key, "只能是 %s，现在是 %q", strings.Join(allowed, "、"), value)
	}
}

// address checks host:port and tells whether it is one.
func address(p *Problems, key, value string) bool {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
	}
	if err != nil || port == "" {
		p.add(key, "应是 主机:端口，例如 127.0.0.1:8080")
		return false
	}
	return true
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
