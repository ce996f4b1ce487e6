package bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// Sentinels about what cannot be seen.
var (
	// ErrAnswer: what answered is not the store. The answer is not of its protocol,
	// so that it tells nothing of any object.
	ErrAnswer = errors.New("the answer is not the store's: a proxy or a login page?")
	// ErrUnseen is an ErrDenied: whether an object is under a key cannot be told, and
	// the store is not known to protect one that is.
	ErrUnseen = fmt.Errorf("%w: what is there cannot be seen", ErrDenied)
)

// A Sight is how much credentials can see of the objects below a prefix.
type Sight int

// The sights, the best first.
const (
	// Listed: the objects can be listed.
	Listed Sight = iota
	// Looked: they cannot be listed, but each key tells whether it has an object.
	Looked
	// Blind: a key without an object is denied as one with an object may be.
	Blind
)

// A View is what can be seen below a prefix.
type View struct {
	Sight Sight
	// Empty: a list says that no object is below the prefix.
	Empty bool
	// First is an object below the prefix, where a list shows one.
	First Object
	// Bucket says why the bucket itself may not be asked about, List why its
	// objects may not be listed, Look why a key tells nothing; nil where they may.
	Bucket, List, Look error
}

// A Prover is a Store that cannot be trusted from the start to honour the
// condition of a Put where it cannot look at the key. A Store that is none
// honours it always.
type Prover interface {
	// Prove makes sure, by the answer to a request, that a Put without Overwrite
	// replaces nothing, whatever the key. It may leave an object of a few bytes
	// below prefix, where it may not delete it. It fails with ErrUnseen where the
	// store does not honour conditions.
	Prove(ctx context.Context, prefix string) error
}

// Examine finds out what can be seen below the prefix of l: with the least
// permissions that do, so that credentials for the prefix alone are enough. Each
// request is made by do, which may try again; nil makes it once. What is denied
// is in the View. It fails where the bucket does not exist, the credentials are
// not accepted, or the answers are not the store's.
func Examine(ctx context.Context, l Location, do func(context.Context, func(context.Context) error) error) (View, error) {
	if do == nil {
		do = func(ctx context.Context, request func(context.Context) error) error { return request(ctx) }
	}
	var v View
	if c, ok := l.Store.(Checker); ok {
		if v.Bucket = do(ctx, c.Check); v.Bucket != nil && !denied(v.Bucket) {
			return v, v.Bucket
		}
	}
	prefix := l.Prefix
	if prefix != "" {
		prefix += "/"
	}
	v.List = do(ctx, func(ctx context.Context) error {
		v.Empty = true
		for obj, err := range l.Store.List(ctx, prefix) {
			v.First, v.Empty = obj, false
			return err
		}
		return nil
	})
	if v.List == nil {
		return v, nil
	}
	v.Sight, v.First, v.Empty = Looked, Object{}, false
	if !denied(v.List) {
		return v, v.List
	}
	v.Look = do(ctx, func(ctx context.Context) error {
		_, err := l.Store.Stat(ctx, l.Key(".medialift-"+rand.Text()))
		return err
	})
	switch {
	case v.Look == nil: // whatever the key
		v.Look = fmt.Errorf("%w: it shows an object under a key that nothing was ever sent to", ErrAnswer)
		return v, v.Look
	case errors.Is(v.Look, ErrNotFound):
		v.Look = nil
		return v, nil
	case denied(v.Look):
		v.Sight = Blind
		return v, nil
	}
	return v, v.Look
}

// denied tells what credentials may not do from what is wrong with them.
func denied(err error) bool { return errors.Is(err, ErrDenied) && !errors.Is(err, ErrIdentity) }

// Protect makes sure that a Put without Overwrite below the prefix of l replaces
// nothing where the credentials are Blind.
func Protect(ctx context.Context, l Location) error {
	if p, ok := l.Store.(Prover); ok {
		return p.Prove(ctx, l.Prefix)
	}
	return nil
}
