package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Patiently does something that waits for the database, says every few seconds that it
// waits, and gives up after a while (ErrUnconfirmed).
func (t *Table) Patiently(ctx context.Context, do func(context.Context) error) error {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, t.opts.Patience, ErrUnconfirmed)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	say := time.NewTicker(t.opts.SayEvery)
	defer say.Stop()
	for {
		select {
		case err := <-done:
			late := errors.Is(context.Cause(ctx), ErrUnconfirmed) || ctx.Err() == nil && mongo.IsTimeout(err)
			if err == nil || !late || errors.Is(err, ErrLost) {
				return err
			}
			return fmt.Errorf("%w: %s, for %v: %w", ErrUnconfirmed, t.trouble(), time.Since(began).Round(time.Second), err)
		case <-say.C:
			t.opts.Waiting(fmt.Sprintf("waiting for the database to confirm a write, for %v of at most %v: %s",
				time.Since(began).Round(time.Second), t.opts.Patience, t.trouble()))
		}
	}
}

// lookTime is how long it may take to find out what is the matter with a server.
const lookTime = 3 * time.Second

// trouble says what may be the matter with a server that confirms nothing.
func (t *Table) trouble() string {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	var hello struct {
		SetName   string
		LastWrite struct {
			OpTime, MajorityOpTime struct{ TS bson.Timestamp }
			MajorityWriteDate      time.Time
		}
	}
	err := t.db.Client().Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	w := hello.LastWrite
	switch {
	case err != nil:
		return "no primary server answers"
	case hello.SetName != "" && w.MajorityOpTime.TS.Compare(w.OpTime.TS) < 0:
		return fmt.Sprintf("the primary has written it, but no majority of replica set %q has (what a majority has is of %s)",
			hello.SetName, w.MajorityWriteDate.Local().Format(time.TimeOnly))
	}
	return "the server answers, but is slow to write"
}
