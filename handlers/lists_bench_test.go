package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// Size of the smaller one of the databases that BenchmarkLists compares, in
// purchases, how many quotes each purchase has, and how much longer a page of the
// larger one may take.
const (
	fewPurchases = 10_000
	volumeQuotes = 5
	ofFewTarget  = 1.5
)

// manyPurchases is the size of the larger one: a million, or what
// XUNJIA_BENCH_PURCHASES says.
func manyPurchases(b *testing.B) int {
	b.Helper()
	text := os.Getenv("XUNJIA_BENCH_PURCHASES")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 2*fewPurchases {
		b.Fatalf("XUNJIA_BENCH_PURCHASES is %q, not a number from %d", text, 2*fewPurchases)
	}
	return n
}

// BenchmarkLists fetches whole pages over HTTP on loopback, in turns from a site
// with ten thousand purchases and from one with a million. of-few is what a page
// costs with the million, as a multiple of what it costs with the ten thousand:
// the quotient of the medians. The log says of every page whether that is within
// the target.
func BenchmarkLists(b *testing.B) {
	for _, driver := range []string{"sqlite", "mysql"} {
		b.Run(driver, func(b *testing.B) {
			few, many := newVolumeSite(b, driver, fewPurchases), newVolumeSite(b, driver, manyPurchases(b))
			for _, page := range volumePages() {
				b.Run(page.name, func(b *testing.B) {
					var fewTook, manyTook []time.Duration
					few.fetch(b, page) // the first one opens connections
					many.fetch(b, page)
					for b.Loop() {
						for range 10 {
							fewTook = append(fewTook, few.fetch(b, page))
							manyTook = append(manyTook, many.fetch(b, page))
						}
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(float64(median(fewTook).Microseconds())/1000, "few-ms")
					b.ReportMetric(float64(median(manyTook).Microseconds())/1000, "many-ms")
					ratio := float64(median(manyTook)) / float64(median(fewTook))
					b.ReportMetric(ratio, "of-few")
					b.Logf("of-few %.2f, target %.1f: %s", ratio, ofFewTarget, map[bool]string{true: "met", false: "NOT MET"}[ratio <= ofFewTarget])
				})
			}
		})
	}
}

// volumePage is a page that is measured.
type volumePage struct {
	name   string
	member bool // seen by somebody who is logged in
	path   func(v *volumeSite) string
	want   string // text that tells the right page
}

func volumePages() []volumePage {
	fixed := func(path string) func(*volumeSite) string { return func(*volumeSite) string { return path } }
	return []volumePage{
		{"home", false, fixed("/"), "/purchases/"},
		{"home-followed", true, fixed("/"), "/purchases/"},
		{"list", false, fixed("/purchases"), "after="},
		{"list-deep", false, func(v *volumeSite) string { return "/purchases?after=" + v.deepList }, "after="},
		{"list-followed", true, fixed("/purchases?tab=followed"), "after="},
		{"search-category", false, func(v *volumeSite) string { return fmt.Sprintf("/purchases?category=%d", v.goods) }, "after="},
		{"search-category-deep", false, func(v *volumeSite) string {
			return fmt.Sprintf("/purchases?category=%d&after=%s", v.goods, v.deepGoods)
		}, "purchase-card"},
		{"search-category-area", false, func(v *volumeSite) string {
			return fmt.Sprintf("/purchases?category=%d&province=340000", v.goods)
		}, "after="},
		{"search-group", false, func(v *volumeSite) string { return fmt.Sprintf("/purchases?category=%d", v.group) }, "after="},
		{"search-area", false, fixed("/purchases?province=340000"), "after="},
		{"search-ending", false, fixed("/purchases?sort=ending"), "after="},
		{"search-ended", false, fixed("/purchases?status=ended"), "after="},
		{"search-words", false, fixed("/purchases?q=黄连+统货"), "after="},
		{"search-quotable", true, fixed("/purchases?can=1"), "after="},
		{"category-search", false, fixed("/categories/search?q=黄"), "黄"},
		{"detail", false, func(v *volumeSite) string { return xunjia.PurchasePath(v.purchase) }, "增值税专用发票"},
		{"detail-member", true, func(v *volumeSite) string { return xunjia.PurchasePath(v.foreign) }, "增值税专用发票"},
		{"compare", true, func(v *volumeSite) string { return xunjia.PurchasePath(v.purchase) + "/compare" }, "好货"},
		{"my-purchases", true, fixed("/me/purchases"), "after="},
		{"my-purchases-deep", true, func(v *volumeSite) string { return "/me/purchases?after=" + v.deepMine }, "after="},
		{"my-purchases-over", true, fixed("/me/purchases?status=done"), "after="},
		{"my-quotes-refused", true, fixed("/me/quotes?state=refused"), "after="},
		{"my-quotes", true, fixed("/me/quotes"), "after="},
		{"my-quotes-deep", true, func(v *volumeSite) string { return "/me/quotes?after=" + v.deepQuotes }, "after="},
		{"inbox", true, fixed("/inbox?type=2"), "after="},
	}
}

// volumeSite is a website with very many purchases.
type volumeSite struct {
	url    string
	cookie string // of a member who asks, quotes and follows categories
	client *http.Client

	purchase, foreign int64 // an open purchase of the member, and one of somebody else
	goods, group      int64 // 黄连, and the group that it is in

	deepList, deepMine, deepQuotes, deepGoods string // cursors far down the lists
}

func newVolumeSite(b *testing.B, driver string, purchases int) *volumeSite {
	b.Helper()
	s := volumeStore(b, driver, purchases)
	_, url := benchSite(b, s, volumeClock, nil)
	v := &volumeSite{url: url, client: &http.Client{Timeout: time.Minute}}
	ctx := b.Context()
	u, err := s.RegisterPhone(ctx, "19900000008", 0) // a sample who follows many categories
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := s.StartSession(ctx, xunjia.Session{Kind: xunjia.UserSession, UserID: u.ID})
	if err != nil {
		b.Fatal(err)
	}
	v.cookie = "sid=" + token
	mine, err := s.PurchasesOf(ctx, u.ID, xunjia.Page{Limit: 1})
	if err != nil || len(mine.Items) == 0 {
		b.Fatal(len(mine.Items), err)
	}
	v.purchase = mine.Items[0].ID
	open, err := s.OpenPurchases(ctx, xunjia.Page{Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range open.Items {
		if p.BuyerID != u.ID {
			v.foreign = p.ID
		}
	}
	found, err := s.SearchCategories(ctx, "黄连", 1)
	if err != nil || len(found) == 0 {
		b.Fatal(len(found), err)
	}
	v.goods, v.group = found[0].ID, found[0].ParentID
	// Far down.
	v.deepGoods = halfway(b, func(p xunjia.Page) (string, error) {
		list, err := s.SearchPurchases(ctx, xunjia.Search{Category: v.goods}, xunjia.User{}, p)
		return list.Next, err
	})
	v.deepList = halfway(b, func(p xunjia.Page) (string, error) {
		list, err := s.OpenPurchases(ctx, p)
		return list.Next, err
	})
	v.deepMine = halfway(b, func(p xunjia.Page) (string, error) {
		list, err := s.PurchasesOf(ctx, u.ID, p)
		return list.Next, err
	})
	v.deepQuotes = halfway(b, func(p xunjia.Page) (string, error) {
		list, err := s.QuotesBy(ctx, u.ID, p)
		return list.Next, err
	})
	return v
}

// halfway answers the cursor in the middle of a list's first 400 parts.
func halfway(b *testing.B, part func(xunjia.Page) (next string, err error)) string {
	b.Helper()
	cursors := []string{""}
	for len(cursors) < 400 {
		next, err := part(xunjia.Page{After: cursors[len(cursors)-1], Limit: 100})
		if err != nil {
			b.Fatal(err)
		}
		if next == "" {
			break
		}
		cursors = append(cursors, next)
	}
	return cursors[len(cursors)/2]
}

// fetch reads a page to its end and answers how long that took.
func (v *volumeSite) fetch(b *testing.B, page volumePage) time.Duration {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, v.url+page.path(v), nil)
	if err != nil {
		b.Fatal(err)
	}
	if page.member {
		r.Header.Set("Cookie", v.cookie)
	}
	began := time.Now()
	res, err := v.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	took := time.Since(began)
	if err := errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), page.want) {
		b.Fatalf("%s: %d without %q, %v\n%.2000s", r.URL, res.StatusCode, page.want, err, body)
	}
	return took
}

// volumeClock stands still, so that a database seeded long ago has as many open
// purchases as one of today.
func volumeClock() time.Time { return time.Date(2026, 1, 15, 2, 0, 0, 0, time.UTC) }

// volumeStore is a database with many purchases. On SQLite it is kept in
// XUNJIA_BENCH_DIR or the user's cache folder for the next time.
func volumeStore(b *testing.B, driver string, purchases int) *store.Store {
	b.Helper()
	clock := func(o *store.Options) { o.Clock = volumeClock }
	if driver == "mysql" {
		s := storetest.Open(b, driver, storetest.MariaDB(b), clock)
		seedVolume(b, s, purchases)
		return s
	}
	dir := benchDir(b)
	file := filepath.Join(dir, fmt.Sprintf("volume-%d-%s.db", purchases, seedVersion(b)))
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		outdated, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("volume-%d-*", purchases)))
		if err != nil {
			b.Fatal(err)
		}
		for _, old := range outdated { // each takes a gigabyte
			if err := os.Remove(old); err != nil {
				b.Fatal(err)
			}
		}
		raw := file + ".part"
		s, err := store.Open(b.Context(), store.Options{Driver: driver, DSN: raw, Clock: volumeClock, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		seedVolume(b, s, purchases)
		if err := errors.Join(s.Close(), os.Rename(raw, file)); err != nil {
			b.Fatal(err)
		}
	}
	return storetest.Open(b, driver, file, clock)
}

func seedVolume(b *testing.B, s *store.Store, purchases int) {
	b.Helper()
	began := time.Now()
	if err := s.SeedVolume(context.WithoutCancel(b.Context()), purchases, volumeQuotes, nil); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d purchases seeded in %v", purchases, time.Since(began).Round(time.Millisecond))
}

// benchDir is where seeded databases are kept.
func benchDir(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("XUNJIA_BENCH_DIR")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			b.Fatal(err)
		}
		dir = filepath.Join(cache, "xunjia-bench")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	return dir
}

// seedVersion changes whenever the schema or what is seeded changes.
func seedVersion(b *testing.B) string {
	b.Helper()
	sum := sha256.New()
	for _, pattern := range []string{"../store/migrations/sqlite/*.sql", "../store/seed*.go", "../store/seed/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			b.Fatal(pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			sum.Write(content)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}
