package execmap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// maxLine bounds one answer.
const maxLine = 1 << 20

// A process is the program at work.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	w    *bufio.Writer
	file *os.File // its output
	out  *bufio.Reader
	errs tail

	exited  chan struct{} // closed when it has
	exitErr error
	once    sync.Once
}

// start runs the program.
func start(argv []string, opts Options) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), exited: make(chan struct{})}
	p.errs.also = opts.Stderr
	separate(p.cmd)
	// Pipes of our own: those of the package are closed by Wait, read or not.
	var ours, theirs [3]*os.File
	closeAll := func(files [3]*os.File) {
		for _, f := range files {
			_ = f.Close() // may be nil
		}
	}
	for i := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(ours)
			closeAll(theirs)
			return nil, fmt.Errorf("starting the mapping program: %w", err)
		}
		if ours[i], theirs[i] = r, w; i == 0 {
			ours[i], theirs[i] = w, r
		}
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	err := startTied(p.cmd, p.exited)
	closeAll(theirs)
	if err != nil {
		closeAll(ours)
		return nil, fmt.Errorf("starting the mapping program: %w", err)
	}
	p.in, p.file = ours[0], ours[1]
	p.w, p.out = bufio.NewWriterSize(p.in, 1<<16), bufio.NewReaderSize(p.file, 1<<16)
	go p.reap(ours[2])
	return p, nil
}

// reap collects what the program says on stderr, and how it ends.
func (p *process) reap(stderr *os.File) {
	said := make(chan struct{})
	go func() {
		_, _ = io.Copy(&p.errs, stderr)
		close(said)
	}()
	p.exitErr = p.cmd.Wait()
	killAll(p.cmd) // what it started would keep its output open
	select {
	case <-said:
	case <-time.After(2 * time.Second):
	}
	_ = stderr.Close()
	close(p.exited)
}

// write asks one question; the answer may depend on a flush.
func (p *process) write(line string) error {
	if _, err := p.w.WriteString(line); err != nil {
		return err
	}
	return p.w.WriteByte('\n')
}

// closeInput tells the program that there are no more questions.
func (p *process) closeInput() {
	_ = p.w.Flush() // a program that reads no more is known by its answers
	_ = p.in.Close()
}

// read returns the next line; io.EOF after the last. A last line needs no line
// break.
func (p *process) read() (string, error) {
	var line []byte
	for {
		part, err := p.out.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return "", fmt.Errorf("an answer is longer than %d bytes", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
		return trimEnd(string(line)), nil
	}
}

// ask asks one question and waits for its answer.
func (p *process) ask(ctx context.Context, path string, patience time.Duration) (string, error) {
	if n := p.out.Buffered(); n > 0 {
		return "", p.failed(errors.New("it answered more than it was asked"))
	}
	timer := time.AfterFunc(patience, p.kill)
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	_ = p.write(path)
	_ = p.w.Flush()
	line, err := p.read()
	inTime := timer.Stop()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return line, nil
	case !inTime:
		return "", p.failed(fmt.Errorf("no answer about %q within %v; it must flush each line, as python3 -u does", path, patience))
	}
	if err == io.EOF {
		p.wait(patience)
		err = fmt.Errorf("it ended without an answer about %q", path)
	}
	return "", p.failed(err)
}

// finish waits for the program to end by itself, and fails if it does not or
// not well.
func (p *process) finish(patience time.Duration) error {
	if !p.wait(patience) {
		return p.failed(fmt.Errorf("it has closed its output but did not end within %v", patience))
	}
	if p.exitErr != nil {
		return p.failed(nil)
	}
	return nil
}

func (p *process) wait(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// failed makes an error of what is wrong, with how the program ended and its
// last words.
func (p *process) failed(what error) error {
	text := []string{}
	if what != nil {
		text = append(text, what.Error())
	}
	select {
	case <-p.exited:
		if p.exitErr != nil {
			text = append(text, p.exitErr.Error())
		}
	default:
	}
	if words := p.errs.String(); words != "" {
		text = append(text, "it said: "+words)
	}
	return fmt.Errorf("%w: %s: %s", ErrProgram, strings.Join(p.cmd.Args, " "), strings.Join(text, "; "))
}

// kill ends the program and what it has started.
func (p *process) kill() {
	select {
	case <-p.exited: // its number may be another's by now
	default:
		p.once.Do(func() { killAll(p.cmd) })
	}
}

// close ends the program if it still runs, and frees what is held for it.
func (p *process) close() error {
	_ = p.in.Close()
	p.kill()
	<-p.exited
	return p.file.Close()
}

// A tail keeps the end of what is written to it.
type tail struct {
	also io.Writer
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 2000
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - most; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	if t.also != nil {
		_, _ = t.also.Write(b) // it is a courtesy
	}
	return len(b), nil
}

// String is the last lines in one.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}
