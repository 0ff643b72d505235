package xunjia

import "time"

// EventKind names something that happened. It is written in the transaction
// that made it happen, and everyone concerned is told of it afterwards.
type EventKind string

// The kinds of events and whom each one concerns.
const (
	PurchasePublished EventKind = "purchase.published" // suppliers who follow a category of it
	PurchaseEnded     EventKind = "purchase.ended"     // everyone who quoted, and the buyer when the deadline did it
	PurchaseClosed    EventKind = "purchase.closed"    // everyone who quoted, and the buyer when staff did it
	QuoteCreated      EventKind = "quote.created"      // the buyer
	QuoteRevised      EventKind = "quote.revised"      // the buyer
	QuoteWithdrawn    EventKind = "quote.withdrawn"    // the buyer
	QuoteAccepted     EventKind = "quote.accepted"     // the supplier
	QuoteRefused      EventKind = "quote.refused"      // the supplier
	PurchaseEdited    EventKind = "purchase.edited"    // everyone who quoted; Subject: version
	PurchaseExtended  EventKind = "purchase.extended"  // everyone who quoted
	PurchaseReopened  EventKind = "purchase.reopened"  // everyone who quoted
	LineClosed        EventKind = "line.closed"        // everyone who quoted on the line
	LineConcluded     EventKind = "line.concluded"     // everyone who quoted on the line and was not chosen
	SupplierInvited   EventKind = "supplier.invited"   // the supplier, Subject
	QuestionAsked     EventKind = "question.asked"     // the buyer; Subject: question
	QuestionAnswered  EventKind = "question.answered"  // who asked, and everyone who quoted; Subject: question
	QuoteConfirmed    EventKind = "quote.confirmed"    // the buyer: it stands for the edited request
	QuoteCountered    EventKind = "quote.countered"    // the supplier
	AnswerUndone      EventKind = "answer.undone"      // the supplier
	LineDeclined      EventKind = "line.declined"      // the buyer; Actor: the supplier
	DealChanged       EventKind = "deal.changed"       // the other side; Subject: deal
	DealConfirmed     EventKind = "deal.confirmed"     // the other side; Subject: deal
	DealCancelled     EventKind = "deal.cancelled"     // the other side; Subject: deal
	DealKept          EventKind = "deal.kept"          // the other side; Subject: deal
	DealCompleted     EventKind = "deal.completed"     // the other side; Subject: deal
	DealRated         EventKind = "deal.rated"         // the other side; Subject: deal
	DealDisputed      EventKind = "deal.disputed"      // the other side; Subject: deal
	DisputeSettled    EventKind = "dispute.settled"    // both sides; Subject: deal
	CertificationDone EventKind = "certification.done" // the supplier, Subject; Actor: staff when it was approved, else 0
	CompanyChanged    EventKind = "company.changed"    // the member concerned and the owners; Subject: company entry
	CertificationEnds EventKind = "certification.ends" // the supplier, Subject; soon
	UserRegistered    EventKind = "user.registered"    // the user, Actor
	LevelReached      EventKind = "level.reached"      // the user, Actor; Subject: level
	TaskDone          EventKind = "task.done"          // the user, Actor; Subject: task
	PurchaseEnding    EventKind = "purchase.ending"    // the buyer, and suppliers who looked at it and have not quoted
	QuoteExpiring     EventKind = "quote.expiring"     // the supplier
	QuotesWaiting     EventKind = "quotes.waiting"     // the buyer; Subject: which reminder, from 1
	DealWaiting       EventKind = "deal.waiting"       // the side that has not confirmed; Subject: deal
	DeviceLogin       EventKind = "device.login"       // the user, Actor, Subject: the login's row
	SystemAnnounced   EventKind = "system.announced"   // whom staff chose; Subject: announcement
	DigestDue         EventKind = "digest.due"         // the user, Actor
	CodeRequested     EventKind = "code.requested"     // a phone that waits for its SMS code
)

// Event is one thing that happened. Ids that do not apply are 0.
type Event struct {
	ID         int64
	Kind       EventKind
	Actor      int64 // user id, 0 for the clock or the system
	PurchaseID int64
	LineID     int64
	QuoteID    int64
	Subject    int64 // what else it is about, by its kind
	CreatedAt  time.Time
}

// Channel is a way to reach a person.
type Channel string

// The channels. An inbox delivery is the notification itself.
const (
	WeChatChannel       Channel = "wechat"       // template message to a fan
	SubscriptionChannel Channel = "subscription" // subscription notification, once for each consent
	SMSChannel          Channel = "sms"
	InboxChannel        Channel = "inbox"
)

// AtMostOnce tells that the channel has no protection against doubles: a message
// of which nobody knows whether it was sent is not repeated.
func (c Channel) AtMostOnce() bool { return c == SMSChannel || c == SubscriptionChannel }

// Lane orders deliveries: a lower lane is always served first, so that a code
// never waits behind a mass notice.
type Lane int

// The lanes.
const (
	UrgentLane Lane = 0 // verification codes, payments
	DirectLane Lane = 1 // concerns the recipient's own request or quote
	MassLane   Lane = 2 // new requests to followers
)

// Lane tells how urgent the kind is to everybody whom it concerns.
func (k EventKind) Lane() Lane {
	switch k {
	case CodeRequested:
		return UrgentLane
	case PurchasePublished, SystemAnnounced, DigestDue:
		return MassLane
	}
	return DirectLane
}

// TellsWhoQuoted tells that a supplier who hears of such an event about a purchase
// has quoted on it.
func (k EventKind) TellsWhoQuoted() bool {
	switch k {
	case PurchasePublished, SupplierInvited, PurchaseEnding:
		return false
	}
	return true
}

// DeliveryState tells how far one delivery has come.
type DeliveryState string

// The states; outbox moves a delivery between them.
const (
	DeliveryPending   DeliveryState = "pending"   // waits for NextAt
	DeliverySending   DeliveryState = "sending"   // leased by a worker until NextAt; falls back to pending
	DeliverySent      DeliveryState = "sent"      // the channel took it
	DeliveryDelivered DeliveryState = "delivered" // the channel reported success
	DeliveryFailed    DeliveryState = "failed"    // permanently, for Reason; another channel may take over
	DeliverySkipped   DeliveryState = "skipped"   // never tried, for Reason
	DeliveryUnknown   DeliveryState = "unknown"   // ambiguous answer that must not be repeated
	DeliveryDead      DeliveryState = "dead"      // tried too often; staff may resend
)

// Final tells whether nothing more happens to the delivery by itself.
func (s DeliveryState) Final() bool { return s != DeliveryPending && s != DeliverySending }

// Delivery is one event to one recipient over one channel.
type Delivery struct {
	ID         int64
	EventID    int64
	Kind       EventKind
	Recipient  int64 // user id; 0 for a code to a phone that nobody has registered
	Channel    Channel
	Lane       Lane
	State      DeliveryState
	Address    string    // openid or phone
	Payload    string    // JSON, see package outbox
	Attempt    int       // sends begun so far
	FirstTryAt time.Time // begin of the first try that the channel may have carried out unseen; zero when there was none
	NextAt     time.Time // next try when pending, end of the lease when sending
	ExpiresAt  time.Time // not sent from then on; zero is never
	Owner      string    // token of the lease
	MessageID  string    // the channel's id of the message
	Reason     string    // in words, why it failed, was skipped or waits
	CreatedAt  time.Time
	SentAt     time.Time
	Segments   int   // how many messages a short message was billed as; 0 for none
	Cost       int64 // of a short message, in 厘, a thousandth of a yuan
}

// DeliveryContent is what a delivery says: the fields of a template message, or
// the text of a short message.
type DeliveryContent struct {
	Title  string // of the template message, or the kind of short message
	Fields []NoticeField
	Text   string
	Path   string // of the page it leads to
}
