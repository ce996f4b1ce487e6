package locate_test

import (
	"fmt"

	"github.com/medialift/medialift/dataset/mongostore/locate"
)

// Which database would FiftyOne use?
func ExampleFind() {
	env := map[string]string{
		"FIFTYONE_DATABASE_URI":  "mongodb://db.example.com:27017",
		"FIFTYONE_DATABASE_NAME": "vision",
	}
	place, err := locate.Find(locate.Settings{Getenv: func(name string) string { return env[name] }, Home: "/nonexistent"})
	fmt.Println(place.URI, place.Name, "by", place.From, err)
	// Output:
	// mongodb://db.example.com:27017 vision by FIFTYONE_DATABASE_URI <nil>
}
