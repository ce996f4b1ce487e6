package dirstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// rewriteFile applies the changes to a part that is one file.
func (u *update) rewriteFile(path string) (err error) {
	at, err := u.store.spot(path)
	if err != nil {
		return err
	}
	defer at.root.Close()
	if err := removeStale(at); err != nil {
		return err
	}
	var seen fs.FileInfo  // path as the first pass found it
	var latest *temporary // what the last pass that changed something wrote
	defer func() { latest.remove() }()
	err = u.passes(func() error {
		in := at
		if latest != nil {
			in = latest.at
		}
		info, out, err := u.filePass(in, at)
		if seen == nil {
			seen = info
		}
		if out != nil {
			latest.remove()
			latest = out
		}
		return err
	})
	if err != nil || latest == nil {
		return err
	}
	return latest.replace(at, seen)
}

// filePass reads in once, and writes it again beside the file at a spot from the first
// change on.
func (u *update) filePass(in, at spot) (info fs.FileInfo, out *temporary, err error) {
	path := at.path()
	f, err := in.root.Open(in.name)
	if err != nil {
		return nil, nil, fmt.Errorf("opening documents: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, nil, fmt.Errorf("opening documents: %w", err)
	}
	whole := false
	defer func() {
		if !whole { // also where the consumer of the outcomes panics
			out.remove()
			out = nil
		}
	}()
	sc := extjson.NewScanner(f, string(u.part))
	for sc.Scan() {
		d := document{text: sc.Doc(), path: path, offset: sc.Offset(), seq: sc.Seq()}
		text, outcome, due, err := u.document(d)
		if err != nil {
			return info, out, err
		}
		if due && outcome.Status == dataset.Changed && out == nil {
			if out, err = startCopy(f, d.offset, at, info); err != nil {
				return info, out, err
			}
			sc.Tee(out)
		}
		if out != nil {
			if _, err := out.Write(text); err != nil {
				return info, out, err
			}
		}
		if due {
			if err := u.settle(outcome); err != nil {
				return info, out, err
			}
		}
	}
	if err := sc.Err(); err != nil {
		return info, out, readError(path, 0, err)
	}
	err = out.sync()
	whole = err == nil
	return info, out, err
}

// startCopy begins a file beside that at a spot with the first n bytes of f.
func startCopy(f *os.File, n int64, at spot, info fs.FileInfo) (*temporary, error) {
	out, err := newTemporary(at, info)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(out, io.NewSectionReader(f, 0, n)); err != nil {
		return out, err
	}
	return out, nil
}

// rewriteDir applies the changes to a part that is a directory of documents.
func (u *update) rewriteDir(dir string) error {
	names, err := documentFiles(dir)
	if err != nil {
		return err
	}
	at, err := u.store.spot(dir)
	if err != nil {
		return err
	}
	defer at.root.Close()
	if err := removeStale(spot{at.root, filepath.Join(at.name, "x")}); err != nil {
		return err
	}
	changed := false
	err = u.passes(func() error {
		for i, name := range names {
			done, err := u.rewriteDocument(at, filepath.Join(dir, name), int64(i))
			changed = changed || done
			if err != nil {
				return err
			}
		}
		return nil
	})
	if changed {
		err = errors.Join(err, syncDir(dir))
	}
	return err
}

// rewriteDocument applies the change of a document that has a file of its own.
func (u *update) rewriteDocument(dir spot, path string, seq int64) (changed bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, fmt.Errorf("reading a document: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("reading a document: %w", err)
	}
	text, outcome, due, err := u.document(document{text: text, path: path, seq: seq})
	if err != nil || !due {
		return false, err
	}
	if changed = outcome.Status == dataset.Changed; changed {
		if err := u.replaceFile(dir, path, info, text); err != nil {
			return false, err
		}
	}
	return changed, u.settle(outcome)
}

func (u *update) replaceFile(dir spot, path string, info fs.FileInfo, text []byte) error {
	at := spot{dir.root, filepath.Join(dir.name, filepath.Base(path))}
	if now, err := at.root.Lstat(at.name); err != nil || !now.Mode().IsRegular() {
		if at, err = u.store.spot(path); err != nil {
			return err
		}
		defer at.root.Close()
	}
	t, err := newTemporary(at, info)
	if err != nil {
		return err
	}
	defer t.remove()
	if _, err := t.Write(text); err != nil {
		return err
	}
	if err := t.sync(); err != nil {
		return err
	}
	return t.move(at, info)
}
