package s3store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// A failure says in few words what went wrong: the SDK's own text repeats the
// operation, host and request ids at length. It unwraps to the sentinel it is,
// if any, and to the SDK's error.
type failure struct {
	kind error // may be nil
	text string
	err  error
	// once: it is worth one more try. after: how long the endpoint wants to be
	// left alone.
	once  bool
	after time.Duration
}

// Error is the short text.
func (f *failure) Error() string { return f.text }

// RetryAfter is what the endpoint has asked for.
func (f *failure) RetryAfter() time.Duration { return f.after }

// Unwrap gives the sentinels and the original.
func (f *failure) Unwrap() []error {
	all := []error{f.err}
	if f.kind != nil {
		all = append(all, f.kind)
	}
	if f.once {
		all = append(all, bucket.ErrOnce)
	}
	return all
}

// classify turns an error of the SDK into one of the bucket sentinels, or into
// a plain one that is not worth another try.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w", ctx.Err())
	}
	if f, ok := errors.AsType[*failure](err); ok { // the credentials, or our own
		return f
	}
	if f, ok := errors.AsType[*wire.Failure](err); ok {
		return f
	}
	if status := httpStatus(err); status >= 300 {
		return fromAnswer(status, err)
	}
	return fromNetwork(err)
}

// fromAnswer classifies what the endpoint said.
func fromAnswer(status int, err error) error {
	code, message := "", ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	kind := kindOf(status, code)
	if kind == bucket.ErrExists { // there is no more to say
		return &failure{kind: kind, text: kind.Error(), err: err}
	}
	text := fmt.Sprintf("HTTP %d", status)
	if code != "" && code != "UnknownError" {
		text += " " + code
	}
	if message != "" && message != code {
		text += ": " + message
	}
	if region := bucketRegion(err); region != "" && (status/100 == 3 || code == "AuthorizationHeaderMalformed") {
		text += fmt.Sprintf(" (the bucket is in region %q: set AWS_REGION)", region)
	}
	if to := location(err); to != "" && bucketRegion(err) == "" {
		text += fmt.Sprintf(" (sent on to %s, which is not the store as it was named)", to)
	}
	if wantsHost(code) {
		text += " (--addressing virtual names the bucket in the host name of the endpoint, which must be no address)"
	}
	if code == tooSkewed {
		text += " (the clock of this machine is wrong)"
	}
	if kind != nil {
		text = kind.Error() + ": " + text
	} else {
		kind = elsewhere(code, err)
	}
	return &failure{kind: kind, text: text, err: err, once: onceMore(code), after: retryAfter(err)}
}

// onceMore tells codes that say what a store sets right by itself: the next
// request has another token, or the time of the endpoint. Bytes that came
// damaged were not taken.
func onceMore(code string) bool { return expired(code) || code == tooSkewed || damaged(code) }

const tooSkewed = "RequestTimeTooSkewed"

func expired(code string) bool {
	return slices.Contains([]string{"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}, code)
}

func damaged(code string) bool {
	return slices.Contains([]string{"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"}, code)
}

func retryAfter(err error) time.Duration {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.Response != nil {
		return bucket.ParseRetryAfter(response.Response.Header.Get("Retry-After"), time.Now())
	}
	return 0
}

func kindOf(status int, code string) error {
	switch {
	case damaged(code):
		return bucket.ErrChecksum
	case expired(code):
		return bucket.ErrIdentity
	case wantsHost(code):
		return nil
	}
	switch code {
	case "NoSuchBucket":
		return bucket.ErrNoBucket
	case "KeyTooLongError", "ObjectParentIsFile", "ExistingObjectIsDirectory", // the latter of stores that
		"XMinioParentIsObject", "XMinioObjectExistsAsDirectory", "XMinioInvalidObjectName": // are file systems
		return bucket.ErrKey
	case "InvalidToken", "InvalidAccessKeyId", "InvalidSecurity", "NotSignedUp", tooSkewed:
		return bucket.ErrIdentity
	case "QuotaExceeded", "UserQuotaExceeded", "BucketQuotaExceeded", "StorageQuotaExceeded", "XMinioAdminBucketQuotaExceeded",
		"XMinioStorageFull", "TooMuchData", "InsufficientStorage", "InsufficientCapacity", "NoSpace":
		return bucket.ErrQuota
	case "SlowDown", "Throttling", "ThrottlingException", "RequestThrottled", "RequestLimitExceeded", "TooManyRequests", "ServiceUnavailable":
		return bucket.ErrThrottled
	case "RequestTimeout", "InternalError", "IncompleteBody", "OperationAborted", "ConditionalRequestConflict":
		return bucket.ErrTemporary
	}
	switch {
	case status == http.StatusUnauthorized:
		return bucket.ErrIdentity
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return bucket.ErrThrottled
	case status == http.StatusForbidden:
		return bucket.ErrDenied
	case status == http.StatusNotFound:
		return bucket.ErrNotFound
	case status == http.StatusPreconditionFailed:
		return bucket.ErrExists
	case status == http.StatusRequestTimeout:
		return bucket.ErrTemporary
	case status == http.StatusInsufficientStorage:
		return bucket.ErrQuota
	case status == http.StatusNotImplemented:
		return nil
	case status >= 500:
		return bucket.ErrTemporary
	}
	return nil
}

// fromNetwork classifies what went wrong before or in the middle of an answer.
func fromNetwork(err error) error {
	short := innermost(err)
	if errors.Is(err, bucket.ErrSourceChanged) {
		return &failure{kind: bucket.ErrSourceChanged, text: short.Error(), err: err}
	}
	if errors.Is(err, bucket.ErrRead) {
		return &failure{kind: bucket.ErrRead, text: short.Error(), err: err}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &failure{text: fmt.Sprintf("the endpoint's certificate is not trusted: %v", short), err: err}
	}
	unreachable := func() error {
		return &failure{kind: bucket.ErrUnreachable, text: fmt.Sprintf("%v: %v", bucket.ErrUnreachable, short), err: err}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		short = dns
		return unreachable()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && slices.Contains([]string{"dial", "proxyconnect"}, op.Op) {
		short = op
		return unreachable()
	}
	if errors.Is(err, http.ErrSchemeMismatch) || isRecordHeader(err) {
		return unreachable()
	}
	_, sending := errors.AsType[*smithyhttp.RequestSendError](err)
	_, receiving := errors.AsType[*smithy.DeserializationError](err)
	_, network := errors.AsType[net.Error](err)
	if sending || receiving || network || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &failure{kind: bucket.ErrTemporary, text: fmt.Sprintf("%v: %v", bucket.ErrTemporary, short), err: err}
	}
	return &failure{text: short.Error(), err: err}
}

func isRecordHeader(err error) bool {
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// innermost drops the layers that the SDK and net/http put around a cause.
func innermost(err error) error {
	for {
		if public := bucket.PublicCause(err); !errors.Is(err, public) { // it quoted an address
			return public
		}
		if op, ok := err.(*net.OpError); ok { //nolint:errorlint // one layer at a time is the point
			return op
		}
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		if next == bucket.ErrSourceChanged {
			return err
		}
		err = next
	}
}

// unexpected tells that the endpoint does not want to be asked before it is sent
// something, which is not done from then on; k was known when it was.
func (s *Store) unexpected(k known, err error) bool {
	if httpStatus(err) != http.StatusExpectationFailed || k.refusesExpect {
		return false
	}
	s.quirks.learn(func(k *known) { k.refusesExpect = true })
	return true
}

// unsummed tells that the endpoint wants a Content-MD5, which it is given from
// then on: it does so for a bucket with Object Lock. k was known when it was asked.
func (s *Store) unsummed(k known, err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || httpStatus(err) != http.StatusBadRequest || k.wantsMD5 {
		return false
	}
	if api.ErrorCode() != "MissingContentMD5" && !strings.Contains(strings.ToLower(api.ErrorMessage()), "content-md5") {
		return false
	}
	s.quirks.learn(func(k *known) { k.wantsMD5 = true })
	return true
}

// refused tells that the endpoint may not know a header that was sent.
func refused(err error) bool {
	if err == nil || errors.Is(err, bucket.ErrTemporary) {
		return false
	}
	status := httpStatus(err)
	if status == http.StatusNotImplemented {
		return true
	}
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
		// Some give a code of their own, and name the header: x-amz-sdk-checksum-algorithm.
		named := strings.Contains(strings.ToLower(api.ErrorMessage()), "checksum")
		if status == http.StatusBadRequest && named && !errors.Is(err, bucket.ErrChecksum) && !damaged(code) && code != "InvalidDigest" {
			return true
		}
	}
	return status == http.StatusBadRequest && slices.Contains([]string{
		"NotImplemented", "InvalidArgument", "InvalidRequest", "BadRequest", "InvalidHeader",
		"UnsupportedHeader", "UnsupportedOperation", "UnsupportedArgument", "MalformedTrailerError",
	}, code)
}
