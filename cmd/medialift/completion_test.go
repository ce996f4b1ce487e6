package main

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// completions asks the binary what may follow, as shells do.
func (m tool) completions(args ...string) []string {
	m.t.Helper()
	out, err := m.command(append([]string{cobra.ShellCompNoDescRequestCmd}, args...)...).Output()
	if err != nil {
		m.t.Fatalf("completing %q: %v", args, err)
	}
	return strings.Fields(string(out))
}

func TestCompletions(t *testing.T) {
	export := testexport.Copy(t, "image")
	m := newTool(t, "MEDIALIFT_JSON=1", "HOME="+t.TempDir(), "FIFTYONE_DATABASE_URI=")
	run := m.run(exitDone, "upload", export.Dir, t.TempDir()).Run
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"upload", "--layout", ""}, "tree flat hash :4"},
		{[]string{"upload", "--missing="}, "refuse keep :4"},
		{[]string{"upload", "--sse", ""}, "AES256 aws:kms aws:kms:dsse :4"},
		{[]string{"rewrite", export.Dir, "--unmatched", ""}, "refuse keep :4"},
		{[]string{"upload", export.Dir, "--media-field", ""}, "filepath thumbnail ground_truth.detections predictions.detections best segmentation heatmap :4"},
		{[]string{"upload", export.Dir, ""}, "s3:// gs:// az:// minio:// https:// file:/// :2"},
		{[]string{"upload", "./"}, ":16"},
		{[]string{"upload", "--rel-dir", ""}, ":16"},
		{[]string{"undo", ""}, run + " :36"},
		{[]string{"rewrite", export.Dir, "--map", "run:"}, "run:" + run + " :36"},
		{[]string{"undo", run, ""}, ":4"},
		{[]string{"version", ""}, ":4"},
		{[]string{"completion", ""}, "bash fish powershell zsh :4"},
	} {
		if got := m.completions(c.args...); strings.Join(got, " ") != c.want {
			t.Errorf("%q completes to %q, want %q", c.args, got, c.want)
		}
	}
}

// Variables that may hold a URI are offered by name, without what they hold.
func TestCompletionsOfURIs(t *testing.T) {
	got := newTool(t, "TEAMS_URI=mongodb://u:secret@h").completions("lift", "./export", "--to-uri", "env:")
	if !slices.Contains(got, "env:TEAMS_URI") || strings.Contains(strings.Join(got, " "), "secret") {
		t.Errorf("got %q", got)
	}
}

// Names come from a database that is named; none is started to look for them.
func TestCompletionsOfADatabase(t *testing.T) {
	db := mongotest.Database(t)
	mongotest.FiftyOne(t).Restore(t, db)
	m := newTool(t, "HOME="+t.TempDir(), "FIFTYONE_DATABASE_URI=", "FIFTYONE_DATABASE_NAME="+db.Name())
	if got := m.completions("info", ""); strings.Join(got, " ") != ":16" {
		t.Errorf("without a database %q", got)
	}
	m.env = append(m.env, "FIFTYONE_DATABASE_URI="+mongotest.URI(t))
	names := m.completions("info", "")
	if !slices.Contains(names, "image") || !slices.Contains(names, "video") {
		t.Errorf("got %q", names)
	}
	if marked := m.completions("info", "db:"); len(marked) != len(names) || !strings.HasPrefix(marked[0], "db:") {
		t.Errorf("got %q", marked)
	}
}

// What is offered for a flag is accepted by the commands that have it.
func TestChoicesAreTaken(t *testing.T) {
	seen := map[string]bool{}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { seen[f.Name] = true })
		cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { seen[f.Name] = true })
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{ui: newUI(&bytes.Buffer{}, &bytes.Buffer{})}))
	for name, list := range choices {
		if !seen[name] {
			t.Errorf("there is no flag --%s", name)
		}
		for _, choice := range list {
			value, _, _ := strings.Cut(choice, "\t")
			c := &uploadCmd{app: &app{ui: newUI(&bytes.Buffer{}, &bytes.Buffer{})}, layout: "tree", onCollision: "refuse", missing: "refuse"}
			switch name {
			case "layout":
				c.layout = value
			case "on-collision":
				c.onCollision = value
			case "missing":
				c.missing = value
			case "overwrite":
				c.overwrite = value
			case "max-bandwidth":
				c.maxBandwidth = value
			case "sse":
				c.written.Encryption = value
			}
			if err := c.options("s3://bucket/prefix"); err != nil {
				t.Errorf("--%s %s: %v", name, value, err)
			}
		}
	}
	for name := range flagWords {
		if !seen[name] && name != "report" {
			t.Errorf("there is no flag --%s", name)
		}
	}
}

// The scripts are what their shells can read; those that are not here are not asked.
func TestCompletionScripts(t *testing.T) {
	m := newTool(t, "MEDIALIFT_JSON=1")
	for _, shell := range []struct{ name, check string }{{"bash", "-n"}, {"zsh", "-n"}, {"fish", "--no-execute"}, {"powershell", ""}} {
		script, err := m.command("completion", shell.name).Output()
		if err != nil || len(script) < 1000 || bytes.HasPrefix(script, []byte("{")) {
			t.Errorf("%s: %v, %d bytes", shell.name, err, len(script))
			continue
		}
		path, err := exec.LookPath(shell.name)
		if err != nil || shell.check == "" {
			continue
		}
		file := t.TempDir() + "/script"
		if err := os.WriteFile(file, script, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, shell.check, file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell.name, err, out)
		}
	}
}
