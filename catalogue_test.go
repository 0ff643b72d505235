package xunjia

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declaredKinds reads the constants of type EventKind from event.go.
func declaredKinds(t *testing.T) []EventKind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []EventKind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "EventKind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, EventKind(text))
		}
		return true
	})
	return kinds
}

func TestCatalogueIsComplete(t *testing.T) {
	var listed []EventKind
	for _, s := range Catalogue() {
		listed = append(listed, s.Kind)
		if s.Name == "" || s.Told == "" || s.Topic.String() == "" {
			t.Errorf("%s: a name, a topic or whom it concerns is missing", s.Kind)
		}
	}
	slices.Sort(listed)
	declared := declaredKinds(t)
	slices.Sort(declared)
	if len(declared) < 30 || !slices.Equal(listed, declared) {
		t.Errorf("the catalogue lists\n%v\nevent.go declares\n%v", listed, declared)
	}
	if got := EventKind("no.such").Spec(); got.Name != "" {
		t.Errorf("a kind that does not exist is %+v", got)
	}
}

// sampleNotices are what the buyer 1, the supplier 2 and somebody else, 3, are
// told of an event of the kind.
func sampleNotices(kind EventKind) map[int64]Notice {
	told := map[int64]Notice{}
	for recipient := range int64(4) {
		f := sampleFacts(facts().Line, noon())
		f.Event.Kind = kind
		if kind == SupplierInvited || kind == CertificationDone || kind == CertificationEnds {
			f.Event.Subject = 2
		}
		if n, ok := NoticeFor(kind, f, recipient, noon()); ok && recipient != 0 {
			told[recipient] = n
		}
	}
	return told
}

// The channels of the catalogue are those that notices can use.
func TestCatalogueChannels(t *testing.T) {
	for _, s := range Catalogue() {
		if s.Kind == CodeRequested { // no notice: it is sealed
			continue
		}
		used := map[Channel]bool{}
		for _, n := range sampleNotices(s.Kind) {
			if n.Template != "" {
				used[WeChatChannel] = true
			}
			if n.SMS != "" {
				used[SMSChannel] = true
			}
			if n.Lane != s.Kind.Lane() && s.Kind != SupplierInvited {
				t.Errorf("%s: a notice of lane %d, an event of lane %d", s.Kind, n.Lane, s.Kind.Lane())
			}
		}
		if got := slices.Sorted(maps.Keys(used)); len(sampleNotices(s.Kind)) == 0 || len(got) != len(s.Channels) {
			t.Errorf("%s: the catalogue says %v, notices use %v", s.Kind, s.Channels, got)
		}
	}
}

// TestEventsDocument keeps docs/events.md in step with the catalogue.
func TestEventsDocument(t *testing.T) {
	const path = "docs/events.md"
	want := eventsDocument()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run go test . -run %s -update", path, t.Name())
	}
}

func eventsDocument() string {
	var b strings.Builder
	b.WriteString(`# Events

Generated from the catalogue in the root package by ` + "`go test . -run TestEventsDocument -update`" + `; do not edit.
Everybody who is told of an event finds it in the inbox. The channels carry it to him besides, in this order: WeChat for a
fan, SMS when WeChat is not possible or failed for good. Each person decides for himself which kinds reach him by which
channel, and when; urgent kinds ignore that. The examples are written by the program from made-up facts.

| event | name | who is told | channels | lane | urgent |
|---|---|---|---|---|---|
`)
	for _, s := range Catalogue() {
		channels := []string{"inbox"}
		for _, c := range s.Channels {
			channels = append(channels, string(c))
		}
		if s.Kind == CodeRequested {
			channels = channels[1:]
		}
		urgent := ""
		if s.Urgent {
			urgent = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s · %s | %s | %s | %s | %s |\n", s.Kind, s.Topic, s.Name, s.Told, strings.Join(channels, ", "),
			map[Lane]string{UrgentLane: "urgent", DirectLane: "direct", MassLane: "mass"}[s.Kind.Lane()], urgent)
	}
	b.WriteString("\n## What they say\n")
	for _, s := range Catalogue() {
		told := sampleNotices(s.Kind)
		if len(told) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### `%s` %s\n\n", s.Kind, s.Name)
		for _, recipient := range slices.Sorted(maps.Keys(told)) {
			n := told[recipient]
			if recipient == 3 && told[2].Text == n.Text {
				continue
			}
			fmt.Fprintf(&b, "- %s · inbox %d %s: **%s** %s\n", []string{"", "buyer", "supplier", "anybody"}[recipient], int(n.Type), n.Type,
				n.Title, strings.ReplaceAll(n.Text, "\n", " "))
			if n.Template != "" {
				var fields []string
				for _, f := range n.Fields {
					fields = append(fields, f.Label+": "+strings.ReplaceAll(f.Value, "\n", " "))
				}
				fmt.Fprintf(&b, "  - template %s: %s\n", n.Template, strings.Join(fields, " · "))
			}
			if n.SMS != "" {
				var params []string
				for _, name := range slices.Sorted(maps.Keys(n.Params)) {
					params = append(params, name+"="+n.Params[name])
				}
				fmt.Fprintf(&b, "  - SMS `%s`: %s\n", n.SMS, strings.Join(params, ", "))
			}
		}
	}
	return b.String()
}
