package bucket

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Location is one target of a run: a place below a prefix of a store.
type Location struct {
	Store Store
	// Prefix of every key, without a slash at either end; may be empty.
	Prefix string
	Naming Naming
}

// Key returns the key of the object that lies at rel below l.
func (l Location) Key(rel string) string {
	if l.Prefix == "" {
		return rel
	}
	return l.Prefix + "/" + rel
}

// An Encloser is a store in which a key may lead elsewhere than it says, as symbolic
// links do. Below is the same store, of which nothing that is written below prefix
// leaves it.
type Encloser interface {
	Below(prefix string) Store
}

// Enclosed is the location with a store that writes nothing outside of it.
func (l Location) Enclosed() Location {
	if e, ok := l.Store.(Encloser); ok {
		l.Store = e.Below(l.Prefix)
	}
	return l
}

// Naming is how a store spells and limits keys.
type Naming struct {
	// Base is what stands before a key in the form that is written into a
	// dataset: "s3://bucket/", "https://account.blob.core.windows.net/c/", "/".
	Base string
	// Reserved are characters that the written form, or the store, cannot carry.
	Reserved string
	// NoPrefix starts no key, NoElementSuffix ends no path element; empty means no
	// such rule.
	NoPrefix, NoElementSuffix string
	// MaxKey is the longest key in bytes; 0 means no limit.
	MaxKey int
	// MaxElement is the longest path element in bytes; 0 means no limit.
	MaxElement int
	// MaxSize is the largest object in bytes; 0 means no limit.
	MaxSize int64
	// Folds tells that keys which differ only by letter case or by Unicode
	// normalisation may be one object here.
	Folds bool
}

// URL returns the form of key that is written into a dataset, or an error that
// wraps ErrKey and says why this store cannot hold the key as it is.
func (n Naming) URL(key string) (string, error) {
	if reason := n.unsafe(key); reason != "" {
		return "", fmt.Errorf("%w %q: %s", ErrKey, key, reason)
	}
	return n.Base + key, nil
}

// Cut is the inverse of URL: the key of a written form that lies in this store.
func (n Naming) Cut(url string) (key string, ok bool) {
	return strings.CutPrefix(url, n.Base)
}

func (n Naming) unsafe(key string) string {
	switch {
	case key == "":
		return "it is empty"
	case strings.HasPrefix(key, "/"):
		return "it starts with a slash"
	case n.MaxKey > 0 && len(key) > n.MaxKey:
		return fmt.Sprintf("it is %d bytes long, the limit is %d", len(key), n.MaxKey)
	case n.NoPrefix != "" && strings.HasPrefix(key, n.NoPrefix):
		return fmt.Sprintf("the store keeps keys below %q for itself", n.NoPrefix)
	case !utf8.ValidString(key):
		return "it is not valid UTF-8"
	}
	for _, r := range key {
		if r < 0x20 || r == 0x7f {
			return fmt.Sprintf("it holds the control character %U", r)
		}
		if strings.ContainsRune(n.Reserved, r) {
			return fmt.Sprintf("%q would need escaping in the URL that is written into the dataset, or the store cannot hold it", r)
		}
	}
	for element := range strings.SplitSeq(key, "/") {
		switch {
		case element == "":
			return "it has an empty path element"
		case element == "." || element == "..":
			return fmt.Sprintf("it has the path element %q", element)
		case n.NoElementSuffix != "" && strings.HasSuffix(element, n.NoElementSuffix):
			return fmt.Sprintf("the store may drop the %q at the end of %q", n.NoElementSuffix, element)
		case n.MaxElement > 0 && len(element) > n.MaxElement:
			return fmt.Sprintf("the path element %q is %d bytes long, the limit is %d", element, len(element), n.MaxElement)
		}
	}
	return ""
}
