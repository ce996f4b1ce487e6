package rewrite

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/pathmap"
)

// A standing says what the maps make of a path.
type standing int

const (
	unmatched standing = iota // no map knows it
	already                   // it is where it belongs
	doubtful                  // at a prefix map's To, but a map moves what is there
	moved                     // it becomes another path
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

// ask asks the maps about one path.
func (m mapping) ask(ctx context.Context, p pathmap.Path) (answer, error) {
	there := false
	for _, x := range m.prefixes {
		if x.Already(p.Path) {
			if x.nested {
				return answer{standing: doubtful}, nil
			}
			there = true
		}
	}
	if there {
		return answer{standing: already}, nil
	}
	for i, x := range m.maps {
		to, err := x.Mapper.Map(ctx, p)
		switch {
		case errors.Is(err, pathmap.ErrNoAnswer):
			continue
		case err != nil:
			return answer{}, fmt.Errorf("mapping %q with %s: %w", p.Path, x.Spec, err)
		case to == p.Path:
			return answer{standing: already}, nil
		}
		return answer{standing: moved, to: to, by: i}, nil
	}
	return answer{standing: unmatched}, nil
}

// isPrefix tells whether the map of that number is a prefix map, whose answers
// stay as they are and differ as far as the paths asked about do.
func (m mapping) isPrefix(by int) bool {
	_, ok := m.maps[by].Mapper.(pathmap.PrefixMap)
	return ok
}

// again says what the maps would make of an answer to p, or "" where they would
// leave it.
func (m mapping) again(ctx context.Context, p pathmap.Path, a answer) (string, error) {
	if m.isPrefix(a.by) {
		return "", nil
	}
	p.Path = a.to
	next, err := m.ask(ctx, p)
	if err != nil {
		return "", fmt.Errorf("asking about an answer of %s: %w", m.maps[a.by].Spec, err)
	}
	return next.to, nil
}
