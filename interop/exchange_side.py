"""The Python side of the tests of export and import: real FiftyOne, which stays
for as long as its standard input is open.

Each line on stdin is a JSON array, a command and its arguments; each answer a line
on stdout, the JSON of what the command returned, or {"error": ...}. The database
is the one that FIFTYONE_DATABASE_URI and FIFTYONE_DATABASE_NAME name.
"""

import contextlib
import json
import os
import sys
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testdata"))

import bson
import example_datasets
import fiftyone as fo
import fiftyone.core.odm as foo
import pymongo
import rich_datasets
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from fiftyone_side import describe  # noqa: F401 (a command)

TYPE = fo.types.FiftyOneDataset
CODEC = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
JSON = json_util.CANONICAL_JSON_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
REFERENCES = {
    "saved_views": "views",
    "workspaces": "workspaces",
    "annotation_runs": "runs",
    "brain_methods": "runs",
    "evaluations": "runs",
    "runs": "runs",
}
# What a copy has anew: ids that may be there once, names of collections, and when
# FiftyOne last loaded it.
ANEW = ("_id", "name", "slug", "sample_collection_name", "frame_collection_name", "last_loaded_at")
# What FiftyOne's own importer makes anew besides.
TIMES = ("created_at", "last_modified_at")


def make(folder):
    media = example_datasets.Media(folder)
    made = {build.__name__: build(media) for build in example_datasets.ALL}
    rich_datasets.extend_images(made["images"])
    rich_datasets.extend_videos(made["videos"])
    rich_datasets.others(media)
    rich_datasets.everything(media)
    return fo.list_datasets()


def export(name, folder, **options):
    fo.load_dataset(name).export(folder, dataset_type=TYPE, progress=False, **{"export_media": False, **options})


def from_dir(folder, name, **options):
    fo.Dataset.from_dir(dataset_dir=folder, dataset_type=TYPE, name=name, persistent=True, progress=False, **options)


def delete(name):
    fo.delete_dataset(name)


def load(name):
    """Loads everything there is of a dataset, and uses it; answers what was seen."""
    dataset = fo.load_dataset(name)
    seen = {"samples": 0, "frames": 0, "views": {}, "workspaces": [], "runs": {}}
    everything = dataset.select_group_slices(_allow_mixed=True) if dataset.media_type == "group" else dataset
    for sample in everything.iter_samples():
        seen["samples"] += 1
        str(sample.to_dict())
        if sample.media_type == "video":
            for frame in sample.frames.values():
                seen["frames"] += 1
                str(frame.to_dict())
    for view in dataset.list_saved_views():
        loaded = dataset.load_saved_view(view)
        seen["views"][view] = len(loaded)
        for sample in loaded.iter_samples():
            str(sample.to_dict())
    for workspace in dataset.list_workspaces():
        dataset.load_workspace(workspace)
        seen["workspaces"].append(workspace)
    for key in dataset.list_evaluations():
        results = dataset.load_evaluation_results(key)
        seen["runs"][key] = str(results.report())
    for key in dataset.list_brain_runs():
        results = dataset.load_brain_results(key)
        seen["runs"][key] = None if results is None else type(results).__name__
    for key in dataset.list_runs():
        results = dataset.load_run_results(key)
        seen["runs"][key] = str(sorted(results.serialize())) if results is not None else None
    with contextlib.suppress(AttributeError):
        seen["media"] = sum(os.path.exists(path) for path in everything.values("filepath"))
    return seen


def use(name):
    """Writes to a dataset as a user would."""
    dataset = fo.load_dataset(name)
    if dataset.media_type in (None, "image"):
        sample = fo.Sample(filepath="/tmp/added.png")
        dataset.add_sample(sample)
        dataset.delete_samples(sample)
    dataset.save_view("a new view", dataset.limit(1))
    dataset.delete_saved_view("a new view")
    dataset.add_sample_field("a_new_field", fo.StringField)
    dataset.delete_sample_field("a_new_field")


def names(database):
    return sorted(d["name"] for d in db(database).datasets.find())


def collections(database):
    return sorted(db(database).list_collection_names())


def db(database=None):
    client = pymongo.MongoClient(os.environ["FIFTYONE_DATABASE_URI"])
    return client.get_database(database or os.environ["FIFTYONE_DATABASE_NAME"], codec_options=CODEC)


def snapshot(name, database=None):
    """All that the database has of a dataset, as canonical extended JSON, with the
    documents that it refers to in their place."""
    database = db(database)
    doc = database.datasets.find_one({"name": name})
    own = str(doc["_id"])
    for key, collection in REFERENCES.items():
        value = doc.get(key)
        if isinstance(value, list):
            doc[key] = [referred(database, collection, i, doc["_id"]) for i in value]
        elif isinstance(value, dict):
            doc[key] = {k: referred(database, collection, i, doc["_id"]) for k, i in value.items()}
    samples = doc["sample_collection_name"]
    frames = doc.get("frame_collection_name")
    for key in ANEW:
        doc.pop(key, None)
    snap = {
        "dataset": doc,
        "samples": list(database[samples].find()),
        "frames": list(database[frames].find()) if frames else [],
        "tags": list(database.tags.find({"_dataset_id": bson.ObjectId(own)}).sort("start", 1)),
        "indexes": {"samples": indexes(database[samples]), "frames": indexes(database[frames]) if frames else None},
    }
    for part in ("samples", "frames", "tags"):
        for document in snap[part]:
            if document.pop("_dataset_id", None) != bson.ObjectId(own):
                raise ValueError(f"{part}: {document['_id']} does not belong to {name}")
            if part == "tags":
                document.pop("_id")
    return json.loads(json_util.dumps(snap, json_options=JSON))


def referred(database, collection, reference, own):
    document = reference  # which old versions have in the dataset's own document
    if not isinstance(reference, dict):
        document = database[collection].find_one({"_id": reference})
        document.pop("_id")
        if document.pop("_dataset_id") != own:
            raise ValueError(f"{collection}: {reference} belongs to another dataset")
    document.pop("last_loaded_at", None)
    if "view_stages" in document:
        document["view_stages"] = [stage(text) for text in document["view_stages"]]
    if document.get("results"):
        file = database["fs.files"].find_one({"_id": document["results"]})
        file.pop("_id")
        file.pop("uploadDate")
        chunks = database["fs.chunks"].find({"files_id": document["results"]}).sort("n", 1)
        document["results"] = {"file": file, "content": b"".join(chunk["data"] for chunk in chunks).decode()}
    return document


def stage(text):
    """A view's stage, but for which dataset FiftyOne has generated for it."""
    parsed = json.loads(text)
    for kwarg in parsed.get("kwargs", []):
        if kwarg[0] == "_state" and kwarg[1]:
            kwarg[1].pop("dataset_id", None)
            kwarg[1].pop("name", None)
    return json.dumps(parsed)


def indexes(collection):
    made = [dict(index) for index in collection.list_indexes()]
    for index in made:
        index.pop("ns", None)
    return sorted(made, key=lambda index: index["name"])


def differences(before, after, how):
    """Where two snapshots differ. how is what may: "exact" nothing; "python" what
    FiftyOne's importer makes anew or loses; "results" and "indexes" what its
    exporter does; "migrated" the times at which a migration was."""
    found = []
    if how != "exact":
        before, after = weaken(before, how), weaken(after, how)
    walk(before, after, "", found)
    return found[:20]


def weaken(value, how, key=""):
    if isinstance(value, dict):
        if "content" in value and "file" in value and how != "migrated":
            value = {"content": json.dumps(plain(json.loads(value["content"])), sort_keys=True)}
        if how == "migrated":  # some of it when that was
            return {k: weaken(v, how, k) for k, v in value.items() if k != "last_modified_at"}
        if len(value) == 1 and "$numberLong" in value and abs(int(value["$numberLong"])) < 2**31:
            return {"$numberInt": value["$numberLong"]}
        dropped = {"indexes"}
        if how == "python":
            dropped |= set(TIMES) | {k for k in REFERENCES if not value.get(k)}
        return {k: weaken(v, how, k) for k, v in value.items() if k not in dropped and not (v is None and key != "info")}
    if isinstance(value, list):
        return [weaken(v, how, key) for v in value]
    return value


def plain(value):
    """JSON without the wrappers that FiftyOne's exporter drops."""
    if isinstance(value, dict):
        if set(value) == {"$numberDouble"}:
            return float(value["$numberDouble"].replace("Infinity", "inf"))
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def walk(a, b, path, found):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(k for k in b if k not in a)]:
            if key not in a or key not in b:
                found.append(f"{path}/{key} is only {'before' if key in a else 'after'}: {short(a.get(key, b.get(key)))}")
            else:
                walk(a[key], b[key], f"{path}/{key}", found)
        if list(a) != list(b) and set(a) == set(b) and ordered(path):
            found.append(f"{path}: keys {list(a)} became {list(b)}")
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            found.append(f"{path}: {len(a)} became {len(b)}")
        for i, (x, y) in enumerate(zip(a, b)):
            walk(x, y, f"{path}/{i}", found)
    elif a != b:
        found.append(f"{path}: {short(a)} became {short(b)}")


def ordered(path):
    """FiftyOne writes the keys of its own document anew whenever it saves it."""
    return path.startswith(("/samples", "/frames"))


def short(value):
    return json.dumps(value)[:200]


def compare(before, after, how):
    """Compares two datasets, each a name or [name, database]."""
    both = [snapshot(*(which if isinstance(which, list) else [which])) for which in (before, after)]
    return differences(*both, how)


kept = {}


def keep(name):
    kept[name] = snapshot(name)


def unchanged(name):
    return differences(kept[name], snapshot(name), "exact")


def values(name, *paths):
    dataset = fo.load_dataset(name)
    if dataset.media_type == "group":
        dataset = dataset.select_group_slices(_allow_mixed=True)
    return [dataset.values(path) for path in paths]


def serve(commands):
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what FiftyOne prints is no answer
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        options = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
        try:
            answer = {"ok": commands[command](*arguments, **options)}
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    serve(globals())
