// Package survey says what media a dataset names and where they are. It changes
// nothing.
package survey

import (
	"context"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// Options of a survey.
type Options struct {
	// Fields are the media fields to look at; none means all.
	Fields []string
	// NoFiles counts values without looking at files.
	NoFiles bool
	// Dir and RelDirs are what relative paths are relative to, as in
	// localfile.New.
	Dir     string
	RelDirs []string
	// Workers is how many files are looked at at a time; 0 is 16.
	Workers int
	// Progress, if set, is told how many values have been counted. Calls do not
	// overlap.
	Progress func(values int64)
}

// A Report is what a survey finds.
type Report struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	MediaType string `json:"media_type"`
	// Documents counts those of each part that the dataset has.
	Documents map[dataset.Part]int64 `json:"documents"`
	// Views are the names of saved views, Runs those of runs as "family/key".
	Views []string `json:"views"`
	Runs  []string `json:"runs"`
	// Fields are the media fields, those of the schema first.
	Fields []Field `json:"fields"`
	// Strays are fields that are not media fields, and of which some values of a sample
	// name local files; none where fields were chosen.
	Strays []dataset.Stray `json:"not_media,omitempty"`
	// Problems are the first values whose file is missing or cannot be read.
	Problems []dataset.Problem `json:"-"`
}

// A Field counts the values of one media field.
type Field struct {
	Name string `json:"field"`
	// Values is Local + Remote + Empty. Empty counts the empty strings and the
	// samples without a filepath.
	Values int64 `json:"values"`
	Local  int64 `json:"local"`
	Remote int64 `json:"remote"`
	Empty  int64 `json:"empty"`
	// Missing counts the local values whose file is not there, Unreadable those
	// that name something else than a readable file of this machine. Both are 0
	// where no files were looked at, as are Files and Bytes.
	Missing    int64 `json:"missing"`
	Unreadable int64 `json:"unreadable"`
	// Mangled counts the local values that are URLs which FiftyOne took for relative
	// paths; see localfile.Mangled.
	Mangled int64 `json:"mangled,omitempty"`
	// Files and Bytes count files once, however many values name them, and for
	// the first field that does.
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// RemoteBy counts the remote values by scheme and bucket, as in
	// "s3://bucket".
	RemoteBy map[string]int64 `json:"remote_by,omitempty"`
	// Example is the first value that is not empty.
	Example string `json:"example,omitempty"`
}

// Survey reads every media value of the dataset and looks at its file. To count
// a file once it keeps a 64-bit hash of each path: about 20 bytes a file, some
// 200 MB at ten million; two files that share a hash, which is not to be
// expected below a thousand million, would count as one.
func Survey(ctx context.Context, ds dataset.Updater, opts Options) (Report, error) {
	manifest, err := ds.Manifest(ctx)
	if err != nil {
		return Report{}, err
	}
	finder, err := dataset.NewFinder(manifest, opts.Fields)
	if err != nil {
		return Report{}, err
	}
	s := newSurveyor(opts)
	if s.resolver, err = localfile.New(opts.Dir, opts.RelDirs); err != nil {
		return Report{}, err
	}
	s.describe(manifest)
	for _, f := range finder.Fields() {
		s.field(f.Name)
	}
	strays := &dataset.Strays{}
	for _, part := range []dataset.Part{dataset.Samples, dataset.Frames, dataset.Tags} {
		seen, err := s.part(ctx, ds, part, finder.Watching(strays))
		if err != nil {
			return Report{}, err
		}
		// Every sample has a filepath, or is found to have none.
		exact := part == dataset.Samples && len(opts.Fields) == 0
		n, err := count(ctx, ds, manifest, part, seen, exact)
		if err != nil {
			return Report{}, err
		}
		if n > 0 || part == dataset.Samples {
			s.Documents[part] = n
		}
	}
	if !opts.NoFiles && len(opts.Fields) == 0 {
		s.Strays, err = strays.Find(finder, s.isFile)
	}
	return s.Report, err
}

// count returns the number of documents of a part, of which that many were
// seen, all of them if exact.
func count(ctx context.Context, ds dataset.Updater, m dataset.Manifest, part dataset.Part, seen int64, exact bool) (int64, error) {
	if n, ok := m.Counts[part]; ok {
		return n, nil
	}
	source, ok := ds.(dataset.Source)
	if exact || !ok {
		return seen, nil
	}
	var n int64
	for _, err := range source.Documents(ctx, part) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
