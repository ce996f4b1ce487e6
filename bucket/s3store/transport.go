package s3store

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/medialift/medialift/bucket/internal/wire"
)

// tune sets up the transport for many uploads at once. An answer must have begun
// within silence of the end of the request, also one that comes byte by byte.
func tune(t *http.Transport, silence time.Duration) {
	t.ResponseHeaderTimeout = silence
	t.MaxIdleConns = wire.IdleConns
	t.MaxIdleConnsPerHost = wire.IdleConns
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
		return wire.Live(conn, silence), nil
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
