package clients

import (
	"slices"
	"strings"
)

// News are the classes of documents that newer versions know, or some of them, and that
// this one does not, sorted by name.
func (c *Client) News() []Class {
	found := map[string]Class{}
	for _, row := range c.table.rows["class"] {
		if _, known := c.Class(row.key); known || row.last <= c.at {
			continue
		}
		found[row.name] = (&Client{table: c.table, version: c.version, at: row.last}).class(row)
	}
	list := make([]Class, 0, len(found))
	for _, class := range found {
		list = append(list, class)
	}
	slices.SortFunc(list, func(a, b Class) int { return strings.Compare(a.Name, b.Name) })
	return list
}
