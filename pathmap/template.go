package pathmap

import (
	"context"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// templateMap writes each new path from a template.
type templateMap struct {
	text string
	tmpl *template.Template
}

// templateData is the dot of a template.
type templateData struct {
	Path, Dir, Base, Stem, Ext, Field, ID string
}

// templateFields are the names of templateData's fields.
const templateFields = ".Path .Dir .Base .Stem .Ext .Field .ID"

// Template makes a Mapper of a template of package text/template. Of
// "s3://b/x/y.png" .Path is all, .Dir "s3://b/x", .Base "y.png", .Stem "y" and
// .Ext ".png"; .Field and .ID say where the path was found, as in [Path]. As in
// Python a dot that begins a name begins no extension. The .Dir of a file in
// the root is "/" and that of a bare name ".", as in package path; Windows paths
// are split at backslashes too. A bucket or host on its own is all .Dir.
//
// Empty output is [ErrNoAnswer]. Output with a line break is an error, because
// a break comes from the template far more often than from a file's name.
//
// A template that does not parse, that names an unknown field in whatever
// branch, or that fails on a sample path of ample length is an error that wraps
// [ErrSpec].
func Template(text string) (Mapper, error) {
	tmpl, err := template.New("template").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: template %q: %w", ErrSpec, text, err)
	}
	for _, t := range tmpl.Templates() {
		if name := unknownField(t.Root); name != "" {
			return nil, fmt.Errorf("%w: template %q: unknown field %q; there are %s", ErrSpec, text, name, templateFields)
		}
	}
	m := templateMap{text: text, tmpl: tmpl}
	if _, err := m.write(sampleData()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return m, nil
}

// Map writes the new path of p.
func (m templateMap) Map(_ context.Context, p Path) (string, error) {
	to, err := m.write(newTemplateData(p))
	if err == nil && to == "" {
		return "", ErrNoAnswer
	}
	return to, err
}

func (m templateMap) write(data templateData) (string, error) {
	var b strings.Builder
	if err := m.tmpl.Execute(&b, data); err != nil {
		return "", fmt.Errorf("template %q on path %q: %w", m.text, data.Path, err)
	}
	if strings.ContainsAny(b.String(), "\r\n") {
		return "", fmt.Errorf("template %q on path %q: line break in output %q", m.text, data.Path, b.String())
	}
	return b.String(), nil
}

// sampleData has every field filled with enough text that a template may slice
// it, since one that cuts 20 characters off is not wrong for that.
func sampleData() templateData {
	long := strings.Repeat("sample-", 40)
	return newTemplateData(Path{
		Path:  "s3://bucket/" + long + "/" + long + ".png",
		Field: "frames.ground_truth.detections.mask_path",
		ID:    "0123456789abcdef01234567",
	})
}

func newTemplateData(p Path) templateData {
	d := templateData{Path: p.Path, Field: p.Field, ID: p.ID}
	d.Dir, d.Base = splitPath(p.Path)
	name := strings.TrimLeft(d.Base, ".")
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		d.Ext = name[dot:]
	}
	d.Stem = strings.TrimSuffix(d.Base, d.Ext)
	return d
}

// splitPath cuts path at its last separator, which in a URL is one behind the
// host or bucket.
func splitPath(path string) (dir, base string) {
	separators, root := "/", schemeLen(path)
	switch {
	case root > 0:
		if !strings.Contains(path[root:], "/") {
			return path, ""
		}
	case isUNC(path):
		separators, root = `/\`, 2
	case isDrive(path):
		separators, root = `/\`, min(3, len(path))
	case strings.HasPrefix(path, "/"):
		root = 1
	}
	cut := strings.LastIndexAny(path, separators) + 1
	if cut < root {
		cut = root
	}
	dir, base = path[:cut], path[cut:]
	dir = path[:root] + strings.TrimRight(dir[root:], separators)
	if dir == "" {
		dir = "."
	}
	return dir, base
}

// unknownField looks for a field that templateData has not, also in branches that
// the sample does not enter. Nothing else in a template has fields, so there is
// no need to know what a selector stands behind.
func unknownField(node parse.Node) string {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			return firstUnknown(n.Nodes)
		}
	case *parse.ActionNode:
		return unknownField(n.Pipe)
	case *parse.PipeNode:
		if n != nil {
			return firstUnknown(n.Cmds)
		}
	case *parse.CommandNode:
		return firstUnknown(n.Args)
	case *parse.IfNode:
		return firstUnknown([]parse.Node{n.Pipe, n.List, n.ElseList})
	case *parse.RangeNode:
		return firstUnknown([]parse.Node{n.Pipe, n.List, n.ElseList})
	case *parse.WithNode:
		return firstUnknown([]parse.Node{n.Pipe, n.List, n.ElseList})
	case *parse.TemplateNode:
		return unknownField(n.Pipe)
	case *parse.ChainNode:
		if name := unknownField(n.Node); name != "" {
			return name
		}
		return checkFields(n.Field)
	case *parse.FieldNode:
		return checkFields(n.Ident)
	case *parse.VariableNode:
		return checkFields(n.Ident[1:])
	}
	return ""
}

func firstUnknown[N parse.Node](nodes []N) string {
	for _, n := range nodes {
		if name := unknownField(n); name != "" {
			return name
		}
	}
	return ""
}

// checkFields gives back the selector ".A.B" made of names unless it is one known
// field or nothing.
func checkFields(names []string) string {
	if len(names) == 0 {
		return ""
	}
	selector := "." + strings.Join(names, ".")
	for known := range strings.FieldsSeq(templateFields) {
		if selector == known {
			return ""
		}
	}
	return selector
}
