package s3store

import (
	"net/http"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/medialift/medialift/bucket/internal/wire"
)

// A client makes the SDK's requests, and passes on answers of the protocol alone.
type client struct {
	from *awshttp.BuildableClient
	http *http.Client
}

// newClient makes a client of what the SDK is configured with: its transport
// knows the proxies and AWS_CA_BUNDLE.
func newClient(from *awshttp.BuildableClient) *client {
	return &client{from: from, http: &http.Client{Transport: wire.Gated(from.GetTransport()), CheckRedirect: redirect}}
}

// Do makes a request, which is signed. Some endpoints change Accept-Encoding on
// its way, so that it must not be part of what is signed.
func (c *client) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if err := inspect(awsmiddleware.GetOperationName(r.Context()), answer); err != nil {
		_ = answer.Body.Close()
		return nil, err
	}
	return answer, nil
}

// redirect follows those redirections that keep the method, as the SDK does, but
// not for ever.
func redirect(r *http.Request, via []*http.Request) error {
	if r.Response.Header.Get(regionHeader) != "" {
		return http.ErrUseLastResponse // it is to be signed for that region
	}
	switch r.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if via[len(via)-1].URL.Host != r.URL.Host {
			r.Header.Del("X-Amz-Security-Token")
		}
		return wire.Redirect(r, via)
	}
	return http.ErrUseLastResponse
}

// unencoded keeps Accept-Encoding out of what is signed; Do sets it afterwards.
func unencoded(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		_, _ = stack.Finalize.Remove("DisableAcceptEncodingGzip") // not every operation has it
		return nil
	})
}
