package buckettest

import (
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// An S3 is a running S3 server, versitygw, that keeps objects as files.
type S3 struct {
	// Endpoint is its URL.
	Endpoint string
	// AccessKey and SecretKey are its only credentials.
	AccessKey, SecretKey string
	// Dir holds a directory for each bucket.
	Dir string
}

// S3Server starts an S3 server that lives as long as the test. The binary is
// the one that MEDIALIFT_TEST_VERSITYGW names, or the one that tools/versitygw.sh
// has built. Without one the test is skipped, or failed where CI is "true".
func S3Server(t testing.TB) *S3 {
	t.Helper()
	binary := emulator(t, "MEDIALIFT_TEST_VERSITYGW", "tools/versitygw.sh", "versitygw-v*[0-9]")
	s := &S3{AccessKey: "medialift", SecretKey: "medialift-" + rand.Text(), Dir: t.TempDir()}
	for range 5 { // the port may be taken between looking and using it
		if s.start(t, binary) {
			return s
		}
	}
	t.Fatalf("%s does not start", binary)
	return nil
}

// start tells whether the server came up.
func (s *S3) start(t testing.TB, binary string) bool {
	t.Helper()
	addr := freeAddr(t)
	// A path of its own tells our server from one that took the port.
	health := "/health-" + rand.Text()
	s.Endpoint = "http://" + addr
	cmd := exec.Command(binary, "--access", s.AccessKey, "--secret", s.SecretKey,
		"--port", addr, "--health", health, "--quiet", "--keep-alive", "posix", s.Dir)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Dir, "TMPDIR=" + t.TempDir()}
	return serve(t, cmd, func(client *http.Client) (*http.Response, error) { return client.Get(s.Endpoint + health) })
}

// CreateBucket makes an empty bucket.
func (s *S3) CreateBucket(t testing.TB, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.Dir, name), 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
}

// Path is the file that holds the object at key.
func (s *S3) Path(bucket, key string) string {
	return filepath.Join(s.Dir, bucket, filepath.FromSlash(key))
}

// Environ returns the variables, as NAME=value, that make the AWS SDKs use this
// server and nothing else.
func (s *S3) Environ() []string {
	return environ(s.variables())
}

// Setenv sets the variables of Environ for the rest of the test.
func (s *S3) Setenv(t *testing.T) {
	t.Helper()
	setenv(t, s.variables())
}

func (s *S3) variables() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID":           s.AccessKey,
		"AWS_SECRET_ACCESS_KEY":       s.SecretKey,
		"AWS_SESSION_TOKEN":           "",
		"AWS_PROFILE":                 "",
		"AWS_REGION":                  "us-east-1",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_ENDPOINT_URL_S3":         s.Endpoint,
	}
}
