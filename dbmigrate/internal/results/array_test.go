package results

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// packed is what numpy and FiftyOne make of the bytes of an array.
func packed(t *testing.T, head string, items any) string {
	t.Helper()
	var file bytes.Buffer
	file.WriteString("\x93NUMPY\x01\x00")
	_ = binary.Write(&file, binary.LittleEndian, uint16(len(head)))
	file.WriteString(head)
	if err := binary.Write(&file, binary.LittleEndian, items); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	in := base64.NewEncoder(base64.StdEncoding, &text)
	zipped := zlib.NewWriter(in)
	_, _ = zipped.Write(file.Bytes())
	if err := errors.Join(zipped.Close(), in.Close()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func head(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }   \n", descr, order, shape)
}

// Arrays become the lists that Python's json writes of them; what is no text stays, and
// so does all that is not named.
func TestCopyUnpacks(t *testing.T) {
	t.Parallel()
	letters := func(texts ...string) []uint32 {
		var all []uint32
		for _, text := range texts {
			line := make([]uint32, 4)
			for i, c := range []rune(text) {
				line[i] = uint32(c)
			}
			all = append(all, line...)
		}
		return all
	}
	for name, c := range map[string]struct {
		head  string
		items any
		want  string
	}{
		"doubles":  {head("<f8", "False", "2, 2"), []float64{0.1, 1, -2.5e-7, 1e22}, "[[0.1, 1.0], [-2.5e-07, 1e+22]]"},
		"no JSON":  {head("<f8", "False", "3,"), []float64{math.NaN(), math.Inf(1), math.Inf(-1)}, "[NaN, Infinity, -Infinity]"},
		"columns":  {head("<f8", "True", "3, 2"), []float64{1, 2, 3, 4, 5, 6}, "[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]"},
		"floats":   {head("<f4", "False", "2,"), []float32{0.5, 0.1}, "[0.5, 0.10000000149011612]"},
		"integers": {head("<i8", "False", "2,"), []int64{-1, 1 << 40}, "[-1, 1099511627776]"},
		"bytes":    {head("|u1", "False", "2,"), []uint8{255, 0}, "[255, 0]"},
		"truths":   {head("|b1", "False", "2,"), []bool{true, false}, "[true, false]"},
		"text":     {head("<U4", "False", "3,"), letters("ab", `"\é`, "𝄞x"), `["ab", "\"\\\u00e9", "\ud834\udd1ex"]`},
		"nothing":  {head("<f8", "False", "0, 2"), []float64{}, "[]"},
		"a number": {head("<f8", "False", ""), []float64{4}, "4.0"},
	} {
		text := `{"cls": "a", "points": "` + packed(t, c.head, c.items) + `", "label_ids": null, "other": "x", "ids": ["y"]}`
		var out bytes.Buffer
		n, err := Copy(&out, strings.NewReader(text), nil, []string{"points", "label_ids", "ids"})
		if want := `{"cls": "a", "points": ` + c.want + `, "label_ids": null, "other": "x", "ids": ["y"]}`; err != nil || n != 1 || out.String() != want {
			t.Errorf("%s: %d, %v\n got %s\nwant %s", name, n, err, out.String(), want)
		}
	}
}

// What can't be unpacked is an error, never half a list.
func TestCopyRefusesArrays(t *testing.T) {
	t.Parallel()
	whole := packed(t, head("<f8", "False", "3,"), []float64{1, 2, 3})
	for name, text := range map[string]string{
		"objects":        packed(t, head("|O", "False", "1,"), []byte("pickle")),
		"too short":      packed(t, head("<f8", "False", "4,"), []float64{1, 2, 3}),
		"too long":       packed(t, head("<f8", "False", "2,"), []float64{1, 2, 3}),
		"cut":            whole[:len(whole)/2],
		"no base64":      "%%%%",
		"empty":          "",
		"other text":     base64.StdEncoding.EncodeToString([]byte("hello")),
		"the other end":  packed(t, head(">f8", "False", "1,"), []float64{1}),
		"a broken head":  packed(t, "{'descr'", []float64{1}),
		"negative shape": packed(t, head("<f8", "False", "-1,"), []float64{1}),
	} {
		var out bytes.Buffer
		_, err := Copy(&out, strings.NewReader(`{"points": "`+text+`", "b": 1}`), nil, []string{"points"})
		if !errors.Is(err, ErrArray) {
			t.Errorf("%s: %v, wrote %s", name, err, out.String())
		}
	}
}

// Large arrays pass through in pieces.
func TestCopyLargeArray(t *testing.T) {
	t.Parallel()
	items := make([]float64, 100_000)
	for i := range items {
		items[i] = math.Sqrt(float64(i))
	}
	text := `{"points": "` + packed(t, head("<f8", "False", "50000, 2"), items) + `"}`
	var out bytes.Buffer
	if _, err := Copy(&out, strings.NewReader(text), nil, []string{"points"}); err != nil {
		t.Fatal(err)
	}
	var got struct{ Points [][2]float64 }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Points) != 50_000 || got.Points[49_999][1] != items[99_999] {
		t.Errorf("%d points", len(got.Points))
	}
}
