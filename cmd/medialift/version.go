package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is stamped by the build of a release; ownVersion knows the others.
var version = ""

// ownVersion is the version of this program: the one it was stamped with, that of
// the module that "go install" fetched, or that of the commit it was built from.
func ownVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of medialift",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			a.ui.say("medialift %s %s %s/%s", ownVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
