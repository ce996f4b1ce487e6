// Dist makes the archives of a release: a static binary for each platform with
// its licence, man pages and completions, and their checksums. The same commit
// makes the same bytes, in any directory.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A platform is what a binary is built for.
type platform struct{ system, arch string }

func (p platform) String() string { return p.system + "/" + p.arch }

// binary is what the program is called there.
func (p platform) binary() string {
	if p.system == "windows" {
		return "medialift.exe"
	}
	return "medialift"
}

// release is everything that the bytes of an archive depend on, besides the
// sources and the Go version.
type release struct {
	tree    string // the directory of the sources
	version string
	time    time.Time
}

const platforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	tree := flags.String("tree", ".", "the `directory` of the sources")
	out := flags.String("out", "dist", "the `directory` for the archives")
	only := flags.String("platforms", platforms, "system/architecture, several with commas")
	check := flags.Bool("check", false, "only build this machine's binary twice, in two directories and from an empty cache, and compare")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r := release{tree: *tree}
	if err := r.describe(ctx); err != nil {
		return err
	}
	if *check {
		return r.check(ctx, platform{runtime.GOOS, runtime.GOARCH})
	}
	var list []platform
	for _, name := range strings.Split(*only, ",") {
		system, arch, ok := strings.Cut(name, "/")
		if !ok {
			return fmt.Errorf("%q is not SYSTEM/ARCHITECTURE", name)
		}
		list = append(list, platform{system, arch})
	}
	return r.make(ctx, *out, list)
}

// describe asks git for the version and the time of the sources; without git
// both can be given in VERSION and SOURCE_DATE_EPOCH.
func (r *release) describe(ctx context.Context) error {
	r.version = os.Getenv("VERSION")
	if r.version == "" {
		text, err := output(ctx, r.tree, "git", "describe", "--tags", "--always", "--dirty")
		if err != nil {
			return fmt.Errorf("%w; without git, set VERSION and SOURCE_DATE_EPOCH", err)
		}
		r.version = text
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		text, err := output(ctx, r.tree, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return fmt.Errorf("%w; without git, set SOURCE_DATE_EPOCH", err)
		}
		seconds = text
	}
	number, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("the time of the sources: %w", err)
	}
	r.time = time.Unix(number, 0).UTC()
	return nil
}

// make writes the archives and SHA256SUMS into out.
func (r *release) make(ctx context.Context, out string, list []platform) error {
	work, err := os.MkdirTemp("", "medialift-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	shared, err := r.shared(ctx, work)
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, p := range list {
		file := filepath.Join(work, p.system+"-"+p.arch)
		if err := r.build(ctx, p, file, nil); err != nil {
			return err
		}
		program, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("medialift-%s-%s-%s", r.version, p.system, p.arch)
		entries := append([]entry{{name: p.binary(), content: program, program: true}}, shared...)
		archive, suffix, err := pack(p, name, r.time, entries)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name+suffix), archive, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(archive), name+suffix)
		fmt.Printf("%-40s binary %5.1f MB, archive %5.1f MB\n", name+suffix, float64(len(program))/1e6, float64(len(archive))/1e6)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// output is what a command prints, trimmed.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
