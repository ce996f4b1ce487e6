package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate/arrival"
)

// begin refuses what can be refused before anything is read but the manifest, and returns
// the Writer of a dataset that arrives at the version of its database.
func (c *importCmd) begin(ctx context.Context, d *mongostore.Database, src *source) (*mongostore.Writer, error) {
	m, err := src.store.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	c.way = arrival.Begin(d, m.Version())
	w := d.New(c.name, mongostore.NewOptions{
		Temporary: !c.persistent, CreateDatabase: c.create, Force: c.database.force, Version: c.way.To,
		Finish: c.way.Finish(func(documents int64) { c.ui.bar.show(step{Phase: "migrating", Files: documents}) }),
	})
	if err := w.Check(ctx, m); err != nil {
		return nil, fmt.Errorf("importing %q: %w", src, err)
	}
	if err := c.way.Plan(ctx, src.store); err != nil {
		return nil, err
	}
	for _, warning := range c.way.Warnings {
		c.ui.warn("%s", warning)
	}
	return w, c.agree(w.Name())
}

// agree asks whether what a downgrade deletes may be lost, and whether a dataset may come
// that can't be opened.
func (c *importCmd) agree(name string) error {
	if len(c.way.Losses)+len(c.way.Unopenable) == 0 {
		return nil
	}
	hint := "--yes agrees to it; the export keeps it all"
	if !c.yes && (c.ui.json || !terminal()) {
		return downgrade(name, c.way.Losses, c.way.Unopenable, hint)
	}
	c.ui.say("%q goes from version %s to the database's, %s.", name, c.way.From, c.way.To)
	for _, loss := range c.way.Losses {
		c.ui.say("  the new dataset loses %s", loss)
	}
	for _, why := range c.way.Unopenable {
		c.ui.warn("%q cannot be opened there: %s", name, why)
	}
	if c.yes {
		return nil
	}
	return c.confirm("The dataset will be downgraded, as listed; %s. Go on? (y/N) ", "the export keeps it all")
}

// showArrival says at which version the dataset is, and how to load it.
func (c *importCmd) showArrival(name string) {
	for _, warning := range c.way.Brought.Warnings {
		c.ui.warn("%s", warning)
	}
	if c.way.Brought.Moved {
		c.ui.say("Brought it from version %s to the database's, %s.", c.way.From, c.way.To)
	}
	if len(c.way.Unopenable) > 0 {
		c.ui.say("FiftyOne %s cannot open all of it: %s.", c.way.To, strings.Join(c.way.Unopenable, "; "))
		return
	}
	c.ui.doc.Next = fmt.Sprintf("import fiftyone as fo; dataset = fo.load_dataset(%q)", name)
	c.ui.say("  %s", c.ui.doc.Next)
}
