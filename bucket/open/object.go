package open

import (
	"context"
	"fmt"
	"strings"

	"github.com/medialift/medialift/bucket"
)

// Object returns the store that holds the object at rawURL, in the form that is
// written into a dataset, and its key there. Like Open it contacts nothing.
func (o *Opener) Object(ctx context.Context, rawURL string) (bucket.Store, string, error) {
	for _, head := range heads(rawURL) {
		l, err := o.Open(ctx, head)
		if err != nil {
			continue
		}
		if key, ok := l.Naming.Cut(rawURL); ok && key != "" {
			return l.Store, key, nil
		}
	}
	// A path, or a URL that is spelled otherwise than the store does: what lies
	// below it is the object.
	l, err := o.Open(ctx, rawURL)
	if err != nil {
		return nil, "", err
	}
	if l.Prefix == "" {
		return nil, "", fmt.Errorf("%w %q: it names a bucket and no object", ErrURL, rawURL)
	}
	return l.Store, l.Prefix, nil
}

// heads are the beginnings of a URL that may name its bucket: the first element
// behind the scheme, and where that is a host, the next one too.
func heads(url string) []string {
	scheme, rest, ok := strings.Cut(url, "://")
	first, rest, _ := strings.Cut(rest, "/")
	if !ok || first == "" {
		return nil
	}
	list := []string{scheme + "://" + first}
	if second, _, ok := strings.Cut(rest, "/"); ok && strings.HasPrefix(scheme, "http") {
		list = append(list, list[0]+"/"+second)
	}
	return list
}
