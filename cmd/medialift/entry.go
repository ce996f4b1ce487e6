package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/upload"
)

// An entry is one dataset in the document of a command that takes several.
type entry struct {
	Dataset  string            `json:"dataset"`
	Run      string            `json:"run,omitempty"`
	Status   string            `json:"status"` // as that of the document; "" where its turn did not come
	ExitCode int               `json:"exit_code"`
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
	Changed  bool              `json:"changed"` // whether anything was sent or changed
	Counts   counts            `json:"counts"`
	Problems []dataset.Problem `json:"problems"`

	// detail is what a command says of a dataset besides, an object of other keys.
	detail any
	arg    string // as it was named
	err    error
	would  bool   // change something if this was not a dry run
	empty  bool   // a dataset without samples, that says nothing of the others
	before counts // of the document when the turn of this dataset came
}

// MarshalJSON writes the detail among the rest.
func (e *entry) MarshalJSON() ([]byte, error) {
	type plain entry
	text, err := unescaped((*plain)(e))
	if err != nil || e.detail == nil {
		return text, err
	}
	more, err := unescaped(e.detail)
	if err != nil {
		return nil, err
	}
	return slices.Concat(text[:len(text)-1], []byte(","), more[1:]), nil
}

// unescaped is JSON that keeps <, > and & as they are.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// copies are the entries as they are now, without what is still being found out.
func copies(list []*entry) []*entry {
	now := make([]*entry, len(list))
	for i, e := range list {
		c := *e
		c.detail = nil
		now[i] = &c
	}
	return now
}

// turn comes to the next dataset.
func (u *ui) turn(e *entry) {
	u.at, e.before = e, u.doc.Counts
	u.doc.Run, u.doc.Dataset = "", ""
}

// ended notes how the turn of a dataset ended.
func (e *entry) ended(err error, doc *document) {
	v := judge(err)
	e.err, e.Status, e.ExitCode, e.Hint = err, v.status, v.code, v.hint
	if err != nil {
		e.Error = err.Error()
	} else if doc.Status != "" && !e.empty {
		e.Status = doc.Status // planned
	}
	if doc.Run != "" {
		e.Run = doc.Run
	}
	if doc.Dataset != "" {
		e.Dataset = doc.Dataset
	}
	doc.Run, doc.Dataset = e.Run, e.Dataset
	e.Counts = e.Counts.plus(doc.Counts.minus(e.before))
}

// changed notes that the work on the dataset at hand has sent or changed something.
func (u *ui) changed() {
	if u.at != nil {
		u.at.Changed = true
	}
}

// planned ends a dry run, which would change something or not.
func (u *ui) planned(would bool, say string) {
	u.doc.Status = "planned"
	if u.at != nil {
		u.at.would = would
	}
	u.say("%s", say)
}

func (c counts) plus(d counts) counts {
	c.Retried = maps.Clone(c.Retried)
	for cause, n := range d.Retried {
		if c.Retried == nil {
			c.Retried = map[upload.Cause]int64{}
		}
		if c.Retried[cause] += n; c.Retried[cause] == 0 {
			delete(c.Retried, cause)
		}
	}
	to, by := c.numbers(), d.numbers()
	for i, n := range to {
		*n += *by[i]
	}
	return c
}

func (c counts) minus(d counts) counts {
	neg := counts{Retried: map[upload.Cause]int64{}}
	for cause, n := range d.Retried {
		neg.Retried[cause] = -n
	}
	to, by := neg.numbers(), d.numbers()
	for i, n := range to {
		*n = -*by[i]
	}
	return c.plus(neg)
}

// numbers are all counts but those by cause.
func (c *counts) numbers() []*int64 {
	return []*int64{
		&c.Rows, &c.Rewritten, &c.Already, &c.Unmatched, &c.Missing, &c.Failed, &c.Objects, &c.Bytes,
		&c.Copies, &c.Found, &c.Replaced, &c.Requests, &c.Retries, &c.Throttled,
	}
}
