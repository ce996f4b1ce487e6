package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/medialift/medialift/ledger"
)

// TestClaims: where a file system has no locks, one of two runs on an export hears
// that the other one is at work, and what a killed one left does not last.
func TestClaims(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ledger.ClaimName)
	end, err := ledger.Claim(dir)
	must(t, err)
	if _, err := ledger.Claim(dir); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("of two at once: %v", err)
	}
	must(t, end())
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}

	dead := exec.Command(os.Args[0], "-test.run=^$")
	must(t, dead.Run())
	host, err := os.Hostname()
	must(t, err)
	here, elsewhere := fmt.Sprintf("process %d on %s since then\n", dead.Process.Pid, host), "process 1 on another-machine since then\n"
	for _, tt := range []struct {
		what, owner string
		age         time.Duration
		taken       bool
	}{
		{"another machine's, at work", elsewhere, 30 * time.Second, false},
		{"another machine's, long silent", elsewhere, 2 * time.Minute, true},
		{"a dead process's", here, 30 * time.Second, true},
		{"a dead process's, just renewed", here, 8 * time.Second, true}, // after a moment
		{"a live process's", fmt.Sprintf("process %d on %s since then\n", os.Getpid(), host), 30 * time.Second, false},
		{"nobody's", "", 30 * time.Second, false},
	} {
		must(t, os.WriteFile(path, []byte(tt.owner), 0o600))
		at := time.Now().Add(-tt.age)
		must(t, os.Chtimes(path, at, at))
		end, err := ledger.Claim(dir)
		if taken := err == nil; taken != tt.taken || !taken && !errors.Is(err, ledger.ErrLocked) {
			t.Errorf("%s: %v", tt.what, err)
		}
		if err == nil {
			must(t, end())
		} else if text, err := os.ReadFile(path); err != nil || string(text) != tt.owner {
			t.Errorf("%s: %q, %v: it is to stay", tt.what, text, err)
		}
		_ = os.Remove(path)
	}
}

// TestClaimOfAnother: a run that was taken for dead leaves the other's claim alone.
func TestClaimOfAnother(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ledger.ClaimName)
	end, err := ledger.Claim(dir)
	must(t, err)
	const theirs = "process 1 on another-machine since then\n"
	must(t, os.WriteFile(path, []byte(theirs), 0o600))
	must(t, end())
	if text, err := os.ReadFile(path); err != nil || string(text) != theirs {
		t.Errorf("%q, %v", text, err)
	}
}
