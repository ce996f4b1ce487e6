package rewrite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/pathmap"
)

// A standing says what the maps make of a path.
type standing int

const (
	unmatched standing = iota // no map knows it
	already                   // it is where it belongs
	doubtful                  // at a prefix map's To, but a map moves what is there
	moved                     // it becomes another path
	url                       // it is a URL, and a map is not asked about those
)

// An answer is what the maps make of a path; to and by, the number of the map,
// are only set where it is moved.
type answer struct {
	standing standing
	to       string
	by       int
}

// A mapping is all the maps of a job as one.
type mapping struct {
	maps     []Map
	streams  []bool // of the maps: better asked about many paths in one go
	prefixes []prefix
}

// A prefix is one of the prefix maps.
type prefix struct {
	pathmap.PrefixMap
	by int
	// nested: some prefix map would move what this one has moved.
	nested bool
	// idle: what it moves is at or under the To of the prefix map shadow.
	idle   bool
	shadow int
}

func newMapping(maps []Map) mapping {
	m := mapping{maps: maps}
	for i, x := range maps {
		m.streams = append(m.streams, pathmap.Streams(x.Mapper))
		if p, ok := x.Mapper.(pathmap.PrefixMap); ok {
			m.prefixes = append(m.prefixes, prefix{PrefixMap: p, by: i})
		}
	}
	for i := range m.prefixes {
		p := &m.prefixes[i]
		for _, other := range m.prefixes {
			if other.Already(p.From) && !p.idle {
				p.idle, p.shadow = true, other.by
			}
			// A map whose From is at or under its own To moves nothing.
			if other.Matches(p.To) && !other.Already(other.From) {
				p.nested = true
			}
		}
	}
	return m
}

// settled is the second result of ask where no map is left to be asked.
const settled = -1

// ask asks the maps about one path. Where it comes to a map that is better
// asked about many paths in one go, it returns the number of that map instead
// of an answer; see from.
func (m mapping) ask(ctx context.Context, p pathmap.Path) (a answer, waits int, err error) {
	there := false
	for _, x := range m.prefixes {
		if x.Already(p.Path) {
			if x.nested {
				return answer{standing: doubtful}, settled, nil
			}
			there = true
		}
	}
	if there {
		return answer{standing: already}, settled, nil
	}
	return m.from(ctx, p, 0)
}

// from is ask for the maps from the number first on.
func (m mapping) from(ctx context.Context, p pathmap.Path, first int) (a answer, waits int, err error) {
	remote, kept := localfile.IsRemote(p.Path), false
	for i := first; i < len(m.maps); i++ {
		if remote && m.maps[i].LocalOnly {
			kept = true
			continue
		}
		if m.streams[i] {
			return answer{}, i, nil
		}
		to, err := m.maps[i].Mapper.Map(ctx, p)
		switch {
		case errors.Is(err, pathmap.ErrNoAnswer):
			continue
		case err != nil:
			return answer{}, settled, m.failed(i, p, err)
		}
		return answered(p, to, i), settled, nil
	}
	if kept {
		return answer{standing: url}, settled, nil
	}
	return answer{standing: unmatched}, settled, nil
}

// answered judges what the map of that number said.
func answered(p pathmap.Path, to string, by int) answer {
	if to == p.Path {
		return answer{standing: already}
	}
	return answer{standing: moved, to: to, by: by}
}

// about says which map an error is of.
func (m mapping) about(by int, err error) error {
	return fmt.Errorf("mapping with %s: %w", m.maps[by].Spec, err)
}

// there tells whether a path is where a prefix map moves paths to.
func (m mapping) there(path string) bool {
	for _, x := range m.prefixes {
		if x.Already(path) {
			return true
		}
	}
	return false
}

func (m mapping) failed(by int, p pathmap.Path, err error) error {
	return fmt.Errorf("mapping %q with %s: %w", p.Path, m.maps[by].Spec, err)
}

// isPrefix tells whether the map of that number is a prefix map, whose answers
// stay as they are and differ as far as the paths asked about do.
func (m mapping) isPrefix(by int) bool {
	_, ok := m.maps[by].Mapper.(pathmap.PrefixMap)
	return ok
}

// again says what the maps would make of an answer to p, or "" where they would
// leave it or that is not known yet, because it comes to a map that is asked in
// one go.
func (m mapping) again(ctx context.Context, p pathmap.Path, a answer) (to string, err error) {
	if m.isPrefix(a.by) {
		return "", nil
	}
	p.Path = a.to
	next, _, err := m.ask(ctx, p)
	if err != nil {
		return "", fmt.Errorf("asking about an answer of %s: %w", m.maps[a.by].Spec, err)
	}
	return next.to, nil
}

// prefixOf is the number of the prefix map that made to of p, -1 where another
// map did.
func (m mapping) prefixOf(ctx context.Context, p pathmap.Path, to string) (int, error) {
	for i := range m.maps {
		if m.streams[i] {
			continue // if it was this one, that another says the same does no harm
		}
		got, err := m.maps[i].Mapper.Map(ctx, p)
		switch {
		case errors.Is(err, pathmap.ErrNoAnswer):
			continue
		case err != nil:
			return -1, m.failed(i, p, err)
		case got == to && m.isPrefix(i):
			return i, nil
		}
		return -1, nil
	}
	return -1, nil
}

// nearly is the prefix map that would know path if letter case and Unicode normal
// form did not count, as on Windows and macOS, or -1.
func (m mapping) nearly(path string) int {
	fold := func(text string) string { return norm.NFC.String(strings.ToLower(norm.NFC.String(text))) }
	for _, p := range m.prefixes {
		if (pathmap.PrefixMap{From: fold(p.From), To: p.To}).Matches(fold(path)) {
			return p.by
		}
	}
	return -1
}
