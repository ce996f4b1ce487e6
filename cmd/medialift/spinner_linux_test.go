package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/medialift/medialift/bucket/buckettest"
)

// openTerminal opens a pseudo-terminal: what is written to tty is read from screen.
func openTerminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: 100}); err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

// A phase that has ended is not drawn any more: not over the next one's bar, and not
// after the summary.
func TestBarsFollowOneAnother(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	env := between(t, s3, func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(20 * time.Millisecond)
		return false
	})
	m := newTool(t, append(env, "TERM=xterm")...)
	dir := t.TempDir()
	writeExport(t, dir, 30, "")
	m.run(0, "upload", filepath.Join(dir, "export"), "s3://media/x/other") // so that there is something to check for
	screen, tty := openTerminal(t)
	cmd := m.command("upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	var shown bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&shown, screen) }) // ends with an error when nobody has tty open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	reading.Wait()
	text := shown.String()
	if err != nil || !strings.Contains(text, "Rewrote") {
		t.Fatalf("%v:\n%s", err, text)
	}
	var order []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch word {
		case "reading", "resolving", "checking", "sending", "rewriting":
			if len(order) == 0 || order[len(order)-1] != word {
				order = append(order, word)
			}
		}
	}
	if !strings.Contains(strings.Join(order, " "), "sending") {
		t.Errorf("phases drawn: %q", order)
	}
	seen := map[string]bool{}
	for _, word := range order {
		if seen[word] {
			t.Errorf("%q is drawn again after another phase: %q", word, order)
		}
		seen[word] = true
	}
	_, after, _ := strings.Cut(text, "Rewrote")
	for word := range seen {
		if strings.Contains(after, word) {
			t.Errorf("%q is drawn after the summary: %q", word, after)
		}
	}
}
