package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

// media knows which files are copied and under which names: in a table on disk,
// so that memory is flat.
type media struct {
	opts     Options
	restorer *restorer
	file     string // of the table
	db       *sql.DB
	tx       *sql.Tx
	find     *sql.Stmt
	take     *sql.Stmt
	counts   *sql.Stmt
	total    Progress
	missing  int64
	warnings []string
	refusal  dataset.Refusal
}

// A file's name is unique within its field, also where the file system takes
// upper and lower case for the same.
const mediaSchema = `
CREATE TABLE file(id INTEGER PRIMARY KEY, field TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
	size INTEGER NOT NULL, kind TEXT NOT NULL, UNIQUE(field, path), UNIQUE(field, name));
CREATE TABLE count(field TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, n INTEGER NOT NULL, PRIMARY KEY(field, name)) WITHOUT ROWID;
`

// What is done with a file: plain ones are copied, scenes are written anew with
// their assets.
const (
	plainFile = "plain"
	sceneFile = "scene"
	assetFile = "asset"
)

// planMedia looks at every file that is to be copied, of those whose paths can be
// relative, and gives it its name.
// Missing ones are a *dataset.Refusal.
func planMedia(ctx context.Context, src dataset.Source, manifest dataset.Manifest, finder *dataset.Finder, restorer *restorer, opts Options) (*media, error) {
	m := &media{opts: opts, restorer: restorer, refusal: dataset.Refusal{
		Reason: "files that are not there", Hint: "put them where the paths say, or export without --export-media"}}
	err := m.open(ctx)
	if err == nil {
		err = m.plan(ctx, src, manifest, finder)
	}
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

func (m *media) plan(ctx context.Context, src dataset.Source, manifest dataset.Manifest, finder *dataset.Finder) error {
	done := int64(0)
	for doc, err := range src.Documents(ctx, dataset.Samples) {
		if err != nil {
			return err
		}
		found, err := finder.Find(dataset.Samples, doc)
		if err != nil {
			return err
		}
		for _, f := range found {
			if err := m.add(ctx, idText(doc.Lookup("_id")), f); err != nil {
				return err
			}
		}
		if done++; done%1000 == 0 {
			m.opts.Progress(Progress{Phase: "planning", Done: done, Total: manifest.Counts[dataset.Samples]})
		}
	}
	if err := m.checkAssets(ctx); err != nil {
		return err
	}
	if m.refusal.Total > 0 {
		return &m.refusal
	}
	if m.missing > 0 {
		m.warnings = append(m.warnings, fmt.Sprintf("%d files that assets of scenes name are not there", m.missing))
	}
	return nil
}

func (m *media) open(ctx context.Context) error {
	f, err := os.CreateTemp("", "medialift-export-*")
	if err != nil {
		return fmt.Errorf("making a temporary file: %w", err)
	}
	m.file = f.Name()
	if err := f.Close(); err != nil {
		return fmt.Errorf("making a temporary file: %w", err)
	}
	// Nothing of it is needed after this process.
	m.db, err = sql.Open("sqlite", "file:"+filepath.ToSlash(m.file)+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-16000)&_pragma=temp_store(FILE)")
	if err != nil {
		return fmt.Errorf("making a temporary file: %w", err)
	}
	m.db.SetMaxOpenConns(1)
	if m.tx, err = m.db.BeginTx(ctx, nil); err != nil {
		return m.trouble(err)
	}
	if _, err := m.tx.ExecContext(ctx, mediaSchema); err != nil {
		return m.trouble(err)
	}
	for text, stmt := range map[string]**sql.Stmt{
		`SELECT name FROM file WHERE field = ? AND path = ?`:                                                        &m.find,
		`INSERT INTO file(field, path, name, size, kind) VALUES(?, ?, ?, ?, ?) ON CONFLICT(field, name) DO NOTHING`: &m.take,
		`INSERT INTO count VALUES(?, ?, 1) ON CONFLICT(field, name) DO UPDATE SET n = n + 1 RETURNING n`:            &m.counts,
	} {
		if *stmt, err = m.tx.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // closed with the transaction
			return m.trouble(err)
		}
	}
	return nil
}

func (m *media) trouble(err error) error { return fmt.Errorf("using a temporary file: %w", err) }

func (m *media) close() error {
	var errs []error
	if m.tx != nil {
		errs = append(errs, m.tx.Rollback())
	}
	if m.db != nil {
		errs = append(errs, m.db.Close())
	}
	if m.file != "" {
		errs = append(errs, os.Remove(m.file))
	}
	m.tx, m.db, m.file = nil, nil, ""
	return errors.Join(errs...)
}

// add plans the file of one value.
func (m *media) add(ctx context.Context, id string, f dataset.Found) error {
	if f.Missing || f.Value == "" || localfile.IsRemote(f.Value) {
		return nil
	}
	if _, inside := below(m.opts.RelDir, f.Value); m.opts.RelDir != "" && !inside {
		return nil
	}
	if !m.restorer.restores(f) {
		return nil
	}
	stored := localfile.Clean(f.Value)
	if _, known, err := m.lookup(ctx, f.Field, stored); err != nil || known {
		return err
	}
	if fault := dataset.ElementFault(f.Field); fault != "" { // one that the schema does not declare
		m.refusal.Reason, m.refusal.Hint = "names that cannot be the name of a folder", "rename these fields in FiftyOne, or export without --export-media"
		m.refusal.Add(dataset.Problem{Kind: "name", ID: id, Field: f.Field, Path: f.Value, Hint: fault})
		return nil
	}
	found, err := localfile.Resolver{}.Resolve(f.Value)
	if err != nil {
		m.refusal.Add(dataset.Problem{Kind: "missing", ID: id, Field: f.Field, Path: f.Value, Hint: err.Error()})
		return nil //nolint:nilerr // it is refused, with all others
	}
	kind := plainFile
	if strings.EqualFold(filepath.Ext(stored), ".fo3d") {
		kind = sceneFile
	}
	if err := m.give(ctx, f.Field, stored, found.Size, kind); err != nil || kind == plainFile {
		return err
	}
	return m.addScene(ctx, id, f)
}

// addScene plans the files that a scene needs: beside it, as FiftyOne has them.
func (m *media) addScene(ctx context.Context, id string, f dataset.Found) error {
	s, err := scene.Assets(openFile, f.Value)
	if err != nil {
		m.refusal.Reason, m.refusal.Hint = "scenes that cannot be read", "mend them, or export without --export-media"
		m.refusal.Add(dataset.Problem{Kind: "scene", ID: id, Field: f.Field, Path: f.Value, Hint: err.Error()})
		return nil //nolint:nilerr // it is refused, with all others
	}
	for _, a := range s.Assets {
		if _, known, err := m.lookup(ctx, f.Field, a.Path); err != nil || known {
			if err != nil {
				return err
			}
			continue
		}
		found, err := localfile.Resolver{}.Resolve(a.Path)
		switch {
		case err == nil:
			if err := m.give(ctx, f.Field, a.Path, found.Size, assetFile); err != nil {
				return err
			}
		case a.In == s.Path:
			m.refusal.Add(dataset.Problem{Kind: "missing", ID: id, Field: f.Field, Path: a.Path, Hint: fmt.Sprintf("%s of the scene %q", a.Name, f.Value)})
		default: // FiftyOne leaves these behind in any case
			m.missing++
		}
	}
	return nil
}

func (m *media) lookup(ctx context.Context, field, stored string) (name string, known bool, err error) {
	err = m.find.QueryRowContext(ctx, field, stored).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, m.trouble(err)
	}
	return name, true, nil
}

// give gives a file the name that FiftyOne would (fiftyone.core.utils,
// UniqueFilenameMaker): that of the file, or its path from RelDir, and from the
// second one of a name on with its number; never one that is taken.
func (m *media) give(ctx context.Context, field, stored string, size int64, kind string) error {
	base := path.Base(filepath.ToSlash(stored))
	if rel, inside := below(m.opts.RelDir, stored); m.opts.RelDir != "" && inside {
		base = rel
	}
	stem, ext := splitExt(base)
	stem = strings.ReplaceAll(stem, "%", "-")
	ext, _, _ = strings.Cut(ext, "?")
	for {
		name := stem + ext
		var n int
		if err := m.counts.QueryRowContext(ctx, field, name).Scan(&n); err != nil {
			return m.trouble(err)
		}
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		result, err := m.take.ExecContext(ctx, field, stored, name, size, kind)
		if err != nil {
			return m.trouble(err)
		}
		if taken, err := result.RowsAffected(); err == nil && taken == 1 {
			m.total.Total++
			m.total.TotalBytes += size
			return nil
		}
	}
}

// splitExt is Python's os.path.splitext.
func splitExt(name string) (stem, ext string) {
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.LastIndexByte(name, '.')
	for i := slash; i < dot; i++ {
		if name[i] != '.' {
			return name[:dot], name[dot:]
		}
	}
	return name, ""
}

// name is the path of a value's file in the export.
func (m *media) name(f dataset.Found) (string, error) {
	name, known, err := m.lookup(context.Background(), f.Field, localfile.Clean(f.Value))
	if err != nil {
		return "", err
	}
	if !known {
		return "", fmt.Errorf("%w: %q came since its media were planned", dataset.ErrChanged, f.Value)
	}
	return exportPath(f.Field, name), nil
}

// exportPath is where a field's file is in the export.
func exportPath(field, name string) string {
	if field == dataset.FilepathField {
		return "data/" + name
	}
	return "fields/" + field + "/" + name
}
