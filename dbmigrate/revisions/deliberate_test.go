package revisions_test

// deliberate lists every difference from FiftyOne's results that is meant, with its
// reason. docs/migrations.md says the same at more length.
var deliberate = []difference{
	{`.*`, `datasets/.*/fields/(3/ftype|4/ftype|4/subfield)`,
		"FiftyOne declares the points of keypoints as those of polylines and their confidences as one number, and can't load the dataset any more"},
	{`edges/(admin_up|config|down)_.*`, `config/[^/]*/(extra|foo|zzz)`,
		"FiftyOne drops every key of the database's document that it does not know"},
	{`edges/up_0_19_0`, `datasets/(.*-RENAMED-)?\d{4}(\.\d\d){5}/version`,
		"FiftyOne renames the dataset, looks for it under its old name and leaves it at its old version"},
	{`edges/up_0_6_2`, `frames\.samples\.gone`,
		"FiftyOne drops every collection of frames in the database that it sees no samples of"},
	{`edges/admin_up_0_15_0`, `frames\.other`,
		"FiftyOne drops the frames of a dataset that keeps them in a collection of another name"},
	{`walk/up/(0\.7\.3|.* at once)`, `datasets/oracle-videos-noframes/sample_fields(/.*)?`,
		"FiftyOne failed to take it below 0.7.2, and left it a field for which no version loads it"},
	{`old/0\.14\.4`, `fs\.chunks/[0-9a-f]*|fs\.files/[0-9a-f]*/length`,
		"FiftyOne spells the JSON of results anew, where here it is copied; TestGolden compares the values"},
	{`edges/down_0_15_1|walk/down/0\.15\.0`, `config/[^/]*/type`,
		"FiftyOne takes the database's type out and writes it back, and 0.15.0 can't read it"},
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
	{`edges/down_0_6_2`, `image|video|noframefields`, false,
		"FiftyOne calls what no longer exists, after it has written half, and converts no sample"},
	{`edges/up_0_6_2`, `video-missingframe|video-sample-noframes|media-none`, false,
		"a sample without frames has none, a frame that is not there is no frame"},
	{`(edges/(up|down)_0_7_2|walk/.*)`, `nomedia|oracle-empty|Oracle Empty_2\. with\+odd  NAME`, false,
		"a dataset that never had a sample has no media type"},
	{`(edges/down_0_7_2|walk/.*)`, `video-nofirst|video-empty|oracle-videos-noframes`, false,
		"FiftyOne can't write nothing, and finds out after it has written half"},
	{`edges/(up|down)_0_7_4`, `nokey|noconfig|notimestamp|nogt`, false,
		"what an evaluation lacks can't be moved, and its key is the name that it has"},
	{`edges/up_0_7_4`, `evnone`, false, "null is an empty map of runs"},
	{`edges/(up|down)_0_9_4`, `none`, false, "null is an empty list"},
	{`edges/up_0_13_0`, `cfgnone`, false, "null is no similarity index"},
	{`edges/nameless`, `badversion|emptyversion`, true, "what is no version can't be compared with one"},
}
