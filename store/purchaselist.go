package store

import (
	"context"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// OpenPurchases lists the purchases that suppliers can quote on now, newest
// first; those for invited suppliers are in no list. Lines come with their first
// image only, as in every list.
func (s *Store) OpenPurchases(ctx context.Context, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	list, err := s.find(ctx, finder{listing: listedOpen}, page)
	return list.List, err
}

// OpenPurchasesOf lists up to limit purchases that can be quoted on now and have
// a line of the goods, newest first.
func (s *Store) OpenPurchasesOf(ctx context.Context, categoryID int64, limit int) ([]xunjia.Purchase, error) {
	list, err := s.find(ctx, finder{listing: listedOpen, categories: []int64{categoryID}}, xunjia.Page{Limit: max(1, limit)})
	return list.Items, err
}

// HomePart is a part of the first page's list.
type HomePart struct {
	Followed []xunjia.Purchase // in categories that the user follows
	Others   []xunjia.Purchase // none of those
	Follows  bool              // the user follows something
	Next     string            // for Page.After; "" at the end
}

// How the cursor of Home begins: which of the two lists it is in.
const (
	homeFollowed = "f"
	homeOthers   = "o"
)

// Home lists what can be quoted on now: first all that is in categories that the
// user follows, then all the rest, both newest first and none of them twice. For
// user 0, a guest, everything is the rest.
func (s *Store) Home(ctx context.Context, userID int64, page xunjia.Page) (part HomePart, err error) {
	var follows []int64
	if userID != 0 {
		if follows, err = s.FollowedCategories(ctx, userID); err != nil {
			return part, err
		}
	}
	part.Follows = len(follows) > 0
	if page.Limit <= 0 {
		page.Limit = xunjia.PageSize
	}
	after, inOthers := strings.CutPrefix(page.After, homeOthers)
	if !inOthers {
		after = strings.TrimPrefix(after, homeFollowed)
		if part.Follows {
			list, err := s.find(ctx, finder{listing: listedOpen, categories: follows}, xunjia.Page{After: after, Limit: page.Limit})
			if err != nil {
				return part, err
			}
			part.Followed = list.Items
			if list.Next != "" {
				part.Next = homeFollowed + list.Next
				return part, nil
			}
			after = ""
		}
	}
	// When the first list filled this part to the brim, one row tells whether the
	// second one has any.
	room := page.Limit - len(part.Followed)
	list, err := s.find(ctx, finder{listing: listedOpen, without: follows}, xunjia.Page{After: after, Limit: max(1, room)})
	if err != nil {
		return part, err
	}
	switch {
	case room == 0 && (len(list.Items) > 0 || list.Next != ""):
		part.Next = homeOthers
	case room > 0:
		part.Others = list.Items
		if list.Next != "" {
			part.Next = homeOthers + list.Next
		}
	}
	return part, nil
}

// PurchasesOf lists what the buyer published, newest first.
func (s *Store) PurchasesOf(ctx context.Context, buyerID int64, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	return s.purchases(ctx, page, pin{"buyer_id", buyerID})
}

// PurchasesIn lists what the buyer published and is in the state, newest first.
// A purchase whose deadline has passed is in WaitingForQuote until the clock job
// has come by, seconds later.
func (s *Store) PurchasesIn(ctx context.Context, buyerID int64, status xunjia.PurchaseStatus, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	return s.purchases(ctx, page, pin{"buyer_id", buyerID}, pin{"status", status})
}

func (s *Store) purchases(ctx context.Context, page xunjia.Page, by ...pin) (list xunjia.List[xunjia.Purchase], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectPurchases(), s.dialect, "published_at", "id", by...), scanPurchase)
	if err != nil {
		return list, err
	}
	list = cut(k, rows, func(p xunjia.Purchase) (time.Time, int64) { return p.PublishedAt, p.ID })
	return list, s.addLines(ctx, list.Items, false)
}
