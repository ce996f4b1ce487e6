package bucket_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/medialift/medialift/bucket"
)

// A policy is a store that allows what it is told to.
type policy struct {
	bucket.Store
	check, list, stat error
	keys              []string
	asked             []string // for lists and keys
}

func (p *policy) Check(context.Context) error { return p.check }
func (p *policy) Notes() []string             { return nil }

func (p *policy) List(_ context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	p.asked = append(p.asked, prefix)
	return func(yield func(bucket.Object, error) bool) {
		if p.list != nil {
			yield(bucket.Object{}, p.list)
			return
		}
		for _, key := range p.keys {
			if !yield(bucket.Object{Key: key}, nil) {
				return
			}
		}
	}
}

func (p *policy) Stat(context.Context, string) (bucket.Object, error) {
	return bucket.Object{}, p.stat
}

func TestExamine(t *testing.T) {
	denied, gone := bucket.ErrDenied, bucket.ErrNotFound
	for _, c := range []struct {
		name  string
		store policy
		sight bucket.Sight
		empty bool
		err   error
	}{
		{"everything, empty", policy{}, bucket.Listed, true, nil},
		{"everything", policy{keys: []string{"p/a", "p/b"}}, bucket.Listed, false, nil},
		{"the prefix alone", policy{check: denied, keys: []string{"p/a"}}, bucket.Listed, false, nil},
		{"no list", policy{list: denied, stat: gone}, bucket.Looked, false, nil},
		{"keys alone", policy{check: denied, list: denied, stat: gone}, bucket.Looked, false, nil},
		{"nothing", policy{check: denied, list: denied, stat: denied}, bucket.Blind, false, nil},
		{"no bucket", policy{check: bucket.ErrNoBucket}, 0, false, bucket.ErrNoBucket},
		{"bad credentials", policy{check: bucket.ErrIdentity}, 0, false, bucket.ErrIdentity},
		{"bad credentials, told by the list", policy{check: denied, list: bucket.ErrIdentity}, 0, false, bucket.ErrIdentity},
		{"no bucket, told by the list", policy{check: denied, list: bucket.ErrNoBucket}, 0, false, bucket.ErrNoBucket},
		{"a page for a list", policy{list: bucket.ErrAnswer}, 0, false, bucket.ErrAnswer},
		{"a list that fails", policy{list: bucket.ErrTemporary}, 0, false, bucket.ErrTemporary},
		{"a page for every key", policy{list: denied, stat: nil}, 0, false, bucket.ErrAnswer},
		{"a look that fails", policy{list: denied, stat: bucket.ErrTemporary}, 0, false, bucket.ErrTemporary},
	} {
		v, err := bucket.Examine(t.Context(), bucket.Location{Store: &c.store, Prefix: "p"}, nil)
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
			continue
		}
		if err == nil && (v.Sight != c.sight || v.Empty != c.empty) {
			t.Errorf("%s: sight %d, empty %v; want %d, %v", c.name, v.Sight, v.Empty, c.sight, c.empty)
		}
		if err != nil && v.Empty {
			t.Errorf("%s: what cannot be seen is called empty", c.name)
		}
		for _, prefix := range c.store.asked {
			if prefix != "p/" {
				t.Errorf("%s: asked for %q", c.name, prefix)
			}
		}
	}
}
