package xunjia

import "time"

// Credential is a secret that the platform lends for a while: an access token
// or a JS-SDK ticket. Value is at least 512 characters long at worst; ExpiresAt
// is when it must no longer be used.
type Credential struct {
	Value     string
	ExpiresAt time.Time
}

// Inbound is one push of the platform to an official account, as it is stored
// before it is handled. AppID and Key together are unique: the platform
// delivers a push up to three times, all with the same Key.
type Inbound struct {
	AppID      string
	Key        string // at most 64 characters: "m:<MsgId>" or "e:<hash of sender, second, event and event key>"
	OpenID     string // the sender
	Kind       string // the push's MsgType: "text", "image", "event", …
	Event      string // the push's Event for Kind "event": "subscribe", "CLICK", …; otherwise ""
	Body       string // the decrypted push, XML or JSON, at most 64 KiB
	ReceivedAt time.Time
}
