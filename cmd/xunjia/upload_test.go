package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

// TestUploadIsTriedAgain loses the line while a picture is on its way.
func TestUploadIsTriedAgain(t *testing.T) {
	a := startApp(t, time.Now, nil)
	quote, token := quoteWithPictures(t, a)
	dir := t.TempDir()
	photo, err := samples.ReadFile("samples/三七.jpg")
	if err != nil {
		t.Fatal(err)
	}
	picture, report, script := filepath.Join(dir, "三七.jpg"), filepath.Join(dir, "检测报告.pdf"), filepath.Join(dir, "坏的.pdf")
	document := "%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\n%%EOF\n"
	for file, data := range map[string][]byte{picture: photo, report: []byte(document), script: []byte("%PDF-1.7\n<</JS (x)>>\n%%EOF\n")} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := newTab(t, browser(t), 390, 844)
	p.logIn(a.url, token)
	p.open(a.url + fmt.Sprintf("/lines/%d/quote", quote.LineID))
	const typed = `[data-uploader="photos.1"]`
	p.until("the picture of before", `document.querySelectorAll('`+typed+` [type=hidden]').length === 1`)

	p.run("cut the line", network.Enable(), network.SetBlockedURLs().WithURLPatterns([]*network.BlockPattern{{URLPattern: "*://*:*/media", Block: true}}))
	p.upload(typed+" input[type=file]", picture)
	p.see("重试")
	p.click(`[data-testid=quote-submit]`)
	p.see("有图片没有上传成功")
	p.shoot("failed")
	p.until("the other picture is still there", `document.querySelectorAll('`+typed+` [type=hidden]').length === 1`)
	p.run("mend the line", network.SetBlockedURLs())
	p.click(typed + " .thumb-retry")
	p.until("both pictures", `document.querySelectorAll('`+typed+` [type=hidden]').length === 2 && !document.querySelector(".thumb.failed")`)

	p.upload(`[data-uploader="photos.4"] input[type=file]`, script)
	p.see("PDF 里有脚本")
	p.upload(`[data-uploader="photos.4"] input[type=file]`, report)
	p.until("its tile", `(document.querySelector(".thumb-file .thumb-name") || {}).textContent === "检测报告.pdf"`)
	p.shoot("file")
	p.click(`[data-testid=quote-submit]`)
	p.see("报价已更新", "检测报告.pdf")
	p.shoot("done")
}
