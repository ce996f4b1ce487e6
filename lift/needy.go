package lift

import (
	"encoding/json"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// needy names the saved views that FiftyOne does not load without runs: those with a
// stage that has the key of one, or that sorts by similarity.
func needy(m dataset.Manifest) []string {
	var names []string
	for _, view := range m.Views() {
		var v struct {
			Name   string   `bson:"name"`
			Stages []string `bson:"view_stages"`
		}
		if bson.Unmarshal(view, &v) == nil && slices.ContainsFunc(v.Stages, needsRun) {
			names = append(names, v.Name)
		}
	}
	return names
}

func needsRun(stage string) bool {
	var s struct {
		Class string  `json:"_cls"`
		Args  [][]any `json:"kwargs"`
	}
	if json.Unmarshal([]byte(stage), &s) != nil {
		return false
	}
	return strings.HasSuffix(s.Class, ".SortBySimilarity") || slices.ContainsFunc(s.Args, func(arg []any) bool {
		if len(arg) != 2 || arg[0] != "eval_key" && arg[0] != "brain_key" {
			return false
		}
		key, _ := arg[1].(string)
		return key != ""
	})
}
