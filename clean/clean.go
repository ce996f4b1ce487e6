// Package clean deletes an export directory, and in it only what an export
// wrote: what it does not know stays.
//
// Media inside the export are deleted only on proof. A ledger says where each was
// sent, the store says that the object is there with the bytes of the file, and no
// dataset in reach names it. What cannot be seen is never taken for proof. Nothing
// is deleted before all of it is decided, and a file that changes meanwhile stays.
// Symbolic links are removed as links and never followed.
package clean

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/inuse"
	"github.com/medialift/medialift/ledger"
)

// A Named is a dataset that may name media of the export.
type Named = inuse.Named

// Options of a clean; with the zero value, a directory with media in it is
// refused.
type Options struct {
	// Ledgers holds the runs that know where files were sent.
	Ledgers *ledger.Dir
	// Object returns the store of an object and its key there. The run of that
	// identity has sent it to url.
	Object func(ctx context.Context, by ledger.Identity, url string) (bucket.Store, string, error)
	// Dataset opens the export's own dataset, to find out which media it names. It
	// is only called where there are media.
	Dataset func(ctx context.Context) (dataset.Updater, error)
	// Reach lists the other datasets that may name media of the export. It is only
	// asked where there are media; an error of it ends the clean.
	Reach iter.Seq2[Named, error]
	// Workers is how many files are looked at at a time; 0 is 8.
	Workers int
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// Progress says how far a phase has come.
type Progress struct {
	Phase string // "checking" media, "deleting" files
	Files int64
	Total int64
	Bytes int64
}

// A Plan is what a clean is going to delete.
type Plan struct {
	// Files counts the files and links to delete, Media those of them that are
	// media; Bytes is what the files hold.
	Files, Media, Bytes int64
	// Unknown are the first of what is there, stays, and was not written by an
	// export, by paths below the directory; UnknownTotal counts all.
	Unknown      []string
	UnknownTotal int64

	dir  string // without symbolic links
	opts Options
	// seen are the files and links to delete, as they were when that was decided, and
	// whether they were proven to be elsewhere.
	seen map[digest]bool
}

// A Report says what Execute did.
type Report struct {
	Files, Bytes int64
	// Gone: the directory itself was left empty and is deleted too.
	Gone bool
}

// ErrChanged says that a file is no longer what it was when the clean was planned.
var ErrChanged = errors.New("changed since the clean was planned")

// NewPlan looks at the export in dir. What is no export is
// dataset.ErrNotDataset; media that must not be deleted, or of which that cannot be
// found out, are a *dataset.Refusal. Nothing is deleted yet.
func NewPlan(ctx context.Context, dir string, opts Options) (*Plan, error) {
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	if opts.Workers <= 0 {
		opts.Workers = 8
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding directory %q: %w", dir, err)
	}
	if err := recognise(abs); err != nil {
		return nil, err
	}
	p := &Plan{opts: opts, seen: map[digest]bool{}}
	below, err := inuse.NewDir(abs)
	if err != nil {
		return nil, err
	}
	p.dir = below.Path()
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the export: %w", err)
	}
	defer root.Close()
	return p, p.decide(ctx, root, below)
}

// decide counts what is there, and refuses media that must stay.
func (p *Plan) decide(ctx context.Context, root *os.Root, below *inuse.Dir) error {
	if err := p.count(ctx, root); err != nil || p.Media == 0 {
		return err
	}
	names := &names{dir: below, used: map[digest]int32{}}
	if err := p.ask(ctx, names); err != nil {
		return err
	}
	if err := p.refuse(ctx, root, names.keeps); err != nil {
		return err
	}
	proofs := newProofs(p.opts, root, below, p.seen, p.Media)
	if err := proofs.gather(ctx); err != nil {
		return err
	}
	return p.refuse(ctx, root, proofs.lacks)
}

// count walks over everything, and notes what is to be deleted as it is now.
func (p *Plan) count(ctx context.Context, root *os.Root) error {
	return walk(ctx, root, func(e entry) error {
		switch e.kind {
		case unknown:
			p.UnknownTotal++
			if len(p.Unknown) < dataset.KeptProblems {
				p.Unknown = append(p.Unknown, e.path)
			}
			return nil
		case directory:
			return nil
		case media:
			p.Media++
		}
		p.Files++
		p.Bytes += e.size()
		p.seen[e.stamp()] = false
		return nil
	})
}

// refuse refuses media about which keeps says, with a kind for dataset.Problem, why
// they must stay. What came or changed meanwhile must too.
func (p *Plan) refuse(ctx context.Context, root *os.Root, keeps func(entry) (kind, url, why string)) error {
	refusal := &dataset.Refusal{
		Reason: "media inside the export that must not be deleted",
		Hint:   "upload them with --update-filepaths first, or move them out of the export",
	}
	hints := map[string]string{}
	err := walk(ctx, root, func(e entry) error {
		if e.kind != media {
			return nil
		}
		kind, url, why := keeps(e)
		if _, same := p.seen[e.stamp()]; !same && kind == "" {
			kind, why = "changed", "it came or changed while it was looked at"
		}
		if kind == "" {
			return nil
		}
		hints[kind] = hintOf(kind)
		refusal.Add(dataset.Problem{Kind: kind, Path: filepath.Join(p.dir, filepath.FromSlash(e.path)), URL: url, Hint: why})
		return nil
	})
	if err != nil || refusal.Total == 0 {
		return err
	}
	for _, kind := range []string{"unseen", "changed", "gone", "named", "unproven"} {
		if hint := hints[kind]; hint != "" {
			refusal.Hint = hint
			break
		}
	}
	return refusal
}

// hintOf says what to do about media that must stay.
func hintOf(kind string) string {
	switch kind {
	case "unseen":
		return "what cannot be looked at proves nothing: check credentials and network (medialift doctor URL), then clean again"
	case "changed", "gone":
		return "these files may be the last copy: medialift undo RUN puts their paths back, and another --state folder has them sent again; or move them out of the export"
	case "named":
		return "give those paths their new values first (medialift upload with --update-filepaths, or rewrite --map run:RUN), or move the media out of the export"
	}
	return "upload them with --update-filepaths first, or move them out of the export"
}
