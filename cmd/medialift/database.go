package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
)

// A databaseFlags says which database to use.
type databaseFlags struct {
	uri, name, mongod string
	embedded, force   bool
	// anyVersion lets a command write to a database of a version that FiftyOne as it
	// is known here would not connect to.
	anyVersion bool

	// admin is FiftyOne's setting database_admin: "true", "false" or "", once it was
	// looked for.
	admin  string
	opened *mongostore.Database
	stop   func() error
}

// add declares the flags that say where the database is.
func (d *databaseFlags) add(f *pflag.FlagSet) {
	f.StringVar(&d.uri, "database-uri", "", "`URI` of the MongoDB server, or env:VAR or file:PATH to read it from (default as FiftyOne: $FIFTYONE_DATABASE_URI, its configuration, its embedded database)")
	f.StringVar(&d.name, "database-name", "", "`NAME` of the database (default as FiftyOne: $FIFTYONE_DATABASE_NAME, its configuration, fiftyone)")
	f.StringVar(&d.mongod, "mongod", "", "`PROGRAM` to run FiftyOne's embedded database with, should it not be running")
	f.BoolVar(&d.embedded, "embedded", false, "use FiftyOne's embedded database also for writing without a terminal")
}

// connect opens the database that FiftyOne would use, once. Without a terminal,
// a command that writes takes the embedded one only when it is told to.
func (a *app) connect(ctx context.Context, writes bool) (*mongostore.Database, error) {
	d := &a.database
	if d.opened == nil {
		place, err := a.place(writes)
		if err != nil {
			return nil, err
		}
		d.admin = place.Admin
		a.ui.secrets.learnURI(place.URI)
		if d.opened, d.stop, err = locate.Open(ctx, place, mongostore.Options{Force: d.force, Waiting: a.ui.wait}); err != nil {
			return nil, fmt.Errorf("%w (database of %s)", err, place.From)
		}
	}
	if err := d.opened.Writable(); writes && !d.anyVersion && err != nil && !errors.Is(err, mongostore.ErrNoConfig) {
		return nil, err
	}
	return d.opened, nil
}

// openDatabase connects to the database; done closes it.
func (a *app) openDatabase(ctx context.Context, writes bool) (d *mongostore.Database, done func() error, err error) {
	d, err = a.connect(ctx, writes)
	return d, a.database.close, err
}

// inDatabase says where a dataset is, for people.
func inDatabase(d *mongostore.Database) string {
	return fmt.Sprintf("database %s at %s", d.Name(), d.Address())
}

// home is the user's, or where there is no configuration.
func home() string {
	if dir, err := os.UserHomeDir(); err == nil {
		return dir
	}
	return string(filepath.Separator)
}

// place finds the database without connecting to it.
func (a *app) place(writes bool) (locate.Place, error) {
	terminal := term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
	return locate.Find(locate.Settings{
		URI: a.database.uri, Name: a.database.name, Mongod: a.database.mongod, Embedded: a.database.embedded || !writes || terminal,
		Getenv: os.Getenv, Home: home(),
	})
}

// close ends the connection, and the embedded database if it was started for it.
func (d *databaseFlags) close() error {
	if d.opened == nil {
		return nil
	}
	err := errors.Join(d.opened.Close(), d.stop())
	d.opened = nil
	return err
}

// A choice of datasets in a database.
type datasetChoice struct {
	all   bool
	match string
}

func (c *datasetChoice) add(f *pflag.FlagSet) {
	f.BoolVar(&c.all, "all", false, "all datasets of the database")
	f.StringVar(&c.match, "match", "", "all datasets of the database whose whole name matches `GLOB`")
}

// atLeast wants so many arguments besides datasets, and at least one of those
// unless they are chosen otherwise.
func (c *datasetChoice) atLeast(others int, what, whatElse string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if c.given() {
			return atLeast(others, "--all or --match and "+whatElse)(cmd, args)
		}
		return atLeast(others+1, what)(cmd, args)
	}
}

// A partChoice says which part of a dataset in a database a command works on.
type partChoice struct {
	view string
	tags []string
}

func (c *partChoice) add(f *pflag.FlagSet) {
	f.StringVar(&c.view, "view", "", "only the samples of the saved view `NAME` of a dataset in a database")
	f.StringArrayVar(&c.tags, "tag", nil, "only samples of a dataset in a database that have the tag `TAG` (repeatable: any of them)")
}

// settings adds what tells a run of a part from others.
func (c *partChoice) settings(all map[string][]string) map[string][]string {
	if c.view != "" {
		all["view"] = []string{c.view}
	}
	all["tag"] = c.tags
	return settings(all)
}

// given tells whether a part is chosen.
func (c *partChoice) given() bool { return c.view != "" || len(c.tags) > 0 }

// narrow keeps the chosen part of a dataset.
func (c *partChoice) narrow(ctx context.Context, s *source) error {
	if !c.given() {
		return nil
	}
	if s.db == nil {
		return usage("import the export, or leave --view and --tag away", "--view and --tag choose from a dataset in a database, not from %s", s)
	}
	chosen, err := s.db.Select(ctx, mongostore.Selection{View: c.view, Tags: c.tags})
	if err != nil {
		return err
	}
	s.store, s.db = chosen, chosen
	return nil
}

// given tells whether datasets are chosen otherwise than by name.
func (c *datasetChoice) given() bool { return c.all || c.match != "" }

// choose returns the names of the datasets that c chooses.
func (a *app) choose(ctx context.Context, c datasetChoice, writes bool) ([]string, error) {
	if !c.given() {
		return nil, nil
	}
	if c.all && c.match != "" {
		return nil, usage("use one of them", "--all and --match do not go together")
	}
	d, err := a.connect(ctx, writes)
	if err != nil {
		return nil, err
	}
	infos, err := d.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, i := range infos {
		ok, err := globMatch(c.match, i.Name)
		if err != nil {
			return nil, usage("write it like coco-*", "--match %q is no pattern: %v", c.match, err)
		}
		switch {
		case (c.all || ok) && i.Name == "":
			a.warnNameless(i)
		case c.all || ok:
			found = append(found, i.Name)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if c.all && !errors.Is(d.Writable(), mongostore.ErrNoConfig) {
		a.ui.say("Nothing to do: %s holds no dataset.", inDatabase(d))
		return nil, nil
	}
	return nil, usage("medialift info lists them", "no dataset of the database %q was chosen by --all or --match", d.Name())
}

// warnNameless says that a dataset without a name is left out, as FiftyOne leaves it
// out: nothing could name it.
func (a *app) warnNameless(i mongostore.Info) {
	a.ui.warn("the dataset with _id %s has no name and is left out; FiftyOne cannot load it either: give it a name in the database, or delete it", i.ID.Hex())
}

// globMatch is path.Match but for slashes, which are nothing special in names.
func globMatch(glob, name string) (bool, error) {
	flat := strings.NewReplacer("/", "\x00")
	return path.Match(flat.Replace(glob), flat.Replace(name))
}
