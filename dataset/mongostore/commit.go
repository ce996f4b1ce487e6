package mongostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// references are the new ids of what the dataset document refers to, in the
// order of the manifest, by the key of the dataset document.
type references map[string][]bson.ObjectID

// lastStep is how long inserting the dataset document may take.
const lastStep = 30 * time.Second

// Commit implements dataset.Sink: it makes the indexes, views, workspaces and
// runs, and at last the document that makes the dataset one.
func (w *Writer) Commit(ctx context.Context, final dataset.Manifest) error {
	if w.settled || w.pipe == nil {
		return errors.New("dataset was committed or closed before, or never begun")
	}
	ctx, stop := w.lock.lease.Guard(ctx)
	defer stop()
	err := w.commit(ctx, final)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, w.held())
	}
	if w.settled {
		// The dataset is there; a lock that stays expires.
		_ = w.unlock()
	}
	return err
}

func (w *Writer) commit(ctx context.Context, final dataset.Manifest) error {
	if err := w.pipe.wait(); err != nil {
		return err
	}
	if err := w.makeIndexes(ctx, final); err != nil {
		return err
	}
	if err := w.complete(ctx); err != nil {
		return err
	}
	refs, err := w.insertReferred(ctx, final)
	if err != nil {
		return err
	}
	if err := errors.Join(w.insertPanels(ctx, final, refs), w.insertOntologies(ctx, final)); err != nil {
		return err
	}
	doc, err := w.document(final, refs)
	if err != nil {
		return err
	}
	if doc, refs, err = w.finish(ctx, doc, refs); err != nil {
		return err
	}
	if err := w.d.datasetIndexes(ctx); err != nil {
		return err
	}
	if err := w.available(ctx); err != nil {
		return err
	}
	// All of the lease's time is left for what follows.
	if err := errors.Join(w.lease.Renew(ctx), w.lock.lease.Renew(ctx)); err != nil {
		return w.d.leaseError(err)
	}
	// From here on nobody may stop it: a server goes on with what it was asked for by
	// who has gone, and would insert the document after all else is removed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastStep)
	defer cancel()
	if err := w.noteDatabase(ctx, doc); err != nil {
		return err
	}
	if err := w.insertDataset(ctx, doc); err != nil {
		return err
	}
	w.settled = true
	w.pipe.stop()
	ours, err := w.lease.Release(ctx)
	if err != nil { // a connection that broke is made anew
		ours, err = w.lease.Release(ctx)
	}
	if err == nil && !ours { // it slept for long after renew, or the first answer was lost
		return w.missed(ctx, refs)
	}
	// A record that stays is harmless: sweep sees that the dataset is there.
	return nil
}

// noteDatabase notes the version of the dataset as that of a database that no
// FiftyOne has used: else the next command would not know it for FiftyOne's.
func (w *Writer) noteDatabase(ctx context.Context, doc bson.Raw) error {
	version, _ := doc.Lookup("version").StringValueOK()
	if !w.opts.CreateDatabase || w.d.config.Version != "" || version == "" {
		return nil
	}
	if Older(version, compatibleFrom) || !Older(version, compatibleUntil) {
		version = Newest
	}
	note := bson.D{{Key: "$setOnInsert", Value: bson.D{{Key: "version", Value: version}, {Key: "type", Value: OpenSource}}}}
	if _, err := w.d.durable.Collection(configName).UpdateOne(ctx, bson.D{}, note, options.UpdateOne().SetUpsert(true)); err != nil {
		return w.d.writeError("noting the version of the database", err)
	}
	return nil
}

// complete makes sure that all documents are there: a server that crashes and is
// back before the next batch has lost the last ones, and nobody was told. The
// durable writes that follow make durable what came before.
func (w *Writer) complete(ctx context.Context) error {
	for part, sent := range w.sent {
		name := w.samples
		if part == dataset.Frames {
			name = w.frames
		}
		n, err := w.d.db.Collection(name).CountDocuments(ctx, bson.D{})
		if err != nil {
			return w.d.readError("counting "+string(part), err)
		}
		if n != sent {
			return fmt.Errorf("%w: %d %s were written, %d are there: did the server restart?", ErrLost, sent, part, n)
		}
	}
	return nil
}

// insertDataset inserts the dataset document, durably and once.
func (w *Writer) insertDataset(ctx context.Context, doc bson.Raw) error {
	datasets := w.d.durable.Collection(datasetsName)
	_, err := datasets.InsertOne(ctx, doc)
	if mongo.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: %q was made meanwhile", ErrTaken, w.name)
	}
	if err != nil {
		// The answer may have been lost, not the document.
		if n, countErr := datasets.CountDocuments(ctx, bson.D{{Key: "_id", Value: w.id}}); countErr != nil || n == 0 {
			w.unsure = mongo.IsNetworkError(err) || mongo.IsTimeout(err) || ctx.Err() != nil
			return w.d.writeError("making the dataset", err)
		}
	}
	// Slugs have no index: two imports at the same time both saw theirs free.
	if err := w.available(ctx); errors.Is(err, ErrTaken) {
		_, gone := datasets.DeleteOne(ctx, bson.D{{Key: "_id", Value: w.id}})
		return errors.Join(err, gone)
	}
	return nil
}

// document makes the dataset document.
func (w *Writer) document(m dataset.Manifest, refs references) (bson.Raw, error) {
	edits := []edit{
		set("_id", w.id), set("name", w.name), set("persistent", !w.opts.Temporary), set("sample_collection_name", w.samples),
	}
	if w.slugged {
		edits = append(edits, set("slug", w.slug))
	}
	switch {
	case w.frames != "":
		edits = append(edits, set("frame_collection_name", w.frames))
	case Older(cmp.Or(w.opts.Version, w.d.config.Version, Newest), framelessSince):
		edits = append(edits, set("frame_collection_name", "frames."+w.samples))
	case m.Doc.Lookup("frame_collection_name").Type != 0:
		edits = append(edits, setRaw("frame_collection_name", bson.TypeNull, nil))
	}
	for _, r := range referrers() {
		v := m.Doc.Lookup(r.key)
		inner, err := elements(v)
		if err != nil {
			return nil, err
		}
		if len(inner) == 0 {
			continue
		}
		out := newDocument(len(inner) * 32)
		for i, e := range inner {
			key, id := e.Key(), bson.ObjectID{}
			if _, ok := e.Value().DocumentOK(); !ok {
				return nil, fmt.Errorf("%w: %s holds something else than documents", dataset.ErrMalformed, r.key)
			}
			if r.list {
				key = strconv.Itoa(i)
			}
			if r.collection == runsName && w.embedsRuns(m) {
				run, err := edited(e.Value().Document(), w.resultEdits(r, e)...)
				if err != nil {
					return nil, err
				}
				out = appendEdit(out, setRaw(key, bson.TypeEmbeddedDocument, run))
				continue
			}
			if ids := refs[r.key]; i < len(ids) {
				id = ids[i]
			}
			out = appendEdit(out, set(key, id))
		}
		edits = append(edits, setRaw(r.key, v.Type, endDocument(out)))
	}
	doc, err := edited(m.Doc, edits...)
	if err == nil && !w.slugged {
		doc, err = dropped(doc, "slug")
	}
	if err == nil && len(doc) > maxDocument {
		err = fmt.Errorf("%w: its own document has %d bytes, more than the %d that MongoDB keeps", dataset.ErrMalformed, len(doc), maxDocument)
	}
	return doc, err
}

// embedsRuns tells whether the runs of a dataset of its version have to stand in
// its own document, as FiftyOne keeps them below 0.19. One that is not brought further,
// in a database of a newer version, gets references all the same, which FiftyOne's
// revision 0.19 passes over, but 0.11.2 fails on.
func (w *Writer) embedsRuns(m dataset.Manifest) bool {
	until := referredSince
	if w.opts.Version != "" || w.d.old() {
		until = sluggedSince
	}
	return Older(m.Version(), until)
}

// resultEdits give a run the file of its results.
func (w *Writer) resultEdits(r referrer, run bson.RawElement) []edit {
	if file, ok := w.results[dataset.Run{Family: dataset.Family(r.key), Key: run.Key()}]; ok {
		return []edit{set("results", file)}
	}
	if run.Value().Document().Lookup("results").Type != 0 {
		return []edit{setRaw("results", bson.TypeNull, nil)}
	}
	return nil
}

// insertReferred inserts the views, workspaces and runs with new ids.
func (w *Writer) insertReferred(ctx context.Context, m dataset.Manifest) (references, error) {
	refs := references{}
	for _, r := range referrers() {
		if r.collection == runsName && w.embedsRuns(m) {
			continue
		}
		inner, err := elements(m.Doc.Lookup(r.key))
		if err != nil {
			return nil, err
		}
		var docs []bson.Raw
		for _, e := range inner {
			source, ok := e.Value().DocumentOK()
			if !ok {
				return nil, fmt.Errorf("%w: %s holds something else than documents", dataset.ErrMalformed, r.key)
			}
			id := bson.NewObjectID()
			edits := []edit{set("_id", id), set("_dataset_id", w.id)}
			switch r.collection {
			case viewsName:
				view, err := w.viewEdits(m, source)
				if err != nil {
					return nil, err
				}
				edits = append(edits, view...)
			case runsName:
				edits = append(edits, w.resultEdits(r, e)...)
			}
			doc, err := edited(source, edits...)
			if err != nil {
				return nil, err
			}
			docs = append(docs, doc)
			refs[r.key] = append(refs[r.key], id)
		}
		if len(docs) > 0 {
			if _, err := w.d.durable.Collection(r.collection).InsertMany(ctx, docs); err != nil {
				return nil, w.d.writeError("writing "+r.key, err)
			}
		}
	}
	return refs, nil
}
