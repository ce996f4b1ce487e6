package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap/execmap"
)

// Every command line that the documentation shows is one that medialift takes: the
// command and its flags exist, and in code blocks their values and the number of
// arguments are right too.
func TestCommandLines(t *testing.T) {
	lines := 0
	tree := os.DirFS("../..")
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := path.Base(file); entry.IsDir() && file != "." && (base[0] == '.' || file == "bin" || file == "dist") {
			return fs.SkipDir
		}
		if path.Ext(file) != ".md" {
			return nil
		}
		content, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		for _, line := range commandLines(string(content)) {
			lines++
			if complaint := line.complaint(); complaint != "" {
				t.Errorf("%s: %q: %s", file, line.text, complaint)
			}
		}
		return nil
	})
	if err != nil || lines < 30 {
		t.Fatalf("%d command lines, %v", lines, err)
	}
}

// A commandLine is an invocation that a page shows.
type commandLine struct {
	text  string
	whole bool // it stands in a code block, and not as a part of a sentence
}

var inlineCommand = regexp.MustCompile("`(medialift [^`]*)`")

// commandLines finds the invocations in a page of Markdown.
func commandLines(page string) []commandLine {
	var lines []commandLine
	inBlock, language, pending := false, "", ""
	for _, line := range strings.Split(page, "\n") {
		trimmed := strings.TrimSpace(line)
		if rest, fence := strings.CutPrefix(trimmed, "```"); fence {
			inBlock, language, pending = !inBlock, rest, ""
			continue
		}
		if !inBlock {
			for _, match := range inlineCommand.FindAllStringSubmatch(line, -1) {
				lines = append(lines, commandLine{text: match[1]})
			}
			continue
		}
		trimmed = pending + trimmed
		if pending = ""; strings.HasSuffix(trimmed, `\`) {
			pending = strings.TrimSuffix(trimmed, `\`)
			continue
		}
		shown, prompt := strings.CutPrefix(trimmed, "$ ")
		if strings.HasPrefix(shown, "medialift ") && (prompt || language == "sh" || language == "bash") {
			lines = append(lines, commandLine{text: shown, whole: true})
		}
	}
	return lines
}

// shellEnd begins what a shell takes for itself.
var shellEnd = regexp.MustCompile(`^(\||2?>|&&|;|#|<)`)

// complaint says what medialift would not take, or nothing.
func (l commandLine) complaint() string {
	args, err := execmap.Split(l.text)
	if err != nil {
		return err.Error()
	}
	if end := slices.IndexFunc(args, shellEnd.MatchString); end > 0 {
		args = args[:end]
	}
	root := newRoot(&app{ui: newUI(&bytes.Buffer{}, &bytes.Buffer{})})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(args[1:])
	if err != nil {
		return err.Error()
	}
	if cmd == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return "there is no such command"
	}
	if !l.whole { // a sentence may leave values away, and end in an ellipsis
		for _, arg := range rest {
			name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if !strings.HasPrefix(arg, "-") || name == "" {
				continue
			}
			if strings.HasPrefix(arg, "--") && cmd.Flag(name) == nil && cmd.InheritedFlags().Lookup(name) == nil && name != "help" {
				return "there is no flag --" + name
			}
			if !strings.HasPrefix(arg, "--") && cmd.Flags().ShorthandLookup(name[:1]) == nil && name != "h" {
				return "there is no flag -" + name
			}
		}
		return ""
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err.Error()
	}
	if help, _ := cmd.Flags().GetBool("help"); help || !cmd.Runnable() {
		return ""
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err.Error()
	}
	return ""
}

// The checker must see what is wrong.
func TestCommandLinesBroken(t *testing.T) {
	for _, test := range []struct{ page, want string }{
		{"`medialift upload DATASET… --dry-run` `medialift help` `medialift migrate -v`", ""},
		{"`medialift uplaod`", `unknown command "uplaod"`},
		{"`medialift info --none`", "no flag --none"},
		{"```console\n$ medialift info ./a --json | head\noutput\n```\n", ""},
		{"```console\n$ medialift info \\\n    --none\n```\n", "unknown flag: --none"},
		{"```console\n$ medialift undo\n```\n", "undo takes the name of one run"},
		{"```sh\nmedialift upload ./a s3://b --workers many\n```\n", "invalid argument"},
		{"```\nmedialift anything that was printed\n```\n", ""},
	} {
		var got string
		for _, line := range commandLines(test.page) {
			got += line.complaint()
		}
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.page, got, test.want)
		}
	}
}

// What guides say that medialift says stands in its source: the first column of the
// tables headed "it says".
func TestCommandLinesMessages(t *testing.T) {
	var source strings.Builder
	err := fs.WalkDir(os.DirFS("../.."), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return err
		}
		content, err := os.ReadFile("../../" + file)
		source.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := fs.Glob(os.DirFS(docsDir), "guide-*.md")
	if err != nil || len(pages) < 3 {
		t.Fatal(pages, err)
	}
	said := 0
	for _, page := range pages {
		content, err := os.ReadFile(path.Join(docsDir, page))
		if err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(string(content), "| it says | do |\n|---|---|\n")
		for row := range strings.Lines(table) {
			if !strings.HasPrefix(row, "| `") {
				continue
			}
			said++
			if message := strings.Split(row, "`")[1]; !strings.Contains(source.String(), message) {
				t.Errorf("docs/%s: medialift never says %q", page, message)
			}
		}
	}
	if said < 12 {
		t.Errorf("only %d messages are looked for", said)
	}
}

// medialift help json names every key of the document.
func TestCommandLinesJSON(t *testing.T) {
	for _, shape := range []reflect.Type{reflect.TypeFor[document](), reflect.TypeFor[counts]()} {
		for i := range shape.NumField() {
			key, _, _ := strings.Cut(shape.Field(i).Tag.Get("json"), ",")
			if !regexp.MustCompile(`(?m)^  (\w+(, )?)*\b` + key + `\b|; ` + key + `:`).MatchString(jsonHelp) {
				t.Errorf("it does not say what %q is", key)
			}
		}
	}
}
