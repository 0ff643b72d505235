package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/store"
)

// adminCommand is for whoever can run programs on the server: it needs no
// password and works beside a running server.
type adminCommand struct {
	Link          adminLinkCommand   `cmd:"" help:"生成所有者的一次性登录链接"`
	Create        adminCreateCommand `cmd:"" help:"新建员工账号，打印一次性登录链接"`
	ResetPassword adminResetCommand  `cmd:"" name:"reset-password" help:"作废一个账号的密码，打印一次性登录链接"`
}

type adminLinkCommand struct{}

// Run prints a link for the owner, who is made when there is none.
func (adminLinkCommand) Run(ctx context.Context, env environment) error {
	return withStore(ctx, env, func(st *store.Store, cfg config.Config) error {
		token, err := st.CreateAdminLink(ctx, adminLinkLifetime)
		if err != nil {
			return err
		}
		return printLink(env.stdout, cfg, token)
	})
}

type adminCreateCommand struct {
	Login string `arg:"" help:"登录名"`
	Name  string `help:"姓名"`
	Role  string `help:"角色：owner、admin、operator、service" enum:"owner,admin,operator,service" default:"admin"`
}

// Run makes an account and prints a link for it.
func (c adminCreateCommand) Run(ctx context.Context, env environment) error {
	return withStore(ctx, env, func(st *store.Store, cfg config.Config) error {
		_, token, err := st.CreateStaff(ctx, 0, xunjia.Staff{Login: c.Login, Name: c.Name, Role: xunjia.Role(c.Role)}, adminLinkLifetime)
		if err != nil {
			return plain(err)
		}
		return printLink(env.stdout, cfg, token)
	})
}

type adminResetCommand struct {
	Login string `arg:"" help:"登录名"`
}

// Run takes the password away and prints a link.
func (c adminResetCommand) Run(ctx context.Context, env environment) error {
	return withStore(ctx, env, func(st *store.Store, cfg config.Config) error {
		staff, err := st.StaffByLogin(ctx, c.Login)
		if err != nil {
			return plain(err)
		}
		token, err := st.ResetStaff(ctx, 0, staff.ID, adminLinkLifetime)
		if err != nil {
			return plain(err)
		}
		return printLink(env.stdout, cfg, token)
	})
}

// printLink prints a one-time link. Without a configured address the path alone
// is certain.
func printLink(w io.Writer, cfg config.Config, token string) error {
	path := "/admin/enter?" + url.Values{"token": {token}}.Encode()
	_, err := fmt.Fprintf(w, "%s%s\n一次性链接，%d 分钟内有效\n", cfg.BaseURL, path, int(adminLinkLifetime.Minutes()))
	return err
}

// plain is what a person at the terminal should read of an error: which field
// is wrong, or the sentence alone.
func plain(err error) error {
	e, ok := errors.AsType[*xunjia.Error](err)
	if !ok {
		return err
	}
	for _, text := range e.Fields {
		return errors.New(text)
	}
	return errors.New(e.Message)
}
