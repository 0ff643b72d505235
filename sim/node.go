package sim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

// node is one element of a pushed message.
type node struct {
	name  string
	text  string
	plain bool // number: written without CDATA
	kids  []node
}

func str(name, text string) node { return node{name: name, text: text} }
func num(name string, n int64) node {
	return node{name: name, text: strconv.FormatInt(n, 10), plain: true}
}
func tree(name string, kids ...node) node {
	return node{name: name, kids: kids}
}

func (n node) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name + ">")
	switch {
	case len(n.kids) > 0:
		for _, k := range n.kids {
			k.write(b)
		}
	case n.plain:
		_ = xml.EscapeText(b, []byte(n.text))
	default:
		b.WriteString("<![CDATA[" + strings.ReplaceAll(n.text, "]]>", "]]]]><![CDATA[>") + "]]>")
	}
	b.WriteString("</" + n.name + ">")
}

// writeFields writes the fields of a push in the account's format.
func writeFields(f Format, fields []node) []byte {
	if f == JSON {
		return marshal(object(unwrapped(fields)))
	}
	var b bytes.Buffer
	tree("xml", fields...).write(&b)
	return b.Bytes()
}

// unwrapped is how JSON pushes differ from XML: the lists of subscription
// events stand at the top. [off] …/subscription_messages/push.html
func unwrapped(fields []node) []node {
	var out []node
	for _, f := range fields {
		if strings.HasPrefix(f.name, "SubscribeMsg") {
			out = append(out, f.kids...)
		} else {
			out = append(out, f)
		}
	}
	return out
}

// object renders elements as a JSON object; elements of one name become an
// array, and a sequence of items is only that.
func object(kids []node) map[string]any {
	out := map[string]any{}
	for _, k := range kids {
		switch old := out[k.name].(type) {
		case nil:
			out[k.name] = k.value()
		case []any:
			out[k.name] = append(old, k.value())
		default:
			out[k.name] = []any{old, k.value()}
		}
	}
	return out
}

// value renders one element.
func (n node) value() any {
	switch {
	case len(n.kids) > 0 && !slices.ContainsFunc(n.kids, func(k node) bool { return k.name != "item" }):
		list := []any{}
		for _, k := range n.kids {
			list = append(list, k.value())
		}
		return list
	case len(n.kids) > 0:
		return object(n.kids)
	case n.plain:
		return json.Number(n.text)
	default:
		return n.text
	}
}
