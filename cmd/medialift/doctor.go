package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset/mongostore/locate"
	"github.com/medialift/medialift/doctor"
)

func newDoctor(a *app) *cobra.Command {
	var opts doctor.Options
	cmd := &cobra.Command{
		Use:   "doctor [URL]",
		Short: "Find out whether a target or the database can be worked with",
		Long: `Find out whether a target can be worked with: who medialift is there, the
endpoint and region, whether the bucket answers, how far the clocks are apart, and
what web pages may read. A small object is written, read and deleted below URL;
--read-only writes nothing. Of a directory: whether it can be written to, and its
free space. Without URL, and where a database is known, of the database: whether it
answers, its version and type, and which SDKs can connect to it. Exit code 1 says
that something failed.`,
		Example: `  medialift doctor s3://media/coco
  medialift doctor s3://media --endpoint-url http://localhost:9000 --read-only`,
		Args: atMost(1, "at most one URL"),
		RunE: func(cmd *cobra.Command, args []string) error { return examineAll(cmd.Context(), a, args, opts) },
	}
	f := cmd.Flags()
	f.BoolVar(&opts.ReadOnly, "read-only", false, "write nothing")
	a.s3.add(f, "")
	return cmd
}

// examineAll examines the target, if there is one, and the database, if one is named
// or nothing else is.
func examineAll(ctx context.Context, a *app, args []string, opts doctor.Options) error {
	var findings []doctor.Finding
	var err error
	if len(args) > 0 {
		if findings, err = examine(ctx, a, args[0], opts); findings == nil && err != nil {
			return err
		}
	}
	if err == nil && (len(args) == 0 || a.namesDatabase()) {
		var more []doctor.Finding
		more, err = examineDatabase(ctx, a)
		findings = append(findings, more...)
	}
	return a.diagnosis(ctx, findings, err)
}

// namesDatabase tells whether a flag, a variable or FiftyOne's configuration says
// where a database is, be it wrongly.
func (a *app) namesDatabase() bool {
	place, err := a.place(false)
	if errors.Is(err, locate.ErrNone) || errors.Is(err, locate.ErrEnterprise) {
		return false
	}
	return err != nil || place.URI != ""
}

// examineDatabase looks at the database that the other commands would use.
func examineDatabase(ctx context.Context, a *app) (list []doctor.Finding, err error) {
	find := func(status doctor.Status, check, text, hint string) {
		list = append(list, doctor.Finding{Check: check, Status: status, Text: text, Hint: hint})
	}
	d, err := a.connect(ctx, false)
	if ctx.Err() != nil || errors.Is(err, locate.ErrNone) {
		return list, err
	}
	if err != nil {
		find(doctor.Failed, "database", err.Error(), judge(err).hint)
		return list, nil
	}
	defer func() { err = errors.Join(err, a.database.close()) }()
	find(doctor.OK, "database", inDatabase(d)+" answers", "")
	config := d.Config()
	kind := config.Type
	if kind == "" {
		kind = openSourceType
	}
	find(doctor.OK, "type", kind, "")
	if config.Version == "" {
		find(doctor.Warning, "version", "no FiftyOne has used this database yet", "check --database-name")
		return list, nil
	}
	switch err := d.Writable(); {
	case err != nil:
		find(doctor.Failed, "version", err.Error(), "medialift migrate moves the database to another version")
	case config.OfDatasets:
		find(doctor.Warning, "version", "no FiftyOne has noted one in the database: it is taken for "+config.Version+", that of its newest dataset",
			"FiftyOne before 0.15 notes it in a file on each client")
	default:
		find(doctor.OK, "version", config.Version, "")
	}
	if can, cannot, err := sdksOf(kind, config.Version); err == nil {
		text := can + " can connect"
		if cannot != "" {
			text += "; not: " + cannot
		}
		find(doctor.OK, "SDKs", text, "")
	}
	return list, nil
}

func examine(ctx context.Context, a *app, url string, opts doctor.Options) ([]doctor.Finding, error) {
	if strings.ContainsAny(url, "{}") {
		return nil, usage("write a real name for {dataset} and {field}", "%q has a placeholder", url)
	}
	t, err := open.Parse(url)
	if err != nil {
		return nil, err
	}
	var target doctor.Target
	if t.Scheme == "file" {
		target.Dir = t.Dir()
	}
	if target.Location, err = a.targets().Open(ctx, url); err != nil {
		return nil, err
	}
	return doctor.Examine(ctx, target, opts)
}

// diagnosis prints what was found; err is why that is not all.
func (a *app) diagnosis(ctx context.Context, findings []doctor.Finding, err error) error {
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
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", err, context.Cause(ctx))
	case err != nil:
		return err
	case failed > 0:
		a.ui.doc.Counts.Failed = failed
		return &wrongError{plural(failed, "check") + " failed", hint}
	}
	return nil
}
