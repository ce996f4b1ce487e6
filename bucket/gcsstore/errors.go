package gcsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// classify turns an error of the SDK into one of the bucket sentinels, or into
// a plain one that is not worth another try.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w", ctx.Err())
	}
	if f, ok := errors.AsType[*wire.Failure](err); ok { // our own
		return f
	}
	if answer, ok := errors.AsType[*googleapi.Error](err); ok {
		return fromAnswer(answer, err)
	}
	switch { // the answers to Open carry no more than this
	case errors.Is(err, storage.ErrBucketNotExist):
		return &wire.Failure{Kind: bucket.ErrNoBucket, Text: bucket.ErrNoBucket.Error(), Err: err}
	case errors.Is(err, storage.ErrObjectNotExist):
		return &wire.Failure{Kind: bucket.ErrNotFound, Text: bucket.ErrNotFound.Error(), Err: err}
	}
	if token, ok := errors.AsType[*auth.Error](err); ok {
		return fromToken(token, err)
	}
	if strings.Contains(err.Error(), "bad CRC on read") {
		return wire.Fail(bucket.ErrChecksum, "the bytes received are not those of the object", err)
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	if _, other := errors.AsType[*json.UnmarshalTypeError](err); syntax || other {
		return strange("JSON of the service")
	}
	return wire.Network(err)
}

// fromAnswer classifies what the service said.
func fromAnswer(answer *googleapi.Error, err error) error {
	reason := ""
	if len(answer.Errors) > 0 {
		reason = answer.Errors[0].Reason
	}
	kind := kindOf(statusOf(answer), reason, answer.Message)
	if kind == bucket.ErrNotFound && !vouched(answer) { // what cannot be seen is not absent
		return strange("a word on HTTP %d", statusOf(answer))
	}
	if kind == bucket.ErrExists { // there is no more to say
		return &wire.Failure{Kind: kind, Text: kind.Error(), Err: err}
	}
	text := fmt.Sprintf("HTTP %d", statusOf(answer))
	if reason != "" {
		text += " " + reason
	}
	if answer.Message != "" && answer.Message != reason {
		text += ": " + answer.Message
	}
	return wire.Answer(kind, text, err, answer.Header)
}

func kindOf(status int, reason, message string) error {
	switch {
	case slices.Contains([]string{"rateLimitExceeded", "userRateLimitExceeded"}, reason):
		return bucket.ErrThrottled
	case slices.Contains([]string{"backendError", "internalError"}, reason):
		return bucket.ErrTemporary
	case status == http.StatusNotFound && strings.Contains(message, "bucket does not exist"):
		return bucket.ErrNoBucket
	case status == http.StatusBadRequest && strings.Contains(message, "doesn't match calculated"):
		return bucket.ErrChecksum
	case status == http.StatusGone: // the session of a large object was lost
		return bucket.ErrTemporary
	}
	return wire.KindOf(status)
}

// fromToken classifies what became of a request for a token.
func fromToken(token *auth.Error, err error) error {
	if token.Response == nil || token.Temporary() || token.Response.StatusCode >= 500 {
		return wire.Fail(bucket.ErrTemporary, "no answer to a request for Google credentials", err)
	}
	return wire.Fail(bucket.ErrIdentity, "no usable Google credentials: "+short(token), err)
}

// short is the first line of what an error says.
func short(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	text, _, _ = strings.Cut(text, ". See ")
	return strings.TrimPrefix(text, "credentials: ")
}

func status(err error) int {
	if answer, ok := errors.AsType[*googleapi.Error](err); ok {
		return statusOf(answer)
	}
	return 0
}
