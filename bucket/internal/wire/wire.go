// Package wire is what the stores over HTTP share: a transport that notices a
// peer which has gone silent, errors of the network by kind, and buffers whose
// bytes nobody reads any more once a request is over.
package wire

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	// Silence is how long a connection may neither take nor give a byte. It is
	// long because some endpoints store the whole object before they answer.
	Silence = 3 * time.Minute
	// IdleConns is how many connections are kept for the next request.
	IdleConns = 512
)

// NewTransport returns a transport for many uploads at once. It speaks HTTP/1.1
// only: over HTTP/2 all uploads would share one connection's window.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return Live(conn, Silence), nil
		},
		Protocols:             protocols,
		TLSHandshakeTimeout:   30 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          IdleConns,
		MaxIdleConnsPerHost:   IdleConns,
		IdleConnTimeout:       90 * time.Second,
		ReadBufferSize:        16 << 10,
		WriteBufferSize:       64 << 10,
	}
}

// Live is conn, but fails once nothing has moved on it for a while: otherwise a peer
// that vanished holds a worker for a quarter of an hour or for ever.
func Live(conn net.Conn, silence time.Duration) net.Conn { return &liveConn{conn, silence} }

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
