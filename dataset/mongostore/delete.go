package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// Delete deletes a dataset that a Writer made, with all that belongs to it. Its own
// document goes first, so that no FiftyOne sees a part of it; should this process
// die then, the next import removes the rest. Datasets that FiftyOne generated from
// it stay. Of the ontologies with these ids, which were made for it, those that others
// use stay too: their names are returned.
func (s *Store) Delete(ctx context.Context, ontologies ...bson.ObjectID) (kept []string, err error) {
	id, ok := s.id.ObjectIDOK()
	if samples := "samples." + id.Hex(); !ok || s.samples != samples || s.frames != "" && s.frames != "frames."+samples {
		return nil, fmt.Errorf("%w: its collections are not named after it: %q, %q", dataset.ErrUnsupported, s.samples, s.frames)
	}
	files, err := s.resultFiles(ctx)
	if err != nil {
		return nil, err
	}
	token := rand.Text()
	record := bson.D{
		{Key: "_id", Value: id}, {Key: "name", Value: s.name}, {Key: "samples", Value: s.samples},
		{Key: "frames", Value: s.frames}, {Key: "files", Value: files}, {Key: "ontologies", Value: append([]bson.ObjectID{}, ontologies...)}, {Key: "token", Value: token},
	}
	// A record may be left of the import itself.
	if _, err := s.d.durable.Collection(importsName).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
		return nil, s.d.writeError("noting the deletion", err)
	}
	if _, err := s.d.durable.Collection(importsName).InsertOne(ctx, record); err != nil {
		return nil, s.d.writeError("noting the deletion", err)
	}
	l, err := s.d.keep(ctx, id, token)
	if err != nil {
		return nil, err
	}
	// A deletion that comes after abandon has looked would leave the rest to nobody.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastStep)
	defer cancel()
	_, err = s.d.durable.Collection(datasetsName).DeleteOne(ctx, bson.D{{Key: "_id", Value: s.id}})
	if err != nil {
		err = s.d.writeError("deleting the dataset", err)
	}
	kept, abandoned := s.d.abandon(l, id, files, append([]bson.ObjectID{}, ontologies...))
	return kept, errors.Join(err, abandoned)
}

// resultFiles lists the files that hold the results of the dataset's runs.
func (s *Store) resultFiles(ctx context.Context) (bson.A, error) {
	files := bson.A{}
	add := func(run bson.Raw) {
		if file := run.Lookup("results"); file.Type == bson.TypeObjectID {
			files = append(files, file)
		}
	}
	cursor, err := s.d.db.Collection(runsName).Find(ctx, s.own())
	if err != nil {
		return nil, s.d.readError("reading runs", err)
	}
	var runs []bson.Raw
	if err := cursor.All(ctx, &runs); err != nil {
		return nil, s.d.readError("reading runs", err)
	}
	doc, err := s.document(ctx)
	if err != nil {
		return nil, err
	}
	for _, family := range dataset.Families() { // documents of their own since 0.19 only
		inner, err := elements(doc.Lookup(string(family)))
		if err != nil {
			return nil, err
		}
		for _, e := range inner {
			if run, ok := e.Value().DocumentOK(); ok {
				runs = append(runs, run)
			}
		}
	}
	for _, run := range runs {
		add(run)
	}
	return files, nil
}
