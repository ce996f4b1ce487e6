package extjson_test

import (
	"fmt"
	"strings"

	"github.com/medialift/medialift/dataset/extjson"
)

// A samples.json of any size, a document at a time.
func ExampleScanner() {
	const file = `{"samples": [{"filepath": "1.jpg", "uniqueness": NaN}, {"filepath": "2.jpg", "uniqueness": 0.5}]}`
	scanner := extjson.NewScanner(strings.NewReader(file), "samples")
	for scanner.Scan() {
		doc, err := extjson.Decode(nil, scanner.Doc())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(doc.Lookup("filepath").StringValue(), doc.Lookup("uniqueness").Double())
	}
	fmt.Println(scanner.Err())
	// Output:
	// 1.jpg NaN
	// 2.jpg 0.5
	// <nil>
}

// Reading and writing gives what Python would have written.
func ExampleAppend() {
	doc, err := extjson.Decode(nil, []byte(`{"n":5.0,"when":{"$date":"2024-01-01T00:00:00Z"},"name":"caf\u00e9"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := extjson.Append(nil, doc)
	fmt.Println(string(text), err)
	// Output:
	// {"n": 5.0, "when": {"$date": "2024-01-01T00:00:00Z"}, "name": "caf\u00e9"} <nil>
}
