package gcsstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/api/googleapi"
	raw "google.golang.org/api/storage/v1"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// An answer is evidence only if it carries it. Between here and Google there may
// be what answers in its place, with a page and any status: a captive portal, a
// misrouted ingress, a proxy.

// strange is the failure of an answer that is not Google's, where that would
// have been what the format says.
func strange(format string, args ...any) error {
	text := "the answer is not Google's (a proxy or a login page?): it is not " + fmt.Sprintf(format, args...)
	return &wire.Failure{Kind: bucket.ErrAnswer, Text: text, Err: errors.New("another answer")}
}

// statusHeader tells errors their status: what they say themselves is read from
// the body.
const statusHeader = "Medialift-Status"

// tell makes the request.
func (o *observed) tell(r *http.Request) (*http.Response, error) {
	answer, err := o.base.RoundTrip(r)
	if err == nil && answer.StatusCode >= 300 {
		answer.Header.Set(statusHeader, strconv.Itoa(answer.StatusCode))
	}
	return answer, err
}

// statusOf is the status of an error answer.
func statusOf(answer *googleapi.Error) int {
	if n, err := strconv.Atoi(answer.Header.Get(statusHeader)); err == nil {
		return n
	}
	return answer.Code
}

// vouched tells whether an error answer carries Google's own description.
func vouched(answer *googleapi.Error) bool {
	return answer.Code == statusOf(answer) && (len(answer.Errors) > 0 || answer.Message != "")
}

// described spells what the service says of an object. Without a generation it
// says nothing.
func described(o *raw.Object) (bucket.Object, error) {
	if o.Generation <= 0 {
		return bucket.Object{}, strange("a description of %q", o.Name)
	}
	obj := bucket.Object{
		Key: o.Name, Size: int64(o.Size), ContentType: o.ContentType, //nolint:gosec // at most MaxSize
		ETag:      strconv.FormatInt(o.Generation, 10),
		Checksums: bucket.Checksums{},
	}
	if at, err := time.Parse(time.RFC3339, o.Updated); err == nil {
		obj.ModTime = at
	}
	// There are none of what is encrypted with a key of the customer's own.
	for algorithm, sum := range map[bucket.Algorithm]string{bucket.CRC32C: o.Crc32c, bucket.MD5: o.Md5Hash} {
		if sum != "" {
			obj.Checksums[algorithm] = sum
		}
	}
	return obj, nil
}

// settled is what came of sending an object, of which the answer is said.
// Where said is not that description, one look tells: the object has arrived if
// it is there, with its size and checksum.
func (s *Store) settled(ctx context.Context, key string, said *raw.Object, size int64, crc uint32) (bucket.Object, error) {
	var obj bucket.Object
	if said != nil && said.Name == key && said.Generation > 0 && said.Crc32c != "" {
		obj, _ = described(said) // has a generation
	} else {
		var err error
		obj, err = s.Stat(ctx, key)
		missing := errors.Is(err, bucket.ErrNotFound)
		if err != nil && !missing {
			return bucket.Object{}, err
		}
		if missing || obj.Size != size || obj.Checksums[bucket.CRC32C] != spell(crc) {
			return bucket.Object{}, strange("word that %q has arrived, and that has not", key)
		}
	}
	if got := obj.Checksums[bucket.CRC32C]; got != spell(crc) {
		return bucket.Object{}, wire.Mismatch(key, bucket.CRC32C, got, spell(crc))
	}
	if obj.Size != size {
		return bucket.Object{}, strange("an object of %d bytes under %q", size, key)
	}
	// Of what else the service says nothing was compared.
	obj.Checksums = bucket.Checksums{bucket.CRC32C: spell(crc)}
	obj.Confirmed = true
	return obj, nil
}

// absence is the failure of a read. That the object is not there is only
// believed of an answer that says so in Google's words, which the SDK drops:
// where that cannot be seen, the object is looked for.
func (s *Store) absence(ctx context.Context, key string, seen *eye, err error) error {
	if !errors.Is(err, bucket.ErrNotFound) && !errors.Is(err, bucket.ErrNoBucket) || !seen.page() {
		return err
	}
	if _, other := s.Stat(ctx, key); other != nil {
		return other
	}
	return wire.Recast(err, bucket.ErrTemporary, fmt.Sprintf("%v: %q came while it was read", bucket.ErrTemporary, key))
}

// An eye sees the answers to the requests of one context.
type eye struct {
	left int64 // how many requests may be made; below 0 is any number
	last atomic.Pointer[head]
	made atomic.Int64
}

// A head is what stands before the body of an answer.
type head struct {
	status int
	header http.Header
}

// watch is the key of an *eye.
type watch struct{}

// watched returns a context whose requests are seen. The SDK asks for the rest
// of an object whose connection broke, for ever if need be: most is how many
// requests may be made, if it is not 0.
func watched(ctx context.Context, most int64) (context.Context, *eye) {
	e := &eye{left: most}
	return context.WithValue(ctx, watch{}, e), e
}

// header is that of the last answer.
func (e *eye) header() http.Header {
	if answer := e.last.Load(); answer != nil {
		return answer.header
	}
	return http.Header{}
}

// accepted tells whether the last answer was one of success.
func (e *eye) accepted() bool {
	answer := e.last.Load()
	return answer != nil && answer.status/100 == 2
}

// page tells whether the last answer brought something that is not Google's.
func (e *eye) page() bool {
	answer := e.last.Load()
	if answer == nil || answer.status == http.StatusNoContent || answer.header.Get("X-GUploader-UploadID") != "" {
		return false
	}
	kind, _, _ := strings.Cut(answer.header.Get("Content-Type"), ";")
	return kind != "application/json" && kind != "application/xml"
}

// An observed transport lets the eye of a context see.
type observed struct{ base http.RoundTripper }

// RoundTrip makes the request unless there have been enough.
func (o *observed) RoundTrip(r *http.Request) (*http.Response, error) {
	e, ok := r.Context().Value(watch{}).(*eye)
	if !ok {
		return o.tell(r)
	}
	again := r.Response == nil // and not sent on by an answer
	if again && e.made.Add(1) > e.left && e.left > 0 {
		return nil, wire.Fail(bucket.ErrTemporary, "the connection broke in the middle of an object", errors.New("not asked again"))
	}
	answer, err := o.tell(r)
	if err == nil {
		e.last.Store(&head{answer.StatusCode, answer.Header})
	} else {
		e.last.Store(nil)
	}
	return answer, err
}
