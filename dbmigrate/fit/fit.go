// Package fit fits a dataset to the FiftyOne that is going to open it: after a way down
// it takes out of the dataset's own document, its runs, saved views and workspaces what
// that version's classes refuse to read. FiftyOne's own migrations leave all of it.
//
// Classes that ignore what they do not know keep it, so that a way up finds it again.
// What is taken out is in the plan's losses, except for values that say nothing.
package fit

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// The documents of FiftyOne that a dataset is made of.
const (
	datasetClass   = "DatasetDocument"
	fieldClass     = "SampleFieldDocument"
	appConfigClass = "DatasetAppConfig"
	sidebarClass   = "SidebarGroupDocument"
	colorsClass    = "ColorScheme"
	skeletonClass  = "KeypointSkeleton"
	runClass       = "RunDocument"
	viewClass      = "SavedViewDocument"
	workspaceClass = "WorkspaceDocument"
)

// Documents is the ending of ways down that fits the documents of a dataset to the
// client of the target version. Samples, frames and the results of runs it leaves alone.
func Documents() dbmigrate.Ending { return dbmigrate.Ending{Step: documents} }

func documents(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
	client := clients.At(s.To)
	f := &fitting{client: client, state: s, unseen: s.To.Compare(client.Looked()) < 0}
	f.dataset(&s.Doc)
	for _, family := range families {
		if err := f.runs(ctx, reader, family); err != nil {
			return err
		}
	}
	for _, part := range []listed{
		{key: "saved_views", collection: "views", class: viewClass, what: "saved view"},
		{key: "workspaces", collection: "workspaces", class: workspaceClass, what: "workspace"},
	} {
		if err := f.listed(ctx, reader, part); err != nil {
			return err
		}
	}
	f.say()
	return nil
}

// A fitting is the way of one dataset through this package.
type fitting struct {
	client *clients.Client
	state  *dbmigrate.State
	taken  tally
	// unseen says that the target is older than all versions that were looked at.
	unseen bool
	// drops has classes that ignore keys lose them too.
	drops bool
}

// Known is what is left of a dataset's document once the client of a version has written
// all of it: a key that its classes ignore they write no more. The document stays as it is.
func Known(doc bson.D, version dbmigrate.Version) (bson.D, error) {
	var known bson.D
	raw, err := bson.Marshal(doc)
	if err == nil {
		err = bson.Unmarshal(raw, &known)
	}
	f := &fitting{client: clients.At(version), drops: true}
	f.dataset(&known)
	return known, err
}

// dataset fits the dataset's own document, runs that stand in it aside.
func (f *fitting) dataset(doc *bson.D) {
	f.strip(doc, datasetClass, "of its own document")
	for _, schema := range []string{"sample_fields", "frame_fields"} {
		f.fields(doc, schema)
	}
	edit.In(doc, "app_config", func(config *bson.D) {
		f.strip(config, appConfigClass, "of its app_config")
		edit.Each(config, "sidebar_groups", func(group *bson.D) { f.strip(group, sidebarClass, "of sidebar groups") })
		edit.In(config, "color_scheme", func(colors *bson.D) { f.strip(colors, colorsClass, "of its color scheme") })
	})
	edit.Each(doc, "app_sidebar_groups", func(group *bson.D) { f.strip(group, sidebarClass, "of sidebar groups") })
	edit.EachValue(doc, "skeletons", func(_ string, skeleton *bson.D) { f.strip(skeleton, skeletonClass, "of skeletons") })
	edit.In(doc, "default_skeleton", func(skeleton *bson.D) { f.strip(skeleton, skeletonClass, "of skeletons") })
}

// fields fits the documents of fields, at any depth.
func (f *fitting) fields(doc *bson.D, key string) {
	edit.Each(doc, key, func(field *bson.D) {
		f.strip(field, fieldClass, "of fields")
		f.fields(field, "fields")
	})
}

// strip takes out of a document the keys that its class refuses.
func (f *fitting) strip(doc *bson.D, class, where string) bool {
	known := f.class(class)
	if !known.Strict && !f.drops {
		return false
	}
	kept := make(bson.D, 0, len(*doc))
	for _, e := range *doc {
		if known.Dynamic || known.Name == "" || e.Key == "_id" || e.Key == "_cls" || known.Knows(e.Key) || f.mayKnow(class, e.Key) {
			kept = append(kept, e)
			continue
		}
		f.taken.add(where, e.Key, e.Value)
	}
	changed := len(kept) < len(*doc)
	*doc = kept
	return changed
}

// mayKnow reports whether a client that is older than all that were looked at may have a
// key: none of these has it, so it did not come with one of them.
func (f *fitting) mayKnow(class, key string) bool {
	if !f.unseen {
		return false
	}
	_, later := f.client.KeySince(class, key)
	return !later
}

// class is what the target knows of a class of documents. A version between those that were
// looked at may have one before the next of these has it.
func (f *fitting) class(name string) clients.Class {
	if class, ok := f.client.Class(name); ok {
		return class
	}
	since, ok := f.client.Since(name)
	if !ok {
		return clients.Class{}
	}
	class, _ := clients.At(since).Class(name)
	return class
}
