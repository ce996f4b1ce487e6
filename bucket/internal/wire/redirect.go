package wire

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/medialift/medialift/bucket"
)

// Redirects is how often a request may be sent elsewhere.
const Redirects = 10

// Redirect is the CheckRedirect of clients: a request is sent on so many times
// and no more. What goes round in circles is not the store.
func Redirect(r *http.Request, via []*http.Request) error {
	if len(via) < Redirects {
		return nil
	}
	to := r.URL.Scheme + "://" + r.URL.Host + r.URL.EscapedPath() // without what may be a secret
	text := fmt.Sprintf("%v (redirected %d times, the last time to %s)", bucket.ErrAnswer, len(via), to)
	return &Failure{Kind: bucket.ErrAnswer, Text: text, Err: errors.New("too many redirections")}
}
