package values

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// A keypoint has a confidence for each of its points, where old versions know one for all
// and fail on a list. It is the one value of a label whose type has changed.
const (
	keypointClass = "Keypoint"
	confidenceKey = "confidence"
)

// keypoints has lists of confidences taken out of keypoints where the target knows none.
func (j *judge) keypoints() {
	class, known := j.client.Class(labelClasses + keypointClass)
	if !known || class.Type(confidenceKey) != "FloatField" {
		return
	}
	j.fates[keypointClass] = fate{class: class, becomes: keypointClass, confidences: true}
}

const labelClasses = "fiftyone.core.labels."

// hasConfidences reports whether a keypoint has a list of them.
func hasConfidences(keypoint bson.Raw) bool {
	return keypoint.Lookup(confidenceKey).Type == bson.TypeArray
}

// withoutConfidences is a keypoint whose list of them is null.
func withoutConfidences(keypoint bson.D) (bson.D, bool) {
	if _, isList := edit.Get(keypoint, confidenceKey).(bson.A); !isList {
		return keypoint, false
	}
	changed := append(bson.D{}, keypoint...)
	edit.Set(&changed, confidenceKey, nil)
	return changed, true
}
