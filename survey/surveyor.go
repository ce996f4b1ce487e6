package survey

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

const (
	// batchSize is how many values are held while their files are looked at.
	batchSize = 2000
	// keptBuckets bounds RemoteBy; values of further buckets are counted
	// together.
	keptBuckets  = 1000
	otherBuckets = "(others)"
)

// A surveyor makes one Report.
type surveyor struct {
	Report
	opts     Options
	resolver localfile.Resolver
	index    map[string]int // of Fields by name
	seed     maphash.Seed
	files    map[uint64]struct{} // hashes of the paths counted
	batch    []dataset.Row       // local values
	values   int64
}

func newSurveyor(opts Options) *surveyor {
	if opts.Workers <= 0 {
		opts.Workers = 16
	}
	if opts.Progress == nil {
		opts.Progress = func(int64) {}
	}
	return &surveyor{
		Report: Report{Documents: map[dataset.Part]int64{}, Views: []string{}, Runs: []string{}, Fields: []Field{}},
		opts:   opts, index: map[string]int{}, seed: maphash.MakeSeed(), files: map[uint64]struct{}{},
	}
}

func (s *surveyor) describe(m dataset.Manifest) {
	s.Name, s.Version, s.MediaType = m.Name(), m.Version(), m.MediaType()
	for _, view := range m.Views() {
		name, _ := view.Lookup("name").StringValueOK()
		s.Views = append(s.Views, name)
	}
	for _, run := range m.Runs() {
		s.Runs = append(s.Runs, string(run.Family)+"/"+run.Key)
	}
}

func (s *surveyor) field(name string) *Field {
	i, ok := s.index[name]
	if !ok {
		i = len(s.Fields)
		s.index[name] = i
		s.Fields = append(s.Fields, Field{Name: name})
	}
	return &s.Fields[i]
}

// part counts the values of one part. It returns how many documents the part
// has at least.
func (s *surveyor) part(ctx context.Context, ds dataset.Updater, part dataset.Part, finder *dataset.Finder) (int64, error) {
	if !slices.Contains(dataset.MediaParts(), part) {
		return 0, nil
	}
	var seen int64
	for row, err := range ds.Rows(ctx, part, finder) {
		if err != nil {
			return 0, err
		}
		seen = row.Seq + 1
		s.value(row)
		if len(s.batch) == batchSize {
			if err := s.look(ctx); err != nil {
				return 0, err
			}
		}
	}
	return seen, s.look(ctx)
}

func (s *surveyor) value(row dataset.Row) {
	f := s.field(row.Field)
	f.Values++
	if s.values++; s.values%1000 == 0 {
		s.opts.Progress(s.values)
	}
	if row.Missing || row.Value == "" {
		f.Empty++
		return
	}
	if f.Example == "" {
		f.Example = row.Value
	}
	if localfile.IsRemote(row.Value) {
		f.Remote++
		f.remoteBy(bucketOf(row.Value))
		return
	}
	f.Local++
	if _, ok := localfile.Mangled(row.Value); ok {
		f.Mangled++
	}
	if !s.opts.NoFiles {
		s.batch = append(s.batch, row)
	}
}

func (f *Field) remoteBy(bucket string) {
	if f.RemoteBy == nil {
		f.RemoteBy = map[string]int64{}
	}
	if _, known := f.RemoteBy[bucket]; !known && len(f.RemoteBy) >= keptBuckets {
		bucket = otherBuckets
	}
	f.RemoteBy[bucket]++
}

// bucketOf cuts a URL behind its bucket or host, and leaves out a user and
// password.
func bucketOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	return scheme + "://" + host
}

// look finds the files of the batch.
func (s *surveyor) look(ctx context.Context) error {
	found := make([]localfile.Found, len(s.batch))
	errs := make([]error, len(s.batch))
	var wg sync.WaitGroup
	for w := range s.opts.Workers {
		wg.Go(func() {
			for i := w; i < len(s.batch) && ctx.Err() == nil; i += s.opts.Workers {
				found[i], errs[i] = s.resolver.Resolve(s.batch[i].Value)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, row := range s.batch {
		s.found(row, found[i], errs[i])
	}
	s.batch = s.batch[:0]
	return nil
}

func (s *surveyor) found(row dataset.Row, file localfile.Found, err error) {
	f := s.field(row.Field)
	var bad *localfile.Error
	if errors.As(err, &bad) {
		if bad.Kind == localfile.Missing {
			f.Missing++
		} else {
			f.Unreadable++
		}
		if len(s.Problems) < dataset.KeptProblems {
			s.Problems = append(s.Problems, dataset.Problem{Kind: string(bad.Kind), ID: ledger.IDText(row.ID),
				Field: row.Field, Path: row.Value, Hint: bad.Why})
		}
		return
	}
	hash := maphash.String(s.seed, localfile.Clean(file.Path))
	if _, counted := s.files[hash]; counted {
		return
	}
	s.files[hash] = struct{}{}
	f.Files++
	f.Bytes += file.Size
}

// isFile reports whether a string names a file.
func (s *surveyor) isFile(value string) (is, sent bool, err error) {
	if !localfile.IsAbsolute(value) && s.opts.Dir == "" {
		return false, false, nil
	}
	_, err = s.resolver.Resolve(value)
	return err == nil, false, nil
}
