package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/medialift/medialift/bucket"
)

// Check asks whether the bucket exists and answers to the credentials. Where the
// endpoint says that the bucket is in another region, or is to be named in
// another way, it is asked so from then on.
func (s *Store) Check(ctx context.Context) error {
	err := s.headBucket(ctx)
	if err != nil && s.adapt(err) {
		err = s.headBucket(ctx)
	}
	if status := httpStatus(err); status == http.StatusForbidden || status == http.StatusBadRequest {
		// This has no text that says why. A list has one; and the first answer also
		// tells the client how wrong this machine's clock is.
		why := s.ask(ctx)
		if why == nil || s.adapt(why) {
			err = s.headBucket(ctx)
		} else if short := listing(s.classify(ctx, why)); errors.Is(short, bucket.ErrIdentity) || errors.Is(short, bucket.ErrAnswer) {
			return short
		}
	}
	if ctx.Err() == nil {
		switch httpStatus(err) {
		case http.StatusNotFound:
			return &failure{kind: bucket.ErrNoBucket, text: fmt.Sprintf("bucket %q not found", s.name), err: err}
		case http.StatusForbidden:
			const both = "these credentials are wrong or may not list the bucket (s3:ListBucket)"
			return &failure{kind: bucket.ErrDenied, text: fmt.Sprintf("access to bucket %q denied: %s", s.name, both), err: err}
		}
	}
	return s.classify(ctx, err)
}

func (s *Store) headBucket(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.name}, s.with)
	return err
}

// ask asks for a list, to hear why the bucket is not to be had.
func (s *Store) ask(ctx context.Context) error {
	_, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.name, MaxKeys: aws.Int32(1)}, s.with)
	return err
}

var expected = regexp.MustCompile(`expecting '([A-Za-z0-9-]+)'`)

// adapt does as the endpoint says it wants to be asked, and tells whether that is
// another way than before.
func (s *Store) adapt(err error) bool {
	api, said := errors.AsType[smithy.APIError](err)
	region := bucketRegion(err)
	if said && region == "" && api.ErrorCode() == "AuthorizationHeaderMalformed" {
		if m := expected.FindStringSubmatch(api.ErrorMessage()); m != nil {
			region = m[1]
		}
	}
	if region != "" && region != s.currentRegion() {
		s.region.Store(&region)
		return true
	}
	return said && s.auto && wantsHost(api.ErrorCode()) && s.virtual.CompareAndSwap(false, true)
}

// wantsHost tells codes of endpoints that want the bucket in the host name.
func wantsHost(code string) bool {
	return slices.Contains([]string{"SecondLevelDomainForbidden", "VirtualHostDomainRequired", "PathStyleDomainForbidden", "InvalidPathAccess"}, code)
}

// with is given to each call: it sets what was learnt after New.
func (s *Store) with(o *s3.Options) {
	if region := s.region.Load(); region != nil {
		o.Region = *region
	}
	o.UsePathStyle = !s.virtual.Load()
	if s.quirks.get().refusesExpect {
		o.ContinueHeaderThresholdBytes = -1
	}
	unencoded(o)
	if s.payer {
		o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue(payerHeader, payerValue))
	}
}

// regionHeader says in which region a bucket is.
const regionHeader = "X-Amz-Bucket-Region"

// Who pays, where that is not the owner of the bucket.
const (
	payerHeader = "X-Amz-Request-Payer"
	payerValue  = "requester"
)

// signed puts the SHA-256 of the body into the signature, over TLS too, where
// the SDK would leave it out: without a checksum nothing else protects it.
func signed(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		sha := &v4.ComputePayloadSHA256{}
		_, err := stack.Finalize.Swap(sha.ID(), sha)
		return err
	})
}

func bucketRegion(err error) string {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && response.Response != nil {
		return response.Response.Header.Get(regionHeader)
	}
	return ""
}

func httpStatus(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}
