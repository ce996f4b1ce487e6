package medialift_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Others build on this module: a replace line would hold for us alone.
func TestHouseNoReplace(t *testing.T) {
	for _, file := range []string{"go.mod", "tools/go.mod"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^\s*replace\b`).Match(content) {
			t.Errorf("%s has a replace line", file)
		}
	}
}

// A Go file holds at most 300 lines, a test 500; a longer one says why in a
// comment "Length: …" among its first lines.
func TestHouseFileLength(t *testing.T) {
	excuse := regexp.MustCompile(`(?m)^// Length: \S`)
	err := walkModule(".", func(file string) error {
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		limit := 300
		if strings.HasSuffix(file, "_test.go") {
			limit = 500
		}
		head := content[:min(len(content), 1500)]
		if lines := bytes.Count(content, []byte("\n")); lines > limit && !excuse.Match(head) {
			t.Errorf("%s has %d lines, more than %d: split it, or say why at its head in a comment %q", file, lines, limit, "Length: …")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every package says once, in one file, what it is for.
func TestHousePackageComments(t *testing.T) {
	comments := map[string][]string{}
	packages := map[string]bool{}
	err := walkModule(".", func(file string) error {
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		packages[path.Dir(file)] = true
		if parsed.Doc != nil {
			comments[path.Dir(file)] = append(comments[path.Dir(file)], file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range packages {
		if got := comments[name]; len(got) != 1 {
			t.Errorf("package %s has %d package comments %v, want one", name, len(got), got)
		}
	}
}

// Every package that others may use shows how, in an Example that the compiler reads.
func TestHouseExamples(t *testing.T) {
	examples := map[string]bool{}
	err := walkModule(".", func(file string) error {
		name := path.Dir(file)
		hidden := strings.Contains("/"+name+"/", "/internal/") || strings.HasPrefix(name, "cmd/") || strings.HasSuffix(name, "test") || strings.HasPrefix(name, "interop") || name == "."
		if hidden || path.Ext(file) != ".go" {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		isExample := strings.HasSuffix(file, "_test.go") && regexp.MustCompile(`(?m)^func Example`).Match(content)
		examples[name] = examples[name] || isExample
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, has := range examples {
		if !has {
			t.Errorf("package %s has no Example in its tests", name)
		}
	}
}

// What is in the tree must hold on every machine.
func TestHouseNoMachinePaths(t *testing.T) {
	machine := regexp.MustCompile(`(?m)(^|[^\w.\-])/(work|root)/`)
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if file == ".git" || file == "bin" || file == "dist" {
				return fs.SkipDir
			}
			return nil
		}
		if file == ".git" { // a worktree's: it says where the repository is
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil || bytes.IndexByte(content, 0) >= 0 {
			return err
		}
		if at := machine.FindIndex(content); at != nil {
			t.Errorf("%s:%d names a directory of one machine: %q", file, 1+bytes.Count(content[:at[0]], []byte("\n")), machine.Find(content))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
