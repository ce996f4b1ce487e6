package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/medialift/medialift/ledger"
)

// collide finds files that would share an object. Those with equal bytes do no
// harm; others are refused or get a suffix. Keys that only letter case or
// Unicode normal form tells apart are refused where the store may confuse them.
func (b *builder) collide(ctx context.Context) error {
	c, err := b.clashes(ctx, b.opts.SuffixCollisions)
	if err != nil {
		return err
	}
	if c.suffixes > 0 {
		b.Warnings = append(b.Warnings, fmt.Sprintf("%d files that would share a key get a suffix", c.suffixes))
		if c, err = b.clashes(ctx, false); err != nil {
			return err
		}
	}
	if c.twins > 0 {
		b.Warnings = append(b.Warnings, fmt.Sprintf("%d files are equal to another one that has the same key: one object serves both", c.twins))
	}
	if c.folded > 0 {
		b.Warnings = append(b.Warnings, fmt.Sprintf("%d keys differ from another one only by letter case or Unicode form, for example %s and %s",
			c.folded, c.example[0], c.example[1]))
	}
	return nil
}

// clashes makes one pass over the groups of files whose URLs are one when
// folded.
func (b *builder) clashes(ctx context.Context, suffix bool) (*collider, error) {
	c := &collider{builder: b, suffix: suffix}
	var group []ledger.File
	for f, err := range b.draft.Folded(ctx) {
		if err != nil {
			return nil, err
		}
		if len(group) > 0 && foldNumber(group[0].URL) != foldNumber(f.URL) {
			if err := c.group(ctx, group); err != nil {
				return nil, err
			}
			group = group[:0]
		}
		group = append(group, f)
	}
	return c, c.group(ctx, group)
}

// A collider deals with the groups of one pass.
type collider struct {
	*builder
	suffix                  bool
	suffixes, twins, folded int64
	example                 [2]string
}

// group deals with files whose URLs are one when folded; equal URLs stand
// together.
func (c *collider) group(ctx context.Context, files []ledger.File) error {
	if len(files) < 2 {
		return nil
	}
	distinct := 1
	start := 0
	for i := 1; i <= len(files); i++ {
		if i < len(files) && files[i].URL == files[start].URL {
			continue
		}
		if err := c.same(ctx, files[start:i]); err != nil {
			return err
		}
		if i < len(files) && folded(files[i].URL) == folded(files[start].URL) {
			distinct++
			c.example = [2]string{files[start].URL, files[i].URL}
		}
		start = i
	}
	if distinct == 1 {
		return nil
	}
	if !c.root[files[0].Field].Naming.Folds {
		c.folded += int64(distinct - 1)
		return nil
	}
	return c.clash(ctx, files, "collision-folded", "differs from another key only by letter case or Unicode form, which this target may confuse")
}

// same deals with files of one URL.
func (c *collider) same(ctx context.Context, files []ledger.File) error {
	if len(files) < 2 {
		return nil
	}
	equal, err := c.equalFiles(ctx, files)
	if err != nil {
		return err
	}
	if !equal {
		return c.clash(ctx, files, "collision", "another file has the same key")
	}
	for _, f := range files[1:] {
		if err := c.draft.SetTwin(ctx, f.ID, files[0].ID); err != nil {
			return err
		}
		c.twins++
	}
	return nil
}

// clash refuses files, or gives each its suffix.
func (c *collider) clash(ctx context.Context, files []ledger.File, kind, why string) error {
	for _, f := range files {
		if !c.suffix {
			c.refuse("files that would overwrite one another",
				"--on-collision suffix gives each its own key; or use --layout tree, or --remote-dir FIELD=URL", kind, f, why)
			continue
		}
		if err := c.setSuffixed(ctx, f, f.URL); err != nil {
			return err
		}
		c.suffixes++
	}
	return nil
}

// setSuffixed gives a file the URL with its suffix, unless the target cannot
// hold it.
func (b *builder) setSuffixed(ctx context.Context, f ledger.File, url string) error {
	url = suffixed(url, f.Path)
	naming := b.root[f.Field].Naming
	key, _ := naming.Cut(url)
	if _, err := naming.URL(key); err != nil {
		b.refuse("keys that the target cannot hold", "use --layout hash", "key", f, err.Error())
		return nil
	}
	return b.draft.SetURL(ctx, f.ID, url, foldNumber(url))
}

// equalFiles tells whether all files would be sent as the same bytes.
func (b *builder) equalFiles(ctx context.Context, files []ledger.File) (bool, error) {
	var first string
	for i, f := range files {
		if i > 0 && f.Local == files[0].Local {
			continue
		}
		if f.Kind != "" && b.opts.Layout == Hash {
			continue // their keys are made of what they are sent as
		}
		if f.LocalSize != files[0].LocalSize {
			return false, nil
		}
		if i > 0 {
			alike, err := b.draft.SameLinks(ctx, files[0], f)
			if err != nil || !alike {
				return false, err
			}
		}
		sum, err := fileSum(ctx, f.Local)
		if err != nil {
			return false, err
		}
		if first == "" {
			first = sum
		}
		if sum != first {
			return false, nil
		}
	}
	return true, nil
}

// nest refuses a key that is another key's directory: no file system can hold
// both, and few tools can show them.
func (b *builder) nest(ctx context.Context) error {
	var above ledger.File
	for f, err := range b.draft.Nested(ctx) {
		if err != nil {
			return err
		}
		if above.URL != "" && strings.HasPrefix(f.URL, above.URL+"/") {
			const hint = "use --layout hash, or --remote-dir FIELD=URL to keep fields apart"
			b.refuse("keys that are a directory of others", hint, "collision-directory", above, "another key lies below it: "+f.URL)
			b.refuse("keys that are a directory of others", hint, "collision-directory", f, "another key is its directory: "+above.URL)
			continue
		}
		above = f
	}
	return nil
}

// suffixed puts eight hexadecimal digits of the SHA-256 of the stored path
// before the extension of a URL.
func suffixed(url, stored string) string {
	sum := sha256.Sum256([]byte(stored))
	ext := path.Ext(url)
	return strings.TrimSuffix(url, ext) + "-" + hex.EncodeToString(sum[:4]) + ext
}

// folded is what a store that ignores letter case and Unicode normal forms
// makes of a URL.
func folded(url string) string { return norm.NFC.String(strings.ToLower(norm.NFC.String(url))) }

func foldNumber(url string) int64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, folded(url))
	return int64(h.Sum64())
}
