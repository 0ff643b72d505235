// Package config reads what an operator may decide: built-in defaults, then a
// strict YAML file, then XUNJIA_* environment variables. Load answers one typed
// Config or every problem at once, each as a Chinese sentence with its key.
// It imports no other package of the project. Begin with Config and Load;
// docs/config.md is generated from the struct tags here by Reference.
package config

import (
	"net"
	"path/filepath"
	"strings"
)

// Env is the kind of installation.
type Env string

// The kinds of installation.
const (
	Development Env = "development" // everything embedded or simulated is welcome
	Production  Env = "production"  // refuses the simulator, embedded Redis and weak secrets
)

// Config is everything an operator can set. The tags are read by Load and
// Reference: yaml and env name the key, doc is its meaning in Chinese, auto
// names the default that is worked out when the value is left empty.
type Config struct {
	Env            Env      `yaml:"env" env:"ENV" doc:"运行环境：development 或 production。production 拒绝模拟器、内置 Redis、过短的密钥和 http 地址"`
	Listen         string   `yaml:"listen" env:"LISTEN" doc:"网站监听的地址"`
	OpsListen      string   `yaml:"ops_listen" env:"OPS_LISTEN" doc:"运维监听的地址（指标与 pprof），只能是本机回环地址；写 off 则不开"`
	BaseURL        string   `yaml:"base_url" env:"BASE_URL" doc:"用户访问的网址（协议加域名，不带路径），微信网页授权和消息链接都用它" auto:"http://<listen>"`
	DataDir        string   `yaml:"data_dir" env:"DATA_DIR" doc:"数据目录：SQLite 数据库、图片和开发环境自动生成的密钥"`
	Secret         Secret   `yaml:"secret" env:"SECRET" doc:"主密钥，至少 32 个字节，用于派生会话、验证码等密钥；所有实例必须相同" auto:"开发环境自动生成并保存在 data_dir"`
	TrustedProxies []string `yaml:"trusted_proxies" env:"TRUSTED_PROXIES" doc:"可信反向代理的 IP 或网段；只有它们送来的 X-Forwarded-For 才算数。环境变量里用逗号分隔"`
	Database       Database `yaml:"database" envPrefix:"DATABASE_"`
	Redis          Redis    `yaml:"redis" envPrefix:"REDIS_"`
	WeChat         WeChat   `yaml:"wechat" envPrefix:"WECHAT_"`
	Sim            Sim      `yaml:"sim" envPrefix:"SIM_"`
	SMS            SMS      `yaml:"sms" envPrefix:"SMS_"`
	Media          Media    `yaml:"media" envPrefix:"MEDIA_"`
	Log            Log      `yaml:"log" envPrefix:"LOG_"`
	ICP            string   `yaml:"icp" env:"ICP" doc:"网站备案号，显示在页脚，例如 京ICP备00000000号"`
	QuietHours     string   `yaml:"quiet_hours" env:"QUIET_HOURS" doc:"免打扰时间（中国时间），不急的消息等它结束再发；每个人可以自己改。off 表示不设" auto:"22:00-08:00；development 为 off"`
	Seed           Seed     `yaml:"seed" env:"SEED" doc:"示例数据：auto（开发环境且数据库为空时写入）、true 或 false；production 不允许 true"`
}

// Database says where SQL is.
type Database struct {
	Driver  string `yaml:"driver" env:"DRIVER" doc:"数据库：sqlite 或 mysql（MariaDB、TiDB 也用 mysql）"`
	DSN     Secret `yaml:"dsn" env:"DSN" doc:"连接串。mysql 例如 user:password@tcp(127.0.0.1:3306)/xunjia；sqlite 为文件路径" auto:"sqlite 用 <data_dir>/xunjia.db"`
	MaxOpen int    `yaml:"max_open" env:"MAX_OPEN" doc:"最多同时打开的数据库连接数"`
}

// Redis says where Redis is.
type Redis struct {
	URL Secret `yaml:"url" env:"URL" doc:"Redis 地址，例如 redis://:password@127.0.0.1:6379/0 或 unix:///run/redis.sock" auto:"空则用内置 Redis（只适合单机试用）"`
}

// Embedded tells whether Redis runs inside this process.
func (r Redis) Embedded() bool { return r.URL == "" }

// The callback modes of an official account.
const (
	ModePlain      = "plain"
	ModeCompatible = "compatible"
	ModeSafe       = "safe"
)

// WeChat is the official account.
type WeChat struct {
	AppID          string  `yaml:"app_id" env:"APP_ID" doc:"公众号 AppID；空则在开发环境启动微信模拟器"`
	Secret         Secret  `yaml:"secret" env:"SECRET" doc:"公众号 AppSecret"`
	Token          Secret  `yaml:"token" env:"TOKEN" doc:"服务器配置里的令牌，3 到 32 个字母或数字"`
	AESKey         Secret  `yaml:"aes_key" env:"AES_KEY" doc:"服务器配置里的消息加解密密钥，43 个字符"`
	PreviousAESKey Secret  `yaml:"previous_aes_key" env:"PREVIOUS_AES_KEY" doc:"更换前的消息加解密密钥，换密钥期间两个都接受"`
	Mode           string  `yaml:"mode" env:"MODE" doc:"消息加解密方式：plain 明文、compatible 兼容、safe 安全；与此不符的推送被拒绝"`
	Rate           float64 `yaml:"rate" env:"RATE" doc:"所有实例合计每秒最多发出的模板消息"`
	OriginalID     string  `yaml:"original_id" env:"ORIGINAL_ID" doc:"公众号原始 ID（gh_ 开头）；填写后核对推送的收件人"`
	APIHost        string  `yaml:"api_host" env:"API_HOST" doc:"接口服务器" auto:"https://api.weixin.qq.com；用模拟器时为模拟器的地址"`
	OpenHost       string  `yaml:"open_host" env:"OPEN_HOST" doc:"网页授权服务器" auto:"https://open.weixin.qq.com；用模拟器时为模拟器的地址"`
	MPHost         string  `yaml:"mp_host" env:"MP_HOST" doc:"二维码图片服务器" auto:"https://mp.weixin.qq.com；用模拟器时为模拟器的地址"`
}

// Sim is the simulated outside world.
type Sim struct {
	Listen string `yaml:"listen" env:"LISTEN" doc:"模拟器监听的地址；没有配置 wechat.app_id 或 sms.provider，且不是 production 时自动启动"`
}

// SMS is the short message provider and what may be spent on it.
type SMS struct {
	Provider        string    `yaml:"provider" env:"PROVIDER" doc:"短信服务商：aliyun；空则由模拟器收短信"`
	AccessKeyID     string    `yaml:"access_key_id" env:"ACCESS_KEY_ID" doc:"阿里云 AccessKey ID"`
	AccessKeySecret Secret    `yaml:"access_key_secret" env:"ACCESS_KEY_SECRET" doc:"阿里云 AccessKey Secret"`
	Endpoint        string    `yaml:"endpoint" env:"ENDPOINT" doc:"短信接口地址，必须是 https；本机回环地址可用 http" auto:"https://dysmsapi.aliyuncs.com；用模拟器时为模拟器的地址"`
	Region          string    `yaml:"region" env:"REGION" doc:"阿里云地域"`
	Sign            string    `yaml:"sign" env:"SIGN" doc:"已审核的短信签名，不带方括号"`
	Templates       Templates `yaml:"templates" envPrefix:"TEMPLATES_"`
	GlobalPerMinute int64     `yaml:"global_per_minute" env:"GLOBAL_PER_MINUTE" doc:"全站每分钟最多发出的验证码"`
	DailyCodes      int64     `yaml:"daily_codes" env:"DAILY_CODES" doc:"全站每天最多发出的验证码；用到一半报警，用完后只发给已登录的人"`
	DailyBudget     int64     `yaml:"daily_budget" env:"DAILY_BUDGET" doc:"全站每天的短信预算，单位元，包括验证码和通知；用到 50% 和 80% 报警，用完后通知等到第二天，验证码只发给已登录的人"`
	Price           int64     `yaml:"price" env:"PRICE" doc:"一条短信的价格，单位厘（千分之一元）；超过 70 个字的按 67 个字一条计"`
	Rate            float64   `yaml:"rate" env:"RATE" doc:"所有实例合计每秒最多发出的短信；验证码不受限制"`
}

// Templates holds the provider's template codes, one for each kind of message.
type Templates struct {
	Code     string `yaml:"code" env:"CODE" doc:"验证码模板，变量 code"`
	Purchase string `yaml:"purchase" env:"PURCHASE" doc:"新采购单通知供应商的模板"`
	Quote    string `yaml:"quote" env:"QUOTE" doc:"收到报价通知采购商的模板"`
	Result   string `yaml:"result" env:"RESULT" doc:"报价结果（接受、拒绝、结束）通知供应商的模板"`
	Reminder string `yaml:"reminder" env:"REMINDER" doc:"待办提醒（报价未答复、成交单未确认）的模板，变量 what；不填则不发这种短信"`
}

// The places where pictures and files are kept.
const (
	StoreLocal = "local"
	StoreOSS   = "oss"
)

// Media is where pictures and files are kept and how big pictures may be.
type Media struct {
	Store    string `yaml:"store" env:"STORE" doc:"图片和文件存在哪里：local 本机目录（只适合一个实例，或共享的目录）、oss 阿里云对象存储"`
	Dir      string `yaml:"dir" env:"DIR" doc:"store 为 local 时的目录" auto:"<data_dir>/media"`
	MaxBytes int64  `yaml:"max_bytes" env:"MAX_BYTES" doc:"一张图片最多多少字节"`
	OSS      OSS    `yaml:"oss" envPrefix:"OSS_"`
}

// OSS is the bucket at Aliyun.
type OSS struct {
	Bucket          string `yaml:"bucket" env:"BUCKET" doc:"Bucket 名称；保持私有读写，图片都经过网站提供"`
	Region          string `yaml:"region" env:"REGION" doc:"Bucket 所在地域，例如 cn-hangzhou"`
	Endpoint        string `yaml:"endpoint" env:"ENDPOINT" doc:"OSS 接口地址；服务器在同一地域时写内网地址，例如 https://oss-cn-hangzhou-internal.aliyuncs.com" auto:"https://oss-<region>.aliyuncs.com"`
	Prefix          string `yaml:"prefix" env:"PREFIX" doc:"对象名的前缀，以 / 结尾，例如 xunjia/；一个 Bucket 给几个系统用时必须不同"`
	AccessKeyID     Secret `yaml:"access_key_id" env:"ACCESS_KEY_ID" doc:"访问 OSS 的 AccessKey ID，只给这个 Bucket 的权限"`
	AccessKeySecret Secret `yaml:"access_key_secret" env:"ACCESS_KEY_SECRET" doc:"访问 OSS 的 AccessKey Secret"`
}

// Log says how much is logged and how it looks.
type Log struct {
	Level  string `yaml:"level" env:"LEVEL" doc:"日志级别：debug、info、warn、error"`
	Format string `yaml:"format" env:"FORMAT" doc:"日志格式：text、json 或 auto（production 用 json，其余用 text）"`
}

// Seed says whether sample data is written at start.
type Seed string

// The answers to whether sample data is wanted.
const (
	SeedAuto  Seed = "auto"
	SeedTrue  Seed = "true"
	SeedFalse Seed = "false"
)

// Default answers the configuration of a fresh machine, before Load works out
// what depends on other values.
func Default() Config {
	return Config{
		Env:       Development,
		Listen:    "127.0.0.1:8080",
		OpsListen: "127.0.0.1:9090",
		DataDir:   "./data",
		Database:  Database{Driver: "sqlite", MaxOpen: 32},
		WeChat:    WeChat{Mode: ModeSafe, Rate: 200},
		Sim:       Sim{Listen: "127.0.0.1:8081"},
		SMS:       SMS{Region: "cn-hangzhou", GlobalPerMinute: 30, DailyCodes: 1000, DailyBudget: 100, Price: 45, Rate: 50},
		Media:     Media{Store: StoreLocal, MaxBytes: 10 << 20},
		Log:       Log{Level: "info", Format: "auto"},
		Seed:      SeedAuto,
	}
}

// Production tells whether the strict rules hold.
func (c Config) Production() bool { return c.Env == Production }

// Simulated tells whether the simulator plays WeChat: when no account is
// configured and the environment is not production.
func (c Config) Simulated() bool { return c.WeChat.AppID == "" && !c.Production() }

// SimulatedSMS tells whether the simulator's inbox receives the short messages:
// when no provider is configured and the environment is not production.
func (c Config) SimulatedSMS() bool { return c.SMS.Provider == "" && !c.Production() }

// SimNeeded tells whether the simulator has to run at all.
func (c Config) SimNeeded() bool { return c.Simulated() || c.SimulatedSMS() }

// SeedEmpty tells whether sample data belongs into an empty database.
func (c Config) SeedEmpty() bool {
	return c.Seed == SeedTrue || c.Seed == SeedAuto && !c.Production()
}

// complete fills in what depends on other values. BaseURL stays empty when the
// port is 0, because only the listener knows it then.
func (c *Config) complete() {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	if c.BaseURL == "" {
		if host, port, err := net.SplitHostPort(c.Listen); err == nil && port != "0" {
			if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
				host = "127.0.0.1"
			}
			c.BaseURL = "http://" + net.JoinHostPort(host, port)
		}
	}
	if c.Database.DSN == "" && c.Database.Driver == "sqlite" {
		c.Database.DSN = Secret(filepath.Join(c.DataDir, "xunjia.db"))
	}
	if c.Media.Dir == "" {
		c.Media.Dir = filepath.Join(c.DataDir, "media")
	}
	if c.QuietHours == "" {
		c.QuietHours = "off"
		if c.Production() {
			c.QuietHours = "22:00-08:00"
		}
	}
	if c.Log.Format == "auto" {
		c.Log.Format = "text"
		if c.Production() {
			c.Log.Format = "json"
		}
	}
}
