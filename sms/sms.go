// Package sms sends short messages through Aliyun and proves that a person
// holds a phone: verification codes with their limits, and picture captchas in
// front of them. It imports the root types, go-redis and Aliyun's SDK, and
// knows neither SQL nor HTTP handlers. Begin with Sender, Codes and Captchas.
package sms

import (
	"context"

	"github.com/xunjia/xunjia"
)

// Message is one short message to one phone, by a template that the provider
// has reviewed.
type Message struct {
	Phone    xunjia.Phone
	Template string            // the provider's template code: "SMS_000000001"
	Params   map[string]string // template variable → value; never logged
	OutID    string            // our delivery id; comes back in the provider's report
}

// Sender hands one message to the provider and answers the provider's receipt
// number. A nil error means accepted, not delivered. Errors are for Classify;
// after Ambiguous the message may have been sent, so it must not be sent again
// without a person or the send record saying so.
type Sender interface {
	Send(ctx context.Context, m Message) (bizID string, err error)
}
