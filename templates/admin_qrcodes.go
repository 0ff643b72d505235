package templates

import (
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
)

// AdminQRCodesPage lists the codes that staff made.
type AdminQRCodesPage struct {
	Layout
	Query string
	Codes []xunjia.QRCode
	Next  string // address of the next part
	Now   time.Time
}

// Template implements Page.
func (*AdminQRCodesPage) Template() string { return "admin/qrcodes" }

// AdminQRCodeNewPage makes a code.
type AdminQRCodeNewPage struct {
	Layout
	Form Form
}

// Template implements Page.
func (*AdminQRCodeNewPage) Template() string { return "admin/qrcode_new" }

// Actions lists what may happen after a scan.
func (*AdminQRCodeNewPage) Actions() []xunjia.QRAction { return xunjia.QRActions() }

// AdminQRCodePage shows one with its scans.
type AdminQRCodePage struct {
	Layout
	Code  xunjia.QRCode
	State xunjia.QRState
	Who   string
	Days  []xunjia.QRDay
}

// Template implements Page.
func (*AdminQRCodePage) Template() string { return "admin/qrcode" }

// Date writes a day as 11月23日.
func (*AdminQRCodePage) Date(day int) string { return fmt.Sprintf("%d月%d日", day/100%100, day%100) }

// Most is the highest number of scans on a day, for the bars.
func (p *AdminQRCodePage) Most() (most int64) {
	for _, d := range p.Days {
		most = max(most, d.Scans)
	}
	return max(most, 1)
}

// AdminQRCodePrintPage is the picture with its label and nothing else.
type AdminQRCodePrintPage struct {
	Layout
	Code xunjia.QRCode
}

// Template implements Page.
func (*AdminQRCodePrintPage) Template() string { return "admin/qrcode_print" }
