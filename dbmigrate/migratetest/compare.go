// Package migratetest has what tests of migrations share.
package migratetest

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
	"github.com/medialift/medialift/internal/mongotest"
)

// Difference is where two databases differ that should be equal.
type Difference struct {
	// Path leads to the place: the collection, the document's name or _id, and its
	// keys, with slashes between.
	Path       string
	Collection string
	ID         any // the _id of the document in the other result, or in this one
	Got, Want  string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s:\n\tgot  %s\n\twant %s", d.Path, d.Got, d.Want)
}

// Compare compares what a migration made of a database with what it should have:
// values, BSON types, the order of keys, collections, their options and indexes.
// Two things it takes as equal. Ids that neither the old database nor the other
// result has were generated, and are paired by where they stand, each with one
// alone. The time now stands, as a date or in the text of a name, where the other
// result has a time after since that the old database has not.
func Compare(before, got, want mongotest.Dump, now, since time.Time) []Difference {
	c := &comparison{now: now, since: since, pairs: map[bson.ObjectID]bson.ObjectID{}, taken: map[bson.ObjectID]bool{}}
	c.old = collect(before)
	g, w := decode(got), decode(want)
	// Pairs found in one collection lead to documents of another. What documents look
	// like is asked last: of copies there are several.
	for round := range 6 {
		for _, name := range slices.Sorted(maps.Keys(g)) {
			c.match(g[name], w[name], round >= 3, func(a, b bson.D) { c.pair(a, b) })
		}
	}
	c.differences(got, want, g, w)
	return c.found
}

type comparison struct {
	now, since time.Time
	old        known
	pairs      map[bson.ObjectID]bson.ObjectID // generated ids of got → those of want
	taken      map[bson.ObjectID]bool
	found      []Difference
	at         Difference // the collection and document being compared
}

func (c *comparison) differences(got, want mongotest.Dump, g, w map[string][]bson.D) {
	names := maps.Clone(got)
	maps.Copy(names, want)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c.at = Difference{Collection: name}
		switch {
		case want[name] == nil:
			c.add(name, fmt.Sprintf("a collection of %d documents", len(g[name])), "none")
			continue
		case got[name] == nil:
			c.add(name, "none", fmt.Sprintf("a collection of %d documents", len(w[name])))
			continue
		}
		if a, b := layout(got[name]), layout(want[name]); a != b {
			c.add(name+"/<indexes>", a, b)
		}
		onlyGot, onlyWant := c.match(g[name], w[name], true, func(a, b bson.D) {
			c.at.ID = edit.Get(b, "_id")
			c.compare(name+"/"+title(b), a, b)
		})
		for _, doc := range onlyGot {
			c.at.ID = edit.Get(doc, "_id")
			c.add(name+"/"+title(doc), text(doc), "no document")
		}
		for _, doc := range onlyWant {
			c.at.ID = edit.Get(doc, "_id")
			c.add(name+"/"+title(doc), "no document", text(doc))
		}
	}
}

// layout is what a collection is beside its documents.
func layout(c *mongotest.Collection) string {
	var b strings.Builder
	fmt.Fprintln(&b, c.Options)
	for _, index := range c.Indexes {
		fmt.Fprintln(&b, index)
	}
	return b.String()
}

func (c *comparison) compare(path string, got, want any) {
	switch a := got.(type) {
	case bson.D:
		if b, isDoc := want.(bson.D); isDoc {
			c.compareDocs(path, a, b)
			return
		}
	case bson.A:
		if b, isList := want.(bson.A); isList {
			if len(a) != len(b) {
				c.add(path, fmt.Sprintf("%d items", len(a)), fmt.Sprintf("%d items", len(b)))
			}
			for i := range min(len(a), len(b)) {
				c.compare(fmt.Sprintf("%s/%d", path, i), a[i], b[i])
			}
			return
		}
	case bson.ObjectID:
		if b, isOID := want.(bson.ObjectID); isOID && c.generated(a) && c.pairs[a] == b && c.generated(b) {
			return
		}
	case bson.DateTime:
		if b, isTime := want.(bson.DateTime); isTime && !c.old.times[b] && b.Time().After(c.since) && !a.Time().Before(c.now) {
			return
		}
	}
	if a, isText := got.(string); isText {
		if b, isText := want.(string); isText && c.sameStamped(a, b) {
			return
		}
	}
	if dbmigrate.IDKey(got) != dbmigrate.IDKey(want) {
		c.add(path, text(got), text(want))
	}
}

// stamp is a time in a name or a slug.
var stamp = regexp.MustCompile(`20\d\d(?:[.-]\d\d){5}(?:[.-]\d{6})?`)

// sameStamped compares texts with the stamps of now, and what stands for it.
func (c *comparison) sameStamped(got, want string) bool {
	ours := strings.NewReplacer(c.now.Local().Format("2006.01.02.15.04.05"), "now", c.now.Local().Format("2006-01-02-15-04-05"), "now")
	theirs := stamp.ReplaceAllStringFunc(want, func(text string) string {
		at, err := time.ParseInLocation("2006.01.02.15.04.05", strings.ReplaceAll(text[:19], "-", "."), time.Local)
		if err != nil || at.Before(c.since) {
			return text
		}
		return "now" + text[19:]
	})
	return want != theirs && ours.Replace(got) == theirs
}

func (c *comparison) compareDocs(path string, got, want bson.D) {
	a, b := keys(got, want), keys(want, got)
	if !slices.Equal(a, b) {
		c.add(path, "keys "+strings.Join(a, " "), "keys "+strings.Join(b, " "))
	}
	for i, e := range got {
		if !slices.ContainsFunc(want, func(o bson.E) bool { return o.Key == e.Key }) {
			c.add(path+"/"+e.Key, text(e.Value), "no key")
			continue
		}
		c.compare(path+"/"+e.Key, got[i].Value, edit.Get(want, e.Key))
	}
	for _, e := range want {
		if !slices.ContainsFunc(got, func(o bson.E) bool { return o.Key == e.Key }) {
			c.add(path+"/"+e.Key, "no key", text(e.Value))
		}
	}
}

// keys lists the keys of a document that another has too, in order.
func keys(doc, other bson.D) []string {
	var list []string
	for _, e := range doc {
		if slices.ContainsFunc(other, func(o bson.E) bool { return o.Key == e.Key }) {
			list = append(list, e.Key)
		}
	}
	return list
}

func (c *comparison) add(path, got, want string) {
	c.found = append(c.found, Difference{Path: path, Collection: c.at.Collection, ID: c.at.ID, Got: got, Want: want})
}

// title names a document for people: by its name, else its _id.
func title(doc bson.D) string {
	if name, isText := edit.Get(doc, "name").(string); isText && name != "" {
		return name
	}
	if id, isOID := edit.Get(doc, "_id").(bson.ObjectID); isOID {
		return id.Hex()
	}
	return text(edit.Get(doc, "_id"))
}

var long = regexp.MustCompile(`^(?s)(.{300}).+$`)

func text(value any) string {
	raw, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: value}}, true, false)
	if err != nil {
		return fmt.Sprint(value)
	}
	raw = bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte(`{"v":`)), []byte("}"))
	return long.ReplaceAllString(string(raw), "$1…")
}
