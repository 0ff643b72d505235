package main

import (
	"context"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store/storetest"
)

// platformMove translates every openid but those that begin with "lost".
type platformMove struct{ calls, most int }

func (*platformMove) AppID() string { return "wxnew" }

func (p *platformMove) Migrate(_ context.Context, _ string, ids []string) (map[string]string, error) {
	p.calls++
	p.most = max(p.most, len(ids))
	moved := map[string]string{}
	for _, id := range ids {
		if !strings.HasPrefix(id, "lost") {
			moved[id] = "new-" + id
		}
	}
	return moved, nil
}

func TestChangeOpenID(t *testing.T) {
	st := storetest.Open(t, "sqlite", storetest.SQLite(t))
	ctx := t.Context()
	for i := range 250 {
		name := strings.Repeat("x", i+1)[:min(i+1, 40)] + string(rune('a'+i%26)) + string(rune('a'+i/26))
		if i < 3 {
			name = "lost" + name
		}
		if _, err := st.SaveIdentity(ctx, xunjia.Identity{AppID: "wxold", OpenID: name}); err != nil {
			t.Fatal(err)
		}
	}
	p := &platformMove{}
	for _, run := range []struct {
		dry            bool
		moved, already int
	}{{true, 247, 0}, {false, 247, 0}, {false, 0, 247}} {
		total, err := changeOpenIDCommand{FromAppID: "wxold", Account: "wxold", DryRun: run.dry}.move(ctx, st, p)
		if err != nil || total.seen != 250 || total.unknown != 3 || total.Moved != run.moved || total.Already != run.already {
			t.Errorf("dry %v: %+v, %v", run.dry, total, err)
		}
	}
	if p.calls != 9 || p.most != 100 {
		t.Errorf("%d calls of up to %d openids", p.calls, p.most)
	}
}
