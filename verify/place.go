package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
)

// giveUp is how many objects in a row an endpoint may leave unanswered before
// it is asked for no more.
const giveUp = 100

// A place is one bucket.
type place struct {
	bucket.Location
	engine *transfer.Engine
	check  sync.Once

	mu   sync.Mutex
	down error // why the bucket cannot be asked
	mute int   // objects in a row that the endpoint did not answer for
}

// places finds the bucket of a URL. Buckets are opened when first needed.
type places struct {
	open   func(ctx context.Context, url string) (bucket.Location, error)
	engine *transfer.Engine

	mu    sync.Mutex
	heads map[string]*place // by what URLs start with; nil: that names no bucket
	all   map[bucket.Store]*place
}

// find returns the bucket that url lies in, and its key there.
func (ps *places) find(ctx context.Context, url string) (*place, string, error) {
	for _, head := range headsOf(url) {
		if p := ps.head(ctx, head); p != nil {
			if key, ok := p.Naming.Cut(url); ok && key != "" {
				return p, key, p.usable(ctx)
			}
		}
	}
	// A form of URL whose beginning is no URL by itself, or that is written
	// otherwise than the store does: what lies below it is the object.
	loc, err := ps.open(ctx, url)
	if err != nil {
		return nil, "", err
	}
	if loc.Prefix == "" {
		return nil, "", errors.New("it names a bucket and no object")
	}
	p := ps.share(loc)
	return p, loc.Prefix, p.usable(ctx)
}

// headsOf are the beginnings of url that may name its bucket: the first element
// behind the scheme, and where that is a host, the next one too.
func headsOf(url string) []string {
	scheme, rest, _ := strings.Cut(url, "://")
	first, rest, _ := strings.Cut(rest, "/")
	if first == "" {
		return nil
	}
	heads := []string{scheme + "://" + first}
	if second, _, ok := strings.Cut(rest, "/"); ok && strings.HasPrefix(scheme, "http") {
		heads = append(heads, heads[0]+"/"+second)
	}
	return heads
}

func (ps *places) head(ctx context.Context, head string) *place {
	ps.mu.Lock()
	p, known := ps.heads[head]
	ps.mu.Unlock()
	if known {
		return p
	}
	loc, err := ps.open(ctx, head)
	if err == nil {
		p = ps.share(loc)
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(ps.heads) < giveUp*giveUp { // hosts that are no buckets may be many
		ps.heads[head] = p
	}
	return p
}

// share returns the one place of a store.
func (ps *places) share(loc bucket.Location) *place {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p, known := ps.all[loc.Store]
	if !known {
		p = &place{Location: loc, engine: ps.engine}
		ps.all[loc.Store] = p
	}
	return p
}

// usable fails where the bucket cannot be asked: it does not exist, so that
// nothing could be said of its objects, or its endpoint does not answer. A
// bucket that may not be listed may still have objects that can be read.
func (p *place) usable(ctx context.Context) error {
	p.check.Do(func() {
		c, ok := p.Store.(bucket.Checker)
		if !ok {
			return
		}
		err := p.engine.Ask(ctx, transfer.Ask{Waits: transfer.ForCalm}, c.Check)
		if errors.Is(err, bucket.ErrNoBucket) || errors.Is(err, bucket.ErrUnreachable) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.down = err
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down
}

// ask calls try again while its failure may pass by itself, but no more than
// once while the endpoint does not answer. One that asks to slow down is waited
// for.
func (p *place) ask(ctx context.Context, try func(context.Context) error) error {
	a := transfer.Ask{Waits: transfer.ForCalm}
	p.mu.Lock()
	if p.down != nil {
		defer p.mu.Unlock()
		return p.down
	}
	if p.mute > 0 {
		a.Tries = 1
	}
	p.mu.Unlock()
	err := p.engine.Ask(ctx, a, try)
	if ctx.Err() != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(err, transfer.ErrStoreOut) {
		p.down = err
	}
	if !errors.Is(err, bucket.ErrUnreachable) {
		p.mute = 0
		return err
	}
	if p.mute++; p.mute >= giveUp {
		p.down = fmt.Errorf("not asked any more after %d failures in a row: %w", giveUp, err)
	}
	return err
}
