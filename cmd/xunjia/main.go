// Command xunjia is the whole product in one binary: the backend of a WeChat
// official account on which businesses buy by asking for prices. Without
// arguments it serves; the other subcommands are what an operator needs around
// it. Begin with app.go, which puts the packages together.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
	_ "golang.org/x/crypto/x509roots/fallback" // the image holds nothing but this binary

	"github.com/xunjia/xunjia/config"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "dev"

// commands is the command line. Each command is in the file of its name.
type commands struct {
	Config string `help:"配置文件（YAML）；不写则用内置默认值加环境变量 XUNJIA_*" short:"c" env:"XUNJIA_CONFIG" type:"path"`

	Serve        serveCommand        `cmd:"" default:"withargs" help:"启动服务（默认）"`
	Migrate      migrateCommand      `cmd:"" help:"升级数据库结构"`
	Seed         seedCommand         `cmd:"" help:"写入示例数据"`
	Admin        adminCommand        `cmd:"" help:"管理后台的账号"`
	Import       importCommand       `cmd:"" help:"导入旧系统的数据"`
	Sim          simCommand          `cmd:"" help:"单独运行模拟微信，供任何公众号后端使用"`
	Routes       routesCommand       `cmd:"" help:"列出全部网址"`
	ConfigCmd    configCommand       `cmd:"" name:"config" help:"检查或打印配置"`
	ChangeOpenID changeOpenIDCommand `cmd:"" name:"changeopenid" help:"公众号迁移后，把粉丝换成新的 openid"`
	Doctor       doctorCommand       `cmd:"" help:"检查配置、数据库、Redis、公众号和短信，告诉您怎样修复"`
	Healthcheck  healthcheckCommand  `cmd:"" help:"检查本机的服务是否健康（容器用）"`
	Version      versionCommand      `cmd:"" help:"打印版本"`
}

// environment is what a command gets from the process.
type environment struct {
	path   string // of the configuration file, "" for none
	vars   []string
	stdout io.Writer
}

// load reads and checks the configuration.
func (e environment) load() (config.Config, error) { return config.Load(e.path, e.vars) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	redis.SetLogger(silence{})
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "xunjia:", err)
		os.Exit(1)
	}
}

// silence keeps go-redis from printing every failed dial; whoever needed Redis
// logs that it could not be had.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// run is main without the process: tests call it with their own arguments.
func run(ctx context.Context, args, vars []string, stdout, stderr io.Writer) error {
	var c commands
	exited := false
	parser, err := kong.New(&c, kong.Name("xunjia"), kong.Description("询价通：微信公众号上的询价采购平台"),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { exited = true }), kong.UsageOnError())
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if exited {
		return nil
	}
	if err != nil {
		return err
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(environment{path: c.Config, vars: vars, stdout: stdout})
}
