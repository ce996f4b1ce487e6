package savedview

import (
	"errors"
	"fmt"
	"strings"

	"github.com/medialift/medialift/dataset/extjson"
)

// A node is one value of a stage's JSON, with its place in the text.
type node struct {
	at   extjson.Span
	kind byte // '{', '[', '"', or 0 for numbers and words
	text string
	keys []string // of an object, for each of kids
	kids []*node
}

// errJSON says that a stage is no JSON.
var errJSON = errors.New("is not JSON")

// deepest is how deep the values of a stage may stand.
const deepest = 500

// parse reads the JSON of a stage, in which NaN and Infinity may stand bare.
func parse(text string) (*node, error) {
	p := parser{text: text}
	n, err := p.value(0)
	if err == nil && p.space() != 0 {
		err = errJSON
	}
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d", err, p.pos)
	}
	return n, nil
}

type parser struct {
	text string
	pos  int
}

// space goes to the next byte that is none, and returns it; 0 at the end.
func (p *parser) space() byte {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) value(depth int) (n *node, err error) {
	c := p.space()
	n = &node{kind: c, at: extjson.Span{Start: p.pos}}
	switch {
	case depth > deepest || c == 0:
		return nil, errJSON
	case c == '"':
		n.text, err = p.str()
	case c == '{' || c == '[':
		err = p.inside(n, depth)
	default:
		n.kind = 0
		for p.pos < len(p.text) && strings.IndexByte(" \t\r\n,]}:\"", p.text[p.pos]) < 0 {
			p.pos++
		}
		if p.pos == n.at.Start {
			err = errJSON
		}
	}
	n.at.End = p.pos
	return n, err
}

// inside reads an object or an array.
func (p *parser) inside(n *node, depth int) error {
	p.pos++
	last := n.kind + 2 // '{' and '}', '[' and ']'
	for first := true; ; first = false {
		c := p.space()
		if c == last {
			p.pos++
			return nil
		}
		if !first {
			if c != ',' {
				return errJSON
			}
			p.pos++
		}
		if n.kind == '{' {
			if p.space() != '"' {
				return errJSON
			}
			key, err := p.str()
			if err != nil || p.space() != ':' {
				return errJSON
			}
			p.pos++
			n.keys = append(n.keys, key)
		}
		kid, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.kids = append(n.kids, kid)
	}
}

func (p *parser) str() (string, error) {
	start := p.pos
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case '\\':
			p.pos++
		case '"':
			p.pos++
			s, err := extjson.Unquote([]byte(p.text[start:p.pos]))
			if err != nil {
				return "", errJSON
			}
			return s, nil
		}
	}
	return "", errJSON
}

// get is the value of a key; nil where there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != '{' {
		return nil
	}
	for i, k := range n.keys {
		if k == key {
			return n.kids[i]
		}
	}
	return nil
}

// isText reports whether n is a string.
func (n *node) isText() bool { return n != nil && n.kind == '"' }

// isList reports whether n is an array.
func (n *node) isList() bool { return n != nil && n.kind == '[' }

// only is the key and value of an object that has one.
func (n *node) only() (string, *node) {
	if n == nil || n.kind != '{' || len(n.kids) != 1 {
		return "", nil
	}
	return n.keys[0], n.kids[0]
}

// texts are the strings of a string or of an array of strings alone; false where
// there is something else.
func (n *node) texts() ([]*node, bool) {
	if n.isText() {
		return []*node{n}, true
	}
	if !n.isList() || len(n.kids) == 0 {
		return nil, false
	}
	for _, kid := range n.kids {
		if !kid.isText() && kid.kind != 0 {
			return nil, false
		}
	}
	var list []*node
	for _, kid := range n.kids {
		if kid.isText() {
			list = append(list, kid)
		}
	}
	return list, true
}

// A splice puts other text in the place of a value.
type splice struct {
	at   extjson.Span
	text string
}

// spliced makes the splices, which are in order, in a text.
func spliced(text string, list []splice) string {
	var b strings.Builder
	end := 0
	for _, s := range list {
		b.WriteString(text[end:s.at.Start])
		b.Write(extjson.AppendString(nil, s.text))
		end = s.at.End
	}
	b.WriteString(text[end:])
	return b.String()
}
