#!/usr/bin/env python3
"""make_database.py: writes testdata/databases/fiftyone-1.22.1.tar.gz, a database
that real FiftyOne made, in the form that internal/mongotest reads.

    python testdata/make_database.py [--out testdata/databases]

Needs FiftyOne 1.22.1 and a MongoDB that it may use (FIFTYONE_DATABASE_URI), as
make_exports.py does; the database "medialift_testdata" there is dropped before
and after. The datasets are those of example_datasets.py and of rich_datasets.py;
their media are made below /srv/vision and removed. Ids and dates are of the day:
tests go by names.
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
from bson.codec_options import CodecOptions, DatetimeConversion

sys.dont_write_bytecode = True
import example_datasets
import rich_datasets

JSON = json_util.CANONICAL_JSON_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


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
        rich_datasets.extend_images(made["images"])
        rich_datasets.extend_videos(made["videos"])
        rich_datasets.others(media)
        dump(os.path.join(args.out, f"fiftyone-{fo.__version__}.tar.gz"))
        print(*sorted(dataset["name"] for dataset in client[DATABASE].datasets.find()), sep="\n")
    finally:
        shutil.rmtree(args.root, ignore_errors=True)
        client.drop_database(DATABASE)


main()
