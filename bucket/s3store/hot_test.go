package s3store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/minio/crc64nvme"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// leaveToSDK switches the hot path off.
func leaveToSDK(s *Store) { s.quirks.hot.once.Do(func() {}) }

// What the SDK sends must keep working like what the hot path sends, which the
// other conformance test sees.
func TestConformanceThroughSDK(t *testing.T) {
	server := buckettest.S3Server(t)
	server.Setenv(t)
	var n atomic.Int64
	buckettest.Run(t, func(t *testing.T) bucket.Location {
		name := fmt.Sprintf("bucket-%d", n.Add(1))
		server.CreateBucket(t, name)
		s, err := New(t.Context(), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		leaveToSDK(s)
		return bucket.Location{Store: s, Prefix: "some/prefix", Naming: s.Naming()}
	})
}

// recorder keeps the requests that it answers like a fake.
func recorder(t *testing.T) (*[]*http.Request, string) {
	t.Helper()
	clearEnv(t)
	var seen []*http.Request
	server := httptest.NewServer(&fake{echoChecksum: true, answer: func(_ http.ResponseWriter, r *http.Request) bool {
		seen = append(seen, r)
		return false
	}})
	t.Cleanup(server.Close)
	return &seen, server.URL
}

// The hot path sends what the SDK sends but for what describes the sender.
func TestHotRequests(t *testing.T) {
	seen, endpoint := recorder(t)
	hot, sdk := connect(t, Options{Endpoint: endpoint}), connect(t, Options{Endpoint: endpoint})
	leaveToSDK(sdk)
	own := []string{"Accept-Encoding", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Authorization", "User-Agent", "X-Amz-Date"}
	var every []byte
	for c := range 256 {
		every = append(every, byte(c))
	}
	shots := []shot{{}, {checksum: true}, {checksum: true, absent: true}, {match: "etag"}}
	for _, size := range []int{0, 1, continueAt - 1, continueAt} {
		for i, key := range []string{"a", "dir/a b.png", "a//b/../c", "%41+&=?#ä\u0301" + string(every)} {
			src := buckettest.Source(bytes.Repeat([]byte{'x'}, size))
			src.ContentType = []string{"", "image/png"}[i%2]
			for _, how := range shots {
				*seen = nil
				for _, s := range []*Store{hot, sdk} {
					p, err := s.quirks.buffers.read(t.Context(), src)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := s.once(t.Context(), key, p, how); err != nil && !errors.Is(err, bucket.ErrExists) {
						t.Fatal(err)
					}
				}
				a, b := (*seen)[0], (*seen)[1]
				if a.UserAgent() != userAgent || b.UserAgent() == userAgent {
					t.Fatalf("sent by %q and %q", a.UserAgent(), b.UserAgent())
				}
				for _, name := range own {
					a.Header.Del(name)
					b.Header.Del(name)
				}
				path, _, _ := strings.Cut(b.RequestURI, "?")
				if a.RequestURI != path || a.ContentLength != b.ContentLength || !maps.EqualFunc(a.Header, b.Header, slices.Equal) {
					t.Errorf("%s %d %v\nthe SDK sends\n%s %d %v", a.RequestURI, a.ContentLength, a.Header, path, b.ContentLength, b.Header)
				}
			}
		}
	}
}

func TestHotTargets(t *testing.T) {
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
	})
	const bkt, west = "bkt", "eu-west-1"
	for _, c := range []struct {
		name, bucket, env string
		opts              Options
		want              string // the URL of key "a b"; empty: the SDK sends
	}{
		{"Amazon", bkt, "", Options{Region: west}, "https://bkt.s3.eu-west-1.amazonaws.com/a%20b"},
		{"China", bkt, "", Options{Region: "cn-north-1"}, "https://bkt.s3.cn-north-1.amazonaws.com.cn/a%20b"},
		{"dots", "b.k.t", "", Options{Region: west}, "https://s3.eu-west-1.amazonaws.com/b.k.t/a%20b"},
		{"path style", bkt, "", Options{Region: west, Addressing: Path}, "https://s3.eu-west-1.amazonaws.com/bkt/a%20b"},
		{"endpoint", bkt, "", Options{Endpoint: "http://host:9000"}, "http://host:9000/bkt/a%20b"},
		{"endpoint with a path", bkt, "", Options{Endpoint: "https://host/s%203/"}, "https://host/s%203/bkt/a%20b"},
		{"odd bucket", "B_k t", "", Options{Endpoint: "http://host"}, "http://host/B_k%20t/a%20b"},
		{"FIPS", bkt, "AWS_USE_FIPS_ENDPOINT=true", Options{}, ""},
		{"dual stack", bkt, "AWS_USE_DUALSTACK_ENDPOINT=true", Options{}, ""},
		{"FIPS region", bkt, "", Options{Region: "fips-us-east-1"}, ""},
		{"SigV4a", bkt, "AWS_AUTH_SCHEME_PREFERENCE=sigv4a", Options{}, ""},
		{"S3 Express", "bkt--use1-az4--x-s3", "", Options{}, ""},
		{"access point", "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap", "", Options{}, ""},
		{"anonymous", bkt, "", Options{Credentials: aws.AnonymousCredentials{}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			clearEnv(t)
			if name, value, ok := strings.Cut(c.env, "="); ok {
				t.Setenv(name, value)
			}
			if c.opts.Credentials == nil {
				c.opts.Credentials = keys
			}
			s, err := New(t.Context(), c.bucket, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if target := s.hotTarget(t.Context()); target != nil {
				f := newFlight()
				target.object(&f.url, "a b")
				got = f.url.String()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Both paths make the same of an answer.
func TestHotAnswers(t *testing.T) {
	const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>why</Message></Error>`
	for _, c := range []struct {
		name   string
		status int
		text   string
		want   error
	}{
		{"success with a body", 200, "<html>fine</html>", nil},
		{"success that is none", 200, fmt.Sprintf(xml, "InternalError"), bucket.ErrTemporary},
		{"empty", 403, "", bucket.ErrDenied},
		{"not XML", 502, "Bad Gateway", bucket.ErrTemporary},
		{"HTML", 503, "<html><p>later", bucket.ErrTemporary},
		{"moved", 301, fmt.Sprintf(xml, "PermanentRedirect"), nil},
		{"moved for now", 307, fmt.Sprintf(xml, "TemporaryRedirect"), nil},
		{"refused", 403, fmt.Sprintf(xml, "AccessDenied"), bucket.ErrDenied},
		{"no bucket", 404, fmt.Sprintf(xml, "NoSuchBucket"), bucket.ErrNoBucket},
		{"long", 500, fmt.Sprintf(xml, "X") + strings.Repeat(" ", answerLimit), bucket.ErrTemporary},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("X-Amz-Bucket-Region", "eu-x")
				w.WriteHeader(c.status)
				io.WriteString(w, c.text)
				return true
			}}
			var texts []string
			for _, sdk := range []bool{false, true} {
				s := f.start(t)
				if sdk {
					leaveToSDK(s)
				}
				_, err := s.Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite)
				if c.status >= 300 || c.want != nil {
					only(t, err, c.want)
				}
				texts = append(texts, fmt.Sprint(err))
			}
			if texts[0] != texts[1] {
				t.Errorf("the hot path says %q, the SDK %q", texts[0], texts[1])
			}
		})
	}
}

// A server that answers before it has read all must not make one object's
// bytes go out as another's. The race detector looks on.
func TestHotBuffersAreNotMixed(t *testing.T) {
	clearEnv(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "early") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		data, err := io.ReadAll(r.Body)
		sum := binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(data))
		got := base64.StdEncoding.EncodeToString(sum)
		if want := r.Header.Get("X-Amz-Checksum-Crc64nvme"); err == nil && got != want {
			t.Errorf("%s: the body has checksum %s, the header says %s", r.URL.Path, got, want)
		}
		w.Header().Set("X-Amz-Checksum-Crc64nvme", got)
		w.Header().Set("ETag", `"opaque"`)
	}))
	defer server.Close()
	s := connect(t, Options{Endpoint: server.URL})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				data := bytes.Repeat([]byte{byte(i), byte(j)}, 100_000*(j%4)+500)
				key, early := fmt.Sprintf("%d/%d", i, j), j%3 == 0
				if early {
					key += "early"
				}
				if _, err := s.Put(t.Context(), key, buckettest.Source(data), overwrite); (err != nil) != early {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
}

// Credentials that expire are replaced in the middle of a run, and their token
// is sent along.
func TestHotCredentialsAreRenewed(t *testing.T) {
	seen, endpoint := recorder(t)
	n := 0
	s, err := New(t.Context(), "bkt", Options{Endpoint: endpoint, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			n++
			return aws.Credentials{
				AccessKeyID: fmt.Sprint("id-", n), SecretAccessKey: "secret", SessionToken: fmt.Sprint("token-", n),
				CanExpire: true, Expires: time.Now().Add(-time.Minute),
			}, nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		mustPut(t, s, "k", "x", overwrite)
		h := (*seen)[i].Header
		if id := fmt.Sprintf("Credential=id-%d/", i+1); !strings.Contains(h.Get("Authorization"), id) {
			t.Errorf("%q does not hold %q", h.Get("Authorization"), id)
		}
		if got := h.Get("X-Amz-Security-Token"); got != fmt.Sprint("token-", i+1) {
			t.Errorf("token %q", got)
		}
	}
}

// A connection carries one object at a time, whatever the server could do.
func TestHotProtocol(t *testing.T) {
	clearEnv(t)
	var protocols []string
	server := httptest.NewUnstartedServer(&fake{echoChecksum: true, answer: func(_ http.ResponseWriter, r *http.Request) bool {
		protocols = append(protocols, r.Method+" "+r.Proto)
		return false
	}})
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	t.Setenv("AWS_CA_BUNDLE", writeBundle(t, server))
	s := connect(t, Options{Endpoint: server.URL})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "k", "x", overwrite)
	if want := []string{"HEAD HTTP/2.0", "PUT HTTP/1.1"}; !slices.Equal(protocols, want) {
		t.Errorf("%q, want %q", protocols, want)
	}
}

// A flight that a connection may still hold must not start again.
func TestFlights(t *testing.T) {
	f := newFlight()
	f.request(t.Context(), []byte("data"))
	if again, err := f.base.GetBody(); err != nil {
		t.Error(err)
	} else if data, err := io.ReadAll(again); err != nil || string(data) != "data" {
		t.Errorf("%q, %v", data, err)
	}
	f.begun.Add(2)
	f.done.Add(1)
	if f.landed() {
		t.Error("landed though one of two connections has not finished")
	}
	f.done.Add(1)
	if !f.landed() {
		t.Error("not landed")
	}
}

// An object that the hot path cannot take is the SDK's.
func TestLargeObjectsAreTheSDKs(t *testing.T) {
	seen, endpoint := recorder(t)
	s := connect(t, Options{Endpoint: endpoint})
	for i, size := range []int{small, small + 1} {
		mustPut(t, s, "k", string(make([]byte, size)), overwrite)
		if byUs := (*seen)[i].UserAgent() == userAgent; byUs != (size == small) {
			t.Errorf("%d bytes sent by %q", size, (*seen)[i].UserAgent())
		}
	}
}

func writeBundle(t *testing.T, server *httptest.Server) string {
	t.Helper()
	path := t.TempDir() + "/ca.pem"
	text := "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(server.Certificate().Raw) + "\n-----END CERTIFICATE-----\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
