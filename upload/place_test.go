package upload_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/upload"
)

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// TestPlacement looks at where files go. Paths are below a temporary directory;
// each file holds its own name.
func TestPlacement(t *testing.T) {
	one := []sample{{"filepath": "a/1.png", "thumb": "t/1.png"}, {"filepath": "a/b/2.PNG"}}
	clash := []sample{{"filepath": "a/x.png"}, {"filepath": "b/x.png"}}
	suffix := func(path string) string { return sum(path)[:8] }
	for _, tt := range []struct {
		name    string
		samples []sample
		target  string
		opts    upload.Options
		want    []string // of each sample's filepath, then of each thumb
	}{
		{"tree", one, "mem://m/p", upload.Options{}, []string{"mem://m/p/1.png", "mem://m/p/b/2.PNG", "mem://m/p/fields/thumb/1.png"}},
		{"tree of one file", one[:1], "mem://m", upload.Options{}, []string{"mem://m/1.png", "mem://m/fields/thumb/1.png"}},
		{"flat", one, "mem://m/p", upload.Options{Layout: upload.Flat},
			[]string{"mem://m/p/1.png", "mem://m/p/2.PNG", "mem://m/p/fields/thumb/1.png"}},
		{"hash", one, "mem://m/p", upload.Options{Layout: upload.Hash},
			[]string{"mem://m/p/" + sum("a/1.png") + ".png", "mem://m/p/" + sum("a/b/2.PNG") + ".png", "mem://m/p/" + sum("t/1.png") + ".png"}},
		{"rel-dir", one, "mem://m", upload.Options{RelDirs: []string{"DIR"}},
			[]string{"mem://m/a/1.png", "mem://m/a/b/2.PNG", "mem://m/t/1.png"}},
		{"first of two rel-dirs", one, "mem://m", upload.Options{RelDirs: []string{"DIR/a", "DIR"}},
			[]string{"mem://m/1.png", "mem://m/b/2.PNG", "mem://m/t/1.png"}},
		{"remote-dir", one, "mem://m", upload.Options{RemoteDirs: []upload.RemoteDir{{Field: "thumb", URL: "mem://other/{dataset}"}}},
			[]string{"mem://m/1.png", "mem://m/b/2.PNG", "mem://other/memory/1.png"}},
		{"{dataset} and {field}", one, "mem://m/{dataset}/{field}", upload.Options{},
			[]string{"mem://m/memory/filepath/1.png", "mem://m/memory/filepath/b/2.PNG", "mem://m/memory/thumb/1.png"}},
		{"a file of two fields", []sample{{"filepath": "a/1.png", "thumb": "a/1.png"}}, "mem://m", upload.Options{},
			[]string{"mem://m/1.png", "mem://m/1.png"}},
		{"two names where form is all", []sample{{"filepath": "a/\u00e9.png"}, {"filepath": "a/e\u0301.png"}}, "mem://m", upload.Options{},
			[]string{"mem://m/\u00e9.png", "mem://m/e\u0301.png"}},
		{"suffix", clash, "mem://m", upload.Options{Layout: upload.Flat, SuffixCollisions: true},
			[]string{"mem://m/x-" + suffix("DIR/a/x.png") + ".png", "mem://m/x-" + suffix("DIR/b/x.png") + ".png"}},
		{"remote already", []sample{{"filepath": "s3://b/1.png"}, {"filepath": "a/2.png"}}, "mem://m", upload.Options{},
			[]string{"s3://b/1.png", "mem://m/2.png"}},
		{"the target's own prefix elsewhere", []sample{{"filepath": "mem://m/pp/1.png"}, {"filepath": "a/2.png"}}, "mem://m/p", upload.Options{},
			[]string{"mem://m/pp/1.png", "mem://m/p/2.png"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			samples := laidOut(t, dir, tt.samples)
			for i, d := range tt.opts.RelDirs {
				tt.opts.RelDirs[i] = strings.Replace(d, "DIR", dir, 1)
			}
			lift(t, newJob(t, dir, tt.target, samples...), tt.opts)
			got := values(samples)
			for i, want := range tt.want {
				if strings.Contains(want, "-"+suffix("DIR/a/x.png")) {
					want = "mem://m/x-" + suffix(filepath.Join(dir, "a/x.png")) + ".png"
				} else if strings.Contains(want, "-"+suffix("DIR/b/x.png")) {
					want = "mem://m/x-" + suffix(filepath.Join(dir, "b/x.png")) + ".png"
				}
				if i >= len(got) || got[i] != want {
					t.Errorf("value %d of %q, want %q", i, got, want)
				}
			}
		})
	}
}

// laidOut writes the files that samples name and makes their paths absolute.
func laidOut(t *testing.T, dir string, samples []sample) []sample {
	t.Helper()
	var list []sample
	for _, s := range samples {
		laid := sample{}
		for field, value := range s {
			if laid[field] = value; !strings.Contains(value, "://") {
				laid[field] = write(t, dir, value, value)
			}
		}
		list = append(list, laid)
	}
	return list
}

// lift plans, sends and rewrites.
func lift(t *testing.T, job upload.Job, opts upload.Options) upload.Committed {
	t.Helper()
	plan, err := upload.NewPlan(t.Context(), job, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Execute(t.Context()); err != nil {
		t.Fatal(err)
	}
	done, err := plan.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// values lists the filepaths of samples, then their thumbs.
func values(samples []sample) (list []string) {
	for _, field := range memoryFields {
		for _, s := range samples {
			if v, ok := s[field]; ok {
				list = append(list, v)
			}
		}
	}
	return list
}

func TestRefusedPlacement(t *testing.T) {
	for _, tt := range []struct {
		name, target, kind string
		samples            []sample
		opts               upload.Options
	}{
		{"collision", "mem://m", "collision", []sample{{"filepath": "a/x"}, {"filepath": "b/x"}}, upload.Options{Layout: upload.Flat}},
		{"two fields in one place", "mem://m/p", "collision", []sample{{"filepath": "a/x", "thumb": "b/x"}},
			upload.Options{RemoteDirs: []upload.RemoteDir{{Field: "thumb", URL: "mem://m/p"}}}},
		{"directory", "mem://m", "collision-directory", []sample{{"filepath": "a/x"}, {"filepath": "b/x/y"}},
			upload.Options{RelDirs: []string{"DIR/a", "DIR/b"}}},
		{"outside", "mem://m", "outside", []sample{{"filepath": "a/x"}, {"filepath": "ab/x"}}, upload.Options{RelDirs: []string{"DIR/a"}}},
		{"control character", "mem://m", "key", []sample{{"filepath": "a/x\n"}}, upload.Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for i, d := range tt.opts.RelDirs {
				tt.opts.RelDirs[i] = strings.Replace(d, "DIR", dir, 1)
			}
			job := newJob(t, dir, tt.target, laidOut(t, dir, tt.samples)...)
			_, err := upload.NewPlan(t.Context(), job, tt.opts)
			var refusal *dataset.Refusal
			if !errors.As(err, &refusal) || refusal.Problems[0].Kind != tt.kind || refusal.Hint == "" || refusal.Problems[0].ID == "" {
				t.Errorf("%v: %+v", err, refusal)
			}
		})
	}
}

func TestOutsideTheEarlierBase(t *testing.T) {
	dir := t.TempDir()
	job := newJob(t, dir, "mem://m", laidOut(t, dir, []sample{{"filepath": "a/1"}})...)
	lift(t, job, upload.Options{})
	job.Dataset = &memory{laidOut(t, dir, []sample{{"filepath": "b/2"}})}
	if _, err := upload.NewPlan(t.Context(), job, upload.Options{}); !errors.Is(err, upload.ErrOutsideBase) {
		t.Error(err)
	}
}

func TestPlaceholders(t *testing.T) {
	for _, tt := range []struct{ target, name string }{
		{"mem://m/{dataset}", ""}, {"mem://m/{nope}", "a"}, {"mem://m/{dataset}/{nope}", "{dataset}"},
	} {
		job := newJob(t, t.TempDir(), tt.target)
		job.Name = tt.name
		if _, err := upload.NewPlan(t.Context(), job, upload.Options{}); !errors.Is(err, upload.ErrTemplate) {
			t.Errorf("%q of %q: %v", tt.target, tt.name, err)
		}
	}
}

// A name that no key can hold is spelled so that one can.
func TestDatasetElements(t *testing.T) {
	for _, tt := range []struct{ target, name, want string }{
		{"mem://m/{dataset}", "org/name", "mem://m/org~2Fname/1.png"}, {"mem://m/{dataset}/x", "..", "mem://m/.~2E/x/1.png"},
		{"mem://m/{dataset}", "{field}", "mem://m/~7Bfield~7D/1.png"}, {"mem://m/x{dataset}y", "a?b", "mem://m/xa~3Fby/1.png"},
		{"mem://m/{dataset}", "--all", "mem://m/--all/1.png"}, {"mem://m/{dataset}", "db:x", "mem://m/db~3Ax/1.png"},
	} {
		dir := t.TempDir()
		samples := laidOut(t, dir, []sample{{"filepath": "a/1.png"}})
		job := newJob(t, dir, tt.target, samples...)
		job.Name = tt.name
		lift(t, job, upload.Options{})
		if got := values(samples); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%q of %q: %q, want %q", tt.target, tt.name, got, tt.want)
		}
	}
}
