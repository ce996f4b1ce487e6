package wire

import (
	"net/http"

	"github.com/medialift/medialift/bucket"
)

// Gated returns a transport that makes the requests of base once bucket.Gate lets
// them. A client that follows redirections calls it for each.
func Gated(base http.RoundTripper) http.RoundTripper { return gated{base} }

type gated struct{ base http.RoundTripper }

// RoundTrip waits and makes the request.
func (g gated) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := bucket.Gate(r.Context()); err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as a transport has to
		}
		return nil, err
	}
	return g.base.RoundTrip(r)
}

// CloseIdleConnections is called by http.Client's method of that name.
func (g gated) CloseIdleConnections() {
	if c, ok := g.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
