package edit_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

func TestEdit(t *testing.T) {
	const start = `{"a":null,"l":[{"n":1},null,{"n":2}],"d":{"x":{"n":1},"y":3},"z":1}`
	for name, c := range map[string]struct {
		change func(d *bson.D)
		want   string
	}{
		"Set keeps the place":      {func(d *bson.D) { edit.Set(d, "a", 2) }, `{"a":2,"l":[{"n":1},null,{"n":2}],"d":{"x":{"n":1},"y":3},"z":1}`},
		"Ensure takes null for it": {func(d *bson.D) { edit.Ensure(d, "a", 2); edit.Ensure(d, "b", 3) }, start[:len(start)-1] + `,"b":3}`},
		"Drop":                     {func(d *bson.D) { edit.Drop(d, "a", "d", "no") }, `{"l":[{"n":1},null,{"n":2}],"z":1}`},
		"Move to a new key":        {func(d *bson.D) { edit.Move(d, "a", d, "b") }, `{"l":[{"n":1},null,{"n":2}],"d":{"x":{"n":1},"y":3},"z":1,"b":null}`},
		"Move to an old key":       {func(d *bson.D) { edit.Move(d, "z", d, "l") }, `{"a":null,"l":1,"d":{"x":{"n":1},"y":3}}`},
		"In":                       {func(d *bson.D) { edit.In(d, "d", func(i *bson.D) { edit.Set(i, "w", 1) }) }, `{"a":null,"l":[{"n":1},null,{"n":2}],"d":{"x":{"n":1},"y":3,"w":1},"z":1}`},
		"In what is no document":   {func(d *bson.D) { edit.In(d, "a", func(*bson.D) { panic("called") }) }, start},
		"Each":                     {func(d *bson.D) { edit.Each(d, "l", func(i *bson.D) { edit.Set(i, "w", 1) }) }, `{"a":null,"l":[{"n":1,"w":1},null,{"n":2,"w":1}],"d":{"x":{"n":1},"y":3},"z":1}`},
		"Each of what is no list":  {func(d *bson.D) { edit.Each(d, "a", func(*bson.D) { panic("called") }) }, start},
		"EachValue":                {func(d *bson.D) { edit.EachValue(d, "d", func(_ string, v *bson.D) { edit.Drop(v, "n") }) }, `{"a":null,"l":[{"n":1},null,{"n":2}],"d":{"x":{},"y":3},"z":1}`},
		"Append":                   {func(d *bson.D) { edit.Append(d, "l", 7); edit.Append(d, "a", 8) }, `{"a":[8],"l":[{"n":1},null,{"n":2},7],"d":{"x":{"n":1},"y":3},"z":1}`},
		"Insert":                   {func(d *bson.D) { edit.Insert(d, "l", 1, 7); edit.Insert(d, "l", 9, 8) }, `{"a":null,"l":[{"n":1},7,null,{"n":2},8],"d":{"x":{"n":1},"y":3},"z":1}`},
		"DeleteItems": {func(d *bson.D) {
			if n := edit.DeleteItems(d, "l", func(i bson.D) bool { return edit.Get(i, "n") == int32(1) }); n != 1 {
				t.Errorf("%d deleted", n)
			}
		}, `{"a":null,"l":[null,{"n":2}],"d":{"x":{"n":1},"y":3},"z":1}`},
	} {
		var doc bson.D
		if err := bson.UnmarshalExtJSON([]byte(start), false, &doc); err != nil {
			t.Fatal(err)
		}
		c.change(&doc)
		if got, err := bson.MarshalExtJSON(doc, false, false); err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.want)
		}
	}
}
