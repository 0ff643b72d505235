package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/store"
)

type importCommand struct {
	DSNFile string `required:"" name:"dsn-file" type:"existingfile" help:"文件，内容是旧系统 MySQL 的连接串：user:password@tcp(host:3306)/name"`
	Files   string `type:"existingdir" help:"旧系统附件所在的文件夹；不写则不导入附件"`
	AppID   string `name:"app-id" help:"旧系统的 openid 属于哪个公众号，默认是现在配置的 wechat.app_id"`
	Report  string `default:"import-report.csv" help:"写明每一行未导入或有改动的原因"`
	DryRun  bool   `name:"dry-run" help:"只检查并写报告，不写数据库"`
}

// Run takes over the data of the earlier system: see docs/import.md.
func (c importCommand) Run(ctx context.Context, env environment) error {
	return withStore(ctx, env, func(st *store.Store, cfg config.Config) error {
		dsn, err := os.ReadFile(c.DSNFile)
		if err != nil {
			return err
		}
		file, err := os.Create(c.Report)
		if err != nil {
			return err
		}
		report := newImportReport(file)
		o := store.ImportOptions{DSN: strings.TrimSpace(string(dsn)), AppID: c.AppID, DryRun: c.DryRun, Problem: report.add}
		if o.AppID == "" {
			o.AppID = cfg.WeChat.AppID
		}
		if c.Files != "" {
			folder, err := os.OpenRoot(c.Files)
			if err != nil {
				return errors.Join(err, file.Close())
			}
			defer folder.Close()
			if o.Picture, err = c.pictures(folder, st, cfg); err != nil {
				return errors.Join(err, file.Close())
			}
		}
		tables, err := st.Import(ctx, o)
		if err := errors.Join(err, report.close(file)); err != nil {
			return err
		}
		c.summary(env.stdout, tables, report)
		return nil
	})
}

// pictures answers how an attachment is stored. A dry run only looks whether the
// picture is good.
func (c importCommand) pictures(folder *os.Root, st *store.Store, cfg config.Config) (func(context.Context, int64, string) (string, error), error) {
	blobs, _, err := openBlobs(cfg) // released by the end of the command
	if err != nil {
		return nil, err
	}
	process := media.New(media.Limits{})
	return func(ctx context.Context, owner int64, name string) (string, error) {
		file, err := folder.Open(strings.TrimLeft(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"))
		if errors.Is(err, fs.ErrNotExist) {
			return "", errors.New("找不到文件 " + name)
		}
		if err != nil {
			return "", fmt.Errorf("文件 %s 打不开", name)
		}
		defer file.Close()
		img, err := process.Process(ctx, file, media.Centre())
		if err != nil {
			return "", fmt.Errorf("文件 %s 不是可用的图片：%s", name, imageFault(err))
		}
		if c.DryRun {
			return "dry-run", nil
		}
		key, err := media.Save(ctx, blobs, img)
		if err != nil {
			return "", err
		}
		return key, st.CreateMedia(ctx, xunjia.Media{Key: key, OwnerID: owner, MIME: img.MIME, Width: img.Width, Height: img.Height,
			Bytes: int64(len(img.Original))})
	}, nil
}

// imageFault is what people are told about a picture.
func imageFault(err error) string {
	if e, ok := errors.AsType[*xunjia.Error](err); ok {
		return e.Message
	}
	return "无法识别"
}

// importReport is a CSV file that spreadsheet programs open, with a count of
// its lines by table.
type importReport struct {
	csv           *csv.Writer
	left, changed map[string]int
}

func newImportReport(w io.Writer) *importReport {
	r := &importReport{csv: csv.NewWriter(w), left: map[string]int{}, changed: map[string]int{}}
	_, _ = io.WriteString(w, "\ufeff") // or they take it for another encoding; a failure shows when it is closed
	_ = r.csv.Write([]string{"旧表", "编号", "结果", "原因"})
	return r
}

func (r *importReport) add(p store.ImportProblem) error {
	result := "未导入"
	if p.Taken {
		result = "已导入，有改动"
		r.changed[p.Table]++
	} else {
		r.left[p.Table]++
	}
	return r.csv.Write([]string{p.Table, p.ID, result, p.Reason})
}

func (r *importReport) close(file *os.File) error {
	r.csv.Flush()
	return errors.Join(r.csv.Error(), file.Close())
}

func (c importCommand) summary(w io.Writer, tables []store.ImportReport, report *importReport) {
	verb := "导入"
	if c.DryRun {
		verb = "可以导入"
	}
	seen := make([]string, 0, len(tables))
	for _, t := range tables {
		seen = append(seen, t.Table)
		fmt.Fprintf(w, "%-14s 读到 %d 行：%s %d 行，之前已导入 %d 行，未导入 %d 行，有改动 %d 处\n",
			t.Table, t.Read, verb, t.Taken, t.Before, t.LeftOut, report.changed[t.Table])
	}
	for _, table := range []string{"purchase_info", "purchase_attachment", "quote_attachment"} {
		if !slices.Contains(seen, table) && report.left[table]+report.changed[table] > 0 {
			fmt.Fprintf(w, "%-14s 未导入 %d 行，有改动 %d 处\n", table, report.left[table], report.changed[table])
		}
	}
	fmt.Fprintf(w, "原因见 %s\n", c.Report)
}
