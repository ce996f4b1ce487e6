package main

import "github.com/medialift/medialift/dbmigrate/enterprise"

// sdksOf says which SDKs can connect to a database of a type ("" for FiftyOne's own) at a
// version, and which cannot though others around them can.
func sdksOf(kind, version string) (can, cannot string, err error) {
	if kind != "" && kind != openSourceType {
		can, err = enterprise.SDKs(version)
		return can, "open-source FiftyOne of any version: this database is of type " + kind, err
	}
	can, err = enterprise.Clients(version)
	return "fiftyone " + can, enterprise.Refusing(version), err
}
