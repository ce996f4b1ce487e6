package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/medialift/medialift/ledger"
)

// A ledger that is open, by whatever call, is not removed; one that is not is, with all
// that was beside it.
func TestOpenLedgerStays(t *testing.T) {
	dir := openDir(t)
	first := begin(t, dir, identity("s3://b/x"))
	second, err := dir.Open(t.Context(), first.Name())
	must(t, err)
	must(t, first.Close())
	if err := dir.Remove(first.Name()); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("of a run that is open: %v", err)
	}
	if name, err := second.Meta(t.Context(), "command"); name == "" || err != nil {
		t.Errorf("what it holds: %q, %v", name, err)
	}
	must(t, second.Close())
	must(t, dir.Remove(first.Name()))
	if left, err := filepath.Glob(filepath.Join(dir.Path(), first.Name()+"*")); len(left) > 0 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A run that begins while its ledger is being removed has a ledger that stays.
func TestBeginWhileRemoved(t *testing.T) {
	dir := openDir(t)
	id := identity("s3://b/x")
	var removing sync.WaitGroup
	stop := make(chan struct{})
	removing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = dir.Remove(id.Run())
			}
		}
	})
	for range 100 {
		r, err := dir.Begin(t.Context(), id)
		if errors.Is(err, ledger.ErrLocked) {
			continue
		}
		must(t, err)
		_, err = os.Stat(filepath.Join(dir.Path(), r.Name()+".ledger"))
		if err != nil {
			t.Errorf("the ledger of a run at work: %v", err)
		}
		must(t, r.Close())
	}
	close(stop)
	removing.Wait()
}
