package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

// openFile opens the file that a path of the dataset names, in whatever Unicode
// form it is there.
func openFile(path string) (io.ReadCloser, error) { return openMedia(path) }

func openMedia(path string) (*os.File, error) {
	found, err := localfile.Resolver{}.Resolve(path)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", path, err)
	}
	return os.Open(found.Path)
}

// A planned file of the table.
type planned struct {
	field, path, name, kind string
	size                    int64
}

// copy copies all planned files below stage.
func (m *media) copy(ctx context.Context, stage *os.Root) (files, bytes int64, err error) {
	rows, err := m.tx.QueryContext(ctx, `SELECT field, path, name, kind, size FROM file WHERE kind = ? ORDER BY id`, plainFile)
	if err != nil {
		return 0, 0, m.trouble(err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(m.opts.Workers)
	var mu sync.Mutex
	p := m.total
	p.Phase = "copying"
	copied := func(size int64) {
		mu.Lock()
		defer mu.Unlock()
		p.Done++
		p.Bytes += size
		m.opts.Progress(p)
	}
	for rows.Next() && gctx.Err() == nil {
		var f planned
		if err = rows.Scan(&f.field, &f.path, &f.name, &f.kind, &f.size); err != nil {
			break
		}
		g.Go(func() error {
			err := copyFile(gctx, stage, exportPath(f.field, f.name), f.path, nil)
			if err == nil {
				copied(f.size)
			}
			return err
		})
	}
	err = errors.Join(err, rows.Err(), rows.Close()) //nolint:sqlclosecheck // the transaction is used again below
	if err = errors.Join(g.Wait(), err); err != nil {
		return 0, 0, err
	}
	if err := m.copyScenes(ctx, stage, copied); err != nil {
		return 0, 0, err
	}
	if err := syncAll(stage.Name()); err != nil {
		return 0, 0, fmt.Errorf("making the media durable: %w", err)
	}
	return p.Done, p.Bytes, nil
}

// copyScenes writes the scenes and what they need.
func (m *media) copyScenes(ctx context.Context, stage *os.Root, copied func(int64)) error {
	var scenes []planned
	rows, err := m.tx.QueryContext(ctx, `SELECT field, path, name, kind, size FROM file WHERE kind = ? ORDER BY id`, sceneFile)
	if err != nil {
		return m.trouble(err)
	}
	for rows.Next() {
		var f planned
		if err = rows.Scan(&f.field, &f.path, &f.name, &f.kind, &f.size); err != nil {
			break
		}
		scenes = append(scenes, f)
	}
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil { //nolint:sqlclosecheck // the transaction is used again below
		return m.trouble(err)
	}
	done := map[string]bool{}
	for _, f := range scenes {
		if err := m.copyScene(ctx, stage, f, done, copied); err != nil {
			return fmt.Errorf("copying scene %q: %w", f.path, err)
		}
	}
	return nil
}

func (m *media) copyScene(ctx context.Context, stage *os.Root, f planned, done map[string]bool, copied func(int64)) error {
	s, err := scene.Assets(openFile, f.path)
	if err != nil {
		return err
	}
	there := s.Assets[:0]
	names := map[string]string{}
	for _, a := range s.Assets {
		name, known, err := m.lookup(ctx, f.field, a.Path)
		if err != nil {
			return err
		}
		if known {
			names[a.Path] = exportPath(f.field, name)
			there = append(there, a)
		}
	}
	s.Assets = there
	files, err := scene.Layout(s, exportPath(f.field, f.name), scene.Options{Place: func(path string) (string, bool) {
		key, ok := names[path]
		return key, ok
	}})
	if err != nil {
		return err
	}
	for _, p := range files {
		if done[p.Key] {
			continue
		}
		done[p.Key] = true
		if err := copyFile(ctx, stage, p.Key, p.Path, &p); err != nil {
			return err
		}
		found, err := localfile.Resolver{}.Resolve(p.Path)
		if err != nil {
			return err
		}
		copied(found.Size)
	}
	return nil
}

// copyFile copies a file to a place below stage, with other references if it is
// one of a scene that has any.
func copyFile(ctx context.Context, stage *os.Root, name, from string, placed *scene.Placed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	to := filepath.FromSlash(name)
	if err := stage.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return fmt.Errorf("copying media: %w", err)
	}
	src, err := openMedia(from)
	if err != nil {
		return fmt.Errorf("copying media: %w", err)
	}
	defer src.Close()
	dst, err := stage.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("copying media: %w", err)
	}
	if placed != nil && len(placed.Refs) > 0 {
		err = scene.RewriteFile(dst, src, from, placed.Kind, placed.NewRef)
	} else {
		_, err = io.Copy(dst, src)
	}
	if err = errors.Join(err, dst.Close()); err != nil {
		return fmt.Errorf("copying %q: %w", from, err)
	}
	return nil
}
