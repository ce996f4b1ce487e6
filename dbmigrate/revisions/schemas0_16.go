package revisions

import (
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// labelHead starts the schema of every label.
const labelHead = "id:ObjectId tags:List/String "

// schemas are the fields of embedded documents as 0.16.0 declared them:
// name:type, or name:type/subtype, without "fiftyone.core.fields." and "Field".
var schemas = map[string]string{
	metadataType + "Metadata":      "size_bytes:Int mime_type:String",
	metadataType + "ImageMetadata": "size_bytes:Int mime_type:String width:Int height:Int num_channels:Int",
	metadataType + "VideoMetadata": "size_bytes:Int mime_type:String frame_width:Int frame_height:Int frame_rate:Float total_frame_count:Int duration:Float encoding_str:String",

	labelType + "Regression":     labelHead + "value:Float confidence:Float",
	labelType + "Classification": labelHead + "label:String confidence:Float logits:Vector",
	labelType + "Detection":      labelHead + "label:String bounding_box:List/Float mask:Array confidence:Float index:Int",
	labelType + "Polyline":       labelHead + "label:String points:PolylinePoints confidence:Float index:Int closed:Boolean filled:Boolean",
	// FiftyOne writes PolylinePoints and Float here, and then no longer loads the
	// dataset: a keypoint is a list of points with a confidence each.
	labelType + "Keypoint":          labelHead + "label:String points:Keypoints confidence:List/Float index:Int",
	labelType + "Segmentation":      labelHead + "mask:Array",
	labelType + "Heatmap":           labelHead + "map:Array range:HeatmapRange",
	labelType + "TemporalDetection": labelHead + "label:String support:FrameSupport confidence:Float",
	labelType + "GeoLocation":       labelHead + "point:GeoPoint line:GeoLineString polygon:GeoPolygon",
	labelType + "GeoLocations":      labelHead + "points:GeoMultiPoint lines:GeoMultiLineString polygons:GeoMultiPolygon",
}

// listSchemas are the list types that 0.16.1 added: the one field of each, whose
// items are of the type without the final s.
var listSchemas = map[string]string{
	labelType + "Classifications":    "classifications",
	labelType + "Detections":         "detections",
	labelType + "Polylines":          "polylines",
	labelType + "Keypoints":          "keypoints",
	labelType + "TemporalDetections": "detections",
}

// schemaOf is the schema of a document type at 0.16.0, empty for an unknown one.
func schemaOf(docType string) bson.A {
	fields := bson.A{}
	for _, spec := range strings.Fields(schemas[docType]) {
		name, kind, _ := strings.Cut(spec, ":")
		kind, sub, hasSub := strings.Cut(kind, "/")
		column := name
		if kind == "ObjectId" {
			column = "_" + name
		}
		var subfield any
		if hasSub {
			subfield = fieldType + sub + "Field"
		}
		fields = append(fields, childField(name, fieldType+kind+"Field", subfield, nil, column, bson.A{}))
	}
	return fields
}

// listSchemaOf is schemaOf with the list types of 0.16.1.
func listSchemaOf(docType string) bson.A {
	if name := listSchemas[docType]; name != "" {
		item := strings.TrimSuffix(docType, "s")
		return bson.A{childField(name, fieldType+"ListField", embedded, item, name, schemaOf(item))}
	}
	return schemaOf(docType)
}

func childField(name, kind string, subfield, docType any, column string, fields bson.A) bson.D {
	return bson.D{
		{Key: "_cls", Value: "SampleFieldDocument"},
		{Key: "name", Value: name},
		{Key: "ftype", Value: kind},
		{Key: "subfield", Value: subfield},
		{Key: "embedded_doc_type", Value: docType},
		{Key: "db_field", Value: column},
		{Key: "fields", Value: fields},
	}
}
