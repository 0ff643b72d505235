package xunjia

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestParsePhone(t *testing.T) {
	for _, in := range []string{"13800138000", " 138 0013 8000 ", "138-0013-8000", "+8613800138000", "+86 138 0013 8000",
		"008613800138000", "１３８００１３８０００"} {
		if got, err := ParsePhone(in); err != nil || got != "13800138000" {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "   ", "1380013800", "138001380000", "12800138000", "23800138000", "010-62345678",
		"+85251234567", "1380013800a", "13800138000;", "\u202a13800138000"} {
		_, err := ParsePhone(in)
		checkFields(t, in, err, []string{"phone"})
	}
}

func TestPhoneIsMasked(t *testing.T) {
	for p, want := range map[Phone]string{"13800138000": "138****8000", "": "", "123": "***"} {
		if got := p.Masked(); got != want {
			t.Errorf("%q: %s, want %s", string(p), got, want)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("login", "phone", Phone("13800138000"))
	if strings.Contains(log.String(), "13800138000") {
		t.Errorf("the log shows the number: %s", log.String())
	}
}
