"""What the interop tests ask of real FiftyOne.

    fiftyone_side.py make DIR        fresh datasets: media in DIR/media, exports in DIR/exports
    fiftyone_side.py describe DIR    imports the export DIR and describes, as JSON on stdout,
                                     every document it holds, each media path as the file behind it

The database is the one that FIFTYONE_DATABASE_URI and FIFTYONE_DATABASE_NAME name.
"""

import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testdata"))

import example_datasets
import fiftyone as fo
from bson import json_util

# The places of media in the datasets of example_datasets.py, spelled out here so
# that the tests do not ask medialift where media are.
MEDIA_KEYS = {"filepath", "thumbnail", "poster", "mask_path", "map_path"}
# FiftyOne gives these anew to what it imports.
IMPORT_KEYS = {"_dataset_id", "created_at", "last_modified_at"}
TYPE = fo.types.FiftyOneDataset


def make(folder):
    media = example_datasets.Media(os.path.join(folder, "media"))
    for build in example_datasets.ALL:
        dataset = build(media)
        for name, options in {
            dataset.name: {"export_media": True},
            dataset.name + "-local": {"export_media": False},
            dataset.name + "-dirs": {"export_media": False, "use_dirs": True},
        }.items():
            dataset.export(os.path.join(folder, "exports", name), dataset_type=TYPE, progress=False, **options)
        dataset.delete()


def describe(folder):
    dataset = fo.Dataset.from_dir(dataset_dir=folder, dataset_type=TYPE, progress=False)
    try:
        paths = []
        described = {
            "media_type": dataset.media_type,
            "samples": documents(dataset._sample_collection, paths),
            "frames": documents(dataset._frame_collection, paths) if dataset._frame_collection is not None else [],
            "masks": masks(dataset),
            "paths": paths,
        }
    finally:
        dataset.delete()
    return described


def documents(collection, paths):
    """The documents as text, in the order of their ids; media paths go to paths."""
    texts = []
    for document in collection.find().sort("_id", 1):
        for key in IMPORT_KEYS:
            document.pop(key, None)
        texts.append(json_util.dumps(by_content(document, paths), json_options=json_util.CANONICAL_JSON_OPTIONS))
    return texts


def by_content(value, paths):
    """value with every media path replaced by a digest of its file."""
    if isinstance(value, list):
        return [by_content(inner, paths) for inner in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, inner in value.items():
        if key in MEDIA_KEYS and isinstance(inner, str):
            paths.append(inner)
            with open(inner, "rb") as file:
                out[key] = "sha256:" + hashlib.sha256(file.read()).hexdigest()
        else:
            out[key] = by_content(inner, paths)
    return out


def masks(dataset):
    """How many masks and maps FiftyOne's own API opens."""
    if dataset.media_type == "group":
        dataset = dataset.select_group_slices(_allow_mixed=True)
    opened = 0
    for sample in dataset.iter_samples():
        holders = [sample]
        if sample.media_type == "video":
            holders += list(sample.frames.values())
        for holder in holders:
            for name in holder.field_names:
                value = holder[name]
                labels = value.detections if isinstance(value, fo.Detections) else [value]
                for label in labels:
                    if getattr(label, "mask_path", None):
                        opened += label.get_mask() is not None
                    if getattr(label, "map_path", None):
                        opened += label.get_map() is not None
    return opened


if __name__ == "__main__":
    command, folder = sys.argv[1:]
    if command == "make":
        make(folder)
    else:
        json.dump(describe(folder), sys.stdout)
