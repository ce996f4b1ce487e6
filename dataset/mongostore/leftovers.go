package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/lease"
)

// importsName is the collection of records of imports under way. A record names
// what to remove should its import die.
const importsName = "medialift.imports"

// record makes the record of an import and keeps it alive.
func (w *Writer) record(ctx context.Context) (*lease.Lease, error) {
	token := rand.Text()
	record := bson.D{
		{Key: "_id", Value: w.id}, {Key: "name", Value: w.name}, {Key: "samples", Value: w.samples},
		{Key: "frames", Value: w.frames}, {Key: "files", Value: bson.A{}}, {Key: "token", Value: token},
	}
	if _, err := w.d.durable.Collection(importsName).InsertOne(ctx, record); err != nil {
		return nil, w.d.writeError("noting the import", err)
	}
	return w.d.keep(ctx, w.id, token)
}

// keep keeps the record of an import, or of a deletion, alive.
func (d *Database) keep(ctx context.Context, id bson.ObjectID, token string) (*lease.Lease, error) {
	l, err := d.leases.Keep(ctx, importsName, id, token, lease.Owner(token)...)
	return l, d.leaseError(err)
}

// noteFile puts a GridFS file into the record before it is written.
func (w *Writer) noteFile(ctx context.Context, id bson.ObjectID) error {
	if err := w.held(); err != nil {
		return err
	}
	more := bson.E{Key: "files", Value: bson.D{{Key: "$concatArrays", Value: bson.A{"$files", bson.A{id}}}}}
	return w.d.leaseError(w.lease.Renew(ctx, more))
}

// held fails once others may have taken the import for a dead one, or the dataset.
func (w *Writer) held() error {
	if w.lease != nil && w.lease.Err() != nil {
		return w.d.leaseError(w.lease.Err())
	}
	return w.lock.Err()
}

// abandon removes the parts of a dataset of that _id, among them results in those
// files, and then the record. Where somebody else has taken that over, what was on its
// way meanwhile may have come after they removed the rest: nobody but the lease's owner
// has these ids.
func (d *Database) abandon(l *lease.Lease, id bson.ObjectID, files, ontologies any) (kept []string, err error) {
	l.Leave()
	if err := l.Err(); errors.Is(err, lease.ErrUnconfirmed) {
		return nil, nil // the next import removes it, once the record has expired
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	record, err := bson.Marshal(bson.D{{Key: "_id", Value: id}, {Key: "files", Value: files}, {Key: "ontologies", Value: ontologies}})
	if err != nil {
		return nil, fmt.Errorf("removing an unfinished import: %w", err)
	}
	return d.remove(ctx, record)
}

// missed ends a Commit that found its record taken over: the dataset is there now.
// Who took the record either saw it, and removed the record alone, or did not, and
// removed all the rest.
func (w *Writer) missed(ctx context.Context, refs references) error {
	taken, err := w.d.durable.Collection(importsName).CountDocuments(ctx, bson.D{{Key: "_id", Value: w.id}})
	if err == nil && taken == 0 {
		if err = w.complete(ctx); err == nil {
			err = w.refers(ctx, refs)
		}
		if err == nil {
			return nil
		}
	}
	lost := fmt.Errorf("%w: what it wrote was removed", ErrLost)
	_, gone := w.d.durable.Collection(datasetsName).DeleteOne(ctx, bson.D{{Key: "_id", Value: w.id}})
	if gone != nil {
		return errors.Join(lost, w.d.writeError("removing an unfinished import", gone))
	}
	_, err = w.d.abandon(w.lease, w.id, w.files, w.made)
	return errors.Join(lost, err)
}

// refers makes sure that what the dataset refers to is there.
func (w *Writer) refers(ctx context.Context, refs references) error {
	for _, r := range referrers() {
		ids := refs[r.key]
		if len(ids) == 0 {
			continue
		}
		n, err := w.d.db.Collection(r.collection).CountDocuments(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
		if err != nil {
			return w.d.readError("counting "+r.key, err)
		}
		if n != int64(len(ids)) {
			return fmt.Errorf("%w: %d of %s were written, %d are there", ErrLost, len(ids), r.key, n)
		}
	}
	return nil
}

// sweep removes what dead imports left behind.
func (d *Database) sweep(ctx context.Context) error {
	imports := d.durable.Collection(importsName)
	for {
		// Taking it over keeps others, and its owner should it wake, from it.
		taken := bson.D{{Key: "token", Value: rand.Text()}, lease.Expiry()}
		record, err := imports.FindOneAndUpdate(ctx, bson.D{lease.Expired()}, bson.A{bson.D{{Key: "$set", Value: taken}}}).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return d.leases.Sweep(ctx)
		}
		if err != nil {
			return d.writeError("looking for unfinished imports", err)
		}
		if err := d.forget(ctx, record); err != nil {
			return err
		}
	}
}

// forget removes what a dead import left, its lock too.
func (d *Database) forget(ctx context.Context, record bson.Raw) error {
	if _, err := d.remove(ctx, record); err != nil {
		return err
	}
	return d.leaseError(d.leases.Forget(ctx, record.Lookup("_id")))
}

// Abandon removes what an import of the dataset with that _id left behind, without
// waiting for its record to expire: the caller knows that its process has ended.
func (d *Database) Abandon(ctx context.Context, hex string) error {
	id, err := bson.ObjectIDFromHex(hex)
	if err != nil {
		return &NotFoundError{Name: hex}
	}
	record, err := d.db.Collection(importsName).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) { // it may have been removed before the last of its writes came
		record, err = bson.Marshal(bson.D{{Key: "_id", Value: id}})
	}
	if err != nil {
		return d.readError("looking for an unfinished import", err)
	}
	return d.leaseError(d.leases.Patiently(ctx, func(ctx context.Context) error { return d.forget(ctx, record) }))
}

// remove deletes what a record names, and then the record. Where the dataset's
// document is there, the import only failed to delete its record. It returns the names of
// ontologies that it made and that others use now.
func (d *Database) remove(ctx context.Context, record bson.Raw) (kept []string, err error) {
	id, ok := record.Lookup("_id").ObjectIDOK()
	if !ok {
		return nil, fmt.Errorf("%w: the record of an import in %q has no id", dataset.ErrMalformed, importsName)
	}
	samples := "samples." + id.Hex()
	used := bson.D{{Key: "$or", Value: bson.A{bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "sample_collection_name", Value: samples}}}}}
	n, err := d.durable.Collection(datasetsName).CountDocuments(ctx, used)
	if err != nil {
		return nil, d.readError("removing an unfinished import", err)
	}
	if n == 0 {
		if err := d.removeParts(ctx, id, samples, record); err != nil {
			return nil, d.writeError("removing an unfinished import", err)
		}
		if ids := record.Lookup("ontologies"); ids.Type == bson.TypeArray {
			if kept, err = d.removeOntologies(ctx, ids); err != nil {
				return kept, err
			}
		}
	}
	if _, err := d.durable.Collection(importsName).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
		return kept, d.writeError("removing an unfinished import", err)
	}
	return kept, nil
}

func (d *Database) removeParts(ctx context.Context, id bson.ObjectID, samples string, record bson.Raw) error {
	for _, name := range []string{samples, "frames." + samples} {
		if err := d.durable.Collection(name).Drop(ctx); err != nil {
			return err
		}
	}
	for _, name := range []string{viewsName, workspacesName, runsName, tagsName} {
		if _, err := d.durable.Collection(name).DeleteMany(ctx, bson.D{{Key: "_dataset_id", Value: id}}); err != nil {
			return err
		}
	}
	if _, err := d.durable.Collection(storesName).DeleteMany(ctx, bson.D{{Key: storeOwner, Value: id}}); err != nil {
		return err
	}
	files, err := elements(record.Lookup("files"))
	if err != nil {
		return err
	}
	for _, e := range files {
		if err := d.removeFile(ctx, e.Value()); err != nil {
			return err
		}
	}
	return nil
}

func (d *Database) removeFile(ctx context.Context, id bson.RawValue) error {
	_, err := d.durable.Collection(filesName).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	if err == nil {
		_, err = d.durable.Collection(chunksName).DeleteMany(ctx, bson.D{{Key: "files_id", Value: id}})
	}
	return err
}
