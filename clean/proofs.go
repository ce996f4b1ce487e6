package clean

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/inuse"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// proofs looks up where the media have gone, and remembers which are proven to be
// there.
type proofs struct {
	opts   Options
	root   *os.Root
	dir    *inuse.Dir
	engine *transfer.Engine
	total  int64

	identities map[string]ledger.Identity // of runs, for gather alone
	unread     int

	mu     sync.Mutex
	seen   map[digest]bool // the plan's: set for what is proven
	proven int64
	lost   map[string]lack // by path, why one is not proven, of the first
	bytes  int64
	down   map[bucket.Store]error // why no more is asked of them
}

// A lack is why a file is not proven to be anywhere else.
type lack struct{ kind, url, why string }

// keptLacks bounds how many reasons are remembered; a later row may still prove a file.
const keptLacks = 50 * dataset.KeptProblems

func newProofs(o Options, root *os.Root, dir *inuse.Dir, seen map[digest]bool, total int64) *proofs {
	return &proofs{
		opts: o, root: root, dir: dir, total: total,
		engine:     transfer.New(transfer.Options{Workers: o.Workers, Tries: 4}),
		identities: map[string]ledger.Identity{}, seen: seen, lost: map[string]lack{}, down: map[bucket.Store]error{},
	}
}

// lacks says why a media entry must stay. A link holds no media itself.
func (p *proofs) lacks(e entry) (kind, url, why string) {
	if e.isLink() {
		return "", "", ""
	}
	if p.seen[e.stamp()] {
		return "", "", ""
	}
	if l, ok := p.lost[e.path]; ok {
		return l.kind, l.url, l.why
	}
	why = "no ledger knows that this file, as it is, was sent anywhere"
	if p.unread > 0 {
		why += fmt.Sprintf("; %d ledgers could not be read", p.unread)
	}
	return "unproven", "", why
}

// gather goes through what the ledgers say of the files inside the export.
func (p *proofs) gather(ctx context.Context) error {
	if p.opts.Ledgers == nil || p.opts.Object == nil {
		return nil
	}
	history := p.opts.Ledgers.History("")
	defer func() { _ = history.Close() }()
	known, err := history.Datasets(ctx)
	if err != nil {
		return err
	}
	// Runs may know the directory by other names.
	dirs := p.dir.Names()
	for _, name := range known {
		if filepath.IsAbs(name) && !slices.Contains(dirs, name) && p.dir.Is(name) {
			dirs = append(dirs, name)
		}
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(p.opts.Workers)
	for _, dir := range dirs {
		for s, err := range history.From(within, dir) {
			if err == nil {
				err = p.take(within, group, dir, s)
			}
			if err != nil {
				group.Go(func() error { return err })
				break
			}
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	p.unread = len(history.Unread())
	return ctx.Err()
}

// take has the file of a ledger's row looked at, if it may be proven by that.
func (p *proofs) take(ctx context.Context, group *errgroup.Group, dir string, s ledger.Sent) error {
	rel, info := p.present(dir, s)
	if info == nil {
		return nil
	}
	by, known := p.identities[s.Run]
	if !known {
		var err error
		if by, err = p.opts.Ledgers.Identity(ctx, s.Run); err != nil {
			return err
		}
		p.identities[s.Run] = by
	}
	group.Go(func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return p.prove(ctx, filepath.ToSlash(rel), info, by, s)
	})
	return nil
}

// present finds the file of a row, if it has arrived and a file of that size is
// there. Which one it is, its hash tells.
func (p *proofs) present(dir string, s ledger.Sent) (rel string, info fs.FileInfo) {
	rel, err := filepath.Rel(dir, s.Local)
	if err == nil && s.State == ledger.FileArrived {
		info, err = p.root.Lstat(rel)
	}
	if err != nil || info == nil || !info.Mode().IsRegular() || info.Size() != s.LocalSize {
		return "", nil
	}
	return rel, info
}

// prove looks whether the object of a row is there with the bytes of the file.
func (p *proofs) prove(ctx context.Context, rel string, info fs.FileInfo, by ledger.Identity, s ledger.Sent) error {
	stamp := stampOf(rel, info)
	p.mu.Lock()
	done, seen := p.seen[stamp]
	p.mu.Unlock()
	if done || !seen { // it has changed since it was seen, and stays
		return nil
	}
	w := witness{of: p, rel: rel, info: info, by: by, sent: s}
	found, err := w.look(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if found.kind != "" {
		found.url = s.URL
		if _, listed := p.lost[rel]; listed || len(p.lost) < keptLacks {
			p.lost[rel] = found
		}
		return nil
	}
	delete(p.lost, rel)
	if !p.seen[stamp] { // else another row has proven it meanwhile
		p.seen[stamp] = true
		p.proven++
		p.bytes += info.Size()
		p.opts.Progress(Progress{Phase: "checking", Files: p.proven, Total: p.total, Bytes: p.bytes})
	}
	return nil
}

// stat describes an object. An endpoint that cannot be reached is not asked again.
func (p *proofs) stat(ctx context.Context, store bucket.Store, key string) (obj bucket.Object, err error) {
	p.mu.Lock()
	err = p.down[store]
	p.mu.Unlock()
	if err != nil {
		return obj, err
	}
	err = p.engine.Ask(ctx, transfer.First(), func(ctx context.Context) (err error) {
		obj, err = store.Stat(ctx, key)
		return err
	})
	if errors.Is(err, bucket.ErrUnreachable) || errors.Is(err, transfer.ErrStoreOut) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.down[store] = err
	}
	return obj, err
}
