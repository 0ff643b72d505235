package templates

import (
	"slices"

	"github.com/xunjia/xunjia"
)

// RegisterProfilePage is the second step: kind of business, name, area.
type RegisterProfilePage struct {
	Layout
	Form   Form // kind, name, province, city, district; errors also on area
	Return string
	Areas  []AreaSelect
	Later  bool // the user is registered already
}

// Template implements Page.
func (*RegisterProfilePage) Template() string { return "register_profile" }

// Kinds are the tiles of companies and of individuals.
func (*RegisterProfilePage) Kinds() []KindGroup {
	groups := []KindGroup{{Title: "企业"}, {Title: "个人"}}
	for _, k := range xunjia.BusinessKinds() {
		i := 1
		if k.Company() {
			i = 0
		}
		groups[i].Kinds = append(groups[i].Kinds, Kind{BusinessKind: k, Icon: kindIcon(k)})
	}
	return groups
}

// KindGroup is a row of tiles under one heading.
type KindGroup struct {
	Title string
	Kinds []Kind
}

// Kind is a tile.
type Kind struct {
	xunjia.BusinessKind
	Icon string
}

func kindIcon(k xunjia.BusinessKind) string {
	switch k {
	case xunjia.TradingCompany:
		return "building-store"
	case xunjia.SlicesFactory:
		return "scissors"
	case xunjia.PharmaFactory:
		return "building-factory-2"
	case xunjia.HospitalPharmacy:
		return "building-hospital"
	case xunjia.Cooperative:
		return "users-group"
	case xunjia.Trader:
		return "truck"
	case xunjia.Grower:
		return "plant-2"
	case xunjia.Agent:
		return "user-search"
	case xunjia.Clinic:
		return "stethoscope"
	default:
		return "user"
	}
}

// AreaSelect is one of the three selects of the partial area-select.
type AreaSelect struct {
	Name, Label string
	Options     []Option
}

// Option is an entry of a select.
type Option struct {
	Value, Text string
	Selected    bool
}

// AreaSelects lists the areas of every level down to the chosen one. Fields
// that are not chosen yet are "".
func AreaSelects(province, city, district xunjia.Area) []AreaSelect {
	selects := []AreaSelect{
		{Name: "province", Label: "省份", Options: areaOptions("", province)},
		{Name: "city", Label: "城市"},
		{Name: "district", Label: "区县"},
	}
	if province.Valid() {
		selects[1].Options = areaOptions(province, city)
	}
	if city.Valid() && city.Province() == province {
		selects[2].Options = areaOptions(city, district)
	}
	return selects
}

func areaOptions(parent, chosen xunjia.Area) []Option {
	areas := parent.Children()
	options := make([]Option, 0, len(areas))
	for _, a := range areas {
		options = append(options, Option{Value: string(a), Text: a.ShortName(), Selected: a == chosen || len(areas) == 1 && parent != ""})
	}
	return options
}

// RegisterCategoriesPage is the third step, and later the place to change
// what one follows.
type RegisterCategoriesPage struct {
	Layout
	Form     Form // category (several), q
	Return   string
	Groups   []CategoryGroup
	Query    string // what was searched without a script
	Followed int
	Later    bool // the user is registered already
}

// Template implements Page.
func (*RegisterCategoriesPage) Template() string { return "register_categories" }

// CategoryGroup is a family of goods.
type CategoryGroup struct {
	Title string
	Chips []CategoryChip
}

// Hidden tells whether the search found nothing here.
func (g CategoryGroup) Hidden() bool {
	return !slices.ContainsFunc(g.Chips, func(c CategoryChip) bool { return !c.Hidden })
}

// NothingFound tells whether the search found nothing anywhere.
func (p *RegisterCategoriesPage) NothingFound() bool {
	return !slices.ContainsFunc(p.Groups, func(g CategoryGroup) bool { return !g.Hidden() })
}

// CategoryChip is one category to follow.
type CategoryChip struct {
	ID      int64
	Name    string
	Keys    string // what the search looks in: name, aliases and initials
	Checked bool
	Hidden  bool // not found by Query
}
