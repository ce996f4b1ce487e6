package chaos

import "strings"

// A journey is what a trial disturbs: commands, one after the other.
type journey struct {
	name string
	// changesA tells that it works on database A, which others must leave alone.
	changesA bool
	target   string // the state of B to start with
	steps    []step
}

// A step is one command.
type step struct {
	// args may hold {bucket}, {b} (the URI of B's server), {db} (the name of B's
	// database), {export} and {run} (of the step before).
	args []string
	// again tells that a further run finds nothing to do; else it is refused.
	again bool
	// taken is the dataset that a run makes; where it is there, a further run may say
	// that the name is taken.
	taken string
	// quiet is not disturbed.
	quiet bool
	// before is done first.
	before func(tr *trial)
}

// journeys are all that are drawn from.
func journeys() []journey {
	intoB := []string{"--database-uri", "{b}", "--database-name", "{db}"}
	to := []string{"--to-uri", "{b}", "--to-database-name", "{db}"}
	lift := func(name, target string, args ...string) journey {
		return journey{name: "lift " + name, target: target, steps: []step{{args: append(append([]string{"lift"}, args...), to...), again: true}}}
	}
	return []journey{
		lift("image", "current", "db:image", "s3://{bucket}/image"),
		lift("groups, videos", "current", "db:group", "db:video", "s3://{bucket}/{dataset}", "--leave-field", "poster"), // which 0.10.0 has no word for
		lift("old", "current", "db:image-old", "s3://{bucket}/x"),
		lift("directory", "current", "{export}", "s3://{bucket}/x", "--name", "from-directory"),
		lift("down", "older", "db:image", "db:duplicates", "s3://{bucket}/{dataset}", "--yes"),
		lift("into a new database", "none", "db:group", "s3://{bucket}/x", "--create-database", "--layout", "hash"),
		{name: "lift after upload", target: "current", steps: []step{
			{args: []string{"upload", "db:image", "s3://{bucket}/x"}, again: true},
			{args: append([]string{"lift", "db:image", "s3://{bucket}/x", "--no-runs"}, to...), again: true},
		}},
		{name: "upload in A", changesA: true, target: "current", steps: []step{
			{args: []string{"upload", "db:image", "db:group", "db:video", "s3://{bucket}/{dataset}", "--update-filepaths"}, again: true},
		}},
		{name: "undo of an upload", changesA: true, target: "current", steps: []step{
			{args: []string{"upload", "db:video", "s3://{bucket}/x", "--update-filepaths"}, again: true, quiet: true},
			{args: []string{"undo", "{run}"}, again: true},
		}},
		{name: "undo of a lift", target: "current", steps: []step{
			{args: append([]string{"lift", "db:image", "s3://{bucket}/x"}, to...), again: true, quiet: true},
			{args: []string{"undo", "{run}"}, again: true},
		}},
		{name: "upload, import", target: "current", steps: []step{
			{args: []string{"upload", "{export}", "s3://{bucket}/x"}, again: true},
			{args: append([]string{"import", "{export}", "--map", "run:{run}", "--unmatched", "keep"}, intoB...), taken: "group"},
			// The next import removes what killed ones have left.
			{args: append([]string{"import", "{export}", "--name", "next"}, intoB...), quiet: true, before: (*trial).expire},
		}},
	}
}

// fill puts the trial's own in a step's arguments.
func (tr *trial) fill(args []string) []string {
	replacer := strings.NewReplacer("{bucket}", tr.bucket, "{b}", tr.b.wire.URI, "{db}", tr.db, "{export}", tr.export, "{run}", tr.lastRun)
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = replacer.Replace(arg)
	}
	return out
}

// chosen narrows the journeys to those that -journey names.
func chosen(all []journey, part string) (some []journey) {
	for _, j := range all {
		if strings.Contains(j.name, part) {
			some = append(some, j)
		}
	}
	return some
}
