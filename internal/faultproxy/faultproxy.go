// Package faultproxy stands between a client and a real HTTP server, such as that
// of a bucket, and lets things go wrong on the way: for tests. What a [Rule] does
// not spoil reaches the server unchanged, signature and all.
package faultproxy

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// A Fault deals with one request in place of the server. It may pass it on.
type Fault func(w http.ResponseWriter, r *http.Request, server http.Handler)

// A Rule chooses the fault that a request meets; nil is none. It is called from
// several goroutines.
type Rule func(r *http.Request) Fault

// A Proxy is a running proxy.
type Proxy struct {
	// URL is what to use in place of the server's.
	URL string

	rule     atomic.Pointer[Rule]
	requests atomic.Int64
	faults   atomic.Int64
	server   *http.Server
}

// Start begins to pass requests on to the server at target, an http URL.
func Start(target string) (*Proxy, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{URL: "http://" + l.Addr().String()}
	// The host stays as it was: the signature of a request covers it.
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		// The client went away, or the server did: so does this connection.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if rule := p.rule.Load(); rule != nil && *rule != nil {
			if fault := (*rule)(r); fault != nil {
				p.faults.Add(1)
				fault(w, r, pass)
				return
			}
		}
		pass.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(l) }() // until Close
	return p, nil
}

// Set changes the rule for requests that come from now on; nil is none.
func (p *Proxy) Set(rule Rule) { p.rule.Store(&rule) }

// Requests counts what came.
func (p *Proxy) Requests() int64 { return p.requests.Load() }

// Faults counts the requests that met a fault.
func (p *Proxy) Faults() int64 { return p.faults.Load() }

// Close ends the proxy and all its connections.
func (p *Proxy) Close() error { return p.server.Close() }
