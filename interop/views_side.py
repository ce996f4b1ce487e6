"""The Python side of the tests of saved views and of what a copy carries along."""

import collections
import hashlib
import os
import re

import bson
import fiftyone as fo
import fiftyone.core.annotation.attributes as foaa
import fiftyone.core.odm as foo
import fiftyone.core.ontology as foon
import fiftyone.operators as foop
from exchange_side import collections as collection_names  # noqa: F401 (a command)
from exchange_side import export, serve  # noqa: F401 (export is a command)
from fiftyone import ViewField as F
from PIL import Image

# Views that only FiftyOne can follow: they are named, and stay as they are.
OPAQUE = ("part of text", "above", "inside")


def picture(*parts):
    path = os.path.join(*parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path):
        Image.frombytes("RGB", (4, 4), hashlib.sha384(path.encode()).digest()).save(path)
    return path


def make(media):
    paths(os.path.join(media, "dä-ta (1)"))
    frames(os.path.join(media, "video"))
    carried(os.path.join(media, "carried"))


def paths(root):
    """A dataset with views that choose by its paths."""
    samples = []
    for i in range(6):
        path = picture(root, "abc"[i % 3], "%d.png" % i)
        mask = picture(root, "m", "%d.png" % i)
        samples.append(
            fo.Sample(
                filepath=path,
                n=i,
                source=path,
                thumb=picture(root, "t", "%d.png" % i),
                crops=[picture(root, "c", "%d_%d.png" % (i, j)) for j in range(2)],
                tags=[path],
                gt=fo.Detections(
                    detections=[
                        fo.Detection(label="x", bounding_box=[0, 0, 1, 1], mask_path=mask, crop=picture(root, "d", "%d.png" % i))
                    ]
                ),
            )
        )
    ds = fo.Dataset("paths", persistent=True)
    ds.add_samples(samples, dynamic=True)
    ds.app_config.media_fields = ["filepath", "thumb", "crops", "gt.detections.crop"]
    ds.save()
    one, two = samples[1].filepath, samples[2].filepath
    below, mask = root + "/a", samples[1].gt.detections[0].mask_path
    for name, view in {
        "equal": ds.match(F("filepath") == one),
        "unequal": ds.match(F("filepath") != one),
        "one of": ds.match(F("filepath").is_in([one, two])),
        "in a list": ds.match(F("crops").contains(samples[3].crops[1])),
        "starts": ds.match(F("filepath").starts_with(below)),
        "starts with one": ds.match(F("filepath").starts_with([below + "/", root + "/b/"])),
        "not": ds.match(~F("filepath").starts_with(below)),
        "contains": ds.match(F("filepath").contains_str(below)),
        "matches": ds.match(F("filepath").matches_str(one)),
        "ends": ds.match(F("filepath").ends_with("1.png")),
        "dict": ds.match({"filepath": one}),
        "dict list": ds.match({"filepath": {"$nin": [one, two]}}),
        "dict regex": ds.match({"filepath": {"$regex": "^" + re.escape(below)}}),
        "dict compiled": ds.match({"thumb": re.compile("^" + re.escape(root) + "/t/[1-3]")}),
        "select by": ds.select_by("filepath", [one, two]),
        "exclude by": ds.exclude_by("filepath", [one]),
        "mongo": ds.mongo([{"$match": {"filepath": one}}]),
        "labels": ds.filter_labels("gt", F("mask_path") == mask),
        "labels crop": ds.filter_labels("gt", F("crop").starts_with(root + "/d/1")),
        "all labels": ds.match_labels(filter=F("mask_path") == mask, fields="gt"),
        "nested": ds.match(F("gt.detections").filter(F("mask_path") == mask).length() > 0),
        "patches": ds.match(F("filepath") == one).to_patches("gt", other_fields=True),
        "concat": ds.match(F("filepath") == one).concat(ds.match(F("filepath") == two)),
        "other field": ds.match(F("source") == one),
        "tags": ds.match_tags(one),
        "sorted": ds.sort_by("filepath").limit(2),
        "part of text": ds.match(F("filepath").substr(0, len(root.encode())) == root),
        "above": ds.match(F("filepath").re_match("^" + re.escape(os.path.dirname(root)) + "/.*/a/")),
        "inside": ds.match(F("filepath").re_match("ta .1./a")),
    }.items():
        ds.save_view(name, view)


def frames(root):
    """A dataset of videos with datasets that FiftyOne generated for its views."""
    ds = fo.Dataset("frames", persistent=True)
    for i in range(2):
        sample = fo.Sample(
            filepath=os.path.join(root, "%d.mp4" % i),
            metadata=fo.VideoMetadata(total_frame_count=2, frame_rate=1, frame_width=4, frame_height=4, duration=2),
            poster=picture(root, "p", "%d.png" % i),
            events=fo.TemporalDetections(detections=[fo.TemporalDetection(label="x", support=[1, 2])]),
        )
        picture(root, "%d.png" % i)
        with open(sample.filepath, "wb") as f:
            f.write(b"no video, but %d" % i)
        for k in (1, 2):
            sample.frames[k] = fo.Frame(
                filepath=picture(root, "f", "%d_%d.png" % (i, k)),
                thumb=picture(root, "ft", "%d_%d.png" % (i, k)),
                dets=fo.Detections(
                    detections=[
                        fo.Detection(label="a", bounding_box=[0, 0, 1, 1], index=1, mask_path=picture(root, "fm", "%d_%d.png" % (i, k)))
                    ]
                ),
            )
        ds.add_sample(sample)
    ds.app_config.media_fields = ["filepath", "poster", "frames.thumb"]
    ds.save()
    ds.save_view("frames", ds.to_frames())
    ds.save_view("clips", ds.to_clips("events", other_fields=True))
    ds.save_view("clips frames", ds.to_clips("events").to_frames())
    ds.save_view("frames patches", ds.to_frames().to_patches("dets", other_fields=True))
    ds.save_view("frame", ds.to_frames().match(F("filepath") == os.path.join(root, "f", "1_2.png")))
    ds.save_view("match frames", ds.match_frames(F("filepath").starts_with(os.path.join(root, "f", "1"))))


def carried(root):
    """A dataset with an evaluation, what panels say of it, and an ontology."""
    ds = fo.Dataset("carried", persistent=True)
    label = fo.Detection(label="car", bounding_box=[0, 0, 1, 1], confidence=0.5)
    ds.add_sample(fo.Sample(filepath=picture(root, "1.png"), gt=fo.Detections(detections=[label]), pr=fo.Detections(detections=[label.copy()])))
    ds.evaluate_detections("pr", gt_field="gt", eval_key="ev", progress=False)
    ontology("car", "rear")
    schemas = {"gt": {"type": "detections", "component": "radio", "classes": ["car"], "attributes": []}}
    ds.set_label_schemas(foon.apply_ontology(schemas, "gt", "damage of car"))
    run = str(ds._doc.evaluations["ev"].id)
    store = foop.ExecutionStore.create("model_evaluation_panel_builtin", dataset_id=ds._doc.id)
    store.set("statuses", {run: "reviewed", "dataset": str(ds._doc.id), "deep": [{"run": bson.ObjectId(run), "other": "x" * 24}]})
    store.set(run, "by key")
    foop.ExecutionStore.create("similarity_search_panel", dataset_id=ds._doc.id).set("runs", ["cars"])
    foop.ExecutionStore.create("my plugin", dataset_id=ds._doc.id).set("secret", 1)


def ontology(name, *places):
    """Saves an ontology and its taxonomy."""
    tree = foon.Taxonomy(name="kinds of " + name, root=foon.Node(name="root", can_select=False, values=[foon.Node(name=name)]))
    tree.save()
    made = foon.AnnotationOntology(
        name="damage of " + name,
        taxonomy=tree,
        attributes=[foaa.AttributeSpec(name="where", type="str", component="dropdown", values=list(places))],
    )
    made.save()
    made.description = "the second version"
    made.save()


def change_ontology(name):
    """Saves another version of an ontology."""
    changed = foon.load_ontology(name)
    changed.attributes = changed.attributes[:0]
    changed.save()


def use_ontology(name, applied):
    """Another dataset whose label schemas apply it."""
    ds = fo.Dataset(name, persistent=True)
    ds.add_sample(fo.Sample(filepath="/none.png", gt=fo.Detections()))
    schemas = {"gt": {"type": "detections", "component": "radio", "classes": ["car"], "attributes": []}}
    ds.set_label_schemas(foon.apply_ontology(schemas, "gt", applied))


def dataset(name):
    return fo.load_dataset(name, reload=True)


def views(name):
    """What each view chooses, as FiftyOne sees it now."""
    ds, found = dataset(name), {}
    for view in ds.list_saved_views():
        chosen = ds.load_saved_view(view)
        if chosen._is_patches or chosen._is_frames or chosen._is_clips:
            found[view] = sorted(str(i) for i in chosen.values("sample_id"))
        else:
            found[view] = sorted(str(i) for i in chosen.values("id"))
    return found


def stages(name):
    return {v["name"]: v["view_stages"] for v in foo.get_db_conn().views.find({"_dataset_id": dataset(name)._doc.id})}


def below(name, *roots):
    """How many paths lie below each root in what FiftyOne generated for views."""
    ds, counts = dataset(name), collections.Counter({root: 0 for root in roots})

    def walk(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, str):
            for root in roots:
                counts[root] += value.startswith(root)

    for view in ds.list_saved_views():
        collection = ds.load_saved_view(view)._dataset._sample_collection
        if not collection.name.startswith("samples."):
            for doc in collection.find({}, {"source": 0, "tags": 0}):
                walk(doc)
    return [counts[root] for root in roots]


def panels(name):
    """What FiftyOne's panels have of a dataset, with names in the place of ids."""
    ds = dataset(name)
    names = {str(ds._doc.id): "DATASET", str(ds._doc.evaluations["ev"].id): "RUN"}
    found = {}
    for doc in foo.get_db_conn().execution_store.find({"dataset_id": ds._doc.id}):
        found["%s %s" % (doc["store_name"], names.get(doc["key"], doc["key"]))] = re.sub(
            "[0-9a-f]{24}", lambda m: names.get(m.group(), "UNKNOWN"), str(doc["value"])
        )
    return found


def schema(name):
    """The attributes of a label schema as FiftyOne resolves it."""
    return dataset(name).label_schemas["gt"]["attributes"]


def shared():
    """The ontologies of the database, and how many documents stores have."""
    db = foo.get_db_conn()
    return [sorted(o["name"] + " %d" % o["version"] for o in db.ontologies.find()), db.execution_store.count_documents({})]


def opaque():
    return list(OPAQUE)


if __name__ == "__main__":
    serve(globals())
