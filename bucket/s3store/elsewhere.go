package s3store

import (
	"errors"
	"net/url"
	"slices"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/medialift/medialift/bucket"
)

// elsewhere is the kind of an answer whose text says where the bucket is, or nil.
func elsewhere(code string, err error) error {
	switch {
	case bucketRegion(err) != "", slices.Contains([]string{"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "InvalidRegion"}, code):
		return bucket.ErrRegion
	case location(err) != "", code == "PermanentRedirect", code == "TemporaryRedirect":
		return bucket.ErrMoved
	}
	return nil
}

// location is where an answer sends a request that is not sent on, without what
// may be a secret.
func location(err error) string {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || response.Response == nil || response.HTTPStatusCode()/100 != 3 {
		return ""
	}
	u, err := url.Parse(response.Response.Header.Get("Location"))
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
