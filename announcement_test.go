package xunjia

import (
	"errors"
	"strings"
	"testing"
)

func TestAnnouncementCheck(t *testing.T) {
	good := Announcement{Title: " 放假安排 ", Text: "\n国庆期间照常营业。\n第二段 "}
	got, err := good.Check()
	if err != nil || got.Title != "放假安排" || got.Text != "国庆期间照常营业。\n第二段" {
		t.Errorf("checked %+v, %v", got, err)
	}
	for field, change := range map[string][]func(*Announcement){
		"title": {
			func(a *Announcement) { a.Title = "一" }, func(a *Announcement) { a.Title = strings.Repeat("长", MaxAnnouncementTitle+1) },
			func(a *Announcement) { a.Title = "两\n行" }, func(a *Announcement) { a.Title = "铃\x07声" },
		},
		"text": {
			func(a *Announcement) { a.Text = "好的" }, func(a *Announcement) { a.Text = strings.Repeat("长", MaxAnnouncementText+1) },
			func(a *Announcement) { a.Text = "有控制字符\x00的正文" },
		},
		"province": {func(a *Announcement) { a.To.Province = "510100" }, func(a *Announcement) { a.To.Province = "990000" }},
		"kind":     {func(a *Announcement) { a.To.Kind = 11 }, func(a *Announcement) { a.To.Kind = -1 }},
	} {
		for i, f := range change {
			a := good
			f(&a)
			_, err := a.Check()
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != Invalid || e.Fields[field] == "" || len(e.Fields) != 1 {
				t.Errorf("%s %d: %v, want one complaint there", field, i, err)
			}
		}
	}
}

func TestAnnouncementAudienceName(t *testing.T) {
	for want, to := range map[string]AnnouncementAudience{
		"所有注册用户":         {},
		"四川省的用户":         {Province: "510000"},
		"四川省、药商、关注黄连的用户": {Province: "510000", Kind: Trader, CategoryID: 7},
	} {
		if got := to.Name("黄连"); got != want {
			t.Errorf("%+v is %q, want %q", to, got, want)
		}
	}
	a := Announcement{Text: strings.Repeat("字", 100) + "\n尾"}
	if e := []rune(a.Excerpt()); len(e) != announcementExcerpt || e[len(e)-1] != '…' {
		t.Errorf("excerpt of %d characters", len(e))
	}
}
