// Package starmap maps paths with a function written in Starlark, which is
// Python without what reaches outside: a pure get_cloud_path(filepath) written
// for FiftyOne runs as it is.
//
// Where Starlark and Python could differ without an error, the path is refused
// instead: see [Map.Map].
package starmap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/medialift/medialift/pathmap"
)

// Function is the name of the function that a file must define.
const Function = "get_cloud_path"

// ErrFunction says that the function failed, ran into a limit, or gave something
// else than a string or None.
var ErrFunction = errors.New("the Starlark function failed")

// Options are the limits of one call of the function, and of loading its file.
type Options struct {
	// MaxSteps of the Starlark machine; 0 means 10 million.
	MaxSteps uint64
	// Timeout; 0 means 10 seconds.
	Timeout time.Duration
}

// A Map asks a Starlark function. It is a pathmap.Mapper.
type Map struct {
	name  string
	opts  Options
	plain starlark.Callable
	// coded is the same program with every character of its texts in a single
	// byte, and alphabet says which byte stands for what.
	coded    starlark.Callable
	alphabet alphabet
}

// Load reads the file at path; see New.
func Load(path string, opts Options) (*Map, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the Starlark file: %w", err)
	}
	return New(filepath.Base(path), text, opts)
}

// New makes a Map of the program text, which must define get_cloud_path with
// one parameter; name stands for it in messages. Annotations of parameters and
// results are passed over, as Python does, and "is None" is understood; what
// else Starlark has not, such as import and f-strings, is pathmap.ErrSpec.
func New(name string, text []byte, opts Options) (*Map, error) {
	if opts.MaxSteps == 0 {
		opts.MaxSteps = 10_000_000
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	m := &Map{name: name, opts: opts}
	text = accommodate(text)
	var err error
	if m.plain, err = m.load(text, nil); err != nil {
		return nil, err
	}
	if m.coded, err = m.load(text, &m.alphabet); err != nil {
		return nil, err
	}
	return m, nil
}

// load runs the program and returns its function. With an alphabet, its texts
// are spelled in it.
func (m *Map) load(text []byte, a *alphabet) (starlark.Callable, error) {
	dialect := &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}
	file, err := dialect.Parse(m.name, text, 0)
	if err == nil && a != nil {
		err = a.respell(file)
	}
	if err != nil {
		return nil, refused(text, err)
	}
	guard(file)
	predeclared := guards()
	program, err := starlark.FileProgram(file, predeclared.Has)
	if err != nil {
		return nil, refused(text, err)
	}
	thread, stop := m.thread(context.Background())
	defer stop()
	globals, err := program.Init(thread, predeclared)
	if err != nil {
		return nil, fmt.Errorf("%w: loading %q: %w; %s", pathmap.ErrSpec, m.name, err, useExec)
	}
	globals.Freeze()
	f, ok := globals[Function].(starlark.Callable)
	if !ok {
		return nil, fmt.Errorf("%w: %q defines no function %s(filepath)", pathmap.ErrSpec, m.name, Function)
	}
	if def, ok := f.(*starlark.Function); ok && def.NumParams() == def.NumKwonlyParams() {
		return nil, fmt.Errorf("%w: %s in %q must take one argument, the path", pathmap.ErrSpec, Function, m.name)
	}
	return f, nil
}

// thread makes a Starlark thread that ends with ctx and within the limits.
func (m *Map) thread(ctx context.Context) (*starlark.Thread, func()) {
	t := &starlark.Thread{Name: m.name, Print: func(*starlark.Thread, string) {}}
	t.SetMaxExecutionSteps(m.opts.MaxSteps)
	t.OnMaxSteps = func(t *starlark.Thread) { t.Cancel(fmt.Sprintf("it took more than %d steps", m.opts.MaxSteps)) }
	timer := time.AfterFunc(m.opts.Timeout, func() { t.Cancel(fmt.Sprintf("it took longer than %v", m.opts.Timeout)) })
	unhook := context.AfterFunc(ctx, func() { t.Cancel(ctx.Err().Error()) })
	return t, func() {
		timer.Stop()
		unhook()
	}
}

// Map calls the function. None is pathmap.ErrNoAnswer.
//
// Starlark counts the bytes of a text where Python counts characters. Where
// that could matter, because the path or a text of the program is not ASCII,
// the function is called a second time on a spelling that has one byte a
// character; if the answers differ, the error says so.
func (m *Map) Map(ctx context.Context, p pathmap.Path) (string, error) {
	if strings.ContainsAny(p.Path, "\x1c\x1d\x1e\x1f") {
		return "", fmt.Errorf("%w: %q holds a control character that is a blank to Python but not to Starlark; %s", ErrFunction, p.Path, useExec)
	}
	to, ok, err := m.call(ctx, m.plain, p.Path)
	if err != nil {
		return "", err
	}
	if m.alphabet.len() > 0 || !ascii(p.Path) {
		if err := m.compare(ctx, p.Path, to, ok); err != nil {
			return "", err
		}
	}
	if !ok {
		return "", pathmap.ErrNoAnswer
	}
	return to, nil
}

func (m *Map) call(ctx context.Context, f starlark.Callable, path string) (to string, ok bool, err error) {
	thread, stop := m.thread(ctx)
	defer stop()
	result, err := starlark.Call(thread, f, starlark.Tuple{starlark.String(path)}, nil)
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	if err != nil {
		return "", false, fmt.Errorf("%w: %s in %q: %s", ErrFunction, Function, m.name, explained(err))
	}
	switch v := result.(type) {
	case starlark.NoneType:
		return "", false, nil
	case starlark.String:
		return string(v), true, nil
	}
	return "", false, fmt.Errorf("%w: %s in %q returned %s %s, want a string or None", ErrFunction, Function, m.name, result.Type(), result)
}

// compare calls the function on the one-byte spelling of path and fails where
// the answer is another one.
func (m *Map) compare(ctx context.Context, path, to string, ok bool) error {
	a := m.alphabet
	coded, err := a.encode(path)
	if err != nil {
		return err
	}
	other, otherOK, err := m.call(ctx, m.coded, coded)
	if err == nil && ok == otherOK && (!ok || a.decode(other) == to) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %s in %q counts, cuts or changes letters that are not ASCII, where Starlark and Python differ; %s",
		ErrFunction, Function, m.name, useExec)
}

// explained is an error of Starlark with the line it happened on.
func explained(err error) string {
	var e *starlark.EvalError
	if !errors.As(err, &e) {
		return err.Error()
	}
	for i := range e.CallStack {
		if frame := e.CallStack.At(i); frame.Pos.Line > 0 {
			return fmt.Sprintf("line %d: %s", frame.Pos.Line, e.Msg)
		}
	}
	return e.Msg
}
