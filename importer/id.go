package importer

import "go.mongodb.org/mongo-driver/v2/bson"

func idText(id bson.RawValue) string {
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	return id.String()
}
