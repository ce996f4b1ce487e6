package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/report"
)

// A runsCmd is one invocation of runs.
type runsCmd struct {
	*app
	rows    string
	csv     bool
	objects bool
}

func newRuns(a *app) *cobra.Command {
	c := &runsCmd{app: a}
	cmd := &cobra.Command{
		Use:   "runs [RUN]",
		Short: "List earlier runs, or the rows and objects of one",
		Example: `  medialift runs
  medialift runs upload-3f9c2a71d0 --rows failed --csv
  medialift runs upload-3f9c2a71d0 --objects`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("see medialift runs --help", "runs takes one RUN, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.list(cmd.Context())
			}
			return c.show(cmd.Context(), args[0])
		},
	}
	cmd.Flags().StringVar(&c.rows, "rows", "", "list rows of one `KIND`: failed, missing or changed")
	cmd.Flags().BoolVar(&c.csv, "csv", false, "print rows as CSV")
	cmd.Flags().BoolVar(&c.objects, "objects", false, "list the objects of the run")
	cmd.AddCommand(newPrune(a))
	return cmd
}

func (c *runsCmd) list(ctx context.Context) error {
	if c.rows != "" || c.objects || c.csv {
		return usage("medialift runs lists the names of runs", "--rows, --csv and --objects belong to one RUN")
	}
	dir, err := c.ledgers()
	if err != nil {
		return err
	}
	list, err := dir.Summaries(ctx)
	if err != nil {
		return err
	}
	if list == nil {
		list = []ledger.Summary{}
		c.ui.say("No runs in %s.", dir.Path())
	}
	c.ui.doc.Runs = list
	for _, s := range list {
		c.ui.say("%-20s %s  %-11s %s", s.Run, s.Started.Local().Format("2006-01-02 15:04"), s.Status, shownDataset(s))
	}
	return nil
}

// shownDataset is the dataset of a run as people know it.
func shownDataset(s ledger.Summary) string {
	if s.Name != "" {
		return databaseMark + s.Name
	}
	return s.Dataset
}

// runRow is one entry of "rows" in the document of runs.
type runRow struct {
	Part   string `json:"part"`
	ID     string `json:"id"`
	Field  string `json:"field"`
	At     string `json:"at"`
	Path   string `json:"path"`
	New    string `json:"new,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// runObject is one entry of "objects" in the document of runs.
type runObject struct {
	URL      string `json:"url"`
	Bytes    int64  `json:"bytes"`
	Checksum string `json:"checksum,omitempty"`
	Path     string `json:"path"`
}

func (c *runsCmd) show(ctx context.Context, name string) error {
	dir, err := c.ledgers()
	if err != nil {
		return err
	}
	run, err := dir.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = run.Close() }()
	summary, err := run.Summary(ctx)
	if err != nil {
		return err
	}
	c.ui.doc.Run, c.ui.doc.Dataset, c.ui.doc.Runs = summary.Run, summary.Dataset, []ledger.Summary{summary}
	switch {
	case c.csv && c.rows == "" && !c.objects:
		return usage("add --rows failed, --rows missing, --rows changed or --objects", "--csv needs a list to print")
	case c.objects, c.rows != "":
		return c.showList(ctx, dir, run, summary)
	}
	c.ui.say("%s of %s\nstarted %s, %s", summary.Command, shownDataset(summary),
		summary.Started.Local().Format(time.DateTime), summary.Status)
	totals, err := run.Totals(ctx)
	if err != nil {
		return err
	}
	c.ui.doc.Fields = fieldReports(totals)
	for _, t := range totals {
		c.ui.say("  %-28s %s, %s arrived, %d missing, %d to send", t.Field, plural(t.Files, "file"),
			strconv.FormatInt(t.Arrived, 10), t.Missing, t.ToSend)
	}
	if summary.Command == "lift" {
		c.ui.say("  medialift undo %s deletes the dataset that it made, if nobody has changed it.", summary.Run)
		return nil
	}
	n, err := run.Undoable(ctx)
	if err != nil {
		return err
	}
	c.ui.say("  %s changed; medialift undo %s puts them back.", pluralAre(n, "path"), summary.Run)
	return nil
}

// showList lists rows or objects; those of a lift are those of the upload that was
// part of it.
func (c *runsCmd) showList(ctx context.Context, dir *ledger.Dir, run *ledger.Run, summary ledger.Summary) error {
	if summary.Command == "lift" {
		name, err := lift.UploadOf(ctx, run)
		if err != nil || name == "" {
			return err
		}
		if run, err = dir.Open(ctx, name); err != nil {
			return err
		}
		defer func() { _ = run.Close() }()
	}
	if c.objects {
		return c.showObjects(ctx, run)
	}
	return c.showRows(ctx, run)
}

func (c *runsCmd) showRows(ctx context.Context, run *ledger.Run) error {
	rows, err := run.Rows(ctx, ledger.RowKind(c.rows))
	if err != nil {
		return usage("use --rows failed, missing or changed", "%v", err)
	}
	list := []runRow{}
	err = each(rows, func(r ledger.Row) []string {
		row := runRow{string(r.Part), r.DocID(), r.Field, string(r.At), r.Old, r.New, r.Reason}
		if c.ui.json {
			list = append(list, row)
		}
		return []string{row.Part, row.ID, row.Field, row.At, row.Path, row.New, row.Reason}
	}, c.printer([]string{"part", "id", "field", "at", "path", "new", "reason"}))
	c.ui.doc.Rows = list
	return err
}

func (c *runsCmd) showObjects(ctx context.Context, run *ledger.Run) error {
	list := []runObject{}
	err := each(run.Objects(ctx), func(f ledger.File) []string {
		o := runObject{f.URL, f.Size, f.Checksum, f.Path}
		if c.ui.json {
			list = append(list, o)
		}
		return []string{o.URL, strconv.FormatInt(o.Bytes, 10), o.Checksum, o.Path}
	}, c.printer([]string{"url", "bytes", "checksum", "path"}))
	c.ui.doc.Objects = list
	return err
}

// each prints every row of a stream.
func each[T any](rows iter.Seq2[T, error], cells func(T) []string, write func([]string) error) error {
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := write(cells(row)); err != nil {
			return err
		}
	}
	return write(nil)
}

// printer returns what prints a row as CSV or as text; a nil row ends the list.
func (c *runsCmd) printer(header []string) func([]string) error {
	if c.ui.json {
		return func([]string) error { return nil }
	}
	if !c.csv {
		return func(cells []string) error {
			if cells != nil {
				c.ui.say("%s", strings.Join(cells, "  "))
			}
			return nil
		}
	}
	w := csv.NewWriter(c.ui.out)
	toTerminal := isTerminal(c.ui.out) // a program gets what is there
	first := true
	return func(cells []string) error {
		if first {
			first = false
			if err := w.Write(header); err != nil {
				return fmt.Errorf("printing rows: %w", err)
			}
		}
		if cells == nil {
			w.Flush()
			return w.Error()
		}
		if toTerminal {
			cells = slices.Clone(cells)
			for i := range cells {
				cells[i] = report.Visible(cells[i])
			}
		}
		return w.Write(cells)
	}
}
