package extjson

import (
	"fmt"
	"iter"
	"strconv"
)

// A Span is a range of bytes of a text. The zero Span stands for none.
type Span struct{ Start, End int }

// Of returns the bytes of text that s spans.
func (s Span) Of(text []byte) []byte { return text[s.Start:s.End] }

// A Tree is a set of paths into a document, so that Locate finds all their
// values in one pass. The zero Tree is empty.
type Tree struct {
	nodes []treeNode
	paths []int  // the node of each path
	found []Span // by node, while locating
}

type treeNode struct {
	step     string
	children []int
	// byStep finds children where there are many.
	byStep map[string]int
}

// manyChildren is the number of children from which on a map finds them faster.
const manyChildren = 8

// Add adds a path of keys and array indexes. Locate returns its value at the
// position that Add returns.
func (t *Tree) Add(steps iter.Seq[string]) int {
	if len(t.nodes) == 0 {
		t.nodes = append(t.nodes, treeNode{})
	}
	at := 0
	for step := range steps {
		child := t.child(at, []byte(step))
		if child < 0 {
			child = t.addChild(at, step)
		}
		at = child
	}
	t.paths = append(t.paths, at)
	return len(t.paths) - 1
}

// Reset empties t.
func (t *Tree) Reset() { t.nodes, t.paths = t.nodes[:0], t.paths[:0] }

func (t *Tree) addChild(at int, step string) int {
	child := len(t.nodes)
	t.nodes = append(t.nodes, treeNode{step: step})
	parent := &t.nodes[at]
	parent.children = append(parent.children, child)
	if len(parent.children) == manyChildren {
		parent.byStep = map[string]int{}
		for _, c := range parent.children {
			parent.byStep[t.nodes[c].step] = c
		}
	} else if parent.byStep != nil {
		parent.byStep[step] = child
	}
	return child
}

// child returns the child of a node for a step, or -1.
func (t *Tree) child(at int, step []byte) int {
	node := &t.nodes[at]
	if node.byStep != nil {
		if c, ok := node.byStep[string(step)]; ok {
			return c
		}
		return -1
	}
	for _, c := range node.children {
		if t.nodes[c].step == string(step) {
			return c
		}
	}
	return -1
}

// Locate returns the place of each value of t in text, one JSON object, in the
// order of Add; the zero Span for a value that is not there. A numeric step
// is an index in an array and a key in an object. A key on the way to a value
// that occurs twice fails with ErrAmbiguous. Only what is needed to find the
// values is checked of the text's grammar.
func (t *Tree) Locate(spans []Span, text []byte) ([]Span, error) {
	spans = spans[:0]
	if len(t.paths) == 0 {
		return spans, nil
	}
	t.found = append(t.found[:0], make([]Span, len(t.nodes))...)
	l := locator{decoder: decoder{text: text}, Tree: t}
	l.space()
	if !l.at('{') {
		return nil, l.unexpected("an object")
	}
	if err := l.value(0); err != nil {
		return nil, err
	}
	for _, node := range t.paths {
		spans = append(spans, t.found[node])
	}
	return spans, nil
}

type locator struct {
	decoder
	*Tree
}

// value notes the value at l.pos as that of node, looks inside, and goes to
// its end.
func (l *locator) value(node int) (err error) {
	start := l.pos
	switch {
	case len(l.nodes[node].children) > 0 && l.at('{'):
		err = l.object(node)
	case len(l.nodes[node].children) > 0 && l.at('['):
		err = l.array(node)
	default:
		err = l.skip()
	}
	l.found[node] = Span{Start: start, End: l.pos}
	return err
}

func (l *locator) skip() error {
	end, ok := skipValue(l.text, l.pos)
	l.pos = end
	if !ok {
		return l.unexpected("a value")
	}
	return nil
}

func (l *locator) object(node int) error {
	l.pos++
	for first := true; ; first = false {
		if done, err := l.next('}', first); done || err != nil {
			return err
		}
		key, err := l.key()
		if err != nil {
			return err
		}
		child := l.child(node, key)
		if child >= 0 && l.found[child] != (Span{}) {
			return fmt.Errorf("%w: %q", ErrAmbiguous, key)
		}
		if err := l.childOrSkip(child); err != nil {
			return err
		}
	}
}

func (l *locator) array(node int) error {
	l.pos++
	var buf [20]byte
	for i := int64(0); ; i++ {
		if done, err := l.next(']', i == 0); done || err != nil {
			return err
		}
		child := l.child(node, strconv.AppendInt(buf[:0], i, 10))
		if err := l.childOrSkip(child); err != nil {
			return err
		}
	}
}

func (l *locator) childOrSkip(child int) error {
	if child < 0 {
		return l.skip()
	}
	return l.value(child)
}

// key reads the key at l.pos and goes to its value.
func (l *locator) key() ([]byte, error) {
	start := l.pos
	if !l.at('"') {
		return nil, l.unexpected("a key")
	}
	end, ok := skipString(l.text, start)
	if !ok {
		return nil, truncated(end)
	}
	key, ok := content(l.text[start:end])
	if !ok {
		return nil, syntaxError(start, "malformed key")
	}
	if l.pos = skipSpace(l.text, end); !l.at(':') {
		return nil, l.unexpected("a colon")
	}
	l.pos++
	l.space()
	return key, nil
}

// First returns the place of the value of the first key of that name in text,
// one JSON object, or the zero Span. It reads no further than that.
func First(text []byte, key string) (Span, error) {
	l := locator{decoder: decoder{text: text}}
	l.space()
	if !l.at('{') {
		return Span{}, l.unexpected("an object")
	}
	l.pos++
	for first := true; ; first = false {
		if done, err := l.next('}', first); done || err != nil {
			return Span{}, err
		}
		k, err := l.key()
		if err != nil {
			return Span{}, err
		}
		start := l.pos
		if err := l.skip(); err != nil {
			return Span{}, err
		}
		if string(k) == key {
			return Span{Start: start, End: l.pos}, nil
		}
	}
}
