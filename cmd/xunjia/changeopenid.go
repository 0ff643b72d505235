package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// migrationBatch is how many openids the platform translates in one call.
const migrationBatch = 100

type changeOpenIDCommand struct {
	FromAppID string `required:"" name:"from-appid" help:"原公众号的 AppID（数据库里粉丝所属的那个）"`
	Account   string `name:"from-account" help:"平台要求的原账号标识，默认同 --from-appid；按平台文档也可能要填原始 ID（gh_ 开头）"`
	DryRun    bool   `name:"dry-run" help:"只统计，不写数据库"`
}

// Run moves the fans of an account that was merged into the configured one
// (账号迁移). The platform translates openids for 15 days after the migration was
// approved. It may be repeated: who has been moved stays as he is.
func (c changeOpenIDCommand) Run(ctx context.Context, env environment) error {
	return withStore(ctx, env, func(st *store.Store, cfg config.Config) error {
		account, err := wechat.New(wechatConfig(cfg), st, wechat.Options{Log: newLogger(cfg)})
		if err != nil {
			return err
		}
		if c.Account == "" {
			c.Account = c.FromAppID
		}
		if c.FromAppID == account.AppID() {
			return errors.New("--from-appid 是现在的公众号，请填迁移之前的那个")
		}
		total, err := c.move(ctx, st, account)
		verb := "已迁移"
		if c.DryRun {
			verb = "可以迁移"
		}
		fmt.Fprintf(env.stdout, "原账号的粉丝 %d 位：%s %d 位，之前已迁移 %d 位，平台没有给出新 openid %d 位，新 openid 已属于别的用户 %d 位\n",
			total.seen, verb, total.Moved, total.Already, total.unknown, total.Refused)
		if err != nil {
			return fmt.Errorf("迁移中断，可以再次运行：%s: %w", wechat.StaffText(err), err)
		}
		return nil
	})
}

// migration counts what became of the former account's fans.
type migration struct {
	store.MoveReport
	seen, unknown int
}

// translator is the part of the account that the command needs.
type translator interface {
	AppID() string
	Migrate(ctx context.Context, fromAppID string, openIDs []string) (map[string]string, error)
}

func (c changeOpenIDCommand) move(ctx context.Context, st *store.Store, account translator) (total migration, err error) {
	after := int64(0)
	for {
		list, err := st.IdentitiesAfter(ctx, c.FromAppID, after, migrationBatch)
		if err != nil || len(list) == 0 {
			return total, err
		}
		after = list[len(list)-1].ID
		ids := make([]string, len(list))
		for i, identity := range list {
			ids[i] = identity.OpenID
		}
		moved, err := account.Migrate(ctx, c.Account, ids)
		if err != nil {
			return total, err
		}
		move := st.MoveIdentities
		if c.DryRun {
			move = st.TryMoveIdentities
		}
		report, err := move(ctx, c.FromAppID, account.AppID(), moved)
		if err != nil {
			return total, err
		}
		total.seen += len(list)
		total.unknown += len(list) - len(moved)
		total.Moved += report.Moved
		total.Already += report.Already
		total.Refused += report.Refused
	}
}
