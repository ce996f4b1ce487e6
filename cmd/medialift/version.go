package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of medialift",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			a.ui.say("medialift %s %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
