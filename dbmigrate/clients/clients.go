// Package clients knows what each released FiftyOne knows of what databases hold:
// classes of documents with their keys, types of fields, view stages with their
// arguments, runs and media types. What a version does not know it may not be able to
// read, so a way down has to look everything up that it leaves behind:
//
//   - Keys of documents: Class, by the dotted name that a schema has or by the _cls of
//     a value. In a Strict class an unknown key makes the loader raise
//     (mongoengine's FieldDoesNotExist), and with it the dataset, the sample or the view.
//     A Dynamic class takes it as an attribute. Any other class ignores it, and drops it
//     when it writes the document again.
//   - Classes: an unknown _cls or embedded_doc_type raises wherever it stands, also in
//     values that no schema declares, and inside the dictionaries of a document.
//   - Types of fields: Field, for ftype and subfield of a schema, frames and nested
//     fields included. An unknown one makes the dataset unloadable.
//   - View stages: Stage, for the _cls in stages of saved views and in view_stages of
//     runs. An argument is a keyword of the constructor: an unknown one is a TypeError.
//     Stages with several views among their arguments (Concat) nest.
//   - Runs: Config, for config.cls. Before RunConfigFallsBack an unknown class raises
//     when the run is loaded, or deleted. Arguments of a config that has AnyArgument
//     are ignored. Results, for cls in the results of a run.
//   - Media types: MediaType, for media_type and group_media_types.
//   - A key that is there holds what its Class.Type says: what was one document and
//     became a list is another type.
//
// Knowledge is read off released packages by knowledge.py, which tools/knowledge.sh
// runs under each; the table is checked in. A version that was not looked at knows what
// the next older one that was looked at knows, and the oldest stands for all before it.
package clients

import (
	"slices"
	"strings"

	"github.com/medialift/medialift/dbmigrate"
)

// A Client is what one version of FiftyOne knows.
type Client struct {
	table   *table
	version dbmigrate.Version
	at      int // its place among the versions looked at
}

// At says what a version knows. See the package documentation for versions that were
// not looked at.
func At(version dbmigrate.Version) *Client {
	t := parsed()
	at := 0
	for i, looked := range t.looked {
		if looked.Compare(version) <= 0 {
			at = i
		}
	}
	return &Client{table: t, version: version, at: at}
}

// Versions are the versions that were looked at, the oldest first.
func Versions() []dbmigrate.Version { return slices.Clone(parsed().looked) }

// Looked is the version that was looked at and that this client is taken for.
func (c *Client) Looked() dbmigrate.Version { return c.table.looked[c.at] }

// A Class is a class of documents.
type Class struct {
	// Name is the dotted name, as in embedded_doc_type; Short the _cls of its values.
	Name, Short string
	// Strict reports whether the loader raises on a key that the class does not know.
	// Dynamic reports whether it takes any key. Where both are false it ignores them.
	Strict, Dynamic bool
	keys            map[string]string
}

// Class finds a class by its dotted name, also one that it had in another version and
// that still leads to it, or by the _cls of its values.
func (c *Client) Class(name string) (Class, bool) {
	kind := "class"
	if !strings.Contains(name, ".") {
		kind = "_cls"
	}
	row, ok := c.find(kind, name)
	if !ok {
		return Class{}, false
	}
	return c.class(row), true
}

// class reads a class off its row.
func (c *Client) class(row row) Class {
	class := Class{Name: row.name, Short: row.key, Strict: row.detail == "strict", Dynamic: row.detail == "dynamic", keys: map[string]string{}}
	for _, key := range c.table.keyed["key"][row.name] {
		if c.has(key) {
			class.keys[key.key] = key.detail
		}
	}
	return class
}

// Knows reports whether the class has the key, as it is spelled in the database. The
// key _cls is known to every class.
func (c Class) Knows(key string) bool {
	_, ok := c.keys[key]
	return ok || key == "_cls"
}

// Type is the type of a key's field: "StringField", "ListField(FloatField)",
// "EmbeddedDocumentField(ColorScheme)". Empty where the class does not know the key.
func (c Class) Type(key string) string { return c.keys[key] }

// Keys are the keys that the class knows, sorted.
func (c Class) Keys() []string {
	keys := make([]string, 0, len(c.keys))
	for key := range c.keys {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Arguments are the keyword arguments of a stage or of a run's config.
type Arguments struct {
	// Type is the type of run that a config is for, where it says so: "similarity".
	Type string
	// AnyArgument reports whether arguments that are not known are taken: a config
	// ignores them, a stage hands them on.
	AnyArgument bool
	names       map[string]bool
}

// Knows reports whether there is an argument of that name. Arguments of a stage may
// start with an underscore, which is part of the name.
func (a Arguments) Knows(argument string) bool { return a.names[argument] || a.AnyArgument }

// Stage finds a view stage by its _cls, "fiftyone.core.stages.Match".
func (c *Client) Stage(cls string) (Arguments, bool) { return c.arguments("stage", cls) }

// Config finds the configuration class of a run, "fiftyone.brain.similarity.SimilarityConfig".
func (c *Client) Config(cls string) (Arguments, bool) { return c.arguments("config", cls) }

// arguments are those of a row of the kind.
func (c *Client) arguments(kind, name string) (Arguments, bool) {
	row, ok := c.find(kind, name)
	if !ok {
		return Arguments{}, false
	}
	arguments := Arguments{names: map[string]bool{}}
	if row.detail != "-" {
		arguments.Type = row.detail
	}
	for _, argument := range c.table.keyed["argument"][row.name] {
		if c.has(argument) {
			arguments.names[argument.key] = true
		}
	}
	arguments.AnyArgument = arguments.names["*"]
	delete(arguments.names, "*")
	return arguments, true
}

// Field reports whether a schema may name the type of field: ftype and subfield,
// "fiftyone.core.fields.IntField".
func (c *Client) Field(ftype string) bool { return c.knows("field", ftype) }

// Results reports whether the class of a run's results is known.
func (c *Client) Results(cls string) bool { return c.knows("results", cls) }

// MediaType reports whether a media type is known: "3d".
func (c *Client) MediaType(name string) bool { return c.knows("media", name) }

// A Trait is something that a version does with what it does not know.
type Trait string

const (
	// RunConfigFallsBack says that a run whose config class is unknown is read with a
	// class of the base; without it, reading it raises.
	RunConfigFallsBack Trait = "run-config-falls-back"
	// RunResultsFallBack says the same of the class of a run's results.
	RunResultsFallBack Trait = "run-results-fall-back"
)

// Has reports whether the version has the trait.
func (c *Client) Has(trait Trait) bool { return c.knows("trait", string(trait)) }

// Databases says which databases the version takes, apart from those of its own
// version: ">=0.19,<2". Empty where it takes no others.
func (c *Client) Databases() string {
	for _, row := range c.table.rows["databases"] {
		if c.has(row) {
			return row.name
		}
	}
	return ""
}

// Since is the first version looked at that knows a class of documents, a type of
// field, a stage, a config, a class of results or a media type; ok is false where none does.
func (c *Client) Since(name string) (version dbmigrate.Version, ok bool) {
	first := len(c.table.looked)
	for _, kind := range []string{"class", "field", "stage", "config", "results", "media"} {
		for _, row := range c.table.rows[kind] {
			if row.name == name || kind == "class" && row.key == name {
				first = min(first, row.first)
			}
		}
	}
	return c.table.version(first)
}

// KeySince is Since for a key of a class, or an argument of a stage or config.
func (c *Client) KeySince(name, key string) (version dbmigrate.Version, ok bool) {
	first := len(c.table.looked)
	for _, kind := range []string{"key", "argument"} {
		for _, row := range c.table.keyed[kind][name] {
			if row.key == key {
				first = min(first, row.first)
			}
		}
	}
	return c.table.version(first)
}
