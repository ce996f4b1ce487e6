package dirstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// addExports adds what FiftyOne exported, cut to some documents, and odd files.
func addExports(f *testing.F, add func(text string)) {
	f.Helper()
	paths, err := filepath.Glob("../../testdata/exports/*/samples.json")
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		add(string(text[:min(len(text), 900)])) // cut short
		var few []string
		for sc := extjson.NewScanner(bytes.NewReader(text), "samples"); len(few) < 1 && sc.Scan(); {
			few = append(few, string(sc.Doc()))
		}
		add(`{"samples": [` + strings.Join(few, ", ") + "]}")
	}
	for _, text := range []string{
		``, `{}`, `[]`, `{"samples":[]}`, `{"samples":[{}]} x`, `{"samples":[{"_id":1}`, `{"samples":[{"_id":1},]}`, `{"samples":{}}`,
		"\r\n{\"x\" : {\"samples\":[{\"_id\":0}]},\r\n \"s\\u0061mples\" : [ {\"_id\" : 1 ,\t\"filepath\":\"\\/\\u00E9\\\"]{\"} ] , \"y\":[\"}\"]}\r\n",
		`{"samples": [{"_id": 1, "filepath": "/a"}], "samples": [{"_id": 2, "filepath": "/b"}]}`,
		`{"samples": [{"_id": 1, "filepath": "/a", "filepath": "/b"}, {"_id": 1, "filepath": "/a"}]}`,
		`{"samples": [{"_id": NaN, "filepath": "/a", "d": [{"_cls": "Segmentation", "mask_path": "/a"}, {"mask_path": null}]}]}`,
		"{\"samples\": [{\"_id\": {\"$oid\": \"65a00000000000000000000f\"}, \"filepath\": \"/\xff\"}]}",
		`{"samples": [{"_id": 1, "filepath": "/\ud800"}]}`,
	} {
		add(text)
	}
}

// documentsOf is what encoding/json finds in an export; false where it is not one
// with unique keys, in what JSON takes for text.
func documentsOf(text string) (docs []json.RawMessage, ok bool) {
	if !utf8.ValidString(text) || strings.Contains(text, `\ud`) || strings.Contains(text, `\uD`) {
		return nil, false // it reads another key than the one that is written
	}
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	values := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		name, isKey := key.(string)
		var value json.RawMessage
		if err != nil || !isKey || d.Decode(&value) != nil || values[name] != nil {
			return nil, false
		}
		if _, err := extjson.DecodeValue(nil, value); err != nil && strings.Trim(string(value[:1]), "-0123456789") == "" {
			return nil, false // a number that nothing holds
		}
		values[name] = value
	}
	list := values["samples"]
	if !json.Valid([]byte(text)) || len(list) == 0 || list[0] != '[' || json.Unmarshal(list, &docs) != nil {
		return nil, false
	}
	return docs, !slices.ContainsFunc(docs, func(doc json.RawMessage) bool { return doc[0] != '{' })
}

// FuzzTexts holds the reading of samples.json to encoding/json: the same
// documents in the same order, byte for byte, from where they stand; and whatever
// the bytes are, every way of reading them ends.
func FuzzTexts(f *testing.F) {
	addExports(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		s := open(t, write(t, map[string]string{"metadata.json": metadata, "samples.json": text}))
		var got []string
		var failed error
		end := int64(0)
		for d, err := range s.texts(t.Context(), dataset.Samples) {
			if failed = err; err != nil {
				break
			}
			doc := string(d.text)
			if d.offset < end || text[d.offset:d.offset+int64(len(doc))] != doc || d.seq != int64(len(got)) {
				t.Fatalf("document %d at %d, after %d: %q", d.seq, d.offset, end, doc)
			}
			end = d.offset + int64(len(doc))
			got = append(got, doc)
		}
		if n, err := s.Count(t.Context(), dataset.Samples); n != int64(len(got)) || (err == nil) != (failed == nil) {
			t.Fatalf("%d documents, %v; counted %d, %v", len(got), failed, n, err)
		}
		n := 0
		for _, err := range s.Documents(t.Context(), dataset.Samples) {
			if err != nil {
				break
			}
			n++
		}
		if n > len(got) {
			t.Fatalf("%d documents of %d texts", n, len(got))
		}
		want, ok := documentsOf(text)
		if !ok {
			return
		}
		if failed != nil || len(got) != len(want) {
			t.Fatalf("%d documents, %v, of %d", len(got), failed, len(want))
		}
		for i := range want {
			if got[i] != string(want[i]) {
				t.Fatalf("document %d is %q, want %q", i, got[i], want[i])
			}
		}
	})
}

// anyExport spells an export in a way of its own: any white space, any escapes.
func anyExport(r *rand.Rand, text string) string {
	letters := []rune(text + "/a\"\\é😀")
	gap := func() string { return []string{"", "", " ", "\r\n\t", "\n  "}[r.IntN(5)] }
	quoted := func(s string) string {
		var b strings.Builder
		for _, c := range s {
			switch {
			case c == '/' && r.IntN(3) == 0:
				b.WriteString(`\/`)
			case c == '"' || c == '\\' || c < ' ' || r.IntN(4) == 0 && c < 0x10000:
				fmt.Fprintf(&b, []string{`\u%04x`, `\u%04X`}[r.IntN(2)], c)
			default:
				b.WriteRune(c)
			}
		}
		return `"` + b.String() + `"`
	}
	path := func() string {
		var p []rune
		for range r.IntN(6) {
			p = append(p, letters[r.IntN(len(letters))])
		}
		return quoted("/" + string(p))
	}
	var docs []string
	for i := range r.IntN(5) {
		members := []string{`"_id"` + gap() + ":" + gap() + fmt.Sprint(i), quoted("filepath") + ":" + gap() + path()}
		for range r.IntN(3) {
			members = append(members, fmt.Sprintf(`"f%d":{"_cls":"Segmentation",%s"mask_path":%s}`, len(members), gap(), path()))
		}
		members = append(members, quoted("x}]")+gap()+":"+gap()+path())
		r.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
		docs = append(docs, "{"+gap()+strings.Join(members, gap()+","+gap())+gap()+"}")
	}
	return gap() + "{" + gap() + `"info":` + path() + "," + gap() + `"samples"` + gap() + ":" + gap() + "[" + gap() +
		strings.Join(docs, gap()+","+gap()) + gap() + "]" + gap() + "}" + gap()
}

// FuzzUpdate changes one value of an export: that value alone is another when it
// is read again, no other byte moves, and putting it back restores the file.
func FuzzUpdate(f *testing.F) {
	i := uint16(0)
	addExports(f, func(text string) { i++; f.Add(text, uint64(0), i, "s3://b/k é.png") })
	for seed := range uint64(30) {
		f.Add("/a b\n", seed+1, uint16(seed), "gs://b/\"\\\x00/x")
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64, which uint16, fresh string) {
		if seed != 0 {
			text = anyExport(rand.New(rand.NewPCG(seed, 1)), text)
		}
		files := map[string]string{"metadata.json": metadata, "samples.json": text}
		dir := write(t, files)
		s := open(t, dir)
		before, err := listed(t, s)
		if err != nil || len(before) == 0 {
			return
		}
		at := int(which) % len(before)
		row := before[at]
		if row.Missing || row.Value == fresh || !utf8.ValidString(fresh) || twice(before, row) {
			return
		}
		there, back := changes(before[at:at+1], func(string) string { return fresh })
		status, err := outcomes(s, there)
		if err != nil || len(status) != 1 || status[0] == dataset.NotFound || status[0] == dataset.Already {
			t.Fatalf("%+v: %v, %v", row, status, err)
		}
		if status[0] == dataset.Conflict { // a key that occurs twice
			if got := read(t, dir); !maps.Equal(got, files) {
				t.Fatalf("refused, but now %q", got)
			}
			return
		}
		changed := read(t, dir)["samples.json"]
		token := string(extjson.AppendString(nil, fresh))
		if !replaced(text, changed, token) {
			t.Fatalf("%q\nbecame %q", text, changed)
		}
		want := slices.Clone(before)
		want[at].Value, want[at].Spelling = fresh, ""
		if after, err := listed(t, s); err != nil || !same(after, want) {
			t.Fatalf("%+v, %v, want %+v", after, err, want)
		}
		allChanged(t, s, back)
		if got := read(t, dir); !maps.Equal(got, files) {
			t.Fatalf("undone: %q, want %q", got["samples.json"], text)
		}
	})
}

// replaced tells whether one string of before is another token, and no more.
func replaced(before, after, token string) bool {
	for at := 0; ; at++ {
		next := strings.Index(after[at:], token)
		if next < 0 {
			return false
		}
		at += next
		tail := after[at+len(token):]
		if len(before) >= at+len(tail) && before[:at] == after[:at] && strings.HasSuffix(before, tail) {
			if _, err := extjson.Unquote([]byte(before[at : len(before)-len(tail)])); err == nil {
				return true
			}
		}
	}
}

// twice tells whether another document has the _id of row's.
func twice(list []dataset.Row, row dataset.Row) bool {
	return slices.ContainsFunc(list, func(other dataset.Row) bool { return other.Seq != row.Seq && other.ID.Equal(row.ID) })
}

func same(a, b []dataset.Row) bool {
	return slices.EqualFunc(a, b, func(x, y dataset.Row) bool {
		return x.Seq == y.Seq && x.ID.Equal(y.ID) && x.Found == y.Found && x.Spelling == y.Spelling
	})
}

// listed lists the media values of samples.
func listed(t *testing.T, s *Store) (list []dataset.Row, err error) {
	t.Helper()
	m, err := s.Manifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	finder, err := dataset.NewFinder(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range s.Rows(t.Context(), dataset.Samples, finder) {
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, nil
}
