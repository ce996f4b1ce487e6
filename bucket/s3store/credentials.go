package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/medialift/medialift/bucket"
)

// credentials marks what goes wrong with a provider: without any credentials a
// run is over, while failing to renew them is worth another try. And it can
// look for them anew: those of a file, which somebody else keeps fresh, the SDK
// reads only once.
type credentials struct {
	// load looks for credentials where the configuration says.
	load func(context.Context) (aws.CredentialsProvider, error)
	from atomic.Pointer[aws.CredentialsProvider]
	had  atomic.Bool
	// lasting: the last ones were of no session, so that they do not expire.
	lasting atomic.Bool

	mu      sync.Mutex
	renewed time.Time
}

// newCredentials returns the credentials of a provider that load has found.
func newCredentials(from aws.CredentialsProvider, load func(context.Context) (aws.CredentialsProvider, error)) *credentials {
	c := &credentials{load: load}
	c.from.Store(&from)
	return c
}

// Retrieve asks the provider.
func (c *credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	v, err := (*c.from.Load()).Retrieve(ctx)
	switch {
	case err == nil:
		// Secrets that come from files often end in a newline, which no header can carry.
		for _, text := range []*string{&v.AccessKeyID, &v.SecretAccessKey, &v.SessionToken} {
			*text = strings.TrimSpace(*text)
		}
		c.had.Store(true)
		c.lasting.Store(v.SessionToken == "" && !v.CanExpire)
		return v, nil
	case c.had.Load():
		return v, &failure{kind: bucket.ErrTemporary, text: fmt.Sprintf("renewing the AWS credentials: %v", err), err: err}
	}
	// What follows is how the last place that was tried failed: noise.
	short, _, _ := strings.Cut(err.Error(), ", operation error")
	return v, &failure{kind: bucket.ErrIdentity, text: "no usable AWS credentials: " + short, err: err}
}

// IsCredentialsProvider tells the SDK what is behind: it must not sign where
// that is [aws.AnonymousCredentials].
func (c *credentials) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(*c.from.Load(), target)
}

// renew looks for credentials anew. Requests that were under way with the old
// ones fail together: they are looked for once.
func (c *credentials) renew(ctx context.Context) {
	const lull = 5 * time.Second
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.renewed.IsZero() && time.Since(c.renewed) < lull {
		return
	}
	fresh, err := c.load(ctx)
	if err == nil && fresh != nil {
		c.from.Store(&fresh)
	}
	c.renewed = time.Now()
}

// classify is the function of that name, and sets right what has expired.
func (s *Store) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	short := classify(ctx, err)
	if s.creds == nil || !errors.Is(short, bucket.ErrOnce) {
		return short
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && expired(api.ErrorCode()) {
		s.creds.renew(ctx)
	}
	return short
}

// headless classifies the answer to a HEAD, which has no body to hold a code:
// what a token that has expired is answered with may be meant by a bare 400 or
// 403 too.
func (s *Store) headless(ctx context.Context, err error) error {
	short := s.classify(ctx, err)
	f, ok := short.(*failure) //nolint:errorlint // our own, not wrapped
	status := httpStatus(err)
	if !ok || s.creds == nil || s.creds.lasting.Load() || status != http.StatusBadRequest && status != http.StatusForbidden {
		return short
	}
	s.creds.renew(ctx)
	f.once = true
	return f
}
