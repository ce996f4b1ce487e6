package dataset

import (
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A Manifest is everything a dataset holds besides its documents and run
// results.
type Manifest struct {
	// Doc is the dataset document in its exported form: saved views, workspaces
	// and runs stand in it as documents, not as references.
	Doc bson.Raw
	// Indexes are the indexes of the samples and frames collections that users
	// made; FiftyOne's own export loses them.
	Indexes []Index
	// Panels are documents of the stores in which FiftyOne's panels keep their history of
	// this dataset, and Ontologies those that its label schemas apply, in all versions,
	// with what they name. FiftyOne's own export loses both.
	Panels, Ontologies []bson.Raw
	// Counts holds the number of documents of each part where it is known
	// without reading them.
	Counts map[Part]int64
	// Problems are what is wrong with the dataset without keeping it from being
	// read: references to views or runs that are gone. Nothing is there to copy.
	Problems []Problem
}

// An Index is a database index of one part.
type Index struct {
	Part Part
	Spec bson.Raw
}

// A Run names one annotation, brain, evaluation or custom run. Keys are unique
// within a family only.
type Run struct {
	Family Family
	Key    string
}

// A Family is a kind of run, by the name of its field in the dataset document.
type Family string

// The families of runs of FiftyOne 1.22.1.
const (
	AnnotationRuns Family = "annotation_runs"
	BrainMethods   Family = "brain_methods"
	Evaluations    Family = "evaluations"
	CustomRuns     Family = "runs"
)

// Families lists the families in the order of the dataset document.
func Families() []Family {
	return []Family{AnnotationRuns, BrainMethods, Evaluations, CustomRuns}
}

// String returns the string field key of the dataset document, or "".
func (m Manifest) String(key string) string {
	s, _ := m.Doc.Lookup(key).StringValueOK()
	return s
}

// Name is the dataset's name, empty where the export has none.
func (m Manifest) Name() string { return m.String("name") }

// Version is the FiftyOne version that wrote the dataset document.
func (m Manifest) Version() string { return m.String("version") }

// MediaType is the dataset's media type ("image", "video", "group", …).
func (m Manifest) MediaType() string { return m.String("media_type") }

// Runs lists the dataset's runs, family by family.
func (m Manifest) Runs() []Run {
	var runs []Run
	for _, family := range Families() {
		docs, ok := m.Doc.Lookup(string(family)).DocumentOK()
		if !ok {
			continue
		}
		elems, err := docs.Elements()
		if err != nil {
			continue
		}
		for _, e := range elems {
			runs = append(runs, Run{Family: family, Key: e.Key()})
		}
	}
	return runs
}

// An ExternalRun is a run that keeps its data outside of the dataset and of the
// database.
type ExternalRun struct {
	Run
	Backend string // as FiftyOne names it: "qdrant", "milvus", …
}

// External lists the brain runs that index samples in a vector database
// (fiftyone.brain.similarity): such runs have results that only name it.
func (m Manifest) External() []ExternalRun {
	var runs []ExternalRun
	for _, run := range m.Runs() {
		config, _ := m.Doc.Lookup(string(run.Family), run.Key, "config").DocumentOK()
		kind, _ := config.Lookup("type").StringValueOK()
		method, _ := config.Lookup("method").StringValueOK()
		if run.Family == BrainMethods && kind == "similarity" && method != "" && method != "sklearn" && method != "similarity" {
			runs = append(runs, ExternalRun{Run: run, Backend: method})
		}
	}
	return runs
}

// Views lists the dataset's saved views as documents.
func (m Manifest) Views() []bson.Raw {
	list, ok := m.Doc.Lookup("saved_views").ArrayOK()
	if !ok {
		return nil
	}
	values, err := list.Values()
	if err != nil {
		return nil
	}
	var views []bson.Raw
	for _, v := range values {
		if doc, ok := v.DocumentOK(); ok {
			views = append(views, doc)
		}
	}
	return views
}

// HasMediaReferences tells whether samples name their media by reference
// (FiftyOne's multimodal media sources) instead of by filepath.
func (m Manifest) HasMediaReferences() bool {
	for _, key := range []string{"_media_roots", "_media_sources"} {
		list, ok := m.Doc.Lookup(key).ArrayOK()
		if values, err := list.Values(); ok && err == nil && len(values) > 0 {
			return true
		}
	}
	return false
}

// WithMediaFields is the manifest of a dataset whose app_config lists these media
// fields too.
func (m Manifest) WithMediaFields(names []string) (Manifest, error) {
	if len(names) == 0 {
		return m, nil
	}
	var doc bson.D
	if err := bson.Unmarshal(m.Doc, &doc); err != nil {
		return m, fmt.Errorf("%w: its own document: %w", ErrMalformed, err)
	}
	all := bson.A{}
	for name := range mediaFieldNames(m) {
		all = append(all, name)
	}
	for _, name := range names {
		all = append(all, name)
	}
	config := bson.D{{Key: "media_fields", Value: all}}
	doc = slices.DeleteFunc(doc, func(e bson.E) bool { return e.Key == "app_config" })
	var err error
	m.Doc, err = bson.Marshal(append(doc, bson.E{Key: "app_config", Value: config}))
	return m, err
}
