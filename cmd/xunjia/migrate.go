package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

type migrateCommand struct{}

// Run brings the database to the schema of this binary. Several instances may
// run it at once.
func (migrateCommand) Run(ctx context.Context, env environment) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return err
	}
	st, err := openStore(ctx, cfg, nil, newLogger(cfg), time.Now)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.Migrate(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.stdout, "数据库结构已是最新")
	return err
}
