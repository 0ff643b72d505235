package store

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// maxPage bounds what one part of a list may hold.
const maxPage = 100

// keyset is a part of a list that is sorted by a time and an id, newest first.
// Its cost does not depend on how far down the list it lies.
type keyset struct {
	limit  int
	at, id int64 // the last row of the part before; at is 0 at the beginning
	rising bool  // oldest first instead
}

// newKeyset reads a page; a cursor that is not one of ours is Invalid.
func newKeyset(p xunjia.Page) (keyset, error) {
	k := keyset{limit: p.Limit}
	if k.limit <= 0 {
		k.limit = xunjia.PageSize
	}
	k.limit = min(k.limit, maxPage)
	if p.After == "" {
		return k, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil || len(b) != 16 {
		return k, xunjia.Errorf(xunjia.Invalid, "列表的位置无效，请从第一页看起")
	}
	k.at, k.id = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	return k, nil
}

// pin holds a column to one value: the columns of an index that come before
// the time.
type pin struct {
	column string
	value  any
}

// apply limits q to the part, and one row more to know whether it is the last.
// The index must be of the pinned columns, the time and the id.
//
// MariaDB meets "status = 1" by reading that whole part of the index from its
// beginning, whatever bounds the time, so that a page costs as much as its
// depth; "status >= 1 AND status <= 1" makes it begin where the page does, if
// the order names the column too. SQLite wants it the other way round. A
// row-value comparison would read better, but MariaDB uses no index for it.
func (k keyset) apply(q sq.SelectBuilder, d dialect, at, id string, pins ...pin) sq.SelectBuilder {
	order := " DESC"
	if k.rising {
		order = " ASC"
	}
	for _, p := range pins {
		if d == mysqlDialect {
			q = q.Where(sq.GtOrEq{p.column: p.value}).Where(sq.LtOrEq{p.column: p.value}).OrderBy(p.column + order)
		} else {
			q = q.Where(sq.Eq{p.column: p.value})
		}
	}
	switch {
	case k.at != 0 && k.rising:
		q = q.Where(sq.GtOrEq{at: k.at}).Where(sq.Or{sq.Gt{at: k.at}, sq.Gt{id: k.id}})
	case k.at != 0:
		q = q.Where(sq.LtOrEq{at: k.at}).Where(sq.Or{sq.Lt{at: k.at}, sq.Lt{id: k.id}})
	}
	return q.OrderBy(at+order, id+order).Limit(uint64(k.limit) + 1)
}

// cursor is where the part after begins.
func (k keyset) cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(k.at))
	b = binary.BigEndian.AppendUint64(b, uint64(k.id))
	return base64.RawURLEncoding.EncodeToString(b)
}

// cut drops the surplus row and makes the cursor of the part after.
func cut[T any](k keyset, rows []T, key func(T) (time.Time, int64)) xunjia.List[T] {
	if len(rows) <= k.limit {
		return xunjia.List[T]{Items: rows}
	}
	rows = rows[:k.limit]
	at, id := key(rows[k.limit-1])
	k.at, k.id = millis(at), id
	return xunjia.List[T]{Items: rows, Next: k.cursor()}
}

// jsonList writes a list for a TEXT column.
func jsonList[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil { // lists of texts and attachments always can be written
		panic(fmt.Sprintf("store: %v", err))
	}
	return string(b)
}

// parseList reads what jsonList wrote; nil for an empty list.
func parseList[T any](text string) ([]T, error) {
	var list []T
	if text == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("store: list in a column: %w", err)
	}
	return list, nil
}
