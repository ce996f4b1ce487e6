package enterprise_test

import (
	"errors"
	"fmt"

	"github.com/medialift/medialift/dbmigrate/enterprise"
)

func ExampleLookup() {
	release, err := enterprise.Lookup("1.4.5")
	fmt.Println(release, "has databases of", release.Version, err)

	_, err = enterprise.Lookup("1.4") // which patch?
	fmt.Println(errors.Is(err, enterprise.ErrUnknown))
	// Output:
	// 1.4.5 (SDK 0.14.5) has databases of 0.22.3 <nil>
	// true
}

func ExampleClients() {
	fmt.Println(enterprise.Clients("0.20.0"))
	// Output:
	// 0.20.0 up to, but not with, 2 <nil>
}
