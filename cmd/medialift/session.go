package main

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
)

// A session is a run at work on one dataset: locked, with its ledger open.
type session struct {
	*source
	dir  *ledger.Dir
	run  *ledger.Run
	lock *ledger.Lock
	held *mongostore.Lock // of a dataset in a database that is going to be changed
}

// begin opens the dataset that arg names, locks it, and opens the ledger of the
// run that command and settings make of it. Only with writes may the dataset be
// changed.
func (a *app) begin(ctx context.Context, arg, command string, part partChoice, settings map[string][]string, writes bool) (*session, error) {
	src, err := a.openDataset(ctx, arg, writes)
	if err != nil {
		return nil, err
	}
	if err := part.narrow(ctx, src); err != nil {
		return nil, err
	}
	settings = part.settings(settings)
	s := &session{source: src}
	if s.dir, err = a.ledgers(); err != nil {
		return nil, err
	}
	if err := s.hold(ctx, writes); err != nil {
		return nil, err
	}
	if src.db != nil {
		if settings, err = withUUID(ctx, settings, src.db); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	id := ledger.Identity{Command: command, Dataset: src.key(), Settings: settings}
	if s.run, err = s.dir.Begin(ctx, id); err != nil {
		return nil, errors.Join(err, s.close())
	}
	a.ui.doc.Run, a.ui.doc.Dataset = s.run.Name(), src.String()
	a.ui.know()
	if err := src.rename(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.note(ctx, settings); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// note notes in the ledger which dataset the run is of: for people, and for undo.
func (s *session) note(ctx context.Context, settings map[string][]string) error {
	if s.db != nil {
		return s.run.SetMeta(ctx, map[string]string{"name": s.name, uuidSetting: strings.Join(settings[uuidSetting], "")})
	}
	noted, err := s.run.Meta(ctx, exportNote)
	if err != nil || noted != "" {
		return err
	}
	manifest, err := s.store.Manifest(ctx)
	if err != nil {
		return err
	}
	return s.run.SetMeta(ctx, map[string]string{exportNote: exportIdentity(manifest)})
}

// hold locks the dataset: in the state folder, and in its database if it is going
// to be changed there.
func (s *session) hold(ctx context.Context, writes bool) (err error) {
	if s.lock, err = s.dir.Lock(s.key()); err != nil || s.db == nil || !writes {
		return err
	}
	if s.held, err = s.db.Lock(ctx); err != nil {
		return errors.Join(err, s.lock.Unlock())
	}
	return nil
}

// guard returns a context that ends when the lock in the database is lost.
func (s *session) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if s.held != nil {
		go func() {
			select {
			case <-s.held.Lost():
				cancel(s.held.Err())
			case <-ctx.Done():
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}

// uuidSetting is what a run of a dataset in a database is also known by: a copy of
// the database on another server has the same names and ids.
const uuidSetting = ledger.NoteUUID

func withUUID(ctx context.Context, settings map[string][]string, db *mongostore.Store) (map[string][]string, error) {
	uuid, err := db.UUID(ctx)
	if err != nil {
		return nil, err
	}
	settings = maps.Clone(settings)
	settings[uuidSetting] = []string{uuid}
	return settings, nil
}

// isOf refuses a run that was of another copy of the database.
func (s *source) isOf(ctx context.Context, run *ledger.Run) error {
	if s.db == nil {
		return nil
	}
	want, err := run.Meta(ctx, uuidSetting)
	if err != nil {
		return err
	}
	got, err := s.db.UUID(ctx)
	if err != nil {
		return err
	}
	if want != got {
		return usage("name the server of the run with --database-uri", "the run was of a dataset on another server, or of one that has been restored since")
	}
	return nil
}

// close ends the session; its error matters only where nothing else failed.
func (s *session) close() error {
	var err error
	if s.run != nil {
		err = s.run.Close()
	}
	if s.held != nil {
		err = errors.Join(err, s.held.Unlock())
	}
	return errors.Join(err, s.lock.Unlock())
}

// ended notes in the ledger how the run ended, and returns err, with why ctx
// ended where it did.
func (s *session) ended(ctx context.Context, err error) error {
	err = withCause(ctx, err)
	if noted := s.run.SetStatus(context.WithoutCancel(ctx), statusOf(err)); err == nil {
		err = noted
	}
	return err
}

// statusOf is how a run ended that ended with err.
func statusOf(err error) ledger.Status {
	switch judge(err).code {
	case exitDone:
		return ledger.Done
	case exitPartial:
		return ledger.Partial
	case exitRefused:
		return ledger.Refused
	case exitInterrupted:
		return ledger.Interrupted
	}
	return ledger.Failed
}

// settings keeps the settings that have values.
func settings(all map[string][]string) map[string][]string {
	kept := map[string][]string{}
	for name, values := range all {
		if len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}
