package main

import (
	"context"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
	"github.com/medialift/medialift/dbmigrate/enterprise"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/report"
)

// compatible are the databases that the newest known FiftyOne connects to.
func compatible() string {
	return clients.At(dbmigrate.MustParseVersion(revisions.Newest)).Databases()
}

// A datasetVersion is one entry of "datasets" where migrate --info lists them.
type datasetVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// showInfo prints what fiftyone migrate --info does.
func (c *migrateCmd) showInfo(ctx context.Context) error {
	list, err := c.runner.Datasets(ctx)
	if err != nil {
		return err
	}
	if len(c.names) > 0 && !c.all {
		return c.showVersions(list)
	}
	version := c.found.Version
	if version == "" {
		version = "None"
	}
	if c.openSource() {
		c.ui.say("Client version: %s\nCompatible versions: %s\n", revisions.Newest, compatible())
	} else {
		var known []string
		for _, r := range enterprise.At(version) {
			known = append(known, r.String())
		}
		if len(known) == 0 {
			known = []string{"unknown"}
		}
		c.ui.say("FiftyOne Enterprise version: %s\n", strings.Join(known, ", "))
		c.ui.say("FiftyOne compatibility version: %s\nOther compatible versions: %s\n", revisions.Newest, compatible())
	}
	c.ui.say("Database version: %s", version)
	entries := make([]datasetVersion, len(list))
	for i, d := range list {
		entries[i] = datasetVersion{d.Name, d.Version}
	}
	c.ui.doc.Datasets = entries
	c.ui.doc.Database = &databaseVersion{Name: c.handle.Name(), Version: c.found.Version, Type: c.found.Type, Newest: revisions.Newest}
	if len(list) > 0 {
		c.ui.say("")
		for line := range strings.SplitSeq(versionTable(list), "\n") {
			c.ui.say("%s", line)
		}
	}
	return c.infoLeft(ctx)
}

// infoLeft shows what earlier runs have not finished, which FiftyOne has nothing like.
func (c *migrateCmd) infoLeft(ctx context.Context) error {
	left, err := c.runner.Unfinished(ctx)
	if err != nil || len(left) == 0 {
		return err
	}
	var shown []leftover
	for _, u := range left {
		shown = append(shown, c.entry(u))
		shown[len(shown)-1].Finishes = false
	}
	c.ui.doc.Unfinished = shown
	c.ui.say("")
	c.showLeft(shown)
	return nil
}

// A databaseVersion says in the document what a database is.
type databaseVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Type    string `json:"type"`
	// Newest is the newest version known here.
	Newest string `json:"newest"`
}

// showVersions prints the bare version of single datasets.
func (c *migrateCmd) showVersions(list []runner.Dataset) error {
	known := map[string]runner.Dataset{}
	for _, d := range list {
		known[d.Name] = d
	}
	var entries []datasetVersion
	for _, name := range c.names {
		d, ok := known[name]
		if !ok {
			return &mongostore.NotFoundError{Name: name, Database: c.database.opened.Name()}
		}
		entries = append(entries, datasetVersion{d.Name, d.Version})
		version := d.Version
		if version == "" {
			version = "None"
		}
		c.ui.say("%s", version)
	}
	c.ui.doc.Datasets = entries
	return nil
}

// versionTable lays out datasets as FiftyOne's table of them.
func versionTable(list []runner.Dataset) string {
	list = slices.Clone(list)
	const gap = "  "
	name, version := len("dataset")+2, len("version")+2
	for i, d := range list {
		list[i].Name, list[i].Version = report.Visible(d.Name), report.Visible(d.Version)
		name, version = max(name, uniseg.StringWidth(list[i].Name)), max(version, uniseg.StringWidth(list[i].Version))
	}
	var b strings.Builder
	line := func(left, right string) {
		text := left + strings.Repeat(" ", name-uniseg.StringWidth(left)) + gap + right
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("dataset", "version")
	line(strings.Repeat("-", name), strings.Repeat("-", version))
	for _, d := range list {
		line(strings.TrimSpace(d.Name), d.Version)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
