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
