package mongostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/lease"
)

// NewOptions say what kind of dataset is made.
type NewOptions struct {
	// Temporary makes a dataset that FiftyOne deletes when its last client ends.
	Temporary bool
	// CreateDatabase allows a database that no FiftyOne has used yet.
	CreateDatabase bool
	// Force takes a dataset of a newer version than is known here.
	Force bool
	// Finish, if set, is called once all of the dataset is there but its own document,
	// which it returns as it is to be inserted. Others are kept off while it is at work.
	Finish func(ctx context.Context, h *Hidden) (bson.Raw, error)
	// Version is the FiftyOne version that Finish brings the dataset to; empty where the
	// dataset keeps its own.
	Version string
}

// A Writer is a dataset in the making: it is a dataset.Sink, and an io.Closer
// that removes what was written if Commit did not succeed. Its methods are not
// to be called at the same time.
//
// The dataset's own document is inserted last; until then no FiftyOne knows of
// it. A record with a lease tells later imports what to remove should this one
// die.
type Writer struct {
	d    *Database
	opts NewOptions

	id              bson.ObjectID
	name, slug      string
	slugged         bool   // whether the dataset is going to have a slug
	samples, frames string // collections; frames is empty without videos
	owned           map[dataset.Part]bool
	sent            map[dataset.Part]int64
	lease           *lease.Lease
	lock            *Lock // keeps migrations of the database off
	unguard         context.CancelFunc
	pipe            *pipe
	results         map[dataset.Run]bson.ObjectID
	files           []bson.ObjectID   // of results, also of those that are not whole
	missing         []bson.Raw        // ontologies that are to be made …
	made            []bson.ObjectID   // … and were
	notes           []string          // about ontologies that are nowhere
	renamed         map[string]string // generated datasets that have to get another name
	settled         bool
	unsure          bool // whether the dataset document is there, or comes yet
}

// New begins a dataset of that name; with an empty one it gets the name that it
// has in the manifest. Nothing is looked at before Begin.
func (d *Database) New(name string, o NewOptions) *Writer {
	return &Writer{
		d: d, opts: o, name: name, id: bson.NewObjectID(),
		owned: map[dataset.Part]bool{}, sent: map[dataset.Part]int64{}, results: map[dataset.Run]bson.ObjectID{}, renamed: map[string]string{},
	}
}

// Name is the name that the dataset gets.
func (w *Writer) Name() string { return w.name }

// ID is the _id that the dataset gets.
func (w *Writer) ID() bson.ObjectID { return w.id }

// Begin refuses what must not happen before anything is written: ErrTaken,
// ErrName, ErrVersion, ErrNoConfig, dataset.ErrUnsupported. It removes what dead
// imports left behind.
func (w *Writer) Begin(ctx context.Context, m dataset.Manifest) error {
	if err := w.Check(ctx, m); err != nil {
		return err
	}
	var err error
	if w.lock, err = w.d.lock(ctx, w.id, w.name); err != nil {
		return err
	}
	ctx, w.unguard = w.lock.lease.Guard(ctx)
	if err := w.begin(ctx, m); err != nil {
		return errors.Join(err, w.held())
	}
	w.pipe = newPipe(ctx)
	return nil
}

// begin makes the record of the import, and the collections.
func (w *Writer) begin(ctx context.Context, m dataset.Manifest) error {
	if err := w.d.sweep(ctx); err != nil {
		return err
	}
	w.samples = "samples." + w.id.Hex()
	if hasVideos(m) {
		w.frames = "frames." + w.samples
	}
	for _, part := range dataset.MediaParts() {
		w.owned[part] = declares(m, part, "_dataset_id")
	}
	var err error
	if w.lease, err = w.record(ctx); err != nil {
		return err
	}
	for _, name := range []string{w.samples, w.frames} {
		if name == "" {
			continue
		}
		if err := w.d.db.CreateCollection(ctx, name); err != nil {
			return w.d.writeError("making a collection", err)
		}
	}
	return nil
}

// Check refuses what Begin would, and writes nothing.
func (w *Writer) Check(ctx context.Context, m dataset.Manifest) error {
	if w.name == "" {
		w.name = m.Name()
	}
	switch version := m.Version(); {
	case version == "":
		return fmt.Errorf("%w: it names no version: written by FiftyOne older than 0.8", dataset.ErrUnsupported)
	case Older(Newest, version) && !w.opts.Force:
		return fmt.Errorf("%w: the dataset is of version %s, the newest known here is %s", ErrVersion, version, Newest)
	case m.HasMediaReferences():
		return fmt.Errorf("%w: it refers to its media by media references", dataset.ErrUnsupported)
	}
	// A dataset that stays behind its database has a slug all the same, that of the
	// name that FiftyOne would give it.
	w.slugged = !w.d.old() || !Older(cmp.Or(w.opts.Version, m.Version()), sluggedSince)
	if w.slugged && w.d.old() {
		return fmt.Errorf("%w: the database is of version %s, and nothing brings the dataset there from %s", ErrVersion, w.d.config.Version, m.Version())
	}
	if err := w.d.Writable(); errors.Is(err, ErrNoConfig) && w.opts.CreateDatabase {
		// FiftyOne notes its version and type when it first connects.
	} else if err != nil {
		return err
	}
	if err := w.checkName(); err != nil {
		return err
	}
	if err := w.available(ctx); err != nil {
		return err
	}
	if err := w.renameGenerated(ctx, m); err != nil {
		return err
	}
	if err := w.checkOntologies(ctx, m); err != nil {
		return err
	}
	if err := roomForIndexes(m); err != nil {
		return err
	}
	_, err := w.document(m, references{})
	return err
}

// Append implements dataset.Sink. Documents are inserted in order while the next
// ones are made; an error may come with a later call.
func (w *Writer) Append(ctx context.Context, part dataset.Part, docs []bson.Raw) error {
	if len(docs) == 0 {
		return nil
	}
	if part == dataset.Tags {
		return w.appendTags(ctx, docs)
	}
	name := w.samples
	if part == dataset.Frames {
		if name = w.frames; name == "" {
			return fmt.Errorf("%w: it has frames but no videos", dataset.ErrMalformed)
		}
	}
	size := 0
	for _, doc := range docs {
		size += len(doc) + 32
	}
	memory := make([]byte, 0, size)
	batch := make([]bson.Raw, len(docs))
	for i, doc := range docs {
		start := len(memory)
		var err error
		if memory, err = w.adopt(memory, part, doc); err != nil {
			return err
		}
		batch[i] = memory[start:len(memory):len(memory)]
	}
	w.sent[part] += int64(len(docs))
	collection := w.d.db.Collection(name)
	return w.pipe.send(func(ctx context.Context) error {
		if err := w.held(); err != nil {
			return err
		}
		if _, err := collection.InsertMany(ctx, batch); err != nil {
			return errors.Join(w.insertError(part, batch, err), w.held())
		}
		return nil
	})
}

// adopt appends doc to memory as a document of this dataset.
func (w *Writer) adopt(memory []byte, part dataset.Part, doc bson.Raw) ([]byte, error) {
	if len(doc) > maxDocument {
		return nil, fmt.Errorf("%w: %s of %s has %d bytes, more than the %d that MongoDB keeps", dataset.ErrMalformed, idText(doc), part, len(doc), maxDocument)
	}
	if doc.Lookup("_id").Type == 0 {
		return nil, fmt.Errorf("%w: a document of %s has no _id", dataset.ErrMalformed, part)
	}
	start := len(memory)
	memory = append(memory, doc...)
	owner := bson.Raw(memory[start:]).Lookup("_dataset_id")
	switch {
	case owner.Type == bson.TypeObjectID:
		copy(owner.Value, w.id[:]) // in its place in memory
	case owner.Type != 0 || w.owned[part]:
		changed, err := edited(doc, set("_dataset_id", w.id))
		if err != nil {
			return nil, err
		}
		memory = append(memory[:start], changed...)
	}
	return memory, nil
}

func (w *Writer) appendTags(ctx context.Context, docs []bson.Raw) error {
	if err := w.pipe.wait(); err != nil {
		return err
	}
	if err := w.d.tagIndexes(ctx); err != nil {
		return err
	}
	batch := make([]bson.Raw, len(docs))
	for i, doc := range docs {
		var err error
		if batch[i], err = storeTag(doc, w.id); err != nil {
			return err
		}
	}
	if _, err := w.d.durable.Collection(tagsName).InsertMany(ctx, batch); err != nil {
		return w.insertError(dataset.Tags, batch, err)
	}
	return nil
}

// Close removes what was not committed. Where the connection broke while the dataset
// document was on its way, all stays: a later import looks, when the lease has expired,
// whether it has arrived.
func (w *Writer) Close() error {
	if w.settled {
		return nil
	}
	w.settled = true
	if w.pipe != nil {
		w.pipe.stop()
	}
	return errors.Join(w.giveUp(), w.unlock())
}

// giveUp ends the lease of what was not committed.
func (w *Writer) giveUp() error {
	if w.lease == nil {
		return nil
	}
	if w.unsure {
		w.lease.Leave()
		return nil
	}
	_, err := w.d.abandon(w.lease, w.id, w.files, w.made)
	return err
}

// unlock ends the lock, if there is one.
func (w *Writer) unlock() error {
	if w.unguard != nil {
		w.unguard()
	}
	if w.lock == nil {
		return nil
	}
	return w.lock.Unlock()
}
