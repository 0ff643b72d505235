package templates

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/xunjia/xunjia"
)

// PricesPage is the price history of a category.
type PricesPage struct {
	Layout
	Category xunjia.Category
	Trends   []xunjia.PriceTrend  // by unit
	Quoted   []xunjia.PriceSample // by the reader himself, newest first
	Got      []xunjia.PriceSample // by others, on his requests
}

// Template implements Page.
func (*PricesPage) Template() string { return "prices" }

// Charts are the drawings, months and weeks of each unit.
func (p *PricesPage) Charts() []TrendChart {
	var list []TrendChart
	for i, t := range p.Trends {
		list = append(list, newTrendChart(fmt.Sprintf("m%d", i), p.Category.Name, t, t.Months, "按月"))
		list = append(list, newTrendChart(fmt.Sprintf("w%d", i), p.Category.Name, t, t.Weeks, "按周"))
	}
	return slices.DeleteFunc(list, func(c TrendChart) bool { return len(c.Points) == 0 })
}

// TrendChart is one drawing with the same in words and numbers.
type TrendChart struct {
	Title  string
	Unit   xunjia.Unit
	Points []xunjia.PricePoint
	SVG    template.HTML
}

func newTrendChart(id, name string, t xunjia.PriceTrend, points []xunjia.PricePoint, by string) TrendChart {
	title := fmt.Sprintf("%s近一年到手价（%s，元/%s）", name, by, t.Unit)
	return TrendChart{Title: title, Unit: t.Unit, Points: points, SVG: PriceChart("chart-"+id, title, t.Unit, points)}
}

// Newest lists the points as a table shows them.
func (c TrendChart) Newest() []xunjia.PricePoint {
	list := slices.Clone(c.Points)
	slices.Reverse(list)
	return list
}

// Period writes the period of a point.
func (TrendChart) Period(p xunjia.PricePoint) string { return PeriodText(p.Period) }

// CategoryTrend is the price history of a category as other pages show it.
type CategoryTrend struct {
	CategoryID int64
	Name       string
	Latest     xunjia.PricePoint
	Chart      TrendChart
}

// Text is the newest point in words.
func (t CategoryTrend) Text() string {
	return fmt.Sprintf("%s中位价 %s 元/%s，%d 条报价", PeriodText(t.Latest.Period), t.Latest.Median, t.Chart.Unit, t.Latest.N)
}

// maxTrends bounds how many drawings another page carries.
const maxTrends = 3

// NewCategoryTrends draws the trends of the lines' categories, each once.
func NewCategoryTrends(lines []xunjia.Line, trends map[int64][]xunjia.PriceTrend) []CategoryTrend {
	var list []CategoryTrend
	for _, l := range lines {
		t := trends[l.CategoryID]
		if len(t) == 0 || len(list) == maxTrends || slices.ContainsFunc(list, func(c CategoryTrend) bool { return c.CategoryID == l.CategoryID }) {
			continue
		}
		latest, ok := t[0].Latest()
		if !ok {
			continue
		}
		points, by := t[0].Weeks, "按周"
		if len(points) < 2 {
			points, by = t[0].Months, "按月"
		}
		list = append(list, CategoryTrend{CategoryID: l.CategoryID, Name: l.Name, Latest: latest,
			Chart: newTrendChart(fmt.Sprintf("c%d", l.CategoryID), l.Name, t[0], points, by)})
	}
	return list
}
