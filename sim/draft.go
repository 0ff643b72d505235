package sim

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// draftArticle is one article of a draft. [off] developers.weixin.qq.com/doc/service/api/draftbox
type draftArticle struct {
	Title              string `json:"title"`
	Author             string `json:"author"`
	Digest             string `json:"digest"`
	Content            string `json:"content"`
	ContentSourceURL   string `json:"content_source_url"`
	ThumbMediaID       string `json:"thumb_media_id"`
	NeedOpenComment    int    `json:"need_open_comment"`
	OnlyFansCanComment int    `json:"only_fans_can_comment"`
	URL                string `json:"url"`
}

// draft is an entry of the draft box.
type draft struct {
	id       string
	articles []draftArticle
	created  time.Time
	updated  time.Time
}

// publishJob is a publication and, once done, the article.
type publishJob struct {
	id        string
	articleID string
	articles  []draftArticle
	at        time.Time
	deleted   bool
}

func draftRoutes() map[string]route {
	post := func(f func(*call) (any, *apiError)) route { return route{method: http.MethodPost, run: f} }
	return map[string]route{
		"/cgi-bin/draft/add":              post(addDraft),
		"/cgi-bin/draft/get":              post(getDraft),
		"/cgi-bin/draft/update":           post(updateDraft),
		"/cgi-bin/draft/delete":           post(deleteDraft),
		"/cgi-bin/draft/count":            {run: countDrafts},
		"/cgi-bin/draft/batchget":         post(listDrafts),
		"/cgi-bin/freepublish/submit":     post(submitPublish),
		"/cgi-bin/freepublish/get":        post(getPublish),
		"/cgi-bin/freepublish/getarticle": post(getArticle),
		"/cgi-bin/freepublish/delete":     post(deletePublish),
		"/cgi-bin/freepublish/batchget":   post(listPublished),
	}
}

// checkArticle: a title, a cover that exists, a body under 20,000 characters. [off]
func (c *call) checkArticle(a draftArticle) *apiError {
	switch {
	case a.Title == "" || len([]rune(a.Title)) > 32:
		return fail(45003, "title size out of limit")
	case a.Content == "":
		return fail(44004)
	case len([]rune(a.Content)) > 20_000:
		return fail(45002)
	case len([]rune(a.Digest)) > 120:
		return fail(45004, "description size out of limit")
	}
	if m := c.acc.media[a.ThumbMediaID]; m == nil || !m.permanent {
		return fail(40007)
	}
	return nil
}

func (c *call) articleURL(id string, n int) string {
	return c.s.base + "/s/" + c.acc.AppID + "/" + id + "/" + strconv.Itoa(n)
}

// serveArticle is mp.weixin.qq.com/s: an article as readers see it. Scripts in
// its body do not run.
func (s *Server) serveArticle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var page *articlePage
	if a := s.st.account(r.PathValue("app")); a != nil {
		page = a.articlePage(r.URL.Path)
	}
	s.mu.Unlock()
	if page == nil {
		renderPage(w, http.StatusNotFound, "message", messagePage{"文章不存在", "这篇文章可能已被删除"})
		return
	}
	w.Header().Set("Content-Security-Policy", "script-src 'none'; form-action 'none'")
	renderPage(w, http.StatusOK, "article", page)
}

// articlePage finds an article, published or still a draft, by its path.
func (a *account) articlePage(path string) *articlePage {
	lists := [][]draftArticle{}
	for _, d := range a.drafts {
		lists = append(lists, d.articles)
	}
	for _, job := range a.publishes {
		if !job.deleted {
			lists = append(lists, job.articles)
		}
	}
	for _, list := range lists {
		for _, article := range list {
			if u, err := url.Parse(article.URL); err == nil && u.Path == path {
				return &articlePage{article.Title, article.Author, a.Name, template.HTML(article.Content), article.ContentSourceURL} // #nosec G203 -- scripts are off by policy
			}
		}
	}
	return nil
}

func addDraft(c *call) (any, *apiError) {
	var in struct {
		Articles []draftArticle `json:"articles"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Articles) < 1 || len(in.Articles) > 8 { // 1-8 [off]
		return nil, fail(45008, "article size out of limit")
	}
	d := &draft{id: c.st.random(64), created: c.now, updated: c.now}
	for i, a := range in.Articles {
		if err := c.checkArticle(a); err != nil {
			return nil, err
		}
		a.URL = c.articleURL(d.id, i)
		d.articles = append(d.articles, a)
	}
	c.acc.drafts = append(c.acc.drafts, d)
	return map[string]any{"media_id": d.id}, nil
}

func (a *account) draft(id string) *draft {
	for _, d := range a.drafts {
		if d.id == id {
			return d
		}
	}
	return nil
}

// namedDraft reads {"media_id": …} and finds the draft.
func (c *call) namedDraft() (*draft, *apiError) {
	var in struct {
		MediaID string `json:"media_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := c.acc.draft(in.MediaID)
	if d == nil {
		return nil, fail(40007)
	}
	return d, nil
}

func getDraft(c *call) (any, *apiError) {
	d, err := c.namedDraft()
	if err != nil {
		return nil, err
	}
	return map[string]any{"news_item": d.articles, "create_time": d.created.Unix(), "update_time": d.updated.Unix()}, nil
}

func updateDraft(c *call) (any, *apiError) {
	var in struct {
		MediaID  string       `json:"media_id"`
		Index    int          `json:"index"`
		Articles draftArticle `json:"articles"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d := c.acc.draft(in.MediaID)
	if d == nil {
		return nil, fail(40007)
	}
	if in.Index < 0 || in.Index >= len(d.articles) {
		return nil, fail(40114, "invalid index value")
	}
	if err := c.checkArticle(in.Articles); err != nil {
		return nil, err
	}
	in.Articles.URL = d.articles[in.Index].URL
	d.articles[in.Index], d.updated = in.Articles, c.now
	return nil, nil
}

func deleteDraft(c *call) (any, *apiError) {
	d, err := c.namedDraft()
	if err != nil {
		return nil, err
	}
	c.acc.drafts = slices.DeleteFunc(c.acc.drafts, func(x *draft) bool { return x == d })
	return nil, nil
}

func countDrafts(c *call) (any, *apiError) {
	return map[string]any{"total_count": len(c.acc.drafts)}, nil
}

// pageInput is the paging of the list calls.
type pageInput struct {
	Offset    int `json:"offset"`
	Count     int `json:"count"`
	NoContent int `json:"no_content"`
}

func (c *call) page(total int) (from, to int, bare bool, err *apiError) {
	var in pageInput
	if err := c.decode(&in); err != nil {
		return 0, 0, false, err
	}
	if in.Offset < 0 || in.Count < 1 || in.Count > 20 {
		return 0, 0, false, fail(40035)
	}
	from = min(in.Offset, total)
	return from, min(from+in.Count, total), in.NoContent == 1, nil
}

// newsItems drops bodies where the caller does not want them.
func newsItems(list []draftArticle, bare bool) []draftArticle {
	out := slices.Clone(list)
	for i := range out {
		if bare {
			out[i].Content = ""
		}
	}
	return out
}

func listDrafts(c *call) (any, *apiError) {
	all := slices.Clone(c.acc.drafts)
	slices.Reverse(all)
	from, to, bare, err := c.page(len(all))
	if err != nil {
		return nil, err
	}
	items := []map[string]any{}
	for _, d := range all[from:to] {
		items = append(items, map[string]any{"media_id": d.id, "content": map[string]any{"news_item": newsItems(d.articles, bare)}, "update_time": d.updated.Unix()})
	}
	return map[string]any{"total_count": len(all), "item_count": len(items), "item": items}, nil
}

// submitPublish publishes at once; the result event follows the answer, as
// PUBLISHJOBFINISH. [off] …/api/public
func submitPublish(c *call) (any, *apiError) {
	d, err := c.namedDraft()
	if err != nil {
		return nil, err
	}
	job := &publishJob{id: strconv.FormatInt(c.st.msgID(), 10), articleID: c.st.random(43), articles: d.articles, at: c.now}
	c.acc.publishes[job.id] = job
	c.acc.drafts = slices.DeleteFunc(c.acc.drafts, func(x *draft) bool { return x == d })
	kids := []node{num("count", int64(len(job.articles)))}
	for i, a := range job.articles {
		kids = append(kids, tree("item", num("idx", int64(i+1)), str("article_url", a.URL)))
	}
	c.accountEvent("PUBLISHJOBFINISH", tree("PublishEventInfo", str("publish_id", job.id), num("publish_status", 0),
		str("article_id", job.articleID), tree("article_detail", kids...)))
	return map[string]any{"errcode": 0, "errmsg": "ok", "publish_id": job.id, "msg_data_id": c.st.next()}, nil
}

// accountEvent pushes an event that belongs to no particular fan; the platform
// names one of them as the sender all the same.
func (c *call) accountEvent(name string, fields ...node) {
	for _, u := range c.st.users {
		c.jobFinish(c.st.contact(c.acc, u), name, fields...)
		return
	}
}

func getPublish(c *call) (any, *apiError) {
	var in struct {
		PublishID jsonText `json:"publish_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	job := c.acc.publishes[string(in.PublishID)]
	if job == nil {
		return nil, fail(53600, "invalid publish_id")
	}
	items := []map[string]any{}
	for i, a := range job.articles {
		items = append(items, map[string]any{"idx": i + 1, "article_url": a.URL})
	}
	status := 0
	if job.deleted {
		status = 5
	}
	return map[string]any{
		"publish_id": job.id, "publish_status": status, "article_id": job.articleID,
		"article_detail": map[string]any{"count": len(items), "item": items}, "fail_idx": []int{},
	}, nil
}

// article finds a publication by its article id.
func (a *account) article(id string) *publishJob {
	for _, job := range a.publishes {
		if job.articleID == id && !job.deleted {
			return job
		}
	}
	return nil
}

// namedArticle reads {"article_id": …}.
func (c *call) namedArticle() (*publishJob, *apiError) {
	var in struct {
		ArticleID string `json:"article_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	job := c.acc.article(in.ArticleID)
	if job == nil {
		return nil, fail(53600)
	}
	return job, nil
}

func getArticle(c *call) (any, *apiError) {
	job, err := c.namedArticle()
	if err != nil {
		return nil, err
	}
	return map[string]any{"news_item": job.articles, "create_time": job.at.Unix(), "update_time": job.at.Unix()}, nil
}

func deletePublish(c *call) (any, *apiError) {
	job, err := c.namedArticle()
	if err != nil {
		return nil, err
	}
	job.deleted = true
	return nil, nil
}

func listPublished(c *call) (any, *apiError) {
	var all []*publishJob
	for _, job := range c.acc.publishes {
		if !job.deleted {
			all = append(all, job)
		}
	}
	slices.SortFunc(all, func(x, y *publishJob) int { return y.at.Compare(x.at) })
	from, to, bare, err := c.page(len(all))
	if err != nil {
		return nil, err
	}
	items := []map[string]any{}
	for _, job := range all[from:to] {
		items = append(items, map[string]any{"article_id": job.articleID, "content": map[string]any{"news_item": newsItems(job.articles, bare)}, "update_time": job.at.Unix()})
	}
	return map[string]any{"total_count": len(all), "item_count": len(items), "item": items}, nil
}

// articleBubble is a customer message with published or stored articles.
func (c *call) articleBubble(m *Message, in *customMessage) (*Message, *apiError) {
	var list []draftArticle
	if in.MsgType == "mpnewsarticle" {
		job := c.acc.article(in.MPNewsArticle.ArticleID)
		if job == nil {
			return nil, fail(53600)
		}
		list = job.articles
	} else if d := c.acc.draft(in.MPNews.MediaID); d != nil {
		list = d.articles
	} else {
		return nil, fail(40007)
	}
	m.Type = "news"
	m.Articles = c.shownArticles(list)
	return m, nil
}

// shownArticles are articles as a bubble shows them.
func (c *call) shownArticles(list []draftArticle) []Article {
	var out []Article
	for _, a := range list {
		pic := ""
		if cover := c.acc.media[a.ThumbMediaID]; cover != nil {
			pic = c.s.pictureURL(c.acc, cover)
		}
		out = append(out, Article{a.Title, a.Digest, pic, a.URL})
	}
	return out
}
