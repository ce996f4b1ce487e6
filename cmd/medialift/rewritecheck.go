package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/localfile"
)

// exists looks whether a new path names something, where this version can
// look: local files and the stores it knows.
func (c *rewriteCmd) exists(ctx context.Context, path string) error {
	if !localfile.IsRemote(path) {
		return c.existsHere(path)
	}
	t, err := open.Parse(path)
	if err != nil {
		return err
	}
	loc, err := c.targets().Open(ctx, t.Scheme+"://"+t.Bucket)
	if err != nil {
		return err
	}
	err = c.stat(ctx, loc.Store, t.Prefix)
	if !errors.Is(err, bucket.ErrNotFound) {
		return err
	}
	for _, form := range []norm.Form{norm.NFC, norm.NFD} { // to a store these are other keys, and to a reader
		if other := form.String(t.Prefix); other != t.Prefix {
			if oerr := c.stat(ctx, loc.Store, other); oerr == nil {
				return fmt.Errorf("%w; in another Unicode form, %+q, it is there", err, other)
			}
		}
	}
	return err
}

// stat looks for an object. A store that asks to slow down is waited for.
func (c *rewriteCmd) stat(ctx context.Context, store bucket.Store, key string) error {
	a := transfer.Ask{Tries: 3, Waits: transfer.ForCalm}
	return c.engine.Ask(ctx, a, func(ctx context.Context) error {
		_, err := store.Stat(ctx, key)
		return err
	})
}

// existsHere looks for a file as all commands do, in either Unicode form.
func (c *rewriteCmd) existsHere(path string) error {
	if localfile.IsForeign(path) {
		return errors.New("a Windows path, and this is another machine")
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("%q is a directory", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if found, oerr := (localfile.Resolver{}).Resolve(path); oerr == nil {
			c.otherForms.add(path, found.Path)
			return nil
		}
	}
	return err
}

// otherForms counts paths whose files are there by a name in another Unicode form
// only: medialift finds them, FiftyOne on most systems does not.
type otherForms struct {
	mu    sync.Mutex
	n     int64
	first [2]string
}

func (o *otherForms) add(path, file string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n++; o.n == 1 {
		o.first = [2]string{path, file}
	}
}

func (o *otherForms) warn(u *ui) {
	if o.n > 0 {
		u.warn("%s named in another Unicode form than their paths, which FiftyOne may not find: for %+q there is %+q",
			plural(o.n, "file"), o.first[0], o.first[1])
	}
	o.n = 0
}
