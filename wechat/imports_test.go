package wechat

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// silenceper's root package switches the whole process to debug logging when it
// is imported, and its server writes every push to that log. Its HTTP functions
// reach the network through variables of the process.
func TestStaysAwayFromSilencepersGlobals(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		src, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), src, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			switch i.Path.Value {
			case `"github.com/silenceper/wechat/v2"`, `"github.com/silenceper/wechat/v2/officialaccount"`,
				`"github.com/silenceper/wechat/v2/officialaccount/server"`, `"github.com/sirupsen/logrus"`:
				t.Errorf("%s imports %s", f.Name(), i.Path.Value)
			}
		}
		for _, global := range []string{"DefaultHTTPClient", "SetURIModifier", "util.HTTP", "util.Post"} {
			if strings.Contains(string(src), global) {
				t.Errorf("%s uses %s", f.Name(), global)
			}
		}
	}
}
