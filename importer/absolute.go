package importer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// Absolute makes relative paths of samples absolute as FiftyOne's importer does
// (fiftyone.utils.data.importers, FiftyOneDatasetImporter): filepaths, and the
// fields that were exported with their media, into a directory fields/FIELD.
// Where a directory is given for relative paths, it holds for all media fields.
// URLs, Windows paths and the paths of frames stay.
type Absolute struct {
	dir    string
	all    bool
	fields map[string]bool // with media in the export
	finder *dataset.Finder
	left   map[string]int64
	// refusal lists the paths that lead out of dir.
	refusal dataset.Refusal
}

// NewAbsolute makes an Absolute for the dataset of m in the export directory dir;
// relative paths are below relDir, or where that is empty below dir.
func NewAbsolute(m dataset.Manifest, dir, relDir string) (*Absolute, error) {
	a := &Absolute{dir: relDir, all: relDir != "", fields: map[string]bool{}, left: map[string]int64{}}
	if !a.all {
		a.dir = dir
	}
	var err error
	if !localfile.IsRemote(a.dir) {
		if a.dir, err = filepath.Abs(a.dir); err != nil {
			return nil, fmt.Errorf("finding directory %q: %w", a.dir, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "fields"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for media fields: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			a.fields[e.Name()] = true
		}
	}
	if a.finder, err = dataset.NewFinder(m, nil); err != nil {
		return nil, err
	}
	a.refusal = dataset.Refusal{
		Reason: fmt.Sprintf("relative paths that lead out of %q", a.dir),
		Hint:   "if these files are meant, name the directory that all paths are below with --rel-dir",
	}
	return a, dataset.CheckNames(m, a.finder.Names())
}

// leadsOut tells whether a relative path names something outside of the directory
// that it is to be below, on this system or on another one.
func leadsOut(stored string) bool {
	clean := path.Clean("./" + strings.ReplaceAll(stored, `\`, "/")) // which may begin with a separator
	return clean == ".." || strings.HasPrefix(clean, "../")
}

// refuse notes a path that leads out, if it is one that would become absolute. The
// error is the refusal, once it is as long as it may become.
func (a *Absolute) refuse(id string, f dataset.Found, to string) error {
	if f.Missing || to == f.Value || !leadsOut(f.Value) {
		return nil
	}
	a.refusal.Add(dataset.Problem{Kind: "outside", ID: id, Field: f.Field, Path: f.Value, Hint: fmt.Sprintf("it would be %q", to)})
	if a.refusal.Total >= dataset.KeptProblems {
		return &a.refusal
	}
	return nil
}

// Refused is a *dataset.Refusal with the relative paths that lead out of their
// directory among those that Edit, or the Updater, has seen; nil if there are none.
func (a *Absolute) Refused() error {
	if a.refusal.Total > 0 {
		return &a.refusal
	}
	return nil
}

// path is what a stored path of a sample becomes.
func (a *Absolute) path(field, stored string) string {
	if stored == "" || localfile.IsAbsolute(stored) {
		return stored
	}
	if field != dataset.FilepathField {
		if !a.all && !a.fields[field] {
			return stored
		}
		return strings.TrimSuffix(filepath.ToSlash(a.dir), "/") + "/" + stored
	}
	stored = strings.ReplaceAll(stored, `\`, "/")
	if scheme, rest, remote := strings.Cut(a.dir, "://"); remote {
		return scheme + "://" + path.Join(rest, stored)
	}
	return path.Join(filepath.ToSlash(a.dir), stored)
}

// Edit is a dataset.Edit.
func (a *Absolute) Edit(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
	if part != dataset.Samples {
		return doc, nil
	}
	found, err := a.finder.Find(part, doc)
	if err != nil {
		return nil, err
	}
	var sets []dataset.Set
	for _, f := range found {
		to := a.path(f.Field, f.Value)
		if err := a.refuse(idText(doc.Lookup("_id")), f, to); err != nil {
			return nil, err
		}
		if to != f.Value && !f.Missing {
			sets = append(sets, dataset.Set{At: f.At, Old: f.Value, New: to})
		} else if to != "" && !localfile.IsAbsolute(to) {
			a.left[f.Field]++
		}
	}
	return dataset.Replace(doc, sets)
}

// warnings says which relative paths Edit has left.
func (a *Absolute) warnings() []string {
	var list []string
	for _, field := range slices.Sorted(maps.Keys(a.left)) {
		list = append(list, fmt.Sprintf("%d paths in %s are relative and stay so; if you know below which directory they are, import with --rel-dir", a.left[field], field))
	}
	return list
}

// Updater shows the dataset of u as Edit would make it, to be planned with. It
// cannot be updated.
func (a *Absolute) Updater(u dataset.Updater) dataset.Updater {
	return absoluteUpdater{Updater: u, a: a}
}

type absoluteUpdater struct {
	dataset.Updater
	a *Absolute
}

// Rows implements dataset.Updater.
func (u absoluteUpdater) Rows(ctx context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		for row, err := range u.Updater.Rows(ctx, part, f) {
			if part == dataset.Samples && !row.Missing && err == nil {
				to := u.a.path(row.Field, row.Value)
				if err := u.a.refuse(idText(row.ID), row.Found, to); err != nil {
					yield(dataset.Row{}, err)
					return
				}
				if to != row.Value {
					row.Value, row.Spelling = to, ""
				}
			}
			if !yield(row, err) {
				return
			}
		}
		if err := u.a.Refused(); err != nil {
			yield(dataset.Row{}, err)
		}
	}
}

// Update implements dataset.Updater.
func (u absoluteUpdater) Update(context.Context, iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		yield(dataset.Outcome{}, errors.New("a dataset that is only planned with was to be updated"))
	}
}
