package runner

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// backupHead is the first document of a backup: the plan that it can take back.
type backupHead struct {
	Format     int      `bson:"medialift_backup"`
	Database   string   `bson:"database"`
	Collection string   `bson:"collection"`
	ID         any      `bson:"id"`
	Name       string   `bson:"name"`
	From       string   `bson:"from"`
	To         string   `bson:"to"`
	Legs       []string `bson:"legs"`
	New        bool     `bson:"new"`
	Before     bson.D   `bson:"before"`
	After      bson.D   `bson:"after"`
}

// backupItem is a document beside the dataset's own, as it was before the plan.
type backupItem struct {
	Collection string   `bson:"collection,omitempty"`
	Doc        bson.Raw `bson:"doc,omitempty"`
	Fields     []string `bson:"fields"`
	Absent     bool     `bson:"absent,omitempty"`
	Index      bson.Raw `bson:"index,omitempty"` // to make again, in place of a document
	// Last ends a backup, which is cut off without it, and counts its items.
	Last  bool  `bson:"last,omitempty"`
	Items int64 `bson:"items,omitempty"`
}

const backupFormat = 1

// BackUp has opts keep in dir, for [Runner.Restore], all that each plan destroys, in
// a file that is durable before anything of the plan is carried out; and in another
// one what the plan left in its place, by which Restore knows what was changed since.
func (r *Runner) BackUp(dir string, opts *Options) {
	opts.Backup = func(_ context.Context, plan *dbmigrate.Plan, destroyed iter.Seq2[Destroyed, error]) error {
		file := filepath.Join(dir, backupName(plan))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		// What an earlier migration of the same way left says nothing of this one.
		if err := os.Remove(leftName(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return writeFile(file, func(w io.Writer) error { return r.writeBackup(w, plan, destroyed) })
	}
	opts.Applied = func(ctx context.Context, plan *dbmigrate.Plan) error {
		return r.writeLeft(ctx, filepath.Join(dir, backupName(plan)))
	}
}

// writeFile writes a file that is either there and durable as a whole, or not at all.
func writeFile(name string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err = errors.Join(err, w.Flush()); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	// Where folders can't be synced, renames are durable without it.
	_ = f.Sync()
	return f.Close()
}

// backupName is the name of a plan's file: another way of the same dataset has
// another one, the same way again replaces it.
func backupName(plan *dbmigrate.Plan) string {
	plain := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
			return c
		}
		return '_'
	}, plan.Name)
	if plan.Collection == dbmigrate.Config {
		plain = "database"
	}
	sum := sha256.Sum256([]byte(plan.Collection + dbmigrate.IDKey(plan.ID) + "\x00" + plan.From + "\x00" + plan.To))
	return fmt.Sprintf("%.60s-%s.bson", plain, hex.EncodeToString(sum[:6]))
}

func (r *Runner) writeBackup(w io.Writer, plan *dbmigrate.Plan, destroyed iter.Seq2[Destroyed, error]) error {
	head := backupHead{
		Format: backupFormat, Database: r.db.Name(), Collection: plan.Collection, ID: plan.ID, Name: plan.Name,
		From: plan.From, To: plan.To, New: plan.New, Before: plan.Before, After: plan.After,
	}
	for _, leg := range plan.Legs {
		head.Legs = append(head.Legs, leg.String())
	}
	if err := writeDoc(w, head); err != nil {
		return err
	}
	n := int64(-1) // the first is the dataset's own, which the head has
	for d, err := range destroyed {
		if err != nil {
			return err
		}
		if n++; n == 0 {
			continue
		}
		if d.Index != nil {
			if err := writeDoc(w, backupItem{Collection: d.Collection, Index: d.Index}); err != nil {
				return err
			}
			continue
		}
		item := backupItem{Collection: d.Collection, Doc: d.Doc, Fields: d.Fields, Absent: d.Absent}
		if err := writeDoc(w, item); err != nil {
			return err
		}
	}
	return writeDoc(w, backupItem{Last: true, Items: n})
}

func writeDoc(w io.Writer, doc any) error {
	raw, err := bson.Marshal(doc)
	if err == nil {
		_, err = w.Write(raw)
	}
	return err
}

// A backup is one that is being read.
type backup struct {
	backupHead
	file string
	in   *bufio.Reader
	end  func() error
}

// openBackup reads the head of a backup, or of what a plan left.
func openBackup(file string) (*backup, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	b := &backup{file: file, in: bufio.NewReaderSize(f, 1<<20), end: f.Close}
	raw, err := bson.ReadDocument(b.in)
	if err == nil {
		err = bson.Unmarshal(raw, &b.backupHead)
	}
	if err == nil && b.Format != backupFormat {
		err = fmt.Errorf("format %d is not known", b.Format)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%q is no backup of a migration: %w", file, err), f.Close())
	}
	return b, nil
}

// items streams what follows the head. A file that is cut off is an error.
func (b *backup) items() iter.Seq2[backupItem, error] {
	return func(yield func(backupItem, error) bool) {
		for n := int64(0); ; n++ {
			raw, err := bson.ReadDocument(b.in)
			var item backupItem
			if err == nil {
				err = bson.Unmarshal(raw, &item)
			}
			switch {
			case err != nil:
				yield(item, fmt.Errorf("the backup %q is cut off or damaged: %w", b.file, err))
				return
			case item.Last && item.Items != n:
				yield(item, fmt.Errorf("the backup %q is damaged: %d items of %d", b.file, n, item.Items))
				return
			case item.Last || !yield(item, nil):
				return
			}
		}
	}
}
