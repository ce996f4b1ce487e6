// Package gcsstore is a [bucket.Store] in one bucket of Google Cloud Storage.
// The service checks the CRC32C sent along with each object and honours
// conditions, which are on generation numbers: these are the ETags here.
package gcsstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
	raw "google.golang.org/api/storage/v1"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

const (
	// MaxSize is the largest object in bytes.
	MaxSize = 5 << 40
	// taken is where the service keeps something of its own.
	taken = ".well-known/acme-challenge/"
)

// Options is how a bucket is asked. The zero value is what Google's own
// environment and files say: GOOGLE_APPLICATION_CREDENTIALS, the login of
// gcloud, or the service account of the machine. STORAGE_EMULATOR_HOST names
// another endpoint, which is given no credentials.
type Options struct {
	// CredentialsFile is a JSON file to use where GOOGLE_APPLICATION_CREDENTIALS
	// names none.
	CredentialsFile string
	// Endpoint is where the service is instead, such as that of a private network:
	// "https://storage-xyz.p.googleapis.com".
	Endpoint string
	// Attributes are what objects are written with, with Google's own names.
	Attributes bucket.Attributes
}

// A Store keeps objects in one bucket.
type Store struct {
	name    string
	opts    Options
	buffers wire.Buffers

	mu   sync.Mutex
	open *connection // nil until first asked for
}

// A connection is the SDK's client, and what it is made of.
type connection struct {
	client *storage.Client
	raw    *raw.Service // what client makes its requests with; its answers can be read
	http   *http.Client // adds the credentials
	base   string       // URL of the service, without a slash at the end
}

// New returns the store of the bucket called name. Credentials are looked for
// when the first request is made: finding those of the machine takes one.
func New(_ context.Context, name string, opts Options) (*Store, error) {
	return &Store{name: name, opts: opts}, nil
}

// Naming is how the service spells and limits keys.
func (s *Store) Naming() bucket.Naming {
	return bucket.Naming{Base: "gs://" + s.name + "/", NoPrefix: taken, MaxKey: 1024, MaxSize: MaxSize}
}

// usable fails with ErrKey for a key that cannot be an object's.
func (s *Store) usable(key string) error {
	_, err := s.Naming().URL(key)
	return err
}

// Notes is empty: the service does all that is asked of it.
func (s *Store) Notes() []string { return nil }

// Check asks whether the bucket exists and lets these credentials list it.
func (s *Store) Check(ctx context.Context) error {
	_, err := s.page(ctx, "", "", 1)
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(err, bucket.ErrNoBucket):
		return wire.Recast(err, bucket.ErrNoBucket, fmt.Sprintf("bucket %q not found", s.name))
	case status(err) == http.StatusForbidden && errors.Is(err, bucket.ErrDenied):
		text := fmt.Sprintf("access to bucket %q denied: these credentials may not list it (storage.objects.list)", s.name)
		return wire.Recast(err, bucket.ErrDenied, text)
	}
	return err
}

// connection makes the connection at first use, or fails with ErrDenied for want
// of credentials.
func (s *Store) connection(ctx context.Context) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		// The connection outlives the request that it is made for.
		c, err := connect(context.WithoutCancel(ctx), s.opts, wire.NewTransport())
		if err != nil {
			return nil, err
		}
		s.open = c
	}
	return s.open, nil
}

func (s *Store) bucket(ctx context.Context) (*storage.BucketHandle, error) {
	c, err := s.connection(ctx)
	if err != nil {
		return nil, err
	}
	return c.client.Bucket(s.name), nil
}

func (s *Store) object(ctx context.Context, key string) (*storage.ObjectHandle, error) {
	b, err := s.bucket(ctx)
	if err != nil {
		return nil, err
	}
	return b.Object(key), nil
}

// connect makes a connection whose requests go over t.
func connect(ctx context.Context, opts Options, t http.RoundTripper) (*connection, error) {
	base := &observed{wire.Gated(t)}
	var options []option.ClientOption
	c := &connection{base: strings.TrimRight(opts.Endpoint, "/")}
	//nolint:forbidigo // the SDK reads it too, and then wants no credentials
	if host := os.Getenv("STORAGE_EMULATOR_HOST"); host != "" {
		c.http = &http.Client{Transport: base}
		if c.base = strings.TrimRight(host, "/"); !strings.Contains(host, "://") {
			c.base = "http://" + c.base
		}
	} else {
		creds, err := detect(opts)
		if err != nil {
			return nil, wire.Fail(bucket.ErrIdentity, "no usable Google credentials: "+short(err), err)
		}
		c.http, err = httptransport.NewClient(&httptransport.Options{
			Credentials: creds, BaseRoundTripper: base, DisableTelemetry: true,
		})
		if err != nil {
			return nil, fmt.Errorf("setting up the connection to Google: %w", err)
		}
		options = append(options, option.WithAuthCredentials(creds))
		if c.base == "" {
			c.base = "https://storage.googleapis.com"
			if domain, err := creds.UniverseDomain(ctx); err == nil && domain != "" {
				c.base = "https://storage." + domain
			}
		} else {
			options = append(options, option.WithEndpoint(c.base+"/storage/v1/"))
		}
	}
	c.http.CheckRedirect = wire.Redirect
	var err error
	if c.client, err = storage.NewClient(ctx, append(options, option.WithHTTPClient(c.http))...); err != nil {
		return nil, fmt.Errorf("setting up the connection to Google: %w", err)
	}
	at := option.WithEndpoint(c.base + "/storage/v1/")
	if c.raw, err = raw.NewService(ctx, option.WithHTTPClient(c.http), at); err != nil {
		return nil, fmt.Errorf("setting up the connection to Google: %w", err)
	}
	// With any other policy the SDK tries a request again.
	c.client.SetRetry(storage.WithPolicy(storage.RetryAlways), storage.WithErrorFunc(func(error) bool { return false }))
	return c, nil
}

func detect(opts Options) (*auth.Credentials, error) {
	detect := &credentials.DetectOptions{Scopes: []string{storage.ScopeReadWrite}}
	//nolint:forbidigo // this is a credential chain
	if opts.CredentialsFile != "" && os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") == "" {
		data, err := os.ReadFile(opts.CredentialsFile)
		if err != nil {
			return nil, err
		}
		detect.CredentialsJSON = data //nolint:staticcheck // deprecated for files from strangers; the user named this one
	}
	return credentials.DetectDefault(detect)
}
