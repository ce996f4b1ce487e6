package extjson

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// FuzzAgainstDriver holds Append and Decode to what the MongoDB driver's own
// extended JSON says of the same document.
func FuzzAgainstDriver(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed, uint64(3), []byte("a \"b\"\\ é 😀\n"))
	}
	f.Fuzz(func(t *testing.T, a, b uint64, text []byte) {
		doc := anyDocument(t, rand.New(rand.NewPCG(a, b)), text)
		ours, err := Append(nil, doc)
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		var theirs bson.Raw
		if err := bson.UnmarshalExtJSON(ours, false, &theirs); err != nil {
			t.Fatalf("the driver does not read %s: %v", ours, err)
		}
		if !bytes.Equal(theirs, doc) {
			t.Fatalf("the driver reads another document\n%x of\n%s of\n%x", []byte(theirs), ours, []byte(doc))
		}
		for _, canonical := range []bool{true, false} {
			theirs, err := bson.MarshalExtJSON(doc, canonical, false)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(nil, theirs)
			if err != nil {
				t.Fatalf("%s: %v", theirs, err)
			}
			want := doc
			if !canonical {
				// It says all integers alike, and so do we by what they fit in.
				if want, err = Decode(nil, ours); err != nil {
					t.Fatal(err)
				}
				back, want = withoutWidths(t, back), withoutWidths(t, want)
			}
			if !bytes.Equal(back, want) {
				t.Fatalf("canonical %v: we read\n%x of\n%s of\n%x", canonical, []byte(back), theirs, []byte(want))
			}
		}
	})
}

// withoutWidths makes int64 of every int32.
func withoutWidths(t *testing.T, doc bson.Raw) bson.Raw {
	t.Helper()
	var d bson.D
	if err := bson.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	out, err := bson.Marshal(widened(d))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func widened(v any) any {
	switch v := v.(type) {
	case bson.D:
		for i := range v {
			v[i].Value = widened(v[i].Value)
		}
	case bson.A:
		for i := range v {
			v[i] = widened(v[i])
		}
	case bson.CodeWithScope:
		v.Scope = widened(v.Scope)
		return v
	case int32:
		return int64(v)
	}
	return v
}

// anyDocument makes a document of any types and depths.
func anyDocument(t testing.TB, r *rand.Rand, text []byte) bson.Raw {
	t.Helper()
	g := generator{r: r, text: []rune(string(bytes.ReplaceAll(text, []byte{0}, nil)))}
	doc, err := bson.Marshal(g.document(0))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

type generator struct {
	r    *rand.Rand
	text []rune
}

func (g *generator) string() string {
	if len(g.text) == 0 || g.r.IntN(4) == 0 {
		return []string{"", "label", "$oid", "/data/ü.png", "a.b", "\u007f", "\u2028"}[g.r.IntN(7)]
	}
	from := g.r.IntN(len(g.text))
	return string(g.text[from : from+g.r.IntN(len(g.text)-from)+1])
}

// key is no key of extended JSON, of which a document is read as something else.
func (g *generator) key(i int) string { return fmt.Sprint("k", i, g.string()) }

func (g *generator) document(depth int) bson.D {
	d := bson.D{}
	for i := range g.r.IntN(6) {
		d = append(d, bson.E{Key: g.key(i), Value: g.value(depth + 1)})
	}
	return d
}

func (g *generator) id() (id bson.ObjectID) {
	for i := range id {
		id[i] = byte(g.r.Uint32())
	}
	return id
}

func (g *generator) float() float64 {
	switch g.r.IntN(4) {
	case 0:
		return []float64{0, math.Copysign(0, -1), 1, 1e16, 1e-5, 1e22, math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324}[g.r.IntN(10)]
	case 1:
		if f := math.Float64frombits(g.r.Uint64()); !math.IsNaN(f) {
			return f
		}
	case 2:
		return float64(g.r.IntN(1000)) / 8
	}
	return g.r.Float64()
}

func (g *generator) value(depth int) any {
	n := g.r.IntN(24)
	if depth > 5 && n < 4 {
		n += 4
	}
	switch n {
	case 0, 1:
		return g.document(depth)
	case 2, 3:
		a := bson.A{}
		for range g.r.IntN(5) {
			a = append(a, g.value(depth+1))
		}
		return a
	case 4, 5:
		return g.string()
	case 6:
		return nil
	case 7:
		return g.r.IntN(2) == 0
	case 8:
		return int32(g.r.Uint32()) >> g.r.IntN(32)
	case 9:
		return int64(g.r.Uint64()) >> g.r.IntN(64)
	case 10, 11:
		return g.float()
	case 12:
		return g.id()
	case 13:
		return bson.DateTime(int64(g.r.Uint64()) >> (14 + g.r.IntN(50)))
	case 14:
		return bson.DateTime(g.r.Int64N(maxISODate + 1000))
	case 15:
		data := make([]byte, g.r.IntN(20))
		for i := range data {
			data[i] = byte(g.r.Uint32())
		}
		return bson.Binary{Subtype: []byte{0, 0, 3, 4, 5, 128, 255}[g.r.IntN(7)], Data: data} // of 2, the driver tells the length twice
	case 16:
		return bson.NewDecimal128(0x3040000000000000, g.r.Uint64())
	case 17:
		return bson.Timestamp{T: g.r.Uint32(), I: g.r.Uint32()}
	case 18:
		return bson.Regex{Pattern: g.string(), Options: []string{"", "i", "imx"}[g.r.IntN(3)]}
	case 19:
		return bson.JavaScript(g.string())
	case 20:
		return bson.CodeWithScope{Code: bson.JavaScript(g.string()), Scope: g.document(depth + 1)}
	case 21:
		return bson.DBPointer{DB: "a.b", Pointer: g.id()} // the driver escapes nothing in it
	case 22:
		return bson.Symbol(g.string())
	}
	return []any{bson.MinKey{}, bson.MaxKey{}, bson.Undefined{}}[g.r.IntN(3)]
}

func TestPlainLength(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			s := bytes.Repeat([]byte("~ }!#[]x"), 3)
			s[at] = byte(c)
			want := len(s)
			if c < ' ' || c > '~' || c == '"' || c == '\\' {
				want = at
			}
			if got := plainLength(s); got != want {
				t.Fatalf("byte %#02x at %d: %d, want %d", c, at, got, want)
			}
		}
	}
}
