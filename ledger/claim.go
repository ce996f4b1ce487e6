package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// claimName is the file by which a run claims an export directory where the file
// system has no locks.
const claimName = ".medialift-claim"

// A claim is renewed every claimBeat. One that was not for claimEnds is of a run that
// has ended; of a process of this machine that has ended, for claimEndsHere: another
// one with its number may run out of sight, in a container.
const (
	claimBeat     = 2 * time.Second
	claimEndsHere = 10 * time.Second
	claimEnds     = time.Minute
)

// A claim keeps other runs off an export directory by a file in it.
type claim struct {
	path  string
	owner string
	done  chan struct{}
	ended chan struct{}
}

// newClaim claims an export directory, or fails with ErrLocked. Where nothing can be
// written, nothing can be changed either, and nil is returned.
func newClaim(dir string) (*claim, error) {
	host, _ := os.Hostname()
	c := &claim{path: filepath.Join(dir, claimName), done: make(chan struct{}), ended: make(chan struct{}),
		owner: fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, time.Now().Format(time.RFC3339Nano))}
	for tried := time.Now(); ; {
		f, err := os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			_, err = f.WriteString(c.owner + "\n")
			if err = errors.Join(err, f.Close()); err != nil {
				return nil, errors.Join(fmt.Errorf("locking %q: %w", dir, err), os.Remove(c.path))
			}
			go c.beat()
			return c, nil
		}
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
			return nil, nil //nolint:nilnil // said above
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("locking %q: %w", dir, err)
		}
		gone, soon, err := c.drop(dir)
		switch {
		case err != nil:
			return nil, err
		case gone:
		case !soon || time.Since(tried) > 2*claimEndsHere:
			owner, _ := os.ReadFile(c.path)
			return nil, fmt.Errorf("%w %q: %s", ErrLocked, dir, ownerText(string(owner)))
		default:
			time.Sleep(claimBeat / 4)
		}
	}
}

// drop removes the claim of a run that has ended. Soon tells that this may be so in a
// moment.
func (c *claim) drop(dir string) (gone, soon bool, err error) {
	text, err := os.ReadFile(c.path)
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(c.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return true, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("locking %q: %w", dir, err)
	}
	now, err := clockOf(dir)
	if err != nil {
		return false, false, fmt.Errorf("locking %q: %w", dir, err)
	}
	age := now.Sub(info.ModTime())
	dead := isDead(string(text))
	if age < claimEndsHere || !dead && age < claimEnds {
		return false, dead, nil
	}
	aside := fmt.Sprintf("%s-%d", c.path, os.Getpid())
	if err := os.Rename(c.path, aside); err != nil {
		return errors.Is(err, fs.ErrNotExist), false, nil
	}
	if moved, err := os.ReadFile(aside); err == nil && string(moved) != string(text) {
		_ = os.Rename(aside, c.path) // somebody else was faster, and has a claim
		return false, false, nil
	}
	_ = os.Remove(aside)
	return true, false, nil
}

// clockOf is the time on the clock by which the file system dates files: that of
// another machine may differ from ours.
func clockOf(dir string) (time.Time, error) {
	f, err := os.CreateTemp(dir, claimName+"-*")
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), err
}

// isDead reports whether an owner is a process of this machine that has ended.
func isDead(owner string) bool {
	var pid int
	var host string
	if n, _ := fmt.Sscanf(owner, "process %d on %s", &pid, &host); n != 2 {
		return false
	}
	if mine, err := os.Hostname(); err != nil || mine != host {
		return false
	}
	p, err := os.FindProcess(pid)
	return err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// beat renews the claim until it ends.
func (c *claim) beat() {
	defer close(c.ended)
	t := time.NewTicker(claimBeat)
	defer t.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-t.C:
			// Written, not dated: only then does the file system's own clock count.
			if !c.isMine() {
				return // it was taken for dead: what is another's stays
			}
			if f, err := os.OpenFile(c.path, os.O_WRONLY, 0); err == nil {
				_, _ = f.WriteString(c.owner + "\n")
				_ = f.Close()
			}
		}
	}
}

func (c *claim) isMine() bool {
	text, err := os.ReadFile(c.path)
	return err == nil && strings.TrimSpace(string(text)) == c.owner
}

// end ends the claim, if it is still the one of this run.
func (c *claim) end() error {
	close(c.done)
	<-c.ended
	if !c.isMine() {
		return nil
	}
	if err := os.Remove(c.path); err != nil {
		return fmt.Errorf("unlocking: %w", err)
	}
	return nil
}

// copyFile copies a file, if there is one.
func copyFile(ctx context.Context, to, from string) (err error) {
	src, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	stop := context.AfterFunc(ctx, func() { _ = src.Close() })
	defer stop()
	_, err = io.Copy(dst, src)
	return err
}
