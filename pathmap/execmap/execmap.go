// Package execmap maps paths with another program, which reads one path a line
// and writes one answer a line; an empty line is no answer.
//
// The program is a coprocess that runs for as long as there are questions. In
// [Map.Stream] paths are written and answers read at the same time, so that it
// may hold its output back, and answers are counted: too few, too many, and an
// exit code other than 0 are errors.
package execmap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/medialift/medialift/pathmap"
)

// ErrProgram says that the program failed, or did not answer line by line.
var ErrProgram = errors.New("the mapping program failed")

// Options say how the program is run.
type Options struct {
	// Stderr, if set, gets what the program writes on its standard error. The
	// end of it is part of error messages in any case.
	Stderr io.Writer
	// Patience is how long the program may take to answer a single question of
	// [Map.Map], and to end once it has read everything; 0 means 30 seconds. It
	// does not bound Stream, which waits for answers as long as it takes.
	Patience time.Duration
}

// A Map asks a program. It is a pathmap.Streamer.
type Map struct {
	argv []string
	opts Options

	mu   sync.Mutex
	live *process // answers single questions
}

// New makes a Map of a program and its arguments, which is looked for on the
// PATH; no shell is involved. A program that is not there is an error that
// wraps [exec.ErrNotFound] or fs.ErrNotExist.
func New(argv []string, opts Options) (*Map, error) {
	if len(argv) == 0 {
		return nil, fmt.Errorf("%w: no program", pathmap.ErrSpec)
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, fmt.Errorf("looking for the mapping program: %w", err)
	}
	if opts.Patience == 0 {
		opts.Patience = 30 * time.Second
	}
	return &Map{argv: argv, opts: opts}, nil
}

// Split takes a command line apart at blanks. Quotes of both kinds keep blanks
// together; outside of single quotes a backslash stands before a blank, a quote
// or a backslash that is meant, and for itself before anything else. Nothing
// else is special: no variables, no patterns.
func Split(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(command) && strings.IndexByte(" \t\"'\\", command[i+1]) >= 0:
			i++
			word.WriteByte(command[i])
			inWord = true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case quote != 0 && c == quote:
			quote = 0
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%w: a %c without its other half in %q", pathmap.ErrSpec, quote, command)
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, fmt.Errorf(`%w: no program; want a command, as in "exec:python3 -u cloud_path.py"`, pathmap.ErrSpec)
	}
	return words, nil
}

// Map asks a program that Map keeps running for single questions, until Close:
// it must answer each before it is asked the next, and not hold its output
// back. Many questions are better asked with Stream.
func (m *Map) Map(ctx context.Context, p pathmap.Path) (string, error) {
	if err := speakable(p.Path); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if m.live == nil {
		live, err := start(m.argv, m.opts)
		if err != nil {
			return "", err
		}
		m.live = live
	}
	to, err := m.live.ask(ctx, p.Path, m.opts.Patience)
	if err != nil {
		m.live.kill()
		err = errors.Join(err, m.live.close())
		m.live = nil
		return "", err
	}
	if to == "" {
		return "", pathmap.ErrNoAnswer
	}
	return to, nil
}

// Close ends the program that answered single questions, if there is one.
func (m *Map) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live == nil {
		return nil
	}
	live := m.live
	m.live = nil
	live.closeInput()
	return errors.Join(live.finish(m.opts.Patience), live.close())
}

// speakable fails for a path that cannot be said in one line.
func speakable(path string) error {
	if strings.ContainsRune(path, '\n') {
		return fmt.Errorf("%w: the path %q holds a line break, and the program is asked one path a line", ErrProgram, path)
	}
	return nil
}
