package clients

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/medialift/medialift/dbmigrate"
)

//go:embed knowledge.txt
var knowledge string

// table is knowledge.txt. Its first line that is not a comment names the versions that
// were looked at. Each other line is a row, with tabs between its columns: kind, name,
// key, detail, the first version that knows it and the last one, "-" if the newest does.
//
//	class      dotted name, _cls, strict, loose or dynamic
//	key        class, key in the database, type
//	field      dotted name
//	stage      dotted name
//	config     dotted name, nothing, type of run
//	run        dotted name
//	results    dotted name
//	argument   stage, config or field; its name, "*" for any
//	alias      another dotted name, kind of what it leads to, that one's dotted name
//	media      media type
//	trait      what the version does with what it does not know
//	databases  the versions of databases that it takes
type table struct {
	looked []dbmigrate.Version
	rows   map[string][]row            // by kind
	named  map[string]map[string][]row // by kind and name, for those that are looked up by name
	keyed  map[string]map[string][]row // the same for keys and arguments: by the name they belong to
}

// row is a line of the table; first and last are places among the versions looked at.
type row struct {
	kind, name, key, detail string
	first, last             int
}

// parsed is the table of this program, read once: nothing changes it.
var parsed = sync.OnceValue(func() *table { return parse(knowledge) }) //nolint:gochecknoglobals // it never changes

func parse(text string) *table {
	t := &table{rows: map[string][]row{}, named: map[string]map[string][]row{}, keyed: map[string]map[string][]row{}}
	places := map[string]int{}
	for line := range strings.Lines(text) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case columns[0] == "looked":
			for i, version := range strings.Fields(columns[1]) {
				places[version] = i
				t.looked = append(t.looked, dbmigrate.MustParseVersion(version))
			}
		default:
			t.add(columns, places)
		}
	}
	return t
}

// add reads a row. The table is part of the program, so a line that is none panics.
func (t *table) add(columns []string, places map[string]int) {
	r := row{kind: columns[0], name: columns[1], key: columns[2], detail: columns[3], last: len(t.looked) - 1}
	first, ok := places[columns[4]]
	if !ok {
		panic("knowledge.txt: no version " + columns[4])
	}
	r.first = first
	if columns[5] != "-" {
		if r.last, ok = places[columns[5]]; !ok {
			panic("knowledge.txt: no version " + columns[5])
		}
	}
	t.rows[r.kind] = append(t.rows[r.kind], r)
	by := t.named
	if r.kind == "key" || r.kind == "argument" {
		by = t.keyed
	}
	if by[r.kind] == nil {
		by[r.kind] = map[string][]row{}
	}
	by[r.kind][r.name] = append(by[r.kind][r.name], r)
	if r.kind == "class" {
		if by["_cls"] == nil {
			by["_cls"] = map[string][]row{}
		}
		by["_cls"][r.key] = append(by["_cls"][r.key], r)
	}
}

// version is the version at a place; false behind the last.
func (t *table) version(place int) (dbmigrate.Version, bool) {
	if place >= len(t.looked) {
		return dbmigrate.Version{}, false
	}
	return t.looked[place], true
}

// has reports whether the client knows what the row says.
func (c *Client) has(r row) bool { return r.first <= c.at && c.at <= r.last }

// find is the row of a name, or of what the name leads to.
func (c *Client) find(kind, name string) (row, bool) {
	for _, r := range c.table.named[kind][name] {
		if c.has(r) {
			return r, true
		}
	}
	for _, alias := range c.table.named["alias"][name] {
		if alias.key == kind && c.has(alias) && alias.detail != name {
			return c.find(kind, alias.detail)
		}
	}
	return row{}, false
}

func (c *Client) knows(kind, name string) bool {
	_, ok := c.find(kind, name)
	return ok
}
