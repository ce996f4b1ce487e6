package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
)

// importsName is the collection of records of imports under way. A record names
// what to remove should its import die.
const importsName = "medialift.imports"

// leaseTime is how long an import is taken to be alive after its last sign of
// life, by the server's clock.
const leaseTime = 2 * time.Minute

// A lease is the record of an import, kept alive.
type lease struct {
	d     *Database
	id    bson.ObjectID
	token string // of this process: who took the record over has another
	stop  context.CancelFunc
	ended chan struct{}

	mu   sync.Mutex
	seen time.Time // when the record was last known to be ours
	lost error
}

// expiry is an update of a record's expiry, by the server's clock.
func expiry() bson.E {
	return bson.E{Key: "expires", Value: bson.D{{Key: "$add", Value: bson.A{"$$NOW", leaseTime.Milliseconds()}}}}
}

// expired matches records of dead imports.
func expired() bson.E {
	return bson.E{Key: "$expr", Value: bson.D{{Key: "$lt", Value: bson.A{"$expires", "$$NOW"}}}}
}

func pipeline(fields ...bson.E) bson.A {
	return bson.A{bson.D{{Key: "$set", Value: bson.D(fields)}}}
}

// newLease makes the record of an import and keeps it alive.
func (d *Database) newLease(ctx context.Context, w *Writer) (*lease, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	l := &lease{d: d, id: w.id, token: rand.Text(), ended: make(chan struct{}), seen: time.Now()}
	record := bson.D{
		{Key: "_id", Value: w.id}, {Key: "token", Value: l.token}, {Key: "host", Value: host}, {Key: "pid", Value: os.Getpid()},
		{Key: "name", Value: w.name}, {Key: "samples", Value: w.samples}, {Key: "frames", Value: w.frames}, {Key: "files", Value: bson.A{}},
	}
	if _, err := d.durable.Collection(importsName).InsertOne(ctx, record); err != nil {
		return nil, d.writeError("noting the import", err)
	}
	if err := l.renew(ctx); err != nil {
		return nil, err
	}
	beat, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(beat)
	return l, nil
}

// keep renews the lease until it is told to stop.
func (l *lease) keep(ctx context.Context) {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(leaseTime / 6):
		}
		// A server that does not answer for a while is no loss as long as it does
		// before the lease has run out: check sees to that.
		if err := l.renew(ctx); errors.Is(err, ErrLost) {
			return
		}
	}
}

// renew puts the expiry off and finds out whether the record is still ours.
func (l *lease) renew(ctx context.Context, more ...bson.E) error {
	at := time.Now()
	mine := bson.D{{Key: "_id", Value: l.id}, {Key: "token", Value: l.token}}
	result, err := l.d.durable.Collection(importsName).UpdateOne(ctx, mine, pipeline(append(more, expiry())...))
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		return l.d.writeError("keeping the import alive", err)
	}
	if result.MatchedCount == 0 {
		l.lost = fmt.Errorf("%w: another one has removed what it wrote", ErrLost)
		return l.lost
	}
	l.seen = at
	return nil
}

// check fails once the record may have been taken for that of a dead import.
func (l *lease) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil && time.Since(l.seen) > leaseTime*3/4 {
		l.lost = fmt.Errorf("%w: the database did not answer for %v", ErrLost, time.Since(l.seen).Round(time.Second))
	}
	return l.lost
}

// noteFile puts a GridFS file into the record before it is written.
func (l *lease) noteFile(ctx context.Context, id bson.ObjectID) error {
	if err := l.check(); err != nil {
		return err
	}
	more := bson.E{Key: "files", Value: bson.D{{Key: "$concatArrays", Value: bson.A{"$files", bson.A{id}}}}}
	return l.renew(ctx, more)
}

// finish deletes the record; false if it was not there any more.
func (l *lease) finish(ctx context.Context) (bool, error) {
	l.stop()
	<-l.ended
	mine := bson.D{{Key: "_id", Value: l.id}, {Key: "token", Value: l.token}}
	result, err := l.d.durable.Collection(importsName).DeleteOne(ctx, mine)
	if err != nil {
		return false, l.d.writeError("ending the import", err)
	}
	return result.DeletedCount == 1, nil
}

// abandon removes what the import wrote, and then the record.
func (l *lease) abandon() error {
	l.stop()
	<-l.ended
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	record, err := l.d.db.Collection(importsName).FindOne(ctx, bson.D{{Key: "_id", Value: l.id}, {Key: "token", Value: l.token}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	if err != nil {
		return l.d.readError("removing an unfinished import", err)
	}
	return l.d.remove(ctx, record)
}

// sweep removes what dead imports left behind.
func (d *Database) sweep(ctx context.Context) error {
	imports := d.durable.Collection(importsName)
	for {
		// Taking it over keeps others, and its owner should it wake, from it.
		record, err := imports.FindOneAndUpdate(ctx, bson.D{expired()}, pipeline(bson.E{Key: "token", Value: rand.Text()}, expiry())).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil
		}
		if err != nil {
			return d.writeError("looking for unfinished imports", err)
		}
		if err := d.remove(ctx, record); err != nil {
			return err
		}
	}
}

// remove deletes what a record names, and then the record. Where the dataset's
// document is there, the import only failed to delete its record.
func (d *Database) remove(ctx context.Context, record bson.Raw) error {
	id, ok := record.Lookup("_id").ObjectIDOK()
	if !ok {
		return fmt.Errorf("%w: the record of an import in %q has no id", dataset.ErrMalformed, importsName)
	}
	samples := "samples." + id.Hex()
	used := bson.D{{Key: "$or", Value: bson.A{bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "sample_collection_name", Value: samples}}}}}
	n, err := d.durable.Collection(datasetsName).CountDocuments(ctx, used)
	if err != nil {
		return d.readError("removing an unfinished import", err)
	}
	if n == 0 {
		if err := d.removeParts(ctx, id, samples, record); err != nil {
			return d.writeError("removing an unfinished import", err)
		}
	}
	if _, err := d.durable.Collection(importsName).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
		return d.writeError("removing an unfinished import", err)
	}
	return nil
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
