package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/ledger"
)

// An app is what the commands of one invocation share.
type app struct {
	ui *ui

	state  string
	s3     s3Access
	region string
	// reads: the command only reads, or plans; borrowed is its state folder where that is to
	// stay as it is, and scratch is written to instead.
	reads    bool
	borrowed *ledger.Dir
	scratch  string
	// written is what objects are written with.
	written  bucket.Attributes
	opening  sync.Once
	opener   *open.Opener
	database databaseFlags
}

// usageError is wrong usage: exit code 2.
type usageError struct {
	msg, hint string
}

func (e *usageError) Error() string { return e.msg }

func usage(hint, format string, args ...any) error {
	return &usageError{msg: fmt.Sprintf(format, args...), hint: hint}
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "medialift",
		Short:         "Move FiftyOne datasets and their media to the cloud",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       ownVersion(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := flagsFromEnv(cmd.Flags()); err != nil {
				return err
			}
			a.ui.json = a.ui.json && !completes(cmd)
			a.ui.doc.Command = cmd.Name()
			a.reads = onlyReads(cmd)
			a.ui.know()
			return a.ui.start()
		},
	}
	root.SetVersionTemplate("medialift {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("see "+cmd.CommandPath()+" --help", "%v", err)
	})
	f := root.PersistentFlags()
	f.StringVar(&a.state, "state", "", "`DIR` that keeps the state of runs (default $XDG_STATE_HOME/medialift or ~/.local/state/medialift)")
	f.BoolVar(&a.ui.json, "json", false, "print one JSON document on stdout")
	f.StringVar(&a.ui.progress, "progress", "auto", "how to show progress: auto, plain, json or none")
	f.BoolVar(&a.ui.noProgress, "no-progress", false, "show no progress")
	a.database.add(f)
	root.AddCommand(newInfo(a), newExport(a), newImport(a), newUpload(a), newRewrite(a), newVerify(a), newLift(a), newDoctor(a), newRuns(a), newUndo(a), newClean(a), newMigrate(a), newVersion(a), newVersions(a))
	root.AddCommand(newTopics()...)
	a.complete(root)
	return root
}

// unsafeFlags cannot be set from the environment: they allow what cannot be
// taken back.
var unsafeFlags = map[string]bool{"yes": true, "overwrite": true, "steal-lock": true, "force": true, "help": true, "version": true}

// flagsFromEnv gives every flag that was not set the value of its
// MEDIALIFT_FLAG_NAME variable.
func flagsFromEnv(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "MEDIALIFT_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := os.Getenv(name)
		if value == "" || f.Changed || unsafeFlags[f.Name] {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			errs = append(errs, usage("unset "+name+" or give it another value", "%s=%q: %v", name, value, err))
		}
	})
	return errors.Join(errs...)
}

// exactly is cobra.ExactArgs as a usage error that says what is wanted.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage("see "+cmd.CommandPath()+" --help", "%s takes %s, not %d arguments", cmd.Name(), what, len(args))
	}
}

// atMost is cobra.MaximumNArgs as a usage error that says what is wanted.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usage("see "+cmd.CommandPath()+" --help", "%s takes %s, not %d arguments", cmd.Name(), what, len(args))
	}
}

// atLeast is cobra.MinimumNArgs as a usage error that says what is wanted.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		return usage("see "+cmd.CommandPath()+" --help", "%s takes %s, not %d arguments", cmd.Name(), what, len(args))
	}
}

// stateDir is the folder that keeps the state of runs.
func (a *app) stateDir() (string, error) {
	if a.state != "" {
		return a.state, nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "medialift"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usage("name a folder with --state", "no folder to keep the state of runs in: %v", err)
	}
	return filepath.Join(home, ".local", "state", "medialift"), nil
}

// targets returns the opener of target URLs, from any goroutine.
func (a *app) targets() *open.Opener {
	a.opening.Do(func() {
		a.opener = open.New(a.stores(a.s3.endpoint))
	})
	return a.opener
}

// stores is how stores are opened, those of S3-compatible services at endpoint.
func (a *app) stores(endpoint string) open.Options {
	return open.Options{
		EndpointURL: endpoint, Region: a.region, Addressing: a.s3.addressing, RequestPayer: a.s3.paysItself(), Attributes: a.written,
	}
}
