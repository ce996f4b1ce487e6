package upload

import (
	"context"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/scene"
)

// target returns the URL below which the files of a field go, and the
// directory below it that keeps fields apart.
func (b *builder) target(name string) (url, dir string, err error) {
	url = b.job.Target
	own := false
	for _, r := range b.opts.RemoteDirs {
		one, err := dataset.NewFinder(b.manifest, []string{r.Field})
		if err != nil {
			return "", "", err
		}
		if selects(one, name) {
			url, own = r.URL, true
		}
	}
	apart := own || strings.Contains(url, "{field}") || name == dataset.FilepathField ||
		len(b.opts.RelDirs) > 0 || b.opts.Layout == Hash
	if !apart {
		dir = "fields/" + name + "/"
	}
	if fault := dataset.ElementFault(name); fault != "" && (dir != "" || strings.Contains(url, "{field}")) {
		return "", "", &dataset.Refusal{
			Reason: fmt.Sprintf("the media field %q cannot be a part of a key: %s", name, fault), Total: 1,
			Problems: []dataset.Problem{{Kind: "name", Field: name, Hint: fault}},
			Hint:     "rename the field in FiftyOne, or say where its files go with --remote-dir FIELD=URL",
		}
	}
	url, err = fill(url, b.job.Name, name)
	return url, dir, err
}

// selects tells whether a finder of one name finds values of a field, which may
// have been named by its attribute ("seg.mask_path").
func selects(one *dataset.Finder, name string) bool {
	for _, leaf := range []string{"", "mask_path", "map_path", "filepath"} {
		if one.Selects(dataset.MediaField{Name: name, Leaf: leaf}) {
			return true
		}
	}
	return false
}

// bases finds, per field, the deepest common directory of its files. A base
// that an earlier plan of this run noted stays: its objects lie below it.
func (b *builder) bases(ctx context.Context) error {
	common := map[int]string{}
	for f, err := range b.draft.Files(ctx) {
		if err != nil {
			return err
		}
		dir := path.Dir(b.resolver.Named(f.Path, f.Local))
		if known, ok := common[f.Field]; ok {
			common[f.Field] = commonDir(known, dir)
		} else {
			common[f.Field] = dir
		}
		noted := b.fields[f.Field].base
		if b.usesBase() && noted != "" && !inside(noted, dir) {
			b.refusal.Err = ErrOutsideBase
			b.refuse(fmt.Sprintf("%v: files of %s lie outside %q", ErrOutsideBase, b.fields[f.Field].name, noted),
				"name the directory that keys start from with --rel-dir", "outside-base", f, "outside "+noted)
		}
	}
	b.roots = b.assetRoots(common)
	for id, field := range b.fields {
		if b.usesBase() && field.base == "" {
			field.base = common[id]
		}
		if err := b.draft.SetField(ctx, id, strings.TrimSuffix(field.place(""), "/"), field.base); err != nil {
			return err
		}
	}
	return nil
}

// usesBase tells whether keys are made from a common directory.
func (b *builder) usesBase() bool { return b.opts.Layout == Tree && len(b.opts.RelDirs) == 0 }

// place gives every file its URL.
func (b *builder) place(ctx context.Context) error {
	var batch []ledger.File
	flush := func() error {
		sums, err := b.sums(ctx, batch)
		if err != nil {
			return err
		}
		for i, f := range batch {
			if err := b.placeOne(ctx, f, sums[i]); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return ctx.Err()
	}
	for f, err := range b.draft.Files(ctx) {
		if err != nil {
			return err
		}
		if b.opts.Layout == Hash && f.Kind != "" {
			continue
		}
		if batch = append(batch, f); len(batch) == locateBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil || b.opts.Layout != Hash || b.Assets == 0 {
		return err
	}
	return b.placeLinked(ctx)
}

func (b *builder) placeOne(ctx context.Context, f ledger.File, sum string) error {
	field := b.fields[f.Field]
	rel, ok := b.rel(f, sum)
	if !ok {
		b.refuse("files outside every --rel-dir", "name a directory that holds all files, or leave --rel-dir away",
			"outside", f, "it is not below "+strings.Join(b.resolver.RelDirs(), " or "))
		return nil
	}
	key := field.root.Key(field.dir + rel)
	url, err := field.root.Naming.URL(key)
	if err != nil {
		b.refuse("keys that the target cannot hold", "rename the files, or use --layout hash", "key", f, err.Error())
		return nil
	}
	if limit := field.root.Naming.MaxSize; limit > 0 && f.LocalSize > limit {
		b.refuse("files too large for one object", "leave them out with --media-field, or send them by other means", "size", f,
			fmt.Sprintf("%d bytes, the limit is %d", f.LocalSize, limit))
		return nil
	}
	// A suffix that an earlier plan gave stays with the file, also when the
	// file it clashed with has been dealt with since.
	if b.opts.SuffixCollisions && f.URL == suffixed(url, f.Path) {
		return b.setSuffixed(ctx, f, url)
	}
	taken, err := b.isTaken(ctx, f, url)
	switch {
	case err != nil:
		return err
	case taken && b.opts.SuffixCollisions:
		return b.setSuffixed(ctx, f, url)
	case taken:
		b.taken[f.ID] = true
	}
	return b.draft.SetURL(ctx, f.ID, url, foldNumber(url))
}

// isTaken tells whether rows of the dataset have url as their value already and
// nothing is known by which it would stand for f, and for f alone.
func (b *builder) isTaken(ctx context.Context, f ledger.File, url string) (bool, error) {
	named, err := b.draft.Named(ctx, url)
	if err != nil || !named {
		return false, err
	}
	known := f.URL == url && (f.Checksum != "" || f.ETag != "")
	if !known && b.job.Sent != nil {
		others, err := b.job.Sent(ctx, url)
		if err != nil {
			return false, err
		}
		known = len(others) > 0
		for _, o := range others {
			known = known && o.Local == f.Local
		}
	}
	if !known {
		return true, nil
	}
	return b.draft.Taken(ctx, f.ID, url)
}

// rel is the key of a file below its field's directory. An asset that no value
// names goes where a file of the dataset in its place would, or if there is no
// such place, below "assets".
func (b *builder) rel(f ledger.File, sum string) (string, bool) {
	named := b.resolver.Named(f.Path, f.Local)
	if f.Refs > 0 || b.opts.Layout == Hash {
		return b.relOf(named, f.Field, sum)
	}
	if b.opts.Layout == Tree {
		if rel, ok := b.relOf(named, f.Field, sum); ok {
			return rel, true
		}
	}
	return scene.Apart("assets", named), true
}

func (b *builder) relOf(named string, field int, sum string) (string, bool) {
	switch {
	case b.opts.Layout == Hash:
		return sum + strings.ToLower(path.Ext(named)), true
	case b.opts.Layout == Flat:
		return path.Base(named), true
	case len(b.opts.RelDirs) > 0:
		for _, dir := range b.resolver.RelDirs() {
			if rel, ok := below(dir, named); ok {
				return rel, true
			}
		}
		return "", false
	}
	base := b.fields[field].base
	if !inside(base, named) {
		return "", false
	}
	return strings.TrimPrefix(named[len(base):], "/"), true
}

// below is the path of a file from a directory, which may have been spelled in
// another Unicode normal form on the command line than in the dataset.
func below(dir, named string) (rel string, ok bool) {
	if inside(dir, named) {
		rel = strings.TrimPrefix(strings.TrimPrefix(named, dir), "/")
		return rel, rel != ""
	}
	rel = named
	for range strings.Count(dir, "/") + 1 {
		if _, rel, ok = strings.Cut(rel, "/"); !ok {
			return "", false
		}
	}
	head := strings.TrimSuffix(named, "/"+rel)
	return rel, rel != "" && norm.NFC.String(head) == norm.NFC.String(dir)
}

// sums returns the SHA-256 of each file in hexadecimal where the layout needs
// it.
func (b *builder) sums(ctx context.Context, files []ledger.File) ([]string, error) {
	sums := make([]string, len(files))
	if b.opts.Layout != Hash {
		return sums, nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(b.opts.readers())
	for i, f := range files {
		g.Go(func() (err error) {
			sums[i], err = fileSum(ctx, f.Local)
			return err
		})
	}
	return sums, g.Wait()
}

// commonDir is the deepest directory that holds both a and b, in whole path
// elements.
func commonDir(a, b string) string {
	for !inside(a, b) {
		a = path.Dir(a)
	}
	return a
}

// inside tells whether p is dir or lies below it.
func inside(dir, p string) bool {
	return p == dir || dir == "/" || dir == "." || strings.HasPrefix(p, dir+"/")
}
