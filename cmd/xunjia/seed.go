package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/store"
)

// samples are drawn pictures for the sample data, named by what they show.
//
//go:embed samples/*.jpg
var samples embed.FS

type seedCommand struct{}

// Run adds what is missing of the sample data.
func (seedCommand) Run(ctx context.Context, env environment) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	st, err := openStore(ctx, cfg, nil, newLogger(cfg), time.Now)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.CheckSchema(ctx); err != nil {
		return err
	}
	report, err := seed(ctx, st, cfg)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "新增：%d 个品种，%d 位用户，%d 张采购单，%d 条报价，%d 条通知\n",
		report.Categories, report.Users, report.Purchases, report.Quotes, report.Notifications)
	return err
}

// seedEmpty adds the sample data to a database that holds no categories yet.
func seedEmpty(ctx context.Context, st *store.Store, cfg config.Config) error {
	categories, err := st.Categories(ctx)
	if err != nil || len(categories) > 0 {
		return err
	}
	_, err = seed(ctx, st, cfg)
	return err
}

func seed(ctx context.Context, st *store.Store, cfg config.Config) (store.SeedReport, error) {
	blobs, err := media.OpenLocal(cfg.Media.Dir)
	if err != nil {
		return store.SeedReport{}, err
	}
	pictures, err := savePictures(ctx, st, blobs)
	if err != nil {
		return store.SeedReport{}, err
	}
	return st.Seed(ctx, pictures)
}

// savePictures stores the sample pictures, two at a time, and answers their
// keys by what they show: 黄连2.jpg is a second picture of 黄连.
func savePictures(ctx context.Context, st *store.Store, blobs media.Blobs) (map[string][]string, error) {
	files, err := samples.ReadDir("samples")
	if err != nil {
		return nil, err
	}
	processor := media.New(media.Limits{})
	keys := make([]string, len(files))
	failures := make([]error, len(files))
	var work sync.WaitGroup
	for i, file := range files {
		work.Go(func() { keys[i], failures[i] = savePicture(ctx, st, blobs, processor, file.Name()) })
	}
	work.Wait()
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	shown := map[string][]string{}
	for i, file := range files {
		what := strings.TrimRight(strings.TrimSuffix(file.Name(), ".jpg"), "0123456789")
		shown[what] = append(shown[what], keys[i])
	}
	return shown, nil
}

func savePicture(ctx context.Context, st *store.Store, blobs media.Blobs, p *media.Processor, name string) (key string, err error) {
	f, err := samples.Open(path.Join("samples", name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	img, err := p.Process(ctx, f, media.Centre())
	if err != nil {
		return "", fmt.Errorf("sample %s: %w", name, err)
	}
	if key, err = media.Save(ctx, blobs, img); err != nil {
		return "", err
	}
	return key, st.CreateMedia(ctx, xunjia.Media{
		Key: key, MIME: img.MIME, Width: img.Width, Height: img.Height, Bytes: int64(len(img.Original)),
	})
}
