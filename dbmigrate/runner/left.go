package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// leftName is the file that says what a plan left in place of what its backup holds:
// the same items in the same order. notedName is what it is called until the plan is
// applied.
func leftName(backup string) string { return backup + ".left" }

func notedName(backup string) string { return backup + ".noted" }

// noteLeft notes what the operations of an entry that come before its document have
// left, and what the later ones will. Of a plan that was begun without a backup there is
// none.
func (x *execution) noteLeft(ctx context.Context, e *entry) error {
	if e.backup == "" {
		return nil
	}
	// What was noted before an interruption is nearer to what was written.
	if _, err := os.Lstat(notedName(e.backup)); err == nil {
		return nil
	}
	if err := x.writeLeft(ctx, e, notedName(e.backup)); err != nil {
		return fmt.Errorf("noting what the migration of %s left: %w", called(e.plan), err)
	}
	return nil
}

// leave makes that file what a restore goes by. Where an earlier release was interrupted
// there is none, and it is written.
func (x *execution) leave(ctx context.Context, e *entry) error {
	if e.backup == "" {
		return nil
	}
	err := os.Rename(notedName(e.backup), leftName(e.backup))
	if err == nil {
		err = syncFolder(filepath.Dir(e.backup))
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Lstat(leftName(e.backup)); there == nil {
			return nil
		}
		err = x.writeLeft(ctx, e, leftName(e.backup))
	}
	if err != nil {
		return fmt.Errorf("noting what the migration of %s left: %w", called(e.plan), err)
	}
	return nil
}

func (r *Runner) writeLeft(ctx context.Context, e *entry, name string) (err error) {
	b, err := openBackup(e.backup)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	expected := r.expectationOf(e.plan)
	look := func(ctx context.Context, batch []view) error {
		if err := r.look(ctx, batch); err != nil {
			return err
		}
		return expected.fill(ctx, batch)
	}
	return writeFile(name, func(w io.Writer) error {
		n := int64(0)
		if err := writeDoc(w, b.backupHead); err != nil {
			return err
		}
		for v, err := range views(ctx, b.items(), look) {
			if err != nil {
				return err
			}
			n++
			if err := writeDoc(w, backupItem{Collection: v.item.Collection, Doc: v.left, Absent: v.left == nil}); err != nil {
				return err
			}
		}
		return writeDoc(w, backupItem{Last: true, Items: n})
	})
}

// A view is an item of a backup, and the document as it is now: its fields alone where
// the item is about these, nil where there is none. An index has no document.
type view struct {
	item backupItem
	now  bson.Raw
	left bson.Raw // as a migration left it, where that is asked
}

// viewed bounds what views reads at a time.
const (
	viewedItems = 500
	viewedBytes = 4 << 20
)

// views has look see the documents of items, many at a time.
func views(ctx context.Context, items iter.Seq2[backupItem, error], look func(ctx context.Context, batch []view) error) iter.Seq2[view, error] {
	return func(yield func(view, error) bool) {
		var batch []view
		size := 0
		flush := func() bool {
			if err := look(ctx, batch); err != nil {
				yield(view{}, err)
				return false
			}
			for _, v := range batch {
				if !yield(v, nil) {
					return false
				}
			}
			batch, size = batch[:0], 0
			return true
		}
		for item, err := range items {
			if err != nil {
				yield(view{}, err)
				return
			}
			if len(batch) > 0 && (!together(batch[0].item, item) || len(batch) == viewedItems || size > viewedBytes) && !flush() {
				return
			}
			batch, size = append(batch, view{item: item}), size+len(item.Doc)
		}
		flush()
	}
}

// together reports whether one query finds the documents of both.
func together(a, b backupItem) bool {
	return a.Collection == b.Collection && (a.Index == nil) == (b.Index == nil) &&
		(a.Fields == nil) == (b.Fields == nil) && slices.Equal(a.Fields, b.Fields)
}

// look fills in the documents of views that are together.
func (r *Runner) look(ctx context.Context, batch []view) error {
	if len(batch) == 0 || batch[0].item.Index != nil {
		return nil
	}
	ids := bson.A{}
	for _, v := range batch {
		ids = append(ids, v.item.Doc.Lookup("_id"))
	}
	opts := options.Find()
	if fields := batch[0].item.Fields; fields != nil {
		projection := bson.D{}
		for _, name := range fields {
			projection = append(projection, bson.E{Key: name, Value: 1})
		}
		opts.SetProjection(projection)
	}
	found := map[string]bson.Raw{}
	for doc, err := range each(ctx, r.db.Collection(batch[0].item.Collection), in("_id", ids), opts) {
		if err != nil {
			return err
		}
		found[rawKey(doc)] = bytes.Clone(doc)
	}
	for i := range batch {
		batch[i].now = found[rawKey(batch[i].item.Doc)]
	}
	return nil
}

// rawKey is a text that documents have in common whose _id is the same.
func rawKey(doc bson.Raw) string {
	id := doc.Lookup("_id")
	return string(rune(id.Type)) + string(id.Value)
}

// was is the document as it was before the migration, as far as its view shows it.
func (v view) was() bson.Raw {
	if v.item.Absent {
		return nil
	}
	return v.item.Doc
}

// same reports whether documents, or those fields of them that the item is about,
// are the same.
func (v view) same(a, b bson.Raw) bool {
	if v.item.Fields == nil || a == nil || b == nil {
		return bytes.Equal(a, b)
	}
	for _, name := range v.item.Fields {
		x, errX := a.LookupErr(strings.Split(name, ".")...)
		y, errY := b.LookupErr(strings.Split(name, ".")...)
		if (errX == nil) != (errY == nil) || errX == nil && !x.Equal(y) {
			return false
		}
	}
	return true
}

// compared streams the views of a backup with what the migration left in their place.
// Where that was not recorded it says errNotRecorded.
func (r *Runner) compared(ctx context.Context, b *backup) iter.Seq2[comparedView, error] {
	return func(yield func(comparedView, error) bool) {
		left, err := openBackup(leftName(b.file))
		if errors.Is(err, fs.ErrNotExist) {
			err = errNotRecorded
		}
		if err != nil {
			yield(comparedView{}, err)
			return
		}
		defer left.end() //nolint:errcheck // it was only read
		next, stop := iter.Pull2(left.items())
		defer stop()
		for v, err := range views(ctx, b.items(), r.look) {
			item, itemErr, ok := next()
			if err == nil && (!ok || itemErr != nil) {
				err = errors.Join(io.ErrUnexpectedEOF, itemErr)
			}
			if err != nil {
				yield(comparedView{}, err)
				return
			}
			var doc bson.Raw
			if !item.Absent {
				doc = item.Doc
			}
			v.left = doc
			c := comparedView{view: v, isBefore: v.same(v.now, v.was()), isLeft: v.same(v.now, doc)}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// A comparedView knows whether a document is as it was before the migration, and
// whether it is as that left it.
type comparedView struct {
	view
	isBefore, isLeft bool
}

var errNotRecorded = errors.New("what the migration left was not recorded: it was finished by a run without a backup")
