// Package open turns the URL of a target into the [bucket.Location] it names,
// choosing the store by scheme. It is the one package that knows all stores.
package open

import (
	"context"
	"errors"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/filestore"
	"github.com/medialift/medialift/bucket/memstore"
	"github.com/medialift/medialift/bucket/s3store"
)

var (
	// ErrURL says that a URL is not of the form its scheme asks for.
	ErrURL = errors.New("unusable URL")
	// ErrScheme says that there is no store for the scheme of a URL.
	ErrScheme = errors.New("unsupported URL scheme")
)

// Options is how stores are opened. The zero value leaves all to each cloud's
// own environment and files.
type Options struct {
	// EndpointURL is where s3:// buckets are, such as "http://localhost:9000".
	EndpointURL string
	// Region of s3:// buckets.
	Region string
}

// An Opener opens locations. Those in the same bucket share one store, so that
// what it learns about the endpoint is learnt once. It is safe for concurrent
// use.
type Opener struct {
	opts Options

	mu     sync.Mutex
	stores map[string]store
}

// store is what every store offers on top of the methods that are asked of it.
type store interface {
	bucket.Store
	bucket.Checker
	Naming() bucket.Naming
}

// New returns an Opener with no store open.
func New(opts Options) *Opener {
	return &Opener{opts: opts, stores: make(map[string]store)}
}

// Open returns the location that rawURL names: s3://bucket/prefix,
// file:///dir, mem://name/prefix (kept in memory, for tests) or a path. It does
// not contact the network and writes nothing. It fails with ErrURL or ErrScheme.
func (o *Opener) Open(ctx context.Context, rawURL string) (bucket.Location, error) {
	t, err := Parse(rawURL)
	if err != nil {
		return bucket.Location{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	id := t.Scheme + "://" + t.Bucket
	s, ok := o.stores[id]
	if !ok {
		if s, err = o.open(ctx, t); err != nil {
			return bucket.Location{}, err
		}
		o.stores[id] = s
	}
	naming := s.Naming()
	if t.Scheme == schemeMem {
		naming.Base = id + "/"
	}
	return bucket.Location{Store: s, Prefix: t.Prefix, Naming: naming}, nil
}

func (o *Opener) open(ctx context.Context, t Target) (store, error) {
	switch t.Scheme {
	case schemeS3:
		return s3store.New(ctx, t.Bucket, s3store.Options{Endpoint: o.opts.EndpointURL, Region: o.opts.Region})
	case schemeMem:
		return memstore.New(), nil
	}
	return filestore.New("/"), nil
}
