// Package values fits what samples, frames and results of runs hold to the FiftyOne that
// is going to open them, and says what it can't open: the second part of what ends a way
// down, after dbmigrate/fit, which sees to the documents that describe a dataset.
//
// Documents in samples have a class, and FiftyOne raises where it reads one of a class
// that it does not know, declared in the schema or not. A class that only accompanies what
// a user made (the instance that a label belongs to, metadata of files) is taken out, or
// becomes one that is known; the plan counts both among its losses. A dataset with others,
// such as labels, is named as one that can't be opened, and keeps them.
//
// Values are found by looking: all documents are read once, without the fields that the
// schema declares to be arrays of numbers and the like. Where the target knows every class,
// none is.
package values

import (
	"context"
	"maps"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// conversion is the name of the one that takes classes out of documents.
const conversion = "values.classes"

// Ending is the ending of ways down that fits samples, frames and results to the client of
// the target version.
func Ending() dbmigrate.Ending {
	return dbmigrate.Ending{Step: step, Conversions: map[string]dbmigrate.Conversion{conversion: convert}}
}

func step(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State) error {
	j := newJudge(s)
	j.mediaTypes()
	for _, part := range []part{{"sample_fields", "sample_collection_name", "samples"}, {"frame_fields", "frame_collection_name", "frames"}} {
		j.schema(part)
		if err := j.documents(ctx, reader, part); err != nil {
			return err
		}
	}
	return j.results(ctx, reader)
}

// A part is where a dataset keeps samples or frames.
type part struct{ schema, collection, what string }

// A judge looks at one dataset for one target.
type judge struct {
	state  *dbmigrate.State
	client *clients.Client
	// fates are of the classes that the target does not know, by their _cls.
	fates map[string]fate
	// undeclared are the fields of the part at hand that go, or change their class, by the
	// class that they were declared with.
	undeclared map[string][]string
}

// fieldTypes is where FiftyOne has its types of fields, sameStored those that are stored as
// another one is.
const fieldTypes = "fiftyone.core.fields."

var sameStored = map[string]string{"ColorField": "StringField", "MaskTargetsField": "DictField"}

// A fate is what becomes of values of a class.
type fate struct {
	class clients.Class
	since dbmigrate.Version
	// kept is for what a user made: the dataset can't be opened then.
	kept bool
	// becomes is the _cls that the target knows instead; "" where values are taken out.
	becomes string
	// confidences is for keypoints, which lose the confidences of their points alone.
	confidences bool
}

func newJudge(s *dbmigrate.State) *judge {
	j := &judge{state: s, client: clients.At(s.To), fates: map[string]fate{}}
	for _, class := range j.client.News() {
		f := fate{class: class}
		f.since, _ = j.client.Since(class.Name)
		switch {
		case strings.HasPrefix(class.Name, "fiftyone.core.metadata."):
			f.becomes = "Metadata"
		case class.Short == "Instance":
		case strings.HasPrefix(class.Name, "fiftyone.core.labels."), class.Short == "Group", strings.HasPrefix(class.Name, "fiftyone.core.media_reference."), strings.HasSuffix(class.Name, "Reference"):
			f.kept = true
		}
		j.fates[class.Short] = f
	}
	j.keypoints()
	// 0.16.6 looks for the classes of values where this one is only since 0.17.2.
	if found := dbmigrate.MustParseVersion("0.17.2"); s.To.Compare(dbmigrate.MustParseVersion("0.16.6")) >= 0 && s.To.Compare(found) < 0 {
		j.fates["DynamicEmbeddedDocument"] = fate{class: clients.Class{Short: "DynamicEmbeddedDocument"}, since: found, kept: true}
	}
	return j
}

// mediaTypes names the types of media that the target does not know. It reads samples of
// any type, and takes new ones for another.
func (j *judge) mediaTypes() {
	types := []string{edit.String(j.state.Doc, "media_type")}
	for _, e := range edit.Doc(j.state.Doc, "group_media_types") {
		if text, ok := e.Value.(string); ok {
			types = append(types, text)
		}
	}
	slices.Sort(types)
	for _, media := range slices.Compact(types) {
		if since, ok := j.client.Since(media); ok && !j.client.MediaType(media) {
			j.state.CannotOpen("its media type %q came with FiftyOne %s: it can be read there, not written", media, since)
		}
	}
}

// schema fits the fields of samples or frames.
func (j *judge) schema(p part) {
	if edit.Has(j.state.Doc, p.schema) {
		j.undeclared = map[string][]string{}
		edit.Set(&j.state.Doc, p.schema, j.fields(p, edit.Get(j.state.Doc, p.schema), ""))
	}
	for _, class := range slices.Sorted(maps.Keys(j.undeclared)) {
		j.state.Lose("what is declared of the fields of %s that hold %s (%s)", p.what, class, listed(j.undeclared[class]))
	}
	j.undeclared = nil
}

// fields returns the fields that are left of a list, which is no list where there are none.
func (j *judge) fields(p part, list any, prefix string) any {
	fields, isList := list.(bson.A)
	if !isList {
		return list
	}
	kept := make(bson.A, 0, len(fields))
	for _, item := range fields {
		field, isDoc := item.(bson.D)
		if !isDoc {
			kept = append(kept, item)
			continue
		}
		path := prefix + edit.String(field, "name")
		if !j.field(p, &field, path) {
			j.forget(p, path)
			class := short(edit.String(field, "embedded_doc_type"))
			j.undeclared[class] = append(j.undeclared[class], path)
			continue
		}
		if nested := edit.Get(field, "fields"); nested != nil {
			edit.Set(&field, "fields", j.fields(p, nested, path+"."))
		}
		kept = append(kept, field)
	}
	return kept
}

// field fits one field and reports whether it stays.
func (j *judge) field(p part, field *bson.D, path string) bool {
	for _, key := range []string{"ftype", "subfield"} {
		name := edit.String(*field, key)
		since, isOurs := j.client.Since(name)
		if !isOurs || j.client.Field(name) {
			continue
		}
		if becomes := sameStored[short(name)]; becomes != "" {
			edit.Set(field, key, fieldTypes+becomes)
			j.state.Lose("the type %s of the field %q of %s, which becomes a %s: FiftyOne %s brought it", short(name), path, p.what, becomes, since)
			continue
		}
		j.state.CannotOpen("the field %q of its %s is of the type %s, which came with FiftyOne %s", path, p.what, short(name), since)
	}
	j.listOfDocuments(p, field, path)
	name := edit.String(*field, "embedded_doc_type")
	if _, known := j.client.Class(name); known || name == "" {
		return true
	}
	if moved, known := j.client.Class(short(name)); known {
		edit.Set(field, "embedded_doc_type", moved.Name)
		return true
	}
	f, isNews := j.fates[short(name)]
	switch {
	case !isNews || f.class.Name != name: // a user's own
	case f.kept:
		j.state.CannotOpen("the field %q of its %s holds %s, which came with FiftyOne %s", path, p.what, f.class.Short, f.since)
	case f.becomes != "":
		if class, known := j.client.Class(f.becomes); known {
			edit.Set(field, "embedded_doc_type", class.Name)
			j.undeclared[f.class.Short] = append(j.undeclared[f.class.Short], path)
		}
	default:
		return false
	}
	return true
}

// listOfDocuments leaves the items of a list undeclared where the target can't read the
// declaration: it came with that of nested fields. It reads the items by their classes.
func (j *judge) listOfDocuments(p part, field *bson.D, path string) {
	const fieldClass = "SampleFieldDocument"
	if edit.String(*field, "subfield") != fieldTypes+"EmbeddedDocumentField" {
		return
	}
	if class, ok := j.client.Class(fieldClass); !ok || class.Knows("fields") {
		return
	}
	edit.Set(field, "subfield", nil)
	edit.Set(field, "embedded_doc_type", nil)
	j.state.Lose("what the items of the list %q of %s are declared to be", path, p.what)
}

// forget takes a field that goes out of the app's sidebar.
func (j *judge) forget(p part, path string) {
	if p.what == "frames" {
		path = "frames." + path
	}
	edit.In(&j.state.Doc, "app_config", func(config *bson.D) {
		edit.Each(config, "sidebar_groups", func(group *bson.D) {
			paths, isList := edit.Get(*group, "paths").(bson.A)
			if !isList {
				return
			}
			edit.Set(group, "paths", slices.DeleteFunc(slices.Clone(paths), func(item any) bool {
				text, _ := item.(string)
				return text == path || strings.HasPrefix(text, path+".")
			}))
		})
	})
}

// short is the last part of a dotted name.
func short(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
