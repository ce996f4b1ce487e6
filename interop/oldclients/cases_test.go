//go:build oldclients

package oldclients

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/internal/mongotest"
)

const (
	databaseName = "fiftyone" // the only one that the oldest versions know
	sourceName   = "source"   // of what is lifted
)

// A court is a server, and what is judged there.
type court struct {
	t        *testing.T
	uri      string
	database *mongo.Database
	source   *mongo.Database
	base     mongotest.Dump
	newest   client // FiftyOne's own way down; its python is empty where that is not asked for
	dir      string
	own      map[string]mongotest.Dump      // what each version made
	skipped  map[string]string              // what the last one does not have
	faults   map[string]map[string][]string // of each version with what it has just made
}

func newCourt(t *testing.T) *court {
	t.Helper()
	const archive, walk = "../../dbmigrate/revisions/testdata/golden.tar.zst", "walk/down/1.22.1"
	server := mongotest.Start(t)
	connection := mongotest.Connect(t, server.URI)
	return &court{
		t: t, uri: server.URI, database: connection.Database(databaseName), source: connection.Database(sourceName),
		dir: t.TempDir(), base: mongotest.Read(t, filepath.Join(migratetest.Unpack(t, archive, walk), walk)), own: map[string]mongotest.Dump{}, faults: map[string]map[string][]string{},
	}
}

// place is a new one.
func (c *court) place() place {
	c.t.Helper()
	home, err := os.MkdirTemp(c.dir, "")
	if err != nil {
		c.t.Fatal(err)
	}
	return newPlace(c.t, c.uri, home)
}

// home is where the version itself is at home: where it made its datasets.
func (c *court) home(v client) place { return newPlace(c.t, c.uri, filepath.Join(c.dir, v.version)) }

// made is what the version itself makes, as it is before anything is done to it. A
// version that makes next to nothing would prove nothing.
func (c *court) made(v client) (mongotest.Dump, error) {
	if c.own[v.version] != nil {
		return c.own[v.version], nil
	}
	if err := os.Mkdir(filepath.Join(c.dir, v.version), 0o700); err != nil {
		return nil, err
	}
	p := c.home(v)
	var made struct {
		Made    []string
		Skipped map[string]string
	}
	if err := p.side(v, &made, "make_side.py", filepath.Join(p.home, "media")); err != nil {
		return nil, err
	}
	c.skipped = made.Skipped
	if len(made.Made) < 7 {
		return nil, fmt.Errorf("FiftyOne %s makes only %q, and skips %q", v.version, made.Made, made.Skipped)
	}
	dump := mongotest.Take(c.t, c.database)
	untouched, err := c.judge(v, nil, len(made.Made))
	if err != nil {
		return nil, err
	}
	for name, list := range untouched.failed {
		if slices.ContainsFunc(list, func(fault string) bool {
			return strings.HasPrefix(fault, "load: ") || strings.HasPrefix(fault, "samples: ") || strings.HasPrefix(fault, "the client: ")
		}) {
			return nil, fmt.Errorf("FiftyOne %s cannot read %q, which it has just made: %q", v.version, name, list)
		}
	}
	c.faults[v.version], c.own[v.version] = untouched.failed, dump
	return dump, nil
}

// restore puts a dump in place of all that is in the database.
func (c *court) restore(db *mongo.Database, dump mongotest.Dump) {
	c.t.Helper()
	if err := db.Drop(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	dump.Restore(c.t, db)
}

// there lists the datasets of a database that FiftyOne lists: not those behind views.
func (c *court) there(db *mongo.Database) ([]string, error) {
	cursor, err := db.Collection("datasets").Find(c.t.Context(), bson.D{})
	if err != nil {
		return nil, err
	}
	var docs []struct {
		Name    string
		Samples string `bson:"sample_collection_name"`
	}
	if err := cursor.All(c.t.Context(), &docs); err != nil {
		return nil, err
	}
	var names []string
	for _, doc := range docs {
		if strings.HasPrefix(doc.Samples, "samples.") {
			names = append(names, doc.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// judge has the version open, read and write all that is in the database. A client that
// does not even start has failed on all of it.
func (c *court) judge(v client, plan map[string]string, atLeast int) (verdict, error) {
	there, err := c.there(c.database)
	if err != nil {
		return verdict{}, err
	}
	if len(there) < atLeast {
		return verdict{}, fmt.Errorf("only %q are there, of %d datasets", there, atLeast)
	}
	found := verdict{there: there, failed: map[string][]string{}, named: plan}
	p := c.home(v)
	if err := p.side(v, &found.failed, "judge_side.py", p.home); err != nil {
		for _, name := range there {
			found.failed[name] = []string{"the client: " + lastLine(err)}
		}
	}
	return found.without(c.faults[v.version]), nil
}

func lastLine(err error) string {
	text := strings.TrimSpace(err.Error())
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// down takes the database down to the version, with medialift, and has it judged.
func (c *court) down(v client) (verdict, error) {
	p := c.place()
	before, err := c.there(c.database)
	if err != nil {
		return verdict{}, err
	}
	done, partly := 0, 3 // partly: some datasets were refused
	text, err := p.medialift([]int{done, partly, 4}, "migrate", "--all", "-v", v.version, "--dry-run", "--yes")
	if err != nil {
		return verdict{}, err
	}
	plan, err := named(text)
	if err != nil {
		return verdict{}, err
	}
	if _, err := p.medialift([]int{done, partly}, "migrate", "--all", "-v", v.version, "--yes"); err != nil {
		return verdict{}, err
	}
	return c.judge(v, plan, len(before))
}

// ownDatasets: what the version made goes up and down.
func (c *court) ownDatasets(v client) (verdict, error) {
	dump, err := c.made(v)
	if err != nil {
		return verdict{}, err
	}
	c.restore(c.database, dump)
	if _, err := c.place().medialift([]int{0}, "migrate", "--all", "--yes"); err != nil {
		return verdict{}, err
	}
	return c.down(v)
}

// baseDatasets: what FiftyOne 1.22.1 made goes down.
func (c *court) baseDatasets(v client) (verdict, error) {
	if _, err := c.made(v); err != nil { // so that the version has a home
		return verdict{}, err
	}
	c.restore(c.database, c.base)
	return c.down(v)
}

// lifted: what FiftyOne 1.22.1 made is lifted into a database that the version made.
func (c *court) lifted(v client) (verdict, error) {
	dump, err := c.made(v)
	if err != nil {
		return verdict{}, err
	}
	c.restore(c.database, dump)
	c.restore(c.source, c.base)
	before, err := c.there(c.database)
	if err != nil {
		return verdict{}, err
	}
	p := c.place()
	args := []string{
		"lift", "--all", "--database-name", sourceName, filepath.Join(p.home, "media", "{dataset}"), "--to-uri", c.uri, "--to-database-name", databaseName,
		"--missing", "keep", "--yes", // the media of the base are nowhere
	}
	text, err := p.medialift([]int{0, 3, 4}, append(args, "--dry-run")...)
	if err != nil {
		return verdict{}, err
	}
	plan, err := named(text)
	if err != nil {
		return verdict{}, err
	}
	if _, err := p.medialift([]int{0, 3, 4}, args...); err != nil { // 4: the plan refused them all
		return verdict{}, err
	}
	found, err := c.judge(v, plan, len(before))
	if err != nil {
		return verdict{}, err
	}
	// What the plan refused to lift is not there, and counts as named.
	all, err := c.there(c.source)
	for _, name := range all {
		if !slices.Contains(found.there, name) {
			found.there = append(found.there, name)
		}
	}
	return found, err
}

// fiftyOnesWay takes the database down as FiftyOne 1.22.1 itself does, for comparison.
func (c *court) fiftyOnesWay(v client, own bool) (verdict, error) {
	if c.newest.python == "" {
		return verdict{}, errors.ErrUnsupported
	}
	dump, err := c.made(v)
	if err != nil {
		return verdict{}, err
	}
	if !own {
		dump = c.base
	}
	c.restore(c.database, dump)
	p := c.place()
	before, err := c.there(c.database)
	if err != nil {
		return verdict{}, err
	}
	ways := []string{v.version}
	if own {
		ways = []string{revisions.Newest, v.version}
	}
	for _, to := range ways {
		cmd := exec.Command(c.newest.python, filepath.Join(filepath.Dir(c.newest.python), "fiftyone"), "migrate", "--all", "--version", to)
		cmd.Env = p.env
		if _, err := p.run(cmd, 0, 1); err != nil {
			return verdict{}, err
		}
	}
	return c.judge(v, nil, len(before))
}

// newestClient is FiftyOne 1.22.1, in the environment of "make interop".
func newestClient(t *testing.T) client {
	t.Helper()
	venv := os.Getenv("MEDIALIFT_INTEROP_VENV")
	if venv == "" {
		t.Fatal("MEDIALIFT_INTEROP_VENV names no environment with FiftyOne " + revisions.Newest)
	}
	return client{version: revisions.Newest, python: filepath.Join(venv, "bin", "python")}
}
