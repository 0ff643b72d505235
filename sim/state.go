package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// state is everything the simulated world remembers. Server.mu guards it; the
// functions of this package that touch it say so or are reached only from a
// route, which runs under the lock.
type state struct {
	seed     int64
	source   *rand.PCG
	rng      *rand.Rand // draws from source
	accounts []*account
	users    []*user
	tokens   map[string]*accessToken
	webAuth  map[string]*webToken // web page access_token → grant
	refresh  map[string]*webToken // refresh_token → grant
	codes    map[string]*oauthCode
	sms      smsState
	faults   []*Fault
	log      requestLog
	seq      int64
}

// user is a simulated person.
type user struct {
	User
	key     string // stable hash that names his picture
	unionID string
	lat     float64
	lng     float64
}

// account is one official account with all it owns.
type account struct {
	Account
	plain, stable grant
	forced        []time.Time // forced refreshes of the stable token
	tickets       map[string]*ticket
	menu          menuState
	templates     []*Template
	industry      [2]int
	industrySet   dayCount
	subTemplates  []subTemplate
	sent          map[string]sentOnce // openid+client_msg_id → template message
	contacts      map[string]*contact // by user id
	byOpenID      map[string]*contact
	media         map[string]*mediaItem
	tags          []*tag
	nextTag       int
	qr            map[string]*qrCode // by ticket
	quota         map[string]*quotaUse
	cleared       []time.Time // clear_quota calls
	drafts        []*draft
	publishes     map[string]*publishJob
	shorts        map[string]shortened
}

// contact is the relation of one user to one account, with their chat.
type contact struct {
	acc          *account
	user         *user
	openID       string
	followed     bool
	everFollowed bool
	subscribedAt time.Time
	scene        string // ADD_SCENE_…
	qrScene      int64
	qrSceneStr   string
	remark       string
	tags         []int
	blacklisted  bool
	mutesCards   bool // the user refuses template messages
	unread       int
	messages     []*Message
	windows      []window
	lastTalk     time.Time             // when either side last said something
	credits      map[string]*subCredit // subscription template id → permission
	typing       time.Time             // until when the account shows 对方正在输入
	fromAccount  time.Time             // when he last opened a page from the chat or the menu
	massSent     []time.Time
}

// Message is one bubble of a chat, as the browser client shows it.
type Message struct {
	ID          int64         `json:"id"`
	From        string        `json:"from"` // user, account or system
	Type        string        `json:"type"`
	At          int64         `json:"at"` // Unix milliseconds
	Text        string        `json:"text,omitempty"`
	MediaURL    string        `json:"media_url,omitempty"`
	Title       string        `json:"title,omitempty"`
	Description string        `json:"description,omitempty"`
	URL         string        `json:"url,omitempty"`
	ThumbURL    string        `json:"thumb_url,omitempty"`
	Articles    []Article     `json:"articles,omitempty"`
	Template    *TemplateCard `json:"template,omitempty"`
	Lat         float64       `json:"lat,omitempty"`
	Lng         float64       `json:"lng,omitempty"`
	Scale       int           `json:"scale,omitempty"`
	Label       string        `json:"label,omitempty"`
	Status      string        `json:"status,omitempty"` // sent or failed
	Note        string        `json:"note,omitempty"`
}

// Article is one entry of a news message.
type Article struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	PicURL      string `json:"pic_url"`
	URL         string `json:"url"`
}

// TemplateCard is a template message as the user sees it.
type TemplateCard struct {
	Title string         `json:"title"`
	Lines []TemplateLine `json:"lines"`
	URL   string         `json:"url,omitempty"`
}

// TemplateLine is one "label: value" row of a card.
type TemplateLine struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// newState builds the world that the options describe.
func newState(o Options) (*state, error) {
	source := rand.NewPCG(uint64(o.Seed), 0x5eed) // #nosec G115 -- any bits will do
	st := &state{
		seed: o.Seed, source: source, rng: rand.New(source), // #nosec G404 -- play money, must be reproducible
		tokens: map[string]*accessToken{}, webAuth: map[string]*webToken{}, refresh: map[string]*webToken{},
		codes: map[string]*oauthCode{}, sms: newSMSState(),
	}
	for _, a := range o.Accounts {
		if err := st.setAccount(a); err != nil {
			return nil, err
		}
	}
	for _, u := range o.Users {
		if _, err := st.addUser(u); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// setAccount adds or replaces the settings of an account.
func (st *state) setAccount(a Account) error {
	if a.AppID == "" || a.Secret == "" {
		return fmt.Errorf("sim: an account needs an AppID and a secret")
	}
	if a.Mode == "" {
		a.Mode = Plain
	}
	switch a.Mode {
	case Plain:
	case Compatible, Safe:
		if _, err := newMsgCipher(a.AESKey, a.AppID); err != nil {
			return fmt.Errorf("sim: account %s: %w", a.AppID, err)
		}
	default:
		return fmt.Errorf("sim: account %s: unknown mode %q", a.AppID, a.Mode)
	}
	switch a.Format {
	case "":
		a.Format = XML
	case XML, JSON:
	default:
		return fmt.Errorf("sim: account %s: unknown format %q", a.AppID, a.Format)
	}
	for name, raw := range map[string]string{"ServerURL": a.ServerURL, "WebURL": a.WebURL} {
		if raw != "" && originOf(raw) == "" {
			return fmt.Errorf("sim: account %s: %s %q is no http address", a.AppID, name, raw)
		}
	}
	a.WebURL = strings.TrimRight(a.WebURL, "/")
	if a.Name == "" {
		a.Name = a.AppID
	}
	acc := st.account(a.AppID)
	if acc == nil {
		acc = &account{
			tickets: map[string]*ticket{}, sent: map[string]sentOnce{}, contacts: map[string]*contact{}, byOpenID: map[string]*contact{},
			media: map[string]*mediaItem{}, qr: map[string]*qrCode{}, quota: map[string]*quotaUse{}, nextTag: 100,
			publishes: map[string]*publishJob{},
			tags:      []*tag{{ID: 2, Name: "星标组"}},
		}
		st.accounts = append(st.accounts, acc)
	}
	if a.OriginalID == "" {
		a.OriginalID = "gh_" + st.digest("original", a.AppID)[:12]
	}
	if acc.AppID == "" || len(a.Templates) > 0 {
		acc.templates = nil
		for _, t := range a.Templates {
			acc.templates = append(acc.templates, &t)
		}
	}
	acc.Account = a
	acc.Templates = nil
	for _, u := range st.users {
		st.contact(acc, u)
	}
	return nil
}

// addUser makes a new person known to every account.
func (st *state) addUser(u User) (*user, error) {
	if u.ID == "" {
		for n := len(st.users) + 1; ; n++ {
			if u.ID = fmt.Sprintf("u%d", n); st.user(u.ID) == nil {
				break
			}
		}
	}
	if st.user(u.ID) != nil {
		return nil, fmt.Errorf("sim: user %q exists", u.ID)
	}
	if u.Nickname == "" {
		u.Nickname = "微信用户"
	}
	p := &user{User: u, key: st.digest("avatar", u.ID)[:24], unionID: "o6" + st.opaque("union", u.ID)[:26], lat: 34.0, lng: 115.78}
	st.users = append(st.users, p)
	for _, a := range st.accounts {
		st.contact(a, p)
	}
	return p, nil
}

func (st *state) removeUser(id string) bool {
	i := slices.IndexFunc(st.users, func(u *user) bool { return u.ID == id })
	if i < 0 {
		return false
	}
	st.users = slices.Delete(st.users, i, i+1)
	for _, a := range st.accounts {
		if c := a.contacts[id]; c != nil {
			delete(a.byOpenID, c.openID)
			delete(a.contacts, id)
		}
	}
	return true
}

func (st *state) account(appID string) *account {
	for _, a := range st.accounts {
		if a.AppID == appID {
			return a
		}
	}
	return nil
}

func (st *state) user(id string) *user {
	for _, u := range st.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

// contact finds or makes the relation of u to a. The openid depends on seed,
// account and user only, never on the order of calls.
func (st *state) contact(a *account, u *user) *contact {
	if c := a.contacts[u.ID]; c != nil {
		return c
	}
	c := &contact{acc: a, user: u, openID: "o" + st.opaque("openid", a.AppID, u.ID)[:27], credits: map[string]*subCredit{}}
	a.contacts[u.ID] = c
	a.byOpenID[c.openID] = c
	return c
}

// digest names a thing by the seed and its own name, in hex.
func (st *state) digest(parts ...string) string {
	m := hmac.New(sha256.New, fmt.Append(nil, st.seed))
	m.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(m.Sum(nil))
}

// opaque is digest in the alphabet of openids.
func (st *state) opaque(parts ...string) string {
	raw, _ := hex.DecodeString(st.digest(parts...))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// random draws n characters of the alphabet of tokens and media ids.
func (st *state) random(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[st.rng.IntN(len(alphabet))]
	}
	return string(b)
}

// next numbers messages, jobs and whatever else needs an id.
func (st *state) next() int64 { st.seq++; return st.seq }

// msgID is a message id of the size the platform uses: it fits int64 and not float64.
func (st *state) msgID() int64 { return 24_000_000_000_000_001 + st.next()*7919 }
