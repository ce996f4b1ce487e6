package buckettest

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A GCS is a running emulator of Google Cloud Storage, fake-gcs-server, that
// keeps objects in memory and asks for no credentials. Before it stands what it
// lacks: resumable uploads as Google does them.
type GCS struct {
	// Endpoint is its URL.
	Endpoint string

	sessions *sessions
}

// Unfinished is how many sessions of resumable uploads have made no object yet.
func (g *GCS) Unfinished() int { return g.sessions.unfinished() }

// Expire forgets all sessions, as Google does a week after they began.
func (g *GCS) Expire() {
	g.sessions.mu.Lock()
	defer g.sessions.mu.Unlock()
	clear(g.sessions.open)
}

// GCSServer starts an emulator that lives as long as the test. The binary is the
// one that MEDIALIFT_TEST_FAKEGCS names, or the one that tools/fakegcs.sh has
// built. Without one the test is skipped, or failed where CI is "true".
func GCSServer(t testing.TB) *GCS {
	t.Helper()
	binary := emulator(t, "MEDIALIFT_TEST_FAKEGCS", "tools/fakegcs.sh", "fake-gcs-server-v*[0-9]")
	for range 5 { // the port may be taken between looking and using it
		if g := new(GCS); g.start(t, binary) {
			return g
		}
	}
	t.Fatalf("%s does not start", binary)
	return nil
}

func (g *GCS) start(t testing.TB, binary string) bool {
	t.Helper()
	addr := freeAddr(t)
	emulator := &url.URL{Scheme: "http", Host: addr}
	// A bucket of its own tells our server from one that took the port.
	data, own := t.TempDir(), "own-"+strings.ToLower(rand.Text())
	if err := os.Mkdir(filepath.Join(data, own), 0o777); err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(binary, "-scheme", "http", "-host", host, "-port", port, "-backend", "memory",
		"-data", data, "-external-url", emulator.String(), "-public-host", addr, "-log-level", "error")
	cmd.Dir = data
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + data, "TMPDIR=" + t.TempDir()}
	if !serve(t, cmd, func(client *http.Client) (*http.Response, error) {
		return client.Get(emulator.String() + "/storage/v1/b/" + own)
	}) {
		return false
	}
	g.sessions = newSessions(emulator)
	front := httptest.NewServer(g.sessions)
	t.Cleanup(front.Close)
	g.Endpoint = front.URL
	return true
}

// CreateBucket makes an empty bucket.
func (g *GCS) CreateBucket(t testing.TB, name string) {
	t.Helper()
	response, err := http.Post(g.Endpoint+"/storage/v1/b?project=test", "application/json", strings.NewReader(`{"name":"`+name+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("making bucket %q: %s", name, response.Status)
	}
}

// Environ returns the variables, as NAME=value, that make Google's SDKs use this
// server and nothing else.
func (g *GCS) Environ() []string { return environ(g.variables()) }

// Setenv sets the variables of Environ for the rest of the test.
func (g *GCS) Setenv(t *testing.T) {
	t.Helper()
	setenv(t, g.variables())
}

func (g *GCS) variables() map[string]string {
	return map[string]string{"STORAGE_EMULATOR_HOST": g.Endpoint, "GOOGLE_APPLICATION_CREDENTIALS": ""}
}
