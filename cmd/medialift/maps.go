package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/execmap"
	"github.com/medialift/medialift/pathmap/starmap"
	"github.com/medialift/medialift/pathmap/tablemap"
	"github.com/medialift/medialift/rewrite"
)

// parseMaps makes the mappers that --map flags ask for. With remote, all are asked about
// paths that are URLs. They are to be closed,
// also those that come beside an error.
func (a *app) parseMaps(ctx context.Context, specs []string, remote bool) ([]rewrite.Map, error) {
	var maps []rewrite.Map
	kinds := a.mapKinds(ctx)
	for _, spec := range specs {
		m, err := pathmap.Parse(spec, kinds)
		if err != nil {
			return maps, err
		}
		maps = append(maps, rewrite.Map{Spec: spec, Mapper: m, LocalOnly: !remote && answersAnything(spec)})
	}
	return maps, nil
}

// ofURLs is a pattern that is written for URLs.
var ofURLs = regexp.MustCompile(`://|:\\/|\b(s3|gs|az|minio|https?)\??\)?:`)

// answersAnything reports whether a map may answer for a path that it was not
// written for, such as a URL: all but those that spell out what they answer for.
func answersAnything(spec string) bool {
	kind, text, _ := strings.Cut(spec, ":")
	switch kind {
	case "template", "star", "exec":
		return true
	case "regexp":
		pattern := text
		for i := range text {
			if text[i] == '=' && (i == 0 || text[i-1] != '\\') {
				pattern = text[:i]
				break
			}
		}
		return !ofURLs.MatchString(pattern)
	}
	return false
}

// mapKinds are all kinds of maps that a user can write.
func (a *app) mapKinds(ctx context.Context) map[string]pathmap.Kind {
	kinds := pathmap.Kinds()
	kinds["table"] = func(file string) (pathmap.Mapper, error) {
		if file == "" {
			return nil, fmt.Errorf(`%w: no file; want a CSV file with the header "from,to", as in "table:moved.csv"`, pathmap.ErrSpec)
		}
		dir, err := a.ledgers() // the folder for what may be large
		if err != nil {
			return nil, err
		}
		return tablemap.Open(file, tablemap.Options{Dir: dir.Room()})
	}
	kinds["star"] = func(file string) (pathmap.Mapper, error) {
		if file == "" {
			return nil, fmt.Errorf(`%w: no file; want a Starlark file, as in "star:cloud_path.star"`, pathmap.ErrSpec)
		}
		return starmap.Load(file, starmap.Options{})
	}
	kinds["exec"] = func(command string) (pathmap.Mapper, error) {
		argv, err := execmap.Split(command)
		if err != nil {
			return nil, err
		}
		return execmap.New(argv, execmap.Options{Stderr: visibleWriter{a.ui.err}})
	}
	kinds["run"] = func(run string) (pathmap.Mapper, error) { return a.openRunMap(ctx, run) }
	return kinds
}

// closeMaps frees what the mappers hold.
func closeMaps(maps []rewrite.Map) error {
	var errs []error
	for _, m := range maps {
		if c, ok := m.Mapper.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
