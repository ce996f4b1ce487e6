package unique

import (
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

type d = bson.D

func raw(t *testing.T, doc any) bson.Raw {
	t.Helper()
	text, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parsed(t *testing.T, spec d) index {
	t.Helper()
	x, ok := parse(dataset.Index{Part: dataset.Samples, Spec: raw(t, append(spec, bson.E{Key: "name", Value: "mine"}, bson.E{Key: "unique", Value: true}))})
	if !ok {
		t.Fatalf("%v is no unique index", spec)
	}
	return x
}

func key(fields ...string) bson.E {
	keys := d{}
	for _, f := range fields {
		keys = append(keys, bson.E{Key: f, Value: int32(1)})
	}
	return bson.E{Key: "key", Value: keys}
}

func TestParse(t *testing.T) {
	for _, spec := range []d{{key("a")}, {key("a"), {Key: "unique", Value: false}}, {{Key: "key", Value: d{{Key: "a", Value: "hashed"}}}, {Key: "unique", Value: true}}} {
		if _, ok := parse(dataset.Index{Spec: raw(t, spec)}); ok {
			t.Errorf("%v", spec)
		}
	}
	x := parsed(t, d{key("gt.detections.mask_path", "split")})
	if x.shown() != "gt.detections.mask_path and split" || !x.has("/gt/detections/3/mask_path") || x.has("/gt/detections/3/other") || x.drops() != "mine" {
		t.Errorf("%+v", x)
	}
}

// Which documents an index takes for alike, before and after a turn of /p to "new".
func TestTuples(t *testing.T) {
	turn := []ledger.Turn{{At: "/p", New: "new"}, {At: "/l/1", New: "new"}, {At: "/gt/d/0/m", New: "new"}}
	unique := func(spec d, doc d) string {
		var texts []string
		x := parsed(t, spec)
		if b := raw(t, doc); x.holds(b) {
			for _, one := range x.tuples(b, turn) {
				texts = append(texts, fmt.Sprintf("%q", one))
			}
		}
		return strings.Join(texts, " ")
	}
	string1 := func(s string) string { return fmt.Sprintf(`"%d:\x02%s"`, len(s)+1, s) }
	for _, tt := range []struct {
		spec, doc d
		want      string
	}{
		{d{key("p")}, d{{Key: "p", Value: "old"}}, string1("new")},
		{d{key("p")}, d{{Key: "q", Value: "old"}}, `"1:\n"`},
		{d{key("p"), {Key: "sparse", Value: true}}, d{{Key: "q", Value: "old"}}, ""},
		{d{key("q"), {Key: "collation", Value: d{{Key: "strength", Value: int32(2)}}}}, d{{Key: "q", Value: "OLD"}}, string1("old")},
		{d{key("l")}, d{{Key: "l", Value: bson.A{"a", "b"}}}, string1("a") + " " + string1("new")},
		{d{key("gt.d.m")}, d{{Key: "gt", Value: d{{Key: "d", Value: bson.A{d{{Key: "m", Value: "x"}}, d{{Key: "m", Value: "y"}}}}}}}, string1("new") + " " + string1("y")},
		{d{key("l.1")}, d{{Key: "l", Value: bson.A{"a", "b"}}}, string1("new")},
		{d{key("p", "n")}, d{{Key: "p", Value: "x"}, {Key: "n", Value: int64(1)}}, `"4:\x02new2:\x011"`},
		{d{key("p", "n")}, d{{Key: "p", Value: "x"}, {Key: "n", Value: 1.0}}, `"4:\x02new2:\x011"`},
		{d{key("p"), {Key: "partialFilterExpression", Value: d{{Key: "s", Value: "train"}}}}, d{{Key: "p", Value: "x"}, {Key: "s", Value: "test"}}, ""},
		{d{key("p"), {Key: "partialFilterExpression", Value: d{{Key: "s", Value: d{{Key: "$exists", Value: true}}}}}}, d{{Key: "p", Value: "x"}, {Key: "s", Value: "test"}}, string1("new")},
		{d{key("p"), {Key: "partialFilterExpression", Value: d{{Key: "p", Value: d{{Key: "$type", Value: "string"}, {Key: "$gt", Value: ""}}}}}}, d{{Key: "p", Value: "x"}}, string1("new")},
	} {
		if got := unique(tt.spec, tt.doc); got != tt.want {
			t.Errorf("%v of %v: %s, want %s", tt.spec, tt.doc, got, tt.want)
		}
	}
}
