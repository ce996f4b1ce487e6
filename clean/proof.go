package clean

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

// A digest stands for a path in memory, where millions may be held.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// A proof knows which media inside an export may be deleted.
type proof struct {
	dirs    []string            // the export's directory, as given and without symbolic links
	arrived map[digest]struct{} // of files as arrivedKey spells them
	named   map[digest]struct{} // of files and directories as namedKey spells them
	parent  string              // the directory last looked at, and
	real    string              // the same without symbolic links
}

func arrivedKey(rel string, size, mtime int64) digest {
	return digestOf(fmt.Sprintf("%s\x00%d\x00%d", rel, size, mtime))
}

// namedKey takes paths that differ by letter case or Unicode form for one, as some
// file systems do: better one file too many stays.
func namedKey(rel string) digest { return digestOf(norm.NFC.String(strings.ToLower(rel))) }

// keeps says, with a kind for dataset.Problem, why a media entry must stay, or
// returns "". A link holds no media itself; nobody must name it.
func (p *proof) keeps(e entry) (kind, why string) {
	if _, named := p.named[namedKey(e.path)]; named {
		return "named", "the export's own dataset names it"
	}
	if e.isLink() {
		return "", ""
	}
	if _, ok := p.arrived[arrivedKey(e.path, e.info.Size(), e.info.ModTime().UnixNano())]; !ok {
		return "unproven", "no ledger proves that this file, as it is, has arrived anywhere"
	}
	return "", ""
}

// gather finds out what has arrived and what is named, if there are media.
func (p *Plan) gather(ctx context.Context, root *os.Root, given string) error {
	p.proof = proof{dirs: []string{given, p.dir}, arrived: map[digest]struct{}{}, named: map[digest]struct{}{}}
	found := errors.New("found")
	err := walk(ctx, root, func(e entry) error {
		if e.kind == media {
			return found
		}
		if e.kind == document {
			return fs.SkipAll // media come first
		}
		return nil
	})
	if errors.Is(err, fs.SkipAll) || err == nil {
		return nil
	}
	if !errors.Is(err, found) {
		return err
	}
	if err := p.proof.readLedgers(ctx, p.opts.Ledgers); err != nil {
		return err
	}
	if p.opts.Dataset == nil {
		return errors.New("there are media in the export, and no dataset to ask whether it names them")
	}
	ds, err := p.opts.Dataset(ctx)
	if err != nil {
		return err
	}
	return p.proof.readDataset(ctx, ds)
}

// readLedgers notes the files inside the export that have arrived.
func (p *proof) readLedgers(ctx context.Context, dir *ledger.Dir) error {
	if dir == nil {
		return nil
	}
	names, err := dir.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		run, err := dir.Open(ctx, name)
		if errors.Is(err, ledger.ErrDamaged) || errors.Is(err, ledger.ErrNoRun) {
			continue // proves nothing
		}
		if err != nil {
			return err
		}
		if err := errors.Join(p.readLedger(ctx, run), run.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (p *proof) readLedger(ctx context.Context, run *ledger.Run) error {
	note := func(f ledger.File) {
		rel, ok := p.inside(f.Local)
		if !ok {
			return
		}
		if _, own := p.inside(f.URL); own {
			return // it arrived inside the export, where it would be deleted too
		}
		p.arrived[arrivedKey(rel, f.Size, f.ModTime.UnixNano())] = struct{}{}
	}
	for f, err := range run.Objects(ctx) { // also of earlier plans, but no twins
		if err != nil {
			return err
		}
		note(f)
	}
	for f, err := range run.Files(ctx, ledger.FileArrived) {
		if err != nil {
			return err
		}
		note(f)
	}
	return nil
}

// readDataset notes the files inside the export that the dataset names, and the
// directories above them.
func (p *proof) readDataset(ctx context.Context, ds dataset.Updater) error {
	manifest, err := ds.Manifest(ctx)
	if err != nil {
		return err
	}
	finder, err := dataset.NewFinder(manifest, nil)
	if err != nil {
		return err
	}
	resolver, err := localfile.New(p.dirs[0], nil)
	if err != nil {
		return err
	}
	a := assets{proof: p, resolver: resolver, searched: map[digest]struct{}{}}
	for _, part := range dataset.MediaParts() {
		for row, err := range ds.Rows(ctx, part, finder) {
			if err != nil {
				return err
			}
			if row.Missing || row.Value == "" || localfile.IsRemote(row.Value) {
				continue
			}
			p.name(p.absolute(row.Value))
			found, err := resolver.Resolve(row.Value)
			if err != nil {
				continue
			}
			p.name(found.Path)
			if strings.EqualFold(path.Ext(row.Value), ".fo3d") {
				if err := a.name(found.Path, scene.Document); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// absolute is a stored path made absolute by name, whether anything is there or
// not.
func (p *proof) absolute(stored string) string {
	if filepath.IsAbs(stored) {
		return stored
	}
	return filepath.Join(p.dirs[0], filepath.FromSlash(stored))
}

// name notes a file and the directories above it, by the names used and by
// those without symbolic links.
func (p *proof) name(file string) {
	for _, spelled := range append(p.evaluated(file), file) {
		rel, ok := p.lexical(spelled)
		for ; ok && rel != "."; rel = path.Dir(rel) {
			key := namedKey(rel)
			if _, done := p.named[key]; done {
				break
			}
			p.named[key] = struct{}{}
		}
	}
}

// inside returns a file's path below the export, with slashes.
func (p *proof) inside(file string) (string, bool) {
	if !filepath.IsAbs(file) {
		return "", false
	}
	if rel, ok := p.lexical(file); ok {
		return rel, true
	}
	for _, spelled := range p.evaluated(file) {
		if rel, ok := p.lexical(spelled); ok {
			return rel, true
		}
	}
	return "", false
}

func (p *proof) lexical(file string) (string, bool) {
	for _, dir := range p.dirs {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}

// evaluated is a file's path with its directory free of symbolic links and, if
// it is a link itself, also what that leads to.
func (p *proof) evaluated(file string) []string {
	parent, base := filepath.Split(file)
	if parent != p.parent || parent == "" {
		p.parent, p.real = parent, parent
		if target, err := filepath.EvalSymlinks(parent); err == nil {
			p.real = target
		}
	}
	list := []string{filepath.Join(p.real, base)}
	if info, err := os.Lstat(file); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if target, err := filepath.EvalSymlinks(file); err == nil {
			list = append(list, target)
		}
	}
	return list
}
