package chaos

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/internal/mongotest"
)

var sequencesFlag = flag.Int("sequences", 0, "how many sequences of commands; 0 for a few, as part of all tests")

// A sequence is a random row of commands, some of them killed, over three datasets
// that share targets, with other clients between them. After each step its laws hold:
// see check.
type sequence struct {
	*trial
	datasets map[string]*known // by place and name: "A/one", "dir/three"
	pruned   bool              // ledgers are gone, so verify knows less
	made     int               // datasets made so far
	exports  string            // directory of export directories
	tally    map[string]int
}

// TestSequences runs random sequences and checks the laws after every step.
func TestSequences(t *testing.T) {
	if testing.Short() {
		t.Skip("runs and kills hundreds of commands: not in short mode")
	}
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	count, most := *sequencesFlag, *forFlag
	if count == 0 {
		count, most = 10, 0
	}
	w := newServers(t)
	sum, broken, done, began := map[string]int{}, []string{}, 0, time.Now()
	for n := range count {
		if most > 0 && time.Since(began) > most {
			t.Logf("the time is up")
			break
		}
		q := w.newSequence(t, n+1, rand.New(rand.NewPCG(seed, 2)))
		q.walk(8 + q.random.IntN(10))
		done++
		for what, n := range q.tally {
			sum[what] += n
		}
		if len(q.findings) > 0 {
			broken = append(broken, fmt.Sprintf("seed %d, after:\n  %s\nonce more: make chaos TRIALS=1 SEQUENCES=1 SEED=%d\nlaws that are broken:\n  %s",
				seed, strings.Join(q.said, "\n  "), seed, strings.Join(q.findings, "\n  ")))
		}
		seed++
		q.clear()
		if len(broken) >= 8 {
			break // that is enough to look at
		}
	}
	t.Logf("%d sequences in %v, %d steps, %d of them killed, %d laws checked, %d sequences that broke one",
		done, time.Since(began).Round(time.Second), sum["steps"], sum["killed"], sum["laws"], len(broken))
	delete(sum, "laws")
	t.Logf("steps: %s", listed(sum))
	for _, report := range broken { // last, since often only the end of an output is kept
		t.Error(report)
	}
}

// newSequence makes the place of a sequence: three datasets, an empty bucket and an
// empty database B.
func (w *world) newSequence(t testing.TB, n int, random *rand.Rand) *sequence {
	t.Helper()
	w.source, w.target = startOfA(), []target{{"current", mongotest.Dump{"config": configOf("1.22.1")}}}
	w.dirtyA = true
	tr := w.newTrial(t, n, journey{changesA: true, target: "current"}, nil, random)
	q := &sequence{trial: tr, datasets: map[string]*known{}, tally: map[string]int{}, exports: filepath.Join(w.dir, fmt.Sprintf("exports-%06d", n))}
	q.lay("one", false)
	q.lay("two", false)
	q.lay("three", true)
	w.a.sync(t)
	q.meet(q.holdings())
	return q
}

// clear removes what the sequence has made.
func (q *sequence) clear() {
	q.trial.clear()
	if err := os.RemoveAll(q.exports); err != nil {
		q.t.Fatal(err)
	}
}

// walk takes steps until a law is broken.
func (q *sequence) walk(steps int) {
	all := q.steps()
	weights := 0
	for _, s := range all {
		weights += s.weight
	}
	for range steps {
		drawn := q.random.IntN(weights)
		for _, s := range all {
			if drawn -= s.weight; drawn < 0 {
				q.tally["steps"]++
				q.tally[s.name]++
				s.do()
				break
			}
		}
		q.check()
		q.vouched()
		if len(q.findings) > 0 {
			return
		}
	}
}

// A sequence that breaks a law is noticed: what others may not do between two steps is
// done, and check or verify must find it.
func TestSequencesNotice(t *testing.T) {
	if testing.Short() {
		t.Skip("needs servers: not in short mode")
	}
	w := newServers(t)
	n := 1000
	for _, plant := range plants() {
		n++
		q := w.newSequence(t, n, rand.New(rand.NewPCG(uint64(n), 2)))
		for _, key := range []string{"A/one", "dir/three"} {
			if o := q.command(q.upload(key, "x-"+filepath.Base(key), "--update-filepaths")); o.code != 0 {
				t.Fatalf("upload of %s: exit code %d: %s", key, o.code, o.stderr)
			}
		}
		q.check()
		q.vouched(sortedKeys(q.datasets)...)
		if len(q.findings) > 0 {
			t.Fatalf("nothing was planted: %s", strings.Join(q.findings, "\n"))
		}
		plant.do(q)
		q.check()
		if all := strings.Join(q.findings, "\n"); !strings.Contains(all, plant.says) {
			t.Errorf("%s is not noticed:\n%s", plant.what, all)
		}
		q.clear()
	}
}

// keys are the names of the datasets that are there and of which is is true.
func (q *sequence) keys(is func(key string) bool) (some []string) {
	for _, key := range sortedKeys(q.datasets) {
		if is(key) {
			some = append(some, key)
		}
	}
	return some
}
