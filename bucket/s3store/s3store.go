// Package s3store is a [bucket.Store] in one S3 bucket, at Amazon or at any
// endpoint that speaks its protocol. Such endpoints differ in what they do with
// checksums and conditions: that is found out with the first objects, and
// [Store.Notes] says what came of it.
package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// MaxSize is the largest object in bytes that S3 takes in one request; larger
// ones are sent in parts.
const MaxSize = 5 << 30

// defaultRegion is used where nothing names another one. Most endpoints other
// than Amazon's do not care.
const defaultRegion = "us-east-1"

// Options is where a bucket is and how it is asked. The zero value is Amazon S3
// with what the AWS environment variables and files say.
type Options struct {
	// Endpoint is a URL such as "http://localhost:9000"; empty means
	// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's, or Amazon.
	Endpoint string
	// Region of the bucket; empty means AWS_REGION, the profile's, or us-east-1.
	Region string
	// Addressing says where in URLs the bucket is named.
	Addressing Addressing
	// RequestPayer has the requester pay for requests, as buckets may demand.
	RequestPayer bool
	// Credentials replace those of the default chain.
	Credentials aws.CredentialsProvider
	// ConfigFile is used in place of the AWS config and credentials files, Profile in
	// place of what AWS_PROFILE and the variables with keys say.
	ConfigFile, Profile string
	// Attributes are what objects are written with.
	Attributes bucket.Attributes
	// Silence is how long a connection may neither take nor give a byte, and an
	// answer may take to begin; 0 is three minutes.
	Silence time.Duration
}

// An Addressing says where in URLs the bucket is named.
type Addressing string

// The choices of addressing.
const (
	// Auto is in the host name at Amazon and where the endpoint demands it, and in
	// the path elsewhere.
	Auto Addressing = ""
	// Path is in the path: https://HOST/BUCKET/KEY.
	Path Addressing = "path"
	// Virtual is in the host name: https://BUCKET.HOST/KEY.
	Virtual Addressing = "virtual"
)

// A Store keeps objects in one bucket.
type Store struct {
	name   string
	client *s3.Client
	as     bucket.Attributes
	payer  bool
	creds  *credentials // nil where requests are not signed
	// amazon tells that no other endpoint was named.
	amazon bool
	// region replaces the configured one once Check has learnt better.
	region atomic.Pointer[string]
	// auto tells that the addressing may be learnt; virtual is how it is now.
	auto    bool
	virtual atomic.Bool
	// oldList: the endpoint knows the older list alone.
	oldList atomic.Bool
	quirks  quirks
	parts   partQuirks

	// proving is held while it is found out whether conditions are honoured, with the
	// object at proof, which is empty while nobody has asked for it.
	proving sync.Mutex
	proof   string
}

// New returns the store of the bucket called name. It reads the environment
// and the AWS files, and does not contact the network.
func New(ctx context.Context, name string, opts Options) (*Store, error) {
	if err := checkEndpoint(opts.Endpoint); err != nil {
		return nil, err
	}
	load := []func(*config.LoadOptions) error{
		// A plain *http.Client would be refused where AWS_CA_BUNDLE is set.
		config.WithHTTPClient(awshttp.NewBuildableClient()),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
		config.WithDefaultRegion(defaultRegion),
		config.WithLogger(logging.Nop{}),
	}
	if opts.Region != "" {
		load = append(load, config.WithRegion(opts.Region))
	}
	if opts.ConfigFile != "" {
		load = append(load, config.WithSharedConfigFiles([]string{opts.ConfigFile}), config.WithSharedCredentialsFiles([]string{opts.ConfigFile}))
	}
	if opts.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(opts.Profile))
	}
	if opts.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(opts.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	s := &Store{name: name, amazon: true, as: opts.Attributes, payer: opts.RequestPayer, auto: opts.Addressing == Auto}
	if cfg.Credentials != nil {
		s.creds = newCredentials(cfg.Credentials, func(ctx context.Context) (aws.CredentialsProvider, error) {
			fresh, err := config.LoadDefaultConfig(ctx, load...)
			return fresh.Credentials, err
		})
		cfg.Credentials = s.creds
	}
	silence := opts.Silence
	if silence <= 0 {
		silence = wire.Silence
	}
	s.quirks.init()
	var wrong error
	s.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		if opts.Endpoint != "" {
			o.BaseEndpoint = &opts.Endpoint
		}
		if o.BaseEndpoint != nil { // also that of a variable or a file, which the SDK would quote
			wrong = checkEndpoint(*o.BaseEndpoint)
			s.amazon = isAmazon(*o.BaseEndpoint)
		}
		s.virtual.Store(opts.Addressing == Virtual || s.auto && (s.amazon || hostsAlone(*o.BaseEndpoint)))
		o.UsePathStyle = !s.virtual.Load()
		o.Retryer = aws.NopRetryer{}
		o.DisableLogOutputChecksumValidationSkipped = true
		if c, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = newClient(c.WithReadTimeout(0).WithTransportOptions(func(t *http.Transport) { tune(t, silence) }))
		}
	})
	if wrong != nil {
		return nil, wrong
	}
	return s, nil
}

// hostsAlone tells endpoints that are known to take virtual addresses alone.
func hostsAlone(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && slices.ContainsFunc([]string{".aliyuncs.com", ".myqcloud.com", ".volces.com"}, func(end string) bool {
		return strings.HasSuffix(u.Hostname(), end)
	})
}

func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return &failure{
			kind: bucket.ErrEndpoint, err: errors.New("not of HTTP"),
			text: fmt.Sprintf("endpoint %q is not of the form https://HOST[:PORT]", bucket.PublicURL(endpoint)),
		}
	}
	return nil
}

func isAmazon(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".amazonaws.com") || strings.HasSuffix(u.Hostname(), ".amazonaws.com.cn"))
}

// Naming is how S3 spells and limits keys.
func (s *Store) Naming() bucket.Naming {
	return bucket.Naming{Base: "s3://" + s.name + "/", MaxKey: 1024, MaxSize: bucket.MaxParted}
}

// Notes says what the endpoint turned out not to do.
func (s *Store) Notes() []string {
	return append(s.quirks.sentences(), s.parts.sentences()...)
}

func (s *Store) currentRegion() string {
	if region := s.region.Load(); region != nil {
		return *region
	}
	return s.client.Options().Region
}
