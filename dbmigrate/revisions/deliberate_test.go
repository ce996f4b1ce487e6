package revisions_test

// deliberate lists every difference from FiftyOne's results that is meant, with its
// reason. docs/migrations.md says the same at more length.
var deliberate = []difference{
	{`.*`, `datasets/.*/fields/3/ftype`,
		"FiftyOne declares the points of keypoints as those of polylines, and can't load the dataset any more"},
	{`edges/(admin_up|config|down)_.*`, `config/[^/]*/(extra|foo|zzz)`,
		"FiftyOne drops every key of the database's document that it does not know"},
	{`edges/up_0_19_0`, `datasets/(.*-RENAMED-)?\d{4}(\.\d\d){5}/version`,
		"FiftyOne renames the dataset, looks for it under its old name and leaves it at its old version"},
}

// failures lists what becomes of the datasets that FiftyOne fails on. It leaves
// them with the legs before the failure applied, under the old version.
var failures = []failure{
	{`walk/.*|edges/down_0_17_0`, `oracle-groups|g-.*`, true,
		"groups were not supported below 0.17.0; FiftyOne finds out after the newer legs"},
	{`old/.*`, `old-createdat`, true,
		"a field of the user's has the name of one that 1.0.0 needs; FiftyOne finds out after the older legs"},
	{`old/.*`, `@@@|clash_name|old odd--NAME 1`, false,
		"FiftyOne renames the dataset and goes on with the old name"},
	{`edges/up_0_1[68]_0`, `none|fieldsnone|sgnull`, false, "null is an empty list"},
	{`edges/up_0_19_0|edges/up_0_20_0`, `runsnone|cfgnone`, false, "null is an empty map of runs"},
	{`edges/up_0_20_0`, `dangling`, false, "a run that is named but not there keeps nothing from going on"},
	{`edges/up_1_13_0`, `fieldsnone|sfnone`, false, "null is an empty list"},
	{`edges/nameless`, `badversion|emptyversion`, true, "what is no version can't be compared with one"},
}
