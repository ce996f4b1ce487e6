package starmap

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// differs is the error of what Starlark and Python do differently.
func differs(what string) error {
	return errors.New(what + " is another text in Python than in Starlark; " + useExec)
}

// guards are the functions that programs find under these names: those of Starlark
// where they do what Python does, and errors where not.
func guards() starlark.StringDict {
	dict := starlark.StringDict{}
	for _, name := range []string{"repr", "hash", "type", "dir"} {
		dict[name] = starlark.NewBuiltin(name, func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
			return nil, differs(name + "()")
		})
	}
	for name, f := range map[string]func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
		"str": str, guardMod: mod, guardEqual: equal, guardFormat: format, guardLines: lines,
	} {
		dict[name] = starlark.NewBuiltin(name, f)
	}
	return dict
}

// plain fails for a value whose text is not that of Python: lists and all else that
// is made of parts, and functions.
func plain(v starlark.Value) error {
	switch v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String:
		return nil
	}
	return differs("the text of a " + v.Type())
}

func str(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	for _, v := range args {
		if err := plain(v); err != nil {
			return nil, err
		}
	}
	return starlark.Call(thread, starlark.Universe["str"], args, kwargs)
}

// represented is a conversion of % that writes as repr does.
var represented = regexp.MustCompile(`%(\([^)]*\))?[-#0 +]*[0-9.]*[ra]`)

func mod(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	text, ok := args[0].(starlark.String)
	if !ok {
		return starlark.Binary(syntax.PERCENT, args[0], args[1])
	}
	if represented.MatchString(strings.ReplaceAll(string(text), "%%", "")) {
		return nil, differs("%r")
	}
	values := []starlark.Value{args[1]}
	switch v := args[1].(type) {
	case starlark.Tuple:
		values = v
	case *starlark.Dict:
		if strings.Contains(string(text), "%(") {
			values = nil
			for _, item := range v.Items() {
				values = append(values, item[1])
			}
		}
	}
	for _, v := range values {
		if err := plain(v); err != nil {
			return nil, err
		}
	}
	return starlark.Binary(syntax.PERCENT, args[0], args[1])
}

// equal is ==, to which True is 1 in Python alone.
func equal(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if isBool(args[0]) && isNumber(args[1]) || isNumber(args[0]) && isBool(args[1]) {
		return nil, errors.New("to Python, and not to Starlark, True is 1; " + useExec)
	}
	same, err := starlark.Equal(args[0], args[1])
	return starlark.Bool(same), err
}

func isBool(v starlark.Value) bool { _, ok := v.(starlark.Bool); return ok }

func isNumber(v starlark.Value) bool {
	switch v.(type) {
	case starlark.Int, starlark.Float:
		return true
	}
	return false
}

// method calls a method of the first argument.
func method(thread *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	owner, ok := args[0].(starlark.HasAttrs)
	if !ok {
		return nil, fmt.Errorf("%s has no .%s field or method", args[0].Type(), name)
	}
	f, err := owner.Attr(name)
	if err == nil && f == nil {
		err = fmt.Errorf("%s has no .%s field or method", args[0].Type(), name)
	}
	if err != nil {
		return nil, err
	}
	return starlark.Call(thread, f, args[1:], kwargs)
}

func format(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if text, ok := args[0].(starlark.String); ok {
		if strings.Contains(string(text), "!r") || strings.Contains(string(text), "!a") {
			return nil, differs("!r")
		}
		values := append(starlark.Tuple{}, args[1:]...)
		for _, pair := range kwargs {
			values = append(values, pair[1])
		}
		for _, v := range values {
			if err := plain(v); err != nil {
				return nil, err
			}
		}
	}
	return method(thread, "format", args, kwargs)
}

// lineEnds end a line to Python alone.
const lineEnds = "\v\f\x1c\x1d\x1e\u0085\u2028\u2029"

func lines(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if text, ok := args[0].(starlark.String); ok && strings.ContainsAny(string(text), lineEnds) {
		return nil, fmt.Errorf("splitlines() of %q is another list in Python than in Starlark; %s", string(text), useExec)
	}
	return method(thread, "splitlines", args, kwargs)
}
