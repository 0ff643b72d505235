package handlers

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// jsConfig signs a page of ours for the JS-SDK: its address ("url") and the one
// at which the visitor entered ("entry"), because WeChat on iOS checks that
// one. It is Invalid for pages of others.
func (s *Site) jsConfig(c *gin.Context) error {
	if s.Account == nil {
		return errNoPage()
	}
	c.Header("Cache-Control", "no-store")
	out := map[string]wechat.JSConfig{}
	for _, name := range []string{"url", "entry"} {
		page := c.Query(name)
		if page == "" && name == "entry" {
			continue
		}
		if len(page) > 2048 {
			return xunjia.Errorf(xunjia.Invalid, "网址太长")
		}
		signed, err := s.Account.JSConfig(c.Request.Context(), page)
		if wechat.Classify(err) != "" && known(err).Code == xunjia.Internal {
			err = &xunjia.Error{Code: xunjia.Unavailable, Message: "微信暂时没有响应", Err: err}
		}
		if err != nil {
			return err
		}
		out[name] = signed
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// takeWeChatPicture fetches a picture that the visitor chose with the JS-SDK
// and keeps it like an upload. Field: server_id, as wx.uploadImage answers.
func (s *Site) takeWeChatPicture(c *gin.Context) error {
	ctx := c.Request.Context()
	id := c.PostForm("server_id")
	if s.Account == nil {
		return errNoPage()
	}
	if id == "" || len(id) > 256 {
		return xunjia.Errorf(xunjia.Invalid, "请选择一张图片")
	}
	file, err := s.Account.DownloadMedia(ctx, id)
	if err != nil {
		if known(err).Code == xunjia.Internal {
			err = &xunjia.Error{Code: xunjia.Unavailable, Message: "没能从微信取到图片，请再选一次", Err: err}
		}
		return err
	}
	if int64(len(file.Content)) > s.MaxUpload {
		return xunjia.Errorf(xunjia.TooLarge, "图片太大了，每张最多 %d MB", s.MaxUpload>>20)
	}
	m, err := s.keepPicture(ctx, visitOf(c).user.ID, bytes.NewReader(file.Content), media.Save)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, uploaded(m))
	return nil
}

// fillShare completes what a friend sees to whom the page is sent. Pages behind
// the login share the site: nobody else could open them.
func (s *Site) fillShare(c *gin.Context, l *templates.Layout) {
	if strings.HasPrefix(c.Request.URL.Path, "/admin") {
		return
	}
	if l.Share.Title == "" {
		l.Share = templates.Share{Title: "询价通：采购询价，一问就有", Text: "发布采购，供应商马上报价，微信里完成比价和成交。", Link: s.BaseURL + "/"}
	}
	if l.Share.Image == "" {
		l.Share.Image = s.BaseURL + "/share.png"
	}
}

// sharePurchase is how a purchase is sent to friends.
func (s *Site) sharePurchase(p xunjia.Purchase, status xunjia.PurchaseStatus) templates.Share {
	share := templates.Share{Title: "采购：" + p.Title(), Text: status.String(), Link: s.BaseURL + xunjia.PurchasePath(p.ID)}
	if status == xunjia.WaitingForQuote {
		share.Text = "正在询价，" + xunjia.ShortTime(p.Deadline) + " 截止，点开就能报价"
	}
	for _, line := range p.Lines {
		if picture := line.Picture(); picture.Media != "" {
			share.Image = s.BaseURL + templates.CropURL(picture, string(media.Mobile))
			break
		}
	}
	return share
}

// sharePicture is the site's own picture in cards.
func (s *Site) sharePicture(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	c.Data(http.StatusOK, "image/png", templates.SharePicture())
	return nil
}
