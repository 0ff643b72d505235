package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

type serveCommand struct{}

// Run serves until the process is told to stop.
func (serveCommand) Run(ctx context.Context, env environment) error {
	begin := time.Now()
	cfg, err := env.load()
	if err != nil {
		return err
	}
	a, err := start(ctx, cfg, newLogger(cfg), time.Now)
	if err != nil {
		return err
	}
	a.greet(ctx, env.stdout, time.Since(begin))
	select {
	case <-ctx.Done():
	case err = <-a.failed:
	}
	a.close()
	return err
}

// greet tells the person at the terminal where to go next.
func (a *app) greet(ctx context.Context, w io.Writer, took time.Duration) {
	fmt.Fprintf(w, "\n询价通 %s 已启动（%d 毫秒）\n\n", version, took.Milliseconds())
	fmt.Fprintf(w, "  网站      %s\n", a.url)
	if a.sim != nil {
		fmt.Fprintf(w, "  模拟微信  %s/sim/  （两部手机：采购商和供应商，短信也在里面）\n", a.sim.URL())
	}
	if !a.cfg.Production() {
		token, err := a.store.CreateAdminLink(ctx, adminLinkLifetime)
		if err != nil {
			fmt.Fprintf(w, "  管理后台  暂时无法生成登录链接：%v\n", err)
		} else {
			fmt.Fprintf(w, "  管理后台  %s/admin/enter?token=%s  （一次性链接，%d 分钟内有效）\n", a.url, token, int(adminLinkLifetime.Minutes()))
		}
	}
	fmt.Fprintf(w, "\n按 Ctrl-C 停止。\n")
}
