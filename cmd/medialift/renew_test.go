package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
)

// tokens hands out tokens that are good for a moment, over HTTP.
type tokens struct {
	// form is what an answer looks like, by token and expiry.
	form func(token string, until time.Time) string

	mu     sync.Mutex
	issued map[string]time.Time
}

const (
	lifetime = 2 * time.Second
	// lenience is how long a token is still taken that expired on the way. Whether
	// they are renewed is told by how many were issued.
	lenience = 5 * time.Minute
)

func (s *tokens) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, until := "token-"+strconv.Itoa(len(s.issued)), time.Now().Add(lifetime)
	if s.issued == nil {
		s.issued = map[string]time.Time{}
	}
	s.issued[token] = until
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, s.form(token, until))
}

// good tells whether a token is one of ours and has not expired.
func (s *tokens) good(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.issued[token]
	return ok && time.Now().Before(until.Add(lenience))
}

// outlives uploads for longer than any token is good, and checks that nobody
// noticed.
func (s *tokens) outlives(t *testing.T, target string, env ...string) {
	t.Helper()
	m := newTool(t, env...)
	dir := t.TempDir()
	writeExport(t, dir, 60, "")
	doc := m.run(0, "upload", filepath.Join(dir, "export"), target, "--update-filepaths", "--workers", "2")
	if doc.Counts.Objects != 120 || doc.Counts.Rewritten != 120 {
		t.Errorf("%+v %+v", doc.Counts, doc.Problems)
	}
	if len(s.issued) < 3 {
		t.Errorf("%d tokens were issued", len(s.issued))
	}
}

// The keys of a container or a pod, which its host renews. The server takes no
// session tokens of others, so these keys have none: what counts is that they are
// asked for again.
func TestAWSCredentialsAreRenewed(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for tokens to expire: not in short mode")
	}
	t.Parallel()
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	source := &tokens{form: func(_ string, until time.Time) string {
		return fmt.Sprintf(`{"AccessKeyId": %q, "SecretAccessKey": %q, "Expiration": %q}`,
			s3.AccessKey, s3.SecretKey, until.UTC().Format(time.RFC3339))
	}}
	issuer := httptest.NewServer(source)
	t.Cleanup(issuer.Close)
	env := between(t, s3, slow(100*time.Millisecond))
	source.outlives(t, "s3://media/x", append(env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI="+issuer.URL+"/keys")...)
}

// The identity of an Azure machine, over TLS as the SDK wants it; Azurite is asked
// with a signature of the account's key.
func TestAzureTokensAreRenewed(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for tokens to expire: not in short mode")
	}
	t.Parallel()
	azure := buckettest.AzureServer(t)
	azure.CreateContainer(t, "media")
	source := &tokens{form: func(token string, until time.Time) string {
		return fmt.Sprintf(`{"access_token": %q, "expires_on": "%d", "resource": "https://storage.azure.com", "token_type": "Bearer"}`, token, until.Unix())
	}}
	issuer := httptest.NewServer(source)
	t.Cleanup(issuer.Close)
	target, err := url.Parse(azure.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		r.Out.Header.Del("Authorization")
		r.Out.URL.RawQuery = strings.TrimPrefix(r.Out.URL.RawQuery+"&"+azure.SAS(), "&")
	}}
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || !source.good(token) {
			w.Header().Set("X-Ms-Error-Code", "InvalidAuthenticationInfo")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(roots, text, 0o600); err != nil {
		t.Fatal(err)
	}
	source.outlives(t, "az://media/x", "SSL_CERT_FILE="+roots, // and no empty AZURE_CLIENT_ID, which the SDK takes for one
		"AZURE_STORAGE_ACCOUNT="+azure.Account, "AZURE_STORAGE_ACCOUNT_URL="+front.URL+target.Path,
		"IDENTITY_ENDPOINT="+issuer.URL+"/token", "IDENTITY_HEADER=x")
}
