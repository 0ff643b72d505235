package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/go-sql-driver/mysql"

	"github.com/xunjia/xunjia"
)

// How an import goes: table after table, in an order in which every row refers
// to earlier ones only, in batches of importBatch rows. A batch is read, read
// what belongs to it, converted (importconvert.go, which knows no SQL) and
// written in one transaction together with what became of every row, so that
// an import can be stopped and repeated at any time.

// ImportOptions tells Import where the earlier system is.
type ImportOptions struct {
	DSN   string // of its MySQL database, as the driver writes it
	AppID string // of the official account that its openids belong to; "": they are left out
	// Picture stores the file of an attachment, named as the old table names
	// it, as one of the owner's and answers its key. The error is what the
	// report says. Nil leaves attachments out. It may be called again for a file
	// whose row could not be written.
	Picture func(ctx context.Context, owner int64, file string) (key string, err error)
	// Problem hears of every row that could not be taken, or not as it was.
	Problem func(ImportProblem) error
	DryRun  bool // writes nothing
}

// ImportProblem is a line of the report.
type ImportProblem struct {
	Table  string
	ID     string // in the old table
	Taken  bool   // with a change; otherwise it was left out
	Reason string // for the operator, in Chinese
}

// ImportReport counts the rows of one old table.
type ImportReport struct {
	Table   string
	Read    int
	Taken   int // now
	Before  int // by an earlier run
	LeftOut int
}

const importBatch = 200

// Import takes over the earlier system's users, categories, purchases, quotes
// and notifications. It may be repeated: what was taken before stays as it is.
// Passwords are not taken; their owners log in by SMS code. Nobody is told of
// anything. Unlike other operations it is many transactions; an error leaves
// whole batches. Two imports at once end one of them with Conflict.
func (s *Store) Import(ctx context.Context, o ImportOptions) ([]ImportReport, error) {
	cfg, err := mysqlConfig(o.DSN)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("store: MySQL DSN: %w", err)
	}
	old := sql.OpenDB(connector)
	defer old.Close()
	old.SetMaxOpenConns(2)
	if err := old.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("store: open the earlier database: %w", err)
	}
	im := &importer{st: s, ImportOptions: o, old: old, conv: converter{now: s.now()}}
	if im.Problem == nil {
		im.Problem = func(ImportProblem) error { return nil }
	}
	if err := im.prepare(ctx); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		table   string
		columns []string
		batch   func(context.Context, []oldRow) error
	}{
		{"variety", []string{"id", "name", "alias", "origin", "specification", "unit"}, im.varieties},
		{"users", []string{"id", "username", "phone", "type", "name", "nickname", "areaid", "varietyids", "openid", "createtime"}, im.users},
		{"purchase", []string{"id", "userid", "areaid", "invoice", "pay", "payday", "payinfo", "send", "receive", "accept", "other",
			"supplier", "remark", "limited", "term", "status", "createtime"}, im.purchases},
		{"quote", []string{"id", "userid", "purchaseinfoid", "quality", "price", "`explain`", "status", "message", "state",
			"createtime", "updatetime"}, im.quotes},
		{"notification", []string{"id", "sender", "receiver", "type", "title", "content", "status", "createtime"}, im.notifications},
	} {
		if err := im.table(ctx, step.table, step.columns, step.batch); err != nil {
			return im.reports, fmt.Errorf("store: import %s: %w", step.table, err)
		}
	}
	return im.reports, nil
}

// importer carries an import. Its maps hold what became of old rows.
type importer struct {
	st *Store
	ImportOptions
	old     *sql.DB
	conv    converter
	reports []ImportReport
	done    map[string]map[string]int64 // old table → old id → new id; of this and earlier runs
	fake    int64                       // the last id made up by a dry run
	names   map[string]int64            // category by name and alias
	group   int64                       // category of new goods; 0 until it is needed
	lines   map[int64]xunjia.Line       // that a dry run made up, by id
	quoted  map[[2]int64]xunjia.Quote   // that a dry run made up, by line and supplier
}

// oldRow is a row of an old table by column; NULL is "".
type oldRow map[string]string

// prepare loads what an earlier run has done, and the categories.
func (im *importer) prepare(ctx context.Context) error {
	im.done, im.names = map[string]map[string]int64{}, map[string]int64{}
	im.lines, im.quoted = map[int64]xunjia.Line{}, map[[2]int64]xunjia.Quote{}
	for _, kind := range []string{"variety", "users", "purchase", "purchase_info", "quote", "notification"} {
		im.done[kind] = map[string]int64{}
	}
	type mapped struct {
		kind, id string
		new      int64
	}
	kind, after := "", ""
	for {
		list, err := all(ctx, im.st.db, sq.Select("kind", "old_id", "new_id").From("import_row").
			Where(sq.Or{sq.Gt{"kind": kind}, sq.And{sq.Eq{"kind": kind}, sq.Gt{"old_id": after}}}).
			OrderBy("kind", "old_id").Limit(10_000), func(row scanner) (m mapped, err error) {
			err = row.Scan(&m.kind, &m.id, &m.new)
			return m, err
		})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, m := range list {
			if im.done[m.kind] != nil {
				im.done[m.kind][m.id] = m.new
			}
			kind, after = m.kind, m.id
		}
	}
	categories, err := im.st.Categories(ctx)
	for _, c := range categories {
		if len(c.Units) > 0 {
			im.names[c.Name] = c.ID
			for _, a := range c.Aliases {
				if im.names[a] == 0 {
					im.names[a] = c.ID
				}
			}
		} else if c.Name == importGroup {
			im.group = c.ID
		}
	}
	return err
}

// table walks an old table in the order of its key.
func (im *importer) table(ctx context.Context, name string, columns []string, batch func(context.Context, []oldRow) error) error {
	im.reports = append(im.reports, ImportReport{Table: name})
	var after any = int64(-1 << 31)
	if name == "purchase" {
		after = "" // its key is text
	}
	for {
		rows, err := oldRows(ctx, im.old, sq.Select(columns...).From(name).Where(sq.Gt{"id": after}).OrderBy("id").Limit(importBatch), columns)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1]["id"]
		if name != "purchase" {
			if after, err = strconv.ParseInt(rows[len(rows)-1]["id"], 10, 64); err != nil {
				return fmt.Errorf("id %q is no number", rows[len(rows)-1]["id"])
			}
		}
		read := len(rows)
		fresh := slices.DeleteFunc(rows, func(r oldRow) bool { return im.done[name][r["id"]] != 0 })
		im.report().Read += read
		im.report().Before += read - len(fresh)
		if len(fresh) > 0 {
			if err := batch(ctx, fresh); err != nil {
				return err
			}
		}
	}
}

func (im *importer) report() *ImportReport { return &im.reports[len(im.reports)-1] }

// oldRows reads rows as text.
func oldRows(ctx context.Context, db *sql.DB, q sq.SelectBuilder, columns []string) ([]oldRow, error) {
	return all(ctx, db, q, func(row scanner) (oldRow, error) {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := row.Scan(into...); err != nil {
			return nil, err
		}
		r := make(oldRow, len(columns))
		for i, c := range columns {
			r[strings.Trim(c, "`")] = values[i].String
		}
		return r, nil
	})
}

// leaveOut reports a row that is not taken.
func (im *importer) leaveOut(r oldRow, reason string) error {
	im.report().LeftOut++
	return im.Problem(ImportProblem{Table: im.report().Table, ID: r["id"], Reason: reason})
}

// remark reports what was changed about a row that is taken.
func (im *importer) remark(table, id string, reasons []string) error {
	for _, reason := range reasons {
		if err := im.Problem(ImportProblem{Table: table, ID: id, Taken: true, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// pending is a batch being written: ids become known to later rows only when
// it is committed.
type pending struct {
	*tx
	im   *importer
	rows []importedRow
}

type importedRow struct {
	kind, old string
	new       int64
}

// commit runs fn in a transaction, notes what became of the rows, and remembers
// it. A dry run makes up ids instead.
func (im *importer) commit(ctx context.Context, fn func(p *pending) error) error {
	p := &pending{im: im}
	if im.DryRun {
		if err := fn(p); err != nil {
			return err
		}
	} else {
		err := im.st.runTx(ctx, func(tx *tx) error {
			p = &pending{tx: tx, im: im}
			if err := fn(p); err != nil {
				return err
			}
			rows := make([][]any, len(p.rows))
			for i, r := range p.rows {
				rows[i] = []any{r.kind, r.old, r.new, millis(tx.now)}
			}
			if len(rows) == 0 {
				return nil
			}
			_, err := exec(ctx, tx, insertAll("import_row", []string{"kind", "old_id", "new_id", "imported_at"}, rows))
			if isDuplicate(err) {
				return xunjia.Errorf(xunjia.Conflict, "另一个导入正在进行")
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	table := im.report().Table
	for _, r := range p.rows {
		if im.done[r.kind] == nil {
			im.done[r.kind] = map[string]int64{}
		}
		im.done[r.kind][r.old] = r.new
		if r.kind == table {
			im.report().Taken++
		}
	}
	return nil
}

// insert writes one row and answers its id; made up in a dry run.
func (p *pending) insert(ctx context.Context, q sq.InsertBuilder) (int64, error) {
	if p.tx == nil {
		return p.im.madeUp(), nil
	}
	return insert(ctx, p.tx, q)
}

// madeUp is an id that no row has.
func (im *importer) madeUp() int64 {
	im.fake--
	return im.fake
}

// many writes rows that nothing refers to.
func (p *pending) many(ctx context.Context, table string, columns []string, rows [][]any) error {
	if p.tx == nil || len(rows) == 0 {
		return nil
	}
	return insertRows(ctx, p.tx, table, columns, rows)
}

func (p *pending) note(kind, old string, id int64) {
	p.rows = append(p.rows, importedRow{kind, old, id})
}
