package handlers

import (
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

// reportPatience is how long a report may be about a message whose sending has
// not been recorded yet. The provider repeats a push that was not taken after 1,
// 5 and 10 minutes.
const reportPatience = 20 * time.Minute

// smsReports takes the provider's word on what became of short messages. The
// provider does not sign it: whoever knows the address is believed, and can do
// no more than mark a message whose id and receiver he knows as well.
func (s *Site) smsReports(c *gin.Context) error {
	body, err := s.providerBody(c)
	if err != nil {
		return err
	}
	reports, err := sms.ParseReports(body)
	if err != nil {
		return err
	}
	early := false
	for _, r := range reports {
		err := s.Outbox.ConfirmSMS(c.Request.Context(), r)
		switch {
		case xunjia.ErrorCode(err) == xunjia.NotFound:
			early = early || !r.At.IsZero() && s.Clock().Sub(r.At) < reportPatience
		case err != nil:
			return err
		}
	}
	if early {
		return xunjia.Errorf(xunjia.Unavailable, "有的短信还没有记录完，请稍后再推送")
	}
	return thanked(c)
}

// smsReplies takes what people answered to short messages; whoever wants no more
// of them gets none but codes.
func (s *Site) smsReplies(c *gin.Context) error {
	body, err := s.providerBody(c)
	if err != nil {
		return err
	}
	replies, err := sms.ParseReplies(body)
	if err != nil {
		return err
	}
	for _, r := range replies {
		if !xunjia.UnsubscribesSMS(r.Text) {
			continue
		}
		switch err := s.Store.UnsubscribeSMS(c.Request.Context(), r.Phone); {
		case xunjia.ErrorCode(err) == xunjia.NotFound: // nobody here
		case err != nil:
			return err
		default:
			s.Log.InfoContext(c.Request.Context(), "short messages unsubscribed by reply", "phone", r.Phone.Masked())
		}
	}
	return thanked(c)
}

// providerBody is the body of a push to the secret address.
func (s *Site) providerBody(c *gin.Context) ([]byte, error) {
	if subtle.ConstantTimeCompare([]byte(c.Param("token")), []byte(s.SMSToken)) != 1 {
		return nil, xunjia.Errorf(xunjia.Forbidden, "推送地址不对")
	}
	body, err := io.ReadAll(c.Request.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLarge {
		return nil, xunjia.Errorf(xunjia.Invalid, "内容没有收完")
	}
	return body, err
}

// thanked is the answer that the provider wants; code must be a number.
func thanked(c *gin.Context) error {
	c.JSON(http.StatusOK, gin.H{"code": 0, "msg": "接收成功"})
	return nil
}
