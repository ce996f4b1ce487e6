package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/doctor"
)

func newDoctor(a *app) *cobra.Command {
	var opts doctor.Options
	cmd := &cobra.Command{
		Use:   "doctor URL",
		Short: "Find out whether a target can be worked with",
		Long: `Find out whether a target can be worked with: who medialift is there, the
endpoint and region, whether the bucket answers, how far the clocks are apart, and
what web pages may read. A small object is written, read and deleted below URL;
--read-only writes nothing. Of a directory: whether it can be written to, and its
free space. Exit code 1 says that something failed.`,
		Example: `  medialift doctor s3://media/coco
  medialift doctor s3://media --endpoint-url http://localhost:9000 --read-only`,
		Args: exactly(1, "one URL"),
		RunE: func(cmd *cobra.Command, args []string) error { return examine(cmd.Context(), a, args[0], opts) },
	}
	f := cmd.Flags()
	f.BoolVar(&opts.ReadOnly, "read-only", false, "write nothing")
	f.StringVar(&a.endpoint, "endpoint-url", "", "`URL` of an S3-compatible service")
	return cmd
}

func examine(ctx context.Context, a *app, url string, opts doctor.Options) error {
	if strings.ContainsAny(url, "{}") {
		return usage("write a real name for {dataset} and {field}", "%q has a placeholder", url)
	}
	t, err := open.Parse(url)
	if err != nil {
		return err
	}
	var target doctor.Target
	if t.Scheme == "file" {
		target.Dir = "/" + t.Prefix
	}
	if target.Location, err = a.targets().Open(ctx, url); err != nil {
		return err
	}
	findings, err := doctor.Examine(ctx, target, opts)
	a.ui.doc.Findings = findings
	failed, hint := int64(0), ""
	for _, f := range findings {
		line := fmt.Sprintf("%s: %s: %s", f.Status, f.Check, f.Text)
		if f.Hint != "" {
			line += " (" + f.Hint + ")"
		}
		a.ui.say("%s", line)
		if f.Status == doctor.Failed {
			if failed++; failed == 1 {
				hint = f.Hint
			}
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", err, context.Cause(ctx))
	case failed > 0:
		a.ui.doc.Counts.Failed = failed
		return &wrongError{plural(failed, "check") + " failed", hint}
	}
	return nil
}
