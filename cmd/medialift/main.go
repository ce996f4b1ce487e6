// Command medialift moves FiftyOne datasets and their media to the cloud.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

// wantsJSON tells whether a document is asked for, also where the arguments are
// so wrong that they are not read to their end.
func wantsJSON(args []string) bool {
	if len(args) > 0 && (strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) || args[0] == "completion") {
		return false // a shell reads what is printed, and the arguments are of another command
	}
	wanted, _ := strconv.ParseBool(os.Getenv("MEDIALIFT_JSON"))
	for _, arg := range args {
		value, ok := strings.CutPrefix(arg, "--json")
		switch {
		case arg == "--":
			return wanted
		case ok && value == "":
			wanted = true
		case ok && value[0] == '=':
			wanted, _ = strconv.ParseBool(value[1:])
		}
	}
	return wanted
}

// run is one invocation: it returns the exit code.
func run(ctx context.Context, args []string) int {
	ui := newUI(os.Stdout, os.Stderr)
	a := &app{ui: ui}
	root := newRoot(a) // which sets json to its default
	ui.json = wantsJSON(args)
	ui.secrets.learn(args, os.Environ())
	ctx, stop := signals(ctx, ui.lastWords)
	defer stop()
	root.SetArgs(joined(args))
	root.SetOut(os.Stdout)
	root.SetErr(os.Stderr)
	command, err := root.ExecuteContextC(ctx)
	if command != nil {
		ui.doc.Command = command.Name()
	}
	if closed := errors.Join(a.database.close(), a.endState()); err == nil {
		err = closed
	}
	// A signal may strike where nobody thinks of one, such as in looking for a server.
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && errors.Is(cause, errSignal) && !errors.Is(err, errSignal) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return ui.finish(err)
}
