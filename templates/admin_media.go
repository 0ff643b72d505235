package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// AdminMediaPage lists pictures and files.
type AdminMediaPage struct {
	Layout
	Form     Form // the filters: owner, use
	Rows     []MediaRow
	Next     string // address of the next part
	Filtered bool
}

// Template implements Page.
func (*AdminMediaPage) Template() string { return "admin/media" }

// Uses are the choices of the filter.
func (*AdminMediaPage) Uses() []xunjia.MediaUse { return xunjia.MediaUses() }

// MediaRow is a picture or a file of the list.
type MediaRow struct {
	xunjia.Media
	Owner xunjia.User // ID 0: staff, or the sample data
	Uses  []xunjia.MediaUse
}

// Crop is the picture as pages attach it.
func (r MediaRow) Crop() xunjia.Attachment {
	return xunjia.Attachment{Media: r.Key, CropVersion: r.CropVersion}
}

// AdminMediaOnePage shows a picture and what its crops keep in view.
type AdminMediaOnePage struct {
	Layout
	Media xunjia.Media
	Owner xunjia.User
	Form  Form // x and y in thousandths, version of the crops
}

// Template implements Page.
func (*AdminMediaOnePage) Template() string { return "admin/media_one" }

// Crop is the picture as pages attach it.
func (p *AdminMediaOnePage) Crop() xunjia.Attachment {
	return xunjia.Attachment{Media: p.Media.Key, CropVersion: p.Media.CropVersion}
}

// mediaSamples are the pages of pictures and files.
func mediaSamples(now time.Time) []Sample {
	_, supplier, _ := sampleUsers()
	picture := xunjia.Media{Key: "sample", OwnerID: 7, MIME: "image/jpeg", Width: 2560, Height: 1920, Bytes: 812_345, Focus: xunjia.Focus{X: 350, Y: 400}, CreatedAt: now.Add(-3 * time.Hour), UsedAt: now.Add(-2 * time.Hour)}
	report := xunjia.Media{Key: "f-sample", OwnerID: 7, Name: "黄连检测报告2026年第3批（含量、水分、农残、重金属）.pdf", MIME: "application/pdf", Pages: 4, Bytes: 1_456_789, CreatedAt: now.Add(-5 * time.Hour)}
	rows := []MediaRow{{Media: picture, Owner: supplier, Uses: []xunjia.MediaUse{xunjia.UsedInPurchases, xunjia.UsedInQuotes}}, {Media: report, Owner: supplier}, {Media: picture, Uses: []xunjia.MediaUse{xunjia.UsedInReplies}}}
	one := &AdminMediaOnePage{Layout: sampleConsole("图片", "/admin/media"), Media: picture, Owner: supplier, Form: Form{Values: map[string][]string{"x": {"350"}, "y": {"400"}, "version": {"0"}}}}
	wrong := *one
	wrong.Form = Form{Values: map[string][]string{"x": {"1200"}, "y": {"400"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"x": "应在 0 到 1000 之间"}}
	inside := sampleLayout("检测报告", "")
	inside.WeChat = true
	return []Sample{
		{"file", &FilePage{Layout: sampleLayout("检测报告", ""), File: report}},
		{"file in WeChat", &FilePage{Layout: inside, File: report}},
		{"admin/media", &AdminMediaPage{Layout: sampleConsole("图片和文件", "/admin/media"), Rows: rows, Next: "more"}},
		{"admin/media empty", &AdminMediaPage{Layout: sampleConsole("图片和文件", "/admin/media")}},
		{"admin/media nothing found", &AdminMediaPage{Layout: sampleConsole("图片和文件", "/admin/media"), Filtered: true, Form: Form{Values: map[string][]string{"owner": {"abc"}}, Errors: map[string]string{"owner": "请填写 11 位手机号或用户编号"}}}},
		{"admin/media_one", one},
		{"admin/media_one errors", &wrong},
		{"admin/media_one file", &AdminMediaOnePage{Layout: sampleConsole(report.Name, "/admin/media"), Media: report, Owner: supplier}},
	}
}
