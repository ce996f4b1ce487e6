package s3store

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The hot path sends a small object with net/http and the SDK's signer, which
// takes less than half the processor time of the SDK's own PutObject. Where the
// client is configured in a way that more than a signature and a host name
// depend on, nothing is guessed: PutObject does it.
type hot struct {
	once sync.Once
	// transport has connections of its own; nil if the SDK has to send.
	transport   *http.Transport
	options     s3.Options
	signer      *v4.Signer
	credentials aws.CredentialsProvider
	// target is where objects go, as long as the region is the same.
	target atomic.Pointer[target]
	// skew is how far, in nanoseconds, this machine's clock is behind.
	skew    atomic.Int64
	flights sync.Pool // of *flight
}

// A target is what the SDK's resolver says of the bucket in one region.
type target struct {
	region  string // that was asked for
	virtual bool   // and how the bucket was to be named
	signed  string // that goes into signatures
	// base is the URL of the bucket without a slash at the end.
	base url.URL
	// usable tells that a key appended to base and a signature are all it takes.
	usable bool
}

// hotTarget returns where small objects go, or nil if the SDK has to send them.
func (s *Store) hotTarget(ctx context.Context) *target {
	h := &s.quirks.hot
	h.once.Do(func() { h.configure(s.client.Options()) })
	if h.transport == nil {
		return nil
	}
	region := h.options.Region
	if learnt := s.region.Load(); learnt != nil {
		region = *learnt
	}
	t := h.target.Load()
	if virtual := s.virtual.Load(); t == nil || t.region != region || t.virtual != virtual {
		t = h.resolve(ctx, s.name, region, virtual)
		h.target.Store(t)
	}
	if !t.usable {
		return nil
	}
	return t
}

// configure takes over what the SDK has made of its configuration: its
// transport knows the proxies and AWS_CA_BUNDLE.
func (h *hot) configure(o s3.Options) {
	client, ok := o.HTTPClient.(*client)
	if !ok || client.from.GetTimeout() != 0 || unusual(o) {
		return
	}
	signer, ok := o.HTTPSignerV4.(*v4.Signer)
	if !ok {
		return
	}
	h.options, h.signer, h.credentials = o, signer, o.Credentials
	h.transport = client.from.GetTransport()
	tuneHot(h.transport)
}

// unusual tells that requests may depend on more than the hot path knows of.
//
//nolint:staticcheck // what is deprecated may still be set
func unusual(o s3.Options) bool {
	i := o.Interceptors
	hooks := len(o.APIOptions) + len(o.AuthSchemePreference) + len(i.BeforeExecution) + len(i.BeforeSerialization) +
		len(i.AfterSerialization) + len(i.BeforeRetryLoop) + len(i.BeforeAttempt) + len(i.BeforeSigning) +
		len(i.AfterSigning) + len(i.BeforeTransmit) + len(i.AfterTransmit) + len(i.BeforeDeserialization) +
		len(i.AfterDeserialization) + len(i.AfterAttempt) + len(i.AfterExecution)
	e := o.EndpointOptions
	return hooks > 0 || o.EndpointResolver != nil || o.EndpointResolverV2 == nil || o.ClientLogMode != 0 ||
		o.Credentials == nil || aws.IsCredentialsProvider(o.Credentials, aws.AnonymousCredentials{}) ||
		o.UseAccelerate || o.UseDualstack || e.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled ||
		e.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || o.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired
}

// resolve asks the SDK's resolver as PutObject does.
func (h *hot) resolve(ctx context.Context, name, region string, virtual bool) *target {
	t := &target{region: region, virtual: virtual}
	if strings.Contains(name, ":") || strings.Contains(region, "fips") || region == "aws-global" {
		return t // an ARN, or a name of a region that stands for something else
	}
	found, err := h.options.EndpointResolverV2.ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: &name, Region: &region, Endpoint: h.options.BaseEndpoint, ForcePathStyle: aws.Bool(!virtual),
		UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(false), Accelerate: aws.Bool(false),
		DisableMultiRegionAccessPoints: &h.options.DisableMultiRegionAccessPoints,
		UseArnRegion:                   &h.options.UseARNRegion,
		DisableS3ExpressSessionAuth:    h.options.DisableS3ExpressSessionAuth,
	})
	if err != nil {
		return t
	}
	u := found.URI
	schemes, _ := smithyauth.GetAuthOptions(&found.Properties)
	if len(schemes) != 1 || schemes[0].SchemeID != "sigv4" && schemes[0].SchemeID != smithyauth.SchemeIDSigV4 || len(found.Headers) > 0 ||
		u.RawQuery != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return t
	}
	service, _ := smithyhttp.GetSigV4SigningName(&schemes[0].SignerProperties)
	t.signed, _ = smithyhttp.GetSigV4SigningRegion(&schemes[0].SignerProperties)
	unsigned, _ := smithyhttp.GetIsUnsignedPayload(&schemes[0].SignerProperties)
	raw := strings.TrimSuffix(u.EscapedPath(), "/")
	t.base = url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/"), RawPath: raw}
	t.usable = service == "s3" && t.signed != "" && !unsigned && found.Properties.Get("backend") == nil
	return t
}

// object sets u to the URL of key, escaped as S3 signs it: each byte but the
// unreserved ones of RFC 3986 and slashes.
func (t *target) object(u *url.URL, key string) {
	*u = t.base
	u.Path += "/" + key
	if escaped := escape(key); escaped != key || t.base.RawPath != t.base.Path {
		u.RawPath += "/" + escaped
	} else {
		u.RawPath = "" // the same as Path
	}
}

// escape percent-encodes a key.
func escape(key string) string {
	const digits = "0123456789ABCDEF"
	odd := 0
	for i := range len(key) {
		if !plain(key[i]) {
			odd++
		}
	}
	if odd == 0 {
		return key
	}
	b := make([]byte, 0, len(key)+2*odd)
	for i := range len(key) {
		if c := key[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '/' || c == '-' || c == '.' || c == '_' || c == '~'
}

// now is the time as the endpoint has it.
func (h *hot) now() time.Time { return time.Now().Add(time.Duration(h.skew.Load())) }

// learnTime takes the time from an answer that says no, if it differs by so
// much that signatures may be refused for it.
func (h *hot) learnTime(answer http.Header) {
	const tolerance = 4 * time.Minute // as the SDK has it
	date, err := http.ParseTime(answer.Get("Date"))
	if err != nil || answer.Get("Age") != "" { // or from a cache
		return
	}
	if skew := time.Until(date); (skew - time.Duration(h.skew.Load())).Abs() > tolerance {
		h.skew.Store(int64(skew))
	}
}
