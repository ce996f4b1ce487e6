package pathmap

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrSpec is wrapped by the errors of [Parse], [Regexp] and [Template] that blame
// what was written and not what was found, such as a file that is not there.
var ErrSpec = errors.New("malformed mapping")

// A Kind makes a Mapper of what follows "kind:" in a spec. Its errors should
// quote what is wrong and wrap [ErrSpec] where arg is malformed.
type Kind func(arg string) (Mapper, error)

// Kinds gives the kinds this package knows, by name, in a map that is the
// caller's to change:
//
//	prefix:FROM=TO              see Prefix; neither may be empty
//	regexp:PATTERN=REPLACEMENT  see Regexp; the replacement may be empty
//	template:TEXT               see Template
//
// In the first two the first bare "=" splits and a second one is an error; "\="
// is an "=" of the text. No other backslash is touched, so that neither Windows
// paths nor patterns need doubling. A FROM that ends in a backslash is written
// without it ("C:" is the whole drive), a PATTERN that does ends in `[\\]`.
func Kinds() map[string]Kind {
	return map[string]Kind{
		"prefix":   parsePrefix,
		"regexp":   parseRegexp,
		"template": parseTemplate,
	}
}

// Parse makes the Mapper that spec, a "kind:argument", asks for. kinds is what
// there is to choose from: [Kinds], or that with a caller's own added. A
// malformed spec gives an error that wraps [ErrSpec]; others, such as a table
// that cannot be opened, are wrapped as they are. All of them quote spec.
func Parse(spec string, kinds map[string]Kind) (Mapper, error) {
	name, arg, found := strings.Cut(spec, ":")
	kind := kinds[name]
	if !found || kind == nil {
		known := strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
		if !found {
			return nil, fmt.Errorf("%q: %w: no kind; want one of %s, then \":\", as in \"prefix:/data=s3://bucket/data\"", spec, ErrSpec, known)
		}
		return nil, fmt.Errorf("%q: %w: unknown kind %q; want one of %s, as in \"prefix:/data=s3://bucket/data\"", spec, ErrSpec, name, known)
	}
	m, err := kind(arg)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", spec, err)
	}
	return m, nil
}

func parsePrefix(arg string) (Mapper, error) {
	const want = `want FROM=TO, as in "prefix:/data=s3://bucket/data"`
	from, to, err := splitPair(arg, want)
	if err != nil {
		return nil, err
	}
	if from == "" || to == "" {
		return nil, fmt.Errorf("%w: FROM is %q and TO %q, neither may be empty; %s", ErrSpec, from, to, want)
	}
	return Prefix(from, to), nil
}

func parseRegexp(arg string) (Mapper, error) {
	const want = `want PATTERN=REPLACEMENT, as in "regexp:^/mnt/([^/]+)/=s3://$1/"`
	pattern, replacement, err := splitPair(arg, want)
	if err != nil {
		return nil, err
	}
	if pattern == "" {
		return nil, fmt.Errorf("%w: PATTERN is empty; %s", ErrSpec, want)
	}
	return Regexp(pattern, replacement)
}

func parseTemplate(arg string) (Mapper, error) {
	if arg == "" {
		return nil, fmt.Errorf("%w: no text; want a template, as in \"template:s3://bucket/{{.Field}}/{{.Base}}\"", ErrSpec)
	}
	return Template(arg)
}

// splitPair cuts arg at its one bare "=" and takes the backslash off the others.
func splitPair(arg, want string) (left, right string, err error) {
	cut := -1
	for i := range len(arg) {
		if arg[i] != '=' || i > 0 && arg[i-1] == '\\' {
			continue
		}
		if cut >= 0 {
			return "", "", fmt.Errorf("%w: a second \"=\" in %q; write %q for one that belongs to the text; %s", ErrSpec, arg, `\=`, want)
		}
		cut = i
	}
	switch {
	case cut < 0 && strings.Contains(arg, `\=`):
		return "", "", fmt.Errorf("%w: no \"=\" in %q that splits it, since %q belongs to the text; leave off a backslash at the end of a directory; %s", ErrSpec, arg, `\=`, want)
	case cut < 0:
		return "", "", fmt.Errorf("%w: no \"=\" in %q; %s", ErrSpec, arg, want)
	}
	bare := strings.NewReplacer(`\=`, "=")
	return bare.Replace(arg[:cut]), bare.Replace(arg[cut+1:]), nil
}
