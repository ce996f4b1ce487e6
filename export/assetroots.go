package export

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// checkAssets refuses assets of scenes that lie neither below RelDir, nor below the
// common directory of the media, nor where AssetDirs allow it: a scene may name a
// file that is nobody's business.
func (m *media) checkAssets(ctx context.Context) error {
	assets := 0
	if err := m.paths(ctx, assetFile, assetFile, func(string, string) { assets++ }); err != nil || assets == 0 {
		return err
	}
	var all string
	dirs := map[string]string{} // by field
	if err := m.paths(ctx, plainFile, sceneFile, func(field, path string) {
		dir := filepath.Dir(filepath.FromSlash(path))
		if dirs[field] == "" {
			dirs[field] = dir
		}
		if all == "" {
			all = dir
		}
		dirs[field], all = common(dirs[field], dir), common(all, dir)
	}); err != nil {
		return err
	}
	roots := localfile.NewRoots(append([]string{m.opts.RelDir}, m.opts.AssetDirs...)...)
	if filepath.Dir(all) != all { // else it says nothing
		roots = append(roots, localfile.NewRoots(all)...)
	} else {
		for _, dir := range dirs {
			if filepath.Dir(dir) != dir {
				roots = append(roots, localfile.NewRoots(dir)...)
			}
		}
	}
	return m.paths(ctx, assetFile, assetFile, func(field, path string) {
		if where := localfile.Real(path); !roots.Hold(where) {
			m.refusal.Reason = "assets of 3D scenes that lie outside of the dataset's directories"
			m.refusal.Hint = "make sure that these files are to be copied, and allow their directory with --allow-assets-outside DIR"
			m.refusal.Add(dataset.Problem{Kind: "outside-asset", Field: field, Path: path,
				Hint: fmt.Sprintf("it is %q, outside of %s", where, strings.Join(roots, " and "))})
		}
	})
}

// paths lists the planned files of two kinds.
func (m *media) paths(ctx context.Context, kind, other string, each func(field, path string)) error {
	rows, err := m.tx.QueryContext(ctx, `SELECT field, path FROM file WHERE kind IN (?, ?) ORDER BY id`, kind, other)
	if err != nil {
		return m.trouble(err)
	}
	for rows.Next() {
		var field, path string
		if err = rows.Scan(&field, &path); err != nil {
			break
		}
		each(field, path)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil { //nolint:sqlclosecheck // the transaction is used again below
		return m.trouble(err)
	}
	return nil
}

// common is the deepest directory that holds both.
func common(a, b string) string {
	for {
		if rel, err := filepath.Rel(a, b); err == nil && filepath.IsLocal(rel) || a == filepath.Dir(a) {
			return a
		}
		a = filepath.Dir(a)
	}
}
