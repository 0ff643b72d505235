package xunjia

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a pasted list.
const (
	MaxPaste     = 16 << 10 // bytes
	MaxPasteLine = 200      // characters
)

// PastedLine is one line of a pasted list, as far as it was understood.
type PastedLine struct {
	Line
	Typed string // the name of goods that nobody knows; "" when they were recognised
}

// Pasted is a pasted list.
type Pasted struct {
	Lines   []PastedLine
	Skipped int // lines beyond MaxLines
}

// Unknown counts the lines whose goods were not recognised.
func (p Pasted) Unknown() int {
	n := 0
	for _, l := range p.Lines {
		if l.Typed != "" {
			n++
		}
	}
	return n
}

// ParseList reads a list of goods as people paste them, one in each line: 黄连
// 统货 500公斤 限价35. Goods are known by their names and aliases, the longest
// first; what is not understood of a line becomes its quality wish, so nothing is
// lost. The error is Invalid for too long a text.
func ParseList(text string, categories []Category) (p Pasted, err error) {
	if len(text) > MaxPaste {
		return p, Errorf(Invalid, "内容太长了，最多 %d 个字", MaxPaste/3)
	}
	names := namesOf(categories)
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(plain(line))
		if utf8.RuneCountInString(line) > MaxPasteLine {
			return Pasted{}, Errorf(Invalid, "第 %d 行太长了，一行写一个品种，最多 %d 个字", number, MaxPasteLine)
		}
		line = withoutNumber(line)
		if !strings.ContainsFunc(line, unicode.IsLetter) {
			continue
		}
		if len(p.Lines) == MaxLines {
			p.Skipped++
			continue
		}
		p.Lines = append(p.Lines, parseLine(line, names))
	}
	return p, nil
}

// plain turns full-width characters into half-width ones, and drops what cannot
// be stored.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '　':
			return ' '
		case r >= '！' && r <= '～':
			return r - 0xFEE0
		case r == utf8.RuneError || unicode.IsControl(r) && r != '\t':
			return -1
		}
		return r
	}, s)
}

var (
	leadingNumber = regexp.MustCompile(`^(?:\(?\d{1,3}[)、:]|\d{1,3}\.(?:\s|$)|[①-⑳]|[-*•·])\s*`)
	dotNumber     = regexp.MustCompile(`^\d{1,3}\.(\D)`)
	thousands     = regexp.MustCompile(`\d{1,3}(?:,\d{3})+`)
	separators    = regexp.MustCompile(`[\s,、；;|，。]+`)
	unitPattern   = `公斤|千克|市斤|kg|斤|吨|克|两|件|个|袋|箱|包|盒|瓶|桶|只|对|根|条|枚|支|张|t|g`
	amount        = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*(万|千)?\s*(` + unitPattern + `)`)
	limit         = regexp.MustCompile(`(?i)(?:最高)?(?:限价|最高价|上限|不超过|不高于|≤|<=|<)\s*[:为]?\s*[￥¥]?(\d+(?:\.\d+)?)\s*(?:元|块)?(?:\s*/\s*(` + unitPattern + `))?`)
	perUnit       = regexp.MustCompile(`(?i)[￥¥]?(\d+(?:\.\d+)?)\s*(?:元|块)\s*(?:/|每)\s*(` + unitPattern + `)(?:以内|以下)?`)
	within        = regexp.MustCompile(`[￥¥]?(\d+(?:\.\d+)?)\s*(?:元|块)(?:以内|以下)`)
	fromPlace     = regexp.MustCompile(`产地\s*[:为是]?\s*(\p{Han}{2,8})|(\p{Han}{2,6})产(?:$|\s)`)
	gradeWord     = regexp.MustCompile(`^(?:.{1,5}(?:货|级|等|头|片|段|丝)|统|选|大统|小统|全归|无硫|野生|家种)$`)
)

// withoutNumber drops the number of a line: 1. or （2） or ③.
func withoutNumber(line string) string {
	if m := dotNumber.FindStringSubmatchIndex(line); m != nil {
		return strings.TrimSpace(line[m[2]:])
	}
	return strings.TrimSpace(leadingNumber.ReplaceAllString(line, ""))
}

// knownName is a name by which goods are known.
type knownName struct {
	text string
	of   Category
}

// namesOf are the names and aliases of goods, the longest first.
func namesOf(categories []Category) []knownName {
	var names []knownName
	for _, c := range categories {
		if len(c.Units) == 0 {
			continue
		}
		for _, text := range append([]string{c.Name}, c.Aliases...) {
			if text != "" {
				names = append(names, knownName{text, c})
			}
		}
	}
	slices.SortStableFunc(names, func(a, b knownName) int {
		return utf8.RuneCountInString(b.text) - utf8.RuneCountInString(a.text)
	})
	return names
}

// MatchCategory finds goods by their exact name or alias.
func MatchCategory(name string, categories []Category) (Category, bool) {
	name = strings.TrimSpace(plain(name))
	for _, n := range namesOf(categories) {
		if strings.EqualFold(n.text, name) {
			return n.of, true
		}
	}
	return Category{}, false
}

// parseLine takes one line apart.
func parseLine(line string, names []knownName) PastedLine {
	var p PastedLine
	rest := thousands.ReplaceAllStringFunc(line, func(n string) string { return strings.ReplaceAll(n, ",", "") })
	price, per := takePrice(&rest)
	takeAmount(&rest, &p.Line)
	if m := fromPlace.FindStringSubmatchIndex(rest); m != nil {
		sub := fromPlace.FindStringSubmatch(rest)
		p.Origin = cmp.Or(sub[1], sub[2])
		rest = rest[:m[0]] + " " + rest[m[1]:]
	}
	category, known := takeGoods(&rest, names)
	words := slices.DeleteFunc(separators.Split(strings.TrimSpace(rest), -1), func(w string) bool { return w == "" })
	if known {
		p.CategoryID, p.Name = category.ID, category.Name
		p.FitUnit(category)
	} else if len(words) > 0 {
		p.Typed, words = head(words[0], 20), words[1:]
	} else {
		p.Typed = head(line, 20)
	}
	var left []string
	for _, w := range words {
		switch {
		case p.Origin == "" && slices.Contains(category.Origins, w):
			p.Origin = w
		case p.Spec == "" && (slices.Contains(category.Specs, w) || gradeWord.MatchString(w)) && utf8.RuneCountInString(w) <= 40:
			p.Spec = w
		default:
			left = append(left, w)
		}
	}
	p.Quality = head(strings.Join(left, " "), 300)
	p.Origin = head(p.Origin, 40)
	if price > 0 && price <= MaxPrice {
		p.CapPrice = price
		if per != "" && p.Unit != "" && per != p.Unit && per.Converts(p.Unit) {
			p.CapPrice = min(per.Price(price, p.Unit), MaxPrice)
		}
	}
	return p
}

// takePrice cuts a cap price out of the text; per is the unit that it is for, if
// that was said.
func takePrice(rest *string) (price Fen, per Unit) {
	for _, re := range []*regexp.Regexp{limit, perUnit, within} {
		m := re.FindStringSubmatchIndex(*rest)
		if m == nil {
			continue
		}
		sub := re.FindStringSubmatch(*rest)
		price, err := ParseFen(sub[1])
		if err != nil {
			continue
		}
		if len(sub) > 2 {
			per = unitNamed(sub[2])
		}
		*rest = (*rest)[:m[0]] + " " + (*rest)[m[1]:]
		return price, per
	}
	return 0, ""
}

// takeAmount cuts the first quantity with a unit out of the text.
func takeAmount(rest *string, l *Line) {
	m := amount.FindStringSubmatchIndex(*rest)
	if m == nil {
		return
	}
	sub := amount.FindStringSubmatch(*rest)
	q, err := ParseQuantity(sub[1])
	if err != nil {
		return
	}
	times := map[string]Quantity{"万": 10_000, "千": 1000, "": 1}[sub[2]]
	if q > MaxQuantity/times {
		return
	}
	l.Quantity, l.Unit = q*times, unitNamed(sub[3])
	*rest = (*rest)[:m[0]] + " " + (*rest)[m[1]:]
}

// unitNamed is the unit that people write in several ways.
func unitNamed(s string) Unit {
	switch strings.ToLower(s) {
	case "kg", "千克", "公斤":
		return "公斤"
	case "市斤":
		return "斤"
	case "t":
		return "吨"
	case "g":
		return "克"
	}
	return Unit(s)
}

// takeGoods cuts the longest known name out of the text. Names of one character
// count only by themselves.
func takeGoods(rest *string, names []knownName) (Category, bool) {
	words := separators.Split(*rest, -1)
	for _, n := range names {
		if utf8.RuneCountInString(n.text) < 2 && !slices.Contains(words, n.text) {
			continue
		}
		if at := strings.Index(*rest, n.text); at >= 0 {
			*rest = (*rest)[:at] + " " + (*rest)[at+len(n.text):]
			return n.of, true
		}
	}
	return Category{}, false
}

// FitUnit expresses the quantity in a unit that the goods are bought by, when
// that is possible without rounding; without a unit it is the usual one.
func (l *Line) FitUnit(c Category) {
	if l.Unit == "" || slices.Contains(c.Units, l.Unit) {
		if l.Unit == "" && len(c.Units) > 0 && l.Quantity > 0 {
			l.Unit = c.Units[0]
		}
		return
	}
	for _, u := range c.Units {
		if !l.Unit.Converts(u) {
			continue
		}
		if q := l.Unit.Quantity(l.Quantity, u); q > 0 && q <= MaxQuantity && u.Quantity(q, l.Unit) == l.Quantity {
			l.Quantity, l.Unit = q, u
			return
		}
	}
}

// SuggestCategories are up to three goods whose names are like what somebody
// typed: in pinyin initials, or but for a character or two.
func SuggestCategories(typed string, categories []Category) []Category {
	typed = strings.ToLower(strings.TrimSpace(typed))
	type near struct {
		c        Category
		distance int
	}
	var list []near
	for _, c := range categories {
		if len(c.Units) == 0 {
			continue
		}
		best := 1 << 30
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			d := editDistance(typed, strings.ToLower(name))
			if shared := sharedRunes(typed, name); shared > 0 {
				best = min(best, 2*d-shared)
			}
		}
		if c.Initials != "" && c.Initials == typed {
			best = 0
		}
		if best <= 2*max(1, utf8.RuneCountInString(typed)-1) {
			list = append(list, near{c, best})
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return a.distance - b.distance })
	var out []Category
	for _, n := range list[:min(3, len(list))] {
		out = append(out, n.c)
	}
	return out
}

// sharedRunes counts the characters that both hold.
func sharedRunes(a, b string) int {
	n := 0
	for _, r := range b {
		if strings.ContainsRune(a, r) {
			n++
		}
	}
	return n
}

// editDistance is how many characters must be put in, left out or changed.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			before, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, before+cost)
		}
	}
	return row[len(y)]
}

// head is the beginning of a text, at most n characters.
func head(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Summary tells what became of the list: 已识别 12 行，2 行需要确认.
func (p Pasted) Summary() string {
	text := fmt.Sprintf("已加入 %d 个品种", len(p.Lines))
	if n := p.Unknown(); n > 0 {
		text += fmt.Sprintf("，其中 %d 个没有认出来，请选择品种", n)
	}
	if p.Skipped > 0 {
		text += fmt.Sprintf("；超过 %d 个的 %d 行没有加入", MaxLines, p.Skipped)
	}
	return text
}
