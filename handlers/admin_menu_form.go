package handlers

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// slotName is how the form calls a button: "b0", "b0.3".
func slotName(i, j int) string {
	if j < 0 {
		return "b" + strconv.Itoa(i)
	}
	return fmt.Sprintf("b%d.%d", i, j)
}

// parseMenu reads the editor's form. Slots without a name and a value are
// empty. at tells for every place in the result which slot of the form it is:
// "b0.1" → "b0.3".
func parseMenu(f templates.Form) (buttons []xunjia.MenuButton, at map[string]string) {
	at = map[string]string{}
	read := func(i, j int) (xunjia.MenuButton, bool) {
		name := slotName(i, j)
		b := xunjia.MenuButton{
			Name: strings.TrimSpace(f.Value(name + ".name")), Value: strings.TrimSpace(f.Value(name + ".value")),
			Action: xunjia.MenuAction(f.Value(name + ".action")),
		}
		return b, b.Name != "" || b.Value != ""
	}
	for i := range xunjia.MaxMenuButtons {
		b, filled := read(i, -1)
		for j := range xunjia.MaxMenuSubButtons {
			if sub, ok := read(i, j); ok {
				at[slotName(len(buttons), len(b.Sub))] = slotName(i, j)
				b.Sub = append(b.Sub, sub)
			}
		}
		if !filled && len(b.Sub) == 0 {
			continue
		}
		if len(b.Sub) > 0 {
			b.Action, b.Value = "", ""
		}
		at[slotName(len(buttons), -1)] = slotName(i, -1)
		buttons = append(buttons, b)
	}
	return buttons, at
}

// menuErrors puts complaints about a parsed menu at the slots of the form.
func menuErrors(f *templates.Form, err error, at map[string]string) {
	e := known(err)
	if e.Code != xunjia.Invalid {
		return
	}
	f.Message = e.Message
	for field, text := range e.Fields {
		if i := strings.LastIndexByte(field, '.'); i > 0 && at[field[:i]] != "" && at[field] == "" {
			field = at[field[:i]] + field[i:]
		} else if at[field] != "" {
			field = at[field] + ".name"
		}
		f.Errors[field] = text
	}
}

// fillMenu writes a menu into the form.
func fillMenu(buttons []xunjia.MenuButton) templates.Form {
	f := templates.Form{Values: url.Values{}, Errors: map[string]string{}}
	write := func(name string, b xunjia.MenuButton) {
		f.Values.Set(name+".name", b.Name)
		f.Values.Set(name+".action", string(b.Action))
		f.Values.Set(name+".value", b.Value)
	}
	for i, b := range buttons {
		write(slotName(i, -1), b)
		for j, sub := range b.Sub {
			write(slotName(i, j), sub)
		}
	}
	return f
}

// moveSlot exchanges a button with its neighbour: "b1<", "b1>", "b1.2<".
func moveSlot(f templates.Form, move string) {
	place, back := strings.CutSuffix(move, "<")
	step := 1
	if back {
		step = -1
	} else {
		place = strings.TrimSuffix(place, ">")
	}
	top, sub, isSub := strings.Cut(strings.TrimPrefix(place, "b"), ".")
	i, err := strconv.Atoi(top)
	if err != nil || i < 0 || i >= xunjia.MaxMenuButtons {
		return
	}
	if isSub {
		j, err := strconv.Atoi(sub)
		if err == nil && j >= 0 && j+step >= 0 && j < xunjia.MaxMenuSubButtons && j+step < xunjia.MaxMenuSubButtons {
			swapSlots(f.Values, slotName(i, j), slotName(i, j+step))
		}
		return
	}
	if i+step < 0 || i+step >= xunjia.MaxMenuButtons {
		return
	}
	swapSlots(f.Values, slotName(i, -1), slotName(i+step, -1))
	for j := range xunjia.MaxMenuSubButtons {
		swapSlots(f.Values, slotName(i, j), slotName(i+step, j))
	}
}

func swapSlots(v url.Values, a, b string) {
	for _, part := range []string{".name", ".action", ".value"} {
		v[a+part], v[b+part] = v[b+part], v[a+part]
	}
}

// platformMenu writes a menu as the platform wants it.
func platformMenu(buttons []xunjia.MenuButton) []*wechat.Button {
	out := make([]*wechat.Button, len(buttons))
	for i, b := range buttons {
		w := &wechat.Button{Name: b.Name}
		switch {
		case len(b.Sub) > 0:
			w.SubButtons = platformMenu(b.Sub)
		case b.Action == xunjia.MenuView:
			w.Type, w.URL = string(b.Action), b.Value
		case b.Action == xunjia.MenuMedia:
			w.Type, w.MediaID = string(b.Action), b.Value
		default:
			w.Type, w.Key = string(b.Action), b.Value
		}
		out[i] = w
	}
	return out
}

// menuOf reads what platformMenu writes, and what others have put there: a
// button of a kind that is not offered here keeps its name and kind.
func menuOf(buttons []*wechat.Button) []xunjia.MenuButton {
	var out []xunjia.MenuButton
	for _, w := range buttons {
		b := xunjia.MenuButton{Name: w.Name, Action: xunjia.MenuAction(w.Type)}
		switch {
		case len(w.SubButtons) > 0:
			b.Action, b.Sub = "", menuOf(w.SubButtons)
		case b.Action == xunjia.MenuView:
			b.Value = w.URL
		case b.Action == xunjia.MenuMedia:
			b.Value = w.MediaID
		default:
			b.Value = w.Key
		}
		out = append(out, b)
	}
	return out
}
