package revisions

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// truthy is what Python's "if value" says, by which FiftyOne's migrations decide.
func truthy(value any) bool {
	switch v := value.(type) {
	case nil, bson.Undefined, bson.Null:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int32:
		return v != 0
	case int64:
		return v != 0
	case float64:
		return v != 0
	case bson.D:
		return len(v) > 0
	case bson.A:
		return len(v) > 0
	}
	return true
}

// count is "1 saved view" or "3 saved views".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
