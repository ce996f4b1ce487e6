package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/ledger"
)

// A session is a run at work on one dataset: locked, with its ledger open.
type session struct {
	*source
	dir  *ledger.Dir
	run  *ledger.Run
	lock *ledger.Lock
}

// begin opens the dataset that arg names, locks it, and opens the ledger of the
// run that command and settings make of it.
func (a *app) begin(ctx context.Context, arg, command string, settings map[string][]string) (*session, error) {
	src, err := openDataset(arg)
	if err != nil {
		return nil, err
	}
	s := &session{source: src}
	if s.dir, err = a.ledgers(); err != nil {
		return nil, err
	}
	if s.lock, err = s.dir.Lock(src.dir); err != nil {
		return nil, err
	}
	id := ledger.Identity{Command: command, Dataset: src.dir, Settings: settings}
	if s.run, err = s.dir.Begin(ctx, id); err != nil {
		return nil, errors.Join(err, s.close())
	}
	a.ui.doc.Run, a.ui.doc.Dataset = s.run.Name(), src.dir
	a.ui.know()
	if err := src.rename(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close ends the session; its error matters only where nothing else failed.
func (s *session) close() error {
	var err error
	if s.run != nil {
		err = s.run.Close()
	}
	return errors.Join(err, s.lock.Unlock())
}

// ended notes in the ledger how the run ended, and returns err, with why ctx
// ended where it did.
func (s *session) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
	}
	status := ledger.Failed
	switch judge(err).code {
	case exitDone:
		status = ledger.Done
	case exitPartial:
		status = ledger.Partial
	case exitRefused:
		status = ledger.Refused
	case exitInterrupted:
		status = ledger.Interrupted
	}
	if noted := s.run.SetStatus(context.WithoutCancel(ctx), status); err == nil {
		err = noted
	}
	return err
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
