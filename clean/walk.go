package clean

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
)

const metadata = "metadata.json"

// What fiftyone.types.FiftyOneDataset writes (FiftyOne 1.22.1), and our sidecar,
// each list in the order in which it is deleted.
var (
	mediaDirs    = []string{"data", "fields"}
	documentDirs = []string{"annotations", "brain", "evaluations", "runs", "frames", "samples"}
	documents    = []string{dirstore.SidecarFile, "tags.json", "frames.json", "samples.json"}
)

// unfinished is the name of a file that dirstore was writing when it was killed.
var unfinished = regexp.MustCompile(`^(.+\.json)\.medialift-tmp-[0-9]+$`)

// recognise makes sure that dir is an export.
func recognise(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("opening the export: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: %q is no directory", dataset.ErrNotDataset, dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, metadata))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is no %s in %q", dataset.ErrNotDataset, metadata, dir)
	case err != nil:
		return fmt.Errorf("opening the export: %w", err)
	case !bytes.Contains(text, []byte(`"sample_fields"`)):
		return fmt.Errorf("%w: %q is not FiftyOne's", dataset.ErrNotDataset, filepath.Join(dir, metadata))
	}
	return nil
}

// A kind says what an entry of the export is.
type kind int

const (
	unknown   kind = iota // not an export's
	media                 // a file or link below data or fields
	document              // any other file that an export writes
	directory             // a directory behind everything below it
)

// An entry is something in the export directory.
type entry struct {
	kind kind
	path string // below the directory, with slashes
	info fs.FileInfo
}

func (e entry) isLink() bool { return e.info.Mode()&fs.ModeSymlink != 0 }

func (e entry) size() int64 {
	if e.isLink() {
		return 0
	}
	return e.info.Size()
}

// A walker goes over an export.
type walker struct {
	ctx   context.Context //nolint:containedctx // lives as long as the call
	fsys  fs.FS
	visit func(entry) error
}

// walk visits what is in the export in the order in which it may be deleted.
// visit may delete the entry it is given.
func walk(ctx context.Context, root *os.Root, visit func(entry) error) error {
	w := walker{ctx, root.FS(), visit}
	top, err := fs.ReadDir(w.fsys, ".")
	if err != nil {
		return fmt.Errorf("listing the export: %w", err)
	}
	rest := map[string]fs.DirEntry{}
	for _, e := range top {
		rest[e.Name()] = e
	}
	for _, name := range mediaDirs {
		if e := rest[name]; e != nil && isLinkOr(e, fs.ModeDir) {
			delete(rest, name)
			if err := w.media(name, e); err != nil {
				return err
			}
		}
	}
	for _, name := range documentDirs {
		if e := rest[name]; e != nil && isLinkOr(e, fs.ModeDir) {
			delete(rest, name)
			if err := w.documents(name, e); err != nil {
				return err
			}
		}
	}
	last := rest[metadata]
	delete(rest, metadata)
	for _, e := range top {
		if rest[e.Name()] == nil || slices.Contains(documents, e.Name()) {
			continue
		}
		if err := w.other(e); err != nil {
			return err
		}
	}
	for _, name := range append(slices.Clone(documents), metadata) {
		e := rest[name]
		if name == metadata {
			e = last
		}
		if e == nil {
			continue
		}
		k := unknown
		if isLinkOr(e, 0) {
			k = document
		}
		if err := w.entry(k, name, e); err != nil {
			return err
		}
	}
	return nil
}

// other visits an entry of the directory that is none of the known names.
func (w walker) other(e fs.DirEntry) error {
	k := unknown
	if name := unfinished.FindStringSubmatch(e.Name()); name != nil && e.Type().IsRegular() &&
		(name[1] == metadata || slices.Contains(documents, name[1])) {
		k = document
	}
	return w.entry(k, e.Name(), e)
}

// media visits everything at and below dir.
func (w walker) media(dir string, e fs.DirEntry) error {
	if !e.IsDir() {
		k := unknown
		if isLinkOr(e, 0) {
			k = media
		}
		return w.entry(k, dir, e)
	}
	list, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return fmt.Errorf("listing the export: %w", err)
	}
	for _, inner := range list {
		if err := w.media(path.Join(dir, inner.Name()), inner); err != nil {
			return err
		}
	}
	return w.entry(directory, dir, e)
}

// documents visits a directory of JSON files.
func (w walker) documents(dir string, e fs.DirEntry) error {
	if !e.IsDir() {
		return w.entry(document, dir, e)
	}
	list, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return fmt.Errorf("listing the export: %w", err)
	}
	for _, inner := range list {
		k := unknown
		name := inner.Name()
		if path.Ext(name) == ".json" && name[0] != '.' && isLinkOr(inner, 0) || unfinished.MatchString(name) && inner.Type().IsRegular() {
			k = document
		}
		if err := w.entry(k, path.Join(dir, name), inner); err != nil {
			return err
		}
	}
	return w.entry(directory, dir, e)
}

func (w walker) entry(k kind, name string, e fs.DirEntry) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	info, err := e.Info()
	if err != nil {
		return fmt.Errorf("listing the export: %w", err)
	}
	return w.visit(entry{kind: k, path: name, info: info})
}

// isLinkOr tells whether e is a symbolic link or of the given type; 0 is a
// regular file.
func isLinkOr(e fs.DirEntry, t fs.FileMode) bool {
	return e.Type() == fs.ModeSymlink || e.Type() == t
}
