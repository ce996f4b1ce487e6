package mongostore

import (
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// follow makes a pipeline of the stages of a view, as FiftyOne does
// (fiftyone.core.stages, to_mongo).
func follow(m dataset.Manifest, stages []stage) ([]bson.D, error) {
	pipeline := []bson.D{}
	// A view of a grouped dataset is one of its active slice, until it chooses
	// slices.
	grouped := m.MediaType() == "group"
	for i, s := range stages {
		switch s.class {
		case "SelectGroupSlices":
			p, err := groupSlices(m, s, grouped && i == 0)
			if err != nil {
				return nil, err
			}
			pipeline = append(pipeline, p...)
			grouped = false
			continue
		case "SelectGroups", "ExcludeGroups":
			p, err := groups(m, s)
			if err != nil {
				return nil, err
			}
			pipeline = append(pipeline, p)
			continue
		case "SortBy", "Shuffle":
			if slices.ContainsFunc(stages[i:], func(s stage) bool { return s.class == "Limit" || s.class == "Skip" }) {
				return nil, fmt.Errorf("it counts samples in the order of %s", s.class)
			}
			continue // the order is of no consequence
		}
		if grouped {
			return nil, fmt.Errorf("%s works on the active slice of groups: let the view begin with select_group_slices", s.class)
		}
		p, err := plainStage(m, s)
		if err != nil {
			return nil, err
		}
		pipeline = append(pipeline, p...)
	}
	return pipeline, nil
}

// plainStage makes the pipeline of a stage that chooses samples one by one.
func plainStage(m dataset.Manifest, s stage) ([]bson.D, error) {
	one := func(key string, condition bson.D) ([]bson.D, error) {
		return []bson.D{match(bson.D{{Key: key, Value: condition}})}, nil
	}
	switch s.class {
	case "Match":
		return matchStage(s.args["filter"])
	case "MatchTags":
		operator := "$in"
		if s.flag("all", false) {
			operator = "$all"
		}
		condition := bson.D{{Key: operator, Value: s.list("tags")}}
		if !s.flag("bool", true) {
			condition = bson.D{{Key: "$not", Value: condition}}
		}
		return one("tags", condition)
	case "Select", "Exclude":
		ids, err := s.ids("sample_ids")
		if err != nil {
			return nil, err
		}
		return one("_id", within(ids, s.class == "Exclude"))
	case "SelectBy", "ExcludeBy":
		key, isID, err := plainField(m, s)
		if err != nil {
			return nil, err
		}
		values := s.list("values")
		if isID {
			if values, err = s.ids("values"); err != nil {
				return nil, err
			}
		}
		return one(key, within(values, s.class == "ExcludeBy"))
	case "Exists":
		key, _, err := plainField(m, s)
		if err != nil {
			return nil, err
		}
		operator := "$gt" // null comes before all else
		if !s.flag("bool", true) {
			operator = "$lte"
		}
		return one("$expr", bson.D{{Key: operator, Value: bson.A{"$" + key, nil}}})
	case "Limit", "Skip":
		n, ok := s.args[strings.ToLower(s.class)].AsInt64OK()
		if !ok || n <= 0 {
			return nil, fmt.Errorf("%s has no count", s.class)
		}
		return []bson.D{{{Key: "$" + strings.ToLower(s.class), Value: n}}}, nil
	}
	return nil, fmt.Errorf("it has a stage of class %s", s.class)
}

func within(values bson.A, not bool) bson.D {
	if values == nil {
		values = bson.A{}
	}
	if not {
		return bson.D{{Key: "$nin", Value: values}}
	}
	return bson.D{{Key: "$in", Value: values}}
}

// matchStage passes a filter on, which FiftyOne keeps as MongoDB takes it. What
// is in frames or in other slices of a group FiftyOne would fetch first.
func matchStage(filter bson.RawValue) ([]bson.D, error) {
	if all, ok := filter.BooleanOK(); ok {
		if all {
			return nil, nil
		}
		return []bson.D{match(bson.D{{Key: "_id", Value: nil}})}, nil
	}
	doc, ok := filter.DocumentOK()
	if !ok {
		return nil, fmt.Errorf("the filter of Match is none")
	}
	text := doc.String()
	for _, fetched := range []string{`"$frames`, `"frames.`, `"$groups`, `"groups.`} {
		if strings.Contains(text, fetched) {
			return nil, fmt.Errorf("its Match looks at %s", strings.Trim(fetched, `"$.`))
		}
	}
	return []bson.D{match(doc)}, nil
}

// plainField is the key of a stage's field in the documents of samples.
func plainField(m dataset.Manifest, s stage) (key string, isID bool, err error) {
	name, ok := s.args["field"].StringValueOK()
	first, _, nested := strings.Cut(name, ".")
	switch {
	case !ok || name == "" || first == "frames" || first == "groups":
		return "", false, fmt.Errorf("%s looks at %s", s.class, name)
	case name == "id":
		return "_id", true, nil
	case nested:
		if strings.HasSuffix(name, "id") {
			return "", false, fmt.Errorf("%s looks at ids in %s", s.class, first)
		}
		return name, false, nil
	}
	fields, err := elements(m.Doc.Lookup("sample_fields"))
	if err != nil {
		return "", false, err
	}
	for _, e := range fields {
		field, _ := e.Value().DocumentOK()
		if own, _ := field.Lookup("name").StringValueOK(); own == name {
			key, _ := field.Lookup("db_field").StringValueOK()
			kind, _ := field.Lookup("ftype").StringValueOK()
			if key == "" {
				key = name
			}
			return key, strings.HasSuffix(kind, ".ObjectIdField"), nil
		}
	}
	return "", false, fmt.Errorf("%s looks at %q, which is no field", s.class, name)
}

// groups makes the stage of chosen groups.
func groups(m dataset.Manifest, s stage) (bson.D, error) {
	ids, err := s.ids("group_ids")
	if err != nil {
		return nil, err
	}
	return match(bson.D{{Key: m.String("group_field") + "._id", Value: within(ids, s.class == "ExcludeGroups")}}), nil
}

// groupSlices makes the stage that makes a plain view of some slices. Only the
// first stage of a view chooses among all samples.
func groupSlices(m dataset.Manifest, s stage, first bool) ([]bson.D, error) {
	if !first || !s.flag("flat", true) {
		return nil, fmt.Errorf("SelectGroupSlices does not begin it, or keeps groups")
	}
	names := s.list("slices")
	if kind, ok := s.args["media_type"].StringValueOK(); ok {
		if names != nil {
			return nil, fmt.Errorf("SelectGroupSlices names slices and a media type")
		}
		names = bson.A{}
		all, err := elements(m.Doc.Lookup("group_media_types"))
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if own, _ := e.Value().StringValueOK(); own == kind {
				names = append(names, e.Key())
			}
		}
	}
	if names == nil {
		return nil, nil
	}
	return []bson.D{match(bson.D{{Key: m.String("group_field") + ".name", Value: within(names, false)}})}, nil
}
