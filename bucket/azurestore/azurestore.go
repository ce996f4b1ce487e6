// Package azurestore is a [bucket.Store] in one container of Azure Blob Storage.
// Objects are block blobs. The service checks an MD5 of all that is sent, and
// keeps the MD5 of the whole with the blob.
package azurestore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// Options is where a container is and how it is asked. The zero value is what
// the variables that Environment reads say.
type Options struct {
	// ServiceURL is where the account's blobs are, such as
	// "https://ACCOUNT.blob.core.windows.net"; empty means what the credentials
	// say.
	ServiceURL string
	// Alias, if not empty, is written into datasets in place of ServiceURL: "az"
	// makes it az://CONTAINER/….
	Alias string
	// Credentials replace those of Environment, unless they are the zero value.
	Credentials Credentials
	// Attributes are what objects are written with: there is only StorageClass,
	// the access tier.
	Attributes bucket.Attributes
}

// A Store keeps objects in one container.
type Store struct {
	name    string
	as      bucket.Attributes
	client  *container.Client
	naming  bucket.Naming
	buffers wire.Buffers
	scoped  bool         // the credentials are a SAS token for one blob or directory
	aborted atomic.Int64 // uploads whose blocks are left to expire
}

// New returns the store of the container called name. It reads the environment,
// and does not contact the network.
func New(_ context.Context, name string, opts Options) (*Store, error) {
	return over(wire.NewTransport(), name, opts)
}

// over is New with requests going over t.
func over(t http.RoundTripper, name string, opts Options) (*Store, error) {
	creds := opts.Credentials
	if creds == (Credentials{}) {
		creds = Environment()
	}
	a, err := creds.access(opts.ServiceURL)
	if err != nil {
		return nil, err
	}
	s := &Store{name: name, as: opts.Attributes, scoped: a.creds.Key == "" && scoped(a.creds.SASToken, time.Now())}
	// Azure takes a backslash for a slash.
	s.naming = bucket.Naming{Base: a.service + "/" + name + "/", Reserved: `\#%?`, NoElementSuffix: ".", MaxKey: 1024, MaxSize: MaxSize}
	if opts.Alias != "" {
		s.naming.Base, s.naming.Reserved = opts.Alias+"://"+name+"/", `\`
	}
	if s.client, err = a.open(t, name); err != nil {
		return nil, err
	}
	return s, nil
}

// access is how to get at an account.
type access struct {
	service string // without a slash at the end
	creds   Credentials
}

// access finds the account, which service names if it is not empty.
func (c Credentials) access(service string) (access, error) {
	if c.ConnectionString != "" {
		parsed, err := parseConnection(c.ConnectionString)
		if err != nil {
			return access{}, err
		}
		c = parsed
	}
	own := strings.TrimRight(c.AccountURL, "/")
	if own == "" && c.Account != "" {
		own = "https://" + c.Account + ".blob.core.windows.net"
	}
	if service = strings.TrimRight(service, "/"); service == "" {
		service = own
	}
	if service == "" {
		return access{}, errors.New("which Azure storage account: set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING, or give the full https:// form")
	}
	u, err := url.Parse(service)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
		return access{}, errors.New("the URL of the Azure storage account is not of the form https://ACCOUNT.blob.core.windows.net")
	}
	named := accountOf(u)
	if c.Account == "" {
		c.Account = named
	}
	if (c.Key != "" || c.SASToken != "") && named != "" && named != c.Account {
		return access{}, fmt.Errorf("%w: the URL is in the Azure storage account %q, the credentials are those of %q", bucket.ErrDenied, named, c.Account)
	}
	return access{service: service, creds: c}, nil
}

// accountOf is the account that a URL names: in its host at Azure, in its path
// at an emulator. It is empty for a host name of somebody's own.
func accountOf(u *url.URL) string {
	if name, rest, _ := strings.Cut(u.Hostname(), "."); strings.HasPrefix(rest, "blob.") {
		return strings.TrimSuffix(name, "-secondary")
	}
	name, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	return name
}

// open returns a client of one container, whose requests go over t.
func (a access) open(t http.RoundTripper, name string) (*container.Client, error) {
	opts := &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: "medialift"},
		Transport: &http.Client{Transport: wire.Gated(t), CheckRedirect: wire.Redirect},
	}}
	at := a.service + "/" + name
	switch {
	case a.creds.Key != "":
		key, err := container.NewSharedKeyCredential(a.creds.Account, a.creds.Key)
		if err != nil {
			return nil, wire.Fail(bucket.ErrDenied, "the key of the Azure storage account is not base64", errors.New("bad key"))
		}
		return container.NewClientWithSharedKeyCredential(at, key, opts)
	case a.creds.SASToken != "":
		return container.NewClientWithNoCredential(at+"?"+strings.TrimPrefix(a.creds.SASToken, "?"), opts)
	}
	token, err := a.creds.token()
	if err != nil {
		return nil, wire.Fail(bucket.ErrIdentity, "no usable Azure credentials: "+firstLine(err), err)
	}
	return container.NewClient(at, token, opts)
}

// Naming is how Azure spells and limits keys. In the https form some characters
// would need escaping, which those who read it do not do.
func (s *Store) Naming() bucket.Naming { return s.naming }

// Notes says what is left of uploads that were aborted. Else the service does
// all that is asked of it.
func (s *Store) Notes() []string {
	n := s.aborted.Load()
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Azure cannot be told to drop the blocks of %d unfinished uploads: it keeps them, and charges for them, for a week after the last one came", n)}
}

// Check asks whether the container exists and lets these credentials list it.
func (s *Store) Check(ctx context.Context) error {
	one := int32(1)
	_, err := s.page(ctx, container.ListBlobsFlatOptions{MaxResults: &one})
	switch {
	case errors.Is(err, bucket.ErrNoBucket):
		return wire.Recast(err, bucket.ErrNoBucket, fmt.Sprintf("container %q not found", s.name))
	case errors.Is(err, bucket.ErrDenied) && status(err) == http.StatusForbidden:
		text := fmt.Sprintf("access to container %q denied: these credentials are wrong or may not list it (%s)", s.name, code(err))
		return wire.Recast(err, bucket.ErrDenied, text)
	}
	return err
}
