package report_test

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/medialift/medialift/report"
)

// began is when all runs of these tests begin.
var began = time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC)

// A stopwatch is a clock that a test moves.
type stopwatch struct{ at time.Time }

func (s *stopwatch) now() time.Time { return s.at }

// small is a report of everything, a little of each.
func small() report.Report {
	clock := &stopwatch{began}
	rec := report.NewRecorder(clock.now)
	rec.Phase("reading")
	clock.at = clock.at.Add(1500 * time.Millisecond)
	rec.Phase(report.Sending)
	for i := range int64(8) {
		clock.at = clock.at.Add(500 * time.Millisecond)
		rec.Progress(report.Progress{Phase: report.Sending, Moves: true, Files: i + 1, Bytes: (i + 1) * (i + 3) * 100_000, Throttled: i / 4, Retries: i / 2})
	}
	rec.Phase("rewriting")
	clock.at = clock.at.Add(250 * time.Millisecond)
	return report.Report{
		Tool: "medialift", Version: "1.0.0", Command: "lift",
		Settings:   []report.Setting{{Name: "datasets", Value: "db:coco"}, {Name: "target", Value: "s3://media/coco"}},
		Outcome:    report.Outcome{Status: report.Partial, ExitCode: 3, Error: "1 file could not be sent", Hint: "the same command tries it again", RetryHelps: true},
		Started:    began,
		Totals:     report.Totals{Objects: 8, Bytes: 8_800_000, Found: 2, Rows: 10, Paths: 9, Missing: 1, Failed: 1},
		Traffic:    report.Traffic{Requests: 21, Retries: 3, Throttled: 1, Causes: map[string]int64{"throttled": 1, "timeout": 2}},
		Throughput: rec.Series(),
		Datasets: []report.Dataset{{
			Name: "coco", Source: "db:coco", Target: "db.example.com/fiftyone", Run: "lift-0011223344", Status: report.Partial, Rows: 10, Paths: 9,
			Fields: []report.Field{
				{Field: "filepath", URL: "s3://media/coco", Base: "/data/coco", Paths: 10, Files: 9, Bytes: 8_800_000, Arrived: 7, ArrivedBytes: 8_000_000, Before: 1, ToSend: 1, Missing: 1},
				{Field: "thumbnail", URL: "s3://media/coco/fields/thumbnail", Paths: 3, Files: 3, Bytes: 90_000, Arrived: 3, ArrivedBytes: 90_000},
			},
			Phases:   rec.Phases(),
			Samples:  []report.Change{{Field: "filepath", ID: "6553f1006d65646961000041", Old: "/data/coco/train/000001.png", New: "s3://media/coco/train/000001.png"}},
			Versions: &report.Versions{Dataset: "1.22.1", Database: "1.3.0", Lost: []string{"the field “last_modified_at”"}},
			Verified: &report.Verified{Checksum: 7, Size: 1, Existence: 2},
			Load:     []string{"import fiftyone as fo", `dataset = fo.load_dataset("coco")`},
		}},
		Problems: []report.Problems{{Kind: "missing", Total: 250, Rows: []report.Problem{{
			ID: "6553f1006d65646961000042", Field: "filepath", Path: "/data/coco/<b>000002</b>.png", URL: "s3://media/coco/000002.png", Hint: "no such file",
		}}}},
		Warnings:   []string{"the target is a database of open-source FiftyOne"},
		NotCarried: []report.Setting{{Name: "permissions", Value: "who may see the dataset is set in the App"}},
		Ended:      clock.at,
	}
}

// large is what a long run of a large dataset looks like.
func large() report.Report {
	r := small()
	clock := &stopwatch{began}
	rec := report.NewRecorder(clock.now)
	dice := rand.New(rand.NewPCG(1, 2))
	rec.Phase("reading")
	clock.at = clock.at.Add(41 * time.Second)
	rec.Phase("checking")
	clock.at = clock.at.Add(12 * time.Second)
	rec.Phase(report.Sending)
	p := report.Progress{Phase: report.Sending, Moves: true}
	speed := 20e6
	for i := range 1500 {
		clock.at = clock.at.Add(time.Second)
		switch {
		case i > 520 && i < 560:
			speed *= .93
			if i%7 == 0 {
				p.Throttled++
			}
		case i%430 == 120:
			p.Retries++
		default:
			speed += (180e6 - speed) * .02
		}
		p.Bytes += int64(speed * (.8 + .4*dice.Float64()))
		p.Files = p.Bytes / 612_000
		rec.Progress(p)
	}
	rec.Phase("importing")
	clock.at = clock.at.Add(38 * time.Second)
	rec.Phase("migrating")
	clock.at = clock.at.Add(9 * time.Second)
	rec.Phase("verifying")
	clock.at = clock.at.Add(97 * time.Second)
	r.Throughput, r.Ended = rec.Series(), clock.at
	r.Outcome = report.Outcome{Status: report.Done, Next: `import fiftyone as fo; dataset = fo.load_dataset("coco-2017")`}
	r.Totals = report.Totals{Objects: p.Files, Bytes: p.Bytes, Found: 1204, Rows: 123_287, Paths: 369_861, Missing: 3}
	r.Traffic = report.Traffic{Requests: p.Files + 3311, Retries: 9, Throttled: p.Throttled, Causes: map[string]int64{"throttled": 6, "timeout": 2, "temporary": 1}}
	d := &r.Datasets[0]
	d.Name, d.Source, d.Status, d.Rows, d.Paths = "coco-2017", "db:coco-2017", report.Done, 123_287, 369_861
	d.Phases = rec.Phases()
	d.Fields = nil
	for i, f := range []struct {
		name  string
		share float64
	}{{"filepath", .74}, {"thumbnail", .03}, {"ground_truth.detections", .17}, {"heatmap", .06}} {
		files := int64(float64(p.Files) * f.share)
		url := "s3://media/coco-2017"
		if i > 0 {
			url += "/fields/" + f.name
		}
		d.Fields = append(d.Fields, report.Field{
			Field: f.name, URL: url, Base: "/data/coco/" + f.name, Paths: files + 12, Files: files, Bytes: int64(float64(p.Bytes) * f.share), Arrived: files - 301, Before: 301,
		})
	}
	d.Samples = []report.Change{
		{Field: "filepath", ID: "6553f1006d65646961000041", Old: "/data/coco/train2017/000000000009.jpg", New: "s3://media/coco-2017/train2017/000000000009.jpg"},
		{Field: "thumbnail", ID: "6553f1006d65646961000041", Old: "/data/coco/thumbnail/000000000009.jpg", New: "s3://media/coco-2017/fields/thumbnail/000000000009.jpg"},
		{Field: "ground_truth.detections", ID: "6553f1006d65646961000041", Old: "/data/coco/masks/000000000009_1.png", New: "s3://media/coco-2017/fields/ground_truth.detections/000000000009_1.png"},
	}
	d.Versions = &report.Versions{Dataset: "1.22.1", Database: "1.3.0", Lost: []string{"the times at which samples were last changed (last_modified_at)"}}
	d.Verified = &report.Verified{Checksum: p.Files - 1204, Size: 1204}
	d.Load = []string{"import fiftyone as fo", `dataset = fo.load_dataset("coco-2017")`}
	r.NotCarried = []report.Setting{
		{Name: "permissions", Value: "who may see and change the dataset is set in the App"},
		{Name: "snapshots", Value: "they stay with the source"},
		{Name: "vector stores", Value: "similarity indexes outside of MongoDB are connected anew"},
	}
	r.Problems = []report.Problems{{Kind: "missing", Total: 3, Rows: []report.Problem{
		{ID: "6553f1006d65646961000077", Field: "heatmap", Path: "/data/coco/heatmap/000000000049.png", Hint: "no such file"},
		{ID: "6553f1006d65646961000078", Field: "heatmap", Path: "/data/coco/heatmap/000000000061.png", Hint: "no such file"},
		{ID: "6553f1006d65646961000091", Field: "heatmap", Path: "/data/coco/heatmap/000000000072.png", Hint: "no such file"},
	}}}
	return r
}

// nasty are texts that would break a page that did not escape them.
var nasty = []string{
	`</script><script>alert(1)</script>`, `<!--<script>`, `"><img src=x onerror=alert(1)>`, `'"&amp;`, "\u202egnp.exe", "صورة/מזל טוב.png",
	"👩‍👩‍👧‍👦/🏳️‍🌈.png", "a\x00b\x1b[31m\nc", "\xff\xfe", strings.Repeat("x", 300), strings.Repeat("näh-so_/", 60), "{{.}}", "`${x}`", "javascript:alert(1)",
}

// hostile is a report with each text wherever a user has a say.
func hostile(texts ...string) report.Report {
	r := small()
	d := r.Datasets[0]
	r.Datasets, r.Problems, r.Settings = nil, nil, nil
	for _, s := range texts {
		d := d
		d.Name, d.Source, d.Target, d.Run = s, s, s, s
		d.Fields = []report.Field{{Field: s, URL: s, Base: s, Files: 1, Bytes: 1}}
		d.Samples = []report.Change{{Field: s, ID: s, Old: s, New: "s3://media/" + s}}
		d.Versions = &report.Versions{Dataset: s, Database: s + s, Lost: []string{s}}
		d.Load = []string{s, s}
		d.Phases = []report.Phase{{Name: s, Seconds: 1}}
		r.Datasets = append(r.Datasets, d)
		r.Problems = append(r.Problems, report.Problems{Kind: s, Total: 1, Rows: []report.Problem{{ID: s, Field: s, Path: s, URL: s, Hint: s}}})
		r.Settings = append(r.Settings, report.Setting{Name: s, Value: s})
		r.Warnings = append(r.Warnings, s)
	}
	r.Outcome.Error, r.Outcome.Hint = strings.Join(texts, " "), texts[0]
	r.Command = texts[0]
	return r
}
