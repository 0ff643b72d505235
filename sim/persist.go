package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// saveEvery is how often changes reach the disk.
const saveEvery = 2 * time.Second

// saved is state.json: what a user would be surprised to lose over a restart.
// Codes, web grants, quotas, faults and the request log are not kept.
type saved struct {
	Base     string
	Skew     int64
	Seq      int64
	Random   []byte
	Users    []User
	Accounts []savedAccount
	Tokens   map[string]savedToken
	SMS      []*SMS
}

type savedToken struct {
	AppID   string
	Expires time.Time
}

type savedAccount struct {
	Account      Account // settings, without the library
	Stable       savedGrant
	Plain        savedGrant
	Library      []*Template
	Subscription []subTemplate
	MenuID       int64
	Menu         []button
	Conditional  []conditionalMenu
	Tags         []*tag
	NextTag      int
	Contacts     []savedContact
	Media        []savedMedia
	QR           []savedQR
}

type savedGrant struct {
	Token   string
	Expires time.Time
}

type savedContact struct {
	UserID                 string
	Followed, EverFollowed bool
	SubscribedAt           time.Time
	Scene, QRSceneStr      string
	QRScene                int64
	Remark                 string
	Tags                   []int
	Blacklisted, Muted     bool
	Unread                 int
	Messages               []*Message
	Windows                []savedWindow
	Credits                map[string]savedCredit
}

type savedWindow struct {
	Until time.Time
	Left  int
}

type savedCredit struct {
	Left   int
	Always bool
}

type savedMedia struct {
	ID, Kind, Name, Title, Intro string
	Created                      time.Time
	Permanent                    bool
}

type savedQR struct {
	Ticket, URL, SceneStr string
	SceneID               int64
	Permanent             bool
	Expires               time.Time
	Scans                 int
}

// keepSaving writes changes to Dir until the simulator stops.
func (s *Server) keepSaving() {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
		}
		if s.hub.changed.Swap(false) {
			if err := s.save(); err != nil {
				s.log.Warn("simulator state not saved", "err", err)
			}
		}
		if s.ctx.Err() != nil {
			return
		}
	}
}

// save writes media that is new, then state.json, each complete or not at all.
func (s *Server) save() error {
	dir := filepath.Join(s.opt.Dir, "media")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	s.mu.Lock()
	out, fresh := s.snapshotState()
	raw, err := json.Marshal(out)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, item := range fresh {
		if err := writeFile(filepath.Join(dir, item.id), item.data); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(s.opt.Dir, "state.json"), raw)
}

func writeFile(name string, data []byte) error {
	tmp := name + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// snapshotState copies what is kept; Server.mu is held. fresh is media that is
// not on disk yet.
func (s *Server) snapshotState() (out saved, fresh []*mediaItem) {
	st := s.st
	out = saved{Base: s.base, Skew: s.skew.Load(), Seq: st.seq, Tokens: map[string]savedToken{}, SMS: st.sms.sent}
	out.Random, _ = st.source.MarshalBinary()
	for _, u := range st.users {
		out.Users = append(out.Users, u.User)
	}
	for token, t := range st.tokens {
		if !t.revoked {
			out.Tokens[token] = savedToken{t.acc.AppID, t.expires}
		}
	}
	for _, a := range st.accounts {
		sa := savedAccount{
			Account: a.Account, Library: a.templates, Subscription: a.subTemplates, MenuID: a.menu.id, Menu: a.menu.buttons, Conditional: a.menu.conditional,
			Tags: a.tags, NextTag: a.nextTag, Stable: savedGrant{a.stable.token, a.stable.expires}, Plain: savedGrant{a.plain.token, a.plain.expires},
		}
		for _, c := range a.contacts {
			sa.Contacts = append(sa.Contacts, c.saved())
		}
		for _, m := range a.media {
			sa.Media = append(sa.Media, savedMedia{m.id, m.kind, m.name, m.title, m.intro, m.created, m.permanent})
			if !m.onDisk {
				m.onDisk = true
				fresh = append(fresh, m)
			}
		}
		for _, q := range a.qr {
			sa.QR = append(sa.QR, savedQR{q.ticket, q.url, q.sceneStr, q.sceneID, q.permanent, q.expires, q.scans})
		}
		out.Accounts = append(out.Accounts, sa)
	}
	return out, fresh
}

func (c *contact) saved() savedContact {
	out := savedContact{
		UserID: c.user.ID, Followed: c.followed, EverFollowed: c.everFollowed, SubscribedAt: c.subscribedAt, Scene: c.scene, QRSceneStr: c.qrSceneStr,
		QRScene: c.qrScene, Remark: c.remark, Tags: c.tags, Blacklisted: c.blacklisted, Muted: c.mutesCards, Unread: c.unread, Messages: c.messages,
		Credits: map[string]savedCredit{},
	}
	for _, w := range c.windows {
		out.Windows = append(out.Windows, savedWindow{w.until, w.left})
	}
	for id, credit := range c.credits {
		out.Credits[id] = savedCredit{credit.left, credit.always}
	}
	return out
}

// restore reads Dir back. Accounts and users of the options keep their given
// settings; what the control page added returns.
func (s *Server) restore() error {
	raw, err := os.ReadFile(filepath.Join(s.opt.Dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	var head struct{ Base string }
	var in saved
	if err := json.Unmarshal(raw, &head); err == nil && head.Base != "" {
		raw = bytes.ReplaceAll(raw, []byte(head.Base+"/"), []byte(s.base+"/")) // pictures live on today's port
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return fmt.Errorf("sim: %s is damaged, delete it to start anew: %w", filepath.Join(s.opt.Dir, "state.json"), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.st
	s.skew.Store(in.Skew)
	st.seq = in.Seq
	if err := st.source.UnmarshalBinary(in.Random); err == nil {
		st.rng = rand.New(st.source) // #nosec G404 -- play money, must be reproducible
	}
	for _, u := range in.Users {
		if st.user(u.ID) == nil {
			_, _ = st.addUser(u)
		}
	}
	for _, sa := range in.Accounts {
		if st.account(sa.Account.AppID) == nil {
			if err := st.setAccount(sa.Account); err != nil {
				return err
			}
		}
		s.restoreAccount(st.account(sa.Account.AppID), sa)
	}
	for token, t := range in.Tokens {
		if a := st.account(t.AppID); a != nil {
			st.tokens[token] = &accessToken{acc: a, expires: t.Expires}
		}
	}
	for _, m := range in.SMS {
		st.sms.add(m, s.now())
	}
	return nil
}

func (s *Server) restoreAccount(a *account, in savedAccount) {
	a.stable, a.plain = grant{in.Stable.Token, in.Stable.Expires}, grant{in.Plain.Token, in.Plain.Expires}
	a.subTemplates, a.tags, a.nextTag = in.Subscription, in.Tags, in.NextTag
	a.menu.id, a.menu.buttons, a.menu.conditional = in.MenuID, in.Menu, in.Conditional
	if len(a.templates) == 0 {
		a.templates = in.Library
	}
	for _, m := range in.Media {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(m.ID) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(s.opt.Dir, "media", m.ID)) // #nosec G304 -- checked above
		if err == nil {
			a.media[m.ID] = &mediaItem{id: m.ID, kind: m.Kind, name: m.Name, title: m.Title, intro: m.Intro, created: m.Created, permanent: m.Permanent, data: data, onDisk: true}
		}
	}
	for _, q := range in.QR {
		a.qr[q.Ticket] = &qrCode{ticket: q.Ticket, url: q.URL, sceneStr: q.SceneStr, sceneID: q.SceneID, permanent: q.Permanent, expires: q.Expires, scans: q.Scans}
	}
	for _, sc := range in.Contacts {
		c := a.contacts[sc.UserID]
		if c == nil {
			continue
		}
		c.followed, c.everFollowed, c.subscribedAt, c.scene = sc.Followed, sc.EverFollowed, sc.SubscribedAt, sc.Scene
		c.qrScene, c.qrSceneStr, c.remark, c.tags = sc.QRScene, sc.QRSceneStr, sc.Remark, sc.Tags
		c.blacklisted, c.mutesCards, c.unread, c.messages = sc.Blacklisted, sc.Muted, sc.Unread, sc.Messages
		for _, w := range sc.Windows {
			c.windows = append(c.windows, window{w.Until, w.Left})
		}
		for id, credit := range sc.Credits {
			c.credits[id] = &subCredit{credit.Left, credit.Always}
		}
	}
}
