package xunjia_test

import (
	"encoding/json"
	"os/exec"
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
	{"templates", []string{"."}, "pages are filled by handlers, they fetch nothing themselves"},
	{"store", []string{"."}, "SQL serves the nouns; whoever needs it comes to it"},
	{"store/storetest", []string{".", "store"}, "test servers for the store's users"},
	{"outbox", []string{".", "store", "wechat", "sms"}, "it delivers what the store holds"},
	{"sim", nil, "the simulator is a stranger that speaks the platform's protocols only"},
	{"handlers", []string{".", "store", "wechat", "sms", "pay", "auth", "media", "templates"}, "pages combine everything below them"},
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
	{"github.com/aliyun/", []string{"sms"}, "the vendor ended its support; it must stay replaceable"},
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
