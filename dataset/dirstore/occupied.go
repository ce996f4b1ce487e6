package dirstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrOccupied says that a directory that is to be created exists and is not
// empty, or, where it may be overwritten, holds what no export writes.
var ErrOccupied = errors.New("the directory is not empty")

// ErrBusy says that another process is making an export in the directory.
var ErrBusy = errors.New("another export is being made there")

// exported lists what an export directory can hold at its top
// (fiftyone.utils.data.exporters, FiftyOneDatasetExporter).
func exported() []string {
	return []string{
		metadataFile, "samples.json", "frames.json", "tags.json", "samples", "frames", "annotations", "brain", "evaluations", "runs",
		"data", "fields", SidecarFile,
	}
}

// What there is where an export is to be.
type standing int

const (
	nothing standing = iota
	emptyDir
	oldExport
)

// vacant fails unless dir can be created, is empty, or is an export that may be
// overwritten. Workplaces in it do not count.
func vacant(dir string, overwrite bool) (standing, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nothing, nil
	}
	if err != nil {
		return nothing, fmt.Errorf("creating a dataset: %w", err)
	}
	entries = slices.DeleteFunc(entries, isNobodys)
	switch {
	case len(entries) == 0:
		return emptyDir, nil
	case !overwrite:
		return nothing, fmt.Errorf("creating a dataset: %q: %w", dir, ErrOccupied)
	}
	known := false
	for _, e := range entries {
		name := e.Name()
		if file, _, ok := strings.Cut(name, temporaryMark); ok {
			name = file
		}
		if !slices.Contains(exported(), name) {
			return nothing, fmt.Errorf("overwriting %q: %w: it holds %q, which no export writes", dir, ErrOccupied, e.Name())
		}
		known = known || name == metadataFile
	}
	if !known {
		return nothing, fmt.Errorf("overwriting %q: %w: there is no %q in it, so it is not an export", dir, ErrOccupied, metadataFile)
	}
	return oldExport, nil
}

// place is where an export that is to be at dir lies in the end: a symbolic link
// stays, and the export is what it names.
func place(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("creating a dataset: %w", err)
	}
	for range maxLinks {
		resolved, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return resolved, nil
		}
		to, err := os.Readlink(dir)
		if err != nil { // no link: it is not there yet, or what is wrong is found soon
			return dir, nil //nolint:nilerr // see above
		}
		if !filepath.IsAbs(to) {
			parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
			if err != nil {
				return "", fmt.Errorf("creating a dataset: %w", err)
			}
			to = filepath.Join(parent, to)
		}
		dir = to
	}
	return "", fmt.Errorf("creating a dataset: %q: too many symbolic links", dir)
}

// maxLinks is how many links are followed one after the other, as Linux has it.
const maxLinks = 40
