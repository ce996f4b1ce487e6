package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
	"github.com/medialift/medialift/ledger"
)

// A store is a dataset as all commands need it.
type store interface {
	dataset.Source
	dataset.Updater
}

// A source is a dataset that a command works on.
type source struct {
	store store
	dir   string            // absolute path of an export directory, or empty
	files *dirstore.Store   // of an export directory, or nil
	db    *mongostore.Store // of a dataset in a database, or nil
	name  string            // of the dataset, else of the directory
}

// empty reports whether the dataset has no sample.
func (s *source) empty(ctx context.Context) (bool, error) {
	for _, err := range s.store.Documents(ctx, dataset.Samples) {
		return false, err
	}
	return true, nil
}

// String is the dataset as a DATASET argument.
func (s *source) String() string {
	if s.db != nil {
		return "db:" + s.name
	}
	return s.dir
}

// databaseMark begins the key of a dataset in a database: db:NAME/ID.
const databaseMark = "db:"

// key is what runs know the dataset by: it stays the same when a dataset of a
// database is renamed.
func (s *source) key() string {
	if s.db != nil {
		return ledger.DatabaseKey(s.db.Database().Name(), s.db.ID().ObjectID().Hex())
	}
	return s.dir
}

// openDataset opens what a DATASET argument names. What holds a slash or starts
// with a dot is a directory; anything else is the name of a dataset in a
// database.
func (a *app) openDataset(ctx context.Context, arg string, writes bool) (*source, error) {
	if name, ok := strings.CutPrefix(arg, databaseMark); ok {
		return a.openNamed(ctx, name, writes)
	}
	dir, err := datasetDir(arg)
	if use, ok := errors.AsType[*bothError](err); ok {
		return nil, a.whichOf(ctx, use, writes)
	}
	if err != nil {
		return nil, err
	}
	if dir == "" {
		s, err := a.openNamed(ctx, arg, writes)
		if errors.Is(err, locate.ErrNone) {
			return nil, usage(fmt.Sprintf("write ./%s or dir:%s for an export directory; name a database with --database-uri", arg, arg),
				"%q names a dataset in a database: %v", arg, err)
		}
		return s, err
	}
	return openDir(dir)
}

func openDir(dir string) (*source, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding %q: %w", dir, err)
	}
	opened, err := dirstore.Open(dir)
	if err != nil {
		return nil, err
	}
	return &source{store: opened, files: opened, dir: dir, name: filepath.Base(dir)}, nil
}

// openNamed opens a dataset of the database.
func (a *app) openNamed(ctx context.Context, name string, writes bool) (*source, error) {
	if name == "" {
		return nil, usage("name a dataset, like db:coco; medialift info lists them", "DATASET is empty")
	}
	d, err := a.connect(ctx, writes)
	if err != nil {
		return nil, err
	}
	opened, err := d.Dataset(ctx, name)
	if err != nil {
		return nil, err
	}
	return &source{store: opened, db: opened, name: name}, nil
}

// openKey opens the dataset that a run knows by key.
func (a *app) openKey(ctx context.Context, key string, writes bool) (*source, error) {
	rest, ok := strings.CutPrefix(key, databaseMark)
	if !ok {
		if _, err := datasetDir("dir:" + key); err != nil {
			return nil, err
		}
		return openDir(key)
	}
	database, id, _ := strings.Cut(rest, "/")
	d, err := a.connect(ctx, writes)
	if err != nil {
		return nil, err
	}
	if d.Name() != database {
		return nil, usage("name it with --database-name "+database, "the run is of a dataset in the database %q, not in %q", database, d.Name())
	}
	opened, err := d.DatasetByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return &source{store: opened, db: opened, name: opened.Name()}, nil
}

// rename gives s the name that its manifest holds.
func (s *source) rename(ctx context.Context) error {
	manifest, err := s.store.Manifest(ctx)
	if err != nil {
		return err
	}
	if name := manifest.Name(); name != "" {
		s.name = name
	}
	return nil
}

// datasetDir is the directory that a DATASET argument without db: names, or
// empty where it is a name.
func datasetDir(arg string) (string, error) {
	dir, marked := strings.CutPrefix(arg, "dir:")
	if dir == "" {
		return "", usage("name an export directory, like ./export, or a dataset, like coco", "DATASET is empty")
	}
	info, err := os.Stat(dir)
	isDir := err == nil && info.IsDir()
	if !marked && !strings.ContainsAny(dir, `/\`) && !strings.HasPrefix(dir, ".") {
		if isDir {
			return "", &bothError{usageError{
				hint: fmt.Sprintf("write ./%s or dir:%s for the directory, db:%s for the dataset", dir, dir, dir),
				msg:  fmt.Sprintf("%q may be the name of a dataset, and is that of a directory here", dir),
			}, dir}
		}
		return "", nil
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", usage("check the spelling"+nearby(dir), "there is no directory %q", dir)
	case err != nil:
		return "", fmt.Errorf("opening dataset: %w", err)
	case !isDir:
		return "", usage("name the directory that holds it", "%q is not a directory", dir)
	}
	return dir, nil
}

// A bothError is about an argument that is the name of a directory and may be that
// of a dataset.
type bothError struct {
	usageError
	name string
}

func (e *bothError) Unwrap() error { return &e.usageError }

// whichOf says which of both there is.
func (a *app) whichOf(ctx context.Context, both *bothError, writes bool) error {
	_, err := a.openNamed(ctx, both.name, writes)
	switch {
	case err == nil:
		return usage(both.hint, "%q is both the name of a dataset and of a directory here", both.name)
	case errors.Is(err, mongostore.ErrNotFound), errors.Is(err, locate.ErrNone):
		return usage(fmt.Sprintf("write ./%s or dir:%s for the directory", both.name, both.name),
			"no dataset %q is in reach; there is a directory of that name", both.name)
	}
	return both
}

// nearby names the export directories next to one that is not there.
func nearby(dir string) string {
	parent := filepath.Dir(filepath.Clean(dir))
	entries, err := os.ReadDir(parent)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		path := filepath.Join(parent, e.Name())
		if _, err := os.Stat(filepath.Join(path, "metadata.json")); err == nil {
			names = append(names, path)
		}
	}
	if len(names) == 0 || len(names) > 8 {
		return ""
	}
	return "; there are: " + strings.Join(names, ", ")
}
