package main

import (
	"context"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// listed is one entry of "datasets" where info lists those of a database.
type listed struct {
	Dataset    string   `json:"dataset"`
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	MediaType  string   `json:"media_type"`
	Samples    int64    `json:"samples"`
	Persistent bool     `json:"persistent"`
	Tags       []string `json:"tags"`
	// Standing is the dataset's version beside that of the database: "same",
	// "behind", "ahead", or "unknown" where one of them has none.
	Standing string `json:"standing"`
}

// list lists the datasets of the database.
func (c *infoCmd) list(ctx context.Context) error {
	d, err := c.connect(ctx, false)
	if err != nil {
		return err
	}
	infos, err := d.Datasets(ctx)
	if err != nil {
		return err
	}
	config := d.Config()
	version := config.Version
	if version == "" {
		version = "unknown"
	}
	c.ui.say("%s at %s: FiftyOne version %s, %s", d.Name(), d.Address(), version, plural(int64(len(infos)), "dataset"))
	list := make([]listed, len(infos))
	if len(infos) > 0 {
		c.ui.say("  %-32s %-9s %-12s %9s", "dataset", "version", "media type", "samples")
	}
	for i, info := range infos {
		list[i] = listed{
			Dataset: databaseMark + info.Name, Name: info.Name, Version: info.Version, MediaType: info.MediaType,
			Samples: info.Samples, Persistent: info.Persistent, Tags: append([]string{}, info.Tags...), Standing: standing(info, config),
		}
		remark := ""
		if info.Name == "" {
			list[i].Dataset = ""
			c.warnNameless(info)
		}
		switch list[i].Standing {
		case "behind":
			remark = "  behind the database: migrated when FiftyOne next loads it"
		case "ahead":
			remark = "  ahead of the database: its FiftyOne may not load it"
		}
		if !info.Persistent {
			remark += "  not persistent"
		}
		c.ui.say("  %-32s %-9s %-12s %9d%s", orNone(info.Name), orNone(info.Version), orNone(info.MediaType), info.Samples, remark)
		c.ui.doc.Counts.Rows += info.Samples
	}
	c.ui.doc.Datasets = list
	return c.warnStale(ctx, d)
}

// warnStale warns of rows that clients older than their dataset wrote lately.
func (c *infoCmd) warnStale(ctx context.Context, d *mongostore.Database) error {
	stale, err := runner.New(d.Handle(), revisions.Datasets(), revisions.Database()).LatelyStale(ctx)
	if err != nil {
		return err
	}
	for _, s := range stale {
		c.ui.warn("dataset %q: a client older than the dataset wrote %s without %s; medialift migrate --repair -n %q mends it",
			s.Dataset, plural(s.Documents, "document"), s.Field, s.Dataset)
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func standing(info mongostore.Info, config mongostore.Config) string {
	switch {
	case info.Version == "" || config.Version == "":
		return "unknown"
	case mongostore.Older(info.Version, config.Version):
		return "behind"
	case mongostore.Older(config.Version, info.Version):
		return "ahead"
	}
	return "same"
}
