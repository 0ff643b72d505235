package outbox

import (
	"errors"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// The rules of trying again.
const (
	maxAttempts = 12
	maxAge      = 24 * time.Hour // after which lateTries are enough
	lateTries   = 3
	firstWait   = time.Second
	longestWait = 15 * time.Minute
	// dedupeWindow is how long an ambiguous template message may be repeated:
	// the platform drops doubles by client_msg_id for 10 minutes.
	dedupeWindow = 8 * time.Minute
)

// meaning is what an answer of a channel means for the message.
type meaning int

const (
	accepted meaning = iota
	notSent          // try again
	blocked          // the channel takes nothing at the moment; not the message's fault
	refused          // never by this channel to this person
	doubtful         // nobody knows whether it was carried out
)

// answer is what a channel said to one try.
type answer struct {
	meaning   meaning
	messageID string        // of an accepted message
	reason    string        // Chinese, for staff
	wait      time.Duration // at least, before the next try
	stop      string        // name of the channel or kind that is stopped; "" for none
	alarm     bool          // staff must act before it works again
}

// judgeWeChat reads the answer of the official account to a message of the
// channel. attempt counts from 1.
func judgeWeChat(ch xunjia.Channel, messageID string, err error, attempt int, now time.Time) answer {
	channel := string(ch)
	a := answer{messageID: messageID, reason: wechat.StaffText(err), wait: wechat.RetryAfter(err, now)}
	switch wechat.Classify(err) {
	case "":
		a.meaning = accepted
	case wechat.Quota:
		// The quota comes back at midnight, or when staff clear it by hand, so
		// one message a minute tries.
		a.meaning, a.stop, a.wait = blocked, channel, probeEvery
	case wechat.Configuration:
		a.meaning, a.stop, a.wait, a.alarm = blocked, channel, probeEvery, true
	case wechat.RecipientPermanent, wechat.RestartOAuth:
		a.meaning = refused
	case wechat.PayloadPermanent:
		a.meaning = refused
		if e, ok := errors.AsType[*wechat.APIError](err); ok && e.Code == 40037 && attempt < 2 {
			// Answered now and then for templates that exist.
			a.meaning, a.wait = notSent, 30*time.Second
		}
	case wechat.Ambiguous:
		a.meaning = doubtful
	default: // Retry, RefreshToken
		a.meaning = notSent
		if a.wait > 0 { // 45011: too many calls in this minute, for every message
			a.meaning, a.stop = blocked, channel
		}
	}
	return a
}

// judgeSMS reads the answer of the SMS provider. key names the kind of message.
func judgeSMS(bizID string, err error, key string) answer {
	channel := string(xunjia.SMSChannel)
	a := answer{messageID: bizID, reason: sms.Explain(err)}
	switch sms.Classify(err) {
	case 0:
		a.meaning = accepted
	case sms.Retry:
		a.meaning = notSent
	case sms.NotNow:
		a.meaning, a.wait = notSent, time.Minute
	case sms.Stop:
		a.meaning, a.stop, a.wait, a.alarm = blocked, channel, probeEvery, true
	case sms.Configuration:
		// A template that is wrong must not hold up the others, least of all codes.
		a.meaning, a.stop, a.wait, a.alarm = blocked, kindStop(key), probeEvery, true
	case sms.Permanent:
		a.meaning = refused
	default:
		a.meaning = doubtful
	}
	return a
}

// kindStop names the stop of one kind of SMS.
func kindStop(key string) string { return string(xunjia.SMSChannel) + "/" + key }

// before decides what becomes of a claimed delivery without sending it: false
// when it is to be sent. claimed is the moment of the claim.
func before(d xunjia.Delivery, claimed, now time.Time, timeout time.Duration) (store.Outcome, bool) {
	out := outcomeOf(d)
	inDoubt := !d.FirstTryAt.Equal(claimed)
	switch {
	case inDoubt && d.Channel.AtMostOnce():
		out.State, out.Reason = xunjia.DeliveryUnknown, "上次发送没有等到结果，为免重复不再自动发送"
	case inDoubt && now.Sub(d.FirstTryAt) >= dedupeWindow:
		out.State, out.Reason = xunjia.DeliveryUnknown, "发送结果不明，已超过可以安全重发的时间"
	case !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt):
		out.State, out.Reason = xunjia.DeliverySkipped, "已经过期，没有发送"
	case d.NextAt.Sub(now) < timeout:
		return putBack(d, claimed, now, ""), true
	default:
		return store.Outcome{}, false
	}
	return out, true
}

// putBack makes a claimed delivery, which was not sent, wait until next as if
// it had not been claimed.
func putBack(d xunjia.Delivery, claimed, next time.Time, reason string) store.Outcome {
	out := outcomeOf(d)
	out.State, out.NextAt, out.Attempt = xunjia.DeliveryPending, next, d.Attempt-1
	if d.FirstTryAt.Equal(claimed) {
		out.FirstTryAt = time.Time{}
	}
	if reason != "" {
		out.Reason = reason
	}
	return out
}

// after decides what becomes of a delivery after a try. claimed is the moment of
// the claim, random in [0,1) the jitter.
func after(d xunjia.Delivery, a answer, claimed, now time.Time, random float64) store.Outcome {
	out := outcomeOf(d)
	out.Reason, out.MessageID = a.reason, a.messageID
	inDoubt := !d.FirstTryAt.Equal(claimed)
	switch a.meaning {
	case accepted:
		out.State, out.SentAt = xunjia.DeliverySent, now
		return out
	case refused:
		out.State = xunjia.DeliveryFailed
		return out
	case doubtful:
		if d.Channel.AtMostOnce() {
			out.State = xunjia.DeliveryUnknown
			return out
		}
		inDoubt = true
	}
	if !inDoubt {
		out.FirstTryAt = time.Time{} // surely not sent, so nothing to be careful about
	}
	if a.meaning == blocked {
		out.Attempt--
		out.NextAt = now.Add(a.wait + time.Duration(random*float64(a.wait)))
	} else {
		out.NextAt = now.Add(max(a.wait, backoff(d.Attempt, random)))
	}
	exhausted := a.meaning != blocked && (d.Attempt >= maxAttempts || d.Attempt >= lateTries && now.Sub(d.CreatedAt) >= maxAge)
	switch {
	case inDoubt && (exhausted || out.NextAt.Sub(d.FirstTryAt) >= dedupeWindow):
		out.State = xunjia.DeliveryUnknown
	case exhausted:
		out.State = xunjia.DeliveryDead
	case !d.ExpiresAt.IsZero() && !out.NextAt.Before(d.ExpiresAt):
		out.State = xunjia.DeliveryFailed
	default:
		out.State = xunjia.DeliveryPending
	}
	return out
}

// backoff is how long to wait after the given number of tries: full jitter
// below 1, 2, 4 … seconds, at most 15 minutes.
func backoff(attempt int, random float64) time.Duration {
	ceiling := longestWait
	if attempt < 11 {
		ceiling = min(ceiling, firstWait<<max(0, attempt-1))
	}
	return time.Duration(random * float64(ceiling))
}

// outcomeOf begins an outcome that changes nothing but ends the lease.
func outcomeOf(d xunjia.Delivery) store.Outcome {
	return store.Outcome{
		ID: d.ID, Owner: d.Owner, Attempt: d.Attempt, FirstTryAt: d.FirstTryAt, Reason: d.Reason,
		Secret: d.Kind == xunjia.CodeRequested,
	}
}
