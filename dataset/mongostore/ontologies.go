package mongostore

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// Ontologies are named, versioned and shared by all datasets of a database. Label
// schemas name those that they apply (fiftyone.core.odm.ontology).
const (
	ontologiesName = "ontologies"
	appliedKey     = "applied_ontology"
)

// applied are the names of the ontologies that label schemas apply, by the fields of
// these.
func applied(doc bson.Raw) map[string]string {
	names := map[string]string{}
	for key, prefix := range map[string]string{"label_schemas": "", "frame_label_schemas": "frames."} {
		schemas, _ := elements(doc.Lookup(key))
		for _, e := range schemas {
			schema, _ := e.Value().DocumentOK()
			if name, ok := schema.Lookup(appliedKey).StringValueOK(); ok && name != "" {
				names[prefix+e.Key()] = name
			}
		}
	}
	return names
}

// newestLast sorts ontologies.
func newestLast() *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "slug", Value: 1}, {Key: "version", Value: 1}})
}

// ontologies reads those that a dataset's label schemas apply, with the taxonomies that
// these name, in all their versions.
func (d *Database) ontologies(ctx context.Context, doc bson.Raw) ([]bson.Raw, error) {
	var slugs []string
	for _, name := range applied(doc) {
		if slug, err := Slug(name); err == nil {
			slugs = append(slugs, slug)
		}
	}
	var all []bson.Raw
	seen := map[string]bool{}
	for len(slugs) > 0 {
		found, err := d.all(ctx, ontologiesName, bson.D{{Key: "slug", Value: bson.D{{Key: "$in", Value: slugs}}}}, newestLast())
		if err != nil {
			return nil, err
		}
		for _, slug := range slugs {
			seen[slug] = true
		}
		all, slugs = append(all, found...), nil
		for _, o := range found {
			if slug, ok := o.Lookup("root", "taxonomy").StringValueOK(); ok && slug != "" && !seen[slug] {
				slugs = append(slugs, slug)
			}
		}
	}
	return all, nil
}

// slugOf is the slug of an ontology.
func slugOf(o bson.Raw) string {
	slug, _ := o.Lookup("slug").StringValueOK()
	return slug
}

// newestOf is the newest version of each of some ontologies, which come in order.
func newestOf(list []bson.Raw) map[string]bson.Raw {
	newest := map[string]bson.Raw{}
	for _, o := range list {
		newest[slugOf(o)] = o
	}
	return newest
}

// sameOntology reports whether two mean the same.
func sameOntology(a, b bson.Raw) bool {
	for _, key := range []string{"type", "description", "root"} {
		x, y := a.Lookup(key), b.Lookup(key)
		if x.Type == bson.TypeNull {
			x = bson.RawValue{}
		}
		if y.Type == bson.TypeNull {
			y = bson.RawValue{}
		}
		if x.Type != y.Type || string(x.Value) != string(y.Value) {
			return false
		}
	}
	return true
}

// checkOntologies finds out which ontologies of m have to be made. Another one of the
// same name is a *dataset.Refusal.
func (w *Writer) checkOntologies(ctx context.Context, m dataset.Manifest) error {
	w.missing, w.notes = nil, nil
	theirs, err := w.d.all(ctx, ontologiesName, bson.D{}, newestLast())
	if err != nil {
		return err
	}
	there, ours := newestOf(theirs), newestOf(m.Ontologies)
	refusal := &dataset.Refusal{
		Reason: "ontologies of label schemas are other ones in the database of the new dataset",
		Hint:   "rename one of the two in FiftyOne (fiftyone.core.ontology), or lift into another database",
	}
	for _, o := range m.Ontologies {
		slug := slugOf(o)
		other, ok := there[slug]
		switch {
		case !ok:
			w.missing = append(w.missing, o)
		case string(ours[slug]) == string(o) && !sameOntology(o, other):
			name, _ := o.Lookup("name").StringValueOK()
			refusal.Add(dataset.Problem{Kind: "ontology", ID: name, Hint: fmt.Sprintf("the database has another ontology of the slug %q", slug)})
		}
	}
	if refusal.Total > 0 {
		return refusal
	}
	names := applied(m.Doc)
	fields := make([]string, 0, len(names))
	for field := range names {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	for _, field := range fields {
		slug, _ := Slug(names[field])
		if there[slug] == nil && ours[slug] == nil {
			w.notes = append(w.notes, fmt.Sprintf("the label schema of %q applies the ontology %q, which neither its source nor the database has: FiftyOne leaves its attributes out",
				field, names[field]))
		}
	}
	return nil
}

// Notes are sentences about what the new dataset lacks; Check and Begin find it out.
func (w *Writer) Notes() []string { return w.notes }

// insertOntologies makes the ontologies that are not there. They are noted before, so
// that they are removed should the dataset not come to be.
func (w *Writer) insertOntologies(ctx context.Context, m dataset.Manifest) error {
	if len(m.Ontologies) == 0 {
		return nil
	}
	if err := w.checkOntologies(ctx, m); err != nil || len(w.missing) == 0 {
		return err
	}
	if err := w.d.ontologyIndexes(ctx); err != nil {
		return err
	}
	docs := make([]bson.Raw, len(w.missing))
	for i, o := range w.missing {
		id := bson.NewObjectID()
		var err error
		if docs[i], err = edited(o, set("_id", id)); err != nil {
			return err
		}
		w.made = append(w.made, id)
	}
	if err := w.held(); err != nil {
		return err
	}
	noted := bson.A{}
	for _, id := range w.made {
		noted = append(noted, id)
	}
	if err := w.d.leaseError(w.lease.Renew(ctx, bson.E{Key: "ontologies", Value: noted})); err != nil {
		return err
	}
	if _, err := w.d.durable.Collection(ontologiesName).InsertMany(ctx, docs); err != nil {
		return w.d.writeError("writing "+ontologiesName, err)
	}
	return nil
}

// ontologyIndexes makes the indexes that FiftyOne makes with its first ontology.
func (d *Database) ontologyIndexes(ctx context.Context) error {
	lineage := indexModel{name: "slug_1_version_1", keys: bson.D{{Key: "slug", Value: int32(1)}, {Key: "version", Value: int32(1)}}, unique: true}
	return d.createIndexes(ctx, ontologiesName, []any{lineage.spec(), ascending("name").spec(), ascending("type").spec()})
}

// removeOntologies deletes those of the ontologies with these ids, which an import made,
// that nothing else uses, and returns the names of the others.
func (d *Database) removeOntologies(ctx context.Context, ids any) (kept []string, err error) {
	list, err := d.all(ctx, ontologiesName, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, newestLast())
	if err != nil || len(list) == 0 {
		return nil, err
	}
	used, err := d.usedOntologies(ctx)
	if err != nil {
		return nil, err
	}
	mine := map[string]bson.A{}
	for _, o := range list {
		mine[slugOf(o)] = append(mine[slugOf(o)], o.Lookup("_id"))
	}
	// An annotation ontology goes before the taxonomy that it names.
	order := []string{}
	for slug := range mine {
		order = append(order, slug)
	}
	newest := newestOf(list)
	slices.SortFunc(order, func(a, b string) int {
		kind := func(slug string) string { k, _ := newest[slug].Lookup("type").StringValueOK(); return k }
		return slices.Compare([]string{kind(a), a}, []string{kind(b), b})
	})
	for _, slug := range order {
		others := bson.D{{Key: "_id", Value: bson.D{{Key: "$nin", Value: mine[slug]}}},
			{Key: "$or", Value: bson.A{bson.D{{Key: "slug", Value: slug}}, bson.D{{Key: "root.taxonomy", Value: slug}}}}}
		n, err := d.durable.Collection(ontologiesName).CountDocuments(ctx, others)
		if err != nil {
			return kept, d.readError("reading "+ontologiesName, err)
		}
		if n > 0 || used[slug] {
			name, _ := newest[slug].Lookup("name").StringValueOK()
			kept = append(kept, name)
			continue
		}
		if _, err := d.durable.Collection(ontologiesName).DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: mine[slug]}}}}); err != nil {
			return kept, d.writeError("removing ontologies", err)
		}
	}
	return kept, nil
}

// usedOntologies are the slugs of those that any dataset's label schemas apply.
func (d *Database) usedOntologies(ctx context.Context) (map[string]bool, error) {
	fields := options.Find().SetProjection(bson.D{{Key: "label_schemas", Value: 1}, {Key: "frame_label_schemas", Value: 1}})
	docs, err := d.all(ctx, datasetsName, bson.D{}, fields)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, doc := range docs {
		for _, name := range applied(doc) {
			if slug, err := Slug(name); err == nil {
				used[slug] = true
			}
		}
	}
	return used, nil
}
