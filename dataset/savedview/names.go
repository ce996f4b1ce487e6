package savedview

import (
	"strings"
)

// Generated lists the datasets that FiftyOne generated for a stage, and for those that
// it holds: {"_cls": …, "kwargs": [["_state", {"name": …}]]}.
func Generated(stage string) []string {
	var names []string
	_ = eachName(stage, func(kind nameKind, n *node) {
		if kind == generatedName {
			names = append(names, n.text)
		}
	})
	return names
}

// Names says what becomes of the datasets that a stage names.
type Names struct {
	// Generated are new names of generated datasets.
	Generated map[string]string
	// OldID and NewID are the _id in hexadecimal of the dataset that the view is of, as it
	// was and is, OldName and NewName its name.
	OldID, NewID, OldName, NewName string
}

// Renamed is a stage with other names of datasets in it. What is no JSON stays.
func Renamed(stage string, names Names) string {
	var list []splice
	_ = eachName(stage, func(kind nameKind, n *node) {
		to := ""
		switch {
		case kind == generatedName:
			to = names.Generated[n.text]
		case kind == datasetID && n.text == names.OldID:
			to = names.NewID
		case kind == datasetName && n.text == names.OldName:
			to = names.NewName
		}
		if to != "" && to != n.text {
			list = append(list, splice{n.at, to})
		}
	})
	list, _ = inOrder(list)
	return spliced(stage, list)
}

type nameKind int

const (
	generatedName nameKind = iota
	datasetID
	datasetName
)

// eachName calls each for the datasets that a stage names: in the _state of stages that
// generate one, and in the samples of Concat.
func eachName(stage string, each func(kind nameKind, n *node)) error {
	if !strings.Contains(stage, `"_state"`) && !strings.Contains(stage, "Concat") {
		return nil
	}
	root, err := parse(stage)
	if err != nil {
		return err
	}
	var visit func(n *node)
	visit = func(n *node) {
		if n.isList() && len(n.kids) == 2 && n.kids[0].isText() && (n.kids[0].text == "_state" || n.kids[0].text == "samples") {
			of := n.kids[1]
			for i, key := range of.keys {
				value := of.kids[i]
				switch {
				case !value.isText():
				case key == "name" && n.kids[0].text == "_state":
					each(generatedName, value)
				case key == "dataset_id":
					each(datasetID, value)
				case key == "dataset":
					each(datasetName, value)
				}
			}
		}
		for _, kid := range n.kids {
			visit(kid)
		}
	}
	visit(root)
	return nil
}
