package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// oldSchema is the earlier system's, with rows that occur in it: good ones, and
// every fault that the import must survive. name is binary where a broken
// encoding could not be stored otherwise.
const oldSchema = `
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50), password VARCHAR(50), phone VARCHAR(13), type INT, name VARCHAR(100),
 nickname VARCHAR(50), areaid INT, varietyids VARCHAR(100), status INT, openid VARCHAR(50), createtime VARCHAR(20)) CHARSET=utf8;
CREATE TABLE variety (id INT AUTO_INCREMENT PRIMARY KEY, type INT, name VARBINARY(100), alias VARCHAR(100), origin VARCHAR(100),
 specification VARCHAR(100), unit VARCHAR(20), state INT) CHARSET=utf8;
CREATE TABLE purchase (id VARCHAR(15) PRIMARY KEY, userid INT, areaid INT, invoice VARCHAR(50), pay VARCHAR(50), payday VARCHAR(50), payinfo VARCHAR(50),
 send VARCHAR(50), receive VARCHAR(50), accept VARCHAR(50), other VARCHAR(50), supplier VARCHAR(50), remark TEXT, limited VARCHAR(50), term INT,
 status INT, createtime VARCHAR(20)) CHARSET=utf8;
CREATE TABLE purchase_info (id INT AUTO_INCREMENT PRIMARY KEY, purchaseid VARCHAR(15), varietyid INT, name VARCHAR(50), specification VARCHAR(50),
 quantity VARCHAR(10), unit VARCHAR(10), quality TEXT, origin TEXT, price FLOAT, views INT, status INT) CHARSET=utf8;
CREATE TABLE purchase_attachment (id INT AUTO_INCREMENT PRIMARY KEY, purchase_infoid INT, attachment VARCHAR(200), type INT) CHARSET=utf8;
CREATE TABLE quote (id INT AUTO_INCREMENT PRIMARY KEY, userid INT, purchaseinfoid INT, quality TEXT, price VARCHAR(10), ` + "`explain`" + ` TEXT, status INT DEFAULT 0,
 message TEXT, state INT DEFAULT 0, createtime VARCHAR(100), updatetime VARCHAR(100)) CHARSET=utf8;
CREATE TABLE quote_attachment (id INT AUTO_INCREMENT PRIMARY KEY, quoteid INT, attachment VARCHAR(200), type INT) CHARSET=utf8;
CREATE TABLE notification (id INT AUTO_INCREMENT PRIMARY KEY, sender INT, receiver INT, type INT, title VARCHAR(200), content TEXT, status INT DEFAULT 0,
 createtime VARCHAR(100)) CHARSET=utf8;
INSERT INTO variety VALUES (1, 1, '黄连', '川连，鸡爪连', '重庆,四川', '统货,选货', '公斤', 1), (2, 1, '测试草', NULL, '', '', '', 1), (3, 1, X'E9BBFF', NULL, '', '', '斤', 1);
INSERT INTO users VALUES (1, 'buyer', '5f4dcc3b5aa765d61d8327deb882cf99', '13911110001', 3, '康源药业', '', 510104, '1,2,99', 1, 'oldopen1', '1452665820'),
 (2, 'seller', '', '13911110002', 6, NULL, '老王药材', 621100, '1', 1, NULL, '1452665821'),
 (3, 'bad', '', '028-1234567', 6, '座机', '', 510104, '', 1, NULL, '1452665821'),
 (4, 'twice', '', '139 1111 0002', 6, '老王二号', '', 510104, '', 1, NULL, '1452665821'),
 (5, 'odd', '', '13911110005', 42, 'é»„è¿ž', '', 7, '', 1, NULL, '1452665821'),
 (6, 'plain', '', '13911110006', 42, '散户', '', 7, '', 1, NULL, '1452665821');
INSERT INTO purchase VALUES ('160113000001', 1, 510104, '增值税发票', '月结', '30天', '', '送货上门', '0', '验收合格', '', 'GSP', '要新货', '', 0, 1, '%d'),
 ('160113000002', 1, 510104, '', '', '', '', '', '', '', '', '', '', '', 7, 1, '1452665820'),
 ('160113000003', 77, 510104, '', '', '', '', '', '', '', '', '', '', '', 7, 1, '1452665820'),
 ('160113000004', 1, 510104, '', '', '', '', '', '', '', '', '', '', '', 7, 3, '1452665820'),
 ('160113000005', 1, 510104, '', '', '', '', '', '', '', '', '', '', '', 7, 9, '1452665820');
INSERT INTO purchase_info VALUES (11, '160113000001', 1, '黄连', '统货', '500', 'kg', '无硫', '四川', 80.5, 12, 1),
 (12, '160113000001', 1, '黄连', '选货', '若干', 'kg', '', '', 0, 3, 1), (13, '160113000002', 2, '测试草', '', '20', '斤', '', '', 0, 1, 1),
 (14, '160113000004', 98, '没有的', '', '20', '斤', '', '', 0, 1, 1);
INSERT INTO purchase_attachment VALUES (1, 11, 'upload/a.jpg', 2), (2, 11, 'upload/missing.jpg', 2);
INSERT INTO quote VALUES (21, 2, 11, '好', '75.5', '现货', 0, '', 0, '1452665900', ''), (22, 2, 11, '更好', '74', '现货', 1, '可以', 1, '1452665950', '1452665999'),
 (23, 2, 13, '', '面议', '', 0, '', 0, '1452665900', NULL), (24, 55, 11, '', '70', '', 0, '', 0, '1452665900', NULL),
 (25, 2, 14, '', '70', '', 0, '', 0, '1452665900', NULL), (26, 2, 13, '', '9', '', 0, '太贵', 2, '1452665900', NULL), (27, 2, 13, '', '9', '', 0, '', 7, '1452665900', NULL);
INSERT INTO quote_attachment VALUES (1, 22, 'upload/q.jpg', 3), (2, 22, 'upload/r.jpg', 9);
INSERT INTO notification VALUES (31, 2, 1, 2, '收到报价', '11', 0, '1452665900'), (32, 1, 2, 1, '报价已接受', '22', 1, '1452666000'),
 (33, 0, 2, 4, '系统通知', '欢迎', 0, '1452666000'), (34, 1, 2, 1, '指向没有的', '999', 0, '1452666000'), (35, 1, 3, 4, '没有收件人', 'x', 0, '1452666000');
`

func oldDatabase(t *testing.T) string {
	t.Helper()
	dsn := storetest.MariaDB(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for statement := range strings.SplitSeq(fmt.Sprintf(oldSchema, time.Now().Add(-48*time.Hour).Unix()), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.60s: %v", statement, err)
		}
	}
	return dsn
}

func TestImport(t *testing.T) {
	dsn := oldDatabase(t)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		var problems []string
		o := store.ImportOptions{DSN: dsn, AppID: "wxold", Problem: func(p store.ImportProblem) error {
			problems = append(problems, fmt.Sprintf("%s %s %v %s", p.Table, p.ID, p.Taken, p.Reason))
			return nil
		}, Picture: func(_ context.Context, owner int64, file string) (string, error) {
			if strings.Contains(file, "missing") {
				return "", errors.New("找不到文件 " + file)
			}
			return "key-" + file[len("upload/"):], nil
		}}
		taken := map[string]int{"variety": 2, "users": 4, "purchase": 2, "quote": 3, "notification": 3}
		left := map[string]int{"variety": 1, "users": 2, "purchase": 3, "quote": 4, "notification": 2}
		var dry []string
		for _, run := range []string{"dry", "real", "again"} {
			problems = nil
			o.DryRun = run == "dry"
			reports, err := s.Import(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range reports {
				want := store.ImportReport{Table: r.Table, Read: taken[r.Table] + left[r.Table], Taken: taken[r.Table], LeftOut: left[r.Table]}
				if run == "again" {
					want.Taken, want.Before = 0, taken[r.Table]
				}
				if d := cmp.Diff(want, r); d != "" {
					t.Errorf("%s: (-want +got):\n%s", run, d)
				}
			}
			switch run {
			case "dry":
				dry = problems
				if u, err := s.User(ctx, 1); xunjia.ErrorCode(err) != xunjia.NotFound {
					t.Errorf("a dry run wrote user %+v, %v", u, err)
				}
			case "real":
				if d := cmp.Diff(dry, problems); d != "" {
					t.Errorf("the dry run promised something else (-dry +real):\n%s", d)
				}
				for _, want := range []string{
					"variety 3 false name 的文字编码已损坏", "users 3 false 手机号不是 11 位手机号", "users 5 false name 的文字编码已损坏",
					"purchase 160113000003 false 发布人 77 不存在或没有导入", "purchase 160113000005 false 状态“9”不认识",
					"purchase_info 12 false 数量“若干”不是数字", "purchase_attachment 2 false 找不到文件 upload/missing.jpg",
					"quote 23 false 价格“面议”不是数字", "quote 24 false 供应商 55 不存在或没有导入", "notification 34 false 报价 999 不存在或没有导入",
					"users 1 true 关注的品种 99 不存在，已略过", "users 6 true 业务类型“42”不认识，登录时请他选择",
				} {
					if !strings.Contains(strings.Join(problems, "\n"), want) {
						t.Errorf("the report lacks %q:\n%s", want, strings.Join(problems, "\n"))
					}
				}
			}
		}
		checkImported(t, s)
	})
}

func checkImported(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	list, err := s.OpenPurchases(ctx, xunjia.Page{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("open: %+v, %v", list, err)
	}
	p, err := s.Purchase(ctx, list.Items[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	l := p.Lines[0]
	if p.Number != "160113000001" || p.Payment != "月结；30天" || p.Delivery != "送货上门" || p.Qualification != "GSP" || p.Remark != "要新货；验收合格" ||
		p.QuoteCount != 1 || p.ViewCount != 12 || len(p.Lines) != 1 || !p.Deadline.Equal(p.PublishedAt.AddDate(0, 0, 365)) {
		t.Errorf("purchase %+v", p)
	}
	if l.Name != "黄连" || l.Quantity != 500_000 || l.Unit != "公斤" || l.CapPrice != 8050 || l.Accepted != 500_000 ||
		cmp.Diff(l.Images, []xunjia.Attachment{{Media: "key-a.jpg", Type: xunjia.Detail}}) != "" {
		t.Errorf("line %+v", l)
	}
	views, err := s.QuotesOfPurchase(ctx, p.ID, p.BuyerID)
	if err != nil || len(views) != 1 {
		t.Fatalf("quotes %+v, %v", views, err)
	}
	q := views[0].Quote
	if q.Price != 7400 || q.State != xunjia.Accepted || q.Status != xunjia.SuccessfulQuote || q.Message != "可以" || q.Revision != 2 ||
		q.Accepted != 500_000 || views[0].Supplier.Phone != "13911110002" || views[0].Supplier.Name != "老王药材" || len(q.Attachments) != 2 ||
		q.Attachments[1].Type != xunjia.OtherFile {
		t.Errorf("quote %+v by %+v", q, views[0].Supplier)
	}
	buyer, err := s.User(ctx, p.BuyerID)
	if err != nil || buyer.Step() != xunjia.StepDone || buyer.Kind != xunjia.PharmaFactory {
		t.Errorf("buyer %+v, %v", buyer, err)
	}
	if i, err := s.IdentityByOpenID(ctx, "wxold", "oldopen1"); err != nil || i.UserID != buyer.ID {
		t.Errorf("identity %+v, %v", i, err)
	}
	for kind, want := range map[xunjia.NotificationType]string{xunjia.PurchasingNotice: xunjia.PurchasePath(p.ID)} {
		if n, err := s.Notifications(ctx, buyer.ID, kind, xunjia.Page{}); err != nil || len(n.Items) != 1 || n.Items[0].Path != want {
			t.Errorf("inbox %+v, %v", n, err)
		}
	}
	// The request whose time is over has ended in silence.
	if n, err := s.EndDuePurchases(ctx, 10); err != nil || n != 0 {
		t.Errorf("%d requests end now and their quoters are told: %v", n, err)
	}
	now, err := s.DatabaseTime(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, lane := range []xunjia.Lane{xunjia.UrgentLane, xunjia.DirectLane, xunjia.MassLane} {
		if job, ok, err := s.ClaimEvent(ctx, store.EventClaim{Lane: lane, Owner: "x", Now: now.Add(time.Hour), Until: now.Add(2 * time.Hour)}); ok || err != nil {
			t.Errorf("the import tells somebody of %+v, %v", job, err)
		}
	}
	if found, err := s.SearchCategories(ctx, "csc", 5); err != nil || len(found) != 1 || found[0].Name != "测试草" {
		t.Errorf("initials of new goods: %+v, %v", found, err)
	}
}

// An import that is stopped in the middle goes on where it was.
func TestImportStopped(t *testing.T) {
	dsn := oldDatabase(t)
	s := storetest.Open(t, "mysql", storetest.MariaDB(t))
	stop := errors.New("disk full")
	o := store.ImportOptions{DSN: dsn, Problem: func(p store.ImportProblem) error {
		if p.Table == "quote" {
			return stop
		}
		return nil
	}}
	if _, err := s.Import(t.Context(), o); !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	o.Problem = nil
	reports, err := s.Import(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		again := r.Table == "quote" || r.Table == "notification"
		if again && r.Before != 0 || !again && r.Taken != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	s := storetest.Open(t, "sqlite", storetest.SQLite(t))
	for _, dsn := range []string{"", "nonsense", "root@tcp(127.0.0.1:1)/old"} {
		if _, err := s.Import(t.Context(), store.ImportOptions{DSN: dsn}); err == nil {
			t.Errorf("%q: no error", dsn)
		}
	}
	if _, err := s.Import(t.Context(), store.ImportOptions{DSN: storetest.MariaDB(t)}); err == nil || !strings.Contains(err.Error(), "variety") {
		t.Errorf("a database without the tables: %v", err)
	}
}
