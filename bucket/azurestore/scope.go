package azurestore

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// scoped tells whether a SAS token is for one blob or one directory, and has not
// expired. For all else such a token is refused as if its signature were wrong.
func scoped(token string, now time.Time) bool {
	q, err := url.ParseQuery(strings.TrimPrefix(token, "?"))
	if err != nil || !slices.Contains([]string{"b", "bv", "bs", "d"}, q.Get("sr")) {
		return false
	}
	for _, format := range []string{time.RFC3339, "2006-01-02T15:04Z", time.DateOnly} {
		if at, err := time.Parse(format, q.Get("se")); err == nil {
			return now.Before(at)
		}
	}
	return true // a stored policy says when
}

// narrow says of a token that is for less than was asked for that it does not
// reach there: that says nothing of the credentials as such.
func (s *Store) narrow(err error) error {
	if s.scoped && errors.Is(err, bucket.ErrIdentity) {
		text := bucket.ErrDenied.Error() + ": the SAS token is for one blob or directory, and not for what was asked (" + code(err) + ")"
		return wire.Recast(err, bucket.ErrDenied, text)
	}
	return err
}
