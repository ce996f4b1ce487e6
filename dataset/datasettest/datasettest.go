package datasettest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// An Open makes a store that holds c. Each call makes another one.
type Open func(t *testing.T, c Contents) Store

// Run tests the stores that open makes.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, Open){
		"Order": testOrder, "Rows": testRows, "Untouched": testUntouched, "Statuses": testStatuses,
		"Parts": testParts, "OddKeys": testOddKeys, "Undo": testUndo, "Cancel": testCancel,
		"Leave": testLeave, "Empty": testEmpty, "Gone": testGone,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func id(n int) string { return fmt.Sprintf("65a0000000000000%08x", n) }

// sample is the text of a sample that holds types and fields of many kinds.
func sample(n int) string {
	return fmt.Sprintf(`{"_id": {"$oid": "%s"}, "filepath": "/data/%d.jpg", "tags": ["a", "\u00e9"], "_rand": 0.25, "int": 5,
		"long": {"$numberLong": "5"}, "zero": -0.0, "nan": {"$numberDouble": "NaN"}, "date": {"$date": {"$numberLong": "-1"}},
		"null": null, "bin": {"$binary": {"base64": "AAE=", "subType": "00"}}, "dec": {"$numberDecimal": "1.10"},
		"gt": {"_cls": "Detections", "detections": [{"_cls": "Detection", "mask_path": "/masks/%d-0.png", "label": "x"},
		{"_cls": "Detection", "label": "y"}, {"_cls": "Detection", "mask_path": "/masks/%d-2.png"}]}}`, id(n), n, n, n)
}

func frame(n int) string {
	return fmt.Sprintf(`{"_id": {"$oid": "%s"}, "_sample_id": {"$oid": "%s"}, "frame_number": %d,
		"seg": {"_cls": "Segmentation", "mask_path": "/frames/%d.png"}}`, id(n), id(0), n+1, n)
}

func texts(n int, text func(int) string) []string {
	var list []string
	for i := range n {
		list = append(list, text((i*7+3)%n)) // ids do not ascend; n is prime to 7
	}
	return list
}

func clouded(path string) string { return "s3://bucket" + path }

// changesOf makes changes that put every row's value through f.
func changesOf(list []dataset.Row, f func(string) string) []dataset.Change {
	var changes []dataset.Change
	for _, r := range list {
		n := len(changes)
		if n == 0 || !changes[n-1].ID.Equal(r.ID) {
			changes = append(changes, dataset.Change{Part: r.Part, ID: r.ID})
			n++
		}
		changes[n-1].Sets = append(changes[n-1].Sets, dataset.Set{At: r.At, Old: r.Value, New: f(r.Value)})
	}
	return changes
}

func testOrder(t *testing.T, open Open) {
	c := contents(t, texts(100, sample), texts(10, frame))
	s := open(t, c)
	for _, part := range []dataset.Part{dataset.Samples, dataset.Frames, dataset.Tags} {
		check(t, s, part, c.Documents(part))
	}
	m, err := s.Manifest(context.Background())
	if err != nil || m.Name() == "" || m.Version() != "1.22.1" {
		t.Errorf("manifest: name %q, version %q, %v", m.Name(), m.Version(), err)
	}
	run := dataset.Run{Family: dataset.Evaluations, Key: "none"}
	if r, err := s.Result(context.Background(), run); !errors.Is(err, dataset.ErrNoResult) {
		t.Errorf("result of no run: %v, %v", r, err)
	}
}

func testRows(t *testing.T, open Open) {
	c := contents(t, texts(10, sample), texts(3, frame))
	s := open(t, c)
	list := rows(t, s, dataset.Samples)
	if len(list) != 30 {
		t.Fatalf("got %d rows, want 30", len(list))
	}
	for i, r := range list {
		doc := c.Samples[i/3]
		at := []dataset.Pointer{"/filepath", "/gt/detections/0/mask_path", "/gt/detections/2/mask_path"}[i%3]
		if r.Part != dataset.Samples || r.Seq != int64(i/3) || r.At != at || !r.ID.Equal(doc.Lookup("_id")) || r.Spelling != "" {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if list := rows(t, s, dataset.Frames); len(list) != 3 || list[1].Value == "" || list[1].Part != dataset.Frames {
		t.Errorf("frames: %+v", list)
	}
}

func testUntouched(t *testing.T, open Open) {
	before := texts(100, sample)
	s := open(t, contents(t, before, nil))
	changes := changesOf(rows(t, s, dataset.Samples), clouded)
	var some []dataset.Change
	for i, c := range changes {
		if i%3 == 1 {
			c.Sets = c.Sets[1:] // the masks alone
			some = append(some, c)
			before[i] = strings.ReplaceAll(before[i], "/masks", "s3://bucket/masks")
		}
	}
	for key, o := range update(t, s, some...) {
		if o.Status != dataset.Changed {
			t.Errorf("%s: status %v", key, o.Status)
		}
	}
	check(t, s, dataset.Samples, decodeAll(t, before))
}

func testStatuses(t *testing.T, open Open) {
	c := contents(t, texts(10, sample), nil)
	s := open(t, c)
	changes := changesOf(rows(t, s, dataset.Samples), clouded)
	first, half := changes[0], changes[1]
	half.Sets = half.Sets[:1]
	for _, o := range update(t, s, first, half) {
		if o.Status != dataset.Changed {
			t.Errorf("first time: %+v", o)
		}
	}
	changes[2].Sets[1].Old = "/elsewhere"
	changes[3].Sets[2].At = "/gt/detections/7/mask_path"
	changes[4].Sets[0].At = "/int"
	stranger := dataset.Change{Part: dataset.Samples, ID: decode(t, `{"x": {"$oid": "`+id(999)+`"}}`).Lookup("x"), Sets: changes[5].Sets}
	outcomes := update(t, s, changes[0], changes[1], changes[2], changes[3], changes[4], stranger, changes[5])
	tests := []struct {
		change dataset.Change
		status dataset.Status
		at     dataset.Pointer
		value  string
	}{
		{changes[0], dataset.Already, "", ""},
		{changes[1], dataset.Changed, "", ""}, // one value was new, the others old
		{changes[2], dataset.Conflict, changes[2].Sets[1].At, strings.TrimPrefix(changes[2].Sets[1].New, "s3://bucket")},
		{changes[3], dataset.Conflict, changes[3].Sets[2].At, ""},
		{changes[4], dataset.Conflict, "/int", ""},
		{stranger, dataset.NotFound, "", ""},
		{changes[5], dataset.Changed, "", ""},
	}
	for _, tt := range tests {
		o := outcomes["samples "+tt.change.ID.String()]
		if o.Status != tt.status || o.At != tt.at || o.Value != tt.value {
			t.Errorf("%s: got %v at %q, value %q; want %v at %q, value %q", tt.change.ID, o.Status, o.At, o.Value, tt.status, tt.at, tt.value)
		}
	}
	var want []bson.Raw
	for i, text := range texts(10, sample) {
		if i == 0 || i == 1 || i == 5 {
			text = strings.NewReplacer("/data", "s3://bucket/data", "/masks", "s3://bucket/masks").Replace(text)
		}
		want = append(want, decode(t, text))
	}
	check(t, s, dataset.Samples, want)
}

func testParts(t *testing.T, open Open) {
	s := open(t, contents(t, texts(10, sample), texts(10, frame)))
	changes := changesOf(rows(t, s, dataset.Samples), clouded)
	changes = append(changes, changesOf(rows(t, s, dataset.Frames), clouded)...)
	for key, o := range update(t, s, changes...) {
		if o.Status != dataset.Changed {
			t.Errorf("%s: %v", key, o.Status)
		}
	}
	for _, part := range dataset.MediaParts() {
		for _, r := range rows(t, s, part) {
			if !strings.HasPrefix(r.Value, "s3://bucket/") {
				t.Errorf("%s: %q", part, r.Value)
			}
		}
	}
}

func testOddKeys(t *testing.T, open Open) {
	const text = `{"_id": {"$oid": "65a000000000000000000001"}, "filepath": "/a", "": {"mask_path": "/b"}, "a/b~c": {"mask_path": "/c"},
		"0": {"1": {"mask_path": "/e"}}, "list": [[{"_cls": "Detection", "mask_path": "/f"}]], "\u00e9": {"mask_path": "/g"}}`
	s := open(t, contents(t, []string{text}, nil))
	changes := changesOf(rows(t, s, dataset.Samples), clouded)
	if len(changes) != 1 || len(changes[0].Sets) != 6 {
		t.Fatalf("got %+v", changes)
	}
	for _, o := range update(t, s, changes...) {
		if o.Status != dataset.Changed {
			t.Errorf("got %+v", o)
		}
	}
	want := text
	for _, c := range "abcefg" {
		want = strings.ReplaceAll(want, fmt.Sprintf(`"/%c"`, c), fmt.Sprintf(`"s3://bucket/%c"`, c))
	}
	check(t, s, dataset.Samples, decodeAll(t, []string{want}))
}
