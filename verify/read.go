package verify

import (
	"context"
	"math"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// read lists every media path of the dataset.
func (v *verifier) read(ctx context.Context) error {
	manifest, err := v.job.Dataset.Manifest(ctx)
	if err != nil {
		return err
	}
	finder, err := dataset.NewFinder(manifest, v.opts.Fields)
	if err == nil && len(v.opts.Fields) == 0 {
		finder, err = dataset.NewFinderAlso(manifest, v.opts.Also)
	}
	if err != nil {
		return err
	}
	for _, f := range finder.Fields() {
		v.field(f.Name)
	}
	for _, part := range dataset.MediaParts() {
		for doc, err := range v.job.Dataset.Documents(ctx, part) {
			if err != nil {
				return err
			}
			if err := v.document(ctx, part, doc, finder); err != nil {
				return err
			}
		}
	}
	if err := v.needed(ctx); err != nil {
		return err
	}
	counts, err := v.scratch.done(ctx)
	if err != nil {
		return err
	}
	for i, n := range counts {
		v.Fields[i].Objects, v.Fields[i].Assets = n.objects, n.assets
		v.total += n.objects
	}
	if n := int64(v.opts.Sample); n > 0 && n < v.total {
		v.total = n
		return v.scratch.sample(ctx, v.opts.Sample)
	}
	return nil
}

// needed lists what the scenes of the dataset need, as far as runs have sent it.
func (v *verifier) needed(ctx context.Context) error {
	if v.job.Needed == nil {
		return nil
	}
	for r, err := range v.scratch.rows(ctx) {
		if err != nil {
			return err
		}
		if !isScene(r.path) || r.scene != "" {
			continue
		}
		files, err := v.job.Needed(ctx, r.path)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := v.scratch.addNeeded(ctx, f.File, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verifier) document(ctx context.Context, part dataset.Part, doc bson.Raw, finder *dataset.Finder) error {
	found, err := finder.Find(part, doc)
	if err != nil {
		return err
	}
	id := ""
	for _, f := range found {
		i := v.field(f.Field)
		if f.Missing || f.Value == "" {
			v.Fields[i].Empty++
			continue
		}
		if v.opts.Except != nil {
			if except, err := v.opts.Except(ctx, f.Value); err != nil {
				return err
			} else if except {
				continue
			}
		}
		v.Fields[i].Paths++
		if v.values++; v.values%1000 == 0 {
			v.opts.Progress(Progress{Phase: "reading", Done: v.values})
		}
		if id == "" {
			id = ledger.IDText(doc.Lookup("_id"))
		}
		path, size := f.Value, int64(-1)
		if !localfile.IsRemote(path) {
			path = localfile.Clean(path)
		}
		if part == dataset.Samples && f.At == "/"+dataset.FilepathField && !isScene(path) {
			size = noted(doc)
		}
		object, err := v.scratch.add(ctx, path, i, id, size)
		if err == nil && v.job.Sent != nil {
			err = v.scratch.name(ctx, object, ledger.KeyOf(part, doc.Lookup("_id"), f.Field))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noted is the size that the metadata of a sample give its file, or -1.
func noted(sample bson.Raw) int64 {
	value, err := sample.LookupErr("metadata", "size_bytes")
	if err != nil {
		return -1
	}
	if f, ok := value.DoubleOK(); ok && (f != math.Trunc(f) || f >= 1<<63) {
		return -1 // no number of bytes
	}
	if n, ok := value.AsInt64OK(); ok && n >= 0 {
		return n
	}
	return -1
}

// isScene tells a 3D scene, which may name its assets in other words in the copy
// that was sent: what the dataset knows of the file does not hold for the object.
func isScene(path string) bool {
	return len(path) > len(".fo3d") && strings.EqualFold(path[len(path)-len(".fo3d"):], ".fo3d")
}

// field returns the place of a field in the report.
func (v *verifier) field(name string) int {
	i, ok := v.index[name]
	if !ok {
		i = len(v.Fields)
		v.index[name] = i
		v.Fields = append(v.Fields, Field{Name: name})
	}
	return i
}
