package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/s3store"
)

// A sequenceStep is one kind of step, and how often it is taken.
type sequenceStep struct {
	name   string
	weight int
	do     func()
}

func (q *sequence) steps() []sequenceStep {
	return []sequenceStep{
		{"upload", 30, q.stepUpload},
		{"lift", 10, q.stepLift},
		{"undo", 12, q.stepUndo},
		{"clean", 10, q.stepClean},
		{"import", 7, q.stepImport},
		{"migrate", 10, q.stepMigrate},
		{"abandon", 3, q.stepAbandon},
		{"prune", 2, q.stepPrune},
		{"object overwritten by another client", 10, q.stepOverwritten},
		{"object deleted by another client", 4, q.stepObjectDeleted},
		{"file changed", 4, q.stepFileChanged},
		{"file deleted", 3, q.stepFileDeleted},
	}
}

// intoB leads a command to database B.
func (q *sequence) intoB() []string {
	return []string{"--database-uri", q.b.wire.URI, "--database-name", q.db}
}

// name is how a command names a dataset, and the flags that lead to its database.
func (q *sequence) name(key string) (arg string, flags []string) {
	place, name, _ := strings.Cut(key, "/")
	switch place {
	case "dir":
		return "dir:" + filepath.Join(q.exports, name), nil
	case "B":
		return "db:" + name, q.intoB()
	}
	return "db:" + name, nil
}

func (q *sequence) upload(key, prefix string, more ...string) []string {
	name, flags := q.name(key)
	return append(append([]string{"upload", name, "s3://" + q.bucket + "/" + prefix}, flags...), more...)
}

// command runs a command, undisturbed or not, and holds the laws of a single one
// against it: a refusal has changed nothing, no file that is named is gone.
func (q *sequence) command(args []string, faults ...*fault) outcome {
	q.t.Helper()
	before := q.scenery()
	o := q.run(args, disturbance{faults: faults})
	q.connect()
	said := disturbance{faults: faults}.String()
	q.said = append(q.said, fmt.Sprintf("%s: %s → exit code %d%s", strings.ReplaceAll(strings.Join(args, " "), q.exports, "DIR"), said, o.code, reason(o)))
	for _, f := range o.findings {
		if f != "exit code 4" {
			q.find("%s: %s: %s", strings.Join(args, " "), f, o.stderr)
		}
	}
	if o.code == 4 {
		q.untouched("refused: "+strings.Join(args, " "), before)
	}
	q.deleted(before)
	return o
}

// reason is the line of a failure that says why.
func reason(o outcome) string {
	for line := range strings.Lines(o.stderr) {
		if why, ok := strings.CutPrefix(line, "medialift: error: "); ok {
			return ": " + strings.TrimSpace(why)
		}
	}
	return ""
}

// maybeKilled runs a command that may be killed and is then, most of the time, run once more.
// It answers how the last run ended.
func (q *sequence) maybeKilled(args []string) outcome {
	if q.random.IntN(3) > 0 {
		return q.command(args)
	}
	f := &fault{do: []action{kill, kill, kill, term, cutA, cutB}[q.random.IntN(6)], at: []place{clock, s3, s3, atA, atA, atB}[q.random.IntN(6)]}
	if f.at == clock {
		f.wait = time.Duration(50+q.random.IntN(400)) * time.Millisecond
	} else {
		f.n, f.after = int64(1+q.random.IntN(14)), q.random.IntN(2) == 0
	}
	o := q.command(args, f)
	q.tally["killed"]++
	if q.random.IntN(5) < 3 && (o.code != 0 || args[0] != "clean") {
		return q.command(args)
	}
	return o
}

// draw picks one of some keys; empty if there is none.
func (q *sequence) draw(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[q.random.IntN(len(keys))]
}

func inA(key string) bool         { return strings.HasPrefix(key, "A/") }
func anywhere(string) bool        { return true }
func (q *sequence) place() string { return []string{"x", "y"}[q.random.IntN(2)] }

func (q *sequence) stepUpload() {
	key := q.draw(q.keys(func(key string) bool { return !strings.HasPrefix(key, "B/") }))
	args := q.upload(key, q.place())
	update := q.random.IntN(10) < 7
	if update {
		args = append(args, "--update-filepaths")
	}
	all := false
	switch q.random.IntN(8) {
	case 0:
		args, all = append(args, "--overwrite"), true
	case 1:
		args = append(args, "--overwrite=own")
	}
	if q.random.IntN(6) == 0 {
		args = append(args, "--media-field", "filepath")
		update = false
	}
	before := q.files()
	o := q.maybeKilled(args)
	if all { // its user has asked for it
		after := q.files()
		q.excuse(func(path string) bool {
			k := strings.TrimPrefix(path, "s3://"+q.bucket+"/")
			return before[k] != after[k]
		})
	}
	if o.code == 0 && update {
		for at, path := range q.holdings()[key] {
			if !strings.HasPrefix(path, "s3://") {
				q.find("after an upload of %s that says done, %s of %s is %q", key, at.field, at.id, path)
			}
		}
	}
}

func (q *sequence) stepLift() {
	key := q.draw(q.keys(func(key string) bool { return !strings.HasPrefix(key, "B/") }))
	name, _ := q.name(key)
	q.made++
	to := fmt.Sprintf("lifted-%d", q.made)
	if q.made > 1 && q.random.IntN(3) == 0 {
		to = fmt.Sprintf("lifted-%d", 1+q.random.IntN(q.made)) // again, or of another dataset
	}
	target := "B/" + to
	fresh := q.datasets[target] == nil
	if fresh {
		q.inherits(target, key)
	}
	o := q.maybeKilled([]string{"lift", name, "s3://" + q.bucket + "/" + q.place(), "--name", to, "--to-uri", q.b.wire.URI, "--to-database-name", q.db, "--yes"})
	made := q.holdings()[target]
	if made == nil && fresh {
		delete(q.datasets, target)
	}
	if o.code == 0 && made == nil {
		q.find("lift says done, and %s is not there", target)
	}
	if o.code == 0 && fresh {
		for at, path := range made {
			if !strings.HasPrefix(path, "s3://") {
				q.find("after a lift that says done, %s of %s is %q", at.field, at.id, path)
			}
		}
	}
}

func (q *sequence) stepImport() {
	q.made++
	name := fmt.Sprintf("imported-%d", q.made)
	q.inherits("A/"+name, "dir/three")
	args := []string{"import", filepath.Join(q.exports, "three"), "--name", name}
	if run := q.draw(q.runs("upload")); run != "" && q.random.IntN(2) == 0 {
		args = append(args, "--map", "run:"+run, "--unmatched", "keep")
	}
	o := q.maybeKilled(args)
	if o.code == 2 && strings.Contains(o.stderr, "no such run that has sent files") {
		// The map of a run that has sent nothing is wrong usage.
		q.findings = slices.DeleteFunc(q.findings, func(f string) bool { return strings.Contains(f, "no such run that has sent files") })
	}
	if q.holdings()["A/"+name] == nil {
		delete(q.datasets, "A/"+name)
		if o.code == 0 {
			q.find("import says done, and %s is not there", name)
		}
	}
}

// runs lists the runs of a command that there are ledgers of; of all if it is empty.
func (q *sequence) runs(command string) (list []string) {
	o := q.run([]string{"runs"}, disturbance{})
	q.findings = append(q.findings, o.findings...)
	for _, run := range o.doc.Runs {
		if command == "" || strings.HasPrefix(run.Run, command) {
			list = append(list, run.Run)
		}
	}
	slices.Sort(list)
	return list
}

func (q *sequence) stepUndo() {
	run := q.draw(q.runs(""))
	if run == "" {
		return
	}
	lifted := strings.HasPrefix(run, "lift")
	q.maybeKilled([]string{"undo", run})
	if !lifted {
		return
	}
	now := q.holdings()
	for _, key := range q.keys(func(key string) bool { return strings.HasPrefix(key, "B/") }) {
		if now[key] == nil {
			delete(q.datasets, key) // what undo of a lift is for
		}
	}
}

func (q *sequence) stepClean() {
	if q.random.IntN(2) == 0 { // else there is seldom anything to delete
		q.command(q.upload("dir/three", []string{"x", "y", "z"}[q.random.IntN(3)], "--update-filepaths"))
		q.check()
	}
	q.maybeKilled([]string{"clean", filepath.Join(q.exports, "three")})
	for _, name := range []string{"samples.json", "metadata.json"} {
		if _, err := os.Stat(filepath.Join(q.exports, "three", name)); err != nil {
			q.said = append(q.said, "the user writes the export again")
			q.relay()
			return
		}
	}
}

// relay writes the directory's two files again after clean has removed them: its
// samples are those of before, with their media where they were named last.
func (q *sequence) relay() {
	k := q.datasets["dir/three"]
	byID := map[string]map[string]string{}
	for at, path := range k.paths {
		if byID[at.id] == nil {
			byID[at.id] = map[string]string{}
		}
		byID[at.id][at.field] = path
	}
	var lines []string
	for _, id := range sortedKeys(byID) {
		lines = append(lines, fmt.Sprintf(`{"_id": {"$oid": %q}, "filepath": %q, "thumb": %q, "tags": []}`, id, byID[id]["filepath"], byID[id]["thumb"]))
	}
	q.writeExport(lines)
}

func (q *sequence) stepMigrate() {
	args := []string{"migrate", "--yes"}
	switch q.random.IntN(3) {
	case 0:
		args = append(args, "--all")
	default:
		args = append(args, "-n", strings.TrimPrefix(q.draw(q.keys(inA)), "A/"))
	}
	if v := []string{"", "1.0.0", "0.23.0", "0.19.0"}[q.random.IntN(4)]; v != "" {
		args = append(args, "-v", v)
	}
	q.maybeKilled(args)
	if slices.Contains(args, "--all") {
		return
	}
	// Left where FiftyOne of the database's version opens it.
	q.command(slices.DeleteFunc(append([]string{}, args...), func(a string) bool { return a == "-v" || a == "1.0.0" || a == "0.23.0" || a == "0.19.0" }))
}

func (q *sequence) stepAbandon() { q.maybeKilled([]string{"migrate", "--abandon", "--yes"}) }

func (q *sequence) stepPrune() {
	q.pruned = true
	q.maybeKilled([]string{"runs", "prune", "--older", "0h"})
}

// store is another client's way to the bucket.
func (q *sequence) store() bucket.Store {
	store, err := s3store.New(context.Background(), q.bucket, s3store.Options{Endpoint: q.s3.Endpoint, Credentials: credentials.NewStaticCredentialsProvider(q.s3.AccessKey, q.s3.SecretKey, "")})
	if err != nil {
		q.t.Fatal(err)
	}
	return store
}

// stepOverwritten has another client put other bytes under a key, of the same size or
// another, or the same bytes once more.
func (q *sequence) stepOverwritten() {
	key := q.draw(sortedKeys(q.files()))
	if key == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(q.s3.Dir, q.bucket, key))
	if err != nil {
		q.t.Fatal(err)
	}
	how := q.random.IntN(4)
	switch {
	case how < 2 && len(text) > 0:
		text[q.random.IntN(len(text))] ^= 1
	case how == 2:
		text = append(text, "more"...)
	}
	if _, err := q.store().Put(context.Background(), key, buckettest.Source(text), bucket.Condition{Overwrite: true}); err != nil {
		q.t.Fatal(err)
	}
	q.said = append(q.said, fmt.Sprintf("another client overwrites %s: %s", key, []string{"same size", "same size", "longer", "same bytes"}[how]))
	q.excuse(func(path string) bool { return path == "s3://"+q.bucket+"/"+key })
}

func (q *sequence) stepObjectDeleted() {
	key := q.draw(sortedKeys(q.files()))
	if key == "" {
		return
	}
	if err := q.store().Delete(context.Background(), key); err != nil {
		q.t.Fatal(err)
	}
	q.said = append(q.said, "another client deletes "+key)
	q.excuse(func(path string) bool { return path == "s3://"+q.bucket+"/"+key })
}

// localFile draws a file that some dataset names, or has named.
func (q *sequence) localFile() string {
	var names []string
	for name := range q.scenery().files {
		if !strings.HasSuffix(name, ".json") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return q.draw(names)
}

// stepFileChanged has the user replace a file: samples that name it have the new bytes
// from then on, and those that name an object made of it keep the old ones.
func (q *sequence) stepFileChanged() {
	name := q.localFile()
	if name == "" {
		return
	}
	q.writeText(name, fmt.Sprintf("changed, for the %dth time", len(q.said)))
	q.said = append(q.said, "the user changes "+strings.TrimPrefix(name, q.exports))
	for _, k := range q.datasets {
		for at, path := range k.paths {
			if q.absolute(path) == name {
				k.had[at] = q.digest(name, nil)
			}
		}
	}
}

func (q *sequence) stepFileDeleted() {
	name := q.localFile()
	if name == "" {
		return
	}
	if err := os.Remove(name); err != nil {
		q.t.Fatal(err)
	}
	q.said = append(q.said, "the user deletes "+strings.TrimPrefix(name, q.exports))
	q.excuse(func(path string) bool { return q.absolute(path) == name })
}

// vouched has verify look at some datasets, one drawn if none is named: it says ok
// exactly when each path names the bytes that the sample had.
func (q *sequence) vouched(keys ...string) {
	if len(keys) == 0 {
		keys = []string{q.draw(q.keys(anywhere))}
	}
	for _, key := range keys {
		name, flags := q.name(key)
		o := q.run(append([]string{"verify", name}, flags...), disturbance{})
		q.connect()
		q.tally["laws"]++
		var doc struct {
			Fields []struct {
				Field           string
				Existence, Size int64
			}
		}
		if err := json.Unmarshal(o.raw, &doc); err != nil {
			q.find("verify %s: %v: %s", key, err, o.stderr)
			continue
		}
		weak := map[string]bool{}
		for _, f := range doc.Fields {
			weak[f.Field] = f.Existence+f.Size > 0
		}
		k, objects := q.datasets[key], q.files()
		right := true
		for at, path := range k.paths {
			got := q.digest(path, objects)
			if got == k.had[at] {
				continue
			}
			right = false
			if o.code == 0 && (got == "" || !weak[at.field]) {
				q.find("verify %s says ok by checksum, and %s names other bytes than its sample had", key, path)
			}
		}
		if right && o.code != 0 {
			q.find("verify %s: exit code %d, and every path names what it should: %s", key, o.code, o.stderr)
		}
	}
}
