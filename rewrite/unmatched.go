package rewrite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// keptGroups bounds the memory that unmatched paths take; those of further
// places are counted together.
const keptGroups = 1000

const otherPlaces = "(other places)"

// groups count unmatched values by where they are.
type groups struct {
	byKey   map[string]*group
	mangled bool // some are URLs that FiftyOne took for relative paths
}

type group struct {
	PrefixReport
	problem    dataset.Problem // of the first row
	separators string
}

func (g *groups) add(row dataset.Row) {
	if _, ok := localfile.Mangled(row.Value); ok {
		g.mangled = true
	}
	key, dir, separators := place(row.Value)
	one := g.byKey[key]
	if one == nil && len(g.byKey) >= keptGroups {
		key = otherPlaces
		one = g.byKey[key]
		dir = otherPlaces
	}
	if one == nil {
		if g.byKey == nil {
			g.byKey = map[string]*group{}
		}
		one = &group{PrefixReport: PrefixReport{Prefix: dir, Example: row.Value}, separators: separators,
			problem: dataset.Problem{Kind: "unmatched", ID: ledger.IDText(row.ID), Field: row.Field, Path: row.Value}}
		g.byKey[key] = one
	}
	one.Rows++
	if key != otherPlaces {
		one.Prefix = commonDir(one.Prefix, dir, key, one.separators)
	}
}

// sorted lists the groups, the largest first.
func (g *groups) sorted() []*group {
	list := make([]*group, 0, len(g.byKey))
	for _, one := range g.byKey {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), strings.Compare(a.Prefix, b.Prefix))
	})
	return list
}

// place returns the directory that a path stands in and the head of it by which
// paths are grouped: a root and two elements ("/mnt/nas"), or a bucket and one.
func place(path string) (key, dir, separators string) {
	separators = "/"
	root := 0
	switch {
	case urlHead.MatchString(path):
		root = strings.Index(path, "://") + len("://")
	case windowsHead.MatchString(path):
		separators = `/\`
		root = 2
		if path[1] == ':' {
			root = 3
		}
	case strings.HasPrefix(path, "/"):
		root = 1
	}
	dir = path[:root]
	if cut := strings.LastIndexAny(path, separators); cut >= root {
		dir = path[:cut]
	}
	if dir == "" {
		return ".", ".", separators
	}
	at := root
	for range 2 {
		n := strings.IndexAny(dir[at:], separators)
		if n < 0 {
			return dir, dir, separators
		}
		at += n + 1
	}
	return dir[:at-1], dir, separators
}

// commonDir is the deepest directory above both a and b, which have the head
// key in common.
func commonDir(a, b, key, separators string) string {
	for a != b && !(strings.HasPrefix(b, a) && strings.ContainsRune(separators, rune(b[len(a)]))) {
		cut := strings.LastIndexAny(a, separators)
		if cut <= len(key) {
			return key
		}
		a = a[:cut]
	}
	return a
}
