// Package open turns the URL of a target into the [bucket.Location] it names,
// choosing the store by scheme. It is the one package that knows all stores.
package open

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/azurestore"
	"github.com/medialift/medialift/bucket/filestore"
	"github.com/medialift/medialift/bucket/gcsstore"
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
	// EndpointURL is where s3:// and minio:// buckets are, such as
	// "http://localhost:9000".
	EndpointURL string
	// Region of s3:// and minio:// buckets.
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
// gs://bucket/prefix, az://container/prefix,
// https://ACCOUNT.blob.core.windows.net/container/prefix, minio://bucket/prefix,
// file:///dir, mem://name/prefix (kept in memory, for tests) or a path. It does
// not contact the network and writes nothing. It fails with ErrURL or ErrScheme,
// and where the account or endpoint of az:// or minio:// is not configured.
//
// az:// and minio:// are also what is written into a dataset: such names mean
// something only where FiftyOne is configured to know them.
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
	if t.Scheme == schemeMem || t.Scheme == schemeMinIO {
		naming.Base = id + "/"
	}
	return bucket.Location{Store: s, Prefix: t.Prefix, Naming: naming}, nil
}

func (o *Opener) open(ctx context.Context, t Target) (store, error) {
	switch t.Scheme {
	case schemeS3:
		return s3store.New(ctx, t.Bucket, s3store.Options{Endpoint: o.opts.EndpointURL, Region: o.opts.Region})
	case schemeMinIO:
		return openMinIO(ctx, t.Bucket, o.opts)
	case schemeGS:
		file, err := googleFile()
		if err != nil {
			return nil, err
		}
		return gcsstore.New(ctx, t.Bucket, gcsstore.Options{CredentialsFile: file})
	case schemeAz, schemeHTTPS, schemeHTTP:
		return openAzure(ctx, t)
	case schemeMem:
		return memstore.New(), nil
	}
	return filestore.New("/"), nil
}

func openAzure(ctx context.Context, t Target) (store, error) {
	creds, err := azureCredentials()
	if err != nil {
		return nil, err
	}
	if t.Scheme == schemeAz {
		return azurestore.New(ctx, t.Bucket, azurestore.Options{Alias: schemeAz, Credentials: creds})
	}
	at := strings.LastIndexByte(t.Bucket, '/')
	service := t.Scheme + "://" + t.Bucket[:at]
	return azurestore.New(ctx, t.Bucket[at+1:], azurestore.Options{ServiceURL: service, Credentials: creds})
}

func openMinIO(ctx context.Context, name string, opts Options) (store, error) {
	m, err := minioSettings()
	if err != nil {
		return nil, err
	}
	if opts.EndpointURL != "" {
		m.endpoint = opts.EndpointURL
	}
	if m.endpoint == "" {
		return nil, errors.New("where minio:// is: set MINIO_ENDPOINT_URL")
	}
	if opts.Region != "" {
		m.region = opts.Region
	}
	s3 := s3store.Options{Endpoint: m.endpoint, Region: m.region, PathStyle: true}
	if m.accessKey != "" {
		s3.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: m.accessKey, SecretAccessKey: m.secretKey}, nil
		})
	}
	return s3store.New(ctx, name, s3)
}
