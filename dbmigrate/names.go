package dbmigrate

// Names knows the names and slugs of a database's datasets, by the IDKey of each,
// so that a step can tell which are taken. A plan for many datasets
// shares one: what the plan of one claims is taken for the next. The zero value
// knows none.
type Names struct {
	names, slugs map[string]map[string]bool // text → ids of the datasets that have it
}

// Claim records what a dataset is called, beside what was known of it. Empty texts
// are no names.
func (n *Names) Claim(id, name, slug string) {
	if n.names == nil {
		n.names, n.slugs = map[string]map[string]bool{}, map[string]map[string]bool{}
	}
	claim(n.names, id, name)
	claim(n.slugs, id, slug)
}

func claim(taken map[string]map[string]bool, id, text string) {
	if text == "" {
		return
	}
	if taken[text] == nil {
		taken[text] = map[string]bool{}
	}
	taken[text][id] = true
}

// NameTaken reports whether a dataset other than id has the name.
func (n *Names) NameTaken(id, name string) bool { return takenByOther(n.names[name], id) }

// SlugTaken reports whether a dataset other than id has the slug.
func (n *Names) SlugTaken(id, slug string) bool { return takenByOther(n.slugs[slug], id) }

func takenByOther(ids map[string]bool, id string) bool {
	return len(ids) > 1 || len(ids) == 1 && !ids[id]
}
