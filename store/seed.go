package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"
	"go.yaml.in/yaml/v3"

	"github.com/xunjia/xunjia"
)

// The sample data; their formats are explained in their first lines.
var (
	//go:embed seed/categories.txt
	seedCategories string
	//go:embed seed/market.yaml
	seedMarket []byte
)

// SeedReport counts what a seeding added.
type SeedReport struct {
	Categories, Users, Purchases, Quotes, Notifications int
}

// Seed adds the sample data of a herb market, with times relative to now. It
// adds what is missing: a second run adds nothing. Nobody is told of the
// samples, except in the inboxes that are part of them. Pictures are keys of
// media that the caller has stored, by the category that they show (黄连) or by
// the type of attachment (检测报告); where there is none, none is shown.
func (s *Store) Seed(ctx context.Context, pictures map[string][]string) (SeedReport, error) {
	categories, err := parseSeedCategories(seedCategories)
	if err != nil {
		return SeedReport{}, err
	}
	var market seedFile
	decoder := yaml.NewDecoder(strings.NewReader(string(seedMarket)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&market); err != nil {
		return SeedReport{}, fmt.Errorf("store: sample data: %w", err)
	}
	var report SeedReport
	seed := func() error {
		return s.runTx(ctx, func(tx *tx) error {
			z := seeder{store: s, tx: tx, pictures: pictures}
			err := z.all(ctx, categories, market)
			report = z.report
			return err
		})
	}
	if err = seed(); isDuplicate(err) { // another instance seeds too; now it has finished
		err = seed()
	}
	return report, err
}

// seedGroup is a group of goods as written in categories.txt.
type seedGroup struct {
	xunjia.Category
	goods []xunjia.Category
}

func parseSeedCategories(text string) ([]seedGroup, error) {
	list := func(s string) []string {
		if s = strings.TrimSpace(s); s == "" {
			return nil
		}
		return strings.Split(s, "、")
	}
	var groups []seedGroup
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(strings.TrimPrefix(line, "="), "|")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		switch {
		case line[0] == '=' && len(parts) == 2:
			groups = append(groups, seedGroup{Category: xunjia.Category{Name: parts[0], Initials: parts[1]}})
		case line[0] != '=' && len(parts) == 6 && len(groups) > 0:
			c := xunjia.Category{Name: parts[0], Initials: parts[1], Aliases: list(parts[2]), Specs: list(parts[4]), Origins: list(parts[5])}
			for _, u := range list(parts[3]) {
				c.Units = append(c.Units, xunjia.Unit(u))
			}
			g := &groups[len(groups)-1]
			g.goods = append(g.goods, c)
		default:
			return nil, fmt.Errorf("store: sample data: line of categories: %q", line)
		}
	}
	return groups, nil
}

// seedFile is market.yaml.
type seedFile struct {
	Users     []seedUser
	Purchases []seedPurchase
}

type seedUser struct {
	ID      string // names the user inside the file
	Phone   xunjia.Phone
	Kind    xunjia.BusinessKind
	Name    string
	Area    xunjia.Area
	Follows []string
}

type seedPurchase struct {
	Key       string // of the draft: tells whether it was seeded before
	Buyer     string
	Ago, Left time.Duration
	Area      xunjia.Area
	Invoice   string
	Payment   string
	Remark    string
	Status    *xunjia.PurchaseStatus // waiting when absent
	Reason    string
	Views     int
	Lines     []seedLine
}

type seedLine struct {
	Category string
	Spec     string
	Quantity string
	Unit     xunjia.Unit
	Quality  string
	Origin   string
	Cap      string
	Pictures int
	Quotes   []seedQuote
}

type seedQuote struct {
	Supplier    string
	Ago         time.Duration
	Price       string
	Was         string // price of the first revision, when there were two
	Quality     string
	Explanation string
	State       xunjia.QuoteState
	Status      xunjia.QuoteStatus
	Message     string
	Answered    time.Duration // ago; 0: not answered
	Pictures    []xunjia.AttachmentType
}

// seeder adds sample data in one transaction.
type seeder struct {
	store    *Store
	tx       *tx
	pictures map[string][]string
	report   SeedReport

	categories map[string]xunjia.Category
	users      map[string]xunjia.User // by their name in the file
	// Rows that nothing refers to are written at the end, in few statements.
	revisions, quotePictures, linePictures, notifications [][]any
}

func (z *seeder) all(ctx context.Context, groups []seedGroup, market seedFile) error {
	if err := z.addCategories(ctx, groups); err != nil {
		return err
	}
	if err := z.addUsers(ctx, market.Users); err != nil {
		return err
	}
	seeded, err := all(ctx, z.tx, sq.Select("draft_key").From("purchase").
		Where(sq.GtOrEq{"draft_key": "seed-"}).Where(sq.Lt{"draft_key": "seed."}).Where(sq.Eq{"buyer_id": z.userIDs()}), scanString)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, k := range seeded {
		known[k] = true
	}
	for _, p := range market.Purchases {
		if known[p.Key] {
			continue
		}
		if err := z.addPurchase(ctx, p); err != nil {
			return fmt.Errorf("store: sample %s: %w", p.Key, err)
		}
	}
	return z.flush(ctx)
}

func (z *seeder) userIDs() []int64 {
	var ids []int64
	for _, u := range z.users {
		ids = append(ids, u.ID)
	}
	return ids
}

// addCategories adds the goods whose names are unknown and remembers them all.
func (z *seeder) addCategories(ctx context.Context, groups []seedGroup) error {
	known, err := z.knownCategories(ctx)
	if err != nil {
		return err
	}
	var rows [][]any
	row := func(parent int64, position int, c xunjia.Category) {
		if _, ok := known[c.Name]; ok {
			return
		}
		rows = append(rows, []any{parent, position, c.Name, c.Initials, jsonList(c.Units), jsonList(c.Specs), jsonList(c.Origins)})
	}
	columns := []string{"parent_id", "position", "name", "initials", "units", "specs", "origins"}
	write := func() error {
		err := z.insert(ctx, "category", columns, rows)
		z.report.Categories += len(rows)
		rows = nil
		return err
	}
	for i, g := range groups {
		row(0, i, g.Category)
	}
	if err := write(); err != nil {
		return err
	}
	groupIDs, err := z.knownCategories(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		for i, c := range g.goods {
			row(groupIDs[g.Name].ID, i, c)
		}
	}
	if err := write(); err != nil {
		return err
	}
	if z.categories, err = z.knownCategories(ctx); err != nil {
		return err
	}
	var aliases [][]any
	for _, g := range groups {
		for _, c := range g.goods {
			if _, old := known[c.Name]; old {
				continue
			}
			for i, a := range c.Aliases {
				aliases = append(aliases, []any{z.categories[c.Name].ID, a, i})
			}
		}
	}
	return z.insert(ctx, "category_alias", []string{"category_id", "alias", "position"}, aliases)
}

func (z *seeder) knownCategories(ctx context.Context) (map[string]xunjia.Category, error) {
	list, err := all(ctx, z.tx, selectCategories(), scanCategory)
	byName := make(map[string]xunjia.Category, len(list))
	for _, c := range list {
		byName[c.Name] = c
	}
	return byName, err
}

// addUsers adds the people whose phones are unknown and remembers them all.
func (z *seeder) addUsers(ctx context.Context, users []seedUser) error {
	phones := make([]xunjia.Phone, len(users))
	for i, u := range users {
		phones[i] = u.Phone
	}
	find := func() (map[xunjia.Phone]xunjia.User, error) {
		list, err := all(ctx, z.tx, selectUsers().Where(sq.Eq{"phone": phones}), scanUser)
		byPhone := make(map[xunjia.Phone]xunjia.User, len(list))
		for _, u := range list {
			byPhone[u.Phone] = u
		}
		return byPhone, err
	}
	old, err := find()
	if err != nil {
		return err
	}
	registered := millis(z.tx.now.Add(-90 * 24 * time.Hour))
	var rows [][]any
	for _, u := range users {
		if _, ok := old[u.Phone]; !ok {
			rows = append(rows, []any{u.Phone, u.Kind, u.Name, u.Area, 0, registered, registered})
		}
	}
	if err := z.insert(ctx, "users", []string{"phone", "kind", "name", "area", "disabled", "created_at", "registered_at"}, rows); err != nil {
		return err
	}
	z.report.Users = len(rows)
	byPhone, err := find()
	if err != nil {
		return err
	}
	z.users = make(map[string]xunjia.User, len(users))
	var follows [][]any
	for _, u := range users {
		z.users[u.ID] = byPhone[u.Phone]
		if _, ok := old[u.Phone]; ok {
			continue
		}
		for _, name := range u.Follows {
			c, ok := z.categories[name]
			if !ok {
				return fmt.Errorf("store: sample user %s follows unknown %s", u.ID, name)
			}
			follows = append(follows, []any{byPhone[u.Phone].ID, c.ID})
		}
		z.welcome(byPhone[u.Phone])
	}
	return z.insert(ctx, "user_category", []string{"user_id", "category_id"}, follows)
}

// welcome gives a new sample user what the two lesser tabs of his inbox show.
func (z *seeder) welcome(u xunjia.User) {
	at := z.tx.now.Add(-90 * 24 * time.Hour)
	z.notify(xunjia.Notification{Type: xunjia.SystemNotice, Status: xunjia.Read, Receiver: u.ID, CreatedAt: at,
		Title: "欢迎使用询价通", Text: "您已完成注册。关注的品种有新的采购需求时，我们会第一时间通知您。", Path: "/"})
	z.notify(xunjia.Notification{Type: xunjia.GrowthNotice, Receiver: u.ID, CreatedAt: z.tx.now.Add(-72 * time.Hour),
		Title: "完善资料，更快成交", Text: "补充经营品种和产地照片的供应商，报价被接受的机会更高。", Path: "/me"})
}

// insert writes rows in one statement; none is no error.
func (z *seeder) insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := exec(ctx, z.tx, insertAll(table, columns, rows))
	return err
}

func (z *seeder) flush(ctx context.Context) error {
	return errors.Join(
		z.insert(ctx, "purchase_attachment", []string{"line_id", "position", "media", "type"}, z.linePictures),
		z.insert(ctx, "quote_attachment", []string{"quote_id", "position", "media", "type"}, z.quotePictures),
		z.insert(ctx, "quote_revision", []string{"quote_id", "revision", "version", "price", "quality", "explanation",
			"attachments", "created_at"}, z.revisions),
		z.insert(ctx, "notification", []string{"type", "status", "sender", "receiver", "title", "content", "text", "path",
			"created_at"}, z.notifications))
}

func (z *seeder) notify(n xunjia.Notification) {
	z.notifications = append(z.notifications, []any{n.Type, n.Status, n.Sender, n.Receiver, n.Title, n.Content, n.Text,
		n.Path, millis(n.CreatedAt)})
	z.report.Notifications++
}

// attachments are the pictures of a category for the given types, each shown
// once.
func (z *seeder) attachments(category string, types []xunjia.AttachmentType) (list []xunjia.Attachment) {
	left := z.pictures[category]
	for _, t := range types {
		switch report := z.pictures[t.String()]; {
		case len(report) > 0:
			list = append(list, xunjia.Attachment{Media: report[0], Type: t})
		case len(left) > 0:
			list = append(list, xunjia.Attachment{Media: left[0], Type: t})
			left = left[1:]
		}
	}
	return list
}

// seedNumber is the public number of a sample, the same on every run of a day.
func seedNumber(key string, published time.Time) string {
	h := fnv.New32a()
	h.Write([]byte(key))
	return fmt.Sprintf("%d%08d", xunjia.Day(published), h.Sum32()%100_000_000)
}
