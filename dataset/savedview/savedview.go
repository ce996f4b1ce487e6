// Package savedview reads the stages of saved views: which paths they choose samples
// by, and what they have to become where the paths of the dataset change; and the
// datasets that they name.
//
// FiftyOne keeps each stage as JSON, so that a path in it is spelled with \u escapes,
// in regular expressions with backslashes too. A [Judge] follows the conditions of a
// view, tries them on every value as it is and as it becomes, and has a view changed
// only where it chooses the same then.
package savedview

import (
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A Finding is a saved view that chooses others once paths change.
type Finding struct {
	View string
	ID   bson.RawValue // of the view's document
	// Mentions say what in it, and why that cannot follow.
	Mentions []Mention
	// Stages are those that change, so that it chooses the same as before; none where
	// that cannot be done.
	Stages []Stage
}

// A Mention is one text in a view that paths are chosen by.
type Mention struct {
	Stage  string // the class, such as "Match"
	Text   string
	Reason string // why it cannot follow; empty where it can
}

// A Stage is one of view_stages, as its JSON is and becomes.
type Stage struct {
	Index    int
	Old, New string
}

// At is the place of the stage in the document of its view.
func (s Stage) At() dataset.Pointer { return dataset.Pointer("").Key("view_stages").Index(s.Index) }

// Exact reports whether the view can follow the change.
func (f Finding) Exact() bool { return len(f.Stages) > 0 }

// String says which view it is, and of one that cannot follow, why.
func (f Finding) String() string {
	for _, m := range f.Mentions {
		switch {
		case m.Reason == "" && f.Exact():
			return fmt.Sprintf("the saved view %q mentions %q (%s)", f.View, m.Text, m.Stage)
		case m.Reason != "" && m.Text == "":
			return fmt.Sprintf("the saved view %q: %s", f.View, m.Reason)
		case m.Reason != "":
			return fmt.Sprintf("the saved view %q mentions %q (%s): %s", f.View, m.Text, m.Stage, m.Reason)
		}
	}
	return fmt.Sprintf("the saved view %q", f.View)
}

// Revised is the manifest with the views that can follow changed.
func Revised(m dataset.Manifest, findings []Finding) (dataset.Manifest, error) {
	changes := map[string][]dataset.Set{}
	for _, f := range findings {
		for _, s := range f.Stages {
			changes[string(f.ID.Value)] = append(changes[string(f.ID.Value)], dataset.Set{At: s.At(), Old: s.Old, New: s.New})
		}
	}
	if len(changes) == 0 {
		return m, nil
	}
	var sets []dataset.Set
	for i, view := range m.Views() {
		for _, set := range changes[string(view.Lookup("_id").Value)] {
			set.At = dataset.Pointer("/saved_views/" + strconv.Itoa(i) + string(set.At))
			sets = append(sets, set)
		}
	}
	var err error
	m.Doc, err = dataset.Replace(m.Doc, sets)
	return m, err
}
