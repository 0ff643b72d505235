package templates

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/xunjia/xunjia"
)

// PurchasesPage lists purchases: what waits for quotes, or what a search asks
// for.
type PurchasesPage struct {
	Layout
	Search     xunjia.Search // as it is answered
	Form       Form          // as it was typed; errors on q, min and max
	Categories []CategoryOptions
	Areas      []AreaSelect // province and city
	Category   string       // name of the chosen one
	Taken      string       // 黄连、黄芪: goods that a word of the text was taken for
	Purchases  []PurchaseCard
	Next       string // for the next page; "" at the end
	Stopped    bool   // Next goes on with a search that has looked at enough for one page
	First      bool   // of the pages
}

// Template implements Page.
func (*PurchasesPage) Template() string { return "purchases" }

// SearchPath is the address of a search.
func SearchPath(s xunjia.Search) string {
	if q := searchValues(s).Encode(); q != "" {
		return "/purchases?" + q
	}
	return "/purchases"
}

// searchValues are the parameters of a search's address, without those that ask
// for nothing.
func searchValues(s xunjia.Search) url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	flag := func(name, value string, on bool) {
		if on {
			v.Set(name, value)
		}
	}
	set("q", s.Text)
	if s.Category != 0 {
		set("category", strconv.FormatInt(s.Category, 10))
	}
	set("province", string(s.Area.Province()))
	flag("city", string(s.Area), s.Area != s.Area.Province())
	set("within", string(s.Within))
	if s.MinCap == 0 && s.MaxCap == 0 { // a price range says it already
		set("cap", string(s.Cap))
	}
	set("min", typedPrice(s.MinCap))
	set("max", typedPrice(s.MaxCap))
	flag("can", "1", s.Quotable)
	flag("status", "ended", s.Ended)
	flag("sort", "ending", s.EndingSoon)
	flag("tab", "followed", s.Followed)
	return v
}

// typedPrice writes a price as one types it; "" for none.
func typedPrice(f xunjia.Fen) string {
	if f == 0 {
		return ""
	}
	return yuan(f)
}

// Tabs lead to the same search among everything and among what the reader
// follows.
func (p *PurchasesPage) Tabs() []ChosenLink {
	all, followed := p.Search, p.Search
	all.Followed, followed.Followed = false, true
	return []ChosenLink{
		{Link{SearchPath(all), "全部"}, !p.Search.Followed, "tab-all"},
		{Link{SearchPath(followed), "我关注的"}, p.Search.Followed, "tab-followed"},
	}
}

// ChosenLink is a link that may be where the reader is.
type ChosenLink struct {
	Link
	Chosen bool
	TestID string
}

// Top leads to the beginning of the list.
func (p *PurchasesPage) Top() string { return SearchPath(p.Search) }

// More leads to the next page.
func (p *PurchasesPage) More() More {
	m := moreAt("/purchases", searchValues(p.Search), p.Next)
	m.Manual = p.Stopped
	if p.Stopped {
		m.Text = "继续查找"
		m.Note = fmt.Sprintf("查了 2000 张采购单，符合的有 %d 张", len(p.Purchases))
	}
	return m
}

// Filters are the filters in use, each with the address without it.
func (p *PurchasesPage) Filters() []Link {
	var links []Link
	s := p.Search
	without := func(text string, drop func(*xunjia.Search)) {
		rest := s
		drop(&rest)
		links = append(links, Link{SearchPath(rest), text})
	}
	if s.Text != "" {
		without("“"+s.Text+"”", func(s *xunjia.Search) { s.Text = "" })
	}
	if s.Category != 0 {
		without(p.Category, func(s *xunjia.Search) { s.Category = 0 })
	}
	if s.Area != "" {
		without(s.Area.ShortName(), func(s *xunjia.Search) { s.Area = "" })
	}
	if s.Within != xunjia.AnyDeadline {
		text := s.Within.String()
		if s.Within != xunjia.EndsToday {
			text += "截止"
		}
		without(text, func(s *xunjia.Search) { s.Within = xunjia.AnyDeadline })
	}
	if s.Cap != xunjia.AnyCap {
		text := s.Cap.String()
		switch lowest, highest := typedPrice(s.MinCap), typedPrice(s.MaxCap); {
		case lowest != "" && highest != "":
			text = "限价 " + lowest + "–" + highest + " 元"
		case lowest != "":
			text = "限价 " + lowest + " 元以上"
		case highest != "":
			text = "限价 " + highest + " 元以下"
		}
		without(text, func(s *xunjia.Search) { s.Cap, s.MinCap, s.MaxCap = xunjia.AnyCap, 0, 0 })
	}
	if s.Quotable {
		without("我能报价的", func(s *xunjia.Search) { s.Quotable = false })
	}
	if s.Ended {
		without("已结束", func(s *xunjia.Search) { s.Ended = false })
	}
	return links
}

// Clear is the address without any filter.
func (p *PurchasesPage) Clear() string {
	return SearchPath(xunjia.Search{Followed: p.Search.Followed, EndingSoon: p.Search.EndingSoon})
}

// Over is the same search among what is over; "" when that is shown already.
func (p *PurchasesPage) Over() string {
	if p.Search.Ended {
		return ""
	}
	s := p.Search
	s.Ended, s.EndingSoon, s.Quotable, s.Within = true, false, false, xunjia.AnyDeadline
	return SearchPath(s)
}

// Count says how many were found, not exactly when they are many.
func (p *PurchasesPage) Count() string {
	switch {
	case !p.First || p.Stopped:
		return ""
	case p.Next != "":
		return fmt.Sprintf("找到 %d+ 张", len(p.Purchases))
	}
	return fmt.Sprintf("找到 %d 张", len(p.Purchases))
}

// Withins, Caps, States and Orders are the choices of the form.
func (p *PurchasesPage) Withins() []Option {
	var options []Option
	for _, w := range xunjia.DeadlinesWithin() {
		options = append(options, Option{string(w), w.String(), p.Form.Value("within") == string(w)})
	}
	return options
}

// Caps is described at Withins.
func (p *PurchasesPage) Caps() []Option {
	var options []Option
	for _, c := range xunjia.CapPrices() {
		options = append(options, Option{string(c), c.String(), p.Form.Value("cap") == string(c)})
	}
	return options
}

// States is described at Withins.
func (p *PurchasesPage) States() []Option {
	return []Option{{"", "报价中", p.Form.Value("status") == ""}, {"ended", "已结束", p.Form.Value("status") == "ended"}}
}

// Orders is described at Withins.
func (p *PurchasesPage) Orders() []Option {
	return []Option{{"", "最新发布", p.Form.Value("sort") == ""}, {"ending", "快截止的在前", p.Form.Value("sort") == "ending"}}
}

// SearchForm is what the form shows for a search.
func SearchForm(s xunjia.Search) Form {
	v := searchValues(s)
	v.Set("cap", string(s.Cap))
	return Form{Values: v, Errors: map[string]string{}}
}

// SearchAreas are the two selects of the form.
func SearchAreas(a xunjia.Area) []AreaSelect {
	city := a
	if a == a.Province() {
		city = ""
	}
	areas := AreaSelects(a.Province(), city, "")[:2]
	areas[0].Label, areas[1].Label = "全部省份", "全部城市"
	return areas
}

// More is the end of a list: the way to its next part, or that there is none.
type More struct {
	Href   string // "" at the end
	Text   string
	Note   string // above the link
	Manual bool   // the script waits for a tap
}

// moreAt is the next part of the list at the path with its parameters.
func moreAt(path string, values url.Values, next string) More {
	if next == "" {
		return More{Text: "没有更多了"}
	}
	q := url.Values{"after": {next}}
	for name, list := range values {
		if len(list) > 0 && list[0] != "" {
			q[name] = list
		}
	}
	return More{Href: path + "?" + q.Encode(), Text: "下一页"}
}
