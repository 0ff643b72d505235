package sim

import (
	"slices"
	"strconv"
)

// Conditional menus: 2000 creates and 2000 deletes a day. [off]
// /doc/service/api/custommenu/api_addconditionalmenu
const conditionalPerDay = 2000

// matches compares the fan's tags with the rule; the last tag put on decides.
// [comm mirror]
func (m *conditionalMenu) matches(c *contact) bool {
	return len(c.tags) > 0 && strconv.Itoa(c.tags[len(c.tags)-1]) == string(m.Rule.tag())
}

func (r matchRule) tag() jsonText {
	if r.TagID != "" {
		return r.TagID
	}
	return r.GroupID
}

func addConditional(c *call) (any, *apiError) {
	var in struct {
		Button []button  `json:"button"`
		Rule   matchRule `json:"matchrule"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m := &c.acc.menu
	if m.buttons == nil {
		return nil, fail(65303)
	}
	r := in.Rule
	switch {
	case r.Sex != "" || r.Country != "" || r.Province != "" || r.City != "" || r.Language != "" || r.Platform != "":
		return nil, fail(65320)
	case r.tag() == "":
		return nil, fail(65304)
	}
	if id, err := strconv.Atoi(string(r.tag())); err != nil || c.acc.tag(id) == nil {
		return nil, fail(65318)
	}
	if err := checkButtons(in.Button); err != nil {
		return nil, err
	}
	if !m.creates.add(c.now, conditionalPerDay) {
		return nil, fail(45009)
	}
	cm := conditionalMenu{ID: 400_000_000 + c.st.next(), Buttons: normalButtons(in.Button), Rule: r}
	m.conditional = append(m.conditional, cm)
	c.s.hub.publish(event{Kind: "state", AppID: c.acc.AppID})
	return map[string]any{"menuid": strconv.FormatInt(cm.ID, 10)}, nil
}

func deleteConditional(c *call) (any, *apiError) {
	var in struct {
		MenuID jsonText `json:"menuid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	m := &c.acc.menu
	i := slices.IndexFunc(m.conditional, func(cm conditionalMenu) bool { return strconv.FormatInt(cm.ID, 10) == string(in.MenuID) })
	if i < 0 {
		return nil, fail(65301)
	}
	if !m.deletes.add(c.now, conditionalPerDay) {
		return nil, fail(45009)
	}
	m.conditional = slices.Delete(m.conditional, i, i+1)
	c.s.hub.publish(event{Kind: "state", AppID: c.acc.AppID})
	return nil, nil
}

// tryMatch tells the menu of a user, by openid or WeChat name.
func tryMatch(c *call) (any, *apiError) {
	var in struct {
		UserID string `json:"user_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	f := c.acc.byOpenID[in.UserID]
	for _, other := range c.acc.byOpenID {
		if f == nil && other.user.ID == in.UserID {
			f = other
		}
	}
	if f == nil {
		return nil, fail(40003)
	}
	if !f.followed {
		return nil, fail(43004)
	}
	buttons := c.acc.menu.effective(f)
	if buttons == nil {
		return nil, fail(65301)
	}
	return map[string]any{"button": buttons}, nil
}

// selfMenuInfo is get_current_selfmenu_info: the API's menu in the console's shape.
func selfMenuInfo(c *call) (any, *apiError) {
	if c.acc.menu.buttons == nil {
		return map[string]any{"is_menu_open": 0}, nil
	}
	return map[string]any{"is_menu_open": 1, "selfmenu_info": map[string]any{"button": selfButtons(c.acc.menu.buttons)}}, nil
}

func selfButtons(list []button) []map[string]any {
	out := []map[string]any{}
	for _, b := range list {
		if len(b.SubButton) > 0 {
			out = append(out, map[string]any{"name": b.Name, "sub_button": map[string]any{"list": selfButtons(b.SubButton)}})
			continue
		}
		v := map[string]any{"type": b.Type, "name": b.Name}
		for k, s := range map[string]string{"key": b.Key, "url": b.URL, "value": b.MediaID} {
			if s != "" {
				v[k] = s
			}
		}
		out = append(out, v)
	}
	return out
}
