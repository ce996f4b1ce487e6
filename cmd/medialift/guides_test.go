package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// A guide is a page of docs whose commands are run, in their order, by a testscript
// made of it. In its console blocks what follows "$ " is given to bash, and what it
// prints must be the lines below it, as onPage would have them. The page says what else
// is to be done in comments: "script", with lines for the testscript, "file NAME", which
// writes the block that follows to a file, and "numbers vary", which lets the next
// block's numbers be others each time. A command that fails is followed by "$ echo $?".
type guide struct {
	page  string
	steps []guideStep
	// root stands for / in the paths of the page, home is where its commands run.
	root, home string
	// replaced are pairs of what is printed and what is shown instead.
	replaced []string
	places   []string // and of what is shown and is given to commands instead
	// here and there are what the page and this machine call a run.
	here, there map[string]string
	cmds        map[string]func(*testscript.TestScript, bool, []string)
	last        int // the exit code of the command before
}

// A guideStep is one command, file or line of script of a guide.
type guideStep struct {
	kind string // console, file, script
	text string
	name string // of a file
	want []string
	vary bool
	line int // where what it prints begins
	got  []string
}

var (
	runName   = regexp.MustCompile(`\b(?:upload|rewrite|lift)-[0-9a-f]{10}\b`)
	clockTime = regexp.MustCompile(`\b20\d\d-\d\d-\d\d([T ])\d\d:\d\d(:\d\d)?\b`)
	freeSpace = regexp.MustCompile(`[\d.]+ [kMGT]?B free\b`)
	number    = regexp.MustCompile(`\d+(?:\.\d+)?`)
	exported  = regexp.MustCompile(`^export ([A-Z0-9_]+)=(\S+)$`)
	// rooted finds absolute paths of the page's own machine.
	rooted = regexp.MustCompile(`(^|[^\w./}-])/(data|home|backup|mnt)\b`)
)

// read takes a page apart.
func (g *guide) read(text string) error {
	lines := strings.Split(text, "\n")
	vary, name := false, ""
	for i := 0; i < len(lines); i++ {
		comment, isComment := strings.CutPrefix(lines[i], "<!-- ")
		language, isBlock := strings.CutPrefix(lines[i], "```")
		begin := i + 1
		end := func(mark string) error {
			for i = begin; i < len(lines) && lines[i] != mark; i++ {
			}
			if i == len(lines) {
				return fmt.Errorf("line %d: no %q", begin, mark)
			}
			return nil
		}
		switch {
		case comment == "script":
			if err := end("-->"); err != nil {
				return err
			}
			g.steps = append(g.steps, guideStep{kind: "script", text: strings.Join(lines[begin:i], "\n")})
		case comment == "numbers vary -->":
			vary = true
		case isComment && strings.HasPrefix(comment, "file "):
			name = strings.Fields(comment)[1]
		case isBlock:
			if err := end("```"); err != nil {
				return err
			}
			if name != "" {
				g.steps = append(g.steps, guideStep{kind: "file", name: name, text: strings.Join(lines[begin:i], "\n") + "\n"})
			} else if language == "console" {
				g.console(lines[begin:i], begin, vary)
			}
			vary, name = false, ""
		}
	}
	return nil
}

// console adds the commands of one block, which begins at a line of the page.
func (g *guide) console(lines []string, at int, vary bool) {
	for i := 0; i < len(lines); i++ {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			last := &g.steps[len(g.steps)-1]
			last.want = append(last.want, lines[i])
			continue
		}
		for strings.HasSuffix(command, `\`) && i+1 < len(lines) {
			i++
			command += "\n" + lines[i]
		}
		g.steps = append(g.steps, guideStep{kind: "console", text: command, vary: vary, line: at + i + 1})
	}
}

// script is the guide as a testscript.
func (g *guide) script() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cd %s\n", g.home)
	for i, s := range g.steps {
		if s.kind == "script" {
			b.WriteString(s.text + "\n")
		} else {
			fmt.Fprintf(&b, "%s %d\n", s.kind, i)
		}
	}
	return b.String()
}

// run runs the guide, with variables for its commands.
func (g *guide) run(t *testing.T, env []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), filepath.Base(g.page)+".txtar")
	if err := os.WriteFile(file, []byte(g.script()), 0o600); err != nil {
		t.Fatal(err)
	}
	step := func(do func(*testscript.TestScript, *guideStep)) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, _ bool, args []string) {
			n, err := strconv.Atoi(args[0])
			ts.Check(err)
			do(ts, &g.steps[n])
		}
	}
	g.cmds["console"] = step(g.command)
	g.cmds["file"] = step(func(ts *testscript.TestScript, s *guideStep) {
		ts.Check(os.WriteFile(ts.MkAbs(s.name), []byte(g.onMachine(s.text)), 0o600))
	})
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: []string{file},
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "HOME="+g.home, "ROOT="+g.root, "MEDIALIFT_PROGRESS=none", "AWS_EC2_METADATA_DISABLED=true",
				"FIFTYONE_CONFIG_PATH="+filepath.Join(g.home, ".fiftyone", "config.json"))
			e.Vars = append(e.Vars, env...)
			e.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+e.Getenv("PATH")) // as users have it: quicker than the test's own
			return nil
		},
		Cmds:            g.cmds,
		ContinueOnError: *update,
	})
}

// command runs one command of the page and compares what it prints.
func (g *guide) command(ts *testscript.TestScript, s *guideStep) {
	if match := exported.FindStringSubmatch(s.text); match != nil {
		ts.Setenv(match[1], g.onMachine(match[2]))
		return
	}
	if g.last != 0 && s.text != "echo $?" && !*update {
		ts.Fatalf("the command before %q ended with %d: show that with $ echo $?", s.text, g.last)
	}
	err := ts.Exec("bash", "-c", fmt.Sprintf("exec 2>&1; (exit %d); %s", g.last, g.onMachine(s.text)))
	var exit *exec.ExitError
	switch {
	case err == nil:
		g.last = 0
	case errors.As(err, &exit):
		g.last = exit.ExitCode()
	default:
		ts.Fatalf("%s: %v", s.text, err)
	}
	s.got = g.onPage(ts.ReadFile("stdout"), s.want)
	same := slices.Equal(s.got, s.want)
	if s.vary && !same {
		blank := func(lines []string) string { return number.ReplaceAllString(strings.Join(lines, "\n"), "N") }
		if same = blank(s.got) == blank(s.want); same {
			s.got = s.want
		}
	}
	if !same && !*update {
		ts.Fatalf("$ %s\nprints\n%s\n\nbut the guide says\n%s\n\n(make docs writes what is printed into the guides)",
			s.text, strings.Join(s.got, "\n"), strings.Join(s.want, "\n"))
	}
}

// onMachine is text of the page as it is on this machine.
func (g *guide) onMachine(text string) string {
	text = runName.ReplaceAllStringFunc(text, func(name string) string { return cmp.Or(g.here[name], name) })
	return rooted.ReplaceAllString(strings.NewReplacer(g.places...).Replace(text), "${1}"+g.root+"/$2")
}

// onPage are the lines that a command printed, as the page has them.
func (g *guide) onPage(text string, want []string) []string {
	text = strings.NewReplacer(append([]string{g.root, ""}, g.replaced...)...).Replace(text)
	shown := runName.FindAllString(strings.Join(want, "\n"), -1)
	for i, name := range runName.FindAllString(text, -1) {
		if g.there[name] != "" {
			continue
		}
		g.there[name] = name
		if i < len(shown) && g.here[shown[i]] == "" && len(name) == len(shown[i]) {
			g.there[name] = shown[i]
		}
		g.here[g.there[name]] = name
	}
	text = runName.ReplaceAllStringFunc(text, func(name string) string { return g.there[name] })
	text = clockTime.ReplaceAllStringFunc(text, func(clock string) string { return "2026-11-28" + clock[10:11] + "21:04:00"[:len(clock)-11] })
	text = freeSpace.ReplaceAllString(text, "512 GB free")
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// rewritten is the page with what was printed.
func (g *guide) rewritten(text string) string {
	lines := strings.Split(text, "\n")
	for i := len(g.steps) - 1; i >= 0; i-- {
		s := g.steps[i]
		if s.kind == "console" && !exported.MatchString(s.text) {
			lines = slices.Replace(lines, s.line, s.line+len(s.want), s.got...)
		}
	}
	return strings.Join(lines, "\n")
}

// follow runs a page of docs and, with -update, writes it anew.
func follow(t *testing.T, page string, setup func(t *testing.T, g *guide) (env []string)) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash to run the commands of a guide with")
	}
	file := filepath.Join(docsDir, page)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// A root of one length, wherever temporary files are: sizes of what holds paths are shown.
	root := t.TempDir()
	root = filepath.Join(root, strings.Repeat("r", max(1, 150-len(root))))
	g := &guide{
		page: page, root: root, here: map[string]string{}, there: map[string]string{},
		cmds: map[string]func(*testscript.TestScript, bool, []string){},
	}
	g.home = filepath.Join(g.root, "home", "ana")
	if err := os.MkdirAll(g.home, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := g.read(string(text)); err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	env := setup(t, g)
	if *update { // also where something failed: the page then shows it; scripts run in parallel, when this returns
		t.Cleanup(func() { keep(t, file, []byte(g.rewritten(string(text)))) })
	}
	g.run(t, env)
}
