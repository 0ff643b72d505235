package sim

import (
	"net/http"
	"slices"
)

// Limits of tags. [off] developers.weixin.qq.com/doc/service/api/usermanage/tags
const (
	maxTags       = 100
	maxTagName    = 30 // bytes
	maxTagMembers = 50 // of one batch
	maxUserTags   = 20
)

// tag labels fans; the ids 0, 1 and 2 belong to the platform.
type tag struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func tagRoutes() map[string]route {
	post := func(f func(*call) (any, *apiError)) route { return route{method: http.MethodPost, run: f} }
	return map[string]route{
		"/cgi-bin/tags/create":                 post(createTag),
		"/cgi-bin/tags/get":                    {run: listTags},
		"/cgi-bin/tags/update":                 post(updateTag),
		"/cgi-bin/tags/delete":                 post(deleteTag),
		"/cgi-bin/user/tag/get":                post(tagMembers),
		"/cgi-bin/tags/members/batchtagging":   post(batchTag(true)),
		"/cgi-bin/tags/members/batchuntagging": post(batchTag(false)),
		"/cgi-bin/tags/getidlist":              post(tagsOfUser),
	}
}

func (a *account) tag(id int) *tag {
	for _, t := range a.tags {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// tagInput is {"tag":{"id":…,"name":…}}.
type tagInput struct {
	Tag tag `json:"tag"`
}

func (a *account) checkTagName(id int, name string) *apiError {
	if name == "" {
		return fail(40035)
	}
	if len(name) > maxTagName {
		return fail(45158)
	}
	if slices.ContainsFunc(a.tags, func(t *tag) bool { return t.Name == name && t.ID != id }) {
		return fail(45157)
	}
	return nil
}

func createTag(c *call) (any, *apiError) {
	var in tagInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.acc.checkTagName(0, in.Tag.Name); err != nil {
		return nil, err
	}
	if len(c.acc.tags) > maxTags {
		return nil, fail(45056)
	}
	t := &tag{ID: c.acc.nextTag, Name: in.Tag.Name}
	c.acc.nextTag++
	c.acc.tags = append(c.acc.tags, t)
	return map[string]any{"tag": t}, nil
}

func listTags(c *call) (any, *apiError) {
	out := []map[string]any{}
	for _, t := range c.acc.tags {
		n := len(c.acc.followers(func(f *contact) bool { return f.followed && slices.Contains(f.tags, t.ID) }))
		out = append(out, map[string]any{"id": t.ID, "name": t.Name, "count": n})
	}
	return map[string]any{"tags": out}, nil
}

// ownTag finds a tag that may be changed.
func (c *call) ownTag(id int) (*tag, *apiError) {
	if id <= 2 && id >= 0 {
		return nil, fail(45058)
	}
	t := c.acc.tag(id)
	if t == nil {
		return nil, fail(45159)
	}
	return t, nil
}

func updateTag(c *call) (any, *apiError) {
	var in tagInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.ownTag(in.Tag.ID)
	if err != nil {
		return nil, err
	}
	if err := c.acc.checkTagName(t.ID, in.Tag.Name); err != nil {
		return nil, err
	}
	t.Name = in.Tag.Name
	return nil, nil
}

func deleteTag(c *call) (any, *apiError) {
	var in tagInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.ownTag(in.Tag.ID)
	if err != nil {
		return nil, err
	}
	c.acc.tags = slices.DeleteFunc(c.acc.tags, func(x *tag) bool { return x == t })
	for _, f := range c.acc.byOpenID {
		f.tags = slices.DeleteFunc(f.tags, func(id int) bool { return id == t.ID })
	}
	return nil, nil
}

func tagMembers(c *call) (any, *apiError) {
	var in struct {
		TagID      int    `json:"tagid"`
		NextOpenID string `json:"next_openid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if c.acc.tag(in.TagID) == nil {
		return nil, fail(45159)
	}
	page := openIDPage(c.acc.followers(func(f *contact) bool { return f.followed && slices.Contains(f.tags, in.TagID) }), in.NextOpenID, maxOpenIDPage)
	delete(page, "total")
	return page, nil
}

func batchTag(on bool) func(*call) (any, *apiError) {
	return func(c *call) (any, *apiError) {
		var in struct {
			OpenIDs []string `json:"openid_list"`
			TagID   int      `json:"tagid"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		if c.acc.tag(in.TagID) == nil {
			return nil, fail(45159)
		}
		if len(in.OpenIDs) == 0 || len(in.OpenIDs) > maxTagMembers {
			return nil, fail(40032)
		}
		for _, id := range in.OpenIDs {
			f := c.acc.byOpenID[id]
			if f == nil {
				return nil, fail(40003)
			}
			if !f.followed {
				return nil, fail(49003)
			}
			if on && len(f.tags) >= maxUserTags && !slices.Contains(f.tags, in.TagID) {
				return nil, fail(45059)
			}
		}
		for _, id := range in.OpenIDs {
			f := c.acc.byOpenID[id]
			f.tags = slices.DeleteFunc(f.tags, func(t int) bool { return t == in.TagID })
			if on {
				f.tags = append(f.tags, in.TagID)
			}
		}
		c.s.hub.publish(event{Kind: "state", AppID: c.acc.AppID}) // menus by tag may change
		return nil, nil
	}
}

func tagsOfUser(c *call) (any, *apiError) {
	var in struct {
		OpenID string `json:"openid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	f := c.acc.byOpenID[in.OpenID]
	if f == nil {
		return nil, fail(40003)
	}
	return map[string]any{"tagid_list": append([]int{}, f.tags...)}, nil
}
