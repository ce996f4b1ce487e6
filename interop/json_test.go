//go:build interop

package interop

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/medialift/medialift/dataset/extjson"
)

// Python's bson.json_util and extjson write the same text of a document, and
// each reads from it the document that was written.
func TestExtendedJSON(t *testing.T) {
	python := filepath.Join(environment(t), "bin", "python")
	seed := rand.Uint32()
	t.Logf("seed %d", seed)
	made := output(t, exec.Command(python, "json_side.py", "make", strconv.Itoa(int(seed)), "3000"))
	var docs [][]byte
	var ours bytes.Buffer
	for line := range bytes.Lines(made) {
		var c struct {
			BSON []byte
			JSON string
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		text, err := extjson.Append(nil, c.BSON)
		if err != nil || string(text) != c.JSON {
			t.Fatalf("%v: we write\n%s of\n%x; Python writes\n%s", err, text, c.BSON, c.JSON)
		}
		back, err := extjson.Decode(nil, []byte(c.JSON))
		if err != nil || !sameBut(back, c.BSON) {
			t.Fatalf("%v: we read\n%x of\n%s of\n%x", err, []byte(back), c.JSON, c.BSON)
		}
		docs = append(docs, c.BSON)
		ours.Write(append(text, '\n'))
	}
	if len(docs) != 3000 {
		t.Fatalf("%d documents", len(docs))
	}
	read := exec.Command(python, "json_side.py", "read")
	read.Stdin = &ours
	i := 0
	for line := range bytes.Lines(output(t, read)) {
		back, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(line)))
		if err != nil || !sameBut(back, docs[i]) {
			t.Fatalf("%v: Python reads\n%x of\n%x", err, back, docs[i])
		}
		i++
	}
	if i != len(docs) {
		t.Errorf("Python read %d of %d documents", i, len(docs))
	}
}

// sameBut tells whether two documents are the same but for which NaN it is: text
// has only one.
func sameBut(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	one, err1 := extjson.Append(nil, a)
	two, err2 := extjson.Append(nil, b)
	return err1 == nil && err2 == nil && bytes.Equal(one, two) && bytes.Contains(one, []byte(`{"$numberDouble": "NaN"}`))
}
