package wechat

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/xunjia/xunjia"
)

// Message is one push: what a fan sent or did, or the result of something that
// was sent to him.
type Message struct {
	AppID   string
	Key     string    // equal for all deliveries of one push; see xunjia.Inbound
	Account string    // ToUserName, the account's original id gh_…
	OpenID  string    // FromUserName
	At      time.Time // CreateTime
	Kind    string    // MsgType
	Event   string    // Event, for Kind "event"
	// Body is one of the types of this file whose comment names Kind or Event,
	// or nil when the push is of a kind that this program does not know.
	Body any
	Raw  string // the decrypted push
}

// Text is a "text" message.
type Text struct {
	Content string
	MenuID  string // the option's id when the fan tapped one of a customer menu message
}

// Image is an "image" message. The media is kept by the platform for 3 days.
type Image struct{ URL, MediaID string }

// Voice is a "voice" message. Recognition is the text, where that is enabled.
type Voice struct{ MediaID, Format, Recognition string }

// Video is a "video" or "shortvideo" message.
type Video struct {
	MediaID, ThumbMediaID string
	Short                 bool
}

// Location is a "location" message.
type Location struct {
	Latitude, Longitude float64 // degrees
	Scale               int64
	Label               string // the address
}

// Link is a "link" message.
type Link struct{ Title, Description, URL string }

// Subscribe is the event "subscribe". Scene is the scene of the QR code that
// led there, without the platform's prefix; empty when there was none.
type Subscribe struct{ Scene, Ticket string }

// Unsubscribe is the event "unsubscribe".
type Unsubscribe struct{}

// Scan is the event "SCAN": a fan scanned a QR code of the account.
type Scan struct{ Scene, Ticket string }

// Position is the event "LOCATION", reported when a fan opens the chat.
type Position struct{ Latitude, Longitude, Precision float64 }

// Click is the event "CLICK" of a menu button.
type Click struct{ Key string }

// View is the events "VIEW" and "view_miniprogram" of a menu button: the fan
// was sent to URL, or to the path of a mini program.
type View struct{ URL, MenuID string }

// ScanCode is the events "scancode_push" and "scancode_waitmsg" of a menu
// button.
type ScanCode struct {
	Key, Type, Result string // Type is "qrcode" or "barcode"
	Waiting           bool   // the fan looks at "receiving" until a reply comes
}

// Photos is the events "pic_sysphoto", "pic_photo_or_album" and "pic_weixin"
// of a menu button; the pictures come as messages of their own.
type Photos struct {
	Key  string
	MD5s []string
}

// Picked is the event "location_select" of a menu button; the place comes as a
// message of its own too.
type Picked struct {
	Key string
	Location
	POI string
}

// TemplateResult is the event "TEMPLATESENDJOBFINISH": what became of a
// template message.
type TemplateResult struct {
	MsgID  string // as SendTemplate answered it
	Status string // "success", "failed:user block", "failed: system failed"
	Sent   bool
}

// MassResult is the event "MASSSENDJOBFINISH".
type MassResult struct {
	MsgID, Status                  string
	Total, Filtered, Sent, Refused int64 // fans
}

// SubscriptionAnswer is one template of the events "subscribe_msg_popup_event"
// (the fan answered a question) and "subscribe_msg_change_event" (he changed
// his mind later).
type SubscriptionAnswer struct {
	TemplateID string
	Accepted   bool
	Scene      int64 // popup only: 1 a page, 2 an article
}

// SubscriptionAnswers is the body of both events.
type SubscriptionAnswers []SubscriptionAnswer

// SubscriptionResult is one message of the event "subscribe_msg_sent_event".
type SubscriptionResult struct {
	TemplateID, MsgID string
	Code              int64  // 0 for sent
	Status            string // "success" or why not
}

// SubscriptionResults is the body of that event.
type SubscriptionResults []SubscriptionResult

// The longest names that are stored; the platform's are much shorter.
const (
	maxOpenID = 64
	maxKind   = 32
	maxEvent  = 64
)

var errNames = errors.New("wechat: the push has no MsgType, or names that are too long")

// decode reads a decrypted push of the account.
func decode(appID string, raw []byte) (Message, error) {
	root, err := parsePush(raw)
	if err != nil {
		return Message{}, err
	}
	m := Message{
		AppID: appID, Account: root.get("ToUserName"), OpenID: root.get("FromUserName"),
		Kind: strings.TrimSpace(root.get("MsgType")), At: time.Unix(root.int("CreateTime"), 0),
		// A database takes valid UTF-8 only, and no more bytes than there were.
		Raw: strings.ToValidUTF8(string(raw), "?"),
	}
	if m.Kind == string(message.MsgTypeEvent) {
		m.Event = strings.TrimSpace(root.get("Event"))
	}
	if m.Kind == "" || len(m.Kind) > maxKind || len(m.Event) > maxEvent || len(m.OpenID) > maxOpenID {
		return Message{}, errNames
	}
	if m.Kind == string(message.MsgTypeEvent) {
		m.Body = eventBody(m.Event, &root)
	} else {
		m.Body = messageBody(m.Kind, &root)
	}
	m.Key = dedupeKey(&m, &root)
	return m, nil
}

// inbound is m as it is stored.
func (m *Message) inbound(now time.Time) xunjia.Inbound {
	return xunjia.Inbound{
		AppID: m.AppID, Key: m.Key, OpenID: m.OpenID, Kind: m.Kind, Event: m.Event, Body: m.Raw, ReceivedAt: now,
	}
}

// dedupeKey follows the platform's advice, MsgId for messages and sender and
// second for events, and adds what tells two events of one second apart.
func dedupeKey(m *Message, root *node) string {
	id := strings.TrimSpace(root.get("MsgId"))
	if _, err := strconv.ParseUint(id, 10, 64); err == nil && m.Event == "" {
		return "m:" + id
	}
	h := sha1.New()
	write := func(s string) { h.Write([]byte(s)); h.Write([]byte{0}) }
	if m.Event == "" {
		write(m.Raw)
	} else {
		for _, name := range []string{"FromUserName", "CreateTime", "Event", "EventKey", "MsgID", "MsgId", "Status", "MenuId", "Ticket"} {
			write(root.get(name))
		}
		for _, item := range subscriptionList(root) {
			for _, name := range []string{"TemplateId", "SubscribeStatusString", "MsgID"} {
				write(item.get(name))
			}
		}
	}
	return "e:" + hex.EncodeToString(h.Sum(nil))
}

// messageBody decodes a message; nil for a kind that is not known.
func messageBody(kind string, n *node) any {
	switch message.MsgType(kind) {
	case message.MsgTypeText:
		return Text{Content: n.get("Content"), MenuID: n.get("bizmsgmenuid")}
	case message.MsgTypeImage:
		return Image{URL: n.get("PicUrl"), MediaID: n.get("MediaId")}
	case message.MsgTypeVoice:
		return Voice{MediaID: n.get("MediaId"), Format: n.get("Format"), Recognition: n.get("Recognition")}
	case message.MsgTypeVideo, message.MsgTypeShortVideo:
		return Video{
			MediaID: n.get("MediaId"), ThumbMediaID: n.get("ThumbMediaId"),
			Short: kind == string(message.MsgTypeShortVideo),
		}
	case message.MsgTypeLocation:
		return location(n)
	case message.MsgTypeLink:
		return Link{Title: n.get("Title"), Description: n.get("Description"), URL: n.get("Url")}
	}
	return nil
}

// location reads a place; the platform's X is the latitude.
func location(n *node) Location {
	return Location{
		Latitude: n.float("Location_X"), Longitude: n.float("Location_Y"), Scale: n.int("Scale"), Label: n.get("Label"),
	}
}

// Events that silenceper has no names for.
const (
	eventSubscriptionChange message.EventType = "subscribe_msg_change_event"
	eventSubscriptionSent   message.EventType = "subscribe_msg_sent_event"
)

// eventBody decodes an event; nil for one that is not known.
func eventBody(event string, n *node) any {
	key := n.get("EventKey")
	switch message.EventType(event) {
	case message.EventSubscribe:
		scene, scanned := strings.CutPrefix(key, "qrscene_")
		if !scanned {
			scene = ""
		}
		return Subscribe{Scene: scene, Ticket: n.get("Ticket")}
	case message.EventUnsubscribe:
		return Unsubscribe{}
	case message.EventScan:
		return Scan{Scene: key, Ticket: n.get("Ticket")}
	case message.EventLocation:
		return Position{Latitude: n.float("Latitude"), Longitude: n.float("Longitude"), Precision: n.float("Precision")}
	case message.EventClick:
		return Click{Key: key}
	case message.EventView, message.EventViewMiniprogram:
		return View{URL: key, MenuID: n.get("MenuId")}
	case message.EventScancodePush, message.EventScancodeWaitmsg:
		info := n.child("ScanCodeInfo")
		return ScanCode{
			Key: key, Type: info.get("ScanType"), Result: info.get("ScanResult"),
			Waiting: event == string(message.EventScancodeWaitmsg),
		}
	case message.EventPicSysphoto, message.EventPicPhotoOrAlbum, message.EventPicWeixin:
		return photos(key, n)
	case message.EventLocationSelect:
		info := n.child("SendLocationInfo")
		return Picked{Key: key, Location: location(info), POI: info.get("Poiname")}
	case message.EventTemplateSendJobFinish:
		status := n.get("Status")
		return TemplateResult{MsgID: n.get("MsgID"), Status: status, Sent: status == "success"}
	case message.EventMassSendJobFinish:
		return MassResult{
			MsgID: n.get("MsgID"), Status: n.get("Status"), Total: n.int("TotalCount"),
			Filtered: n.int("FilterCount"), Sent: n.int("SentCount"), Refused: n.int("ErrorCount"),
		}
	case message.EventSubscribeMsgPopupEvent, eventSubscriptionChange:
		return subscriptionAnswers(n)
	case eventSubscriptionSent:
		return subscriptionResults(n)
	}
	return nil
}

func photos(key string, n *node) Photos {
	p := Photos{Key: key}
	list := n.child("SendPicsInfo").child("PicList")
	for i := range list.kids {
		p.MD5s = append(p.MD5s, list.kids[i].get("PicMd5Sum"))
	}
	return p
}

// subscriptionList gathers the items of a subscription event in all the shapes
// that occur: several List in one element (the platform's sample), one element
// per List, and in JSON a List at the top, as an object or an array. The tag of
// the change event is disputed, so any is accepted.
func subscriptionList(root *node) []*node {
	var items []*node
	lists := func(n *node) {
		for i := range n.kids {
			if n.kids[i].name == "List" {
				items = append(items, &n.kids[i])
			}
		}
	}
	lists(root)
	for i := range root.kids {
		if kid := &root.kids[i]; strings.HasPrefix(kid.name, "SubscribeMsg") {
			lists(kid)
		}
	}
	return items
}

func subscriptionAnswers(n *node) SubscriptionAnswers {
	var answers SubscriptionAnswers
	for _, item := range subscriptionList(n) {
		answers = append(answers, SubscriptionAnswer{
			TemplateID: item.get("TemplateId"), Accepted: item.get("SubscribeStatusString") == "accept",
			Scene: item.int("PopupScene"),
		})
	}
	return answers
}

func subscriptionResults(n *node) SubscriptionResults {
	var results SubscriptionResults
	for _, item := range subscriptionList(n) {
		results = append(results, SubscriptionResult{
			TemplateID: item.get("TemplateId"), MsgID: item.get("MsgID"),
			Code: item.int("ErrorCode"), Status: item.get("ErrorStatus"),
		})
	}
	return results
}
