package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/medialift/medialift/dbmigrate/enterprise"
)

// shownMigrations is how many plans people see; the document holds all.
const shownMigrations = 20

// show prints the plan.
func (c *migrateCmd) show(ctx context.Context, p *migrationPlan) {
	c.ui.doc.Migrations = p.list
	if len(p.unfinished) > 0 {
		c.ui.doc.Unfinished = p.unfinished
	}
	c.ui.doc.Counts.Rows = int64(p.todo)
	c.ui.say("%s, %s → v%s", inDatabase(c.handle), spelled(c.found.Version), c.to)
	c.showLeft(p.unfinished)
	shown := 0
	for _, m := range p.list {
		worth := c.verbose || len(m.Losses)+len(m.Warnings) > 0 || m.Refused != "" || m.Unopenable != ""
		if !worth && shown >= shownMigrations {
			continue
		}
		shown++
		c.showOne(m)
	}
	if more := len(p.list) - shown; more > 0 {
		c.ui.say("  … and %d more", more)
	}
	if len(p.list) == 0 {
		if !slices.ContainsFunc(p.unfinished, func(u leftover) bool { return u.Finishes }) {
			c.ui.say("  nothing to do: everything planned is at v%s", c.to)
		}
		return
	}
	c.showBackup(p)
	if p.documents > 0 {
		// Measured on two processors: an update of all documents passes some 40,000 a second.
		c.ui.say("  rewrites %d documents, %s: about %s, and as much disk again while it runs",
			p.documents, size(p.bytes), (time.Duration(p.documents/40_000) * time.Second).String())
	}
	c.showConnections(ctx)
	c.showCompatible("now", c.found.Version)
	if len(c.names) == 0 {
		c.showCompatible("after", c.to)
	}
	if !c.openSource() {
		c.ui.warn("only datasets and the database's version are migrated: not CAS, snapshots and the hub of an Enterprise deployment")
	}
}

// backedUp says in the document what a backup is going to hold.
type backedUp struct {
	Dir string `json:"dir"`
	// Datasets is how many datasets, the database among them, it can take back;
	// Documents how many documents it will hold, where steps pass all of a collection
	// those of all.
	Datasets  int   `json:"datasets"`
	Documents int64 `json:"documents"`
	Bytes     int64 `json:"bytes"`
}

// showBackup says what the backup will hold, or that there is none.
func (c *migrateCmd) showBackup(p *migrationPlan) {
	switch {
	case c.backup != "":
		b := &backedUp{Dir: c.backup, Datasets: len(p.list) - p.refused, Documents: p.kept + p.documents, Bytes: p.bytes}
		c.ui.doc.Backup = b
		c.ui.say("  backup: %s will hold %d documents of %d migrations, as they are before", b.Dir, b.Documents, b.Datasets)
	case p.lossy > 0:
		c.ui.say("  no backup: --backup DIR keeps what is deleted, and --restore DIR puts it back")
	}
}

func (c *migrateCmd) showOne(m migration) {
	name := fmt.Sprintf("dataset %q", m.Dataset)
	if m.Dataset == "" {
		name = "the database"
	}
	switch {
	case m.Refused != "":
		c.ui.say("  refused: %s", m.Refused)
		return
	case c.verbose && len(m.Legs) > 0:
		c.ui.say("  %s: v%s → v%s (%s)", name, m.From, m.To, strings.Join(m.Legs, ", "))
	default:
		c.ui.say("  %s: v%s → v%s", name, m.From, m.To)
	}
	for _, t := range m.Touches {
		if c.verbose && t.Documents > 0 {
			c.ui.say("      all %d documents of %s", t.Documents, t.Collection)
		}
	}
	for _, loss := range m.Losses {
		if m.Backup != "" {
			c.ui.say("      deleted, and kept in %s: %s", m.Backup, loss)
		} else {
			c.ui.say("      lost: %s", loss)
		}
	}
	for _, warning := range m.Warnings {
		c.ui.say("      note: %s", warning)
	}
	if m.Unopenable != "" {
		c.ui.say("      cannot be opened there: %s", m.Unopenable)
	}
}

func spelled(version string) string {
	if version == "" {
		return "no version"
	}
	return "v" + version
}

// showCompatible says which SDKs can connect to a database at a version, and which cannot
// though one would think so.
func (c *migrateCmd) showCompatible(when, version string) {
	if version == "" {
		return
	}
	can, cannot, err := sdksOf(c.found.Type, version)
	if err != nil {
		return // FiftyOne doesn't know either
	}
	c.ui.say("  SDKs that can connect %s (v%s): %s", when, version, can)
	if cannot != "" {
		c.ui.say("      not: %s", cannot)
	}
}

// showConnections names the programs that are connected.
func (c *migrateCmd) showConnections(ctx context.Context) {
	clients, ok := c.runner.Clients(ctx)
	switch {
	case !ok:
		c.ui.say("  connected clients: the server does not let this user see them")
	case len(clients) > 0:
		c.ui.warn("FiftyOne is connected from %s: what it writes meanwhile may lack what the new version needs (medialift migrate --repair)", strings.Join(clients, ", "))
	}
}

// showClients says after the move how users get an SDK that fits.
func (c *migrateCmd) showClients(ctx context.Context) {
	found, err := c.runner.Database(ctx)
	if err != nil || len(c.names) > 0 {
		return
	}
	c.showCompatible("now", found.Version)
	command := enterprise.InstallOpen(found.Version)
	if !c.openSource() {
		var fits bool
		if command, fits = enterprise.Install(found.Version); !fits {
			c.ui.say("  no known SDK of FiftyOne Enterprise takes databases of v%s", found.Version)
			return
		}
	}
	c.ui.doc.Next = command
	c.ui.say("  %s", command)
}
