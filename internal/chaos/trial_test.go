package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/internal/mongotest"
)

// mostRuns is how often a command is run before it must be done.
const mostRuns = 20

// A trial is one journey with all that befell it.
type trial struct {
	*world
	t        testing.TB
	journey  journey
	expected *reference // nil: this trial makes it
	random   *rand.Rand

	bucket, db, state string
	lastRun           string
	along             []mongotest.Dump
	steps             []measure // what the steps took, in the undisturbed trial
	injected          map[string]int
	phases            map[string]int
	reruns            int
	vain              int // uploads in parts that were begun and are not known
	temporary         int // files that kills have left
	findings          []string
	said              []string // what befell each run
	dbA, dbB          *mongo.Database
}

func (tr *trial) count(what string) { tr.injected[what]++ }
func (tr *trial) phase(what string) { tr.phases[what]++ }
func (tr *trial) find(format string, args ...any) {
	tr.findings = append(tr.findings, fmt.Sprintf(format, args...))
}

// newTrial makes the n-th trial's place: an empty bucket, a fresh database B and
// state folder, and A as it was.
func (w *world) newTrial(t testing.TB, n int, j journey, expected *reference, random *rand.Rand) *trial {
	t.Helper()
	tr := &trial{
		world: w, t: t, journey: j, expected: expected, random: random, injected: map[string]int{}, phases: map[string]int{},
		bucket: fmt.Sprintf("chaos-%06d", n), db: fmt.Sprintf("b-%06d", n), state: filepath.Join(w.dir, fmt.Sprintf("state-%06d", n)),
	}
	w.s3.CreateBucket(t, tr.bucket)
	tr.connect()
	if w.dirtyA {
		w.a.restored(t, sourceName, w.source)
	}
	w.dirtyA = j.changesA
	for _, target := range w.target {
		if target.name == j.target {
			w.b.restored(t, tr.db, target.dump)
		}
	}
	return tr
}

// connect opens the databases anew, past the wires: their servers may have moved.
func (tr *trial) connect() {
	tr.dbA, tr.dbB = tr.a.database(sourceName), tr.b.database(tr.db)
}

// clear removes what the trial has made.
func (tr *trial) clear() {
	if err := tr.dbB.Drop(context.Background()); err != nil {
		tr.t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(tr.s3.Dir, tr.bucket), tr.state} {
		if err := os.RemoveAll(dir); err != nil {
			tr.t.Logf("removing a trial: %v", err) // the server may still write to it
		}
	}
}

// expire makes all leases those of dead processes.
func (tr *trial) expire() {
	past := bson.D{{Key: "$set", Value: bson.D{{Key: "expires", Value: bson.DateTime(0)}}}}
	for _, c := range []*mongo.Collection{
		tr.a.database(sourceName).Collection("medialift.locks"), tr.b.database(tr.db).Collection("medialift.imports"), tr.b.database(tr.db).Collection("medialift.locks"),
	} {
		if n, err := c.CountDocuments(context.Background(), bson.D{}); err != nil || n == 0 {
			continue // also where the server is down
		}
		if _, err := c.UpdateMany(context.Background(), bson.D{}, past); err != nil {
			tr.t.Logf("expiring leases: %v", err)
		}
	}
}

// sweep begins an import of somebody else's into B, who gives it up.
func (tr *trial) sweep() {
	ctx := context.Background()
	d, err := mongostore.Open(ctx, tr.b.server.URI, tr.db, mongostore.Options{})
	if err != nil {
		return // the server is down
	}
	defer func() { _ = d.Close() }()
	other := d.New("another's", mongostore.NewOptions{CreateDatabase: true})
	if err := errors.Join(other.Begin(ctx, dataset.Manifest{Doc: tr.plain}), other.Close()); err != nil {
		tr.t.Logf("an import of another's: %v", err)
	}
}

// travel goes the journey to its end, or to the first finding.
func (tr *trial) travel() {
	for i, s := range tr.journey.steps {
		if s.before != nil {
			s.before(tr)
		}
		if tr.expected == nil {
			tr.measured(s)
			tr.along = append(tr.along, tr.canon().of(tr.takeA()))
		} else {
			tr.disturbed(i, s)
		}
		if len(tr.findings) > 0 {
			return
		}
		tr.again(s)
	}
	tr.arrived()
}

// measured runs a step undisturbed, and measures it.
func (tr *trial) measured(s step) {
	o := tr.run(tr.fill(s.args), disturbance{})
	if o.code != 0 {
		tr.find("undisturbed, %q ends with exit code %d: %s", s.args, o.code, o.stderr)
	}
	tr.findings = append(tr.findings, o.findings...)
	tr.lastRun = o.doc.Run
	tr.steps = append(tr.steps, measure{o.span, o.seen})
}

// disturbed runs a step until it is done.
func (tr *trial) disturbed(i int, s step) {
	run := ""
	defer func() { tr.lastRun = run }()
	rough := 1 + tr.random.IntN(4) // the runs that are disturbed
	if tr.random.IntN(8) == 0 {
		rough = mostRuns / 2
	}
	for n := range mostRuns {
		var d disturbance
		if n < rough && !s.quiet {
			d = draw(tr.random, tr.expected.steps[i])
		}
		o := tr.run(tr.fill(s.args), d)
		tr.said = append(tr.said, fmt.Sprintf("%s → exit code %d (%v)", d, o.code, o.span.Round(time.Millisecond)))
		if o.doc.Run != "" {
			run = o.doc.Run
		}
		tr.connect()
		done := o.code == 0 || o.code == 4 && n > 0 && s.taken != "" && tr.lists(s.taken)
		if !done || o.code == 0 {
			tr.findings = append(tr.findings, o.findings...)
		}
		tr.between()
		if len(tr.findings) > 0 {
			if o.stderr != "" {
				tr.find("its stderr: %s", o.stderr)
			}
			return
		}
		if done {
			return
		}
		tr.reruns++
	}
	tr.find("not done after %d runs", mostRuns)
}

// again runs a finished step once more: nothing is sent and nothing changes.
func (tr *trial) again(s step) {
	if !s.again {
		return
	}
	a, b := filled(tr.takeA()), filled(tr.takeB())
	o := tr.run(tr.fill(s.args), disturbance{})
	tr.findings = append(tr.findings, o.findings...)
	if o.code != 0 || o.doc.Counts.Objects != 0 || o.doc.Counts.Bytes != 0 {
		tr.find("once more: exit code %d, %+v: %s", o.code, o.doc.Counts, o.stderr)
	}
	tr.findings = append(tr.findings, differences("A, once more", a, filled(tr.takeA()))...)
	tr.findings = append(tr.findings, differences("B, once more", b, filled(tr.takeB()))...)
}

// lists tells whether B has a dataset of that name.
func (tr *trial) lists(name string) bool {
	n, err := tr.dbB.Collection("datasets").CountDocuments(context.Background(), bson.D{{Key: "name", Value: name}})
	return err == nil && n == 1
}

// filled is a dump without the collections for records of ours that hold none: whether
// one is dropped or left empty makes no difference.
func filled(d mongotest.Dump) mongotest.Dump {
	for name, c := range d {
		if strings.HasPrefix(name, "medialift") && len(c.Docs) == 0 {
			delete(d, name)
		}
	}
	return d
}
