//go:build oldclients

package oldclients

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

var (
	versionsFlag = flag.String("versions", "", "the versions that judge, with spaces between; empty for all of versions.txt")
	casesFlag    = flag.String("cases", "own base lift", "which cases, with spaces between")
	tableFlag    = flag.String("table", "", "a file for the table in Markdown, with FiftyOne's own way down beside; - prints it")
)

// liftVersions are those whose databases are lifted into.
var liftVersions = []string{"0.14.2", "0.17.2", "0.20.1", "1.1.0", "1.10.0"}

// known reads the versions of versions.txt.
func known(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 4 && fields[0] != "#" {
			all = append(all, fields[0])
		}
	}
	return all
}

func chosenVersions(t *testing.T) []string {
	t.Helper()
	if *versionsFlag == "" {
		return known(t)
	}
	return strings.Fields(*versionsFlag)
}

// Each version opens, reads and writes what medialift made for it, or the plan had named
// it with its reason.
func TestOldClients(t *testing.T) {
	clients := install(t, chosenVersions(t))
	c := newCourt(t)
	if *tableFlag != "" {
		c.newest = newestClient(t)
	}
	var rows []row
	for _, v := range clients {
		t.Run(v.version, func(t *testing.T) {
			c.t = t
			r := row{version: v.version, cells: map[string]string{}}
			c.try(&r, "own", c.ownDatasets, v)
			c.try(&r, "base", c.baseDatasets, v)
			if slices.Contains(liftVersions, v.version) {
				c.try(&r, "lift", c.lifted, v)
			}
			c.compare(&r, v)
			rows = append(rows, r)
		})
	}
	if *tableFlag == "-" {
		t.Log("\n" + table(rows))
	} else if *tableFlag != "" {
		if err := os.WriteFile(*tableFlag, []byte(table(rows)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// try judges one case of a version and says a line of it.
func (c *court) try(r *row, name string, judge func(client) (verdict, error), v client) {
	c.t.Helper()
	if !slices.Contains(strings.Fields(*casesFlag), name) {
		return
	}
	began := time.Now()
	found, err := judge(v)
	if err != nil {
		r.cells[name] = "failed"
		c.t.Errorf("%s %s: %v", v.version, name, err)
		return
	}
	r.cells[name] = found.cell()
	line := fmt.Sprintf("%s %s (%v): %s", v.version, name, time.Since(began).Round(time.Second), found.line())
	if name == "own" {
		line += fmt.Sprintf("; this version does not have %s", strings.Join(slices.Sorted(maps.Keys(c.skipped)), ", "))
		for dataset, list := range c.faults[v.version] {
			if len(list) > 0 {
				line += fmt.Sprintf("; with %q, which it has just made, it fails itself: %s", dataset, strings.Join(list, " / "))
			}
		}
	}
	if wrong := found.wrong(); len(wrong) > 0 {
		c.t.Errorf("%s\n  %s", line, strings.Join(wrong, "\n  "))
		return
	}
	c.t.Log(line)
}

// compare adds FiftyOne's own way down, which fails nothing here.
func (c *court) compare(r *row, v client) {
	c.t.Helper()
	for name, own := range map[string]bool{"own": true, "base": false} {
		if !slices.Contains(strings.Fields(*casesFlag), name) {
			continue
		}
		found, err := c.fiftyOnesWay(v, own)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return
		case err != nil:
			r.cells["FiftyOne's "+name] = "failed"
			c.t.Logf("%s, FiftyOne's own way, %s: %v", v.version, name, err)
		default:
			r.cells["FiftyOne's "+name] = found.cell()
			c.t.Logf("%s, FiftyOne's own way, %s: %s", v.version, name, found.line())
		}
	}
}

// A dataset that the version cannot open is noticed by the real client, whatever it is
// that it cannot open.
func TestPlanted(t *testing.T) {
	v := install(t, chosenVersions(t)[:1])[0]
	c := newCourt(t)
	dump, err := c.made(v)
	if err != nil {
		t.Fatal(err)
	}
	const victim = "größe 日本"
	class := func(field, ftype string) func() error { // of a field that FiftyOne does not declare itself
		return func() error {
			filter := bson.D{{Key: "name", Value: victim}, {Key: "sample_fields.name", Value: field}}
			result, err := c.database.Collection("datasets").UpdateOne(t.Context(), filter, bson.D{{Key: "$set", Value: bson.D{{Key: "sample_fields.$.ftype", Value: ftype}}}})
			if err == nil && result.MatchedCount != 1 {
				t.Errorf("%s has no field %s", victim, field)
			}
			return err
		}
	}
	sample := func(key string, value any) func() error {
		return func() error {
			var doc struct {
				Samples string `bson:"sample_collection_name"`
			}
			if err := c.database.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: victim}}).Decode(&doc); err != nil {
				return err
			}
			_, err := c.database.Collection(doc.Samples).UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: key, Value: value}}}})
			return err
		}
	}
	for _, planted := range []struct {
		what   string
		do     func() error
		victim bool // fails
	}{
		{"nothing", func() error { return nil }, false},
		{"a field's class of no version", class("label", "fiftyone.core.fields.FutureField"), true},
		{"a label class of no version", sample("label._cls", "FutureLabel"), true},
	} {
		c.restore(c.database, dump)
		if err := planted.do(); err != nil {
			t.Fatal(err)
		}
		found, err := c.judge(v, nil, 7)
		if err != nil {
			t.Fatal(err)
		}
		_, failed := found.failures()[victim]
		if failed != planted.victim || len(found.wrong()) > 0 != planted.victim {
			t.Errorf("FiftyOne %s, with %s: %s", v.version, planted.what, found.line())
		}
	}
}
