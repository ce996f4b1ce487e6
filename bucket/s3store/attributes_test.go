package s3store

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// What objects are to be written with goes along, signed, on each of the ways
// that an object can take.
func TestAttributes(t *testing.T) {
	clearEnv(t)
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // an answer before that may reset the connection
		seen = append(seen, r)
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodPost {
			_, _ = w.Write([]byte("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"))
		}
	}))
	defer server.Close()
	want := map[string]string{
		"X-Amz-Storage-Class": "STANDARD_IA", "X-Amz-Acl": "bucket-owner-full-control",
		"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "arn:aws:kms:eu-west-1:1:key/2",
	}
	s := connect(t, Options{Endpoint: server.URL, Attributes: bucket.Attributes{
		StorageClass: "STANDARD_IA", ACL: "bucket-owner-full-control", Encryption: "aws:kms", KMSKey: "arn:aws:kms:eu-west-1:1:key/2",
	}})
	mustPut(t, s, "small", "x", overwrite)
	mustPut(t, s, "large", strings.Repeat("x", small+1), overwrite)
	if _, err := s.Start(t.Context(), "parts", buckettest.Source([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	for _, r := range seen {
		if r.Method != http.MethodPut && r.Method != http.MethodPost {
			continue
		}
		for name, value := range want {
			if r.Header.Get(name) != value || !strings.Contains(r.Header.Get("Authorization"), strings.ToLower(name)) {
				t.Errorf("%s %s: %s is %q, signed as %s", r.Method, r.URL, name, r.Header.Get(name), r.Header.Get("Authorization"))
			}
		}
	}
	if len(seen) < 3 {
		t.Errorf("%d requests", len(seen))
	}
}
