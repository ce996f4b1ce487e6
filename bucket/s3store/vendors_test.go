package s3store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// Google's XML API changes Accept-Encoding, so that it must not be signed.
func TestAcceptEncodingIsNotSigned(t *testing.T) {
	f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("Authorization"), "accept-encoding") {
			return false
		}
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch")
		return true
	}}
	s := f.start(t)
	works(t, s)
}

// works does with a store what upload does.
func works(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Check(t.Context()); err != nil {
		t.Fatalf("Check: %v", err)
	}
	for _, size := range []int{3, continueAt, small + 1} {
		key := fmt.Sprint("p/", size)
		mustPut(t, s, key, strings.Repeat("x", size), bucket.Condition{})
		if obj, err := s.Stat(t.Context(), key); err != nil || obj.Size != int64(size) {
			t.Errorf("Stat %s: %+v, %v", key, obj, err)
		}
	}
	n := 0
	for _, err := range s.List(t.Context(), "p/") {
		if err != nil {
			t.Errorf("List: %v", err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("List gave %d objects of 3", n)
	}
}

// dialed has a store find every host at one address.
func dialed(s *Store, server *httptest.Server) {
	c, ok := s.client.Options().HTTPClient.(*client)
	if !ok {
		panic("not the store's client")
	}
	*c = *newClient(c.from.WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}
	}))
}

// Some endpoints take virtual addresses alone. That is known, learnt or said.
func TestAddressing(t *testing.T) {
	clearEnv(t)
	for _, c := range []struct {
		endpoint   string
		addressing Addressing
		only       bool // virtual addresses
		asked      string
		fails      bool
	}{
		{"http://oss-cn-hangzhou.aliyuncs.com", Auto, true, "bkt.oss-cn-hangzhou.aliyuncs.com", false},
		{"http://oss.example.com", Auto, true, "bkt.oss.example.com", false},
		{"http://oss.example.com", Virtual, true, "bkt.oss.example.com", false},
		{"http://oss.example.com", Path, true, "", true},
		{"http://minio.example.com", Auto, false, "minio.example.com", false},
		{"http://minio.example.com", Virtual, false, "bkt.minio.example.com", false},
		{"http://s3.eu-west-3.amazonaws.com", Auto, false, "bkt.s3.eu-west-3.amazonaws.com", false},
		{"http://s3.eu-west-3.amazonaws.com", Path, false, "s3.eu-west-3.amazonaws.com", false},
		{"http://127.0.0.1", Auto, true, "", true},
	} {
		f := &fake{echoChecksum: true}
		var hosts []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			virtual := strings.HasPrefix(r.Host, "bkt.")
			if c.only && !virtual {
				refuse(w, http.StatusForbidden, "SecondLevelDomainForbidden")
				return
			}
			hosts = append(hosts, r.Host)
			if virtual {
				r.URL.Path = "/bkt" + r.URL.Path
			}
			f.ServeHTTP(w, r)
		}))
		s := connect(t, Options{Endpoint: c.endpoint, Addressing: c.addressing})
		dialed(s, server)
		if c.fails {
			view, err := bucket.Examine(t.Context(), bucket.Location{Store: s, Prefix: "p"}, nil)
			if err == nil || errors.Is(err, bucket.ErrDenied) || !strings.Contains(err.Error(), "--addressing virtual") {
				t.Errorf("%s, %s: %+v, %v", c.endpoint, c.addressing, view, err)
			}
		} else {
			works(t, s)
		}
		slices.Sort(hosts)
		if hosts = slices.Compact(hosts); !c.fails && !slices.Equal(hosts, []string{c.asked}) {
			t.Errorf("%s, %q: asked %q, want %s", c.endpoint, c.addressing, hosts, c.asked)
		}
		server.Close()
	}
}

// A bucket with Object Lock may want a Content-MD5 besides the checksum.
func TestObjectLockWantsMD5(t *testing.T) {
	for _, with := range []string{"", "sum"} {
		f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
			given := r.Header.Get("Content-Md5") != "" || with == "sum" && r.Header.Get("X-Amz-Checksum-Crc64nvme") != ""
			if r.Method != http.MethodPut || given {
				return false
			}
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters</Message></Error>")
			return true
		}}
		s := f.start(t)
		works(t, s)
		if s.quirks.get().wantsMD5 == (with == "sum") {
			t.Errorf("%q: Content-MD5 is sent: %v", with, s.quirks.get().wantsMD5)
		}
		// Parts learn it at the same time.
		s = connectTo(t, s)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				if _, err := s.PutPart(t.Context(), "k", "u", n+1, buckettest.Source([]byte("part"))); err != nil {
					t.Errorf("PutPart: %v", err)
				}
			})
		}
		wg.Wait()
	}
}

// Who pays stands in every request.
func TestRequestPayer(t *testing.T) {
	f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
		signed := strings.Contains(r.Header.Get("Authorization"), "x-amz-request-payer")
		if r.Header.Get("X-Amz-Request-Payer") == "requester" && signed {
			return false
		}
		refuse(w, http.StatusForbidden, "AccessDenied")
		return true
	}}
	s := f.start(t)
	if err := s.Check(t.Context()); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("without it: %v", err)
	}
	server := httptest.NewServer(f)
	defer server.Close()
	works(t, connect(t, Options{Endpoint: server.URL, RequestPayer: true}))
}

// An endpoint that refuses to be asked beforehand is not asked again.
func TestExpectIsRefused(t *testing.T) {
	refused := 0
	f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Expect") == "" {
			return false
		}
		refused++
		w.WriteHeader(http.StatusExpectationFailed)
		return true
	}}
	s := f.start(t)
	works(t, s)
	if _, err := s.PutPart(t.Context(), "k", "u", 1, buckettest.Source(make([]byte, continueAt))); err != nil {
		t.Errorf("PutPart: %v", err)
	}
	if refused != 1 {
		t.Errorf("asked %d times", refused)
	}
}

// The older list goes on behind the last key.
func TestOlderList(t *testing.T) {
	for _, refuses := range []bool{true, false} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			q := r.URL.Query()
			if operation(r) != "ListObjectsV2" {
				return false
			}
			if q.Get("list-type") == "2" && refuses {
				refuse(w, http.StatusNotImplemented, "NotImplemented")
				return true
			}
			first, more := 1, true
			if q.Get("marker") == "p/a b2" {
				first, more = 3, false
			}
			fmt.Fprintf(w, "<ListBucketResult><Name>bkt</Name><Prefix>p/</Prefix><EncodingType>url</EncodingType><IsTruncated>%v</IsTruncated>", more)
			for n := range 2 {
				fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>1</Size></Contents>", url.QueryEscape(fmt.Sprint("p/a b", first+n)))
			}
			fmt.Fprint(w, "</ListBucketResult>")
			return true
		}}
		s := f.start(t)
		for range 2 {
			var keys []string
			for obj, err := range s.List(t.Context(), "p/") {
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, obj.Key)
			}
			if want := []string{"p/a b1", "p/a b2", "p/a b3", "p/a b4"}; !slices.Equal(keys, want) {
				t.Errorf("%q, want %q", keys, want)
			}
		}
	}
}

// The region may stand in a header, in the text of an error, or with a redirection.
func TestRegionIsLearnt(t *testing.T) {
	for name, refusal := range map[string]func(w http.ResponseWriter, r *http.Request){
		"header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "garage")
			w.WriteHeader(http.StatusBadRequest)
		},
		"text": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			if r.Method != http.MethodHead {
				fmt.Fprint(w, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'garage'</Message></Error>")
			}
		},
		"redirection": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amz-Bucket-Region", "garage")
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.Header.Get("Authorization"), "/garage/s3/") {
					return false
				}
				refusal(w, r)
				return true
			}}
			works(t, f.start(t))
		})
	}
}

// A CRC32 under the name of a CRC64NVME is none: the MD5 confirms.
func TestShortChecksums(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Amz-Checksum-Crc64nvme", "AAAAAA==")
		return false
	}}
	s := f.start(t)
	for _, size := range []int{3, small + 1} {
		data := make([]byte, size)
		obj, err := s.Put(t.Context(), fmt.Sprint(size), buckettest.Source(data), bucket.Condition{})
		if err != nil || !obj.Confirmed {
			t.Errorf("%+v, %v", obj, err)
		}
		if obj, err = s.Stat(t.Context(), fmt.Sprint(size)); err != nil || len(obj.Checksums) > 0 {
			t.Errorf("%+v, %v", obj, err)
		}
	}
	if p, err := s.PutPart(t.Context(), "k", "u", 1, buckettest.Source([]byte("part"))); err != nil || p.Checksums[bucket.MD5] == "" {
		t.Errorf("%+v, %v", p, err)
	}
}

// Keys from files end in a newline.
func TestKeysWithNewline(t *testing.T) {
	clearEnv(t)
	f := &fake{echoChecksum: true, answer: func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.Header.Get("Authorization"), "Credential=id/") && r.Header.Get("X-Amz-Security-Token") == "token" {
			return false
		}
		refuse(w, http.StatusForbidden, "InvalidAccessKeyId")
		return true
	}}
	server := httptest.NewServer(f)
	defer server.Close()
	s, err := New(t.Context(), "bkt", Options{Endpoint: server.URL, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id\n", SecretAccessKey: "secret\r\n", SessionToken: "token\n"}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	works(t, s)
}

// A quota is no matter of credentials, whatever the status.
func TestQuota(t *testing.T) {
	for code, status := range map[string]int{"QuotaExceeded": 403, "XMinioAdminBucketQuotaExceeded": 400, "": 507} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut {
				refuse(w, status, code)
			}
			return r.Method == http.MethodPut
		}}
		err := putFails(t, f.start(t), "k", "x", overwrite, bucket.ErrQuota)
		only(t, err, bucket.ErrQuota)
		if errors.Is(err, bucket.ErrDenied) {
			t.Error(err)
		}
	}
}

// Credentials that are wrong are told from those that may do little.
func TestWrongSecret(t *testing.T) {
	for _, code := range []string{"SignatureDoesNotMatch", "InvalidAccessKeyId"} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusForbidden)
			} else {
				refuse(w, http.StatusForbidden, code)
			}
			return true
		}}
		_, err := bucket.Examine(t.Context(), bucket.Location{Store: f.start(t), Prefix: "p"}, nil)
		if !errors.Is(err, bucket.ErrIdentity) || !strings.Contains(err.Error(), code) {
			t.Error(err)
		}
	}
}
