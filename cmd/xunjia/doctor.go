package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

type doctorCommand struct{}

// doctorPatience bounds each of the doctor's examinations.
const doctorPatience = 8 * time.Second

// Limits from which the doctor warns.
const (
	leastDisk = 1 << 30 // bytes free in the data directory
	mostSkew  = 2 * time.Second
)

// Run examines everything that the server needs, writes what it finds and how
// to mend it, and fails when something is broken. It changes nothing and sends
// nothing.
func (doctorCommand) Run(ctx context.Context, env environment) error {
	d := &doctor{out: env.stdout}
	cfg, err := env.load()
	if err != nil {
		d.bad("配置", err.Error(), "按提示修改配置，每一项的含义见 docs/config.md")
		return d.verdict()
	}
	d.good("配置", "没有问题，环境是 "+string(cfg.Env))
	for _, w := range cfg.Warnings() {
		d.warn("配置", w, "")
	}
	d.disk(cfg)
	d.redis(ctx, cfg)
	st := d.database(ctx, cfg)
	if st != nil {
		defer st.Close()
	}
	d.wechat(ctx, cfg, st)
	d.sms(cfg)
	return d.verdict()
}

// doctor writes findings and counts the bad ones.
type doctor struct {
	out    io.Writer
	broken int
}

func (d *doctor) good(what, text string) { fmt.Fprintf(d.out, "  好   %s：%s\n", what, text) }

func (d *doctor) warn(what, text, cure string) {
	fmt.Fprintf(d.out, "  注意 %s：%s\n", what, text)
	d.cure(cure)
}

func (d *doctor) bad(what, text, cure string) {
	d.broken++
	fmt.Fprintf(d.out, "  坏   %s：%s\n", what, text)
	d.cure(cure)
}

func (d *doctor) cure(text string) {
	if text != "" {
		fmt.Fprintf(d.out, "       → %s\n", text)
	}
}

func (d *doctor) verdict() error {
	if d.broken > 0 {
		return fmt.Errorf("有 %d 处需要修复", d.broken)
	}
	fmt.Fprintln(d.out, "一切正常")
	return nil
}

// disk looks whether the data directory can be written, and how full it is.
func (d *doctor) disk(cfg config.Config) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		d.bad("数据目录", err.Error(), "把 data_dir 改到可以写的位置，或修改它的权限")
		return
	}
	file, err := os.CreateTemp(cfg.DataDir, "doctor-*")
	if err == nil {
		err = errors.Join(file.Close(), os.Remove(file.Name()))
	}
	if err != nil {
		d.bad("数据目录", err.Error(), "运行服务的用户需要写 "+cfg.DataDir+" 的权限")
		return
	}
	path, _ := filepath.Abs(cfg.DataDir)
	var fs syscall.Statfs_t
	if err := syscall.Statfs(cfg.DataDir, &fs); err != nil {
		d.warn("数据目录", "看不到剩余空间："+err.Error(), "")
		return
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < leastDisk {
		d.warn("数据目录", fmt.Sprintf("%s 只剩 %d MB", path, free>>20), "清理磁盘或换一个更大的分区")
		return
	}
	d.good("数据目录", path+" 可以写，空间充足")
}

func (d *doctor) redis(ctx context.Context, cfg config.Config) {
	if cfg.Redis.Embedded() {
		d.good("Redis", "使用内置的，只适合单机")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	client, err := store.OpenRedis(string(cfg.Redis.URL))
	if err == nil {
		defer client.Close()
		err = client.Ping(ctx).Err()
	}
	if err != nil {
		d.bad("Redis", err.Error(), "检查 redis.url 和 Redis 是否在运行；没有它时验证码不会发送")
		return
	}
	d.good("Redis", "连接正常")
}

// database examines connection, schema, clock and backlog. It answers nil when
// there is no usable database.
func (d *doctor) database(ctx context.Context, cfg config.Config) *store.Store {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	st, err := openStore(ctx, cfg, nil, newLogger(cfg), time.Now)
	if err != nil {
		d.bad("数据库", err.Error(), "检查 database.driver、database.dsn 和数据库是否在运行")
		return nil
	}
	d.good("数据库", "连接正常（"+cfg.Database.Driver+"）")
	if err := st.CheckSchema(ctx); err != nil {
		d.bad("数据库结构", err.Error(), "运行 xunjia migrate")
		return st
	}
	d.good("数据库结构", "与程序一致")
	before := time.Now()
	now, err := st.DatabaseTime(ctx)
	if err != nil {
		d.bad("数据库时钟", err.Error(), "")
		return st
	}
	skew := now.Sub(before.Add(time.Since(before) / 2)).Abs()
	if skew > mostSkew {
		d.warn("数据库时钟", fmt.Sprintf("和本机相差 %s", skew.Round(100*time.Millisecond)), "用 NTP 校准两台机器的时间")
	} else {
		d.good("数据库时钟", "和本机一致")
	}
	d.backlog(ctx, st)
	return st
}

func (d *doctor) backlog(ctx context.Context, st *store.Store) {
	list, err := st.Backlog(ctx)
	if err != nil {
		d.bad("待发消息", err.Error(), "")
		return
	}
	dead, waiting := 0, 0
	for _, b := range list {
		switch b.State {
		case xunjia.DeliveryDead:
			dead += b.Count
		case xunjia.DeliveryPending, xunjia.DeliverySending:
			waiting += b.Count
		}
	}
	if dead > 0 {
		d.warn("待发消息", fmt.Sprintf("%d 条多次重试后放弃", dead), "在管理后台“概况”里查看原因，修复后重发")
		return
	}
	d.good("待发消息", fmt.Sprintf("%d 条在等待", waiting))
}

// wechat fetches a token and looks for the templates that notices need.
func (d *doctor) wechat(ctx context.Context, cfg config.Config, st *store.Store) {
	switch {
	case cfg.WeChat.AppID == "":
		d.warn("公众号", "没有配置，运行时使用模拟微信", "在 wechat.app_id 等处填写真实公众号")
		return
	case st == nil:
		d.warn("公众号", "数据库不可用，无法检查", "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	account, err := wechat.New(wechatConfig(cfg), st, wechat.Options{Log: newLogger(cfg)})
	if err != nil {
		d.bad("公众号", err.Error(), "检查 wechat 各项配置")
		return
	}
	list, err := account.PrivateTemplates(ctx)
	if err != nil {
		d.bad("公众号", wechat.StaffText(err), "检查 AppSecret 和接口的 IP 白名单")
		return
	}
	d.good("公众号", "接口可用："+account.AppID())
	bound, err := st.TemplateBindings(ctx, account.AppID())
	if err != nil {
		d.bad("消息模板", err.Error(), "")
		return
	}
	have := map[string]bool{}
	for _, t := range list {
		have[t.Title] = true
		have[t.ID] = true
	}
	var missing []string
	for _, spec := range xunjia.TemplateSpecs() {
		if !have[spec.Title] && !have[bound[spec.Title]] {
			missing = append(missing, spec.Title)
		}
	}
	if len(missing) > 0 {
		d.warn("消息模板", "公众号里没有："+strings.Join(missing, "、"), "在公众号后台添加，或在管理后台“消息模板”里选择相应的模板")
		return
	}
	d.good("消息模板", "齐全")
}

func (d *doctor) sms(cfg config.Config) {
	if cfg.SMS.Provider == "" {
		d.warn("短信", "没有配置，运行时由模拟器接收", "在 sms.provider 等处填写阿里云短信")
		return
	}
	var missing []string
	for key, code := range smsTemplates(cfg) {
		if code == "" {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		d.warn("短信", fmt.Sprintf("没有配置 %d 个模板，这些通知不发短信", len(missing)), "填写 sms.templates")
		return
	}
	d.good("短信", "已配置 "+cfg.SMS.Provider)
}
