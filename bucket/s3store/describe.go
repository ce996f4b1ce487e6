package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/medialift/medialift/bucket"
)

// Describe tells whose credentials are in use, the region, the endpoint, and
// what web pages may do with the bucket.
func (s *Store) Describe(ctx context.Context) []bucket.Fact {
	return []bucket.Fact{
		s.identity(ctx),
		{Name: bucket.FactRegion, Value: s.currentRegion()},
		s.endpoint(ctx),
		s.cors(ctx),
	}
}

func (s *Store) identity(ctx context.Context) bucket.Fact {
	fact := bucket.Fact{Name: bucket.FactIdentity}
	provider := s.client.Options().Credentials
	if provider == nil || aws.IsCredentialsProvider(provider, aws.AnonymousCredentials{}) {
		fact.Value = "anonymous"
		return fact
	}
	v, err := provider.Retrieve(ctx)
	if err != nil {
		fact.Err = s.classify(ctx, err)
		return fact
	}
	fact.Value = fmt.Sprintf("%s from %s", shortKey(v.AccessKeyID), source(v.Source))
	if v.CanExpire {
		fact.Value += ", valid until " + v.Expires.UTC().Format("2006-01-02 15:04 UTC")
	}
	return fact
}

// shortKey tells keys of one account apart and is of no use to a thief.
func shortKey(id string) string {
	const shown = 4
	if len(id) < 3*shown {
		return id[:min(1, len(id))] + "…"
	}
	return id[:shown] + "…" + id[len(id)-shown:]
}

// source says in words what the SDK calls the place of credentials. Names of
// files stand behind a colon there and are kept.
func source(name string) string {
	switch {
	case name == "EnvConfigCredentials":
		return "the environment"
	case strings.HasPrefix(name, "SharedConfigCredentials"):
		_, file, _ := strings.Cut(name, ": ")
		return strings.TrimSpace("the AWS file " + file)
	case name == "EC2RoleProvider":
		return "the role of this machine"
	case name == "":
		return "an unknown place"
	}
	return name
}

func (s *Store) endpoint(ctx context.Context) bucket.Fact {
	fact := bucket.Fact{Name: bucket.FactEndpoint}
	o := s.client.Options()
	region := s.currentRegion()
	params := s3.EndpointParameters{
		Region: &region, Endpoint: o.BaseEndpoint, ForcePathStyle: aws.Bool(!s.virtual.Load()),
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	}
	found, err := o.EndpointResolverV2.ResolveEndpoint(ctx, params.WithDefaults())
	if err != nil {
		fact.Err = fmt.Errorf("finding the endpoint: %w", bucket.PublicCause(err))
		return fact
	}
	fact.Value = bucket.PublicURL(found.URI.String())
	return fact
}

func (s *Store) cors(ctx context.Context) bucket.Fact {
	fact := bucket.Fact{Name: bucket.FactCORS}
	out, err := s.client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &s.name}, s.with)
	switch {
	case err == nil:
		fact.Value = corsText(out.CORSRules)
	case noCORS(err):
		fact.Value = bucket.NoCORS
	default:
		fact.Err = s.classify(ctx, err)
	}
	return fact
}

// noCORS tells an answer that there are no rules from one that says nothing.
func noCORS(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "NoSuchCORSConfiguration" && httpStatus(err) == http.StatusNotFound
}

// corsText names the origins that may read.
func corsText(rules []types.CORSRule) string {
	var origins []string
	for _, r := range rules {
		for _, method := range r.AllowedMethods {
			if strings.EqualFold(method, http.MethodGet) {
				origins = append(origins, r.AllowedOrigins...)
				break
			}
		}
	}
	const shown = 5
	switch {
	case len(origins) == 0:
		return bucket.NoCORS
	case len(origins) > shown:
		return fmt.Sprintf("GET from %s and %d more", strings.Join(origins[:shown], ", "), len(origins)-shown)
	}
	return "GET from " + strings.Join(origins, ", ")
}
