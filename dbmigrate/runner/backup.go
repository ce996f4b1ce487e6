package runner

import (
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

// newBackup keeps in dir, in a file of its own, all that a plan destroys. The file is
// durable before newBackup returns its name.
func (r *Runner) newBackup(dir string, plan *dbmigrate.Plan, destroyed iter.Seq2[Destroyed, error]) (string, error) {
	if err := r.CheckBackup(dir, plan); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	// A run that was killed may have left a backup of a migration that never began, and
	// somebody may have changed the dataset since: both are kept.
	for n := 1; ; n++ {
		file := filepath.Join(dir, backupName(plan, n))
		if _, err := os.Lstat(file); err == nil {
			continue
		}
		err := writeNew(file, func(w io.Writer) error { return r.writeBackup(w, plan, destroyed) })
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// CheckBackup says why dir can't hold the backup of a plan, nil where it can: it has
// one of the same way of the same dataset, or those of another database. A folder that
// is not there can. A plan of nil asks about the folder alone.
func (r *Runner) CheckBackup(dir string, plan *dbmigrate.Plan) error {
	if plan == nil {
		return r.checkFolder(dir)
	}
	for n := 1; ; n++ {
		file := filepath.Join(dir, backupName(plan, n))
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := os.Lstat(leftName(file)); err == nil {
			return &dbmigrate.RefusalError{
				Dataset: plan.Name, Reason: fmt.Sprintf("%q holds what an earlier migration from %s to %s deleted", file, plan.From, plan.To),
				Hint: "name another folder with --backup: no backup is replaced",
			}
		}
	}
}

// checkFolder says why a folder can't get backups of this database.
func (r *Runner) checkFolder(dir string) error {
	files, err := filepath.Glob(filepath.Join(globEscape(dir), "*.bson"))
	if err != nil {
		return err
	}
	for _, file := range files {
		b, err := openBackup(file)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBackup, err)
		}
		if err := b.end(); err != nil {
			return err
		}
		if b.Database != r.db.Name() {
			return fmt.Errorf("%w: %q is of the database %q", ErrBackup, file, b.Database)
		}
	}
	return nil
}

// backupName is the name of a plan's nth file: another way of the same dataset has
// another one.
func backupName(plan *dbmigrate.Plan, n int) string {
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
	name := fmt.Sprintf("%.60s-%s", plain, hex.EncodeToString(sum[:6]))
	if n > 1 {
		name += fmt.Sprintf(".%d", n)
	}
	return name + ".bson"
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
