// Package pathmap says what a media path becomes.
//
// A [Mapper] is asked about one [Path] at a time and answers with the new path,
// with [ErrNoAnswer] when it has nothing to say, or with the path it was given
// when that path is already where it belongs. The package knows nothing of
// datasets or clouds and uses the standard library alone; a mapper of one's own
// is any type with a Map method, or [Func] around a plain function.
package pathmap

import (
	"context"
	"errors"
)

// ErrNoAnswer is what a Mapper returns for a path it has nothing to say about.
// Any other error ends the run that asked.
var ErrNoAnswer = errors.New("no answer for this path")

// A Path is one media path of a dataset, with where it was found.
type Path struct {
	// Path is the value exactly as it is stored in the dataset.
	Path string
	// Field is the media field it stands in, as FiftyOne names it ("filepath",
	// "ground_truth.detections.mask_path", "frames.seg.mask_path").
	Field string
	// ID is the hexadecimal id of the sample or frame that holds it.
	ID string
}

// A Mapper says what a path becomes. Implementations must be safe for use by
// several goroutines and must answer the same question the same way.
type Mapper interface {
	Map(ctx context.Context, p Path) (string, error)
}

// MapperFunc lets a function with the full signature be a Mapper.
type MapperFunc func(ctx context.Context, p Path) (string, error)

// Map calls f.
func (f MapperFunc) Map(ctx context.Context, p Path) (string, error) { return f(ctx, p) }

// Func makes a Mapper of a function from path to path; its second result is
// false where it has no answer.
func Func(f func(path string) (string, bool)) Mapper {
	return MapperFunc(func(_ context.Context, p Path) (string, error) {
		if to, ok := f(p.Path); ok {
			return to, nil
		}
		return "", ErrNoAnswer
	})
}
