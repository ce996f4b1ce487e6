package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// exportNote is the note of a run that says which dataset its export directory held.
const exportNote = "export"

// exportIdentity is what a dataset is known by wherever its export lies.
func exportIdentity(m dataset.Manifest) string {
	id := ""
	if v, err := m.Doc.LookupErr("_id"); err == nil {
		id = ledger.IDText(v)
	}
	return id + " " + m.Name()
}

// undoSource opens the dataset that a run changed: in the directory now, if it is an
// export that was moved since. From is then where it was.
func (a *app) undoSource(ctx context.Context, dir *ledger.Dir, run *ledger.Run, key, now string, writes bool) (src *source, from string, err error) {
	if now == "" {
		src, err = a.openKey(ctx, key, writes)
		if err != nil && !strings.HasPrefix(key, databaseMark) {
			err = mayHaveMoved(key, err)
		}
		if err == nil {
			err = src.isOf(ctx, run)
		}
		return src, "", err
	}
	if strings.HasPrefix(key, databaseMark) {
		return nil, "", usage("leave --dataset out; name the server with --database-uri",
			"--dataset is for an export directory that was moved, and the run was of a dataset in a database")
	}
	if strings.HasPrefix(now, databaseMark) {
		return nil, "", usage("name the directory where the export is now", "the run was of the export directory %q, not of a dataset in a database", key)
	}
	path, err := datasetDir("dir:" + strings.TrimPrefix(now, "dir:"))
	if err != nil {
		return nil, "", err
	}
	if sameDir(path, key) {
		src, err = openDir(key)
		return src, "", err
	}
	if src, err = openDir(path); err != nil {
		return nil, "", err
	}
	return src, key, src.isMoved(ctx, dir, run, key)
}

// mayHaveMoved adds to why an export cannot be opened what to do if it was moved.
func mayHaveMoved(key string, err error) error {
	use, _ := errors.AsType[*usageError](err)
	switch {
	case use != nil:
		return usage("if the export was moved, name where it is now with --dataset DIR"+nearby(key), "%s", use.msg)
	case errors.Is(err, dataset.ErrNotDataset), errors.Is(err, os.ErrNotExist):
		return usage("if the export was moved, name where it is now with --dataset DIR"+nearby(key), "%v", err)
	}
	return err
}

// sameDir reports whether two paths lead to one directory.
func sameDir(a, b string) bool {
	at, err := os.Stat(a)
	if err != nil {
		return false
	}
	there, err := os.Stat(b)
	return err == nil && os.SameFile(at, there)
}

// isMoved refuses an export that is not the one that the run changed, or that is a
// copy of it while the run's own still is where it was.
func (s *source) isMoved(ctx context.Context, dir *ledger.Dir, run *ledger.Run, key string) error {
	other := &dataset.Refusal{
		Reason: fmt.Sprintf("%q is not the dataset that %s changed in %q", s.dir, run.Name(), key),
		Hint:   "name the directory that the export was moved to with --dataset; nothing was changed",
	}
	want, err := run.Meta(ctx, exportNote)
	if err != nil {
		return err
	}
	manifest, err := s.store.Manifest(ctx)
	if err != nil {
		return err
	}
	if want != "" && want != exportIdentity(manifest) {
		return other
	}
	found, err := run.Recognize(ctx, s.store)
	if err != nil || found.Values == 0 {
		return err
	}
	// An undo that was killed has put back some, or all, and noted the move before.
	origin, noted, err := dir.Origin(s.key())
	if err != nil {
		return err
	}
	begun := noted && origin.Of == key
	if 2*(found.Made+found.Before) < found.Values || found.Made == 0 && !begun {
		return other
	}
	there, err := openDir(key)
	if err != nil {
		return nil //nolint:nilerr // no dataset is where the run's was
	}
	if found, err = run.Recognize(ctx, there.store); err != nil || found.Made == 0 {
		return err
	}
	return &dataset.Refusal{
		Reason: fmt.Sprintf("the dataset of %s still is in %q; %q is a copy of it", run.Name(), key, s.dir),
		Hint:   "leave --dataset out to put its paths back there; nothing was changed",
	}
}
