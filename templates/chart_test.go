package templates

import (
	"flag"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/xunjia/xunjia"
)

// go test ./templates -run TestPriceChart -update draws the picture anew.
var update = flag.Bool("update", false, "write the golden files anew")

func TestPriceChart(t *testing.T) {
	const golden = "testdata/chart.svg"
	got := string(PriceChart("chart-m0", "黄连近一年到手价（按月，元/公斤）", "公斤", sampleTrend(sampleTime()).Months))
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the drawing differs from %s: look at it, then run with -update", golden)
	}
}

// Whatever the prices are: every mark lies on the drawing, lines have round
// numbers, and there is no style that the browser would refuse.
func TestPriceChartsFit(t *testing.T) {
	month := func(m int, low, median, high xunjia.Fen) xunjia.PricePoint {
		return xunjia.PricePoint{Period: xunjia.PricePeriod(202600 + m), N: 5, Suppliers: 3, Low: low, Median: median, High: high}
	}
	for name, points := range map[string][]xunjia.PricePoint{
		"one":         {month(3, 100, 100, 100)},
		"all alike":   {month(1, 100, 100, 100), month(2, 100, 100, 100)},
		"very cheap":  {month(1, 1, 1, 1), month(12, 1, 2, 3)},
		"very dear":   {month(1, 1, 500_000_000, xunjia.MaxPrice), month(2, xunjia.MaxPrice, xunjia.MaxPrice, xunjia.MaxPrice)},
		"wide":        {month(1, 10, 1000, 100_000), month(6, 99, 101, 1_000_000)},
		"with a week": {{Period: 20261123, Low: 1, Median: 5, High: 9}, {Period: 20261130, Low: 1, Median: 5, High: 9}},
	} {
		svg := string(PriceChart("c", name, "公斤", points))
		doc, err := html.Parse(strings.NewReader(svg))
		if err != nil {
			t.Fatal(err)
		}
		c := newChart(points)
		if n := len(c.ticks()); n < 2 || n > 7 || c.low < 0 {
			t.Errorf("%s: %d lines from %v", name, n, c.low)
		}
		for i, p := range points {
			if x := c.x(i); x < chartLeft || x > chartRight {
				t.Errorf("%s: x %v", name, x)
			}
			if p.Low < c.low || p.High > c.high {
				t.Errorf("%s: %v to %v lie outside %v to %v", name, p.Low, p.High, c.low, c.high)
			}
		}
		if len(c.labels()) == 0 || len(c.labels()) > 6 {
			t.Errorf("%s: %d labels", name, len(c.labels()))
		}
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "NaN") || strings.Contains(a.Val, "Inf") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
			}
		}
		if !strings.Contains(svg, "<title id=") || !strings.Contains(svg, "<desc id=") {
			t.Errorf("%s: nothing for who cannot see it", name)
		}
	}
	if PriceChart("c", "没有", "公斤", nil) != "" {
		t.Error("a drawing of nothing")
	}
	if svg := string(PriceChart("c", `<script>`, `<b>`, []xunjia.PricePoint{month(1, 1, 1, 1)})); strings.Contains(svg, "<script>") || strings.Contains(svg, "<b>") {
		t.Errorf("markup got in: %s", svg)
	}
}
