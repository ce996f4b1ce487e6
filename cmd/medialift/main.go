// Command medialift moves FiftyOne datasets and their media to the cloud.
package main

import (
	"context"
	"os"
)

// version is stamped by the build.
var version = "dev"

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

// run is one invocation: it returns the exit code.
func run(ctx context.Context, args []string) int {
	ctx, stop := signals(ctx)
	defer stop()
	ui := newUI(os.Stdout, os.Stderr)
	root := newRoot(&app{ui: ui})
	root.SetArgs(args)
	root.SetOut(os.Stdout)
	root.SetErr(os.Stderr)
	command, err := root.ExecuteContextC(ctx)
	if command != nil {
		ui.doc.Command = command.Name()
	}
	return ui.finish(err)
}
