package sim

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// mediaLife is how long a temporary media id is valid. [off] developers.weixin.qq.com/doc/service/api/media
const mediaLife = 3 * 24 * time.Hour

// mediaItem is a temporary or permanent file of an account.
type mediaItem struct {
	id        string
	kind      string // image, voice, video, thumb or news
	name      string
	data      []byte
	created   time.Time
	permanent bool
	onDisk    bool   // saved under Options.Dir
	title     string // of a permanent video
	intro     string
}

// keepMedia stores a file and answers its item.
func (a *account) keepMedia(st *state, kind, name string, data []byte, now time.Time) *mediaItem {
	item := &mediaItem{id: st.random(64), kind: kind, name: name, data: data, created: now}
	a.media[item.id] = item
	return item
}

// findMedia answers a live item of one of the kinds (any kind when none given).
func (a *account) findMedia(id string, now time.Time, kinds ...string) *mediaItem {
	item := a.media[id]
	if item == nil || (!item.permanent && now.Sub(item.created) >= mediaLife) {
		return nil
	}
	if len(kinds) > 0 && !slices.Contains(kinds, item.kind) {
		return nil
	}
	return item
}

// contentType of the file, by its first bytes.
func (m *mediaItem) contentType() string {
	if m.kind == "voice" && bytes.HasPrefix(m.data, []byte("#!AMR")) {
		return "audio/amr"
	}
	return http.DetectContentType(m.data)
}

// fileName has an extension that fits the content.
func (m *mediaItem) fileName() string {
	if m.name != "" && path.Ext(m.name) != "" {
		return path.Base(m.name)
	}
	switch m.contentType() {
	case "image/png":
		return m.id + ".png"
	case "image/jpeg":
		return m.id + ".jpg"
	case "image/gif":
		return m.id + ".gif"
	case "audio/amr":
		return m.id + ".amr"
	case "video/mp4":
		return m.id + ".mp4"
	default:
		return m.id
	}
}

func (s *Server) pictureURL(a *account, m *mediaItem) string {
	return s.base + "/mmbiz/" + a.AppID + "/" + m.id
}

// servePicture is where media can be seen without a token, as on mmbiz.qpic.cn.
func (s *Server) servePicture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var item *mediaItem
	if a := s.st.account(r.PathValue("app")); a != nil {
		item = a.media[r.PathValue("id")]
	}
	s.mu.Unlock()
	if item == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", item.contentType())
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox")
	w.Header().Set("Cache-Control", "private, max-age=86400")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(item.data))
}

// identicon draws a symmetric 5×5 pattern in a colour of its own.
func identicon(key string, size int) []byte {
	h := fnv.New64a()
	_, _ = io.WriteString(h, key)
	bits := h.Sum64()
	palette := color.Palette{
		color.RGBA{0xf2, 0xf2, 0xf2, 0xff},
		color.RGBA{uint8(0x30 + bits>>56&0x7f), uint8(0x50 + bits>>48&0x6f), uint8(0x50 + bits>>40&0x7f), 0xff}, // #nosec G115 -- masked
	}
	img := image.NewPaletted(image.Rect(0, 0, size, size), palette)
	cell := size / 6
	margin := (size - 5*cell) / 2
	for y := range 5 {
		for x := range 5 {
			col := min(x, 4-x)
			if bits>>(y*3+col)&1 == 0 {
				continue
			}
			for py := range cell {
				for px := range cell {
					img.SetColorIndex(margin+x*cell+px, margin+y*cell+py, 1)
				}
			}
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func mediaRoutes() map[string]route {
	t := map[string]route{
		"/cgi-bin/media/upload":    {method: http.MethodPost, perDay: 100_000, run: uploadMedia},
		"/cgi-bin/media/get":       {perDay: 200_000, run: getMedia},
		"/cgi-bin/media/get/jssdk": {perDay: 200_000, run: getMedia},
		"/cgi-bin/media/uploadimg": {method: http.MethodPost, run: uploadPicture},
	}
	for _, area := range []map[string]route{materialRoutes(), draftRoutes(), massRoutes()} {
		for p, r := range area {
			t[p] = r
		}
	}
	return t
}

// formFile reads the "media" part of a multipart upload and other fields.
func (c *call) formFile() (name string, data []byte, fields map[string]string, err *apiError) {
	kind, params, e := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if e != nil || kind != "multipart/form-data" {
		return "", nil, nil, fail(41005)
	}
	mr := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	fields = map[string]string{}
	for {
		part, e := mr.NextPart()
		if e != nil {
			break
		}
		raw, e := io.ReadAll(part)
		if e != nil {
			return "", nil, nil, fail(41005)
		}
		if part.FormName() == "media" {
			name, data = part.FileName(), raw
		} else {
			fields[part.FormName()] = string(raw)
		}
	}
	if len(data) == 0 {
		return "", nil, nil, fail(41005)
	}
	return name, data, fields, nil
}

// checkMedia holds a file to the limits of its kind.
// [off] developers.weixin.qq.com/doc/service/api/media: image 10 MB PNG/JPEG/JPG/GIF,
// voice 2 MB AMR/MP3, video 10 MB MP4, thumb 64 KB JPG
func checkMedia(kind, name string, data []byte) *apiError {
	limits := map[string]int{"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}
	limit, ok := limits[kind]
	if !ok {
		return fail(40004)
	}
	if len(data) > limit {
		return fail(40006)
	}
	sniffed, ext := http.DetectContentType(data), strings.ToLower(path.Ext(name))
	good := true
	switch kind {
	case "image":
		good = sniffed == "image/png" || sniffed == "image/jpeg" || sniffed == "image/gif" || sniffed == "image/bmp"
	case "thumb":
		good = sniffed == "image/jpeg"
	case "voice":
		good = ext == ".amr" || ext == ".mp3" || sniffed == "audio/mpeg" || bytes.HasPrefix(data, []byte("#!AMR"))
	case "video":
		good = ext == ".mp4" || sniffed == "video/mp4"
	}
	if !good {
		return fail(40005)
	}
	return nil
}

func uploadMedia(c *call) (any, *apiError) {
	name, data, _, err := c.formFile()
	if err != nil {
		return nil, err
	}
	kind := c.q.Get("type")
	if err := checkMedia(kind, name, data); err != nil {
		return nil, err
	}
	item := c.acc.keepMedia(c.st, kind, name, data, c.now)
	key := "media_id"
	if kind == "thumb" {
		key = "thumb_media_id"
	}
	return map[string]any{"type": kind, key: item.id, "created_at": c.now.Unix(), "item": []any{}}, nil
}

func getMedia(c *call) (any, *apiError) {
	id := c.q.Get("media_id")
	if id == "" {
		return nil, fail(41006)
	}
	item := c.acc.findMedia(id, c.now)
	if item == nil || item.permanent {
		return nil, fail(40007)
	}
	if item.kind == "video" {
		return map[string]any{"video_url": c.s.pictureURL(c.acc, item)}, nil
	}
	return rawBody{contentType: item.contentType(), filename: item.fileName(), data: item.data}, nil
}

// uploadPicture stores a picture for the body of an article: JPG or PNG under
// 1 MB, answered by its address. [off]
func uploadPicture(c *call) (any, *apiError) {
	name, data, _, err := c.formFile()
	if err != nil {
		return nil, err
	}
	if len(data) > 1<<20 {
		return nil, fail(40006)
	}
	if err := checkMedia("image", name, data); err != nil {
		return nil, err
	}
	item := c.acc.keepMedia(c.st, "image", name, data, c.now)
	item.permanent = true
	return map[string]any{"url": c.s.pictureURL(c.acc, item)}, nil
}
