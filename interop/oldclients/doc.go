// Package oldclients lets real old FiftyOne versions judge what medialift makes for
// them: databases that were migrated down to a version, and datasets that were lifted
// into a database of that version.
//
// All of it is a test, run by "make oldclients". For each version,
//
//   - own: datasets that the version itself made go up to the newest and down again;
//   - base: the rich datasets of FiftyOne 1.22.1 go down;
//   - lift: these are lifted into a database that the version made.
//
// Then the version loads every dataset, reads all of it, and writes to it. A dataset
// that fails and that no plan named has failed silently, and so has a name without a
// reason: then the test fails.
//
// setup.sh installs the versions, of which versions.txt says what they need;
// make_side.py and judge_side.py are run by them.
package oldclients
