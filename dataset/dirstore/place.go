package dirstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// takePlace moves what was made to where it belongs. A directory that was filled
// meanwhile does not give way.
func (w *Writer) takePlace() error {
	now, err := vacant(w.dir, w.opts.Overwrite)
	if err != nil {
		return err
	}
	if w.work.within != "" {
		return w.work.fill(now == oldExport)
	}
	if now != oldExport {
		err := os.Remove(w.dir) // empty, since its making began
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return os.Rename(w.root, w.dir)
		}
		return err
	}
	if exchange(w.root, w.dir) == nil {
		return nil
	}
	// Where the two cannot change places at once, a kill between these leaves
	// the old export in the workplace; the next Create puts it back.
	old := filepath.Join(w.work.path, replacedDir)
	if err := os.Rename(w.dir, old); err != nil {
		return err
	}
	if err := os.Rename(w.root, w.dir); err != nil {
		return errors.Join(err, os.Rename(old, w.dir))
	}
	return nil
}

// A placing is what fill notes before it begins: the names of what it moves.
type placing struct {
	Old []string `json:"old"`
	New []string `json:"new"`
}

// fill moves what was made into the directory around the workplace, entry by entry,
// metadata.json last: before, it is not a dataset. An old export moves into the
// workplace first, its metadata.json before all else. Killed on the way, the next
// Create puts everything back; an error does at once.
func (p workplace) fill(replace bool) (err error) {
	root, err := os.OpenRoot(p.within)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var plan placing
	if plan.New, err = entriesOf(root, p.name(stageDir)); err != nil {
		return err
	}
	if replace {
		if plan.Old, err = entriesOf(root, "."); err != nil {
			return err
		}
	}
	if err := p.note(root, plan); err != nil {
		return err
	}
	if err := p.move(root, plan); err != nil {
		return errors.Join(err, p.putBack())
	}
	return root.Remove(p.name(placingFile)) // the new export is what counts now
}

// name is the name of a file of the workplace in the directory around it.
func (p workplace) name(file string) string { return filepath.Join(filepath.Base(p.path), file) }

// note writes the plan down, durably.
func (p workplace) note(root *os.Root, plan placing) error {
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	err = createFile(root, p.name(placingFile), func(f io.Writer) error {
		_, err := f.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return syncDir(p.path)
}

func (p workplace) move(root *os.Root, plan placing) error {
	if len(plan.Old) > 0 {
		if err := root.Mkdir(p.name(replacedDir), 0o777); err != nil {
			return err
		}
		slices.Reverse(plan.Old)
		if err := moveAll(root, plan.Old, ".", p.name(replacedDir)); err != nil {
			return err
		}
	}
	last := max(0, len(plan.New)-1)
	if err := moveAll(root, plan.New[:last], p.name(stageDir), "."); err != nil {
		return err
	}
	if err := syncDir(p.within); err != nil {
		return err
	}
	if err := moveAll(root, plan.New[last:], p.name(stageDir), "."); err != nil {
		return err
	}
	return syncDir(p.within)
}

// putBack undoes what fill has begun, unless fill came to its end.
func (p workplace) putBack() (err error) {
	root, err := os.OpenRoot(p.within)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	text, err := root.ReadFile(p.name(placingFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was moved, or everything
	}
	if err != nil {
		return err
	}
	var plan placing
	if json.Unmarshal(text, &plan) != nil {
		return nil // it was not whole yet when its writer was killed: nothing was moved
	}
	left, err := entriesOf(root, p.name(stageDir))
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return nil
	}
	// All that was there has left before the first new entry came.
	for _, name := range slices.Backward(plan.New) {
		if slices.Contains(left, name) {
			continue
		}
		if err := root.Rename(name, p.name(filepath.Join(stageDir, name))); err != nil {
			return err
		}
	}
	old, err := entriesOf(root, p.name(replacedDir))
	if err != nil {
		return err
	}
	if err := moveAll(root, old, p.name(replacedDir), "."); err != nil {
		return err
	}
	return syncDir(p.within)
}

// entriesOf lists a directory, metadata.json at the end; what is nobody's does not count.
func entriesOf(root *os.Root, dir string) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing a directory: %w", err)
	}
	var names []string
	known := false
	for _, e := range entries {
		switch {
		case isNobodys(e):
		case e.Name() == metadataFile:
			known = true
		default:
			names = append(names, e.Name())
		}
	}
	if known {
		names = append(names, metadataFile)
	}
	return names, nil
}

func moveAll(root *os.Root, names []string, from, to string) error {
	for _, name := range names {
		if err := root.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}
