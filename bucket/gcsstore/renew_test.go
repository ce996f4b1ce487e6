package gcsstore

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// A service account's tokens, which are good for a moment here, are renewed, in
// the middle of a session too.
func TestTokensAreRenewed(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for tokens to expire: not in short mode")
	}
	// How often they are asked for says whether they are renewed. A machine that is busy
	// may be slow to bring a request with one that has expired on the way.
	const lifetime, lenience = 2 * time.Second, 5 * time.Minute
	var mu sync.Mutex
	issued := map[string]time.Time{}
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		token := fmt.Sprintf("token-%d", len(issued))
		issued[token] = time.Now().Add(lifetime)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": %q, "expires_in": %d, "token_type": "Bearer"}`, token, int(lifetime.Seconds()))
	}))
	defer issuer.Close()
	refused := 0
	server := buckettest.GCSServer(t)
	server.CreateBucket(t, "bkt")
	endpoint := front(t, server, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		mu.Lock()
		defer mu.Unlock()
		until, ok := issued[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if ok && time.Now().Before(until.Add(lenience)) {
			return false
		}
		refused++
		refuse(w, http.StatusUnauthorized, "authError", "Invalid Credentials")
		return true
	})
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	s, err := New(t.Context(), "bkt", Options{CredentialsFile: serviceAccount(t, issuer.URL), Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	data := content(9 << 20)
	session, err := s.Begin(t.Context(), "large", buckettest.Source(data), overwrite)
	if err != nil {
		t.Fatal(err)
	}
	done := false
	for i := 0; !done; i++ {
		time.Sleep(600 * time.Millisecond)
		if _, done, err = session.Send(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), fmt.Sprint("small", i), buckettest.Source([]byte("x")), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(issued) < 3 || refused > 0 {
		t.Errorf("%d tokens were issued, %d requests refused", len(issued), refused)
	}
}

// serviceAccount writes a key file of an account whose tokens come from url.
func serviceAccount(t *testing.T, url string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "1", "client_email": "robot@example.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": url,
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
