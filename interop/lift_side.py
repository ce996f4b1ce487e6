"""The Python side of the tests of lift: the commands of exchange_side.py, and those
that make more datasets, and that say of a dataset all that FiftyOne knows of it.

Where a database holds a path, what is said of it is a digest of the file or object
behind it: two datasets are the same if only the places of their media differ. Objects
are read with boto3. MEDIALIFT_CLIENT_TYPE is the type of client that this one passes
for, as only such clients are let into databases of their type.
"""

import functools
import hashlib
import json
import os
import posixpath
import tempfile

import boto3
import botocore.config
import exchange_side
import fiftyone as fo
import fiftyone.constants as foc
import fiftyone.migrations as fom
import fiftyone.utils.cvat as fouc
import pymongo
from bson import json_util
from exchange_side import *  # noqa: F403 (commands)
from exchange_side import JSON, example_datasets, rich_datasets, snapshot, walk
from fiftyone import ViewField as F
from fiftyone_side import MEDIA_KEYS

foc.CLIENT_TYPE = os.environ.get("MEDIALIFT_CLIENT_TYPE", foc.CLIENT_TYPE)


# Making


def make_all(folder):
    names = exchange_side.make(folder)
    media = example_datasets.Media(folder)
    more_of_images(fo.load_dataset("image"))
    more_of_groups(fo.load_dataset("group"))
    spatial(media)
    for name in (*names, "spatial"):
        seen(name)  # brings saved views up to date
    return fo.list_datasets()


def more_of_images(dataset):
    dataset.save_view("by weather", dataset.group_by("weather.label"), color="#ff0000")
    dataset.save_view("in turn", dataset.group_by("weather.label", order_by="taken"))
    dataset.save_view("sure", dataset.filter_labels("predictions", F("confidence") > 0.5).select_fields("predictions"))
    schema = {"ground_truth": {"type": "detections", "classes": ["cat", "dog"]}}
    config = fouc.CVATBackendConfig("cvat", schema, url="https://cvat.invalid", task_size=10)
    backend = config.build()
    backend.register_run(dataset, "labelling")
    ids = dataset.values("id")
    frames = {7: {i: {"sample_id": sample} for i, sample in enumerate(ids)}}
    results = fouc.CVATAnnotationResults(
        dataset, config, "labelling", {"ground_truth": {ids[0]: ["a"]}}, {}, [3], [7], {7: [11]}, frames, {"ground_truth": [7]}, backend=backend
    )
    backend.save_run_results(dataset, "labelling", results)


def more_of_groups(dataset):
    dataset.save_view("two slices", dataset.select_group_slices(["left", "right"]))
    dataset.save_view("lidar", dataset.select_group_slices(media_type="point-cloud"))


def spatial(media):
    """Scenes that name all kinds of assets in all ways, and clouds with labels."""
    dataset = fo.Dataset("spatial", persistent=True)
    for i in range(2):
        folder = f"spatial/{i}"
        media.scene(folder, 90 + i)
        far = media.cloud(f"elsewhere/{i}/far.pcd", 95 + i)
        media.text("spatial/shared.bin", "shared")
        gltf = {"asset": {"version": "2.0"}, "buffers": [{"uri": "../shared.bin", "byteLength": 6}]}
        media.text(f"{folder}/model.gltf", json.dumps(gltf))
        made = fo.Scene(camera=fo.PerspectiveCamera(up="Z"))
        made.background = fo.SceneBackground(cube=["texture.png"] * 6)
        made.add(fo.PointCloud("far", far))
        mesh = fo.ObjMesh("mesh", "mesh.obj", "mesh.mtl")
        mesh.add(fo.GltfMesh("model", "model.gltf"))
        made.add(mesh)
        made.write(media.place(f"{folder}/all.fo3d"))
        sample = fo.Sample(filepath=media.place(f"{folder}/all.fo3d"))
        sample["boxes"] = fo.Detections(
            detections=[fo.Detection(label="car", location=[1.5, i, 0], dimensions=[2, 1, float("nan")], rotation=[0, 0.1, 0])]
        )
        sample["lanes"] = fo.Polylines(polylines=[fo.Polyline(label="lane", points3d=[[[0, 0, 0], [1, 1, i]]])])
        sample["projection"] = example_datasets.projection(media, i)
        dataset.add_sample(sample)
    dataset.compute_metadata(num_workers=1)
    dataset.save_view("second", dataset.skip(1))


# Content


@functools.lru_cache(None)
def bucket():
    config = botocore.config.Config(s3={"addressing_style": "path"})
    return boto3.client("s3", config=config)


@functools.lru_cache(None)
def read(path):
    if path.startswith("s3://"):
        name, key = path.removeprefix("s3://").split("/", 1)
        return bucket().get_object(Bucket=name, Key=key)["Body"].read()
    with open(path, "rb") as file:
        return file.read()


@functools.lru_cache(None)
def content(path):
    """What stands for the file or object at a path; scenes, and the files that they
    name, are the same where only the names differ."""
    suffix = posixpath.splitext(path)[1]
    if suffix == ".fo3d":
        return [named(json.loads(read(path)), path), sorted((reference(asset, path) for asset in assets(path)), key=str)]
    if suffix == ".gltf":
        return named(json.loads(read(path)), path)
    if suffix in (".obj", ".mtl"):
        return [beside(line, path) for line in read(path).decode().splitlines()]
    return "sha256:" + hashlib.sha256(read(path)).hexdigest()


def assets(path):
    """What FiftyOne itself finds named in a scene."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.fo3d")
        with open(copy, "wb") as file:
            file.write(read(path))
        return fo.Scene.from_fo3d(copy).get_asset_paths()


def named(value, path):
    if isinstance(value, dict):
        keys = ("Path", "uri", "image", "cube")
        return {k: reference(v, path) if k.endswith(keys) and v else named(v, path) for k, v in value.items()}
    return [named(v, path) for v in value] if isinstance(value, list) else value


def beside(line, path):
    """A line of a text file that may name a file."""
    word, _, rest = line.partition(" ")
    return [word, reference(rest, path)] if word in ("mtllib", "map_Kd") else line


def reference(name, path):
    if isinstance(name, list):
        return [reference(n, path) for n in name]
    if name.startswith("s3://") or name.startswith("/"):
        return content(name)
    scheme, found, rest = path.rpartition("://")
    return content(scheme + found + posixpath.normpath(posixpath.join(posixpath.dirname(rest), name)))


def by_content(value, remote):
    """value with what is behind each media path in its place; where remote, all of
    them must be in the bucket."""
    if isinstance(value, list):
        return [by_content(inner, remote) for inner in value]
    if not isinstance(value, dict):
        return value
    return {k: behind(v, remote) if k in MEDIA_KEYS and isinstance(v, str) and v else by_content(v, remote) for k, v in value.items()}


def behind(path, remote):
    if remote and not path.startswith("s3://"):
        return "not in the bucket: " + path
    return content(path)


def media(name, database=None):
    """All media paths of a dataset, those of its frames too."""
    database = exchange_side.db(database)
    doc, found = database.datasets.find_one({"name": name}), set()

    def look(value):
        for k, v in value.items() if isinstance(value, dict) else ():
            found.add(v) if k in MEDIA_KEYS and isinstance(v, str) else look(v)
        for v in value if isinstance(value, list) else ():
            look(v)

    for key in ("sample_collection_name", "frame_collection_name"):
        if doc.get(key):
            look(list(database[doc[key]].find()))
    return sorted(found)


def create(name, database):
    """Makes the files that a dataset names."""
    for path in media(name, database):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(path)


# Seeing


def plain_json(value):
    return json.loads(json_util.dumps(value, json_options=JSON))


def documents(samples, remote):
    """Everything in the samples and frames of a collection, as FiftyOne reads it."""

    def plain(document):
        doc = document.to_mongo_dict(include_id=True)
        for key in ("_dataset_id", "_rand") if samples._is_generated else ("_dataset_id",):
            doc.pop(key, None)
        return by_content(plain_json(doc), remote)

    found = []
    for sample in samples.iter_samples():
        found.append(plain(sample))
        if sample.media_type == "video":
            found.append({str(number): plain(frame) for number, frame in sample.frames.items()})
    return found


def flat(dataset):
    return dataset.select_group_slices(_allow_mixed=True) if dataset.media_type == "group" else dataset


def label_values(samples):
    """How often each value of each field that can be counted is there."""
    schema = samples.get_field_schema(flat=True)
    if samples._contains_videos(any_slice=True):
        schema.update({"frames." + k: v for k, v in samples.get_frame_field_schema(flat=True).items()})
    counted = {}
    for path, field in schema.items():
        while isinstance(field, fo.ListField):
            field = field.field
        if isinstance(field, (fo.StringField, fo.BooleanField, fo.IntField)) and path.rpartition(".")[2] not in MEDIA_KEYS:
            counted[path] = sorted((str(k), n) for k, n in samples.count_values(path).items())
    return counted


def runs(dataset):
    """The configurations and results of all runs, as FiftyOne loads them."""
    found = {}
    for family, keys, info, load in (
        ("evaluations", dataset.list_evaluations, dataset.get_evaluation_info, dataset.load_evaluation_results),
        ("brain", dataset.list_brain_runs, dataset.get_brain_info, dataset.load_brain_results),
        ("runs", dataset.list_runs, dataset.get_run_info, dataset.load_run_results),
        ("annotations", dataset.list_annotation_runs, dataset.get_annotation_info, dataset.load_annotation_results),
    ):
        for key in keys():
            results = load(key)
            found[f"{family} {key}"] = {
                "info": plain_json(info(key).serialize()),
                "results": None if results is None else [type(results).__name__, plain_json(results.serialize())],
            }
            if family == "evaluations":
                found[f"{family} {key}"]["report"] = str(results.report())
    return found


ATTRIBUTES = (
    "media_type", "group_field", "default_group_slice", "group_slice", "group_media_types", "persistent", "tags", "description", "info",
    "classes", "default_classes", "mask_targets", "default_mask_targets", "created_at", "last_modified_at", "version",
)  # fmt: skip


def seen(name, remote=False):
    """All that FiftyOne says of a dataset."""
    dataset = fo.load_dataset(name)
    everything = flat(dataset)
    views = {}
    for view in dataset.list_saved_views():
        loaded = dataset.load_saved_view(view)
        views[view] = {
            "count": len(loaded),
            "info": {k: v for k, v in dataset.get_saved_view_info(view).items() if k != "last_loaded_at"},
            "documents": documents(loaded, remote),
            "labels": label_values(loaded),
        }
    spaces = {key: dataset.load_workspace(key).to_dict() for key in dataset.list_workspaces()}
    indexes = dataset.get_index_information()
    return json.loads(
        json_util.dumps(
            {
                "samples": documents(everything, remote),
                "ids": everything.values("id"),
                "labels": label_values(everything),
                "tags": [everything.count_sample_tags(), everything.count_label_tags()],
                "schema": {p: f.to_mongo() if hasattr(f, "to_mongo") else str(f) for p, f in [*schemas(dataset)]},
                "attributes": {key: getattr(dataset, key) for key in ATTRIBUTES},
                "app_config": dataset.app_config.to_dict(),
                "skeletons": {k: v.to_dict() for k, v in dataset.skeletons.items()},
                "views": views,
                "workspaces": spaces,
                "workspace_infos": [
                    {k: v for k, v in dataset.get_workspace_info(key).items() if k != "last_loaded_at"} for key in spaces
                ],
                "runs": runs(dataset),
                "indexes": {key: {k: v for k, v in index.items() if k != "ns"} for key, index in indexes.items()},
            },
            json_options=JSON,
        )
    )


def schemas(dataset):
    for path, field in dataset.get_field_schema(flat=True).items():
        yield path, [type(field).__name__, str(field), field.description, field.info, field.read_only]
    if dataset._has_frame_fields():
        for path, field in dataset.get_frame_field_schema(flat=True).items():
            yield "frames." + path, [type(field).__name__, str(field), field.description, field.info, field.read_only]


def see(name, file, remote=False):
    """Writes down all that FiftyOne says of a dataset."""
    forget()
    with open(file, "w") as out:
        json.dump(seen(name, remote), out)


def same(file, name, *without):
    """Where FiftyOne says something else of a lifted dataset than was written down."""
    forget()
    with open(file) as saved:
        before = json.load(saved)
    found = []
    walk(leave(before, without), leave(seen(name, True), without), "", found)
    return found[:20]


def lifted(before, after, how="exact", *without):
    """Where the documents of a dataset and of what became of it differ; each is a
    name and a database. What it is to be without, it must not have."""
    forget()
    a, b = snapshot(*before), snapshot(*after)
    found = [f"there is {key}: {b['dataset'][key]}" for key in without if b["dataset"][key]]
    a, b = ({**s, "dataset": leave(s["dataset"], without)} for s in (a, b))
    a, b = by_content(a, False), by_content(b, True)
    if how != "exact":
        a, b = exchange_side.weaken(a, how), exchange_side.weaken(b, how)
    if how == "migrated" and not a["frames"] and not b["indexes"]["frames"]:
        a["indexes"].pop("frames")  # old versions have an empty collection of frames for all
        b["indexes"].pop("frames")
    walk(a, b, "", found)
    return found[:20]


def leave(value, keys):
    return {k: v for k, v in value.items() if k not in keys}


def forget():
    """Files and objects may have changed."""
    read.cache_clear()
    content.cache_clear()


# Migrating, and using


def migrate(name, database, version):
    """FiftyOne's own migration of one dataset, in another database."""
    fo.list_datasets()  # connects to its own one
    own, fo.config.database_name = fo.config.database_name, database
    try:
        fom.migrate_dataset_if_necessary(name, destination=version)
    finally:
        fo.config.database_name = own


def views(name):
    """The saved views that FiftyOne does not load."""
    dataset, failed = fo.load_dataset(name), []
    for view in dataset.list_saved_views():
        try:
            len(dataset.load_saved_view(view))
        except ValueError:
            failed.append(view)
    return failed


def edit(name):
    """Changes one sample."""
    sample = fo.load_dataset(name).first()
    sample.tags.append("edited")
    sample.save()


def weekend(folder, first, last):
    """A dataset, or more samples of it."""
    files = example_datasets.Media(folder)
    dataset = fo.load_dataset("weekend") if fo.dataset_exists("weekend") else fo.Dataset("weekend", persistent=True)
    for i in range(first, last):
        sample = fo.Sample(filepath=files.image(f"weekend/{i}.png", i))
        sample["segmentation"] = fo.Segmentation(mask_path=files.mask(f"weekend/masks/{i}.png", i))
        dataset.add_sample(sample)
    return media("weekend")


if __name__ == "__main__":
    exchange_side.serve(globals())
