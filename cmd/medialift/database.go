package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
)

// databaseFlags say which database a command works on.
type databaseFlags struct {
	uri, name, mongod string
	embedded, force   bool
}

func (d *databaseFlags) add(f *pflag.FlagSet) {
	f.StringVar(&d.uri, "database-uri", "", "MongoDB `URI`, or env:VAR or file:PATH that holds it (default as FiftyOne finds it)")
	f.StringVar(&d.name, "database-name", "", "`NAME` of FiftyOne's database (default as FiftyOne finds it)")
	f.StringVar(&d.mongod, "mongod", "", "`PROGRAM` to run FiftyOne's own database with, if it does not run")
	f.BoolVar(&d.embedded, "embedded", false, "use FiftyOne's own database also without a terminal, for what writes to it")
}

// openDatabase connects to the database that FiftyOne would use. What writes to
// it has to be asked for by somebody: at a terminal, or with --embedded. Done
// closes it.
func (a *app) openDatabase(ctx context.Context, writes bool) (d *mongostore.Database, done func() error, err error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // the settings may do without
	}
	place, err := locate.Find(locate.Settings{
		URI: a.database.uri, Name: a.database.name, Mongod: a.database.mongod, Getenv: os.Getenv, Home: home,
		Embedded: a.database.embedded || !writes || term.IsTerminal(int(os.Stdin.Fd())),
	})
	if err != nil {
		return nil, nil, err
	}
	d, stop, err := locate.Open(ctx, place, mongostore.Options{Force: a.database.force})
	if err != nil {
		return nil, nil, err
	}
	return d, func() error { return errors.Join(d.Close(), stop()) }, nil
}

// inDatabase says where a dataset is, for people.
func inDatabase(d *mongostore.Database) string {
	return fmt.Sprintf("database %s at %s", d.Name(), d.Address())
}
