package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
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
	p.nextStep()
	const typed = `[data-uploader="photos.1"]`
	p.until("the picture of before", `document.querySelectorAll('`+typed+` [type=hidden]').length === 1`)

	p.run("cut the line", network.Enable(), network.SetBlockedURLs().WithURLPatterns([]*network.BlockPattern{{URLPattern: "*://*:*/media", Block: true}}))
	p.upload(typed+" input[type=file]", picture)
	p.see("重试")
	p.nextStep()
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
	p.nextStep()
	p.click(`[data-testid=quote-submit]`)
	p.see("报价已更新", "检测报告.pdf")
	p.shoot("done")
}

// TestQuoteInSteps fills the form on a small phone, loses the page in the middle
// and the line at the end, and loses nothing.
func TestQuoteInSteps(t *testing.T) {
	a := startApp(t, time.Now, nil)
	quote, token := quoteWithPictures(t, a)
	p := newTab(t, browser(t), 360, 740)
	p.logIn(a.url, token)
	p.open(a.url + fmt.Sprintf("/lines/%d/quote", quote.LineID))
	visible := func(selector string) string {
		return `(e => !!e && e.offsetParent !== null)(document.querySelector('` + selector + `'))`
	}
	p.until("the first step alone", visible(`[name=price]`)+` && !`+visible(`[name=quality]`)+` && !`+visible(`[data-testid="quote-submit"]`))
	p.fill(`[data-testid="quote-price"]`, "0")
	p.click(`[data-testid="quote-next"]`)
	p.see("请填写报价")
	p.fill(`[data-testid="quote-price"]`, "128.5")
	p.choose(`[data-testid="quote-unit"]`, "斤")
	p.see("折合到手价 257.00 元/公斤")
	p.shoot("price")
	p.click(`[data-testid="quote-next"]`)
	p.until("the second step alone", visible(`[name=quality]`)+` && !`+visible(`[name=price]`))
	p.fill(`[data-testid="quote-quality"]`, "新货，水分 12%")
	p.fill(`[data-testid="quote-lead_days"]`, "4")
	p.shoot("goods")

	p.open(a.url + fmt.Sprintf("/lines/%d/quote", quote.LineID)) // the page is lost
	p.see("已恢复您上次没有提交的内容")
	p.until("what was typed", `document.querySelector('[name=price]').value === "128.5" && document.querySelector('[name=unit]').value === "斤" && document.querySelector('[name=lead_days]').value === "4"`)
	p.click(`[data-testid="quote-next"]`)
	p.click(`[data-testid="quote-next"]`)
	p.see("请核对", "128.5 元/斤", "4 天")
	p.shoot("review")

	p.run("cut the line", network.Enable(), network.SetBlockedURLs().WithURLPatterns([]*network.BlockPattern{{URLPattern: "*://*:*/lines/*", Block: true}}))
	p.click(`[data-testid="quote-submit"]`)
	p.see("重试")
	p.run("mend the line", network.SetBlockedURLs())
	p.see("报价已更新", "改过 1 次")
	q, err := a.store.QuoteOf(t.Context(), quote.LineID, quote.SupplierID)
	if err != nil || q.Revision != 2 || q.Price != 128_50 || q.Unit != "斤" || q.LeadDays != 4 || len(q.Attachments) != len(quote.Attachments) {
		t.Errorf("%+v, %v", q, err)
	}
}

// TestDraftWhileTyping types three lines on a small phone; a reload goes on where
// the typing stopped, a removed line comes back, and publishing ends the draft.
func TestDraftWhileTyping(t *testing.T) {
	a := startApp(t, time.Now, nil)
	_, token := quoteWithPictures(t, a)
	p := newTab(t, browser(t), 360, 740)
	p.logIn(a.url, token)
	p.open(a.url + "/purchases/new")
	p.choose(`[data-testid="line-0-category"]`, "黄连")
	p.fill(`[data-testid="line-0-quantity"]`, "500")
	p.click(`[data-testid="add-line"]`)
	p.choose(`[data-testid="line-1-category"]`, "当归")
	p.fill(`[data-testid="line-1-quantity"]`, "20")
	p.click(`[data-testid="add-line"]`)
	p.choose(`[data-testid="line-2-category"]`, "三七")
	p.fill(`[data-testid="line-2-quantity"]`, "3")
	p.see("已自动保存")
	p.until("the draft in the address", `location.search.indexOf("?draft=") === 0 && document.querySelector("[name=draft_version]").value !== ""`)
	p.until("all of it is kept", `document.querySelector("[data-draft-status]").textContent.indexOf("已自动保存") === 0`)
	p.click(`[data-testid="line-1-remove"]`)
	p.see("已移除 当归")
	p.click(`[data-lines] .textlink`)
	p.until("the line is back", `document.querySelectorAll("[data-lines] [data-line]").length === 3`)
	p.run("note the version", chromedp.Evaluate(`window.kept = +document.querySelector("[name=draft_version]").value`, nil))
	p.click(`[data-line="2"] [data-move="-1"]`)
	p.until("it has moved up", `Array.from(document.querySelectorAll("[data-lines] [data-line]")).map(l => l.dataset.line).join() === "0,2,1"`)
	p.until("the move is kept", `+document.querySelector("[name=draft_version]").value > window.kept`)
	p.shoot("lines")
	p.run("reload", chromedp.Reload())
	p.until("three lines after the reload", `document.querySelectorAll("[data-lines] [data-line]").length === 3 && Array.from(document.querySelectorAll("[data-lines] [data-line]")).map(l => l.dataset.line).join() === "0,2,1" && document.querySelector('[name="lines.0.quantity"]').value === "500"`)
	p.click(`[data-testid="publish-submit"]`)
	p.see("已发布")
	p.open(a.url + "/me/drafts")
	p.see("没有草稿")
}
