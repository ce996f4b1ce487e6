package threeway_test

import (
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/internal/threeway"
)

// What was taken out comes back where nothing newer stands; what anybody has done since
// stays.
func TestMerge(t *testing.T) {
	for name, c := range map[string]struct {
		was, left, known, now, want string
		back, kept                  []string
	}{
		"untouched":                        {`{"a":1,"b":2}`, `{"a":1}`, "", `{"a":1}`, `{"a":1,"b":2}`, []string{""}, nil},
		"beside an edit":                   {`{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`, "", `{"a":9,"c":3}`, `{"a":9,"b":2,"c":3}`, []string{"b"}, nil},
		"newer stands there":               {`{"a":1,"b":2}`, `{"a":1}`, "", `{"a":1,"b":7}`, `{"a":1,"b":7}`, nil, []string{"b"}},
		"what says nothing is no newer":    {`{"a":1,"b":2}`, `{"a":1}`, "", `{"a":9,"b":null}`, `{"a":9,"b":2}`, []string{"b"}, nil},
		"the same by itself":               {`{"a":1,"b":2}`, `{"a":1}`, "", `{"a":9,"b":2}`, `{"a":9,"b":2}`, nil, nil},
		"deleted since":                    {`{"a":1,"b":2,"c":3}`, `{"a":1,"b":2}`, "", `{"a":1}`, `{"a":1,"c":3}`, []string{"c"}, nil},
		"dropped by who did not know it":   {`{"a":1,"b":2}`, `{"a":1,"b":2}`, `{"a":1}`, `{"a":5}`, `{"a":5,"b":2}`, []string{"b"}, nil},
		"added by the way is taken back":   {`{"a":1}`, `{"a":1,"n":0}`, "", `{"a":2,"n":0}`, `{"a":2}`, []string{"n"}, nil},
		"items by name":                    {`{"f":[{"name":"x","d":"t"},{"name":"y"},{"name":"z"}]}`, `{"f":[{"name":"x"},{"name":"z"}]}`, "", `{"f":[{"name":"z","e":1},{"name":"x"},{"name":"new"}]}`, `{"f":[{"name":"z","e":1},{"name":"x","d":"t"},{"name":"y"},{"name":"new"}]}`, []string{"f.x", "f.y"}, nil},
		"an item that was deleted since":   {`{"f":[{"name":"x","d":"t"}]}`, `{"f":[{"name":"x"}]}`, "", `{"f":[]}`, `{"f":[]}`, nil, []string{"f.x"}},
		"stages mean something as a whole": {`{"view_stages":["a","b"]}`, `{"view_stages":["a"]}`, "", `{"view_stages":["c"]}`, `{"view_stages":["c"]}`, nil, []string{"view_stages"}},
		"tags stand for themselves":        {`{"tags":["a","b"]}`, `{"tags":["a"]}`, "", `{"tags":["a","c"]}`, `{"tags":["a","b","c"]}`, []string{"tags.b"}, nil},
		"mine":                             {`{"a":1,"version":"2","b":2}`, `{"a":1,"version":"1"}`, "", `{"a":4,"version":"3"}`, `{"a":4,"version":"3","b":2}`, []string{"b"}, nil},
	} {
		sides := threeway.Sides{Was: read(t, c.was), Left: read(t, c.left), Now: read(t, c.now), Known: read(t, c.left)}
		if c.known != "" {
			sides.Known = read(t, c.known)
		}
		merge := threeway.Merge{Mine: []string{"version"}}
		got, err := bson.MarshalExtJSON(merge.Of(sides), false, false)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want || !slices.Equal(merge.PutBack, c.back) || !slices.Equal(merge.Kept, c.kept) {
			t.Errorf("%s: %s, put back %q, kept %q; want %s, %q, %q", name, got, merge.PutBack, merge.Kept, c.want, c.back, c.kept)
		}
	}
}

// What is generated is no edit, and comes back as what it was; a state before that has
// something generated takes what there is.
func TestMergeGenerated(t *testing.T) {
	id, other, was := bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID()
	doc := func(id any) bson.D {
		return bson.D{{Key: "c", Value: bson.D{{Key: "_id", Value: id}, {Key: "x", Value: 1}}}}
	}
	generated := threeway.Generated{Fresh: id}
	for _, c := range []struct{ was, left, now, want any }{
		{doc(was), doc(generated), doc(other), doc(was)},
		{doc(generated), doc(generated), doc(other), doc(other)},
		{doc(generated), bson.D{}, bson.D{}, doc(id)},
	} {
		merge := threeway.Merge{}
		got := merge.Of(threeway.Sides{Was: c.was, Left: c.left, Now: c.now, Known: c.left})
		if got.(bson.D).String() != c.want.(bson.D).String() || len(merge.Kept) > 0 {
			t.Errorf("got %v, want %v, kept %q", got, c.want, merge.Kept)
		}
	}
}

func read(t *testing.T, text string) bson.D {
	t.Helper()
	var doc bson.D
	if err := bson.UnmarshalExtJSON([]byte(text), false, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}
