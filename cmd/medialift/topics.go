package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// exitMeanings say what each exit code means, in every command.
var exitMeanings = []struct {
	code  int
	means string
}{
	{exitDone, "done"},
	{exitFailed, "failed; of verify and doctor: something is wrong"},
	{exitUsage, "wrong usage: the command line, or a name in it, is not right"},
	{exitPartial, "partly done: the same command gets further, or it has left rows that runs RUN --rows lists"},
	{exitRefused, "refused by the plan, before anything was changed"},
	{exitLocked, "another run holds the lock"},
	{exitInterrupted, "ended by SIGINT or SIGTERM; the same command goes on"},
}

// exitsOf are the exit codes that a command can end with, where it is not all of them.
var exitsOf = map[string][]int{
	"medialift":            {exitDone, exitUsage},
	"medialift version":    {exitDone, exitUsage},
	"medialift versions":   {exitDone, exitUsage},
	"medialift completion": {exitDone, exitUsage},
	"medialift info":       {exitDone, exitFailed, exitUsage, exitRefused, exitLocked, exitInterrupted},
	"medialift export":     {exitDone, exitFailed, exitUsage, exitRefused, exitLocked, exitInterrupted},
	"medialift import":     {exitDone, exitFailed, exitUsage, exitRefused, exitLocked, exitInterrupted},
	"medialift verify":     {exitDone, exitFailed, exitUsage, exitRefused, exitLocked, exitInterrupted},
	"medialift doctor":     {exitDone, exitFailed, exitUsage, exitRefused, exitLocked, exitInterrupted},
	"medialift clean":      {exitDone, exitFailed, exitUsage, exitRefused, exitLocked, exitInterrupted},
	"medialift runs":       {exitDone, exitFailed, exitUsage, exitInterrupted},
	"medialift runs prune": {exitDone, exitFailed, exitUsage, exitLocked, exitInterrupted},
}

func exitTable() string {
	var b strings.Builder
	for _, m := range exitMeanings {
		fmt.Fprintf(&b, "  %3d  %s\n", m.code, m.means)
	}
	return b.String()
}

// jsonHelp describes document; a test holds it to that.
const jsonHelp = `With --json one document is printed on stdout, on every exit, also after errors and
signals, and nothing else; stderr is for people. Keys are added in time, none is taken
away or changes its meaning. These are always there:

  command, version  what was run, and of which version
  run               the name of the run, for medialift runs and medialift undo
  dataset           what was worked on: a directory, or db:NAME
  status            done, planned (a dry run), partial, refused, failed, usage, locked
                    or interrupted
  exit_code         as the process's; see medialift help exit-codes
  retry_helps       the same command may get further
  counts            numbers, see below; 0 where a command has none
  problems          the first 100: kind, id, field, path, url, hint
  next              what to do now: for import and lift the Python that loads the dataset

These where there is something to say:

  error, hint       what went wrong, and what to do about it
  warnings          sentences
  fields            the media fields, each with its numbers
  datasets          of info and lift: one entry a dataset
  runs              of runs: run, command, dataset, started, status; the newest first
  rows, objects     of runs RUN: what --rows and --objects list
  maps              of rewrite: for each map its rows and three paths before and after
  findings          of doctor: check, status, text, hint
  migrations        of migrate: one entry a dataset, and one of the database
  unfinished        of migrate: one entry a migration that an earlier run left
  abandoned         of migrate --abandon: those of them that it dropped
  put_back          of migrate --restore: dataset, version, places and documents that get
                    back what a way down took out
  backup            of migrate --backup: what DIR is going to hold
  database          of migrate: its version and type
  versions          of versions: deployment, sdk, compatibility, database, evidence

In counts:

  rows              documents that were looked at
  rewritten         paths that have a new value; already: paths that had it before
  unmatched         paths that no map has an answer for
  missing, failed   files that are not there, and what went wrong
  objects, bytes    what was sent, or looked at
  copies            paths changed in what FiftyOne has generated for saved views
  found, replaced   objects that were there with the same bytes, or were overwritten
  requests, retries, throttled, retried
                    what the store was asked, and had to be asked again, by cause`

// newTopics are pages of help that belong to no command.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use:   "exit-codes",
			Short: "What the exit codes mean",
			Long: "What the exit codes mean:\n\n" + exitTable() + `
With --json the document on stdout holds the code as exit_code, and retry_helps says
whether the same command may get further.`,
		},
		{Use: "json", Short: "What --json prints", Long: jsonHelp},
		{
			Use:   "environment",
			Short: "Which environment variables are read",
			Long: `Every flag is read from MEDIALIFT_FLAG_NAME too (--max-bandwidth from
MEDIALIFT_MAX_BANDWIDTH), but for those that allow what cannot be taken back: --yes,
--overwrite, --steal-lock and --force. A flag on the command line wins.

The database is found as FiftyOne finds it:

  FIFTYONE_DATABASE_URI, FIFTYONE_DATABASE_NAME   the server and its database
  FIFTYONE_DATABASE_DIR                           the files of the embedded database
  FIFTYONE_CONFIG_PATH                            FiftyOne's configuration file
  FIFTYONE_DATABASE_ADMIN                         whether migrate may change the database
  FIFTYONE_DISABLE_MIGRATIONS                     migrate refuses
  FIFTYONE_API_URI                                an Enterprise API, which is not spoken

Credentials are those of each cloud's own SDK and of FiftyOne:

  AWS_*                                           as in the AWS SDKs
  GOOGLE_APPLICATION_CREDENTIALS                  as in Google's libraries
  AZURE_STORAGE_*, AZURE_CLIENT_ID, …             as in FiftyOne Enterprise
  MINIO_*                                         as in FiftyOne Enterprise
  AZURE_ALIAS, MINIO_ALIAS                        names of URLs, which are then written
  FIFTYONE_MEDIA_CACHE_CONFIG_PATH                the file with more of these settings

The state of runs is in $XDG_STATE_HOME/medialift, else ~/.local/state/medialift.`,
		},
	}
}
