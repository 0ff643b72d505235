package store

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/xunjia/xunjia"
)

// converter turns rows of the earlier system into ours. It knows no SQL. A
// reason that it answers says why a row cannot be taken; remarks say what was
// changed about one that can.
type converter struct{ now time.Time }

// importGroup is the group of goods that only the earlier system knew.
const importGroup = "导入的品种"

// broken names the first column whose text is in a broken encoding: bytes that
// are no UTF-8, replacement or control characters, or UTF-8 that was read as
// Latin-1 once too often.
func broken(r oldRow) string {
	for _, column := range slices.Sorted(maps.Keys(r)) {
		text := r[column]
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool {
			return c == utf8.RuneError || unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
		}) || doubleEncoded(text) {
			return column
		}
	}
	return ""
}

// doubleEncoded tells text such as é»„è¿ž, which was 黄连.
func doubleEncoded(text string) bool {
	if !strings.ContainsFunc(text, func(c rune) bool { return c > 0x7f }) {
		return false
	}
	raw, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		if raw, err = charmap.ISO8859_1.NewEncoder().String(text); err != nil {
			return false
		}
	}
	return utf8.ValidString(raw) && strings.ContainsFunc(raw, func(c rune) bool { return unicode.Is(unicode.Han, c) })
}

// oldTime reads Unix seconds.
func oldTime(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n <= 0 || n > 1<<33 {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// oldList splits a list of names or ids.
func oldList(text string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(",，、;；|/", c) }) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(list, part) {
			list = append(list, part)
		}
	}
	return list
}

// cutText shortens a text to what its field may hold, and says so.
func cutText(remarks *[]string, label, text string, limit int) string {
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > limit {
		*remarks = append(*remarks, fmt.Sprintf("%s超过 %d 个字，已截短", label, limit))
		return string(r[:limit])
	}
	return text
}

// variety converts a category of goods.
func (converter) variety(r oldRow) (c xunjia.Category, remarks []string, reason string) {
	c.Name = strings.TrimSpace(r["name"])
	if n := utf8.RuneCountInString(c.Name); n == 0 || n > 40 {
		return c, nil, "品种名称为空或超过 40 个字"
	}
	c.Initials = initials(c.Name)
	for _, alias := range oldList(r["alias"]) {
		if alias != c.Name && utf8.RuneCountInString(alias) <= 40 {
			c.Aliases = append(c.Aliases, alias)
		}
	}
	for _, u := range oldList(r["unit"]) {
		c.Units = append(c.Units, oldUnit(u))
	}
	c.Units = slices.Compact(c.Units)
	if len(c.Units) == 0 {
		c.Units, remarks = []xunjia.Unit{"公斤"}, append(remarks, "没有单位，按“公斤”导入")
	}
	c.Specs, c.Origins = oldList(r["specification"]), oldList(r["origin"])
	return c, remarks, ""
}

// oldUnit writes a unit as forms do.
func oldUnit(text string) xunjia.Unit {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "kg", "千克", "公斤":
		return "公斤"
	case "g", "克":
		return "克"
	case "t", "吨":
		return "吨"
	}
	return xunjia.Unit(strings.TrimSpace(text))
}

// user converts a person; followed are old ids of categories.
func (converter) user(r oldRow) (u xunjia.User, followed []string, remarks []string, reason string) {
	var err error
	if u.Phone, err = xunjia.ParsePhone(r["phone"]); err != nil {
		return u, nil, nil, "手机号不是 11 位手机号"
	}
	var ok bool
	if u.CreatedAt, ok = oldTime(r["createtime"]); !ok {
		return u, nil, nil, "创建时间无法识别"
	}
	for _, name := range []string{r["name"], r["nickname"], r["username"]} {
		if name = strings.TrimSpace(name); utf8.RuneCountInString(name) >= 2 && u.Name == "" {
			u.Name = cutText(&remarks, "名称", name, 40)
		}
	}
	if u.Name == "" {
		remarks = append(remarks, "没有名称，登录时请他填写")
	}
	kind, _ := strconv.Atoi(r["type"])
	if u.Kind = xunjia.BusinessKind(kind); u.Kind.String() == "" {
		u.Kind, remarks = 0, append(remarks, "业务类型“"+r["type"]+"”不认识，登录时请他选择")
	}
	if u.Area = xunjia.Area(strings.TrimSpace(r["areaid"])); !u.Area.Valid() {
		u.Area, remarks = "", append(remarks, "地区“"+r["areaid"]+"”不认识，登录时请他选择")
	}
	return u, oldList(r["varietyids"]), remarks, ""
}

// purchase converts a request without its lines.
func (v converter) purchase(r oldRow) (p xunjia.Purchase, remarks []string, reason string) {
	var ok bool
	if p.PublishedAt, ok = oldTime(r["createtime"]); !ok {
		return p, nil, "创建时间无法识别"
	}
	status, err := strconv.Atoi(r["status"])
	if p.Status = xunjia.PurchaseStatus(status); err != nil || p.Status.String() == "" {
		return p, nil, "状态“" + r["status"] + "”不认识"
	}
	days, err := strconv.Atoi(strings.TrimSpace(r["term"]))
	if err != nil || days < 0 || days > 366 {
		return p, nil, "有效天数“" + r["term"] + "”无法识别"
	}
	if days == 0 {
		days = 365 // all year
	}
	p.Version, p.Deadline = 1, p.PublishedAt.AddDate(0, 0, days)
	if p.Area = xunjia.Area(strings.TrimSpace(r["areaid"])); !p.Area.Valid() {
		p.Area, remarks = "", append(remarks, "收货地区“"+r["areaid"]+"”不认识，已留空")
	}
	p.Invoice = cutText(&remarks, "发票要求", r["invoice"], 40)
	p.Payment = cutText(&remarks, "付款方式", joinTexts(r["pay"], r["payday"], r["payinfo"]), 40)
	p.Delivery = cutText(&remarks, "交货方式", joinTexts(r["send"], r["receive"]), 40)
	p.Qualification = cutText(&remarks, "资质要求", joinTexts(r["supplier"], r["limited"]), 100)
	p.Remark = cutText(&remarks, "备注", joinTexts(r["remark"], r["accept"], r["other"]), 500)
	// Requests whose time is over are ended now, in silence, or the clock's job
	// would tell everybody who ever quoted.
	if p.Status == xunjia.WaitingForQuote && !v.now.Before(p.Deadline) {
		p.Status = xunjia.QuotingEnded
	}
	if p.Status != xunjia.WaitingForQuote {
		p.EndedAt = p.Deadline
		if v.now.Before(p.EndedAt) {
			p.EndedAt = v.now
		}
	}
	return p, remarks, ""
}

// joinTexts puts the filled ones of several fields into one.
func joinTexts(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" && p != "0" && !slices.Contains(kept, p) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "；")
}

// line converts a line of a request, whose own state is given.
func (converter) line(r oldRow, status xunjia.PurchaseStatus) (l xunjia.Line, views int, remarks []string, reason string) {
	var err error
	if l.Quantity, err = xunjia.ParseQuantity(r["quantity"]); err != nil || l.Quantity == 0 {
		return l, 0, nil, "数量“" + r["quantity"] + "”不是数字"
	}
	l.Name = cutText(&remarks, "品种名称", r["name"], 40)
	l.Spec = cutText(&remarks, "规格", r["specification"], 40)
	l.Quality = cutText(&remarks, "质量要求", r["quality"], 300)
	l.Origin = cutText(&remarks, "产地", r["origin"], 40)
	if l.Unit = oldUnit(r["unit"]); l.Unit == "" || utf8.RuneCountInString(string(l.Unit)) > 10 {
		l.Unit, remarks = "公斤", append(remarks, "单位“"+r["unit"]+"”无法识别，按“公斤”导入")
	}
	if cap, err := strconv.ParseFloat(strings.TrimSpace(r["price"]), 64); r["price"] != "" && (err != nil || cap < 0 || cap > float64(xunjia.MaxPrice)/100) {
		remarks = append(remarks, "限价“"+r["price"]+"”无法识别，已去掉")
	} else {
		l.CapPrice = xunjia.Fen(cap*100 + 0.5)
	}
	n, err := strconv.Atoi(r["status"])
	if l.Status = xunjia.PurchaseStatus(n); err != nil || l.Status.String() == "" || l.Status == xunjia.WaitingForQuote {
		l.Status = status
	}
	views, _ = strconv.Atoi(r["views"])
	return l, max(views, 0), remarks, ""
}

// quote converts an offer.
func (converter) quote(r oldRow, l xunjia.Line) (q xunjia.Quote, remarks []string, reason string) {
	var err error
	if q.Price, err = xunjia.ParseFen(r["price"]); err != nil || q.Price == 0 {
		return q, nil, "价格“" + r["price"] + "”不是数字"
	}
	var ok bool
	if q.CreatedAt, ok = oldTime(r["createtime"]); !ok {
		return q, nil, "创建时间无法识别"
	}
	if q.UpdatedAt, ok = oldTime(r["updatetime"]); !ok {
		q.UpdatedAt = q.CreatedAt
	}
	state, err := strconv.Atoi(r["state"])
	if q.State = xunjia.QuoteState(state); err != nil || q.State > xunjia.Refused || q.State < 0 {
		return q, nil, "答复状态“" + r["state"] + "”不认识"
	}
	if r["status"] == "1" {
		q.Status = xunjia.SuccessfulQuote
	}
	if q.State != xunjia.Pending {
		q.AnsweredAt = q.UpdatedAt
	}
	q.Unit, q.Revision, q.Version = l.Unit, 1, 1
	q.Quality = cutText(&remarks, "质量说明", r["quality"], 500)
	q.Explanation = cutText(&remarks, "报价说明", r["explain"], 500)
	q.Message = cutText(&remarks, "答复", r["message"], xunjia.MaxAnswerLength)
	return q, remarks, ""
}

// notification converts a notice; its content is still the old id that it is
// about, or its text.
func (converter) notification(r oldRow) (n xunjia.Notification, remarks []string, reason string) {
	kind, err := strconv.Atoi(r["type"])
	if n.Type = xunjia.NotificationType(kind); err != nil || n.Type.String() == "" {
		return n, nil, "类型“" + r["type"] + "”不认识"
	}
	var ok bool
	if n.CreatedAt, ok = oldTime(r["createtime"]); !ok {
		return n, nil, "创建时间无法识别"
	}
	if r["status"] == "1" {
		n.Status = xunjia.Read
	}
	n.Title = cutText(&remarks, "标题", r["title"], 200)
	n.Content = strings.TrimSpace(r["content"])
	return n, remarks, ""
}

// attachmentType keeps a known type.
func attachmentType(text string) xunjia.AttachmentType {
	n, _ := strconv.Atoi(text)
	if t := xunjia.AttachmentType(n); t.String() != "" {
		return t
	}
	return xunjia.OtherFile
}

// initials are the pinyin initials of a name in lower case, as far as GB 2312
// tells them: its first level is sorted by pinyin, characters beyond it are
// left out. Letters and digits stand for themselves.
func initials(name string) string {
	var b strings.Builder
	for _, c := range name {
		switch {
		case c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c)):
			b.WriteRune(unicode.ToLower(c))
		case unicode.Is(unicode.Han, c):
			b.WriteString(initial(c))
		}
	}
	return truncate(b.String(), 20)
}

// initial finds the letter under whose range of GB 2312 the character lies.
func initial(c rune) string {
	gb, err := simplifiedchinese.GBK.NewEncoder().String(string(c))
	if err != nil || len(gb) != 2 {
		return ""
	}
	code := int(gb[0])<<8 | int(gb[1])
	const end = 0xD7FA // beyond it characters are sorted by radical
	first := []struct {
		code   int
		letter string
	}{
		{0xB0A1, "a"}, {0xB0C5, "b"}, {0xB2C1, "c"}, {0xB4EE, "d"}, {0xB6EA, "e"}, {0xB7A2, "f"}, {0xB8C1, "g"}, {0xB9FE, "h"},
		{0xBBF7, "j"}, {0xBFA6, "k"}, {0xC0AC, "l"}, {0xC2E8, "m"}, {0xC4C3, "n"}, {0xC5B6, "o"}, {0xC5BE, "p"}, {0xC6DA, "q"},
		{0xC8BB, "r"}, {0xC8F6, "s"}, {0xCBFA, "t"}, {0xCDDA, "w"}, {0xCEF4, "x"}, {0xD1B9, "y"}, {0xD4D1, "z"},
	}
	letter := ""
	for _, f := range first {
		if code >= f.code && code < end {
			letter = f.letter
		}
	}
	return letter
}
