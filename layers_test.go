package medialift_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/medialift/medialift"

// TestLayers holds the packages of this module to the rules in doc.go.
func TestLayers(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := parseRules(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	imports, err := moduleImports(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range rules.broken(imports) {
		t.Error(broken)
	}
}

// rules are the layer and allow lines of doc.go.
type rules struct {
	layer map[string]int      // package → number of its line, from 1
	allow map[string][]string // package → patterns of what it may import from outside
}

func parseRules(doc string) (rules, error) {
	parsed := rules{layer: map[string]int{}, allow: map[string][]string{}}
	lines := 0
	for _, line := range strings.Split(doc, "\n") {
		rule, isRule := strings.CutPrefix(line, "//\t")
		if names, isLayer := strings.CutPrefix(rule, "layer "); isRule && isLayer {
			lines++
			for _, name := range strings.Fields(names) {
				if parsed.layer[name] != 0 {
					return rules{}, fmt.Errorf("doc.go puts %s on layer %d and again on layer %d", name, parsed.layer[name], lines)
				}
				parsed.layer[name] = lines
			}
		}
		if text, isAllow := strings.CutPrefix(rule, "allow "); isRule && isAllow {
			name, patterns, found := strings.Cut(text, ":")
			if !found {
				return rules{}, fmt.Errorf("doc.go: %q lacks a colon", rule)
			}
			for _, pattern := range strings.Split(patterns, ",") {
				parsed.allow[name] = append(parsed.allow[name], strings.TrimSpace(pattern))
			}
		}
	}
	if lines == 0 {
		return rules{}, fmt.Errorf("doc.go has no layer line")
	}
	return parsed, nil
}

// broken lists what in the imports of the module's packages breaks a rule, and
// the lines of doc.go that no package answers to.
func (r rules) broken(imports map[string][]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if name == "." {
			for _, imported := range imports[name] {
				out = append(out, fmt.Sprintf("the root package imports %s: it holds no code", imported))
			}
			continue
		}
		if r.layer[name] == 0 {
			out = append(out, fmt.Sprintf("%s is on no layer line of doc.go", name))
			continue
		}
		for _, imported := range imports[name] {
			if complaint := r.complaint(name, imported); complaint != "" {
				out = append(out, complaint)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.layer)) {
		if _, exists := imports[name]; !exists {
			out = append(out, fmt.Sprintf("doc.go has a layer for %s, which is no package", name))
		}
		if len(r.allow[name]) == 0 {
			out = append(out, fmt.Sprintf("doc.go has no allow line for %s", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.allow)) {
		if r.layer[name] == 0 {
			out = append(out, fmt.Sprintf("doc.go has an allow line for %s, which is on no layer", name))
		}
	}
	return out
}

// complaint says what is wrong with one import, or nothing.
func (r rules) complaint(name, imported string) string {
	inside, isInside := strings.CutPrefix(imported, module+"/")
	if !isInside {
		if isStd(imported) || slices.ContainsFunc(r.allow[name], func(p string) bool { return covers(p, imported) }) {
			return ""
		}
		return fmt.Sprintf("%s imports %s: doc.go allows it %s", name, imported, strings.Join(r.allow[name], ", "))
	}
	from, to := r.layer[name], r.layer[inside]
	switch {
	case to == 0:
		return fmt.Sprintf("%s imports %s, which is on no layer line of doc.go", name, inside)
	case to == from:
		return fmt.Sprintf("%s imports %s: doc.go puts both on layer %d", name, inside, from)
	case to > from:
		return fmt.Sprintf("%s imports %s: doc.go puts %s on layer %d, %s above it on layer %d", name, inside, name, from, inside, to)
	}
	return ""
}

// isStd tells the standard library by its first element, which has no dot.
func isStd(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func covers(pattern, imported string) bool {
	if below, isTree := strings.CutSuffix(pattern, "/..."); isTree {
		return imported == below || strings.HasPrefix(imported, below+"/")
	}
	return pattern == imported
}

// moduleImports maps every package below dir, by its path in the module, to what
// its files import, on every platform and under every build tag, tests aside.
func moduleImports(dir string) (map[string][]string, error) {
	imports := map[string][]string{}
	err := walkModule(dir, func(file string) error {
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name := path.Dir(file)
		seen := imports[name]
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !slices.Contains(seen, imported) {
				seen = append(seen, imported)
			}
		}
		slices.Sort(seen)
		imports[name] = seen
		return nil
	})
	return imports, err
}

// walkModule calls visit with the slash path of every file of the module at dir,
// leaving out what Go leaves out of "./..." and modules below.
func walkModule(dir string, visit func(file string) error) error {
	return fs.WalkDir(os.DirFS(dir), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return visit(file)
		}
		base := path.Base(file)
		hidden := file != "." && (base[0] == '.' || base[0] == '_')
		if hidden || base == "testdata" || base == "bin" || base == "dist" {
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(dir, file, "go.mod")); err == nil && file != "." {
			return fs.SkipDir
		}
		return nil
	})
}

// The checker is a test's only witness: it must see each kind of breach, in the
// words that tell a developer what to do.
func TestLayersBroken(t *testing.T) {
	const doc = "//\tlayer paths\n//\tlayer stores/a stores/b\n//\tlayer verb\n//\tlayer cmd/tool\n//\n" +
		"//\tallow paths: std\n//\tallow stores/a: example.com/cloud/...\n//\tallow stores/b: std\n" +
		"//\tallow verb: example.com/group\n//\tallow cmd/tool: std\n"
	sound := map[string][]string{
		".": {}, "paths": {"fmt"}, "stores/a": {module + "/paths", "example.com/cloud/storage"}, "stores/b": {"io/fs"},
		"verb": {module + "/paths", module + "/stores/a", "example.com/group"}, "cmd/tool": {module + "/verb"},
	}
	tests := []struct {
		name    string
		pkg     string
		imports []string
		want    []string
	}{
		{"sound", "paths", []string{"fmt"}, nil},
		{"upwards", "verb", []string{module + "/cmd/tool"}, []string{"verb imports cmd/tool: doc.go puts verb on layer 3, cmd/tool above it on layer 4"}},
		{"sideways", "stores/b", []string{module + "/stores/a"}, []string{"stores/b imports stores/a: doc.go puts both on layer 2"}},
		{"outside", "paths", []string{"example.com/cloud"}, []string{"paths imports example.com/cloud: doc.go allows it std"}},
		{"below what is allowed", "verb", []string{"example.com/group/inner"}, []string{"verb imports example.com/group/inner: doc.go allows it example.com/group"}},
		{"beside a tree", "stores/a", []string{"example.com/cloudy"}, []string{"stores/a imports example.com/cloudy: doc.go allows it example.com/cloud/..."}},
		{"no layer", "extra", []string{"fmt"}, []string{"extra is on no layer line of doc.go"}},
		{"root", ".", []string{"fmt"}, []string{"the root package imports fmt: it holds no code"}},
	}
	rules, err := parseRules(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			imports := maps.Clone(sound)
			imports[test.pkg] = test.imports
			if got := rules.broken(imports); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	stale := maps.Clone(sound)
	delete(stale, "verb")
	if got, want := rules.broken(stale), []string{"doc.go has a layer for verb, which is no package"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := parseRules("//\tlayer a\n//\tlayer b a\n"); err == nil {
		t.Error("a package on two layers passes")
	}
}
