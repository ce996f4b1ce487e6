package azurestore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

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
	if f, ok := errors.AsType[*wire.Failure](err); ok { // the credentials, or our own
		return f
	}
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok && answer.StatusCode >= 300 {
		return fromAnswer(answer, err)
	} else if ok {
		return strange("what HTTP %d means there", answer.StatusCode)
	}
	if text := err.Error(); strings.Contains(text, "unmarshalling type") { // the SDK wraps no cause
		if strings.Contains(text, "unexpected EOF") { // it was cut off
			return wire.Fail(bucket.ErrTemporary, "the answer cannot be read", err)
		}
		return strange("XML of the service")
	}
	return wire.Network(err)
}

// fromAnswer classifies what the service said.
func fromAnswer(answer *azcore.ResponseError, err error) error {
	header := http.Header{}
	if answer.RawResponse != nil {
		header = answer.RawResponse.Header
	}
	kind := kindOf(answer.StatusCode, bloberror.Code(answer.ErrorCode))
	if kind == bucket.ErrNotFound && !vouched(answer, header) { // what cannot be seen is not absent
		return strange("a word on HTTP %d", answer.StatusCode)
	}
	if kind == bucket.ErrExists { // there is no more to say
		return &wire.Failure{Kind: kind, Text: kind.Error(), Err: err}
	}
	text := fmt.Sprintf("HTTP %d", answer.StatusCode)
	if answer.ErrorCode != "" {
		text += " " + answer.ErrorCode
	}
	switch bloberror.Code(answer.ErrorCode) {
	case bloberror.AuthenticationFailed:
		text += " (the key is wrong or has expired, or the clock of this machine is)"
	case bloberror.AuthorizationPermissionMismatch:
		text += " (the role Storage Blob Data Contributor is missing, or a permission of the SAS token)"
	case bloberror.InvalidBlobOrBlock:
		text += " (another program has begun to send this blob: try again in a week, or delete it)"
	}
	return wire.Answer(kind, text, err, header)
}

func kindOf(status int, code bloberror.Code) error {
	switch code {
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled:
		return bucket.ErrNoBucket
	case bloberror.BlobAlreadyExists, bloberror.UnauthorizedBlobOverwrite, bloberror.ConditionNotMet, bloberror.TargetConditionNotMet:
		return bucket.ErrExists
	case bloberror.MD5Mismatch, bloberror.CRC64Mismatch:
		return bucket.ErrChecksum
	case bloberror.InvalidResourceName, bloberror.InvalidURI, bloberror.OutOfRangeInput, "InvalidBlobName":
		return bucket.ErrKey
	case bloberror.ServerBusy:
		return bucket.ErrThrottled
	case bloberror.AuthenticationFailed, bloberror.InvalidAuthenticationInfo, bloberror.NoAuthenticationInformation, bloberror.AccountIsDisabled:
		return bucket.ErrIdentity
	case bloberror.InternalError, bloberror.OperationTimedOut,
		// Another writer to the same key has just been faster.
		bloberror.InvalidBlockList:
		return bucket.ErrTemporary
	}
	switch {
	case status == http.StatusNotFound && code != "" && code != bloberror.BlobNotFound && code != bloberror.ResourceNotFound,
		status == http.StatusPreconditionFailed && code != "": // such as a lease
		return nil
	}
	return wire.KindOf(status)
}

func status(err error) int {
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return answer.StatusCode
	}
	return 0
}

func code(err error) string {
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok && answer.ErrorCode != "" {
		return answer.ErrorCode
	}
	return fmt.Sprintf("HTTP %d", status(err))
}

// listing never lets "cannot see" pass for "nothing there".
func listing(err error) error {
	if errors.Is(err, bucket.ErrNotFound) {
		return wire.Recast(err, bucket.ErrNoBucket, err.Error())
	}
	return err
}

func unquote(etag *azcore.ETag) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(string(*etag), `"`)
}
