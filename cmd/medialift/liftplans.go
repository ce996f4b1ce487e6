package main

import (
	"context"
	"errors"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
)

// lifts are those of one command: all are planned before the first begins. One
// keeps its plan; of several each is made again when its turn comes, so that not
// all ledgers are open at once.
type lifts struct {
	*liftCmd
	several bool
	kept    map[string]*journey // by DATASET argument
	names   map[string]string   // the DATASET argument of each new name
}

// prepare plans the lift of one dataset, and shows it.
func (l *lifts) prepare(ctx context.Context, arg string) error {
	j, err := l.liftCmd.prepare(ctx, arg)
	if err != nil {
		return err
	}
	l.kept[arg] = j
	l.showLift(ctx, j)
	if l.dryRun {
		l.ui.doc.Status = string(ledger.Planned)
		l.ui.at.would = !j.plan.Done
	}
	if other, taken := l.names[j.plan.Name]; taken {
		return refusal("lift them one by one, with --name", "%q and %q would both become %q", other, arg, j.plan.Name)
	}
	l.names[j.plan.Name] = arg
	if l.several {
		return j.close()
	}
	return nil
}

// carry carries out the lift of one dataset.
func (l *lifts) carry(ctx context.Context, arg string) error {
	j := l.kept[arg]
	if l.several {
		var err error
		if j, err = l.liftCmd.prepare(ctx, arg); err != nil {
			return err
		}
		l.kept[arg] = j
	}
	return errors.Join(l.liftCmd.carry(ctx, j), j.close())
}

func (l *lifts) close() (err error) {
	for _, j := range l.kept {
		err = errors.Join(err, j.close())
	}
	return err
}

// agree asks whether what downgrades delete may be lost, and returns what refuses
// the datasets of which it may not.
func (c *liftCmd) agree(plans map[string]*journey) (func(context.Context, string) error, error) {
	newer := func(arg string) bool {
		p := plans[arg].plan
		return mongostore.Older(p.To, p.Version) && !p.Done && !c.yes
	}
	n := int64(0)
	for arg := range plans {
		if newer(arg) {
			n++
		}
	}
	if n > 0 && !c.ui.json && terminal() {
		return func(context.Context, string) error { return nil },
			c.confirm("%s newer than the target database and will be downgraded there, losing what is listed. Go on? (y/N) ", pluralAre(n, "dataset"))
	}
	return func(_ context.Context, arg string) error {
		if !newer(arg) {
			return nil
		}
		p := plans[arg].plan
		return downgrade(p.Name, p.Losses, p.Unopenable, "--yes agrees to it, --dry-run only lists what is lost; the source keeps it all")
	}, nil
}

// downgrade refuses what a downgrade to the version of a database deletes, and what can't be
// opened after it.
func downgrade(name string, losses, unopenable []string, hint string) error {
	r := &dataset.Refusal{Reason: pluralAre(1, "dataset") + " newer than the target database and would be downgraded there", Hint: hint}
	for _, loss := range losses {
		r.Add(dataset.Problem{Kind: "loss", ID: name, Hint: loss})
	}
	for _, why := range unopenable {
		r.Add(dataset.Problem{Kind: "cannot be opened", ID: name, Hint: why})
	}
	return r
}
