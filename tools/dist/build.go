package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// build makes the static binary of a platform. Nothing of this machine is in it:
// no C library, no paths, and the version instead of what git says.
func (r *release) build(ctx context.Context, p platform, file string, env []string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X main.version="+r.version, "-o", file, "./cmd/medialift")
	cmd.Dir = r.tree
	// The levels of the instruction sets are part of the bytes, so they are fixed.
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.system, "GOARCH="+p.arch,
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off"), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building for %s: %w", p, err)
	}
	return nil
}

// shared is what every archive holds besides the program.
func (r *release) shared(ctx context.Context, work string) ([]entry, error) {
	var entries []entry
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		content, err := os.ReadFile(filepath.Join(r.tree, name))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: name, content: content})
	}
	pages, err := filepath.Glob(filepath.Join(r.tree, "docs", "man", "*.1"))
	if err != nil || len(pages) == 0 {
		return nil, errors.Join(errors.New("no man pages in docs/man"), err)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: "man/man1/" + filepath.Base(page), content: content})
	}
	here := platform{runtime.GOOS, runtime.GOARCH}
	program := filepath.Join(work, here.binary())
	if err := r.build(ctx, here, program, nil); err != nil {
		return nil, err
	}
	for shell, name := range map[string]string{
		"bash": "medialift.bash", "zsh": "_medialift", "fish": "medialift.fish", "powershell": "medialift.ps1",
	} {
		script, err := output(ctx, work, program, "completion", shell)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: "completions/" + name, content: []byte(script + "\n")})
	}
	return entries, nil
}

// check builds a copy of the sources elsewhere, with a cache of its own, and
// compares what comes out.
func (r *release) check(ctx context.Context, p platform) error {
	work, err := os.MkdirTemp("", "medialift-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	here, there := filepath.Join(work, "here"), filepath.Join(work, "there")
	if err := r.build(ctx, p, here, nil); err != nil {
		return err
	}
	elsewhere := *r
	elsewhere.tree = filepath.Join(work, "a", "longer", "path", "to", "the", "sources")
	if err := copySources(r.tree, elsewhere.tree); err != nil {
		return err
	}
	if err := elsewhere.build(ctx, p, there, []string{"GOCACHE=" + filepath.Join(work, "cache")}); err != nil {
		return err
	}
	a, err := os.ReadFile(here)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(there)
	if err != nil {
		return err
	}
	if x, y := sha256.Sum256(a), sha256.Sum256(b); x != y {
		return fmt.Errorf("two builds of %s for %s differ: %x, %x", r.version, p, x, y)
	}
	fmt.Printf("%s for %s is the same %d bytes in both directories: %x\n", r.version, p, len(a), sha256.Sum256(a))
	return nil
}

// copySources copies what a build reads: no hidden directory, nothing built.
func copySources(from, to string) error {
	from, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch base := e.Name(); {
		case path != from && strings.HasPrefix(base, "."), rel == "bin", rel == "dist":
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case e.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !e.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o644)
	})
}
