package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/xunjia/xunjia/sim"
)

// simCommand runs the simulator alone: an offline WeChat for any official
// account backend. Its defaults are a complete account, so that a backend
// needs nothing but the addresses that it prints.
type simCommand struct {
	Listen      string `help:"监听地址；端口写 0 则任选一个空闲端口" default:"127.0.0.1:8081"`
	Dir         string `help:"保存粉丝、聊天和菜单的目录；不写则退出后什么也不留" type:"path"`
	AppID       string `help:"公众号的 AppID" name:"app-id" default:"wx51a0000000000001"`
	Secret      string `help:"公众号的 AppSecret" default:"51a00000000000000000000000000001"`
	Token       string `help:"服务器配置的令牌（Token）" default:"simtoken"`
	AESKey      string `help:"消息加解密密钥（EncodingAESKey，43 个字符）" name:"aes-key" default:"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"`
	Mode        string `help:"消息加解密方式：plain 明文、compatible 兼容、safe 安全" enum:"plain,compatible,safe" default:"plain"`
	Format      string `help:"推送的格式：xml 或 json" enum:"xml,json" default:"xml"`
	ServerURL   string `help:"接收推送的服务器地址（URL），如 http://127.0.0.1:8080/wechat" name:"server-url"`
	WebURL      string `help:"网页的地址，也是网页授权域名和 JS 接口安全域名，如 http://127.0.0.1:8080" name:"web-url"`
	Seed        int64  `help:"随机数种子；种子相同，openid、令牌和验证码也相同" default:"1"`
	PhonePort   int    `help:"各用户内置浏览器的第一个端口；0 则任选空闲端口" name:"phone-port" default:"0"`
	AskAll      bool   `help:"粉丝从会话或菜单进入网页时也显示授权页（平台不显示）" name:"ask-all"`
	AllowRemote bool   `help:"允许监听非本机地址（容器里需要）；任何连得上的人都能操作模拟器" name:"allow-remote"`
}

// Run plays WeChat until the process is told to stop.
func (c simCommand) Run(ctx context.Context, env environment) error {
	server, err := sim.New(sim.Options{
		Addr: c.Listen, AllowRemote: c.AllowRemote, PhonePort: c.PhonePort, Dir: c.Dir, Seed: c.Seed,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Accounts: []sim.Account{{
			AppID: c.AppID, Secret: c.Secret, Name: "演示公众号", Token: c.Token, AESKey: c.AESKey,
			Mode: sim.Mode(c.Mode), Format: sim.Format(c.Format), ServerURL: c.ServerURL, WebURL: c.WebURL,
			SilentFollowers: !c.AskAll,
			Templates:       demoTemplates(),
		}},
		SMSSigns:     []string{"演示签名"},
		SMSTemplates: map[string]string{"SMS_100001": "您的验证码是${code}，5分钟内有效。"},
	})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	c.greet(ctx, env.stdout, server)
	<-ctx.Done()
	return server.Close()
}

// demoTemplates are the template messages that the demonstration account owns.
func demoTemplates() []sim.Template {
	return []sim.Template{
		{ID: "simTemplate00000000000000000000000000000001", Title: "订单状态通知", Content: "订单编号:{{character_string1.DATA}}\n订单状态:{{phrase2.DATA}}\n更新时间:{{time3.DATA}}\n备注:{{thing4.DATA}}\n"},
		{ID: "simTemplate00000000000000000000000000000002", Title: "预约成功通知", Content: "预约项目:{{thing1.DATA}}\n预约时间:{{time2.DATA}}\n联系电话:{{phone_number3.DATA}}\n"},
	}
}

// greet prints the addresses and what the backend must be told.
func (c simCommand) greet(ctx context.Context, w io.Writer, server *sim.Server) {
	url := server.URL()
	fmt.Fprintf(w, "\n模拟微信已启动\n\n")
	fmt.Fprintf(w, "  手机          %s/sim/\n", url)
	fmt.Fprintf(w, "  控制台        %s/sim/control.html\n", url)
	fmt.Fprintf(w, "  短信          %s/sim/sms.html\n", url)
	fmt.Fprintf(w, "\n后端这样配置：\n\n")
	fmt.Fprintf(w, "  接口域名      %s  （代替 https://api.weixin.qq.com、open.weixin.qq.com、mp.weixin.qq.com）\n", url)
	fmt.Fprintf(w, "  AppID         %s\n", c.AppID)
	fmt.Fprintf(w, "  AppSecret     %s\n", c.Secret)
	fmt.Fprintf(w, "  Token         %s\n", c.Token)
	if c.Mode != string(sim.Plain) {
		fmt.Fprintf(w, "  AESKey        %s\n", c.AESKey)
	}
	for _, t := range demoTemplates() {
		fmt.Fprintf(w, "  模板          %s  %s\n", t.ID, t.Title)
	}
	fmt.Fprintf(w, "  短信网关      %s  （阿里云 SendSms，AccessKey testId / testSecret，签名 演示签名，模板 SMS_100001）\n", url)
	c.greetServer(ctx, w, server)
	fmt.Fprintf(w, "\n按 Ctrl-C 停止。\n")
}

// greetServer tells whether the backend answers as the platform demands when
// its address is saved.
func (c simCommand) greetServer(ctx context.Context, w io.Writer, server *sim.Server) {
	fmt.Fprintln(w)
	if c.ServerURL == "" {
		fmt.Fprintln(w, "  没有 --server-url：消息和事件不推送，可以在控制台里填写。")
	} else if err := server.VerifyServer(ctx, c.AppID); err != nil {
		fmt.Fprintf(w, "  服务器地址 %s 还没有通过验证：%v\n", c.ServerURL, err)
	} else {
		fmt.Fprintf(w, "  服务器地址 %s 验证通过。\n", c.ServerURL)
	}
	if c.WebURL == "" {
		fmt.Fprintln(w, "  没有 --web-url：内置浏览器没有网页可开，网页授权会报 redirect_uri 参数错误。")
	}
}
