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
	// Addressing says where in their URLs the bucket is named: "path", "virtual", or
	// as the endpoint wants it if it is empty or "auto".
	Addressing string
	// RequestPayer has the requester pay for requests to them.
	RequestPayer bool
	// Attributes are what objects are written with.
	Attributes bucket.Attributes
}

// An Opener opens locations. Those in the same bucket share one store, so that
// what it learns about the endpoint is learnt once. It is safe for concurrent
// use.
type Opener struct {
	opts Options

	mu     sync.Mutex
	stores map[string]opened
	notes  []string
}

// opened is a store, and what its paths start with if it does not know itself.
type opened struct {
	store
	base string
}

// store is what every store offers on top of the methods that are asked of it.
type store interface {
	bucket.Store
	bucket.Checker
	Naming() bucket.Naming
}

// New returns an Opener with no store open.
func New(opts Options) *Opener {
	return &Opener{opts: opts, stores: make(map[string]opened)}
}

// Open returns the location that rawURL names: s3://bucket/prefix,
// gs://bucket/prefix, az://container/prefix,
// https://ACCOUNT.blob.core.windows.net/container/prefix, minio://bucket/prefix,
// file:///dir, mem://name/prefix (kept in memory, for tests) or a path. It does
// not contact the network and writes nothing. It fails with ErrURL or ErrScheme,
// with bucket.ErrAttribute where the place has not what objects are to be written
// with, and where the account or endpoint of az:// or minio:// is not configured.
//
// What is written into a dataset starts with az:// or minio:// too, or with the
// alias that FiftyOne is configured with: see Notes.
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
	if s.base != "" {
		naming.Base = s.base
	}
	// The store itself, for callers ask what else it can do.
	return bucket.Location{Store: s.store, Prefix: t.Prefix, Naming: naming}, nil
}

func (o *Opener) open(ctx context.Context, t Target) (opened, error) {
	as, err := attributes(t.Scheme, o.opts.Attributes)
	if err != nil {
		return opened{}, err
	}
	switch t.Scheme {
	case schemeS3:
		return o.openS3(ctx, t.Bucket, as)
	case schemeMinIO:
		return o.openMinIO(ctx, t.Bucket, as)
	case schemeGS:
		file, err := googleFile()
		if err != nil {
			return opened{}, err
		}
		o.noteExtra("gcs")
		s, err := gcsstore.New(ctx, t.Bucket, gcsstore.Options{CredentialsFile: file, Attributes: as})
		return opened{store: s}, err
	case schemeAz, schemeHTTPS, schemeHTTP:
		return o.openAzure(ctx, t, as)
	case schemeMem:
		return opened{memstore.New(), schemeMem + "://" + t.Bucket + "/"}, nil
	}
	return opened{store: filestore.New(t.Bucket + "/")}, nil
}

func (o *Opener) openS3(ctx context.Context, name string, as bucket.Attributes) (opened, error) {
	file, profile, err := awsFile()
	if err != nil {
		return opened{}, err
	}
	o.noteExtra("s3")
	s, err := s3store.New(ctx, name, s3store.Options{
		Endpoint: o.opts.EndpointURL, Region: o.opts.Region, ConfigFile: file, Profile: profile, Attributes: as,
		Addressing: o.addressing(s3store.Auto), RequestPayer: o.opts.RequestPayer,
	})
	return opened{store: s}, err
}

// addressing is what the options say, or else usual.
func (o *Opener) addressing(usual s3store.Addressing) s3store.Addressing {
	if a := o.opts.Addressing; a != "" && a != "auto" {
		return s3store.Addressing(a)
	}
	return usual
}

func (o *Opener) openAzure(ctx context.Context, t Target, as bucket.Attributes) (opened, error) {
	creds, alias, err := azureCredentials()
	if err != nil {
		return opened{}, err
	}
	o.noteExtra("azure")
	var opts azurestore.Options
	name := t.Bucket
	if t.Scheme == schemeAz {
		if err := checkAlias("AZURE_ALIAS", alias, schemeAz); err != nil {
			return opened{}, err
		}
		o.noteAlias(schemeAz, alias, "AZURE_ALIAS", "azure_credentials_file", "; the target https://ACCOUNT.blob.core.windows.net/"+name+" writes a form that needs none")
		opts = azurestore.Options{Alias: firstOf(alias, schemeAz), Credentials: creds}
	} else {
		at := strings.LastIndexByte(t.Bucket, '/')
		name = t.Bucket[at+1:]
		opts = azurestore.Options{ServiceURL: t.Scheme + "://" + t.Bucket[:at], Credentials: creds}
	}
	opts.Attributes = as
	s, err := azurestore.New(ctx, name, opts)
	return opened{store: s}, err
}

func (o *Opener) openMinIO(ctx context.Context, name string, as bucket.Attributes) (opened, error) {
	m, err := minioSettings()
	if err != nil {
		return opened{}, err
	}
	if o.opts.EndpointURL != "" {
		m.endpoint = o.opts.EndpointURL
	}
	if m.endpoint == "" {
		return opened{}, errors.New("where minio:// is: set MINIO_ENDPOINT_URL")
	}
	if o.opts.Region != "" {
		m.region = o.opts.Region
	}
	if err := checkAlias("MINIO_ALIAS", m.alias, schemeMinIO); err != nil {
		return opened{}, err
	}
	o.noteExtra("minio")
	o.noteAlias(schemeMinIO, m.alias, "MINIO_ALIAS", "minio_config_file", "")
	s3 := s3store.Options{Endpoint: m.endpoint, Region: m.region, Addressing: o.addressing(s3store.Path), RequestPayer: o.opts.RequestPayer, Attributes: as}
	if m.accessKey != "" {
		s3.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: m.accessKey, SecretAccessKey: m.secretKey}, nil
		})
	}
	s, err := s3store.New(ctx, name, s3)
	return opened{s, firstOf(m.alias, schemeMinIO) + "://" + name + "/"}, err
}
