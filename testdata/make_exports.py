#!/usr/bin/env python3
"""make_exports.py: writes testdata/media and testdata/exports with real FiftyOne.

    python testdata/make_exports.py [--root /srv/vision] [--out testdata]

Needs FiftyOne 1.22.1 and a MongoDB that it may use (FIFTYONE_DATABASE_URI); the
database "medialift_testdata" there is dropped before and after. "make interop"
leaves a fitting virtual environment behind, see interop/setup.sh.

The media are made below ROOT, a directory that must not exist and is removed at
the end: the exports name it, so it must be the same on every machine. Ids and
dates are fixed, so that a second run writes the same bytes.
"""

import argparse
import itertools
import json
import os
import shutil
import struct
import sys
import uuid
from datetime import datetime, timedelta, timezone

if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets, and so of schemas
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
args.add_argument("--root", default="/srv/vision")
args.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)))
args = args.parse_args()
ROOT = args.root
DATABASE = "medialift_testdata"
os.environ["FIFTYONE_DATABASE_NAME"] = DATABASE
os.environ.setdefault("FIFTYONE_DATABASE_VALIDATION", "false")
os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true")

import bson
import pymongo

# Ids count up from a fixed one.
_ids = itertools.count(1)


def counting_id(stamp=1_700_000_000, ids=_ids):
    return struct.pack(">I", stamp) + b"media" + struct.pack(">I", next(ids))[1:]


def _generate(self):
    self._ObjectId__id = counting_id()


bson.ObjectId._ObjectId__generate = _generate
_uuids = itertools.count(1)
uuid.uuid4 = lambda: uuid.UUID(int=next(_uuids), version=4)

database = pymongo.MongoClient(os.environ["FIFTYONE_DATABASE_URI"])
database.drop_database(DATABASE)
database = database[DATABASE]

import bson.json_util as json_util
import fiftyone as fo
import fiftyone.core.odm.sample as odm_sample

sys.dont_write_bytecode = True
import example_datasets

odm_sample._random.seed(51)
STARTED = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(seconds=5)


# ---- sameness ----------------------------------------------------------------


def fix_server_ids():
    """Frames are upserted, so that the server makes their ids: count those too."""
    ids = itertools.count(1)
    for name in sorted(n for n in database.list_collection_names() if n.startswith("frames.")):
        frames = sorted(database[name].find(), key=lambda d: (d["_sample_id"], d["frame_number"]))
        database[name].delete_many({})
        for frame in frames:
            frame["_id"] = bson.ObjectId(counting_id(1_700_000_100, ids))
        if frames:
            database[name].insert_many(frames)


def fix_dates():
    """Every date of today becomes one fixed date."""

    def fixed(value):
        if isinstance(value, datetime) and value >= STARTED:
            return datetime(2026, 1, 2, 3, 4, 5, 678_000)
        if isinstance(value, dict):
            return {key: fixed(inner) for key, inner in value.items()}
        return [fixed(inner) for inner in value] if isinstance(value, list) else value

    for name in database.list_collection_names():
        for document in database[name].find():
            database[name].replace_one({"_id": document["_id"]}, fixed(document))


# ---- exports -----------------------------------------------------------------


def export(dataset, name, **options):
    folder = os.path.join(args.out, "exports", name)
    dataset.export(export_dir=folder, dataset_type=fo.types.FiftyOneDataset, progress=False, **options)


def export_legacy(dataset, name):
    """As FiftyOne wrote with pymongo 3, whose default was legacy extended JSON."""
    saved = json_util.DEFAULT_JSON_OPTIONS
    json_util.DEFAULT_JSON_OPTIONS = json_util.LEGACY_JSON_OPTIONS
    try:
        export(dataset, name, export_media=False)
    finally:
        json_util.DEFAULT_JSON_OPTIONS = saved


def main():
    if os.path.exists(ROOT):
        sys.exit(f"{ROOT} exists: the media are made there, and removed afterwards; move it or give another --root")
    for made in ("media", "exports"):
        shutil.rmtree(os.path.join(args.out, made), ignore_errors=True)
    try:
        made = {make.__name__: make(example_datasets.Media(ROOT)) for make in example_datasets.ALL}
        fix_server_ids()
        for dataset in made.values():
            dataset.reload()
        fix_dates()
        export(made["images"], "image", export_media=True)
        export(made["images"], "image-local", export_media=False)
        export(made["images"], "image-reldir", export_media=False, rel_dir=ROOT)
        export(made["images"], "image-dirs", export_media=False, use_dirs=True)
        export(made["videos"], "video", export_media=True)
        export(made["videos"], "video-local", export_media=False)
        export(made["videos"], "video-dirs", export_media=False, use_dirs=True)
        export(made["groups"], "group", export_media=True)
        export(made["groups"], "group-local", export_media=False)
        export(made["duplicates"], "duplicates", export_media=False)
        export_legacy(made["images"], "legacy-v1")
        shutil.copytree(ROOT, os.path.join(args.out, "media"))
    finally:
        shutil.rmtree(ROOT, ignore_errors=True)
        database.client.drop_database(DATABASE)
    made = sorted(os.listdir(os.path.join(args.out, "exports")))
    print(json.dumps({"fiftyone": fo.__version__, "pymongo": pymongo.version, "exports": made}))


main()
