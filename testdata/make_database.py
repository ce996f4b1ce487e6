#!/usr/bin/env python3
"""make_database.py: writes testdata/databases/fiftyone-1.22.1.tar.gz, a database
that real FiftyOne made, in the form that internal/mongotest reads.

    python testdata/make_database.py [--out testdata/databases]

Needs FiftyOne 1.22.1 and a MongoDB that it may use (FIFTYONE_DATABASE_URI), as
make_exports.py does; the database "medialift_testdata" there is dropped before
and after. The datasets are those of example_datasets.py with what only a database
has; their media are made below /srv/vision and removed. Ids and dates are of the
day: tests go by names.
"""

import argparse
import io
import os
import shutil
import sys
import tarfile
import urllib.parse

args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
args.add_argument("--root", default="/srv/vision")
args.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "databases"))
args = args.parse_args()
DATABASE = "medialift_testdata"
os.environ["FIFTYONE_DATABASE_NAME"] = DATABASE
os.environ.setdefault("FIFTYONE_DATABASE_VALIDATION", "false")
os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true")

import pymongo

client = pymongo.MongoClient(os.environ["FIFTYONE_DATABASE_URI"])
client.drop_database(DATABASE)

import bson.json_util as json_util
import fiftyone as fo
import fiftyone.brain as fob
import numpy as np
from bson.codec_options import CodecOptions, DatetimeConversion
from fiftyone import ViewField as F

sys.dont_write_bytecode = True
import example_datasets

JSON = json_util.CANONICAL_JSON_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def extend_images(dataset):
    dataset.evaluate_detections("predictions", gt_field="ground_truth", eval_key="boxes", progress=False)
    dataset.save_view("two", dataset.select(dataset.values("id")[:2]))
    dataset.save_view("train", dataset.match_tags("train").sort_by("filepath"))
    dataset.save_view("old paths", dataset.match(F("filepath").re_match("^/srv/vision/images/val")))
    dataset.save_view("patches", dataset.to_patches("ground_truth"), description="generated")
    dataset.save_view("more patches", dataset.match_tags("train").to_patches("ground_truth"))
    dataset.save_view("mistakes", dataset.to_evaluation_patches("boxes"))
    for name in ("patches", "more patches", "mistakes"):
        dataset.load_saved_view(name)
    space = fo.Space(children=[fo.Panel(type="Samples", pinned=True)], orientation="horizontal")
    dataset.save_workspace("grid", space)
    points = np.random.RandomState(51).rand(len(dataset), 4)
    fob.compute_visualization(dataset, embeddings=points, method="manual", points=points[:, :2], brain_key="plot")
    fob.compute_similarity(dataset, embeddings=points, brain_key="likeness", backend="sklearn")
    run = dataset.init_run(tool="scale", factor=1.5)
    dataset.register_run("custom", run)
    results = dataset.init_run_results("custom", scores=[0.5, float("nan"), float("inf")], big=2**40)
    dataset.save_run_results("custom", results)
    dataset.create_index("weather.label")
    dataset.create_index([("count", -1), ("taken", 1)], unique=True)
    dataset.add_dynamic_sample_fields()
    dataset.tags = ["one", "größe"]
    dataset.description = "what there is"
    dataset.default_mask_targets = {1: "road", 2: "sky"}
    dataset.skeletons = {"keypoints": fo.KeypointSkeleton(labels=["a", "b"], edges=[[0, 1]])}
    dataset.app_config.color_scheme = fo.ColorScheme(color_pool=["#ff0000", "#00ff00"])
    dataset.save()


def extend_videos(dataset):
    dataset.save_view("clips", dataset.to_clips("events"))
    dataset.save_view("frames", dataset.to_frames())
    for name in ("clips", "frames"):
        dataset.load_saved_view(name)
    dataset.create_index("frames.cars.detections.label")
    dataset.save()


def others(media):
    fo.Dataset("empty", persistent=True)
    fo.Dataset("Odd  näme_2. (with+all)", persistent=True)
    dataset = fo.Dataset("multimodal", persistent=True)
    dataset.add_sample(fo.Sample(filepath=media.text("multimodal/a.mcap", "\x89MCAP0\r\n")))
    from fiftyone.core.tags import TemporalTag, TemporalTags

    first = dataset.first().id
    TemporalTags(dataset).add([TemporalTag(first, 0, 10, "rain"), TemporalTag(first, 5, 2**40, "night", created_by="me")])


def dump(path):
    """The database as a tar of one file a collection."""
    database = client.get_database(
        DATABASE, codec_options=CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    )
    files, entries = {}, []
    for info in sorted(database.list_collections(), key=lambda info: info["name"]):
        name = info["name"]
        lines = [json_util.dumps(d, json_options=JSON, ensure_ascii=False) for d in database[name].find().sort("_id", 1)]
        files[urllib.parse.quote(name, safe=" ._-") + ".jsonl"] = "".join(line + "\n" for line in lines)
        indexes = sorted((dict(index) for index in database[name].list_indexes()), key=lambda index: index["name"])
        entry = {"name": name, "type": info["type"], "options": info.get("options", {}), "count": len(lines), "indexes": indexes}
        entries.append(json_util.dumps(entry, json_options=JSON, ensure_ascii=False))
    files["_collections.json"] = "[\n" + ",\n".join(entries) + "\n]\n"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(os.path.basename(path).removesuffix(".tar.gz") + "/" + name)
            member.size = len(files[name].encode())
            archive.addfile(member, io.BytesIO(files[name].encode()))


def main():
    if os.path.exists(args.root):
        sys.exit(f"{args.root} exists: the media are made there, and removed afterwards; move it or give another --root")
    try:
        media = example_datasets.Media(args.root)
        made = {make.__name__: make(media) for make in example_datasets.ALL}
        extend_images(made["images"])
        extend_videos(made["videos"])
        others(media)
        dump(os.path.join(args.out, f"fiftyone-{fo.__version__}.tar.gz"))
        print(*sorted(dataset["name"] for dataset in client[DATABASE].datasets.find()), sep="\n")
    finally:
        shutil.rmtree(args.root, ignore_errors=True)
        client.drop_database(DATABASE)


main()
