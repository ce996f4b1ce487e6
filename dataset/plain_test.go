package dataset_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// plainManifest has strings in all kinds of places that no schema calls media.
func plainManifest(t *testing.T) dataset.Manifest {
	t.Helper()
	return dataset.Manifest{Doc: marshal(t, d{{Key: "sample_fields", Value: bson.A{
		plainField("filepath"), plainField("hsi"), schemaField("views", "ListField", "StringField", ""), schemaField("any", "ListField", "", ""),
		schemaField("nested", "ListField", "ListField", ""), schemaField("score", "FloatField", "", ""), schemaField("scores", "ListField", "FloatField", ""),
		schemaField("free", "DictField", "", ""), schemaField("info", "EmbeddedDocumentField", "", "MyInfo", plainField("source")),
		schemaField("gt", "EmbeddedDocumentField", "", "Detections",
			schemaField("detections", "ListField", "EmbeddedDocumentField", "Detection", plainField("label"), plainField("crop"), plainField("mask_path"))),
	}}, {Key: "frame_fields", Value: bson.A{plainField("filepath"), plainField("depth")}}})}
}

var plainSample = d{
	{Key: "filepath", Value: "/f"}, {Key: "hsi", Value: "/h"}, {Key: "views", Value: bson.A{"/v0", nil, "/v2"}}, {Key: "any", Value: bson.A{"/a", d{{Key: "mask_path", Value: "/am"}}}},
	{Key: "nested", Value: bson.A{bson.A{"/n"}}}, {Key: "free", Value: d{{Key: "left", Value: "/l"}, {Key: "deep", Value: bson.A{d{{Key: "p", Value: "/p"}}}}}},
	{Key: "info", Value: d{{Key: "source", Value: "/s"}, {Key: "own", Value: "/o"}}},
	{Key: "gt", Value: d{{Key: "_cls", Value: "Detections"}, {Key: "detections", Value: bson.A{
		d{{Key: "_cls", Value: "Detection"}, {Key: "label", Value: "cat"}, {Key: "crop", Value: "/c"}, {Key: "thumb", Value: "/t"}, {Key: "mask_path", Value: "/m"}}}}}},
}

// Any field of strings can be named, wherever it stands; what is named alone is found
// alone, and beside all media fields where that is asked.
func TestPlainFieldsAreNamed(t *testing.T) {
	for name, want := range map[string]string{
		"hsi": "/h", "views": "/v0 /v2", "any": "/a /am", "nested": "/n", "free.left": "/l", "free.deep.p": "/p", "info.source": "/s", "info.own": "/o",
		"gt.detections.crop": "/c", "gt.detections.thumb": "/t", "gt": "/m", "filepath": "/f", "gt.detections.mask_path": "/m", "frames.depth": "", "free": "", "info": "",
	} {
		f, err := dataset.NewFinder(plainManifest(t), []string{name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := valuesOf(t, f, dataset.Samples, plainSample); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f, err := dataset.NewFinder(plainManifest(t), []string{"frames.depth"})
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(t, f, dataset.Frames, d{{Key: "filepath", Value: "/f"}, {Key: "depth", Value: "/d"}}); got != "/d" {
		t.Errorf("frames: %q", got)
	}
	for _, name := range []string{"score", "scores", "hsi.x", "depth", "frames.hsi", "nope", "gt.nope.x.score.", "frames.nope"} {
		_, err := dataset.NewFinder(plainManifest(t), []string{name})
		if unknown, ok := errors.AsType[*dataset.UnknownFieldError](err); name != "gt.nope.x.score." && (!ok || !slices.Contains(unknown.Strings, "hsi")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err = dataset.NewFinderAlso(plainManifest(t), []string{"hsi", "nope", "gt.detections.thumb"})
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(t, f, dataset.Samples, plainSample); got != "/f /h /am /t /m" {
		t.Errorf("also: %q", got)
	}
}

func valuesOf(t *testing.T, f *dataset.Finder, part dataset.Part, doc d) string {
	t.Helper()
	found, err := f.Find(part, marshal(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, x := range found {
		if !x.Missing {
			list = append(list, x.Value)
		}
	}
	return strings.Join(list, " ")
}

// What a finder passes over and names a file is told, whatever the order of the
// documents, and of many values no more than some are looked at.
func TestStrays(t *testing.T) {
	f, err := dataset.NewFinder(plainManifest(t), []string{"filepath"})
	if err != nil {
		t.Fatal(err)
	}
	strays := &dataset.Strays{}
	watching := f.Watching(strays)
	for i := range 3000 {
		doc := d{{Key: "filepath", Value: "/f"}, {Key: "hsi", Value: fmt.Sprintf("/h/%d", i)}, {Key: "views", Value: bson.A{"s3://b/x", "https://h/x", "cat", "/"}},
			{Key: "gt", Value: d{{Key: "detections", Value: bson.A{d{{Key: "crop", Value: "/c"}, {Key: "mask_path", Value: "/m"}, {Key: "label", Value: "n/a"}}}}}}}
		if valuesOf(t, watching, dataset.Samples, doc) != "/f" {
			t.Fatal("found others")
		}
	}
	asked := 0
	list, err := strays.Find(f, func(value string) (is, sent bool, err error) {
		asked++
		return value != "n/a", value == "/c", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(list)
	if len(list) != 3 || asked > 20 || list[0] != (dataset.Stray{Field: "gt.detections", Values: 3000, Looked: 1, Found: 1, Example: "/m", Media: true}) ||
		!list[1].Sent || list[1].Field != "gt.detections.crop" || list[2].Field != "hsi" || list[2].Looked != 16 || list[2].Values != 3000 {
		t.Errorf("%d asked: %s", asked, text)
	}
}
