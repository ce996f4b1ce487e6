package lease

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/internal/mongotest"
)

// Where no majority confirms writes, who waits says so every few seconds, and gives up in
// the end; as soon as one does again, the lease can be taken.
func TestHungMajority(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers: not in short mode")
	}
	t.Parallel() // it waits most of the time
	set := mongotest.StartReplicas(t, 1)
	var mu sync.Mutex
	var said []string
	opts := Options{Patience: 4 * time.Second, Beat: 300 * time.Millisecond, SayEvery: time.Second, Waiting: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, text)
	}}
	table := New(mongotest.Connect(t, set.URI).Database("fiftyone"), opts)
	must := taken(t)
	at := must(table.Dataset(t.Context(), "a", "a"))
	guarded, stop := at.Guard(t.Context())
	defer stop()
	set.Hang(t, true)
	select {
	case <-guarded.Done():
	case <-time.After(2 * time.Minute):
		t.Fatal("a run at work waits for ever")
	}
	if err := at.Err(); !errors.Is(err, ErrUnconfirmed) || !strings.Contains(err.Error(), "majority") {
		t.Errorf("a run at work: %v", err)
	}
	mu.Lock()
	if len(said) < 2 || !strings.Contains(said[len(said)-1], `no majority of replica set "rs"`) {
		t.Errorf("said %q", said)
	}
	said = nil
	mu.Unlock()
	if _, err := table.Migration(t.Context(), Migration{Datasets: []any{"b"}}); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("a run that begins: %v", err)
	}
	mu.Lock()
	if len(said) < 2 {
		t.Errorf("of a run that begins is said %q", said)
	}
	mu.Unlock()
	set.Hang(t, false)
	must(table.Migration(t.Context(), Migration{Datasets: []any{"b"}}))
}
