package upload_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/upload"
)

// A builtOn is an upload that an earlier invocation has sent, to a target for each of
// two fields.
type builtOn struct {
	t       *testing.T
	job     upload.Job
	opts    upload.Options
	samples []sample
	targets []string // directories, by field
}

func newBuiltOn(t *testing.T, n int) *builtOn {
	t.Helper()
	dir, out := t.TempDir(), t.TempDir()
	b := &builtOn{t: t, targets: []string{filepath.Join(out, "one"), filepath.Join(out, "two")}}
	for i := range n {
		b.samples = append(b.samples, sample{
			"filepath": write(t, dir, fmt.Sprintf("m/%03d.png", i), fmt.Sprintf("medium %03d", i)),
			"thumb":    write(t, dir, fmt.Sprintf("t/%03d.png", i), fmt.Sprintf("thumb %03d", i)),
		})
	}
	b.job = newJob(t, dir, b.targets[0], b.samples...)
	b.opts = upload.Options{RelDirs: []string{dir}, RemoteDirs: []upload.RemoteDir{{Field: "thumb", URL: b.targets[1]}}}
	if err := b.execute(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *builtOn) plan() *upload.Plan {
	b.t.Helper()
	plan, err := upload.NewPlan(b.t.Context(), b.job, b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	return plan
}

func (b *builtOn) execute() error {
	b.t.Helper()
	_, err := b.plan().Execute(b.t.Context())
	return err
}

// object is where the i-th file of a field went.
func (b *builtOn) object(field, i int) string {
	return filepath.Join(b.targets[field], string("mt"[field]), fmt.Sprintf("%03d.png", i))
}

// refuses wants a refusal that names these objects, "kind path".
func (b *builtOn) refuses(want ...string) {
	b.t.Helper()
	var r *dataset.Refusal
	if err := b.execute(); !errors.As(err, &r) {
		b.t.Fatalf("%v, want a refusal of %q", err, want)
	}
	var got []string
	for _, p := range r.Problems {
		got = append(got, p.Kind+" "+p.URL)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || r.Hint == "" || int(r.Total) != len(want) {
		b.t.Errorf("refused %q, want %q; %q", got, want, r.Hint)
	}
	for _, s := range b.samples {
		if strings.HasPrefix(s["filepath"], b.targets[0]) {
			b.t.Errorf("%q was rewritten", s["filepath"])
		}
	}
}

// Every object that a run builds on, of every field and in every place of a small
// run, is compared with what was sent.
func TestBuiltOnWhatWasSent(t *testing.T) {
	const n = 9
	for _, tt := range []struct {
		name, kind string
		do         func(path string) error
	}{
		{"gone", "gone", os.Remove},
		{"another size", "changed", func(path string) error { return os.WriteFile(path, []byte("short"), 0o600) }},
		{"empty", "changed", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"the same size", "changed", func(path string) error {
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, []byte(strings.ToUpper(string(text))), 0o600)
			}
			return errors.Join(err, os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for field := range 2 {
				for _, i := range []int{0, n / 2, n - 1} {
					b := newBuiltOn(t, n)
					if err := tt.do(b.object(field, i)); err != nil {
						t.Fatal(err)
					}
					b.refuses(tt.kind + " " + b.object(field, i))
				}
			}
		})
	}
}

// A second target that was emptied is noticed however large the first one is.
func TestBuiltOnAnEmptiedTarget(t *testing.T) {
	b := newBuiltOn(t, 40)
	if err := os.RemoveAll(b.targets[1]); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.targets[1], 0o755); err != nil {
		t.Fatal(err)
	}
	var r *dataset.Refusal
	if err := b.execute(); !errors.As(err, &r) || r.Total < 3 {
		t.Errorf("%v, %+v", err, r)
	}
}

// What only some objects tell, all of them do where that is asked for.
func TestVerifyArrived(t *testing.T) {
	const n = 200
	b := newBuiltOn(t, n)
	b.opts.VerifyArrived = true
	var most upload.Progress
	b.opts.Progress = func(p upload.Progress) {
		if p.Phase == "checking" && p.TotalFiles > 0 && p.Files > most.Files {
			most = p
		}
	}
	if err := b.execute(); err != nil {
		t.Fatal(err)
	}
	if most.Files != 2*n || most.TotalFiles != 2*n {
		t.Errorf("looked at %d of %d", most.Files, most.TotalFiles)
	}
	var want []string
	for _, i := range []int{1, 71, 141} {
		if err := os.Remove(b.object(1, i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, "gone "+b.object(1, i))
	}
	b.refuses(want...)
}

// Another version of the same bytes is no change: it is noted, and rows may name it.
func TestBuiltOnEqualBytes(t *testing.T) {
	b := newBuiltOn(t, 3)
	path := b.object(0, 1)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	opened, err := b.job.Open(t.Context(), b.targets[0])
	if err != nil {
		t.Fatal(err)
	}
	key, _ := opened.Naming.Cut(path)
	obj, err := opened.Store.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.execute(); err != nil {
			t.Fatal(err)
		}
	}
	for f, err := range b.job.Ledger.Files(t.Context(), ledger.FileArrived) {
		if err == nil && f.URL == path && (f.ETag != obj.ETag || f.Checksum == "") {
			t.Errorf("%+v, the version is %s", f, obj.ETag)
		}
	}
	if done, err := b.plan().Commit(t.Context()); err != nil || done.Values != 6 {
		t.Errorf("%+v, %v", done, err)
	}
}

// A strong checksum that agrees outweighs another ETag, a weak one does not.
func TestBuiltOnChecksums(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 2)
	if _, err := f.run(); err != nil {
		t.Fatal(err)
	}
	sent := f.arrived()[0]
	loc, err := f.job.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	key, _ := loc.Naming.Cut(sent.URL)
	body, err := os.ReadFile(sent.Local)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	multi, ok := loc.Store.(bucket.Multipart)
	if !ok {
		t.Fatal("no multipart")
	}
	put := func(text string) {
		t.Helper()
		src := bucket.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}
		id, err := multi.Start(t.Context(), key, src)
		if err != nil {
			t.Fatal(err)
		}
		part, err := multi.PutPart(t.Context(), key, id, 1, src.Part(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := multi.Finish(t.Context(), key, id, src, []bucket.Part{part}, bucket.Condition{Overwrite: true}); err == nil {
			return
		}
		if err := loc.Store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := multi.Finish(t.Context(), key, id, src, []bucket.Part{part}, bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	put(text) // by another client, in parts: the ETag is another one
	if obj, err := loc.Store.Stat(context.WithoutCancel(t.Context()), key); err != nil || obj.ETag == sent.ETag {
		t.Fatalf("%+v, %v", obj, err)
	}
	if _, err := f.run(); err != nil {
		t.Errorf("the same bytes under another ETag: %v", err)
	}
	put(strings.ToUpper(text))
	var r *dataset.Refusal
	if plan, err := upload.NewPlan(t.Context(), f.job, f.opts); err != nil {
		t.Fatal(err)
	} else if _, err := plan.Execute(t.Context()); !errors.As(err, &r) || r.Problems[0].Kind != "changed" {
		t.Errorf("other bytes of the same size: %v", err)
	}
}
