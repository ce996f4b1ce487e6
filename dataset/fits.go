package dataset

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// fits reports whether FiftyOne reads a value in a field of a class. What is inside of
// documents and lists is looked at elsewhere. Inner tells that the field is one of an
// embedded document, whose values FiftyOne checks harder.
func fits(ftype string, r *elementReader, inner bool) bool {
	if inner && r.kind == bson.TypeEmbeddedDocument && classOf(r.value) != "" {
		switch ftype {
		case "ListField", "VectorField", "ClassesField": // Python takes the document for the list of its keys
			return true
		}
	}
	switch ftype {
	case "StringField":
		return r.kind == bson.TypeString || r.kind == bson.TypeSymbol || r.kind == bson.TypeBinary && !inner
	case "IntField":
		return number(r, false)
	case "FrameNumberField":
		return number(r, false) && !negative(r) && !(inner && (r.kind == bson.TypeString || r.kind == bson.TypeDouble))
	case "FloatField":
		return number(r, true)
	case "BooleanField":
		return !inner || r.kind == bson.TypeBoolean
	case "DateField", "DateTimeField":
		return r.kind == bson.TypeDateTime
	case "ObjectIdField":
		return r.kind == bson.TypeObjectID
	case "UUIDField":
		return r.kind == bson.TypeBinary
	case "ColorField":
		return r.kind == bson.TypeString
	case "VectorField", "ArrayField":
		return r.kind == bson.TypeBinary || r.kind == bson.TypeArray && ftype == "VectorField"
	case "ListField", "EmbeddedDocumentListField":
		return r.kind == bson.TypeArray || r.kind == bson.TypeBinary && !inner
	case "ClassesField", "KeypointsField", "PolylinePointsField":
		return r.kind == bson.TypeArray
	case "FrameSupportField", "HeatmapRangeField":
		return r.kind == bson.TypeArray && length(r) == 2
	case "DictField", "MaskTargetsField", "EmbeddedDocumentField":
		return r.kind == bson.TypeEmbeddedDocument
	}
	if strings.HasPrefix(ftype, "Geo") {
		return r.kind == bson.TypeArray || r.kind == bson.TypeEmbeddedDocument
	}
	return true
}

func length(r *elementReader) (n int) {
	elements := readElements(r.value)
	for elements.next() {
		n++
	}
	return n
}

func negative(r *elementReader) bool {
	switch r.kind {
	case bson.TypeInt32:
		return int32(binary.LittleEndian.Uint32(r.value)) < 0
	case bson.TypeInt64:
		return int64(binary.LittleEndian.Uint64(r.value)) < 0
	}
	return false
}

// number reports whether Python's int or float can take a value; floats say whether
// one that is not finite will do.
func number(r *elementReader, floats bool) bool {
	switch r.kind {
	case bson.TypeInt32, bson.TypeInt64, bson.TypeBoolean:
		return true
	case bson.TypeDouble:
		v := math.Float64frombits(binary.LittleEndian.Uint64(r.value))
		return floats || !math.IsNaN(v) && !math.IsInf(v, 0)
	case bson.TypeString, bson.TypeBinary: // that of a number
		return slices.ContainsFunc(r.value[4:], func(c byte) bool { return c >= '0' && c <= '9' || floats && (c == 'n' || c == 'N') })
	}
	return false
}

// kindNames are the kinds of values in words.
var kindNames = map[bson.Type]string{
	bson.TypeString: "a string", bson.TypeInt32: "a number", bson.TypeInt64: "a number", bson.TypeDouble: "a number",
	bson.TypeDecimal128: "a decimal number", bson.TypeBoolean: "a boolean", bson.TypeDateTime: "a date", bson.TypeArray: "a list",
	bson.TypeEmbeddedDocument: "a document", bson.TypeObjectID: "an ObjectId", bson.TypeBinary: "binary data", bson.TypeNull: "null",
	bson.TypeRegex: "a regular expression",
}

func kindName(r *elementReader) string {
	if name := kindNames[r.kind]; name != "" {
		return name
	}
	return "a value of another kind"
}
