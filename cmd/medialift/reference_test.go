package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	cobradoc "github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// update makes tests write the documentation that they otherwise compare.
var update = flag.Bool("update", false, "write the documentation anew instead of comparing it")

// docsDir holds the documentation.
const docsDir = "../../docs"

// TestReference holds docs/reference and docs/man to the commands: "make docs" writes
// both with -update.
func TestReference(t *testing.T) {
	pages := reference(t)
	for _, dir := range []string{"reference", "man"} {
		entries, err := os.ReadDir(filepath.Join(docsDir, dir))
		if err != nil && !*update {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if _, wanted := pages[name]; wanted {
				continue
			}
			if !*update {
				t.Errorf("docs/%s is of no command: make docs removes it", name)
			} else if err := os.Remove(filepath.Join(docsDir, name)); err != nil {
				t.Error(err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		keep(t, filepath.Join(docsDir, name), pages[name])
	}
}

// keep compares a file with what it ought to be, or writes that with -update.
func keep(t *testing.T, file string, want []byte) {
	t.Helper()
	have, err := os.ReadFile(file)
	switch {
	case err == nil && bytes.Equal(have, want):
		return
	case !*update:
		t.Errorf("%s is not what the commands say: run make docs, and look at what it changes", strings.TrimPrefix(file, "../../"))
		return
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // part of the source tree
		t.Fatal(err)
	}
	if err := os.WriteFile(file, want, 0o644); err != nil { //nolint:gosec // part of the source tree
		t.Fatal(err)
	}
}

// reference makes all pages, by their names below docs. Nothing in them depends on
// the machine or the day.
func reference(t *testing.T) map[string][]byte {
	t.Helper()
	root := documented()
	pages := map[string][]byte{}
	var commands, topics strings.Builder
	walkCommands(root, func(cmd *cobra.Command) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		row := fmt.Sprintf("| [%s](%s.md) | %s |\n", cmd.CommandPath(), name, cell(cmd.Short))
		if cmd.IsAdditionalHelpTopicCommand() {
			topics.WriteString(strings.Replace(row, "[medialift ", "[medialift help ", 1))
		} else {
			commands.WriteString(row)
			pages["man/"+name+".1"] = manPage(t, cmd)
		}
		pages["reference/"+name+".md"] = []byte(referencePage(cmd, root.PersistentFlags()))
	})
	pages["reference/README.md"] = []byte(generatedMark + "\n# Reference\n\n| command | does |\n|---|---|\n" + commands.String() +
		"\n| topic | says |\n|---|---|\n" + topics.String())
	return pages
}

// documented are the commands as a user of this version finds them.
func documented() *cobra.Command {
	root := newRoot(&app{ui: newUI(&bytes.Buffer{}, &bytes.Buffer{})})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// walkCommands visits the commands and topics that help shows, but for help itself
// and the scripts of single shells.
func walkCommands(cmd *cobra.Command, visit func(*cobra.Command)) {
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	visit(cmd)
	if cmd.Name() == "completion" {
		return
	}
	for _, sub := range cmd.Commands() {
		walkCommands(sub, visit)
	}
}

const generatedMark = "<!-- Written by make docs from the commands: edit those. -->\n"

func referencePage(cmd *cobra.Command, global *pflag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n# %s\n\n", generatedMark, cmd.CommandPath())
	if cmd.IsAdditionalHelpTopicCommand() {
		fmt.Fprintf(&b, "What `medialift help %s` says.\n\n%s\n", cmd.Name(), markdown(cmd.Long))
		return b.String()
	}
	use := cmd.UseLine()
	if cmd.Name() == "completion" {
		use = strings.Replace(use, "[flags]", "SHELL", 1)
	}
	fmt.Fprintf(&b, "%s.\n\n    %s\n", cell(cmd.Short), use)
	switch {
	case cmd.Name() == "completion":
		b.WriteString(completionText)
	case cmd.Long != "":
		fmt.Fprintf(&b, "\n%s\n", markdown(cmd.Long))
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n```sh\n%s\n```\n", dedent(cmd.Example))
	}
	local := pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && (cmd == cmd.Root() || global.Lookup(f.Name) == nil) {
			local.AddFlag(f)
		}
	})
	heading := "Flags"
	if cmd == cmd.Root() {
		heading = "Flags of every command"
	}
	if local.HasAvailableFlags() {
		fmt.Fprintf(&b, "\n## %s\n\n%s", heading, flagTable(local))
	}
	switch {
	case cmd == cmd.Root():
	case !local.HasAvailableFlags():
		b.WriteString("\nIt takes the [flags of every command](medialift.md#flags-of-every-command).\n")
	default:
		b.WriteString("\nAnd the [flags of every command](medialift.md#flags-of-every-command).\n")
	}
	b.WriteString("\n## Exit codes\n\n" + exitRows(cmd))
	return b.String()
}

// completionText says what cobra says on a page for each shell.
const completionText = "\n" +
	"Datasets of a database that is named, media fields, saved views, runs, versions, and the\n" +
	"values of flags that take one of a few are offered. SHELL is one of:\n" +
	"\n" +
	"bash, which needs its package bash-completion, in ~/.bashrc:\n" +
	"\n" +
	"```sh\n" +
	"source <(medialift completion bash)\n" +
	"```\n" +
	"\n" +
	"zsh:\n" +
	"\n" +
	"```sh\n" +
	"medialift completion zsh >\"${fpath[1]}/_medialift\"\n" +
	"```\n" +
	"\n" +
	"fish:\n" +
	"\n" +
	"```sh\n" +
	"medialift completion fish >~/.config/fish/completions/medialift.fish\n" +
	"```\n" +
	"\n" +
	"PowerShell, in its profile:\n" +
	"\n" +
	"```powershell\n" +
	"medialift completion powershell | Out-String | Invoke-Expression\n" +
	"```\n"

// exitRows are the exit codes that a command can end with, as a table.
func exitRows(cmd *cobra.Command) string {
	return "| code | means |\n|---|---|\n" + exits(cmd, "| %d | %s |\n")
}

// exitStatus is the same for man.
func exitStatus(cmd *cobra.Command) string {
	return ".SH EXIT STATUS\n" + exits(cmd, ".TP\n%d\n%s\n")
}

func exits(cmd *cobra.Command, format string) string {
	codes, some := exitsOf[cmd.CommandPath()]
	var b strings.Builder
	for _, m := range exitMeanings {
		if !some || slices.Contains(codes, m.code) {
			fmt.Fprintf(&b, format, m.code, meaning(cmd, m.code, m.means))
		}
	}
	return b.String()
}

// meaning is what a code means of one command.
func meaning(cmd *cobra.Command, code int, means string) string {
	switch findsOut := cmd.Name() == "verify" || cmd.Name() == "doctor"; {
	case code == exitFailed && findsOut:
		return "something is wrong, or it could not be found out"
	case code == exitFailed:
		return "failed"
	}
	return means
}

func flagTable(flags *pflag.FlagSet) string {
	zero := map[string]bool{"": true, "false": true, "0": true, "[]": true, "0s": true}
	var b strings.Builder
	b.WriteString("| flag | means |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		if list := choices[f.Name]; value == "string" && list != nil {
			value = strings.Join(values(list), `\|`)
		}
		spelled := "--" + f.Name
		if f.Shorthand != "" {
			spelled = "-" + f.Shorthand + ", " + spelled
		}
		switch {
		case f.Value.Type() == "bool":
		case f.NoOptDefVal != "":
			spelled += "[=" + value + "]"
		default:
			spelled += " " + value
		}
		if !zero[f.DefValue] {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", spelled, cell(text))
	})
	return b.String()
}

// values are what a shell is offered, without what it means.
func values(offers []string) []string {
	var out []string
	for _, offer := range offers {
		value, _, _ := strings.Cut(offer, "\t")
		out = append(out, value)
	}
	return out
}

// cell is text as it stands in a table of Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "`", "").Replace(text)
}

// markdown is the text of help, in which two spaces begin what is to be left as it is.
func markdown(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  ") {
			lines[i] = "    " + strings.TrimPrefix(line, "  ")
		} else {
			lines[i] = strings.NewReplacer(`\`, `\\`, "<", "&lt;", "*", `\*`).Replace(line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func dedent(text string) string {
	return strings.TrimSpace(strings.ReplaceAll("\n"+text, "\n  ", "\n"))
}

// manPage is a page for man, without a day: it stays the same for as long as the
// command does.
func manPage(t *testing.T, cmd *cobra.Command) []byte {
	t.Helper()
	long, tag := cmd.Long, cmd.DisableAutoGenTag
	defer func() { cmd.Long, cmd.DisableAutoGenTag = long, tag }()
	cmd.DisableAutoGenTag = true
	if cmd.Name() != "completion" {
		cmd.Long = markdown(long)
	}
	header := &cobradoc.GenManHeader{Section: "1", Source: "medialift", Manual: "medialift", Date: &time.Time{}}
	var b bytes.Buffer
	if err := cobradoc.GenMan(cmd, header, &b); err != nil {
		t.Fatalf("man page of %s: %v", cmd.CommandPath(), err)
	}
	page := strings.Replace(b.String(), `"Jan 0001"`, `""`, 1)
	return []byte(strings.Replace(page, ".SH SEE ALSO\n", exitStatus(cmd)+"\n\n.SH SEE ALSO\n", 1))
}
