package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/dataset/dirstore"
)

// A source is a dataset that a command works on.
type source struct {
	store *dirstore.Store
	dir   string // absolute
	name  string // of the dataset, else of the directory
}

// openDataset opens what a DATASET argument names. What holds a slash or starts
// with a dot is a directory; anything else is the name of a dataset in a
// database.
func openDataset(arg string) (*source, error) {
	dir, err := datasetDir(arg)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("finding %q: %w", arg, err)
	}
	store, err := dirstore.Open(dir)
	if err != nil {
		return nil, err
	}
	return &source{store: store, dir: dir, name: filepath.Base(dir)}, nil
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

func datasetDir(arg string) (string, error) {
	if name, ok := strings.CutPrefix(arg, "db:"); ok {
		return "", noDatabase(name)
	}
	dir, marked := strings.CutPrefix(arg, "dir:")
	if dir == "" {
		return "", usage("name an export directory, like ./export", "DATASET is empty")
	}
	info, err := os.Stat(dir)
	isDir := err == nil && info.IsDir()
	if !marked && !strings.ContainsAny(dir, `/\`) && !strings.HasPrefix(dir, ".") {
		if isDir {
			return "", usage(fmt.Sprintf("write ./%s or dir:%s for the directory, db:%s for the dataset", dir, dir, dir),
				"%q is both the name of a dataset and of a directory here", dir)
		}
		return "", noDatabase(dir)
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

func noDatabase(name string) error {
	return usage(fmt.Sprintf("write ./%s or dir:%s for an export directory", name, name),
		"%q names a dataset in a database; this version works on export directories", name)
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
