package s3store

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/medialift/medialift/bucket"
)

const (
	// silence is how long a connection may neither take nor give a byte. It is
	// long because some endpoints store the whole object before they answer.
	silence = 3 * time.Minute
	// idleConns is how many connections are kept for the next request.
	idleConns = 512
)

// tune sets up the transport for many uploads at once.
func tune(t *http.Transport) {
	t.MaxIdleConns = idleConns
	t.MaxIdleConnsPerHost = idleConns
	t.ReadBufferSize = 16 << 10
	t.WriteBufferSize = 64 << 10
	dial := t.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &liveConn{Conn: conn, silence: silence}, nil
	}
}

// tuneHot sets up a transport for small objects: a connection takes one at a
// time, which costs less than sharing one, and answers are short.
func tuneHot(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.ForceAttemptHTTP2 = false
	t.TLSNextProto = nil
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = nil
	}
	t.ReadBufferSize = 4 << 10
	t.DisableCompression = true
}

// A liveConn fails once nothing has moved on it for a while: otherwise a peer
// that vanished holds a worker for a quarter of an hour or for ever.
type liveConn struct {
	net.Conn
	silence time.Duration
}

// Read gives the other side time to say something.
func (c *liveConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write also gives time to the Read that waits for the answer to it.
func (c *liveConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// credentials marks what goes wrong with a provider: without any credentials a
// run is over, while failing to renew them is worth another try.
type credentials struct {
	from aws.CredentialsProvider
	had  atomic.Bool
}

// Retrieve asks the provider.
func (c *credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	v, err := c.from.Retrieve(ctx)
	switch {
	case err == nil:
		c.had.Store(true)
		return v, nil
	case c.had.Load():
		return v, &failure{kind: bucket.ErrTemporary, text: fmt.Sprintf("renewing the AWS credentials: %v", err), err: err}
	}
	// What follows is how the last place that was tried failed: noise.
	short, _, _ := strings.Cut(err.Error(), ", operation error")
	return v, &failure{kind: bucket.ErrDenied, text: "no usable AWS credentials: " + short, err: err}
}

// IsCredentialsProvider tells the SDK what is behind: it must not sign where
// that is [aws.AnonymousCredentials].
func (c *credentials) IsCredentialsProvider(target aws.CredentialsProvider) bool {
	return aws.IsCredentialsProvider(c.from, target)
}
