package clean

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/inuse"
	"github.com/medialift/medialift/ledger"
)

// names knows which media datasets name.
type names struct {
	dir  *inuse.Dir
	used map[digest]int32 // by namedKey, the first who names it
	who  []string
}

// keeps says why a media entry must stay, if a dataset names it, or something below
// it where it is a link.
func (n *names) keeps(e entry) (kind, url, why string) {
	if at, named := n.used[namedKey(e.path)]; named {
		return "named", "", n.who[at]
	}
	return "", "", ""
}

// ask asks the export's own dataset and all others in reach which media they name.
func (p *Plan) ask(ctx context.Context, n *names) error {
	if p.opts.Dataset == nil {
		return errors.New("there are media in the export, and no dataset to ask whether it names them")
	}
	own, err := p.opts.Dataset(ctx)
	if err != nil {
		return err
	}
	if err := n.add(ctx, inuse.Named{Name: "the export's own dataset", Dataset: own, Dir: n.dir.Names()[0]}); err != nil {
		return err
	}
	if err := n.targets(ctx, p.opts); err != nil {
		return err
	}
	if p.opts.Reach == nil {
		return nil
	}
	for other, err := range p.opts.Reach {
		if err != nil {
			return err
		}
		if err := n.add(ctx, other); err != nil {
			return err
		}
	}
	return nil
}

// add notes what a dataset names, and the directories above.
func (n *names) add(ctx context.Context, d inuse.Named) error {
	who := int32(len(n.who)) //nolint:gosec // datasets are few
	n.who = append(n.who, d.Name+" names it")
	err := n.dir.Uses(ctx, d, func(u inuse.Use) error {
		n.note(u.Rel, who)
		return nil
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &dataset.Refusal{
		Reason: fmt.Sprintf("which media %s names cannot be found out: %v", d.Name, err),
		Hint:   "mend what is named above, or move the media out of the export", Err: err,
	}
}

func (n *names) note(rel string, who int32) {
	for ; rel != "." && rel != "/"; rel = path.Dir(rel) {
		key := namedKey(rel)
		if _, done := n.used[key]; done {
			break
		}
		n.used[key] = who
	}
}

// targets notes the files in the export that runs have sent there: they are objects
// of other datasets, or of this one.
func (n *names) targets(ctx context.Context, o Options) error {
	if o.Ledgers == nil {
		return nil
	}
	history := o.Ledgers.History("")
	defer func() { _ = history.Close() }()
	for _, dir := range n.dir.Names() {
		for after := ""; ; {
			list, err := history.Into(ctx, dir, after, dataset.KeptProblems)
			if err != nil {
				return err
			}
			for _, s := range list {
				n.object(dir, s)
				after = s.URL
			}
			if len(list) < dataset.KeptProblems {
				break
			}
		}
	}
	return nil
}

// object notes a file of dir that a run has made, if it is still there: most may be gone.
func (n *names) object(dir string, s ledger.Sent) {
	file := filepath.FromSlash(s.URL)
	rel, err := filepath.Rel(dir, file)
	if err != nil {
		return
	}
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return
	}
	who := int32(len(n.who)) //nolint:gosec // they are bounded
	if len(n.who) < keptLacks {
		n.who = append(n.who, fmt.Sprintf("it is the object that run %s has made of %q", s.Run, s.Local))
	} else { // the first are enough to say
		who--
	}
	n.note(filepath.ToSlash(rel), who)
}
