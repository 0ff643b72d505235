package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/store"
)

// samples are drawn pictures for the sample data, 800×600 and named by what
// they show, with their square crops below mobile.
//
//go:embed samples
var samples embed.FS

type seedCommand struct {
	Purchases int  `help:"再写入 N 张压力测试用的采购单，每张 5 条报价" placeholder:"N"`
	Force     bool `help:"env 是 production 时也写入"`
}

// volumeQuotes is how many quotes each purchase of a volume has.
const volumeQuotes = 5

// Run adds what is missing of the sample data, and a volume when one is wanted.
func (k seedCommand) Run(ctx context.Context, env environment) error {
	return withStore(ctx, env, func(st *store.Store, cfg config.Config) error {
		if err := k.allowed(cfg); err != nil {
			return err
		}
		report, err := seed(ctx, st, cfg)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.stdout, "新增：%d 个品种，%d 位用户，%d 张采购单，%d 条报价，%d 条通知\n",
			report.Categories, report.Users, report.Purchases, report.Quotes, report.Notifications)
		if err != nil || k.Purchases == 0 {
			return err
		}
		return seedVolume(ctx, st, env.stdout, k.Purchases)
	})
}

// allowed tells why nothing may be written.
func (k seedCommand) allowed(cfg config.Config) error {
	switch {
	case k.Purchases < 0:
		return errors.New("--purchases 不能是负数")
	case k.Purchases > 0 && cfg.Production() && !k.Force:
		return errors.New("这是生产环境（env: production），没有写入。确实要往这个数据库写压力测试数据，请加 --force")
	}
	return nil
}

// seedVolume adds the load of a benchmark and tells how it gets on.
func seedVolume(ctx context.Context, st *store.Store, w io.Writer, purchases int) error {
	const step = 10_000
	began := time.Now()
	tell := func(done int) {
		if done%step != 0 && done != purchases {
			return
		}
		took := time.Since(began)
		// A broken pipe must not stop the work half-way.
		_, _ = fmt.Fprintf(w, "%d / %d 张采购单，%d 条报价，用时 %v，每秒 %.0f 张\n",
			done, purchases, done*volumeQuotes, took.Round(time.Second), float64(done)/took.Seconds())
	}
	return st.SeedVolume(ctx, purchases, volumeQuotes, tell)
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
	blobs, closeBlobs, err := openBlobs(cfg)
	if err != nil {
		return store.SeedReport{}, err
	}
	defer closeBlobs()
	pictures, err := savePictures(ctx, st, blobs)
	if err != nil {
		return store.SeedReport{}, err
	}
	return st.Seed(ctx, pictures)
}

// savePictures stores the sample pictures and answers their keys by what they
// show: 黄连2.jpg is a second picture of 黄连.
func savePictures(ctx context.Context, st *store.Store, blobs media.Blobs) (map[string][]string, error) {
	files, err := fs.Glob(samples, "samples/*.jpg")
	if err != nil {
		return nil, err
	}
	shown := map[string][]string{}
	for _, file := range files {
		key, err := savePicture(ctx, st, blobs, file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		what := strings.TrimRight(strings.TrimSuffix(path.Base(file), ".jpg"), "0123456789")
		shown[what] = append(shown[what], key)
	}
	return shown, nil
}

// savePicture stores a picture as it is: the samples have been through package
// media already.
func savePicture(ctx context.Context, st *store.Store, blobs media.Blobs, file string) (key string, err error) {
	full, err := samples.ReadFile(file)
	if err != nil {
		return "", err
	}
	crop, err := samples.ReadFile(path.Join("samples/mobile", path.Base(file)))
	if err != nil {
		return "", err
	}
	img := media.Image{Original: full, PC: full, Mobile: crop, Width: 800, Height: 600, MIME: "image/jpeg"}
	if key, err = media.Save(ctx, blobs, img); err != nil {
		return "", err
	}
	return key, st.CreateMedia(ctx, xunjia.Media{
		Key: key, MIME: img.MIME, Width: img.Width, Height: img.Height, Bytes: int64(len(full)),
	})
}
