package revisions

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// Before 0.6.2 the points of a polyline are a list of points, each [x, y]; since,
// they are a list of such lists, the shapes. What has one form already is left
// alone, so that a conversion may meet a document again.

// isShapes reports whether points are a list of shapes. [[]] is one shape without
// points; an empty list is none.
func isShapes(points any) bool {
	shapes, isList := points.(bson.A)
	return isList && len(shapes) > 0 && !slices.ContainsFunc(shapes, func(shape any) bool {
		items, isList := shape.(bson.A)
		return !isList || slices.ContainsFunc(items, func(point any) bool { return !isA(point) })
	})
}

// isPoints reports whether points are a list of points, which may be empty.
func isPoints(points any) bool {
	items, isList := points.(bson.A)
	return isList && !isShapes(points) && !slices.ContainsFunc(items, func(point any) bool { return !isA(point) })
}

func isA(value any) bool {
	_, isList := value.(bson.A)
	return isList
}

// wrapShape makes a shape of a polyline's points.
func wrapShape(points any) (any, bool) {
	if !isPoints(points) {
		return points, false
	}
	return bson.A{points}, true
}

// unwrapShape makes points of a polyline's first shape.
func unwrapShape(points any) (any, bool) {
	if !isShapes(points) {
		return points, false
	}
	return points.(bson.A)[0], true //nolint:forcetypeassert // isShapes has looked
}

// polylines makes a conversion of the points of all polylines that are fields of a
// document. Args may name a field "with" which a document has to be converted.
func polylines(change func(points any) (any, bool)) dbmigrate.Conversion {
	return func(_ context.Context, _ dbmigrate.Reader, doc *bson.D, args bson.D) (bool, error) {
		if with := edit.String(args, "with"); with != "" && !edit.Has(*doc, with) {
			return false, nil
		}
		changed := false
		eachPolyline(*doc, func(polyline bson.D) {
			for i := range polyline {
				if polyline[i].Key == "points" {
					points, does := change(polyline[i].Value)
					polyline[i].Value, changed = points, changed || does
				}
			}
		})
		return changed, nil
	}
}

// eachPolyline visits the polylines that are fields of a document, alone or in
// lists. Their elements are shared.
func eachPolyline(doc bson.D, visit func(polyline bson.D)) {
	for _, field := range doc {
		label, _ := field.Value.(bson.D)
		switch edit.Get(label, "_cls") {
		case "Polyline":
			visit(label)
		case "Polylines":
			for _, polyline := range edit.Docs(label, "polylines") {
				if edit.Get(polyline, "_cls") == "Polyline" {
					visit(polyline)
				}
			}
		}
	}
}

// loseShapes counts the polylines that have more shapes than the versions before
// 0.6.2 know.
func loseShapes(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State, collection string) error {
	lost := 0
	for doc, err := range reader.Find(ctx, collection, dbmigrate.Query{}) {
		if err != nil {
			return err
		}
		eachPolyline(doc, func(polyline bson.D) {
			if points := edit.Get(polyline, "points"); isShapes(points) && edit.Len(polyline, "points") > 1 {
				lost++
			}
		})
	}
	if lost > 0 {
		s.Lose("all shapes but the first of %s in %s", count(lost, "polyline"), collection)
	}
	return nil
}
