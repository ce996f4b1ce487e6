package mongostore

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// A server of a mongodb+srv URI that cannot be looked up is not a URI that cannot be
// used. ".invalid" is no host of anybody (RFC 6761).
func TestLookupFailure(t *testing.T) {
	for _, host := range []string{"cluster.medialift.invalid", "a.b.c.invalid"} {
		_, err := Open(context.Background(), "mongodb+srv://ann:pass-word-7@"+host+"/?retryWrites=true", "fiftyone", Options{})
		if !errors.Is(err, ErrUnreachable) || !errors.Is(err, ErrLookup) || errors.Is(err, ErrURI) || !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "pass-word-7") {
			t.Errorf("%s: got %v", host, err)
		}
	}
	if _, err := Open(context.Background(), "mongodb+srv://a.invalid,b.invalid/", "fiftyone", Options{}); !errors.Is(err, ErrURI) {
		t.Errorf("two hosts: got %v", err)
	}
}
