"""The Python side of the tests of datasets as people have them: real FiftyOne makes
what is odd about them, and judges what medialift made of it."""

import collections
import contextlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bson
import exchange_side
import fiftyone as fo
import fiftyone.core.odm as foo
import numpy as np
from exchange_side import TYPE, db, delete, export, from_dir, load, names  # noqa: F401 (commands)
from PIL import Image


def png(*parts):
    path = os.path.join(*parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shade = len(path) * 7 % 250
    Image.fromarray(np.full((6, 8), shade, dtype=np.uint8)).save(path)
    return path


def make_nested(folder, name):
    """Media wherever a label or a document can stand."""
    dataset = fo.Dataset(name, persistent=True)
    samples = []
    for i in range(3):
        at = lambda what: png(folder, what, f"{i}.png")  # noqa: B023, E731
        sample = fo.Sample(filepath=at("data"))
        sample["nested"] = fo.DynamicEmbeddedDocument(
            gt=fo.Detections(detections=[fo.Detection(label="x", bounding_box=[0, 0, 1, 1], mask_path=at("ngt"))]),
            seg=fo.Segmentation(mask_path=at("nseg")),
            deeper=fo.DynamicEmbeddedDocument(heat=fo.Heatmap(map_path=at("nheat"))),
            paths=[at("npaths"), at("npaths2")],
            thumb=at("nthumb"),
        )
        detection = fo.Detection(label="outer", bounding_box=[0, 0, 1, 1], mask_path=at("dets"))
        detection["crop_path"] = at("crops")
        detection["inner"] = fo.Segmentation(mask_path=at("inner"))
        sample["dets"] = fo.Detections(detections=[detection])
        sample["cls"] = fo.Classification(label="c")
        sample["cls"]["mask_path"] = at("cls")
        sample["extra_paths"] = [at("extra"), at("extra2")]
        sample["thumb"] = at("thumb")
        sample["moved"] = at("moved")
        samples.append(sample)
    dataset.add_samples(samples, dynamic=True)
    dataset.rename_sample_field("moved", "renamed")
    dataset.app_config.media_fields = ["filepath", "nested.thumb", "nested.paths", "extra_paths", "thumb", "renamed", "dets.detections.crop_path"]
    dataset.save()


def make_video(folder, name):
    dataset = fo.Dataset(name, persistent=True)
    sample = fo.Sample(filepath=png(folder, "video", "1.mp4.png").replace(".mp4.png", ".mp4"))
    os.rename(png(folder, "video", "1.mp4.png"), sample.filepath)
    sample.frames[1] = fo.Frame(seg=fo.Segmentation(mask_path=png(folder, "frames", "1.png")))
    dataset.add_sample(sample)


def make_lists(folder, name):
    """List media fields, at the top and in a document."""
    dataset = fo.Dataset(name, persistent=True)
    for i in range(2):
        crops = [png(folder, "crops", f"{i}_{j}.png") for j in range(3)]
        sample = fo.Sample(filepath=png(folder, "lists", f"{i}.png"), crops=crops)
        sample["e"] = fo.DynamicEmbeddedDocument(crops=crops[1:])
        dataset.add_sample(sample, dynamic=True)
    dataset.app_config.media_fields = ["filepath", "crops", "e.crops"]
    dataset.save()


def change(name, update):
    """Changes the first sample behind FiftyOne's back."""
    collection = db()[db().datasets.find_one({"name": name})["sample_collection_name"]]
    collection.update_one({"_id": collection.find_one()["_id"]}, update)


def readable(name):
    """Reads every sample; answers what FiftyOne raises, or nothing."""
    try:
        load(name)
    except Exception as error:
        return type(error).__name__
    return ""


def make_damaged(folder, name):
    """Runs whose results are gone, have lost their chunks or the last of them, and a null."""
    dataset = fo.Dataset(name, persistent=True)
    dataset.add_sample(fo.Sample(filepath=png(folder, "damaged", "1.png")))
    for key in ("whole", "nofile", "nochunk", "shortchunk"):
        dataset.register_run(key, dataset.init_run(a=1))
        text = "é" * 500_000 if key == "shortchunk" else key
        dataset.save_run_results(key, dataset.init_run_results(key, data={"x": text}))
    document = db().datasets.find_one({"name": name})
    results = {key: db().runs.find_one({"_id": run})["results"] for key, run in document["runs"].items()}
    db()["fs.files"].delete_one({"_id": results["nofile"]})
    db()["fs.chunks"].delete_many({"files_id": results["nochunk"]})
    last = db()["fs.chunks"].find_one({"files_id": results["shortchunk"]}, sort=[("n", -1)])
    db()["fs.chunks"].delete_one({"_id": last["_id"]})
    db().datasets.update_one({"name": name}, {"$set": {"brain_methods": {"b": None}}})


def runs_of(name):
    """What of the runs of a dataset can be loaded."""
    dataset = fo.load_dataset(name)
    seen = {}
    for key in dataset.list_runs():
        try:
            results = dataset.load_run_results(key, cache=False)
            seen[key] = "" if results is None else str(results.data["x"])[:10]
        except Exception as error:
            seen[key] = type(error).__name__
    return seen


def hand_made(folder, dir):
    """An export as other programs write it by hand: no _id anywhere."""
    os.makedirs(dir)
    fields = [
        {"name": "filepath", "ftype": "fiftyone.core.fields.StringField"},
        {"name": "tags", "ftype": "fiftyone.core.fields.ListField", "subfield": "fiftyone.core.fields.StringField"},
        {
            "name": "gt",
            "ftype": "fiftyone.core.fields.EmbeddedDocumentField",
            "embedded_doc_type": "fiftyone.core.labels.Classification",
        },
    ]
    with open(os.path.join(dir, "metadata.json"), "w") as f:
        json.dump({"version": "1.0.0", "sample_fields": fields}, f)
    samples = [
        {"filepath": png(folder, "hand", f"{i}.png"), "tags": ["a"], "gt": {"_cls": "Classification", "label": str(i % 2)}}
        for i in range(3)
    ]
    with open(os.path.join(dir, "samples.json"), "w") as f:
        json.dump({"samples": [*samples, samples[0]]}, f, indent=2)


def contents(name):
    dataset = fo.load_dataset(name)
    return [[os.path.basename(s.filepath), s.tags, s.gt.label] for s in dataset], dataset.values("id"), dataset.count_values("gt.label")


def make_mangled(folder, name):
    """URLs, which open-source FiftyOne takes for relative paths."""
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    dataset = fo.Dataset(name, persistent=True)
    urls = ["https://host:8080/a b.jpg", "gs://b/c.jpg", "s3://bucket/k=v/d.jpg"]
    dataset.add_samples([fo.Sample(filepath=path) for path in [*urls, png(folder, "plain.png")]])
    return urls


def filepaths(name):
    return fo.load_dataset(name).values("filepath")


def make_empty(name):
    fo.Dataset(name, persistent=True).add_sample_field("note", fo.StringField)


def fields(name):
    return sorted(fo.load_dataset(name).get_field_schema())


def files_in(folder):
    """The files of a folder, which may not be there."""
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]


def stored(name):
    """Every string of a dataset that ends like a media file, by the field it is in."""
    doc = db().datasets.find_one({"name": name})
    found = collections.defaultdict(list)

    def walk(value, field):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, field + [key])
        elif isinstance(value, list):
            for inner in value:
                walk(inner, field)
        elif isinstance(value, str) and value.endswith((".png", ".mp4")):
            found[".".join(field)].append(value)

    for part, collection in (("", doc["sample_collection_name"]), ("frames", doc.get("frame_collection_name"))):
        for sample in db()[collection].find() if collection else ():
            walk(sample, [part] if part else [])
    return found


def files(name):
    """What of a dataset's media is relative or not there, by field, and how many are right."""
    wrong, right = [], 0
    for field, values in stored(name).items():
        for value in values:
            if os.path.isabs(value) and os.path.exists(value):
                right += 1
            else:
                wrong.append(f"{field}: {value}")
    return {"wrong": wrong, "right": right}


if __name__ == "__main__":
    exchange_side.serve(globals())
