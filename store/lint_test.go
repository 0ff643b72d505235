package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// forbidden is SQL that one of the engines does not know, or understands
// differently. dialect.go may use what it exists to hide.
var forbidden = []struct {
	sql    *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`(?i)\bSKIP\s+LOCKED\b`), "neither Galera nor SQLite has it"},
	{regexp.MustCompile(`(?i)\bSELECT\s+(\w+\.)?\*`), "a new column must not change what is read"},
	{regexp.MustCompile(`\|\|`), "a logical OR on MySQL, silently: use CONCAT"},
	{regexp.MustCompile(`->`), "MariaDB has no JSON arrows: decode in Go"},
	{regexp.MustCompile(`(?i)\b(NOW|SYSDATE|UTC_TIMESTAMP|CURRENT_TIMESTAMP|UNIX_TIMESTAMP)\b\s*\(?`), "times are made in Go"},
	{regexp.MustCompile(`(?i)\bRETURNING\b`), "MySQL and TiDB have no RETURNING"},
	{regexp.MustCompile(`(?i)\bGET_LOCK\b`), "not on SQLite, not over a proxy"},
	{regexp.MustCompile(`(?i)\bFOREIGN\s+KEY\b`), "TiDB and sharding: operations keep references"},
}

func complaints(sql string) (list []string) {
	for _, f := range forbidden {
		if f.sql.MatchString(sql) {
			list = append(list, f.sql.String()+": "+f.reason)
		}
	}
	return list
}

func TestSQLIsPortable(t *testing.T) {
	for _, planted := range []string{
		"SELECT id FROM a LIMIT 1 FOR UPDATE SKIP LOCKED", "select * from a", "SELECT a.* FROM a", "SELECT a || b FROM c",
		"SELECT d->'$.x' FROM a", "UPDATE a SET t = NOW()", "SELECT now() FROM a", "INSERT INTO a VALUES (1) RETURNING id",
	} {
		if complaints(planted) == nil {
			t.Errorf("the lint misses %q", planted)
		}
	}
	migration := func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sql" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			sql, _, _ := strings.Cut(line, "--")
			for _, c := range complaints(sql) {
				t.Errorf("%s:%d: %s", path, i+1, c)
			}
		}
		return nil
	}
	if err := filepath.WalkDir("migrations", migration); err != nil {
		t.Fatal(err)
	}
	files := sources(t)
	for path, file := range files.parsed {
		if path == "dialect.go" {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				for _, c := range complaints(lit.Value) {
					t.Errorf("%s: %s", files.set.Position(lit.Pos()), c)
				}
			}
			return true
		})
	}
}

// Inside a transaction the store must not be asked beside it: on SQLite a
// second writer waits for the first one forever, elsewhere it sees another
// state of the data.
func TestTransactionsDoNotNest(t *testing.T) {
	files := sources(t)
	checked := 0
	for _, file := range files.parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || selector(call.Fun) != "s.runTx" || len(call.Args) != 2 {
				return true
			}
			checked++
			ast.Inspect(call.Args[1], func(n ast.Node) bool {
				expr, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				switch name := selector(expr); name {
				case "s.runTx", "s.write", "s.db", "s.writer", "s.now", "s.dbNow":
					t.Errorf("%s: %s inside a transaction: use tx", files.set.Position(n.Pos()), name)
				default:
					if method, found := strings.CutPrefix(name, "s."); found && ast.IsExported(method) {
						t.Errorf("%s: the operation %s inside a transaction", files.set.Position(n.Pos()), name)
					}
				}
				return true
			})
			return true
		})
	}
	if checked < 3 {
		t.Errorf("only %d transactions found", checked)
	}
}

// selector writes an expression of the form x.y, "" for any other.
func selector(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name + "." + s.Sel.Name
		}
	}
	return ""
}

type parsedFiles struct {
	set    *token.FileSet
	parsed map[string]*ast.File
}

// sources parses the package without its tests.
func sources(t *testing.T) parsedFiles {
	t.Helper()
	files := parsedFiles{set: token.NewFileSet(), parsed: map[string]*ast.File{}}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files.parsed[name], err = parser.ParseFile(files.set, name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
