package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/medialift/medialift/bucket"
)

// described are the facts of a store by name, what is not known as its error.
func described(t *testing.T, s *Store) map[bucket.FactName]string {
	t.Helper()
	facts := map[bucket.FactName]string{}
	for _, f := range s.Describe(t.Context()) {
		facts[f.Name] = f.Value
		if f.Err != nil {
			facts[f.Name] = f.Err.Error()
		}
		if (f.Err == nil) == (f.Value == "") {
			t.Errorf("%+v", f)
		}
	}
	return facts
}

func TestDescribeCORS(t *testing.T) {
	rule := func(origin, method string) string {
		return "<CORSRule><AllowedOrigin>" + origin + "</AllowedOrigin><AllowedMethod>" + method + "</AllowedMethod></CORSRule>"
	}
	for name, tt := range map[string]struct {
		status     int
		text, want string
	}{
		"rules":        {200, rule("https://a", "GET") + rule("https://b", "PUT") + rule("*", "GET"), "GET from https://a, *"},
		"many":         {200, strings.Repeat(rule("*", "GET"), 7), "GET from *, *, *, *, * and 2 more"},
		"writing only": {200, rule("https://b", "PUT"), bucket.NoCORS},
		"none":         {404, "NoSuchCORSConfiguration", bucket.NoCORS},
		"denied":       {403, "AccessDenied", "access denied: HTTP 403 AccessDenied"},
		"not known":    {501, "NotImplemented", "HTTP 501 NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
				if tt.status != 200 {
					refuse(w, tt.status, tt.text)
					return true
				}
				fmt.Fprintf(w, "<CORSConfiguration>%s</CORSConfiguration>", tt.text)
				return true
			}}
			if got := described(t, f.start(t))[bucket.FactCORS]; !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDescribeIdentity(t *testing.T) {
	clearEnv(t)
	with := func(v aws.Credentials, fails error) string {
		s, err := New(t.Context(), "bkt", Options{Endpoint: "http://user:pass@127.0.0.1:1", Region: "eu-x",
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return v, fails })})
		if err != nil {
			t.Fatal(err)
		}
		facts := described(t, s)
		if facts[bucket.FactRegion] != "eu-x" || facts[bucket.FactEndpoint] != "http://127.0.0.1:1" {
			t.Errorf("%q", facts)
		}
		return facts[bucket.FactIdentity]
	}
	long := aws.Credentials{AccessKeyID: "AKIA0123456789ABWXYZ", SecretAccessKey: "s", Source: "EnvConfigCredentials"}
	if got := with(long, nil); got != "AKIA…WXYZ from the environment" {
		t.Error(got)
	}
	long.Source, long.CanExpire, long.Expires = "SharedConfigCredentials: /x/credentials", true, time.Date(2100, 1, 2, 3, 4, 0, 0, time.UTC)
	if got := with(long, nil); got != "AKIA…WXYZ from the AWS file /x/credentials, valid until 2100-01-02 03:04 UTC" {
		t.Error(got)
	}
	if got := with(aws.Credentials{AccessKeyID: "short", SecretAccessKey: "s"}, nil); got != "s… from an unknown place" {
		t.Error(got)
	}
	if got := with(aws.Credentials{}, errors.New("nobody")); !strings.HasPrefix(got, "no usable AWS credentials: ") || !strings.HasSuffix(got, "nobody") {
		t.Error(got)
	}
}

func TestDescribeAmazon(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "https://s3.eu-west-1.amazonaws.com", "cn-north-1": "https://s3.cn-north-1.amazonaws.com.cn"} {
		clearEnv(t)
		s := connect(t, Options{Region: region})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing is asked of Amazon
		for _, f := range s.Describe(ctx) {
			if f.Name == bucket.FactEndpoint && f.Value != want {
				t.Errorf("%+v", f)
			}
		}
	}
}
