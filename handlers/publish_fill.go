package handlers

import (
	"net/url"
	"strconv"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// purchaseValues fills the form with a purchase: its terms, its exact deadline and
// the lines that can be edited, with their ids.
func purchaseValues(p xunjia.Purchase) url.Values {
	v := url.Values{
		"invoice": {p.Invoice}, "payment": {p.Payment}, "delivery": {p.Delivery}, "sample": {p.Sample}, "qualification": {p.Qualification},
		"remark": {p.Remark}, "mode": {strconv.Itoa(int(p.Mode))}, "deadline": {"at"},
		"deadline_at": {p.Deadline.In(xunjia.China()).Format(inputTime + ":05")},
	}
	if p.ShowRank {
		v.Set("show_rank", "1")
	}
	setArea(v, p.Area)
	for _, l := range p.Lines {
		if l.Status == xunjia.Closed && l.Reason != "" || l.Accepted > 0 && p.Status == xunjia.WaitingForQuote {
			continue // closed by itself, or bought in part
		}
		addLineValues(v, len(v["line"]), l)
	}
	if len(v["line"]) == 0 {
		v.Add("line", "0")
	}
	return v
}

// addLineValues fills one line of the form.
func addLineValues(v url.Values, n int, l xunjia.Line) {
	v.Add("line", strconv.Itoa(n))
	set := func(field, text string) { v.Set(templates.LineField(n, field), text) }
	set("id", strconv.FormatInt(l.ID, 10))
	set("category", strconv.FormatInt(l.CategoryID, 10))
	set("spec", l.Spec)
	set("quantity", l.Quantity.String())
	set("unit", string(l.Unit))
	set("quality", l.Quality)
	set("origin", l.Origin)
	if l.CapPrice > 0 {
		set("cap_price", l.CapPrice.String())
	}
	for _, a := range l.Images {
		field := "images"
		if a.Type == xunjia.TestReport {
			field = "reports"
		}
		v.Add(templates.LineField(n, field), a.Media)
	}
}
