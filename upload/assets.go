package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

const (
	sceneExt = ".fo3d"
	// assetBatch is how many files are searched for others, or copied, between
	// writes to the draft.
	assetBatch = 500
	// itsAsset begins what is wrong with a file that a value's file needs.
	itsAsset = "its asset"
	// alone is what to do where assets are in the way.
	alone = "--skip-assets sends the scenes alone, and they will not show them"
)

// followed are the kinds of files that name others, each before those that it
// names. So every file is read once, however many scenes share it.
var followed = []scene.Kind{scene.Document, scene.OBJ, scene.GLTF, scene.MTL}

// A mention is a reference with the file that it was found to mean.
type mention struct {
	scene.Asset
	found localfile.Found
	real  string // where it is found, symbolic links followed
	err   error
}

// assets puts into the draft what the scenes of the plan need.
func (b *builder) assets(ctx context.Context) error {
	n, err := b.draft.BeginLinks(ctx, sceneExt, string(scene.Document))
	if err != nil || n == 0 {
		return err
	}
	for _, kind := range followed {
		if kind != scene.Document && b.opts.SkipAssets {
			break
		}
		if err := b.follow(ctx, kind); err != nil {
			return err
		}
	}
	if b.scenes > 0 {
		b.Warnings = append(b.Warnings, fmt.Sprintf("%d .fo3d scenes are sent without their assets and will not show them", b.scenes))
	}
	b.Assets, err = b.draft.EndLinks(ctx)
	return err
}

// follow searches all files of one kind.
func (b *builder) follow(ctx context.Context, kind scene.Kind) error {
	type named struct {
		list []mention
		err  error
	}
	var seen *memo
	return inBatches(ctx, b.draft.OfKind(ctx, string(kind)), b.opts.readers(),
		func() { seen = &memo{resolve: b.resolver.Resolve, known: map[string]mention{}} },
		func(f ledger.File) (n named) {
			n.list, n.err = b.mentions(f, kind, seen)
			return n
		},
		func(f ledger.File, n named) error {
			if n.err != nil {
				b.refuseUnread(f, kind, n.err)
			} else if b.opts.SkipAssets {
				b.scenes += int64(min(1, len(n.list)))
			} else {
				return b.link(ctx, f, n.list)
			}
			return nil
		})
}

// refuseUnread refuses a file that should name others and cannot be searched.
func (b *builder) refuseUnread(f ledger.File, kind scene.Kind, err error) {
	if kind == scene.Document {
		b.refuse("scenes that cannot be read", "mend the .fo3d files, or leave them out with --media-field", "scene", f, err.Error())
		return
	}
	b.refuse("assets of 3D scenes that cannot be read", "mend these files; or "+alone, "asset", f, err.Error())
}

// mentions lists what a file names.
func (b *builder) mentions(f ledger.File, kind scene.Kind, seen *memo) ([]mention, error) {
	path := b.resolver.Named(f.Path, f.Local)
	open := func(name string) (io.ReadCloser, error) {
		if name == path {
			name = f.Local
		}
		return localfile.Open(name)
	}
	refs, err := scene.References(open, path, kind)
	if err != nil {
		return nil, err
	}
	list := make([]mention, len(refs))
	for i, a := range refs {
		if !b.opts.SkipAssets {
			list[i] = seen.find(a.Path)
		}
		list[i].Asset = a
	}
	return list, nil
}

// link puts what a file names into the draft.
func (b *builder) link(ctx context.Context, f ledger.File, list []mention) error {
	noted := map[string]bool{}
	for _, m := range list {
		roots := b.roots.of(b.resolver.Named(f.Path, f.Local))
		if m.err == nil && !roots.Hold(m.real) { // what is not there is not sent
			b.refuse("assets of 3D scenes that lie outside of the dataset's directories",
				"make sure that these files are to be sent, and allow their directory with --allow-assets-outside DIR; or "+alone,
				"outside-asset", f, spell(f, m, fmt.Sprintf("it is %q, outside of %s", m.real, strings.Join(roots, " and "))))
			continue
		}
		a := ledger.File{
			Path: m.Path, Local: m.found.Path, Field: f.Field, Size: m.found.Size, ModTime: m.found.ModTime, Kind: string(m.Kind),
		}
		if bad, ok := errors.AsType[*localfile.Error](m.err); ok {
			if bad.Kind != localfile.Missing && bad.Kind != localfile.Unresolvable {
				b.refuse("assets of 3D scenes that cannot be sent", "every reference must name a readable file; or "+alone, string(bad.Kind), f, spell(f, m, bad.Why))
				continue
			}
			a.State, a.Err, a.Local = ledger.FileMissing, bad.Why, m.Path
			b.lack(f, m)
		}
		id, err := b.draft.AddAsset(ctx, a)
		switch {
		case errors.Is(err, ledger.ErrKind):
			b.refuse("assets of 3D scenes that are named as two kinds of file", "give the scenes two copies with two names; or "+alone, "asset", f,
				spell(f, m, "elsewhere it is named as another kind of file"))
			continue
		case err != nil:
			return err
		}
		if noted[m.Ref] {
			continue
		}
		noted[m.Ref] = true
		if err := b.draft.AddLink(ctx, f.ID, id, m.Ref); err != nil {
			return err
		}
	}
	return nil
}

// lack notes an asset that is not there.
func (b *builder) lack(f ledger.File, m mention) {
	why := spell(f, m, "it is not there")
	if !b.opts.KeepMissing {
		b.refuse("assets of 3D scenes that are not there",
			"put the files back, or send the scenes without them with --missing keep", "missing-asset", f, why)
		return
	}
	if b.MissingAssetsTotal++; b.MissingAssetsTotal <= dataset.KeptProblems {
		b.flaws = append(b.flaws, flaw{file: f, kind: "missing-asset", why: why, asset: true})
	}
}

// spell says what is wrong with an asset, and where it is named.
func spell(f ledger.File, m mention, what string) string {
	if f.Refs == 0 {
		return fmt.Sprintf(itsAsset+" %q, in %q as %s: %s", m.Path, f.Path, m.Name, what)
	}
	return fmt.Sprintf(itsAsset+" %q, as %s: %s", m.Path, m.Name, what)
}

// A memo finds files once that many name. It is safe for concurrent use.
type memo struct {
	resolve func(string) (localfile.Found, error)
	mu      sync.Mutex
	known   map[string]mention
}

func (m *memo) find(path string) mention {
	m.mu.Lock()
	found, ok := m.known[path]
	m.mu.Unlock()
	if ok {
		return found
	}
	if found.found, found.err = m.resolve(path); found.err == nil {
		found.real = localfile.Real(found.found.Path)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[path] = found
	return found
}

// inBatches has workers look at many items at a time and then calls done for
// each, in order.
func inBatches[I, R any](ctx context.Context, items iter.Seq2[I, error], workers int, begin func(), look func(I) R, done func(I, R) error) error {
	batch := make([]I, 0, assetBatch)
	flush := func() error {
		begin()
		results := make([]R, len(batch))
		var g errgroup.Group
		g.SetLimit(workers)
		for i := range batch {
			g.Go(func() error {
				results[i] = look(batch[i])
				return nil
			})
		}
		_ = g.Wait()
		for i := range batch {
			if err := done(batch[i], results[i]); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return ctx.Err()
	}
	for item, err := range items {
		if err != nil {
			return err
		}
		if batch = append(batch, item); len(batch) == assetBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
