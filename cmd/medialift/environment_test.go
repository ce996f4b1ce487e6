package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// readers are a line of each command that looks for the database where FiftyOne's
// settings say. EXPORT is an export directory.
var readers = []string{
	"info", "info x", "export x out", "import EXPORT", "upload x out", "rewrite x --map prefix:/a=/b", "verify x",
	"lift --all out --to-uri mongodb://127.0.0.1:9", "doctor", "doctor out", "migrate --info", "migrate --all --dry-run",
}

// lines are all of them, or with -short the first.
func lines(all []string) []string {
	if testing.Short() {
		return all[:1]
	}
	return all
}

// A surrounding is an environment of FiftyOne's that the machine has no part in.
type surrounding struct {
	home, export string
}

func newSurrounding(t *testing.T) surrounding {
	t.Helper()
	s := surrounding{home: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(s.home, ".fiftyone"), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs a command in its own directory, with these variables only.
func (s surrounding) run(t *testing.T, line string, env ...string) (code int, output string) {
	t.Helper()
	args := strings.Fields(line)
	for i := range args {
		if args[i] == "EXPORT" {
			args[i] = s.export
		}
	}
	cmd := tool{t: t}.command(args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"HOME=" + s.home, "PATH=/nowhere", "XDG_STATE_HOME=" + filepath.Join(cmd.Dir, "state"), "AWS_EC2_METADATA_DISABLED=true"}, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the code says it
	return cmd.ProcessState.ExitCode(), out.String()
}

// write writes a file of settings and returns its path.
func write(t *testing.T, path, text string, args ...any) string {
	t.Helper()
	if err := os.WriteFile(path, fmt.Appendf(nil, text, args...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every command asks the server that its flag names, before the flag's variable,
// FiftyOne's variable, and FiftyOne's configuration, wherever that is.
func TestDatabaseSettings(t *testing.T) {
	server := func(port int) string { return fmt.Sprintf("mongodb://127.0.0.1:%d/?serverSelectionTimeoutMS=10", port) }
	s := newSurrounding(t)
	write(t, filepath.Join(s.home, ".fiftyone", "config.json"), `{"database_uri": %q}`, server(1))
	other := write(t, filepath.Join(s.home, "other.json"), `{"database_uri": %q}`, server(2))
	own := write(t, filepath.Join(s.home, "own.json"), `{"database_dir": "/from/a/file"}`)
	enterprise := write(t, filepath.Join(s.home, "enterprise.json"), `{"api_uri": "https://fiftyone.example.com", "database_dir": "/from/a/file"}`)
	for _, c := range []struct {
		name, flag string
		env        []string
		code       int
		want       string
	}{
		{"configuration", "", nil, exitFailed, "127.0.0.1:1:"},
		{"configuration elsewhere", "", []string{"FIFTYONE_CONFIG_PATH=" + other}, exitFailed, "127.0.0.1:2:"},
		{"empty variables", "", []string{"FIFTYONE_CONFIG_PATH=" + other, "FIFTYONE_DATABASE_URI=", "MEDIALIFT_DATABASE_URI="}, exitFailed, "127.0.0.1:2:"},
		{"FIFTYONE_DATABASE_URI", "", []string{"FIFTYONE_DATABASE_URI=" + server(3), "FIFTYONE_API_URI=https://x"}, exitFailed, "127.0.0.1:3:"},
		{"MEDIALIFT_DATABASE_URI", "", []string{"FIFTYONE_DATABASE_URI=" + server(3), "MEDIALIFT_DATABASE_URI=" + server(4)}, exitFailed, "127.0.0.1:4:"},
		{"flag", " --database-uri env:U", []string{"U=" + server(5), "FIFTYONE_DATABASE_URI=" + server(3), "MEDIALIFT_DATABASE_URI=" + server(4)}, exitFailed, "127.0.0.1:5:"},
		{"no server", "", []string{"FIFTYONE_CONFIG_PATH=" + own}, exitUsage, `"/from/a/file"`},
		{"FIFTYONE_DATABASE_DIR", "", []string{"FIFTYONE_CONFIG_PATH=" + own, "FIFTYONE_DATABASE_DIR=/from/a/variable"}, exitUsage, `"/from/a/variable"`},
		{"api_uri", "", []string{"FIFTYONE_CONFIG_PATH=" + enterprise}, exitRefused, "enterprise.json names one"},
		{"FIFTYONE_API_URI", "", []string{"FIFTYONE_CONFIG_PATH=" + own, "FIFTYONE_API_URI=https://x"}, exitRefused, "FIFTYONE_API_URI"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := s // with an export of its own, since an import locks it
			s.export = testexport.Copy(t, "image").Dir
			for _, line := range lines(readers) {
				if line == "doctor out" && c.code != exitFailed {
					continue // without a URI it looks at its target alone
				}
				code, output := s.run(t, line+c.flag, c.env...)
				right := code == c.code || line == "doctor" && c.code == exitRefused && code == exitFailed // it is a finding
				if !right || !strings.Contains(output, c.want) {
					t.Errorf("%s%s: exit %d, want %d and %s:\n%s", line, c.flag, code, c.code, c.want, output)
				}
			}
		})
	}
}

// Of the databases of a server, too, each command takes the one that is named
// nearest, and connects as FiftyOne is told to.
func TestDatabaseName(t *testing.T) {
	s := newSurrounding(t)
	uri := mongotest.URI(t)
	write(t, filepath.Join(s.home, ".fiftyone", "config.json"), `{"database_uri": %q, "database_name": "no-1"}`, uri)
	for _, c := range []struct {
		flag, want string
		env        []string
	}{
		{"", "no-1", nil},
		{"", "no-2", []string{"FIFTYONE_DATABASE_NAME=no-2"}},
		{"", "no-3", []string{"FIFTYONE_DATABASE_NAME=no-2", "MEDIALIFT_DATABASE_NAME=no-3"}},
		{" --database-name no-4", "no-4", []string{"FIFTYONE_DATABASE_NAME=no-2", "MEDIALIFT_DATABASE_NAME=no-3"}},
		{"", "no-1", []string{"FIFTYONE_DATABASE_COMPRESSOR=zstd,zlib"}},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			s := s // with an export of its own, since an import locks it
			s.export = testexport.Copy(t, "image").Dir
			for _, line := range lines(readers) {
				if line == "migrate --info" {
					line += " -n x"
				}
				if _, output := s.run(t, line+c.flag, c.env...); !strings.Contains(output, c.want) {
					t.Errorf("%s%s: no word of %s:\n%s", line, c.flag, c.want, output)
				}
			}
		})
	}
}

// Where a dataset is lifted to is said by lift's own flags alone.
func TestLiftTargetSettings(t *testing.T) {
	server := func(port int) string { return fmt.Sprintf("mongodb://127.0.0.1:%d/?serverSelectionTimeoutMS=10", port) }
	s := newSurrounding(t)
	s.export = synthetic(t, "")
	write(t, filepath.Join(s.home, ".fiftyone", "config.json"), `{"database_uri": %q, "database_name": "no-1", "api_uri": "https://x"}`, server(1))
	env := []string{"FIFTYONE_DATABASE_URI=" + server(2), "FIFTYONE_DATABASE_NAME=no-2", "MEDIALIFT_DATABASE_URI=" + server(3), "MEDIALIFT_DATABASE_NAME=no-3", "FIFTYONE_API_URI=https://x"}
	uri := mongotest.URI(t)
	for _, c := range []struct {
		flag, want string
		env        []string
	}{
		{"", "lift needs --to-uri", nil},
		{" --to-uri " + server(4), "127.0.0.1:4:", nil},
		{"", "127.0.0.1:5:", []string{"MEDIALIFT_TO_URI=" + server(5)}},
		{" --to-uri " + server(4), "127.0.0.1:4:", []string{"MEDIALIFT_TO_URI=" + server(5)}},
		{" --to-uri env:HERE", `"fiftyone" has no version`, []string{"HERE=" + uri}},
		{" --to-uri " + uri + " --to-database-name=", `"fiftyone" has no version`, nil},
		{" --to-uri " + uri, `"no-5" has no version`, []string{"MEDIALIFT_TO_DATABASE_NAME=no-5"}},
	} {
		if _, output := s.run(t, "lift EXPORT out"+c.flag, append(env, c.env...)...); !strings.Contains(output, c.want) {
			t.Errorf("lift%s with %q: no word of %s:\n%s", c.flag, c.env, c.want, output)
		}
	}
}

// State is kept where a flag, its variable or the system's says.
func TestStateSettings(t *testing.T) {
	s := newSurrounding(t)
	s.export = synthetic(t, "")
	dir := t.TempDir()
	for _, c := range []struct {
		flag, want string
		env        []string
	}{
		{"", filepath.Join(s.home, ".local", "state", "medialift"), []string{"XDG_STATE_HOME="}},
		{"", filepath.Join(dir, "1", "medialift"), []string{"XDG_STATE_HOME=" + filepath.Join(dir, "1")}},
		{"", filepath.Join(dir, "2"), []string{"XDG_STATE_HOME=" + filepath.Join(dir, "x"), "MEDIALIFT_STATE=" + filepath.Join(dir, "2")}},
		{" --state " + filepath.Join(dir, "3"), filepath.Join(dir, "3"), []string{"MEDIALIFT_STATE=" + filepath.Join(dir, "x")}},
	} {
		code, output := s.run(t, "upload EXPORT out --dry-run"+c.flag, c.env...)
		if found, err := filepath.Glob(filepath.Join(c.want, "upload-*.ledger")); code != 0 || err != nil || len(found) != 1 {
			t.Errorf("upload%s with %q: exit %d, %q in %s:\n%s", c.flag, c.env, code, found, c.want, output)
		}
	}
}

// docs/environment.md names every variable that the code does.
func TestEnvironmentPage(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash("../../docs/environment.md"))
	if err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`"((?:FIFTYONE|AWS|AZURE|GOOGLE|MINIO|STORAGE|XDG)_[A-Z0-9_]*[A-Z0-9])"`)
	found := map[string]bool{}
	for _, dir := range []string{"../../cmd", "../../bucket", "../../dataset"} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "buckettest") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range variable.FindAllSubmatch(text, -1) {
				found[string(match[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 25 {
		t.Errorf("only %d variables were found", len(found))
	}
	for name := range found {
		if !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("the page does not name %s", name)
		}
	}
}
