package main

import (
	"bytes"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
)

// killsFlag is how often the binary is killed: a few times as part of all tests, as often
// as it takes in "make chaos".
var killsFlag = flag.Int("kills", 6, "how often tests kill the binary; 20 or more: larger files too")

// Half of the kills of TestKilledUploads hit runs that send and rewrite, half of them
// runs that find everything sent and rewrite: it kills the real binary with SIGKILL at random moments of an
// upload of 2,000 files to a real S3 server and runs it again.
func TestKilledUploads(t *testing.T) {
	if testing.Short() {
		t.Skip("kills uploads of 2,000 files: not in short mode")
	}
	t.Parallel()
	s3 := buckettest.S3Server(t)
	const samples = 1000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	dir := t.TempDir()
	writeExport(t, dir, samples, "")
	export := filepath.Join(dir, "export")
	original := documents(t, export)["samples.json"]
	restore := func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(export, "samples.json"), original, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	upload := func(bucket string) []string {
		return []string{"upload", export, "s3://" + bucket + "/x", "--update-filepaths"}
	}

	s3.CreateBucket(t, "undisturbed")
	undisturbed := newTool(t, s3.Environ()...)
	undisturbed.run(0, "version") // which builds the binary
	began := time.Now()
	undisturbed.run(0, upload("undisturbed")...)
	whole := time.Since(began)
	wantText, wantObjects := documents(t, export)["samples.json"], objects(t, s3, "undisturbed")
	if len(wantObjects) != 2*samples {
		t.Fatalf("the undisturbed run sent %d objects", len(wantObjects))
	}
	// A run that finds everything sent only plans and rewrites; sent is its state.
	restore()
	s3.CreateBucket(t, "sent")
	sent := newTool(t, s3.Environ()...)
	sent.run(0, upload("sent")[:3]...)
	before := os.DirFS(sent.state)
	began = time.Now()
	copied := sent.copy(before)
	copied.run(0, upload("sent")...)
	rewriting := time.Since(began)

	killed, killTrials := 0, *killsFlag
	for n := 0; killed < killTrials && n < 20*killTrials; n++ {
		restore()
		m, bucket, span := sent.copy(before), "sent", rewriting
		if n%2 == 0 {
			m, bucket, span = newTool(t, s3.Environ()...), "kill-"+strconv.Itoa(n), whole
			s3.CreateBucket(t, bucket)
		}
		cmd := m.command(upload(bucket)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(span))))
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err != nil {
			killed++
		}
		checkNames(t, s3, bucket, documents(t, export)["samples.json"])
		m.run(0, upload(bucket)...)
		want := bytes.ReplaceAll(wantText, []byte("s3://undisturbed/"), []byte("s3://"+bucket+"/"))
		if !bytes.Equal(documents(t, export)["samples.json"], want) {
			t.Fatalf("trial %d: samples.json differs from that of the undisturbed run", n)
		}
		if got := objects(t, s3, bucket); !maps.Equal(got, wantObjects) {
			t.Fatalf("trial %d: the objects differ from those of the undisturbed run", n)
		}
	}
	t.Logf("%d kills; a whole run took %v, one that only rewrites %v", killed, whole, rewriting)
	if killed < killTrials {
		t.Errorf("only %d of %d runs were still at work when killed", killed, killTrials)
	}
}

// checkNames tells whether every URL in an export names an object with the
// bytes of its file, and whether every document is wholly old or wholly new.
func checkNames(t *testing.T, s3 *buckettest.S3, bucket string, text []byte) {
	t.Helper()
	docs := decodeJSON(t, text).(map[string]any)["samples"].([]any)
	for i, d := range docs {
		doc := d.(map[string]any)
		image := doc["filepath"].(string)
		mask := doc["seg"].(map[string]any)["mask_path"].(string)
		if strings.HasPrefix(image, "s3://") != strings.HasPrefix(mask, "s3://") {
			t.Fatalf("document %d is half changed: %s and %s", i, image, mask)
		}
		for _, url := range []string{image, mask} {
			key, ok := strings.CutPrefix(url, "s3://"+bucket+"/")
			if !ok {
				continue
			}
			if _, err := os.Stat(s3.Path(bucket, key)); err != nil {
				t.Fatalf("document %d names a missing object: %v", i, err)
			}
		}
	}
}
