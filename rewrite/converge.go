package rewrite

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/pathmap"
)

// converge deals with different paths that become one: two files would be one
// from then on. Only where two prefix maps meet is that likely to be meant, as
// with one directory mounted in two places.
func (b *builder) converge(ctx context.Context) error {
	if len(b.job.Maps) == 1 && b.mapping.isPrefix(0) {
		return nil
	}
	var m meeting
	var met int64
	var example [2]ledger.Value
	for v, err := range b.draft.Converging(ctx) {
		if err != nil {
			return err
		}
		by, err := b.mapping.prefixOf(ctx, pathmap.Path{Path: v.Old, Field: v.Field, ID: v.DocID()}, v.New)
		if err != nil {
			return err
		}
		if v.New != m.first.New {
			m = meeting{first: v, by: by}
			continue
		}
		both := by >= 0 && m.by >= 0
		switch {
		case both && by == m.by, sameFile(v.Old, m.first.Old):
			// the same path but for its slashes
		case both:
			if !m.met {
				met++
				example = [2]ledger.Value{m.first, v}
			}
			m.met = true
		default:
			b.collide(&m, v)
		}
	}
	if met > 0 {
		b.warn("%d new paths are where different prefix maps meet, for example %q, of %q and of %q",
			met, example[0].New, example[0].Old, example[1].Old)
	}
	return nil
}

// A meeting is the values of one new path.
type meeting struct {
	first ledger.Value
	by    int  // the prefix map that made first, or -1
	told  bool // first is among the problems
	met   bool // by different prefix maps
}

func (b *builder) collide(m *meeting, v ledger.Value) {
	if !m.told {
		b.collision(m.first, v)
		m.told = true
	}
	b.collision(v, m.first)
}

func (b *builder) collision(v, other ledger.Value) {
	b.refuse("different paths that would become one", "write the map so that each file keeps a path of its own",
		dataset.Problem{Kind: "collision", ID: v.DocID(), Field: v.Field, Path: v.Old, URL: v.New,
			Hint: fmt.Sprintf("so would %q of %s", other.Old, other.DocID())})
}

// sameFile tells whether two local paths differ only in their slashes or in how
// they spell a drive.
func sameFile(a, b string) bool {
	if localfile.IsRemote(a) || localfile.IsRemote(b) {
		return false
	}
	within := func(dir, path string) bool { return pathmap.PrefixMap{From: dir, To: dir}.Already(path) }
	return localfile.Clean(a) == localfile.Clean(b) || within(a, b) && within(b, a)
}
