package sim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
)

// Permanent material: 100,000 pictures and news, 1,000 of the others.
// [off] developers.weixin.qq.com/doc/service/api/material
const (
	maxPictures = 100_000
	maxOthers   = 1_000
)

func materialRoutes() map[string]route {
	return map[string]route{
		"/cgi-bin/material/add_material":      {method: http.MethodPost, run: addMaterial},
		"/cgi-bin/material/get_material":      {method: http.MethodPost, run: getMaterial},
		"/cgi-bin/material/del_material":      {method: http.MethodPost, run: deleteMaterial},
		"/cgi-bin/material/get_materialcount": {run: countMaterial},
		"/cgi-bin/material/batchget_material": {method: http.MethodPost, run: listMaterial},
	}
}

// materials of one kind, newest first.
func (a *account) materials(kind string) []*mediaItem {
	var out []*mediaItem
	for _, m := range a.media {
		if m.permanent && m.kind == kind {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(x, y *mediaItem) int { return cmp.Or(y.created.Compare(x.created), cmp.Compare(x.id, y.id)) })
	return out
}

func addMaterial(c *call) (any, *apiError) {
	name, data, fields, err := c.formFile()
	if err != nil {
		return nil, err
	}
	kind := c.q.Get("type")
	if kind == "" {
		kind = fields["type"]
	}
	if err := checkMedia(kind, name, data); err != nil {
		return nil, err
	}
	limit := maxOthers
	if kind == "image" {
		limit = maxPictures
	}
	if len(c.acc.materials(kind)) >= limit {
		return nil, fail(45001, "media size out of limit")
	}
	item := c.acc.keepMedia(c.st, kind, name, data, c.now)
	item.permanent = true
	if kind == "video" {
		var about struct {
			Title        string `json:"title"`
			Introduction string `json:"introduction"`
		}
		if json.Unmarshal([]byte(fields["description"]), &about) != nil {
			delete(c.acc.media, item.id)
			return nil, fail(47001)
		}
		item.title, item.intro = about.Title, about.Introduction
	}
	out := map[string]any{"media_id": item.id, "item": []any{}}
	if kind == "image" || kind == "thumb" {
		out["url"] = c.s.pictureURL(c.acc, item)
	}
	return out, nil
}

// permanentItem reads {"media_id": …} and finds the material.
func (c *call) permanentItem() (*mediaItem, *apiError) {
	var in struct {
		MediaID string `json:"media_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	item := c.acc.media[in.MediaID]
	if item == nil || !item.permanent {
		return nil, fail(40007)
	}
	return item, nil
}

func getMaterial(c *call) (any, *apiError) {
	item, err := c.permanentItem()
	if err != nil {
		return nil, err
	}
	if item.kind == "video" {
		return map[string]any{"title": item.title, "description": item.intro, "down_url": c.s.pictureURL(c.acc, item)}, nil
	}
	return rawBody{contentType: item.contentType(), filename: item.fileName(), data: item.data}, nil
}

func deleteMaterial(c *call) (any, *apiError) {
	item, err := c.permanentItem()
	if err != nil {
		return nil, err
	}
	delete(c.acc.media, item.id)
	return nil, nil
}

func countMaterial(c *call) (any, *apiError) {
	return map[string]any{
		"voice_count": len(c.acc.materials("voice")), "video_count": len(c.acc.materials("video")),
		"image_count": len(c.acc.materials("image")), "news_count": len(c.acc.materials("news")),
	}, nil
}

func listMaterial(c *call) (any, *apiError) {
	var in struct {
		Type   string `json:"type"`
		Offset int    `json:"offset"`
		Count  int    `json:"count"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch in.Type {
	case "image", "voice", "video", "news":
	default:
		return nil, fail(40004)
	}
	if in.Count < 1 || in.Count > 20 || in.Offset < 0 { // 1-20 [off]
		return nil, fail(40035)
	}
	all := c.acc.materials(in.Type)
	from := min(in.Offset, len(all))
	items := []map[string]any{}
	for _, m := range all[from:min(from+in.Count, len(all))] {
		items = append(items, map[string]any{"media_id": m.id, "name": m.fileName(), "update_time": m.created.Unix(), "url": c.s.pictureURL(c.acc, m)})
	}
	return map[string]any{"total_count": len(all), "item_count": len(items), "item": items}, nil
}
