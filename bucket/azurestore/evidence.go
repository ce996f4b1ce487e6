package azurestore

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// An answer is evidence only if it carries it. Between here and Azure there may
// be what answers in its place, with a page and any status: a captive portal, a
// misrouted ingress, a proxy.

// strange is the failure of an answer that is not Azure's, where that would have
// been what the format says.
func strange(format string, args ...any) error {
	text := "the answer is not Azure's (a proxy or a login page?): it is not " + fmt.Sprintf(format, args...)
	return &wire.Failure{Kind: bucket.ErrAnswer, Text: text, Err: errors.New("another answer")}
}

// An answer is what came back to one request, also where the SDK makes an error
// of it.
type answer struct{ response *http.Response }

// heard returns a context whose last request puts its answer into the one
// returned. The SDK has read and closed its body by then.
func heard(ctx context.Context) (context.Context, *answer) {
	a := &answer{}
	return policy.WithCaptureResponse(ctx, &a.response), a
}

// header is that of the answer.
func (a *answer) header() http.Header {
	if a.response == nil {
		return http.Header{}
	}
	return a.response.Header
}

// accepted tells whether the request was one of success.
func (a *answer) accepted() bool { return a.response != nil && a.response.StatusCode/100 == 2 }

// azure tells whether headers are those of the service, which has some of its own
// in every answer, and writes all ETags alike.
func azure(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "X-Ms-") {
			return true
		}
	}
	return strings.HasPrefix(strings.Trim(h.Get("Etag"), `"`), "0x")
}

// vouched tells whether an error answer is the service's own.
func vouched(said *azcore.ResponseError, h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return said.ErrorCode != "" || azure(h) || kind == "application/xml"
}

// is tells whether the answer is a document of that name. The SDK takes any
// other, and no document, for one in which there is nothing.
func (a *answer) is(document string) bool {
	if a.response == nil {
		return false
	}
	body, err := runtime.Payload(a.response)
	if err != nil {
		return false
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local == document
		}
	}
}

// settle takes in what was said of an object that was sent. Without an ETag, one
// look tells: the object has arrived if it is there, with its size and MD5.
func (u *sending) settle(ctx context.Context, etag *azcore.ETag, modTime *time.Time) error {
	if u.etag, u.modTime = unquote(etag), time.Now(); u.etag != "" {
		if modTime != nil {
			u.modTime = *modTime
		}
		return nil
	}
	obj, err := u.s.Stat(ctx, u.key)
	missing := errors.Is(err, bucket.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	if missing || obj.Size != u.src.Size || obj.Checksums[bucket.MD5] != base64.StdEncoding.EncodeToString(u.md5) {
		return strange("word that %q has arrived, and that has not", u.key)
	}
	u.etag, u.modTime = obj.ETag, obj.ModTime
	return nil
}
