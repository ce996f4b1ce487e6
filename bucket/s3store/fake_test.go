package s3store

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A fake is an S3 endpoint that misbehaves as told. Its one bucket is "bkt".
type fake struct {
	refuseChecksum string // error code, with status 400 unless it is NotImplemented
	refuseCRC32    bool   // too, and not CRC64NVME alone
	refuseAbsent   string
	refuseMatch    string
	ignoreAbsent   bool
	ignoreMatch    bool
	echoChecksum   bool
	wrongChecksum  bool
	opaqueETag     bool
	damage         bool // store other bytes than were sent
	truncate       bool // send half of an object
	kms            bool
	// answer, if not nil, may answer a request in place of the fake.
	answer func(w http.ResponseWriter, r *http.Request) bool

	mu      sync.Mutex
	objects map[string][]byte
	etags   map[string]string
	log     []string
	headers []http.Header // of each PUT
}

// start serves f and returns a store on it.
func (f *fake) start(t *testing.T) *Store {
	t.Helper()
	clearEnv(t)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return connect(t, Options{Endpoint: server.URL})
}

func connect(t testing.TB, opts Options) *Store {
	t.Helper()
	opts.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
	})
	s, err := New(t.Context(), "bkt", opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clearEnv keeps this machine's own settings out of a test.
func clearEnv(t testing.TB) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := ""
	if len(r.URL.Path) > len("/bkt/") {
		key = r.URL.Path[len("/bkt/"):]
	}
	f.log = append(f.log, r.Method+" "+key)
	if r.Method == http.MethodPut {
		f.headers = append(f.headers, r.Header.Clone())
	}
	if f.answer != nil && f.answer(w, r) {
		return
	}
	data, there := f.objects[key]
	switch {
	case r.Method == http.MethodPut:
		f.put(w, r, key, body, there)
	case r.Method == http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case key == "" && r.Method == http.MethodGet:
		f.list(w, r)
	case key == "":
	case !there:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("ETag", f.etags[key])
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		if f.truncate {
			data = data[:len(data)/2]
		}
		if r.Method == http.MethodGet {
			w.Write(data)
		}
	}
}

// list answers with all that is there, in no pieces.
func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	prefix := r.URL.Query().Get("prefix")
	fmt.Fprintf(w, "<ListBucketResult><Name>bkt</Name><Prefix>%s</Prefix><IsTruncated>false</IsTruncated>", prefix)
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		if strings.HasPrefix(key, prefix) {
			fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>%d</Size></Contents>", key, len(f.objects[key]))
		}
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func (f *fake) put(w http.ResponseWriter, r *http.Request, key string, body []byte, there bool) {
	crc := r.Header.Get("X-Amz-Checksum-Crc64nvme")
	crc32 := r.Header.Get("X-Amz-Checksum-Crc32")
	absent, match := r.Header.Get("If-None-Match"), r.Header.Get("If-Match")
	switch {
	case crc != "" && f.refuseChecksum != "", crc32 != "" && f.refuseCRC32:
		refuse(w, http.StatusBadRequest, f.refuseChecksum)
		return
	case absent != "" && f.refuseAbsent != "":
		refuse(w, http.StatusBadRequest, f.refuseAbsent)
		return
	case match != "" && f.refuseMatch != "":
		refuse(w, http.StatusBadRequest, f.refuseMatch)
		return
	case absent != "" && there && !f.ignoreAbsent, match != "" && match != f.etags[key] && !f.ignoreMatch:
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	if f.damage && len(body) > 0 {
		body[0]++
	}
	sum := md5.Sum(body)
	if f.opaqueETag {
		sum[0]++
	}
	if f.objects == nil {
		f.objects, f.etags = make(map[string][]byte), make(map[string]string)
	}
	f.objects[key], f.etags[key] = body, `"`+hex.EncodeToString(sum[:])+`"`
	w.Header().Set("ETag", f.etags[key])
	if f.kms {
		w.Header().Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "key")
	}
	if f.wrongChecksum {
		crc = "AAAAAAAAAAA="
		if crc32 != "" {
			crc32 = "AAAAAA=="
		}
	}
	if crc32 != "" && f.echoChecksum {
		w.Header().Set("X-Amz-Checksum-Crc32", crc32)
	} else if f.echoChecksum {
		w.Header().Set("X-Amz-Checksum-Crc64nvme", crc)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	if code == "NotImplemented" {
		status = http.StatusNotImplemented
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>the message</Message></Error>", code)
}

// requests returns what was asked since the last time, and forgets it.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log, f.headers = nil, nil
	return log
}

func (f *fake) object(key string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.objects[key])
}
