package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// smsDays is how many days the chart of costs shows; counters are kept as long.
const smsDays = 30

// smsRecords shows what short messages cost and what became of them.
func (s *Site) smsRecords(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminSMSPage{Budget: templates.Li(s.SMSBudget)}
	p.Title = "短信"
	if s.SMSToken != "" && visitOf(c).staff.Role.Can(xunjia.ManageChannels) {
		p.ReportURL, p.ReplyURL = s.BaseURL+"/sms/"+s.SMSToken+"/reports", s.BaseURL+"/sms/"+s.SMSToken+"/replies"
	}
	today := xunjia.DayStart(s.Clock())
	first := today.AddDate(0, 0, 1-smsDays)
	spent, err := s.Store.SpentByDay(ctx, xunjia.SMSCostCounter, xunjia.Day(first))
	if err != nil {
		return err
	}
	for i := range smsDays {
		day := first.AddDate(0, 0, i)
		p.Days = append(p.Days, templates.SMSDay{Label: day.Format("1/2"), Cost: templates.Li(spent[xunjia.Day(day)])})
	}
	p.Spent = templates.Li(spent[xunjia.Day(today)])
	counts, err := s.Store.SMSSince(ctx, today)
	if err != nil {
		return err
	}
	byKind := map[string]*templates.SMSKind{}
	for _, n := range counts {
		p.Today.Add(n.State, n.Count, n.Segments, n.Cost)
		name := n.Kind.Spec().Name
		if byKind[name] == nil {
			byKind[name] = &templates.SMSKind{Name: name}
		}
		byKind[name].Add(n.State, n.Count, n.Segments, n.Cost)
	}
	for _, kind := range byKind {
		p.Kinds = append(p.Kinds, *kind)
	}
	slices.SortFunc(p.Kinds, func(a, b templates.SMSKind) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), strings.Compare(a.Name, b.Name))
	})
	list, err := s.Store.Deliveries(ctx, store.DeliveryFilter{Channel: xunjia.SMSChannel}, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	if p.Rows, err = s.deliveryRows(ctx, list.Items); err != nil {
		return err
	}
	return s.renderAdmin(c, http.StatusOK, p)
}
