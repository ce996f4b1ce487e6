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
import cv2
import fiftyone as fo
import fiftyone.core.odm.sample as odm_sample
import numpy as np
from fiftyone import ViewField as F
from fiftyone.utils.utils3d import OrthographicProjectionMetadata
from PIL import Image

odm_sample._random.seed(51)
STARTED = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(seconds=5)


# ---- media -------------------------------------------------------------------


def place(path):
    path = os.path.join(ROOT, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def image(path, seed, size=(32, 24)):
    noise = np.random.RandomState(seed).randint(0, 255, (size[1], size[0], 3))
    Image.fromarray(noise.astype(np.uint8)).save(place(path))
    return place(path)


def mask(path, seed, size=(16, 12), values=4):
    noise = np.random.RandomState(seed).randint(0, values, (size[1], size[0]))
    Image.fromarray(noise.astype(np.uint8)).save(place(path))
    return place(path)


def video(path, frames, seed):
    out = cv2.VideoWriter(place(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for i in range(frames):
        frame = np.full((48, 64, 3), 40 * i % 255, np.uint8)
        frame[5:15, 5 + i : 15 + i] = np.random.RandomState(seed).randint(0, 255, 3)
        out.write(frame)
    out.release()
    return place(path)


def text(path, content):
    with open(place(path), "w", newline="\n") as file:
        file.write(content)
    return place(path)


def cloud(path, seed, points=20):
    head = (
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\n"
        f"WIDTH {points}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {points}\nDATA ascii\n"
    )
    rows = np.random.RandomState(seed).rand(points, 3)
    return text(path, head + "".join("%.6f %.6f %.6f\n" % tuple(row) for row in rows))


def scene(folder, seed):
    """A scene beside its assets: a point cloud, and a mesh with a textured material."""
    cloud(f"{folder}/cloud.pcd", seed)
    text(f"{folder}/mesh.obj", f"# {seed}\nmtllib mesh.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl m\nf 1 2 3\n")
    text(f"{folder}/mesh.mtl", f"# {seed}\nnewmtl m\nKd 1 0 0\nmap_Kd texture.png\n")
    image(f"{folder}/texture.png", seed, (4, 4))
    made = fo.Scene(camera=fo.PerspectiveCamera(up="Z"))
    made.add(fo.PointCloud("cloud", "cloud.pcd"))
    made.add(fo.ObjMesh("mesh", "mesh.obj", "mesh.mtl"))
    made.add(fo.SphereGeometry("sphere", radius=0.5))
    made.write(place(f"{folder}/scene.fo3d"))
    return place(f"{folder}/scene.fo3d")


# ---- datasets ----------------------------------------------------------------

# The last name needs escaping in JSON, in URLs and in FiftyOne's own export.
IMAGES = ["train/000001", "train/000002", "train/000003", "val/000004", "val/000005", "val/100% été #6 日本"]


def image_sample(i, name):
    sample = fo.Sample(filepath=image(f"images/{name}.png", i), tags=[name.split("/")[0]])
    # The last two share one thumbnail; the third has none.
    sample["thumbnail"] = None if i == 2 else image(f"thumbnails/{min(i, 4):06d}.png", min(i, 4), (8, 6))
    sample["ground_truth"] = fo.Detections(
        detections=[
            fo.Detection(
                label=["cat", "dog"][j % 2],
                bounding_box=[0.1 * j, 0.05 * i, 0.2, 0.25],
                mask_path=mask(f"instances/{i:06d}_{j}.png", 10 * i + j, values=2) if j else None,
                mask=np.random.RandomState(i).rand(6, 8) > 0.5 if j == 0 else None,
            )
            for j in range(3)
        ]
    )
    sample["predictions"] = fo.Detections(
        detections=[fo.Detection(label="cat", bounding_box=[0.1, 0.1, 0.2, 0.2], confidence=0.9)]
    )
    sample["best"] = fo.Detection(
        label="cat", bounding_box=[0, 0, 1, 1], mask_path=mask(f"best/{i:06d}.png", i, values=2)
    )
    sample["segmentation"] = fo.Segmentation(mask_path=mask(f"segmentations/{i:06d}.png", i))
    sample["heatmap"] = fo.Heatmap(map_path=mask(f"heatmaps/{i:06d}.png", i, values=255), range=[0, 255])
    sample["keypoints"] = fo.Keypoints(
        keypoints=[fo.Keypoint(points=[(0.1, 0.2), (float("nan"), float("nan"))], confidence=[0.9, 0.0])]
    )
    sample["weather"] = fo.Classification(label=["sunny", "rainy"][i % 2], confidence=float("inf") if i == 5 else 0.5)
    sample["weather_guess"] = fo.Classification(label=["sunny", "rainy"][i // 3], confidence=0.25)
    sample["count"] = 2**40 if i == 5 else i
    sample["taken"] = datetime(1969, 12, 31, 23, 59, 59, 500_000) if i == 0 else datetime(2024, 2, 29, 12, 30, i)
    # A path that no schema calls media: nothing may touch it.
    sample["note"] = place(f"images/{name}.png")
    return sample


def images():
    dataset = fo.Dataset("image", persistent=True)
    dataset.add_samples([image_sample(i, name) for i, name in enumerate(IMAGES)], dynamic=True)
    dataset.compute_metadata(num_workers=1)
    dataset.info = {"root": ROOT, "größe": 1.5}
    dataset.app_config.media_fields = ["filepath", "thumbnail"]
    dataset.app_config.grid_media_field = "thumbnail"
    dataset.save()
    dataset.save_view("cats", dataset.filter_labels("ground_truth", F("label") == "cat"))
    dataset.evaluate_classifications("weather_guess", gt_field="weather", eval_key="guess", progress=False)
    return dataset


def videos():
    dataset = fo.Dataset("video", persistent=True)
    for i, frames in enumerate([4, 3, 0]):
        sample = fo.Sample(filepath=video(f"videos/clip_{i}.mp4", 6, i), tags=["clip"])
        sample["poster"] = image(f"posters/{i}.png", i, (8, 6))
        sample["events"] = fo.TemporalDetections(detections=[fo.TemporalDetection(label="pass", support=[1, 3])])
        for k in range(1, frames + 1):
            sample.frames[k] = fo.Frame(
                filepath=image(f"frames/clip_{i}/{k:06d}.png", 10 * i + k, (16, 12)),
                segmentation=fo.Segmentation(mask_path=mask(f"frame-masks/clip_{i}/{k:06d}.png", 10 * i + k)),
                cars=fo.Detections(
                    detections=[
                        fo.Detection(
                            label="car",
                            bounding_box=[0.1, 0.1, 0.05 * k, 0.1],
                            mask_path=mask(f"frame-instances/clip_{i}/{k:06d}.png", k, values=2) if k == 2 else None,
                        )
                    ]
                ),
                speed=1.5 * k,
            )
        dataset.add_sample(sample)
    dataset.app_config.media_fields = ["filepath", "poster"]
    dataset.save()
    return dataset


def projection(i):
    return OrthographicProjectionMetadata(
        filepath=image(f"groups/projections/{i:06d}.png", 70 + i, (16, 16)),
        min_bound=(0.0, 0.0),
        max_bound=(1.0, 1.0),
        width=16,
        height=16,
    )


def groups():
    dataset = fo.Dataset("group", persistent=True)
    dataset.add_group_field("group", default="left")
    for i in range(2):
        group = fo.Group()
        left = fo.Sample(filepath=image(f"groups/left/{i:06d}.png", i), group=group.element("left"))
        left["segmentation"] = fo.Segmentation(mask_path=mask(f"groups/masks/{i:06d}.png", i))
        right = fo.Sample(filepath=image(f"groups/right/{i:06d}.png", 50 + i), group=group.element("right"))
        lidar = fo.Sample(filepath=cloud(f"groups/lidar/{i:06d}.pcd", i), group=group.element("lidar"))
        lidar["projection"] = projection(i)
        stage = fo.Sample(filepath=scene(f"groups/scenes/{i:06d}", i), group=group.element("scene"))
        clip = fo.Sample(filepath=video(f"groups/clips/{i:06d}.mp4", 3, i), group=group.element("clip"))
        clip.frames[1] = fo.Frame(
            segmentation=fo.Segmentation(mask_path=mask(f"groups/clip-masks/{i:06d}.png", i)),
        )
        dataset.add_samples([left, right, lidar, stage, clip])
    dataset.save_view("left", dataset.select_group_slices("left"))
    return dataset


def duplicates():
    dataset = fo.Dataset("duplicates", persistent=True)
    for seed, folder in enumerate(["cam_a", "cam_b", "cam_a/night"]):
        for i in range(2):
            sample = fo.Sample(filepath=image(f"duplicates/{folder}/{i:06d}.png", 10 * seed + i))
            path = mask(f"duplicates-masks/{folder}/{i:06d}.png", 10 * seed + i)
            sample["segmentation"] = fo.Segmentation(mask_path=path)
            dataset.add_sample(sample)
    return dataset


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
        made = {make.__name__: make() for make in (images, videos, groups, duplicates)}
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
