// Package bucket is what medialift asks of a place that holds objects: a
// [Store] with five methods, a [Location] that names one target of a run, and
// the rules of its keys ([Naming]). It uses the standard library alone; each
// cloud lives in a package of its own below and is chosen by URL scheme in
// bucket/open. Every store passes buckettest.
package bucket

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Sentinels that callers branch on. A Store wraps them with what it knows.
var (
	// ErrNotFound: there is no such object.
	ErrNotFound = errors.New("object not found")
	// ErrExists: the condition of a Put was not met; another object is there.
	ErrExists = errors.New("another object is already there")
	// ErrNoBucket: the bucket or container itself does not exist.
	ErrNoBucket = errors.New("bucket not found")
	// ErrDenied: the credentials are missing, wrong, or do not allow this.
	ErrDenied = errors.New("access denied")
	// ErrQuota: the store has no room left for these credentials, or at all.
	ErrQuota = errors.New("no room left at the store")
	// ErrUnreachable: the endpoint does not answer.
	ErrUnreachable = errors.New("endpoint unreachable")
	// ErrTemporary: worth another try (throttled, reset, server error).
	ErrTemporary = errors.New("temporary failure")
	// ErrSourceChanged: the file changed while it was being sent.
	ErrSourceChanged = errors.New("file changed while being sent")
	// ErrRead: the file cannot be read; no other try will change that.
	ErrRead = errors.New("reading the file")
	// ErrChecksum: the store reports other bytes than were sent.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrKey: a key that this store cannot hold exactly as named.
	ErrKey = errors.New("unusable key")
	// ErrEndpoint: the address of the endpoint is not one of HTTP.
	ErrEndpoint = errors.New("unusable endpoint")
	// ErrMoved: the endpoint names another address and does not serve this one.
	ErrMoved = errors.New("sent on to another address")
	// ErrRegion: the bucket is in another region than it was asked for in.
	ErrRegion = errors.New("another region")
)

// A Store holds objects under keys. All methods are safe for concurrent use.
// Keys are used exactly as given. No method retries: an error that is worth
// another try is (errors.Is) ErrTemporary, ErrUnreachable or ErrOnce, and one
// that a cancelled context caused is none of them.
type Store interface {
	// Put sends src to key. It returns after the object is durable and the
	// store has confirmed its bytes as far as it can (see Object.Confirmed).
	// Where cond is not met it fails with ErrExists and changes nothing.
	Put(ctx context.Context, key string, src Source, cond Condition) (Object, error)
	// Stat describes one object, or fails with ErrNotFound.
	Stat(ctx context.Context, key string) (Object, error)
	// Open streams an object's bytes.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// List yields the objects whose key starts with prefix, in key order.
	// Checksums may be absent.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Delete removes one object; removing one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// A Checker is a Store that can tell before the first byte whether it is
// usable, and afterwards what it could not do.
type Checker interface {
	// Check asks whether the bucket exists and answers to these credentials.
	Check(ctx context.Context) error
	// Notes says in sentences what this store turned out not to do (confirm
	// checksums, honour conditions). Complete once the last Put has returned.
	Notes() []string
}

// A Condition is what must hold for a Put to happen. The zero value is the
// safe one: there is no object under that key.
type Condition struct {
	// Overwrite sends whatever is there.
	Overwrite bool
	// Replaces, if its ETag is not empty, lets the Put replace exactly that
	// version of the object; without one there it is created.
	Replaces Object
}

// An Object is what a Store knows about one of its objects.
type Object struct {
	Key     string
	Size    int64
	ModTime time.Time
	// ETag names this version of the object; opaque, and without quotes.
	ETag string
	// Opaque: the store says that the ETag is not an MD5, though it may look like
	// one: it encrypts the object with a key of somebody's own.
	Opaque bool
	// ContentType as in the HTTP header; empty where the store keeps none, and
	// in List.
	ContentType string
	// Checksums by algorithm, of the whole object. An ETag that may be an MD5
	// is not one of them: see Same.
	Checksums Checksums
	// Confirmed is set by Put when the store itself vouched for the bytes: it
	// checked a checksum sent along, or reported one that matches.
	Confirmed bool
}
