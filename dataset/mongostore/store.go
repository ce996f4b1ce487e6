package mongostore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// A Store is a dataset of a database, known by its _id, so that it stays the
// same when it is renamed. It is a dataset.Source.
type Store struct {
	d               *Database
	id              bson.RawValue
	name            string
	samples, frames string   // collections; frames is empty where FiftyOne keeps none
	pipeline        []bson.D // what chooses samples; nil for all
	unborn          bson.Raw // the document of a Hidden
}

// Name is the dataset's name when it was opened.
func (s *Store) Name() string { return s.name }

// ID is the _id of the dataset.
func (s *Store) ID() bson.RawValue { return s.id }

// Database is the database that holds the dataset.
func (s *Store) Database() *Database { return s.d }

// UUID is what the server calls the collection of samples. A copy of the database
// has the same names and ids, and other UUIDs.
func (s *Store) UUID(ctx context.Context) (string, error) {
	specs, err := s.d.db.ListCollectionSpecifications(ctx, bson.D{{Key: "name", Value: s.samples}})
	if err != nil {
		return "", s.d.readError("reading a dataset", err)
	}
	if len(specs) == 0 || specs[0].UUID == nil { // no sample was ever added
		return "", nil
	}
	return hex.EncodeToString(specs[0].UUID.Data), nil
}

// document reads the dataset document.
func (s *Store) document(ctx context.Context) (bson.Raw, error) {
	if s.unborn != nil {
		return s.unborn, nil
	}
	doc, err := s.d.db.Collection(datasetsName).FindOne(ctx, bson.D{{Key: "_id", Value: s.id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, &NotFoundError{Name: s.name}
	}
	if err != nil {
		return nil, s.d.readError("reading a dataset", err)
	}
	return doc, nil
}

// Manifest reads the dataset document with its saved views, workspaces and runs
// in their place. References that lead nowhere are left out and listed as
// Problems.
func (s *Store) Manifest(ctx context.Context) (dataset.Manifest, error) {
	doc, err := s.document(ctx)
	if err != nil {
		return dataset.Manifest{}, err
	}
	m := dataset.Manifest{Counts: map[dataset.Part]int64{}}
	m.Doc, m.Problems, err = s.d.expand(ctx, doc)
	if err != nil {
		return dataset.Manifest{}, err
	}
	for part, name := range map[dataset.Part]string{dataset.Samples: s.samples, dataset.Frames: s.frames} {
		if name == "" || s.pipeline != nil {
			continue
		}
		if m.Counts[part], err = s.d.db.Collection(name).EstimatedDocumentCount(ctx); err != nil {
			return dataset.Manifest{}, s.d.readError("counting "+string(part), err)
		}
	}
	if s.pipeline == nil {
		if m.Counts[dataset.Tags], err = s.d.db.Collection(tagsName).CountDocuments(ctx, s.own()); err != nil {
			return dataset.Manifest{}, s.d.readError("counting tags", err)
		}
	}
	if m.Panels, err = s.panels(ctx); err != nil {
		return dataset.Manifest{}, err
	}
	if m.Ontologies, err = s.d.ontologies(ctx, m.Doc); err != nil {
		return dataset.Manifest{}, err
	}
	m.Indexes, err = s.userIndexes(ctx, m)
	return m, err
}

// own matches the documents of shared collections that belong to the dataset.
func (s *Store) own() bson.D { return bson.D{{Key: "_dataset_id", Value: s.id}} }

// collection names the collection of a part that has one to itself.
func (s *Store) collection(part dataset.Part) string {
	switch part {
	case dataset.Samples:
		return s.samples
	case dataset.Frames:
		return s.frames
	case dataset.Views:
		return viewsName
	}
	if isDerived(part) {
		return string(part)
	}
	return ""
}

// Documents streams a part in natural order, which is FiftyOne's. Tags come as
// FiftyOne exports them, ids and dates as strings.
func (s *Store) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		if part == dataset.Tags {
			s.tags(ctx, yield)
			return
		}
		name := s.collection(part)
		if name == "" {
			return
		}
		cursor, err := s.find(ctx, part, name)
		if err != nil {
			yield(nil, s.d.readError("reading "+string(part), err))
			return
		}
		s.d.drain(ctx, cursor, part, func(doc bson.Raw) bool { return yield(doc, nil) }, yield)
	}
}

// find begins to read the documents of a part.
func (s *Store) find(ctx context.Context, part dataset.Part, collection string) (*mongo.Cursor, error) {
	if s.pipeline != nil {
		return s.d.db.Collection(s.samples).Aggregate(ctx, s.chosen(part), options.Aggregate().SetAllowDiskUse(true))
	}
	return s.d.db.Collection(collection).Find(ctx, bson.D{}, options.Find().SetHint(bson.D{{Key: "$natural", Value: 1}}))
}

// drain hands each document of a cursor to each, and an error to yield.
func (d *Database) drain(ctx context.Context, cursor *mongo.Cursor, part dataset.Part, each func(bson.Raw) bool, yield func(bson.Raw, error) bool) {
	// Closing frees the server's side; that it fails is of no consequence.
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for cursor.Next(ctx) {
		if !each(cursor.Current) {
			return
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
	}
	if err := cursor.Err(); err != nil {
		yield(nil, d.readError("reading "+string(part), err))
	}
}

// Result streams the results of a run from GridFS.
func (s *Store) Result(ctx context.Context, run dataset.Run) (io.ReadCloser, error) {
	doc, err := s.document(ctx)
	if err != nil {
		return nil, err
	}
	ref := doc.Lookup(string(run.Family), run.Key)
	runDoc, embedded := ref.DocumentOK() // before 0.19
	if id, ok := reference(ref); ok {
		embedded = false
		runDoc, err = s.d.db.Collection(runsName).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
		if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
			return nil, s.d.readError("reading a run", err)
		}
	}
	file := runDoc.Lookup("results")
	if len(runDoc) == 0 || file.Type == 0 || file.Type == bson.TypeNull || embedded && file.Type != bson.TypeObjectID {
		return nil, fmt.Errorf("%w: %q", dataset.ErrNoResult, run.Key)
	}
	if fault := s.d.resultsFault(ctx, file); fault != "" {
		return nil, fmt.Errorf("%w: %q: %s", dataset.ErrNoResult, run.Key, fault)
	}
	stream, err := s.d.db.GridFSBucket().OpenDownloadStream(ctx, file)
	if errors.Is(err, mongo.ErrFileNotFound) {
		return nil, fmt.Errorf("%w: %q names a file that is gone", dataset.ErrNoResult, run.Key)
	}
	if err != nil {
		return nil, s.d.readError("opening run results", err)
	}
	return stream, nil
}
