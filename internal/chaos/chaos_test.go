package chaos

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var (
	trialsFlag  = flag.Int("trials", 0, "how many trials; 0 for a few, as part of all tests")
	seedFlag    = flag.Uint64("seed", 0, "the seed of the first trial, the next one's is the next number; 0 draws one")
	forFlag     = flag.Duration("for", 0, "begin no trial after this time; 0 is no end")
	journeyFlag = flag.String("journey", "", "only journeys whose name holds this")
	binaryFlag  = flag.String("binary", "", "the medialift to disturb; empty builds it")
)

// A tally is what happened in all trials.
type tally struct {
	trials, reruns, failed int
	vain                   int // uploads without parts that are left
	temporary              int // files of killed processes
	injected, phases       map[string]int
	began                  time.Time
	reports                []string // of trials with differences
}

// TestChaos disturbs journeys until all trials are done or the time is up.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("kills, resets and crashes for half a minute: not in short mode")
	}
	all := chosen(journeys(), *journeyFlag)
	if len(all) == 0 {
		t.Fatalf("no journey is called %q", *journeyFlag)
	}
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	trials, most := *trialsFlag, *forFlag
	if trials == 0 {
		trials, most = 4, 15*time.Second
	}
	w := newWorld(t)
	sum := tally{injected: map[string]int{}, phases: map[string]int{}, began: time.Now()}
	references := map[string]*reference{}
	n := 0
	for range trials {
		if most > 0 && time.Since(sum.began) > most {
			t.Logf("the time is up")
			break
		}
		random := rand.New(rand.NewPCG(seed, 0))
		j := all[rand.New(rand.NewPCG(seed, 1)).IntN(len(all))]
		if references[j.name] == nil {
			n++
			if references[j.name] = w.undisturbed(t, n, j); references[j.name] == nil {
				return
			}
		}
		n++
		began := time.Now()
		tr := w.newTrial(t, n, j, references[j.name], random)
		tr.travel()
		sum.add(tr, seed)
		t.Logf("trial %d of %d, seed %d: %s: %d runs more, %d differences, %v", sum.trials, trials, seed, j.name, tr.reruns, len(tr.findings), time.Since(began).Round(100*time.Millisecond))
		if len(tr.findings) > 0 {
			t.Logf("the first difference: %.500s", tr.findings[0])
		}
		seed++
		tr.clear()
		if sum.failed >= 8 {
			break // that is enough to look at
		}
	}
	sum.print(t)
}

// undisturbed makes the reference of a journey; nil if that fails.
func (w *world) undisturbed(t *testing.T, n int, j journey) *reference {
	t.Helper()
	began := time.Now()
	tr := w.newTrial(t, n, j, nil, rand.New(rand.NewPCG(0, 0)))
	tr.travel()
	tr.clear()
	if len(tr.findings) > 0 {
		t.Errorf("%s, undisturbed:\n%s", j.name, strings.Join(tr.findings, "\n"))
		return nil
	}
	t.Logf("%s, undisturbed: %v; %d objects, %v", j.name, time.Since(began).Round(100*time.Millisecond), len(tr.expected.objects), tr.steps)
	return tr.expected
}

// report says what befell a trial and, last, what is wrong with it: of a long output
// often only the end is kept.
func (tr *trial) report(seed uint64) string {
	const shown = 12
	list := tr.findings
	if len(list) > shown {
		list = append(list[:shown:shown], fmt.Sprintf("and %d more", len(tr.findings)-shown))
	}
	return fmt.Sprintf("seed %d, %s, after:\n  %s\nonce more: make chaos TRIALS=1 SEED=%d JOURNEY=%q\ndifferences:\n  %s",
		seed, tr.journey.name, strings.Join(tr.said, "\n  "), seed, tr.journey.name, strings.Join(list, "\n  "))
}

func (s *tally) add(tr *trial, seed uint64) {
	s.trials++
	s.reruns += tr.reruns
	s.vain += tr.vain
	s.temporary += tr.temporary
	if len(tr.findings) > 0 {
		s.failed++
		s.reports = append(s.reports, tr.report(seed))
	}
	for _, m := range []struct{ to, from map[string]int }{{s.injected, tr.injected}, {s.phases, tr.phases}} {
		for what, n := range m.from {
			m.to[what] += n
		}
	}
}

func (s *tally) print(t *testing.T) {
	t.Helper()
	total := 0
	for n := range maps.Values(s.injected) {
		total += n
	}
	t.Logf("%d trials in %v, %d faults injected, %d runs more, %d trials with differences", s.trials, time.Since(s.began).Round(time.Second), total, s.reruns, s.failed)
	t.Logf("faults: %s", listed(s.injected))
	t.Logf("kills, by what was written last: %s", listed(s.phases))
	t.Logf("left by kills: %d uploads in parts that have none yet, %d temporary files", s.vain, s.temporary)
	for _, report := range s.reports {
		t.Error(report)
	}
}

func listed(counts map[string]int) string {
	var parts []string
	for _, what := range sortedKeys(counts) {
		parts = append(parts, fmt.Sprintf("%s %d", what, counts[what]))
	}
	return strings.Join(parts, ", ")
}
