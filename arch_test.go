package xunjia_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/xunjia/xunjia"

// An importRule says what the packages of the program may import, and why. A
// prefix ending in "/..." covers a whole tree.
type importRule struct {
	pkg   string   // relative to the module; "." is the root
	allow []string // packages of this module that it may import
	why   string
}

var rules = []importRule{
	{".", nil, "the nouns and rules depend on nothing"},
	{"config", nil, "settings are read before anything exists that could need them"},
	{"wechat", []string{"."}, "the platform's client knows no database and no page"},
	{"sms", []string{"."}, "the provider's client knows no database and no page"},
	{"media", []string{"."}, "pictures are processed without knowing whose they are"},
	{"sheet", []string{"."}, "workbooks are read and written without knowing what they are for"},
	{"templates", []string{"."}, "pages are filled by handlers, they fetch nothing themselves"},
	{"store", []string{"."}, "SQL serves the nouns; whoever needs it comes to it"},
	{"store/storetest", []string{".", "store"}, "test servers for the store's users"},
	{"outbox", []string{".", "store", "wechat", "sms"}, "it delivers what the store holds"},
	{"sim", nil, "the simulator is a stranger that speaks the platform's protocols only"},
	{"handlers", []string{".", "store", "wechat", "sms", "pay", "auth", "media", "sheet", "templates"}, "pages combine everything below them"},
}

// restricted names third-party packages that only some of ours may import.
var restricted = []struct {
	prefix string
	allow  []string
	why    string
}{
	{"database/sql", []string{"store", "store/storetest", "cmd/..."}, "SQL stays in store"},
	{"github.com/Masterminds/squirrel", []string{"store"}, "SQL stays in store"},
	{"github.com/gin-gonic/gin", []string{"handlers", "cmd/..."}, "the web framework stays at the edge"},
	{"github.com/silenceper/wechat", []string{"wechat"}, "the SDK's traps are dealt with in one place"},
	{"github.com/xuri/excelize", []string{"sheet"}, "its panics on damaged files are dealt with in one place"},
	{"github.com/aliyun/alibaba-cloud-sdk-go", []string{"sms"}, "the vendor ended its support; it must stay replaceable"},
	{"github.com/aliyun/alibabacloud-oss-go-sdk-v2", []string{"media"}, "whoever needs a blob does not ask where it lies"},
	{"github.com/evanw/esbuild", []string{"cmd/assets"}, "assets are built beforehand, not by the server"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// TestImports holds the direction of every import of the program itself; test
// files may import what they like.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]importRule{}
	for _, r := range rules {
		known[r.pkg] = r
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkg := relative(p.ImportPath)
		rule, ruled := known[pkg]
		if !ruled && !strings.HasPrefix(pkg, "cmd/") {
			t.Errorf("%s: no import rule; add one with its reason", pkg)
		}
		for _, imp := range p.Imports {
			if ours := relative(imp); ours != "" {
				if ruled && !slices.Contains(rule.allow, ours) {
					t.Errorf("%s imports %s, but %s", pkg, ours, rule.why)
				}
				continue
			}
			if pkg == "." && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				t.Errorf("the root package imports %s, but it uses the standard library only", imp)
			}
			for _, r := range restricted {
				if strings.HasPrefix(imp, r.prefix) && !allowed(r.allow, pkg) {
					t.Errorf("%s imports %s, but %s", pkg, imp, r.why)
				}
			}
		}
	}
}

// TestPackageVariables holds that package-level variables are never changed:
// tables and compiled patterns are fine, state is not, because two servers run
// in one test process.
func TestPackageVariables(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dir := range strings.FieldsSeq(string(out)) {
		if strings.HasSuffix(dir, "storetest") {
			continue // one MariaDB for all tests of a binary has to be kept somewhere
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		names, parsed := map[string]bool{}, []*ast.File{}
		set := token.NewFileSet()
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, f)
			for _, d := range f.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
					for _, spec := range g.Specs {
						for _, n := range spec.(*ast.ValueSpec).Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
		for _, f := range parsed {
			for _, at := range changes(f, names) {
				t.Errorf("%s: a package-level variable is changed", set.Position(at))
			}
		}
	}
}

// changes finds assignments to package-level variables and to what they hold.
func changes(f *ast.File, names map[string]bool) (found []token.Pos) {
	local := func(id *ast.Ident) bool { // declared inside a function, or a parameter
		return id.Obj != nil && f.Scope.Lookup(id.Name) != id.Obj
	}
	check := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.Ident:
				if names[x.Name] && !local(x) {
					found = append(found, x.Pos())
				}
				return
			default:
				return
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE {
				for _, e := range x.Lhs {
					check(e)
				}
			}
		case *ast.IncDecStmt:
			check(x.X)
		}
		return true
	})
	return found
}

// relative turns an import path of this module into "." or "store"; it answers
// "" for others.
func relative(path string) string {
	if path == module {
		return "."
	}
	rest, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	return rest
}

func allowed(list []string, pkg string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		tree, isTree := strings.CutSuffix(a, "/...")
		return a == pkg || isTree && strings.HasPrefix(pkg, tree+"/")
	})
}
