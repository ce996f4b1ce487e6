package dirstore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// A splicer applies changes to the texts of documents. Its fields are memory
// that is used again.
type splicer struct {
	tree  extjson.Tree
	spans []extjson.Span
	edits []edit
	out   []byte
}

// An edit puts token in the place of another.
type edit struct {
	extjson.Span
	token []byte
}

// apply returns the document's text as c wants it, valid until the next call;
// unless the status is Changed, that is the text as it was.
func (sp *splicer) apply(c dataset.Change, d document) ([]byte, dataset.Outcome, error) {
	outcome := dataset.Outcome{Change: c, Status: dataset.Conflict}
	sp.tree.Reset()
	for _, set := range c.Sets {
		sp.tree.Add(set.At.Steps())
	}
	spans, err := sp.tree.Locate(sp.spans, d.text)
	if errors.Is(err, extjson.ErrAmbiguous) {
		outcome.At = sp.ambiguous(c, d)
		return d.text, outcome, nil
	}
	if err != nil {
		return nil, outcome, d.fail(err)
	}
	sp.spans = spans
	sp.edits = sp.edits[:0]
	for i, set := range c.Sets {
		value, ok, err := current(d, spans[i])
		if err != nil {
			return nil, outcome, err
		}
		if !ok || value != set.Old && value != set.New {
			outcome.At, outcome.Value = set.At, value
			return d.text, outcome, nil
		}
		if value == set.New {
			continue
		}
		token, err := spelled(set)
		if err != nil {
			return nil, outcome, err
		}
		sp.edits = append(sp.edits, edit{spans[i], token})
	}
	if len(sp.edits) == 0 {
		outcome.Status = dataset.Already
		return d.text, outcome, nil
	}
	outcome.Status = dataset.Changed
	text, err := sp.spliced(d.text)
	return text, outcome, err
}

// current reads the value at span; false where there is no string.
func current(d document, span extjson.Span) (string, bool, error) {
	token := span.Of(d.text)
	if len(token) == 0 || token[0] != '"' {
		return "", false, nil
	}
	value, err := extjson.Unquote(token)
	if err != nil {
		return "", false, readError(d.path, d.offset+int64(span.Start), err)
	}
	return value, true, nil
}

// spelled is the token of a set's new value.
func spelled(set dataset.Set) ([]byte, error) {
	if set.Spelling == "" {
		if !utf8.ValidString(set.New) {
			return nil, fmt.Errorf("new value %q is not UTF-8", set.New)
		}
		return extjson.AppendString(nil, set.New), nil
	}
	token := []byte(set.Spelling)
	if value, err := extjson.Unquote(token); err != nil {
		return nil, fmt.Errorf("spelling %s of %q: %w", token, set.New, err)
	} else if value != set.New {
		return nil, fmt.Errorf("spelling %s stands for %q, not for %q", token, value, set.New)
	}
	return token, nil
}

func (sp *splicer) spliced(text []byte) ([]byte, error) {
	slices.SortFunc(sp.edits, func(a, b edit) int { return cmp.Compare(a.Start, b.Start) })
	sp.out = sp.out[:0]
	at := 0
	for i, e := range sp.edits {
		if i > 0 && e.Start < at {
			if !bytes.Equal(e.token, sp.edits[i-1].token) {
				return nil, fmt.Errorf("a change gives one value two new ones, %s and %s", sp.edits[i-1].token, e.token)
			}
			continue
		}
		sp.out = append(append(sp.out, text[at:e.Start]...), e.token...)
		at = e.End
	}
	sp.out = append(sp.out, text[at:]...)
	return sp.out, nil
}

// ambiguous names the first value that a key occurring twice hides.
func (sp *splicer) ambiguous(c dataset.Change, d document) dataset.Pointer {
	for _, set := range c.Sets {
		sp.tree.Reset()
		sp.tree.Add(set.At.Steps())
		if _, err := sp.tree.Locate(sp.spans, d.text); errors.Is(err, extjson.ErrAmbiguous) {
			return set.At
		}
	}
	return ""
}
