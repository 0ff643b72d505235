package wechat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is one element of a push. XML and JSON pushes become the same tree: a
// JSON array is several kids with one name.
type node struct {
	name string
	text string
	kids []node
}

// Limits that no real push comes near.
const (
	maxDepth = 16
	maxNodes = 4096
)

var (
	errNotPush  = errors.New("wechat: the push is neither XML nor JSON")
	errTooDeep  = errors.New("wechat: the push is nested too deeply or has too many elements")
	errBroken   = errors.New("wechat: the push's XML is broken")
	errEntities = errors.New("wechat: the push declares a document type")
)

// child answers the first kid called name, or an empty node.
func (n *node) child(name string) *node {
	for i := range n.kids {
		if n.kids[i].name == name {
			return &n.kids[i]
		}
	}
	return &node{}
}

// get is the text of the kid called name, "" when there is none.
func (n *node) get(name string) string { return n.child(name).text }

// int reads a number; what is no number is 0, because one odd field must not
// lose a message.
func (n *node) int(name string) int64 {
	v, _ := strconv.ParseInt(strings.TrimSpace(n.get(name)), 10, 64)
	return v
}

// float is int for fractions.
func (n *node) float(name string) float64 {
	v, _ := strconv.ParseFloat(strings.TrimSpace(n.get(name)), 64)
	return v
}

// parsePush reads a push in either of its two formats.
func parsePush(body []byte) (node, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 {
		return node{}, errNotPush
	}
	switch body[0] {
	case '<':
		s := string(body)
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\ufffd")
		}
		return parseXML(s)
	case '{':
		return parseJSON(body)
	}
	return node{}, errNotPush
}

func parseJSON(body []byte) (node, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var root map[string]any
	if err := dec.Decode(&root); err != nil {
		return node{}, errNotPush
	}
	n, left := node{name: "xml"}, maxNodes
	return n, n.addJSON(root, 0, &left)
}

// addJSON turns the members of a JSON object into kids.
func (n *node) addJSON(object map[string]any, depth int, left *int) error {
	for name, v := range object {
		values, many := v.([]any)
		if !many {
			values = []any{v}
		}
		for _, v := range values {
			if *left--; *left < 0 || depth > maxDepth {
				return errTooDeep
			}
			kid := node{name: name}
			switch v := v.(type) {
			case string:
				kid.text = v
			case json.Number:
				kid.text = v.String()
			case bool:
				kid.text = strconv.FormatBool(v)
			case map[string]any:
				if err := kid.addJSON(v, depth+1, left); err != nil {
					return err
				}
			}
			n.kids = append(n.kids, kid)
		}
	}
	return nil
}

// parseXML reads the XML that the platform sends: elements, text and CDATA.
// encoding/xml is not used because it refuses a whole message for one control
// character, which fans can type, and for a GB2312 declaration. There are no
// entities but the five of XML and character references.
func parseXML(s string) (node, error) {
	r := xmlReader{s: s, left: maxNodes}
	for {
		r.skipSpace()
		switch {
		case r.has("<?"):
			if !r.skipPast("?>") {
				return node{}, errBroken
			}
		case r.has("<!--"):
			if !r.skipPast("-->") {
				return node{}, errBroken
			}
		case r.has("<!"):
			return node{}, errEntities
		case r.has("<"):
			return r.element(0)
		default:
			return node{}, errBroken
		}
	}
}

// xmlReader walks through s.
type xmlReader struct {
	s    string
	pos  int
	left int // elements that may still come
}

func (r *xmlReader) has(prefix string) bool { return strings.HasPrefix(r.s[r.pos:], prefix) }

func (r *xmlReader) skipSpace() {
	for r.pos < len(r.s) && (r.s[r.pos] <= ' ') {
		r.pos++
	}
}

func (r *xmlReader) skipPast(end string) bool {
	i := strings.Index(r.s[r.pos:], end)
	if i < 0 {
		return false
	}
	r.pos += i + len(end)
	return true
}

// element reads the element that begins at pos.
func (r *xmlReader) element(depth int) (node, error) {
	if r.left--; r.left < 0 || depth > maxDepth {
		return node{}, errTooDeep
	}
	n, closed, err := r.startTag()
	if err != nil || closed {
		return n, err
	}
	var cdata bool // text around CDATA is layout, not content
	for {
		i := strings.IndexByte(r.s[r.pos:], '<')
		if i < 0 {
			return n, errBroken
		}
		if text := r.s[r.pos : r.pos+i]; text != "" && (!cdata || strings.TrimSpace(text) != "") {
			n.text += unescape(text)
		}
		r.pos += i
		switch {
		case r.has("<![CDATA["):
			from := r.pos + len("<![CDATA[")
			if !r.skipPast("]]>") {
				return n, errBroken
			}
			if strings.TrimSpace(n.text) == "" && !cdata {
				n.text = ""
			}
			n.text += r.s[from : r.pos-len("]]>")]
			cdata = true
		case r.has("<!--"):
			if !r.skipPast("-->") {
				return n, errBroken
			}
		case r.has("</"):
			from := r.pos + len("</")
			if !r.skipPast(">") || strings.TrimSpace(r.s[from:r.pos-1]) != n.name {
				return n, errBroken
			}
			if len(n.kids) > 0 {
				n.text = ""
			}
			return n, nil
		default:
			kid, err := r.element(depth + 1)
			if err != nil {
				return n, err
			}
			n.kids = append(n.kids, kid)
		}
	}
}

// startTag reads "<name attributes>", whose attributes mean nothing here.
func (r *xmlReader) startTag() (n node, closed bool, err error) {
	from := r.pos + 1
	i := strings.IndexAny(r.s[from:], " \t\r\n/>")
	if i <= 0 || r.s[from] == '!' || r.s[from] == '?' {
		return n, false, errBroken
	}
	n.name = r.s[from : from+i]
	if !r.skipPast(">") {
		return n, false, errBroken
	}
	return n, r.s[r.pos-2] == '/', nil
}

// unescape replaces XML's entities; what is none stays as it is.
func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		// The longest entity is "#x10FFFF;".
		end := strings.IndexByte(after[:min(len(after), 10)], ';')
		r, known := entity(after[:max(end, 0)])
		if !known {
			b.WriteByte('&')
			s = after
			continue
		}
		b.WriteRune(r)
		s = after[end+1:]
	}
}

func entity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	v, err := strconv.ParseUint(digits, base, 21)
	return rune(v), err == nil && utf8.ValidRune(rune(v))
}
