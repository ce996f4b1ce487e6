package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
	"github.com/medialift/medialift/ledger"
)

// A neighbour is a dataset in reach of a directory: it may name files there.
type neighbour struct {
	name  string // of a dataset in a database, else the directory
	shown string // for people
	store store
	dir   string // of an export
}

// unseeable is a dataset in reach, or a database, that cannot be asked.
func unseeable(what string, err error) error {
	hint := judge(err).hint
	if hint == "" {
		hint = "mend what is named above"
	}
	return &dataset.Refusal{Reason: fmt.Sprintf("%s cannot be asked which files it names: %v", what, err), Hint: hint, Err: err}
}

// reachDatabase lists the datasets of a database, those that FiftyOne generated for
// views too: the images of sampled frames are named by nothing else.
func reachDatabase(ctx context.Context, d *mongostore.Database) iter.Seq2[neighbour, error] {
	return func(yield func(neighbour, error) bool) {
		infos, err := d.Datasets(ctx)
		if err != nil {
			yield(neighbour{}, unseeable(inDatabase(d), err))
			return
		}
		for _, info := range infos {
			s, err := openListed(ctx, d, info)
			if errors.Is(err, mongostore.ErrNotFound) {
				continue // deleted meanwhile
			}
			if err != nil {
				yield(neighbour{}, unseeable(shownListed(d, info.Name, info.ID.Hex()), err))
				return
			}
			if !yield(named(d, s), nil) {
				return
			}
		}
		generated, err := d.Generated(ctx)
		if err != nil {
			yield(neighbour{}, unseeable("what FiftyOne generated in "+inDatabase(d), err))
			return
		}
		for _, s := range generated {
			if !yield(named(d, s), nil) {
				return
			}
		}
	}
}

// named is a dataset of a database that may name files.
func named(d *mongostore.Database, s *mongostore.Store) neighbour {
	id, _ := s.ID().ObjectIDOK()
	return neighbour{name: s.Name(), shown: shownListed(d, s.Name(), id.Hex()), store: s}
}

// openListed opens a dataset of a list by its _id: one without a name names files too.
func openListed(ctx context.Context, d *mongostore.Database, info mongostore.Info) (*mongostore.Store, error) {
	if info.ID.IsZero() {
		return d.Dataset(ctx, info.Name)
	}
	return d.DatasetByID(ctx, info.ID.Hex())
}

// shownListed is a dataset of a database, for people.
func shownListed(d *mongostore.Database, name, id string) string {
	if name == "" {
		return fmt.Sprintf("the dataset with _id %s, which has no name, of %s", id, inDatabase(d))
	}
	return fmt.Sprintf("dataset %q of %s", name, inDatabase(d))
}

// reachFound lists the datasets of the database that the command finds. Where there
// is none to ask, none is called.
func (a *app) reachFound(ctx context.Context, none func()) iter.Seq2[neighbour, error] {
	return func(yield func(neighbour, error) bool) {
		d, err := a.connect(ctx, false)
		switch {
		case errors.Is(err, locate.ErrNone):
			none()
			return
		case err != nil && ctx.Err() != nil:
			yield(neighbour{}, err)
			return
		case err != nil:
			yield(neighbour{}, unseeable("the database", err))
			return
		}
		for n, err := range reachDatabase(ctx, d) {
			if !yield(n, err) {
				return
			}
		}
	}
}

// reachExports lists the other exports that may name files in dir: those that runs
// know, if their ledgers are given, and those beside it, above it and in it.
func reachExports(ctx context.Context, ledgers *ledger.Dir, dir string) iter.Seq2[neighbour, error] {
	return func(yield func(neighbour, error) bool) {
		list, err := exportsNear(ctx, ledgers, dir)
		if err != nil {
			yield(neighbour{}, err)
			return
		}
		for _, path := range list {
			opened, err := dirstore.Open(path)
			if errors.Is(err, dataset.ErrNotDataset) || errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				yield(neighbour{}, unseeable(fmt.Sprintf("the export %q", path), err))
				return
			}
			if !yield(neighbour{name: path, shown: fmt.Sprintf("the export %q", path), store: opened, dir: path}, nil) {
				return
			}
		}
	}
}

// exportsNear are the directories that may be exports in reach of dir, each once.
func exportsNear(ctx context.Context, ledgers *ledger.Dir, dir string) ([]string, error) {
	parent := filepath.Dir(dir)
	candidates := []string{parent, filepath.Dir(parent)}
	if ledgers != nil {
		history := ledgers.History("")
		known, err := history.Datasets(ctx)
		if err := errors.Join(err, history.Close()); err != nil {
			return nil, err
		}
		candidates = append(candidates, known...)
	}
	for _, around := range []string{parent, dir} {
		entries, err := os.ReadDir(around)
		if err != nil && !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("looking for exports: %w", err)
		}
		for _, e := range entries {
			candidates = append(candidates, filepath.Join(around, e.Name()))
		}
	}
	own, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for exports: %w", err)
	}
	var list []string
	found := []os.FileInfo{own}
	for _, path := range candidates {
		if !filepath.IsAbs(path) {
			continue // a dataset of a database
		}
		if _, err := os.Stat(filepath.Join(path, "metadata.json")); err != nil {
			if errors.Is(err, os.ErrPermission) {
				return nil, unseeable(fmt.Sprintf("the directory %q, which may be an export,", path), err)
			}
			continue
		}
		info, err := os.Stat(path)
		if err != nil || isOneOf(info, found) {
			continue
		}
		found = append(found, info)
		list = append(list, path)
	}
	return list, nil
}

func isOneOf(info os.FileInfo, list []os.FileInfo) bool {
	for _, other := range list {
		if os.SameFile(info, other) {
			return true
		}
	}
	return false
}
