package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	const sound = `fuzz: elapsed: 0s, gathering baseline coverage: 0/12 completed
fuzz: elapsed: 0s, gathering baseline coverage: 12/12 completed, now fuzzing with 2 workers
fuzz: elapsed: 3s, execs: 102534 (34172/sec), new interesting: 4 (total: 16)
fuzz: elapsed: 5s, execs: 170001 (33733/sec), new interesting: 5 (total: 17)
PASS
ok  	example.com/p	5.021s
`
	for _, c := range []struct {
		name, said string
		want       result
	}{
		{"sound", sound, result{170001, 5, false, false}},
		{"a failure", strings.Replace(sound, "PASS", "--- FAIL: FuzzX (3.10s)", 1), result{170001, 5, true, false}},
		{"does not build", "p_test.go:3: undefined: x\nFAIL\texample.com/p [build failed]\n", result{0, 0, true, false}},
		{"not executed", "PASS\nok  \texample.com/p\t0.1s\n", result{0, 0, true, false}},
		{"known inputs only", "fuzz: elapsed: 8s, gathering baseline coverage: 293/375 completed\nPASS\n", result{0, 0, true, true}},
		{"a known input that fails", "fuzz: elapsed: 0s, gathering baseline coverage: 0/2 completed\n--- FAIL: FuzzX (0.1s)\n", result{0, 0, true, false}},
	} {
		if got := read(c.said); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// A module of one sound target, one that fails, and what is none.
func TestRun(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":               "module example.com/m\n\ngo 1.26\n",
		"p/p_test.go":          "package p\n\nimport \"testing\"\n\nfunc FuzzSound(f *testing.F) {\n\tf.Fuzz(func(*testing.T, []byte) {})\n}\n",
		"q/q_test.go":          "package q\n\nimport \"testing\"\n\nfunc FuzzBroken(f *testing.F) {\n\tf.Add(1)\n\tf.Fuzz(func(t *testing.T, n int) {\n\t\tt.Errorf(\"found %d\", n)\n\t})\n}\n",
		"p/testdata/x_test.go": "package x\n\nfunc FuzzNone(f *testing.F) {}\n",
		"other/go.mod":         "module example.com/other\n",
		"other/o_test.go":      "package o\n\nfunc FuzzOther(f *testing.F) {}\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := find(root)
	if want := []target{{"./p", "FuzzSound", ""}, {"./q", "FuzzBroken", ""}}; err != nil || !slices.Equal(found, want) {
		t.Fatalf("%v, %v", found, err)
	}
	if a, b := longer("8s", 4), longer("100x", 4); a != "32s" || b != "100x" {
		t.Errorf("%s, %s", a, b)
	}
	if testing.Short() {
		t.Skip("builds and fuzzes: not in short mode")
	}
	t.Setenv("GOFLAGS", "")
	var out strings.Builder
	failed, err := run(root, "20x", "", &out)
	for _, want := range []string{"FuzzSound", " ok\n", "FuzzBroken", "FAILED\n", "found 1", "2 targets, ", " 1 failures\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	if failed != 1 || err != nil {
		t.Errorf("%d failed, %v", failed, err)
	}
	if _, err := run(root, "1x", "Nothing", &out); err == nil {
		t.Error("no target is no error")
	}
}
