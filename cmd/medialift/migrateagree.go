package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate"
)

// shown notes losses that the plan shows for a dataset, or for the database. It returns
// 1 for the first of a dataset.
func (c *migrateCmd) shown(id any, losses []string) int {
	key := dbmigrate.IDKey(id)
	known := len(c.agreed[key])
	c.agreed[key] = append(c.agreed[key], losses...)
	if known == 0 && len(losses) > 0 {
		return 1
	}
	return 0
}

// agreesTo refuses a plan that loses what nobody has seen: what is carried out is planned
// again once its turn comes.
func (c *migrateCmd) agreesTo(plan *dbmigrate.Plan) error {
	if c.yes {
		return nil
	}
	for _, loss := range plan.Losses {
		if !slices.Contains(c.agreed[dbmigrate.IDKey(plan.ID)], loss) {
			return &dbmigrate.RefusalError{
				Dataset: plan.Name, Reason: "it would now lose what the plan did not show: " + loss,
				Hint: "the same command shows it; --yes agrees to whatever is lost",
			}
		}
	}
	return nil
}

// refused is what keeps the whole command from being carried out, nil for nothing:
// no dataset can go, or one can't have its backup.
func (c *migrateCmd) refused(p *migrationPlan) error {
	if len(p.unkept) > 0 {
		r := &dataset.Refusal{
			Reason: fmt.Sprintf("--backup %q can't hold what is going to be changed or deleted", c.backup),
			Hint:   p.unkeptHint,
		}
		for _, problem := range p.unkept {
			r.Add(problem)
		}
		return r
	}
	if p.refused == 0 || p.refused < len(p.list) || slices.ContainsFunc(p.unfinished, func(u leftover) bool { return u.Finishes }) {
		return nil
	}
	r := &dataset.Refusal{Reason: plural(int64(p.refused), "dataset") + " not migrated", Hint: p.refusedHint}
	for _, m := range p.list {
		if m.Refused != "" {
			r.Add(dataset.Problem{Kind: "refused", ID: m.Dataset, Hint: m.Refused})
		}
	}
	return r
}

// cannotKeep notes why a backup can't hold a plan; nil is no reason.
func (p *migrationPlan) cannotKeep(name string, err error) {
	if err == nil {
		return
	}
	p.unkept = append(p.unkept, dataset.Problem{Kind: "backup", ID: name, Hint: err.Error()})
	refused, ok := errors.AsType[*dbmigrate.RefusalError](err)
	if p.unkeptHint == "" && ok {
		p.unkeptHint = refused.Hint
	}
	if p.unkeptHint == "" {
		p.unkeptHint = "name another folder with --backup; nothing was changed"
	}
}

// agree asks whether what the plan loses may be lost.
func (c *migrateCmd) agree(p *migrationPlan) error {
	if p.lossy == 0 || c.yes {
		return nil
	}
	if !terminal() || c.ui.json {
		r := &dataset.Refusal{
			Reason: fmt.Sprintf("this deletes data of %s for good", plural(int64(p.lossy), "dataset")),
			Hint:   "--yes agrees to it, --backup DIR keeps what --restore DIR can put back, --dry-run only lists it",
		}
		if p.droppable() {
			r.Hint = "--yes agrees to it, --abandon drops what an earlier run has not begun, --backup DIR keeps what --restore DIR can put back"
		}
		for _, u := range p.unfinished {
			if u.Finishes {
				for _, loss := range u.Losses {
					r.Add(dataset.Problem{Kind: "loss", ID: u.Dataset, Hint: loss})
				}
			}
		}
		for _, m := range p.list {
			for _, loss := range m.Losses {
				r.Add(dataset.Problem{Kind: "loss", ID: m.Dataset, Hint: loss})
			}
		}
		return r
	}
	kept := "no backup is kept"
	if c.backup != "" {
		kept = "a backup goes to " + c.backup
	}
	return c.confirm("Data of %s will be deleted, as listed; %s. Go on? (y/N) ", plural(int64(p.lossy), "dataset"), kept)
}

// terminal tells whether somebody is there to be asked.
func terminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// confirm asks, and refuses unless the answer is yes.
func (a *app) confirm(format string, args ...any) error {
	a.ui.ask(format, args...)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	if said := strings.ToLower(strings.TrimSpace(answer)); said != "y" && said != "yes" {
		return refusal("nothing was changed", "not agreed to")
	}
	return nil
}
