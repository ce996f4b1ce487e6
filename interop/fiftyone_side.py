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
            if dataset.name == "group":
                absolute_scenes(os.path.join(folder, "media"))
        dataset.delete()


def absolute_scenes(media):
    """Has the scenes name their assets by absolute paths, as FiftyOne offers."""
    for folder, _, names in os.walk(media):
        for path in (os.path.join(folder, name) for name in names if name.endswith(".fo3d")):
            scene = fo.Scene.from_fo3d(path)
            scene.background = fo.SceneBackground(cube=["texture.png"] * 6)
            scene.write(path, resolve_relative_paths=True)


def describe(folder):
    dataset = fo.Dataset.from_dir(dataset_dir=folder, dataset_type=TYPE, progress=False)
    try:
        paths, assets = [], []
        described = {
            "media_type": dataset.media_type,
            "samples": documents(dataset._sample_collection, paths, assets),
            "frames": documents(dataset._frame_collection, paths, assets) if dataset._frame_collection is not None else [],
            "masks": masks(dataset),
            "paths": paths,
            "assets": assets,
        }
    finally:
        dataset.delete()
    return described


def documents(collection, paths, assets):
    """The documents as text, in the order of their ids; media paths go to paths, those of scenes' assets to assets."""
    texts = []
    for document in collection.find().sort("_id", 1):
        for key in IMPORT_KEYS:
            document.pop(key, None)
        texts.append(json_util.dumps(by_content(document, paths, assets), json_options=json_util.CANONICAL_JSON_OPTIONS))
    return texts


def by_content(value, paths, assets):
    """value with every media path replaced by a digest of its file."""
    if isinstance(value, list):
        return [by_content(inner, paths, assets) for inner in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, inner in value.items():
        if key in MEDIA_KEYS and isinstance(inner, str):
            paths.append(inner)
            out[key] = by_assets(inner, assets) if inner.endswith(".fo3d") else digest(inner)
        else:
            out[key] = by_content(inner, paths, assets)
    return out


def by_assets(path, assets):
    """A digest of every asset that FiftyOne finds in a scene."""
    folder = os.path.dirname(path)
    found = [os.path.abspath(os.path.join(folder, asset)) for asset in fo.Scene.from_fo3d(path).get_asset_paths()]
    assets.extend(found)
    return sorted(digest(asset) for asset in found)


def digest(path):
    with open(path, "rb") as file:
        return "sha256:" + hashlib.sha256(file.read()).hexdigest()


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
