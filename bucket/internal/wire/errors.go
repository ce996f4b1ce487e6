package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/medialift/medialift/bucket"
)

// A Failure says in few words what went wrong: what SDKs say themselves repeats
// hosts and requests at length, and may hold a signature. It unwraps to the
// sentinel it is, if any, and to the original error.
type Failure struct {
	// Kind is one of the sentinels of package bucket, or nil.
	Kind error
	Text string
	Err  error
	// Once: it is worth one more try. After: how long the endpoint wants to be
	// left alone.
	Once  bool
	After time.Duration
}

// Error is the short text.
func (f *Failure) Error() string { return f.Text }

// RetryAfter is what the endpoint has asked for.
func (f *Failure) RetryAfter() time.Duration { return f.After }

// Unwrap gives the sentinels and the original.
func (f *Failure) Unwrap() []error {
	all := []error{f.Err}
	if f.Kind != nil {
		all = append(all, f.Kind)
	}
	if f.Once {
		all = append(all, bucket.ErrOnce)
	}
	return all
}

// Answer is Fail for an answer of the endpoint, which may ask to be left alone
// for a while. Bytes that came damaged were not taken: they are worth one more
// try.
func Answer(kind error, text string, err error, header http.Header) error {
	f, ok := Fail(kind, text, err).(*Failure) //nolint:errorlint // made just there
	if ok {
		f.After = bucket.ParseRetryAfter(header.Get("Retry-After"), time.Now())
		f.Once = kind == bucket.ErrChecksum
	}
	return f
}

// Fail returns a Failure that starts with the words of its kind, if it has one.
func Fail(kind error, text string, err error) error {
	if kind != nil {
		text = kind.Error() + ": " + text
	}
	return &Failure{Kind: kind, Text: text, Err: err}
}

// Recast returns a failure as one of another kind, in other words.
func Recast(err, kind error, text string) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		err = f.Err
	}
	return &Failure{Kind: kind, Text: text, Err: err}
}

// Mismatch is the failure of an object whose checksum at the store is not that
// of the bytes that were sent.
func Mismatch(key string, a bucket.Algorithm, got, want string) error {
	text := fmt.Sprintf("the endpoint has %s %s for %q, sent was %s", a, got, key, want)
	return Fail(bucket.ErrChecksum, text, errors.New("other bytes"))
}

// KindOf is the sentinel of an HTTP status that is an error, where the store's
// own error code says no more. It is nil for what another try will not change.
func KindOf(status int) error {
	switch status {
	case http.StatusUnauthorized:
		return bucket.ErrIdentity
	case http.StatusForbidden:
		return bucket.ErrDenied
	case http.StatusNotFound:
		return bucket.ErrNotFound
	case http.StatusPreconditionFailed:
		return bucket.ErrExists
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return bucket.ErrThrottled
	case http.StatusRequestTimeout:
		return bucket.ErrTemporary
	case http.StatusInsufficientStorage:
		return bucket.ErrQuota
	case http.StatusNotImplemented:
		return nil
	}
	if status >= 500 {
		return bucket.ErrTemporary
	}
	return nil
}

// Network classifies what went wrong before an answer or in the middle of one.
func Network(err error) error {
	short := innermost(err)
	if errors.Is(err, bucket.ErrSourceChanged) {
		return &Failure{Kind: bucket.ErrSourceChanged, Text: short.Error(), Err: err}
	}
	if errors.Is(err, bucket.ErrRead) {
		return &Failure{Kind: bucket.ErrRead, Text: short.Error(), Err: err}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return Fail(nil, fmt.Sprintf("the endpoint's certificate is not trusted: %v", short), err)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return Fail(bucket.ErrUnreachable, dns.Error(), err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && slices.Contains([]string{"dial", "proxyconnect"}, op.Op) {
		return Fail(bucket.ErrUnreachable, op.Error(), err)
	}
	_, record := errors.AsType[tls.RecordHeaderError](err)
	if record || errors.Is(err, http.ErrSchemeMismatch) {
		return Fail(bucket.ErrUnreachable, short.Error(), err)
	}
	// A *url.Error, which net/http wraps all it returns in, is a net.Error too.
	_, network := errors.AsType[net.Error](err)
	if network || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return Fail(bucket.ErrTemporary, short.Error(), err)
	}
	return Fail(nil, short.Error(), err)
}

// innermost drops the layers that SDKs and net/http put around a cause.
func innermost(err error) error {
	for {
		if public := bucket.PublicCause(err); !errors.Is(err, public) { // it quoted an address
			return public
		}
		if op, ok := err.(*net.OpError); ok { //nolint:errorlint // one layer at a time
			return op
		}
		next := errors.Unwrap(err)
		if next == nil || next == bucket.ErrSourceChanged {
			return err
		}
		err = next
	}
}
