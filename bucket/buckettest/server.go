package buckettest

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// freeAddr is an address on this machine that nobody listens on just now.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// emulator finds the server that the variable names, or else the newest that
// the script in tools/ has left in the cache. Without one the test is skipped,
// or failed where CI is "true".
func emulator(t testing.TB, variable, script, cached string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		binary, err := exec.LookPath(path)
		if err != nil {
			t.Fatalf("%s: %v", variable, err)
		}
		return binary
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	found, err := filepath.Glob(filepath.Join(cache, "medialift", cached))
	if err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no server to test with: %s is not set, and %s has left none in the cache", variable, script)
	}
	t.Skipf("no server to test with (%s fetches one)", script)
	return ""
}

// serve starts a server that lives as long as the test, and tells whether it
// came up: whether what ready asks of it is answered with a success.
func serve(t testing.TB, cmd *exec.Cmd, ready func(*http.Client) (*http.Response, error)) bool {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed, as a rule
		close(ended)
	}()
	stop := func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		<-ended
	}
	if !answers(ready, ended) {
		stop()
		t.Logf("%s: %s", cmd, said.String())
		return false
	}
	t.Cleanup(stop)
	return true
}

func answers(ready func(*http.Client) (*http.Response, error), ended <-chan struct{}) bool {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		if response, err := ready(client); err == nil {
			response.Body.Close()
			if response.StatusCode/100 == 2 {
				return true
			}
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// setenv sets variables for the rest of the test.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// environ lists variables as NAME=value.
func environ(variables map[string]string) []string {
	env := []string{}
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	return env
}
