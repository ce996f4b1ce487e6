package medialift_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Every relative link in Markdown leads to a file of the tree, and every anchor to a
// heading in it.
func TestHouseLinks(t *testing.T) {
	tree := os.DirFS(".")
	pages := 0
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
		pages++
		broken, err := brokenLinks(tree, file)
		for _, b := range broken {
			t.Error(b)
		}
		return err
	})
	if err != nil || pages < 5 {
		t.Fatalf("%d pages, %v", pages, err)
	}
}

var (
	linkPattern = regexp.MustCompile(`\]\(([^()\s]+)\)|^\[[^\]]+\]: (\S+)`)
	codeSpan    = regexp.MustCompile("`[^`]*`")
)

// brokenLinks says which links of a page lead nowhere.
func brokenLinks(tree fs.FS, page string) ([]string, error) {
	var broken []string
	content, err := fs.ReadFile(tree, page)
	if err != nil {
		return nil, err
	}
	for i, line := range prose(string(content)) {
		for _, match := range linkPattern.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, "``"), -1) {
			link := match[1] + match[2]
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(link, "#")
			if file = path.Join(path.Dir(page), file); strings.HasPrefix(link, "#") {
				file = page
			}
			target, err := fs.Stat(tree, file)
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s:%d links to %s, which is not there", page, i+1, link))
				continue
			}
			if anchor == "" {
				continue
			}
			text, err := fs.ReadFile(tree, file)
			if err != nil || target.IsDir() || !slices.Contains(anchors(string(text)), anchor) {
				broken = append(broken, fmt.Sprintf("%s:%d links to %s, and %s has no such heading", page, i+1, link, file))
			}
		}
	}
	return broken, nil
}

// prose are the lines of a page, those of its code blocks empty.
func prose(page string) []string {
	lines := strings.Split(page, "\n")
	fence := ""
	for i, line := range lines {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
			lines[i] = ""
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
			lines[i] = ""
		case strings.HasPrefix(line, "    "):
			lines[i] = ""
		}
	}
	return lines
}

// anchors are what GitHub makes of a page's headings.
func anchors(page string) []string {
	var all []string
	for _, line := range prose(page) {
		text := strings.TrimLeft(line, "#")
		if text == line || !strings.HasPrefix(text, " ") {
			continue
		}
		text = regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(strings.TrimSpace(text), "")
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, text)
		unique := anchor
		for n := 1; slices.Contains(all, unique); n++ {
			unique = fmt.Sprintf("%s-%d", anchor, n)
		}
		all = append(all, unique)
	}
	return all
}

// The checker must see each kind of broken link.
func TestHouseLinksBroken(t *testing.T) {
	for _, test := range []struct{ page, want string }{
		{"[a](b.md) and [b](b.md#the-2nd-heading), [c](https://example.com/none) `[d](none)`", ""},
		{"# Here\n[a](#here)\n```\n[b](none.md)\n```\n", ""},
		{"[a](none.md)", "docs/a.md:1 links to none.md, which is not there"},
		{"\n[a](b.md#none)", "docs/a.md:2 links to b.md#none, and docs/b.md has no such heading"},
		{"[a](#none)", "docs/a.md:1 links to #none, and docs/a.md has no such heading"},
		{"[a]: ../none\n", "docs/a.md:1 links to ../none, which is not there"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"docs/a.md": test.page, "docs/b.md": "# B\n## The `2nd` heading!\n"} {
			if err := os.MkdirAll(path.Join(dir, "docs"), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := brokenLinks(os.DirFS(dir), "docs/a.md")
		if err != nil || strings.Join(got, "; ") != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.page, got, err, test.want)
		}
	}
}
