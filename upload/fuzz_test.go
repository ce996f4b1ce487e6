package upload_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/upload"
)

// FuzzPlan makes samples of what it is given: a path a line, which a tab
// divides into filepath and thumb. The first byte of flags chooses the options.
// Whatever comes of it: a plan that is carried out puts no two files of
// different bytes under one URL, every URL is one that its target accepts and
// holds the bytes of the file it stands for, and the order of samples does not
// matter. Values of a plan that is refused stay as they are.
func FuzzPlan(f *testing.F) {
	f.Add("a/1.png\tt/1.png\nb/1.png", byte(0))
	f.Add("a/X.png\nb/X.png\nc/x.png", byte(0b0101))
	f.Add("a/x\nb/x/y\nb/x\ta/x", byte(0b1001))
	f.Add("x\nx/../x\n./x\n/x//y", byte(0b0110))
	f.Add("caf\u00e9.png\ncafe\u0301.png\n\u212a\nk", byte(0b1101))
	f.Add("same-1/x\nsame-2/x\nother/x", byte(0b0001))
	f.Add("a/x-2.b\na/x", byte(0b0111))
	f.Fuzz(func(t *testing.T, text string, flags byte) {
		dir := t.TempDir()
		samples, contents := fuzzSamples(t, dir, text)
		opts := upload.Options{
			Layout:           []upload.Layout{upload.Tree, upload.Flat, upload.Hash, upload.Tree}[flags&3],
			SuffixCollisions: flags&4 != 0, Workers: 2,
		}
		if flags&3 == 3 {
			opts.RelDirs = []string{dir}
		}
		target := "mem://m/p"
		if flags&8 != 0 {
			target = filepath.Join(dir, "out")
		}
		reversed := cloned(samples)
		slices.Reverse(reversed)
		got := fuzzLift(t, dir, target, samples, contents, opts)
		again := fuzzLift(t, dir, strings.Replace(target, "/out", "/again", 1), reversed, contents, opts)
		slices.Reverse(again)
		for i, s := range got {
			for field, value := range s {
				other := strings.Replace(again[i][field], filepath.Join(dir, "again"), filepath.Join(dir, "out"), 1)
				if value != other {
					t.Errorf("%q: %q in one order, %q in the other", samples[i][field], value, other)
				}
			}
		}
	})
}

func cloned(samples []sample) (list []sample) {
	for _, s := range samples {
		c := sample{}
		for field, value := range s {
			c[field] = value
		}
		list = append(list, c)
	}
	return list
}

// fuzzSamples makes samples and their files; contents is what each holds. Files
// below a directory called same-… hold the same.
func fuzzSamples(t *testing.T, dir, text string) ([]sample, map[string]string) {
	t.Helper()
	contents := map[string]string{}
	var samples []sample
	for i, line := range strings.Split(text, "\n") {
		if i == 12 {
			break
		}
		s := sample{}
		for j, name := range strings.SplitN(line, "\t", 2) {
			path := filepath.Join(dir, "media", filepath.FromSlash("/"+name)) // "..", at its worst, ends there
			content := fmt.Sprint("file ", len(contents))
			if strings.HasPrefix(name, "same-") {
				content = "the same"
			}
			if _, known := contents[path]; !known {
				if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, []byte(content), 0o600) != nil {
					continue // a name that this file system does not take
				}
				contents[path] = content
			}
			s[memoryFields[j]] = path
		}
		if s["filepath"] != "" {
			samples = append(samples, s)
		}
	}
	return samples, contents
}

// fuzzLift carries a plan out, checks what came of it, and returns the samples.
func fuzzLift(t *testing.T, dir, target string, before []sample, contents map[string]string, opts upload.Options) []sample {
	t.Helper()
	after := cloned(before)
	job := newJob(t, dir, target, after...)
	opener := open.New(open.Options{})
	job.Open = opener.Open
	plan, err := upload.NewPlan(t.Context(), job, opts)
	var refusal *dataset.Refusal
	if errors.As(err, &refusal) {
		if refusal.Hint == "" || refusal.Total < int64(len(refusal.Problems)) {
			t.Errorf("refusal %+v", refusal)
		}
		return after
	}
	if err != nil {
		t.Fatal(err)
	}
	if sent, err := plan.Execute(t.Context()); err != nil || sent.Failed > 0 {
		t.Fatalf("%v %+v", err, sent)
	}
	if done, err := plan.Commit(t.Context()); err != nil || done.Conflicts+done.Remaining > 0 {
		t.Fatalf("%v %+v", err, done)
	}
	root, err := opener.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range after {
		for field, url := range s {
			key, ok := root.Naming.Cut(url)
			if _, err := root.Naming.URL(key); !ok || err != nil {
				t.Fatalf("%q is no URL of the target: %v", url, err)
			}
			r, err := root.Store.Open(t.Context(), key)
			if err != nil {
				t.Fatalf("%q names nothing: %v", url, err)
			}
			held, err := io.ReadAll(r)
			_ = r.Close()
			if want := contents[before[i][field]]; err != nil || string(held) != want {
				t.Errorf("%q became %q, which holds %q, not %q (%v)", before[i][field], url, held, want, err)
			}
		}
	}
	return after
}
