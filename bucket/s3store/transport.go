package s3store

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	// defaultSilence is how long a connection may neither take nor give a byte. It is
	// long because some endpoints store the whole object before they answer.
	defaultSilence = 3 * time.Minute
	// idleConns is how many connections are kept for the next request.
	idleConns = 512
)

// tune sets up the transport for many uploads at once. An answer must have begun
// within silence of the end of the request, also one that comes byte by byte.
func tune(t *http.Transport, silence time.Duration) {
	t.ResponseHeaderTimeout = silence
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
