package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
)

// killTrials is how often the binary is killed. Half of the kills hit runs that
// send and rewrite, half of them runs that find everything sent and rewrite.
const killTrials = 20

// TestKilledUploads kills the real binary with SIGKILL at random moments of an
// upload of 2,000 files to a real S3 server and runs it again.
func TestKilledUploads(t *testing.T) {
	if testing.Short() {
		t.Skip("kills two dozen uploads of 2,000 files: not in short mode")
	}
	s3 := buckettest.S3Server(t)
	const samples = 1000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	dir := t.TempDir()
	writeExport(t, dir, samples, "")
	original := documents(t, filepath.Join(dir, "export"))["samples.json"]
	trial := func(bucket string) (tool, []string, string) {
		t.Helper()
		s3.CreateBucket(t, bucket)
		if err := os.WriteFile(filepath.Join(dir, "export", "samples.json"), original, 0o600); err != nil {
			t.Fatal(err)
		}
		return newTool(t, s3.Environ()...),
			[]string{"upload", filepath.Join(dir, "export"), "s3://" + bucket + "/x", "--update-filepaths"}, bucket
	}

	m, args, bucket := trial("undisturbed")
	began := time.Now()
	m.run(0, args...)
	whole := time.Since(began)
	wantText, wantObjects := documents(t, filepath.Join(dir, "export"))["samples.json"], objects(t, s3, bucket)
	if len(wantObjects) != 2*samples {
		t.Fatalf("the undisturbed run sent %d objects", len(wantObjects))
	}
	// How long a run takes that only plans and rewrites.
	m, args, _ = trial("commit")
	m.run(0, args[:3]...)
	began = time.Now()
	m.run(0, args...)
	rewriting := time.Since(began)

	killed := 0
	for n := 0; killed < killTrials && n < 3*killTrials; n++ {
		m, args, bucket := trial("kill-" + string(rune('a'+n/26)) + string(rune('a'+n%26)))
		span := whole
		if n%2 == 1 {
			m.run(0, args[:3]...)
			span = rewriting
		}
		cmd := m.command(args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(span))))
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err != nil {
			killed++
		}
		text := documents(t, filepath.Join(dir, "export"))["samples.json"]
		checkNames(t, s3, bucket, text)
		m.run(0, args...)
		text = documents(t, filepath.Join(dir, "export"))["samples.json"]
		if want := bytes.ReplaceAll(wantText, []byte("s3://undisturbed/"), []byte("s3://"+bucket+"/")); !bytes.Equal(text, want) {
			t.Fatalf("trial %d: samples.json differs from that of the undisturbed run", n)
		}
		got := objects(t, s3, bucket)
		for key, want := range wantObjects {
			if got[key] != want {
				t.Fatalf("trial %d: object %s differs", n, key)
			}
		}
		if len(got) != len(wantObjects) {
			t.Fatalf("trial %d: %d objects, want %d", n, len(got), len(wantObjects))
		}
		if err := os.RemoveAll(filepath.Join(s3.Dir, bucket)); err != nil {
			t.Fatal(err)
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
