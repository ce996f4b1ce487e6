package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// An Info is what a list of datasets says about one.
type Info struct {
	Name      string
	ID        bson.ObjectID
	Version   string // empty where the document has none
	MediaType string // empty where the dataset has no samples yet
	// Samples is the number of samples.
	Samples    int64
	Persistent bool
	Tags       []string
}

// Datasets lists the datasets in the order of their names. Those that FiftyOne
// generates behind views of patches, clips or frames are none.
func (d *Database) Datasets(ctx context.Context) ([]Info, error) {
	fields := bson.D{}
	for _, key := range []string{"name", "version", "media_type", "sample_collection_name", "persistent", "tags"} {
		fields = append(fields, bson.E{Key: key, Value: 1})
	}
	opts := options.Find().SetProjection(fields).SetSort(bson.D{{Key: "name", Value: 1}})
	cursor, err := d.db.Collection(datasetsName).Find(ctx, public(), opts)
	if err != nil {
		return nil, d.readError("listing datasets", err)
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, d.readError("listing datasets", err)
	}
	infos := make([]Info, len(docs))
	for i, doc := range docs {
		infos[i] = info(doc)
		samples, _ := doc.Lookup("sample_collection_name").StringValueOK()
		if infos[i].Samples, err = d.db.Collection(samples).EstimatedDocumentCount(ctx); err != nil {
			return nil, d.readError("counting samples", err)
		}
	}
	return infos, nil
}

func info(doc bson.Raw) Info {
	var i Info
	i.Name, _ = doc.Lookup("name").StringValueOK()
	i.ID, _ = doc.Lookup("_id").ObjectIDOK()
	i.Version, _ = doc.Lookup("version").StringValueOK()
	i.MediaType, _ = doc.Lookup("media_type").StringValueOK()
	i.Persistent, _ = doc.Lookup("persistent").BooleanOK()
	tags, _ := elements(doc.Lookup("tags"))
	for _, e := range tags {
		if tag, ok := e.Value().StringValueOK(); ok {
			i.Tags = append(i.Tags, tag)
		}
	}
	return i
}

// public matches what FiftyOne lists (fiftyone.core.dataset, _list_datasets).
func public() bson.D {
	return bson.D{{Key: "sample_collection_name", Value: bson.Regex{Pattern: `^samples\.`}}}
}

// Generated opens the datasets that FiftyOne generated to hold views of patches, clips
// or frames, also of views that nobody saved. They are to be read only.
func (d *Database) Generated(ctx context.Context) ([]*Store, error) {
	own := bson.D{{Key: "sample_collection_name", Value: bson.D{{Key: "$type", Value: "string"}, {Key: "$not", Value: public()[0].Value}}}}
	cursor, err := d.db.Collection(datasetsName).Find(ctx, own)
	if err != nil {
		return nil, d.readError("listing generated datasets", err)
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, d.readError("listing generated datasets", err)
	}
	var list []*Store
	for _, doc := range docs {
		s, err := d.store(doc)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Dataset opens the dataset of that name. The error is a *NotFoundError, or
// dataset.ErrUnsupported for a dataset behind a view or with media references.
func (d *Database) Dataset(ctx context.Context, name string) (*Store, error) {
	doc, err := d.db.Collection(datasetsName).FindOne(ctx, bson.D{{Key: "name", Value: name}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, d.notFound(ctx, name)
	}
	if err != nil {
		return nil, d.readError("opening a dataset", err)
	}
	if got, ok := doc.Lookup("name").StringValueOK(); ok && got != name { // by the collection's collation
		return nil, d.notFound(ctx, name)
	}
	return d.open(doc)
}

// open makes the Store of a dataset document that others may work on.
func (d *Database) open(doc bson.Raw) (*Store, error) {
	s, err := d.store(doc)
	if err != nil {
		return nil, err
	}
	if s.generated() {
		return nil, fmt.Errorf("%w: FiftyOne generated %q to hold a view of another dataset", dataset.ErrUnsupported, s.name)
	}
	if (dataset.Manifest{Doc: doc}).HasMediaReferences() {
		return nil, fmt.Errorf("%w: %q refers to its media by media references", dataset.ErrUnsupported, s.name)
	}
	return s, nil
}

// notFound makes the error of a name that there is not.
func (d *Database) notFound(ctx context.Context, name string) error {
	values := d.db.Collection(datasetsName).Distinct(ctx, "name", public())
	var names []string
	if err := values.Decode(&names); err != nil {
		return d.readError("listing datasets", err)
	}
	return &NotFoundError{Name: name, Database: d.Name(), Near: near(name, names)}
}

// store makes the Store of a dataset document.
func (d *Database) store(doc bson.Raw) (*Store, error) {
	m := dataset.Manifest{Doc: doc}
	id := doc.Lookup("_id")
	s := &Store{d: d, id: id, name: m.Name(), samples: m.String("sample_collection_name")}
	if s.samples == "" {
		return nil, fmt.Errorf("%w: the dataset %q names no collection of samples", dataset.ErrMalformed, s.name)
	}
	if hasVideos(m) {
		// A clips dataset shares the frames of the one it was made from. FiftyOne
		// heals a missing name the same way when it loads a dataset.
		if s.frames = m.String("frame_collection_name"); s.frames == "" {
			s.frames = "frames." + s.samples
		}
	}
	return s, nil
}

// hasVideos tells whether FiftyOne keeps frames for a dataset.
func hasVideos(m dataset.Manifest) bool {
	if m.MediaType() == "video" {
		return true
	}
	slices, _ := elements(m.Doc.Lookup("group_media_types"))
	for _, e := range slices {
		if kind, _ := e.Value().StringValueOK(); kind == "video" {
			return true
		}
	}
	return false
}

func (d *Database) readError(doing string, err error) error {
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || Unauthorized(err) {
		return fmt.Errorf("%s: %w", doing, connectionError(d.address, err))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// generated tells whether the dataset holds a view of another one.
func (s *Store) generated() bool { return !strings.HasPrefix(s.samples, "samples.") }

// DatasetByID opens the dataset whose _id is that in hexadecimal, as Dataset does.
func (d *Database) DatasetByID(ctx context.Context, hex string) (*Store, error) {
	id, err := bson.ObjectIDFromHex(hex)
	if err != nil {
		return nil, &NotFoundError{Name: hex}
	}
	doc, err := d.db.Collection(datasetsName).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, &NotFoundError{Name: hex}
	}
	if err != nil {
		return nil, d.readError("opening a dataset", err)
	}
	return d.open(doc)
}
