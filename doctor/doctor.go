// Package doctor finds out whether medialift can work with a target: who it is
// there, whether the bucket answers, whether the clocks agree, and whether a
// small object can be written, is guarded, reads back, and can be deleted.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
)

// A Target is what is examined.
type Target struct {
	// Location is the place where objects would go.
	Location bucket.Location
	// Dir is its absolute path where it is a directory of this machine; the
	// directory need not exist.
	Dir string
}

// Options of an examination.
type Options struct {
	// ReadOnly writes nothing.
	ReadOnly bool
	// Timeout of each request; 0 is 20 seconds. A store that asks to slow down is
	// waited for beyond it, for a minute.
	Timeout time.Duration
}

// A Status says how serious a finding is.
type Status string

// The statuses of a Finding.
const (
	OK      Status = "ok"
	Warning Status = "warning" // works, but not as one would wish, or is not known
	Failed  Status = "failed"
)

// A Finding is what came of one check.
type Finding struct {
	// Check is one word: "identity", "bucket", "clock", "write", …
	Check  string `json:"check"`
	Status Status `json:"status"`
	Text   string `json:"text"`
	// Hint says what to do; empty where all is well.
	Hint string `json:"hint,omitempty"`
}

// tries is how often a step is tried while its failures are temporary.
const tries = 3

// An examiner makes the findings of one target.
type examiner struct {
	Target
	opts     Options
	engine   *transfer.Engine
	findings []Finding
}

// Examine makes all checks that make sense of a target, in the order in which a
// person would ask. The error is that of ctx, when it ended before.
func Examine(ctx context.Context, t Target, opts Options) ([]Finding, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = 20 * time.Second
	}
	e := &examiner{Target: t, opts: opts, engine: transfer.New(transfer.Options{Tries: tries})}
	if t.Dir != "" {
		e.directory(ctx)
	} else {
		e.bucket(ctx)
	}
	return e.findings, ctx.Err()
}

// bucket examines a target in the cloud. It sees what upload would see.
func (e *examiner) bucket(ctx context.Context) {
	view, checked := bucket.Examine(ctx, e.Location, e.try) // first: it may learn the region
	var facts []bucket.Fact
	if d, ok := e.Location.Store.(bucket.Describer); ok {
		within, cancel := context.WithTimeout(ctx, e.opts.Timeout)
		facts = d.Describe(within)
		cancel()
	}
	known := e.describe(facts)
	if known {
		e.answers(view, checked)
	}
	if i := slices.IndexFunc(facts, isEndpoint); i >= 0 && !errors.Is(checked, bucket.ErrUnreachable) {
		e.clock(ctx, facts[i].Value)
	}
	if !known || checked != nil {
		return
	}
	e.list(ctx, view)
	if !e.opts.ReadOnly && e.protected(ctx, view) {
		e.probe(ctx, e.Location.Enclosed(), view)
	}
	e.notes()
	e.cors(facts)
}

// protected makes sure that a store whose objects cannot be seen does not let
// them be replaced.
func (e *examiner) protected(ctx context.Context, view bucket.View) bool {
	if view.Sight != bucket.Blind {
		return true
	}
	err := e.try(ctx, func(ctx context.Context) error { return bucket.Protect(ctx, e.Location) })
	switch {
	case errors.Is(err, bucket.ErrUnseen):
		e.add(Failed, "write", "allow listing the prefix or reading objects: upload refuses to replace what it cannot see", "%v", err)
	case err != nil:
		e.fail("write", err)
	}
	return err == nil
}

// notes reports what the store found its endpoint not to do.
func (e *examiner) notes() {
	if c, ok := e.Location.Store.(bucket.Checker); ok {
		for _, note := range c.Notes() {
			e.add(Warning, "endpoint", "", "%s", note)
		}
	}
}

func (e *examiner) answers(view bucket.View, err error) {
	name := strings.TrimSuffix(e.Location.Naming.Base, "/")
	switch {
	case err != nil:
		e.fail("bucket", err)
	case view.Bucket == nil:
		e.add(OK, "bucket", "", "%s exists and answers", name)
	case view.Sight != bucket.Blind:
		e.add(OK, "bucket", "", "%s answers for what is below the prefix; these credentials may not ask about the bucket itself", name)
	case e.opts.ReadOnly: // and so nothing else will tell
		e.fail("bucket", view.Bucket)
	default:
		e.add(Warning, "bucket", hintFor(view.Bucket), "%v", view.Bucket)
	}
}

func isEndpoint(f bucket.Fact) bool {
	return f.Name == bucket.FactEndpoint && strings.HasPrefix(f.Value, "http")
}

// describe reports what the store tells of itself; false means that it has no
// identity to go on with.
func (e *examiner) describe(facts []bucket.Fact) bool {
	known := true
	for _, f := range facts {
		switch {
		case f.Name == bucket.FactCORS:
		case f.Err == nil:
			e.add(OK, string(f.Name), "", "%s", f.Value)
		case f.Name == bucket.FactIdentity:
			known = false
			e.fail(string(f.Name), f.Err)
		default:
			e.add(Warning, string(f.Name), "", "unknown: %v", f.Err)
		}
	}
	return known
}

func (e *examiner) cors(facts []bucket.Fact) {
	const hint = "where the FiftyOne App is to show media from here, allow GET from its origin in the bucket's CORS rules"
	for _, f := range facts {
		switch {
		case f.Name != bucket.FactCORS:
		case f.Err != nil:
			e.add(Warning, "cors", hint, "unknown: %v", f.Err)
		case f.Value == bucket.NoCORS:
			e.add(Warning, "cors", hint, "no web page may read the bucket")
		default:
			e.add(OK, "cors", "", "%s", f.Value)
		}
	}
}

// list tells what can be seen below the prefix, and reads the first byte of the
// first object.
func (e *examiner) list(ctx context.Context, view bucket.View) {
	prefix := e.Location.Key("")
	switch {
	case view.Sight == bucket.Looked:
		e.add(Warning, "list", "allow listing, or each object is looked up on its own", "%v", view.List)
		return
	case view.Sight == bucket.Blind:
		e.add(Warning, "list", "allow listing or reading: upload cannot compare what is there, and verify can tell nothing", "%v; nor can be seen whether an object is there", view.List)
		return
	case view.Empty:
		e.add(OK, "list", "", "no object under %s%s yet", e.Location.Naming.Base, prefix)
		return
	}
	e.add(OK, "list", "", "there are objects under %s%s", e.Location.Naming.Base, prefix)
	if !e.opts.ReadOnly {
		return // what is written is read too
	}
	first := view.First
	err := e.try(ctx, func(ctx context.Context) error {
		body, err := e.Location.Store.Open(ctx, first.Key)
		if err != nil {
			return err
		}
		defer body.Close()
		return readable(body)
	})
	if err != nil {
		e.fail("read", fmt.Errorf("%q: %w", first.Key, err))
		return
	}
	e.add(OK, "read", "", "%q can be read", first.Key)
}

// errSlow ends a step that had no answer within its time.
var errSlow = errors.New("no answer")

// try makes one step, within its time, and again while its failure may pass. A
// store that asks to slow down is waited for, as it is when files are sent.
func (e *examiner) try(ctx context.Context, do func(context.Context) error) error {
	err := e.engine.Ask(ctx, transfer.Ask{Waits: transfer.ForCalm}, func(ctx context.Context) error {
		within, cancel := context.WithTimeout(ctx, e.opts.Timeout)
		defer cancel()
		err := do(within)
		if err != nil && ctx.Err() == nil && within.Err() != nil {
			return errSlow
		}
		return err
	})
	if errors.Is(err, errSlow) {
		return fmt.Errorf("%w: no answer within %s", bucket.ErrUnreachable, e.opts.Timeout)
	}
	return err
}

func (e *examiner) add(status Status, check, hint, format string, args ...any) {
	e.findings = append(e.findings, Finding{Check: check, Status: status, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (e *examiner) fail(check string, err error) { e.add(Failed, check, hintFor(err), "%v", err) }

// hintFor says what to do about an error of a store.
func hintFor(err error) string {
	switch {
	case errors.Is(err, bucket.ErrAnswer):
		return "check the endpoint's URL, and what answers in its place: a proxy, a login page, a web server"
	case errors.Is(err, bucket.ErrNoBucket):
		return "create the bucket, or check its name, the region and the endpoint"
	case errors.Is(err, bucket.ErrDenied):
		return "check the credentials, and that they may list, read and write here"
	case errors.Is(err, bucket.ErrUnreachable):
		return "check the network, the endpoint's URL, and proxies"
	case errors.Is(err, bucket.ErrTemporary):
		return "try again later"
	case errors.Is(err, bucket.ErrKey):
		return "choose another prefix"
	}
	return "see the message of the store"
}
