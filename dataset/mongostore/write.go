package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
)

func (d *Database) writeError(doing string, err error) error { return d.readError(doing, err) }

// insertError says which document a batch failed on.
func (w *Writer) insertError(part dataset.Part, batch []bson.Raw, err error) error {
	var bulk mongo.BulkWriteException
	if errors.As(err, &bulk) && len(bulk.WriteErrors) > 0 {
		first := bulk.WriteErrors[0]
		which := "a document"
		if first.Index >= 0 && first.Index < len(batch) {
			which = idText(batch[first.Index])
		}
		if mongo.IsDuplicateKeyError(first) {
			return fmt.Errorf("%w: %s of %s is there twice: %s", dataset.ErrMalformed, which, part, first.Message)
		}
		return fmt.Errorf("writing %s of %s: %s", which, part, first.Message)
	}
	return w.d.writeError("writing "+string(part), err)
}

// idText spells the _id of a document for people.
func idText(doc bson.Raw) string {
	v := doc.Lookup("_id")
	if id, ok := v.ObjectIDOK(); ok {
		return id.Hex()
	}
	return v.String()
}

// partIndexes lists the indexes to make for a part: those of users, and those of
// FiftyOne whose name no user has taken.
func partIndexes(m dataset.Manifest, part dataset.Part) []any {
	var specs []any
	taken := map[string]bool{}
	for _, index := range m.Indexes {
		if index.Part != part {
			continue
		}
		name, _ := index.Spec.Lookup("name").StringValueOK()
		taken[name] = true
		specs = append(specs, index.Spec)
	}
	for _, model := range defaultIndexes(m, part) {
		if !taken[model.name] {
			specs = append(specs, model.spec())
		}
	}
	return specs
}

func (d *Database) createIndexes(ctx context.Context, collection string, specs []any) error {
	command := bson.D{{Key: "createIndexes", Value: collection}, {Key: "indexes", Value: specs}}
	err := d.db.RunCommand(ctx, command).Err()
	if mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: a unique index does not fit its documents: %w", dataset.ErrMalformed, err)
	}
	if err != nil {
		return d.writeError("making indexes", err)
	}
	return nil
}

// datasetIndexes makes the indexes that FiftyOne makes when it first connects;
// they keep two imports from making datasets of one name.
func (d *Database) datasetIndexes(ctx context.Context) error {
	var specs []any
	for _, key := range []string{"name", "sample_collection_name"} {
		model := ascending(key)
		model.unique = true
		specs = append(specs, model.spec())
	}
	return d.createIndexes(ctx, datasetsName, specs)
}

func (d *Database) gridFSIndexes(ctx context.Context) error {
	files := indexModel{name: "filename_1_uploadDate_1", keys: bson.D{{Key: "filename", Value: int32(1)}, {Key: "uploadDate", Value: int32(1)}}}
	chunks := indexModel{name: "files_id_1_n_1", keys: bson.D{{Key: "files_id", Value: int32(1)}, {Key: "n", Value: int32(1)}}, unique: true}
	if err := d.createIndexes(ctx, filesName, []any{files.spec()}); err != nil {
		return err
	}
	return d.createIndexes(ctx, chunksName, []any{chunks.spec()})
}

// tagIndexes makes the indexes that FiftyOne makes with its first temporal tag
// (fiftyone.core.tags, _ensure_indexes).
func (d *Database) tagIndexes(ctx context.Context) error {
	var specs []any
	for _, index := range []struct {
		name   string
		keys   []string
		unique bool
	}{
		{"unique_temporal_tag", []string{"_dataset_id", "_sample_id", "kind", "index_type", "anchor", "start", "end", "tag"}, true},
		{"temporal_tag_overlap", []string{"_dataset_id", "_sample_id", "kind", "index_type", "anchor", "start", "end"}, false},
		{"temporal_tag_sample_range", []string{"_dataset_id", "_sample_id", "kind", "start", "end", "index_type", "anchor", "tag"}, false},
		{"temporal_tag_tag_lookup", []string{"_dataset_id", "kind", "tag", "_sample_id", "start", "end", "index_type", "anchor"}, false},
		{"temporal_tag_counts", []string{"_dataset_id", "kind", "anchor", "tag"}, false},
	} {
		model := indexModel{name: index.name, unique: index.unique}
		for _, key := range index.keys {
			model.keys = append(model.keys, bson.E{Key: key, Value: int32(1)})
		}
		specs = append(specs, model.spec())
	}
	return d.createIndexes(ctx, tagsName, specs)
}
