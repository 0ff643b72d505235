package handlers

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/xunjia/xunjia/templates"
)

// mergeEdit puts what one member typed on top of what another has saved
// meanwhile: fields that he left as they were in base, the form that he was
// given, become those of now, and his own changes stay. A line that the other
// added comes along; one that he took away goes, unless something was typed in it.
func mergeEdit(base, typed, now url.Values) url.Values {
	merged := url.Values{}
	for name, values := range typed {
		if _, _, ok := lineField(name); !ok && name != "line" {
			merged[name] = pickValues(base[name], values, now[name])
		}
	}
	for name, values := range now { // boxes that are not ticked are not sent
		if _, _, ok := lineField(name); !ok && name != "line" && typed[name] == nil {
			if kept := pickValues(base[name], nil, values); kept != nil {
				merged[name] = kept
			}
		}
	}
	inBase, inNow := linesByID(base), linesByID(now)
	taken := map[string]bool{}
	next := 0
	for _, n := range lineNumbers(typed) {
		next = max(next, n+1)
		id := typed.Get(templates.LineField(n, "id"))
		taken[id] = true
		old, known := inBase[id]
		current, stays := inNow[id]
		mine := lineValues(typed, n)
		switch {
		case id == "" || !known:
		case stays:
			was, is := lineValues(base, old), lineValues(now, current)
			for _, name := range editedFields() {
				mine[name] = pickValues(was[name], mine[name], is[name])
			}
		case sameLine(lineValues(base, old), mine):
			continue // gone, and nothing was typed
		}
		addLine(merged, n, mine)
	}
	for _, n := range lineNumbers(now) {
		id := now.Get(templates.LineField(n, "id"))
		if _, known := inBase[id]; known || taken[id] {
			continue // known and not typed: taken away here
		}
		addLine(merged, next, lineValues(now, n))
		next++
	}
	return merged
}

// editedFields are the fields of a line that are typed.
func editedFields() []string {
	return []string{"category", "spec", "quantity", "unit", "quality", "origin", "cap_price", "images", "reports"}
}

// pickValues is what was typed, or what the other saved where nothing was.
func pickValues(base, typed, now []string) []string {
	if sameValues(base, typed) {
		return now
	}
	return typed
}

// sameValues compares fields; an empty one and a missing one are the same.
func sameValues(a, b []string) bool {
	full := func(list []string) []string {
		var kept []string
		for _, v := range list {
			if v = strings.TrimSpace(newlines(v)); v != "" {
				kept = append(kept, v)
			}
		}
		return kept
	}
	return slices.Equal(full(a), full(b))
}

func sameLine(a, b url.Values) bool {
	return !slices.ContainsFunc(editedFields(), func(name string) bool { return !sameValues(a[name], b[name]) })
}

// linesByID finds the number of each line that has an id.
func linesByID(values url.Values) map[string]int {
	numbers := map[string]int{}
	for _, n := range lineNumbers(values) {
		if id := values.Get(templates.LineField(n, "id")); id != "" {
			numbers[id] = n
		}
	}
	return numbers
}

// lineValues are the fields of one line by their short names.
func lineValues(values url.Values, n int) url.Values {
	line := url.Values{}
	for name, v := range values {
		if number, field, ok := lineField(name); ok && number == n {
			line[field] = v
		}
	}
	return line
}

func addLine(values url.Values, n int, line url.Values) {
	values.Add("line", strconv.Itoa(n))
	for field, v := range line {
		values[templates.LineField(n, field)] = v
	}
}
