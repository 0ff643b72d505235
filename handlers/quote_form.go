package handlers

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// typedOffer reads the fields of the quote form and notes in wrong what is the
// matter with them.
func typedOffer(f templates.Form, l xunjia.Line, now time.Time, wrong xunjia.FieldErrors) xunjia.Offer {
	number := func(name string) int {
		n, err := strconv.Atoi(f.Value(name))
		if err != nil && f.Value(name) != "" {
			return -1 // Validate complains
		}
		return n
	}
	o := xunjia.Offer{
		Price: typedPrice(f.Value("price"), wrong), Unit: xunjia.Unit(f.Value("unit")), Kind: xunjia.PriceKind(number("kind")),
		Sample:  xunjia.SampleOffer(number("sample")),
		Quality: newlines(strings.TrimSpace(f.Value("quality"))), Explanation: newlines(strings.TrimSpace(f.Value("explanation"))),
	}
	if o.Unit == "" {
		o.Unit = l.Unit
	}
	if o.Kind == xunjia.BarePrice { // fields that the kind does not use are hidden
		o.TaxRate = int(typedFen(f, "tax_rate", "请填写数字，例如 9 或 13", wrong))
	}
	if o.Kind != xunjia.DeliveredPrice {
		o.Freight = typedFen(f, "freight", "请填写金额，最多两位小数", wrong)
	}
	if typed := strings.TrimSpace(f.Value("lead_days")); typed != "" {
		var err error
		if o.LeadDays, err = strconv.Atoi(typed); err != nil {
			wrong.Add("lead_days", "请填写天数，例如 3")
		}
	}
	o.Available = typedQuantity(f, "available", wrong)
	o.MinQuantity = typedQuantity(f, "min_quantity", wrong)
	o.ValidUntil = typedValidity(f, now, wrong)
	return o
}

// typedFen reads an amount with two decimals that may be left out.
func typedFen(f templates.Form, name, complaint string, wrong xunjia.FieldErrors) xunjia.Fen {
	typed := strings.TrimSuffix(strings.TrimSpace(f.Value(name)), "%")
	if typed == "" {
		return 0
	}
	amount, err := xunjia.ParseFen(typed)
	if err != nil {
		wrong.Add(name, "%s", complaint)
	}
	return amount
}

// typedQuantity reads a quantity that may be left out.
func typedQuantity(f templates.Form, name string, wrong xunjia.FieldErrors) xunjia.Quantity {
	typed := strings.TrimSpace(f.Value(name))
	if typed == "" {
		return 0
	}
	q, err := xunjia.ParseQuantity(typed)
	if err != nil {
		wrong.Add(name, "%s", known(err).Message)
	}
	return q
}

// typedValidity is until when the offer holds: the end of a day in China.
func typedValidity(f templates.Form, now time.Time, wrong xunjia.FieldErrors) time.Time {
	switch chosen := f.Value("valid"); chosen {
	case "", templates.ValidAlways:
		return time.Time{}
	case templates.ValidAt:
		day, err := time.ParseInLocation(time.DateOnly, f.Value("valid_at"), xunjia.China())
		if err != nil {
			wrong.Add("valid_until", "请选择有效到哪一天")
			return time.Time{}
		}
		return day.AddDate(0, 0, 1)
	default:
		days, err := strconv.Atoi(chosen)
		if err != nil || days < 1 || days > 365 {
			wrong.Add("valid_until", "请选择有效期")
			return time.Time{}
		}
		return xunjia.DayStart(now).AddDate(0, 0, days+1)
	}
}

// offerForm fills the form with an offer that was made before.
func offerForm(q xunjia.Quote) templates.Form {
	values := url.Values{}
	if q.ID == 0 {
		return templates.Form{Values: values}
	}
	set := func(name, text string, zero bool) {
		if !zero {
			values.Set(name, text)
		}
	}
	values.Set("price", q.Price.String())
	values.Set("unit", string(q.Unit))
	values.Set("kind", strconv.Itoa(int(q.Kind)))
	values.Set("sample", strconv.Itoa(int(q.Sample)))
	set("tax_rate", strconv.FormatFloat(float64(q.TaxRate)/100, 'f', -1, 64), q.TaxRate == 0)
	set("freight", q.Freight.String(), q.Freight == 0)
	set("lead_days", strconv.Itoa(q.LeadDays), q.LeadDays == 0)
	set("available", q.Available.String(), q.Available == 0)
	set("min_quantity", q.MinQuantity.String(), q.MinQuantity == 0)
	values.Set("valid", templates.ValidAlways)
	if !q.ValidUntil.IsZero() {
		values.Set("valid", templates.ValidAt)
		values.Set("valid_at", q.ValidUntil.In(xunjia.China()).Add(-time.Second).Format(time.DateOnly))
	}
	values.Set("quality", q.Quality)
	values.Set("explanation", q.Explanation)
	for _, a := range q.Attachments {
		values.Add(templates.PhotoName(a.Type), a.Media)
	}
	return templates.Form{Values: values}
}
