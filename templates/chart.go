package templates

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/xunjia/xunjia"
)

// The drawing of a price chart, in units of its own: small enough that its
// letters can be read on a phone of 360 points, which shows it as it is.
const (
	chartWidth, chartHeight = 328, 194
	chartLeft, chartRight   = 46, 318
	chartTop, chartBottom   = 24, 170
	chartLabelGap           = 50 // between labels below the axis
)

// PriceChart draws the median of each period as a line, with the middle half of
// the prices as a band behind it, as SVG without any style of its own: colours
// are in the style sheet. id must be unique on the page; points come oldest
// first. It is "" without points.
func PriceChart(id, title string, unit xunjia.Unit, points []xunjia.PricePoint) template.HTML {
	if len(points) == 0 {
		return ""
	}
	c := newChart(points)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`, chartWidth, chartHeight, id, id)
	fmt.Fprintf(&b, `<title id="%s-title">%s</title>`, id, template.HTMLEscapeString(title))
	fmt.Fprintf(&b, `<desc id="%s-desc">%s</desc>`, id, template.HTMLEscapeString(describe(unit, points)))
	for _, y := range c.ticks() {
		fmt.Fprintf(&b, `<line class="chart-grid" x1="%d" y1="%s" x2="%d" y2="%s"/>`, chartLeft, c.y(y), chartRight, c.y(y))
		fmt.Fprintf(&b, `<text class="chart-y" x="%d" y="%s" dy="4">%s</text>`, chartLeft-6, c.y(y), yuan(y))
	}
	fmt.Fprintf(&b, `<text class="chart-unit" x="%d" y="%d">元/%s</text>`, 2, 11, template.HTMLEscapeString(string(unit)))
	for _, l := range c.labels() {
		fmt.Fprintf(&b, `<text class="chart-x" x="%s" y="%d">%s</text>`, decimal(l.x), chartBottom+18, l.text)
	}
	if len(points) > 1 {
		fmt.Fprintf(&b, `<path class="chart-band" d="%s"/>`, c.band())
		fmt.Fprintf(&b, `<path class="chart-line" d="%s"/>`, c.line())
	}
	for i, p := range points {
		fmt.Fprintf(&b, `<circle class="chart-dot" cx="%s" cy="%s" r="3"><title>%s：%s</title></circle>`,
			decimal(c.x(i)), c.y(p.Median), PeriodText(p.Period), p.Median)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) // #nosec G203 -- numbers of ours and escaped text
}

// describe says in words what the chart shows.
func describe(unit xunjia.Unit, points []xunjia.PricePoint) string {
	first, last := points[0], points[len(points)-1]
	text := fmt.Sprintf("%s的中位价是 %s 元/%s", PeriodText(last.Period), last.Median, unit)
	if len(points) > 1 {
		text = fmt.Sprintf("%s的中位价是 %s 元/%s，到%s", PeriodText(first.Period), first.Median, unit, text)
	}
	return text
}

// PeriodText writes a period: 2026年11月, or 11月23日这一周.
func PeriodText(p xunjia.PricePeriod) string {
	from, _ := p.Bounds()
	if p.Weekly() {
		return from.Format("2006年1月2日") + "这一周"
	}
	return from.Format("2006年1月")
}

// chart places points on the drawing.
type chart struct {
	points []xunjia.PricePoint
	low    xunjia.Fen // at the bottom
	high   xunjia.Fen // at the top
	step   xunjia.Fen // between lines
}

func newChart(points []xunjia.PricePoint) chart {
	c := chart{points: points, low: points[0].Low, high: points[0].High}
	for _, p := range points {
		c.low, c.high = min(c.low, p.Low, p.Median), max(c.high, p.High, p.Median)
	}
	// A line that hardly moves shall look like one.
	if room := max(c.high/20, 10); c.high-c.low < room {
		c.low, c.high = max(c.low-room/2, 0), c.high+room/2
	}
	c.step = 1
	for i := 0; (c.high-c.low)/c.step >= 4; i++ {
		c.step = c.step * []xunjia.Fen{2, 5, 2}[i%3] / []xunjia.Fen{1, 2, 1}[i%3] // 1, 2, 5, 10, 20, 50 …
	}
	c.low = c.low / c.step * c.step
	c.high = (c.high + c.step - 1) / c.step * c.step
	return c
}

func (c chart) ticks() (list []xunjia.Fen) {
	for v := c.low; v <= c.high; v += c.step {
		list = append(list, v)
	}
	return list
}

// x is where a point lies in time.
func (c chart) x(i int) float64 {
	first, _ := c.points[0].Period.Bounds()
	last, _ := c.points[len(c.points)-1].Period.Bounds()
	at, _ := c.points[i].Period.Bounds()
	if !last.After(first) {
		return (chartLeft + chartRight) / 2
	}
	return chartLeft + 6 + (chartRight-chartLeft-12)*float64(at.Sub(first))/float64(last.Sub(first))
}

func (c chart) y(v xunjia.Fen) string {
	return decimal(chartBottom - (chartBottom-chartTop)*float64(v-c.low)/float64(c.high-c.low))
}

func (c chart) line() string { return c.path(func(p xunjia.PricePoint) xunjia.Fen { return p.Median }) }

func (c chart) path(of func(xunjia.PricePoint) xunjia.Fen) string {
	var b strings.Builder
	for i, p := range c.points {
		b.WriteString([]string{"L", "M"}[max(1-i, 0)] + decimal(c.x(i)) + " " + c.y(of(p)))
	}
	return b.String()
}

func (c chart) band() string {
	var b strings.Builder
	b.WriteString(c.path(func(p xunjia.PricePoint) xunjia.Fen { return p.High }))
	for i := len(c.points) - 1; i >= 0; i-- {
		b.WriteString("L" + decimal(c.x(i)) + " " + c.y(c.points[i].Low))
	}
	return b.String() + "Z"
}

type chartLabel struct {
	x    float64
	text string
}

// labels name months below the axis, as many as have room.
func (c chart) labels() (list []chartLabel) {
	month, year := 0, 0
	for i, p := range c.points {
		from, _ := p.Period.Bounds()
		x := c.x(i)
		if int(from.Month()) == month && from.Year() == year || len(list) > 0 && x-list[len(list)-1].x < chartLabelGap {
			continue
		}
		text := from.Format("1月")
		if from.Year() != year {
			text = from.Format("06年1月")
		}
		month, year = int(from.Month()), from.Year()
		list = append(list, chartLabel{x, text})
	}
	return list
}

// decimal writes a place on the drawing.
func decimal(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// yuan writes an amount as short as it can: 109, 0.5.
func yuan(f xunjia.Fen) string { return strconv.FormatFloat(float64(f)/100, 'f', -1, 64) }
