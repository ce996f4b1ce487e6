// Package dbmigrate moves FiftyOne databases from version to version, up and down: a
// Registry knows at which versions the data changed, Between says which of these a way
// crosses, and Plan composes the steps on paper, so that all that would happen is known
// before anything does. What the versions changed is in the package revisions.
package dbmigrate

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Step moves one dataset across one revision: it changes state.Doc in memory and
// appends Ops for everything else. It touches nothing itself. An error that it
// returns is a refusal (RefusalError) or a failure to read.
type Step func(ctx context.Context, reader Reader, state *State) error

// Conversion changes one document for the Op Convert and reports whether it did. A
// document that it has changed before it must leave as it is.
type Conversion func(ctx context.Context, reader Reader, doc *bson.D, args bson.D) (bool, error)

// Revision is a version at which the data changed.
type Revision struct {
	Version Version
	// Up moves from before the version to it, Down back; nil has nothing to do.
	Up, Down Step
	// Conversions are those that the Ops of Up and Down name. Names are unique in
	// a Registry: they start with the version.
	Conversions map[string]Conversion
}

// Ending is what every way down ends with, after its legs: it sees to it that the client
// of the target version can open what these leave.
type Ending struct {
	Step Step
	// Conversions are those that the Ops of Step name.
	Conversions map[string]Conversion
}

// Leg is one revision in one direction.
type Leg struct {
	Revision Revision
	Down     bool
}

// String is like "0.19.0 down".
func (l Leg) String() string {
	if l.Down {
		return l.Revision.Version.String() + " down"
	}
	return l.Revision.Version.String() + " up"
}

// step is nil where the leg does nothing.
func (l Leg) step() Step {
	if l.Down {
		return l.Revision.Down
	}
	return l.Revision.Up
}

// Registry holds the revisions that a program knows.
type Registry struct {
	newest    Version
	revisions []Revision
	endings   []Ending
}

// NewRegistry makes a registry of revisions, in any order, for data up to the
// version newest.
func NewRegistry(newest Version, revisions ...Revision) *Registry {
	sorted := slices.Clone(revisions)
	slices.SortFunc(sorted, func(a, b Revision) int { return a.Version.Compare(b.Version) })
	return &Registry{newest: newest, revisions: sorted}
}

// EndWith returns a registry whose ways down end with these steps too, in this order.
func (r *Registry) EndWith(endings ...Ending) *Registry {
	return &Registry{newest: r.newest, revisions: r.revisions, endings: slices.Concat(r.endings, endings)}
}

// UpTo returns a registry of the same revisions for data up to another version. What lies
// beyond it is never taken: revisions may be there before the version that brings them.
func (r *Registry) UpTo(newest Version) *Registry {
	return &Registry{newest: newest, revisions: r.revisions, endings: r.endings}
}

// Newest is the newest version whose data the registry knows.
func (r *Registry) Newest() Version { return r.newest }

// Between lists the legs from one version to another in the order to take them:
// going up, the revisions after from, up to and with to; going down, those from
// from's own down to but without to's. None where both lie between the same two
// revisions. It is pure.
func (r *Registry) Between(from, to Version) []Leg {
	start, end := r.after(from), r.after(to)
	legs := make([]Leg, 0, max(end-start, start-end))
	for _, revision := range r.revisions[min(start, end):max(start, end)] {
		legs = append(legs, Leg{Revision: revision, Down: end < start})
	}
	if end < start {
		slices.Reverse(legs)
	}
	return legs
}

// after counts the revisions up to and with the version.
func (r *Registry) after(version Version) int {
	n := slices.IndexFunc(r.revisions, func(rev Revision) bool { return rev.Version.Compare(version) > 0 })
	if n < 0 {
		return len(r.revisions)
	}
	return n
}

// Conversion finds a conversion by its name; nil where there is none.
func (r *Registry) Conversion(name string) Conversion {
	for _, revision := range r.revisions {
		if conversion := revision.Conversions[name]; conversion != nil {
			return conversion
		}
	}
	for _, ending := range r.endings {
		if conversion := ending.Conversions[name]; conversion != nil {
			return conversion
		}
	}
	return nil
}
