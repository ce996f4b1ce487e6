"""Makes rich datasets with the FiftyOne that runs it, through that version's own API.

    make_side.py MEDIA        media are written below MEDIA

The database is the one that FIFTYONE_DATABASE_URI and FIFTYONE_DATABASE_NAME name; it is
emptied first. Prints {"made": [datasets], "skipped": {what: why}} as JSON on the last
line: what this version does not have is skipped.
"""

import json
import os
import sys
from datetime import date, datetime

import cv2
import numpy as np
import pymongo

NAME = os.environ["FIFTYONE_DATABASE_NAME"]
pymongo.MongoClient(os.environ["FIFTYONE_DATABASE_URI"]).drop_database(NAME)

import fiftyone as fo
import fiftyone.brain as fob
import fiftyone.constants as foc
import fiftyone.core.odm as foo
from fiftyone import ViewField as F

MEDIA = sys.argv[1]
noise = np.random.RandomState(51)
skipped = {}


def attempt(what, make):
    """Makes something that this version may not have."""
    try:
        return make()
    except Exception as error:
        skipped[what] = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:100])


def path(name):
    name = os.path.join(MEDIA, name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    return name


def image(name):
    name = path(name)
    cv2.imwrite(name, noise.randint(0, 255, (16, 20, 3)).astype(np.uint8))
    return name


def video(name, frames=6):
    name = path(name)
    writer = cv2.VideoWriter(name, cv2.VideoWriter_fourcc(*"mp4v"), 5, (32, 32))
    for number in range(frames):
        writer.write(np.full((32, 32, 3), 20 * number, np.uint8))
    writer.release()
    return name


def cloud(name):
    name = path(name)
    head = "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\nDATA ascii\n"
    with open(name, "w") as f:
        f.write(head + "0 0 0\n1 2 3\n")
    return name


def boxes(seed, scores):
    labels = ["car", "van", "tram"]
    made = []
    for n in range(3):
        box = fo.Detection(label=labels[(seed + n) % 3], bounding_box=[0.1 + 0.2 * n, 0.2, 0.15, 0.3], index=n)
        if scores:
            box.confidence = 0.9 - 0.2 * n
        made.append(box)
    return fo.Detections(detections=made)


def traffic_sample(n):
    sample = fo.Sample(filepath=image("traffic/%s/%d.png" % ("xy"[n % 2], n)), tags=["train" if n % 2 else "test"])
    sample["truth"] = boxes(n, False)
    sample["truth"].detections[0]["occluded"] = n % 2 == 0
    sample["truth"].detections[0]["attributes_of_mine"] = {"deep": [1, {"er": None}]}
    sample["truth"].detections[1].mask = noise.rand(3, 4) > 0.5
    sample["truth"].detections[2].tags = ["unsure"]
    sample["guess"] = boxes(n + n % 2, True)
    sample["sky"] = fo.Classification(label="grey" if n % 2 else "blue")
    sample["sky_guess"] = fo.Classification(label="grey", confidence=0.4 + n / 20, logits=np.array([0.3, 0.7]))
    sample["kinds"] = fo.Classifications(classifications=[fo.Classification(label="k%d" % k) for k in range(2)])
    sample["lanes"] = fo.Polylines(polylines=[fo.Polyline(label="lane", points=[[(0, 0.1), (1, 0.2)], [(0.5, 0.5), (0.6, 0.7)]], closed=True, filled=True)])
    sample["lane"] = fo.Polyline(label="one", points=[[(0, 0), (1, 1)]])
    sample["joints"] = fo.Keypoints(keypoints=[fo.Keypoint(label="body", points=[(0.2, 0.3), (float("nan"), float("nan"))])])
    sample["joint"] = fo.Keypoint(label="head", points=[(0.5, 0.5)])
    sample["areas"] = fo.Segmentation(mask=noise.randint(0, 3, (4, 5)).astype(np.uint8))
    sample["areas_guess"] = fo.Segmentation(mask=noise.randint(0, 3, (4, 5)).astype(np.uint8))
    attempt("heatmap", lambda: sample.set_field("heat", fo.Heatmap(map=noise.rand(3, 3), range=[0, 1])))
    attempt("regression", lambda: (sample.set_field("age", fo.Regression(value=float(n))), sample.set_field("age_guess", fo.Regression(value=n + 0.5, confidence=0.5))))
    sample["place"] = fo.GeoLocation(point=[8 + n, 47], line=[[1, 2], [3, 4]], polygon=[[[1, 2], [3, 4], [5, 6], [1, 2]]])
    sample["places"] = fo.GeoLocations(points=[[1, 2], [3, 4]])
    sample["preview"] = image("traffic/preview/%d.png" % n)
    sample["number"] = 2**40 + n
    sample["share"] = float("inf") if n == 2 else n / 7
    sample["good"] = n % 2 == 0
    sample["words"] = ["one", "two"]
    sample["vector"] = np.arange(3) / (n + 1.0)
    sample["matrix"] = np.eye(2)
    sample["extra"] = {"when": datetime(2001, 2, 3, 4, 5, 6), "list": [None, 1.5]}
    if n != 3:
        sample["remark"] = "r%d" % n
    attempt("dates", lambda: (sample.set_field("day", date(1969, 12, 31)), sample.set_field("moment", datetime(2020, 1, 2, 3, 4, 5, 678000))))
    attempt("embedded document", lambda: sample.set_field("lens", fo.DynamicEmbeddedDocument(name="wide", f=2.8, made=[fo.DynamicEmbeddedDocument(n=k) for k in range(2)])))
    return sample


def traffic():
    dataset = fo.Dataset("traffic: day 1", persistent=True)
    dataset.add_samples([traffic_sample(n) for n in range(6)])
    attempt("metadata", dataset.compute_metadata)
    attempt("dynamic fields", lambda: dataset.add_dynamic_sample_fields(fields=["truth", "lens"]))
    for name, kind in (("unset", fo.FloatField), ("reference", getattr(fo, "ObjectIdField", None)), ("options", fo.DictField)):
        attempt("field " + name, lambda: dataset.add_sample_field(name, kind))
    attempt("field of a label", lambda: dataset.add_sample_field("truth.detections.colour", fo.StringField))
    describe(dataset)
    views(dataset)
    runs(dataset)
    attempt("clone", lambda: dataset.clone("traffic again").__setattr__("persistent", True))


def describe(dataset):
    """What a dataset's document says."""

    def put(what, **values):
        def do():
            for name, value in values.items():
                if not hasattr(type(dataset), name):
                    raise AttributeError(name)
                setattr(dataset, name, value)
            dataset.save()

        attempt(what, do)

    put("info", info={"owner": {"id": 5, "more": [None, {"x": 0.5}]}})
    put("classes", classes={"truth": ["car", "van", "tram"]}, default_classes=["car"])
    put("mask targets", mask_targets={"areas": {1: "road", 2: "wall"}}, default_mask_targets={1: "road"})
    if hasattr(fo, "KeypointSkeleton"):
        skeleton = fo.KeypointSkeleton(labels=["head", "foot"], edges=[[0, 1]])
        put("skeletons", skeletons={"joints": skeleton}, default_skeleton=skeleton)
    put("tags", tags=["eu", "v2"])
    put("description", description="what a camera saw")

    def fields():
        field = dataset.get_field("truth")
        field.description, field.info = "by people", {"team": "a"}
        field.save()

    def read_only():
        field = dataset.get_field("remark")
        if not hasattr(field, "read_only"):
            raise AttributeError("read_only")
        field.read_only = True
        field.save()

    def app():
        config = dataset.app_config
        config.media_fields, config.grid_media_field = ["filepath", "preview"], "preview"
        config.plugins = {"map": {"clustering": False}}
        dataset.save()

    def sidebar():
        dataset.app_config.sidebar_groups = fo.DatasetAppConfig.default_sidebar_groups(dataset)
        dataset.app_config.sidebar_groups[0].expanded = False
        dataset.save()

    def colours():
        fields = [{"path": "truth", "colorByAttribute": "label", "valueColors": [{"value": "car", "color": "#00ff00"}]}]
        dataset.app_config.color_scheme = fo.ColorScheme(color_pool=["#123456"], fields=fields)
        dataset.save()

    def old_sidebar():
        if not hasattr(type(dataset), "app_sidebar_groups"):
            raise AttributeError("app_sidebar_groups")
        dataset.app_sidebar_groups = [foo.SidebarGroupDocument(name="mine", paths=["truth"])]
        dataset.save()

    for what, make in (("fields' descriptions", fields), ("read-only field", read_only), ("app's settings", app), ("sidebar", sidebar), ("colours", colours), ("old sidebar", old_sidebar)):
        attempt(what, make)
    attempt("indexes", lambda: (dataset.create_index("remark"), dataset.create_index("truth.detections.label")))


def views(dataset):
    for name, make in (
        ("grey", lambda: dataset.match(F("sky.label") == "grey")),
        ("two", lambda: dataset.select([sample.id for sample in dataset.limit(2)])),
        ("cars", lambda: dataset.filter_labels("truth", F("label") == "car").sort_by("number", reverse=True)),
        ("patches", lambda: dataset.to_patches("truth")),
        ("by sky", lambda: dataset.group_by("sky.label")),
    ):
        attempt("view " + name, lambda: dataset.save_view(name, make()))
    attempt("workspace", lambda: dataset.save_workspace("grid", fo.Space(children=[fo.Panel(type="Samples", pinned=True)])))


def runs(dataset):
    points = noise.rand(len(dataset), 5)
    attempt("evaluation of detections", lambda: dataset.evaluate_detections("guess", gt_field="truth", eval_key="boxes", compute_mAP=True))
    attempt("evaluation of a view", lambda: dataset.limit(3).evaluate_detections("guess", gt_field="truth", eval_key="part"))
    attempt("view of an evaluation", lambda: dataset.save_view("mistakes", dataset.to_evaluation_patches("boxes")))
    attempt("evaluation of classes", lambda: dataset.evaluate_classifications("sky_guess", gt_field="sky", eval_key="skies"))
    attempt("evaluation of masks", lambda: dataset.evaluate_segmentations("areas_guess", gt_field="areas", eval_key="masks"))
    attempt("evaluation of numbers", lambda: dataset.evaluate_regressions("age_guess", gt_field="age", eval_key="ages"))
    attempt("similarity", lambda: fob.compute_similarity(dataset, embeddings=points, brain_key="likeness"))
    attempt("visualization", lambda: fob.compute_visualization(dataset, embeddings=points, brain_key="plot", method="pca"))
    attempt("uniqueness", lambda: fob.compute_uniqueness(dataset, embeddings=points))
    attempt("hardness", lambda: fob.compute_hardness(dataset, "sky_guess"))
    attempt("mistakenness", lambda: fob.compute_mistakenness(dataset, "sky_guess", label_field="sky"))

    def custom():
        dataset.register_run("mine", dataset.init_run(tool="t", factor=1.5))
        dataset.save_run_results("mine", dataset.init_run_results("mine", scores=[1, 2.5]))

    attempt("custom run", custom)

    def annotation():
        config = {
            "cls": "fiftyone.utils.cvat.CVATBackendConfig", "name": "cvat", "method": "cvat", "media_field": "filepath", "url": "http://cvat",
            "label_schema": {"truth": {"type": "detections", "classes": ["car"]}},
        }
        values = {"key": "task", "version": foc.VERSION, "timestamp": datetime(2021, 1, 2), "config": config, "view_stages": []}
        if "dataset_id" in foo.RunDocument._fields:
            values["dataset_id"] = dataset._doc.id
        run = foo.RunDocument(**values)
        if "dataset_id" in foo.RunDocument._fields:
            run.save(upsert=True)
        dataset._doc.annotation_runs["task"] = run
        dataset._doc.save()

    attempt("annotation run", annotation)


def footage():
    dataset = fo.Dataset("footage", persistent=True)
    samples = []
    for n in range(3):
        sample = fo.Sample(filepath=video("footage/%d.mp4" % n))
        attempt("events", lambda: sample.set_field("events", fo.TemporalDetections(detections=[fo.TemporalDetection(label="e%d" % k, support=[1 + k, 3 + k]) for k in range(2)])))
        for number in () if n == 2 else (1, 2, 5):
            frame = fo.Frame(objects=boxes(number, False), state=fo.Classification(label="s%d" % number), level=number / 4)
            frame["areas"] = fo.Segmentation(mask=np.ones((2, 3), np.uint8))
            frame["objects"].detections[0]["key"] = number == 1
            sample.frames[number] = frame
        samples.append(sample)
    dataset.add_samples(samples)
    attempt("videos' metadata", dataset.compute_metadata)
    attempt("dynamic fields of frames", lambda: dataset.add_dynamic_frame_fields(fields=["objects"]))
    attempt("view of clips", lambda: dataset.save_view("clips", dataset.to_clips("events")))
    attempt("view of frames", lambda: dataset.save_view("frames", dataset.to_frames(sample_frames=True, output_dir=path("footage/frames"))))
    attempt("view of trajectories", lambda: dataset.save_view("tracks", dataset.to_trajectories("frames.objects")))
    attempt("dataset of clips", lambda: dataset.to_clips("events").clone("clips of footage").__setattr__("persistent", True))
    attempt("evaluation of frames", lambda: dataset.evaluate_detections("frames.objects", gt_field="frames.objects", eval_key="frames"))


def rig():
    dataset = fo.Dataset("rig-1", persistent=True)
    dataset.add_group_field("views", default="left")
    samples = []
    for n in range(2):
        group = fo.Group()
        samples.append(fo.Sample(filepath=image("rig/l%d.png" % n), views=group.element("left"), sky=fo.Classification(label="blue")))
        samples.append(fo.Sample(filepath=image("rig/r%d.png" % n), views=group.element("right")))
        film = fo.Sample(filepath=video("rig/%d.mp4" % n), views=group.element("film"))
        film.frames[1] = fo.Frame(state=fo.Classification(label="s"))
        samples.append(film)
        box = fo.Detection(label="c", location=[1, 2, 3], dimensions=[1, 1, 2], rotation=[0, 0, 0.5])
        samples.append(fo.Sample(filepath=cloud("rig/%d.pcd" % n), views=group.element("cloud"), solids=fo.Detections(detections=[box])))
    dataset.add_samples(samples)
    attempt("dynamic fields of groups", lambda: dataset.add_dynamic_sample_fields(fields=["solids"]))
    attempt("view of a slice", lambda: dataset.save_view("left", dataset.select_group_slices("left")))


def solids():
    dataset = fo.Dataset("points", persistent=True)
    line = fo.Polyline(label="l", points3d=[[[0, 0, 0], [1, 1, 1]]])
    dataset.add_samples([fo.Sample(filepath=cloud("points/0.pcd"), lines=fo.Polylines(polylines=[line]))])


def scenes():
    dataset = fo.Dataset("scenes", persistent=True)
    scene = fo.Scene()
    scene.add(fo.PointCloud("cloud", cloud("scenes/0.pcd")))
    scene.write(path("scenes/0.fo3d"))
    dataset.add_samples([fo.Sample(filepath=path("scenes/0.fo3d"))])


def odd():
    fo.Dataset("empty", persistent=True)
    dataset = fo.Dataset("schema only", persistent=True)
    dataset.add_sample_field("a", fo.IntField)
    dataset.add_sample_field("b", fo.EmbeddedDocumentField, embedded_doc_type=fo.Detections)
    dataset = fo.Dataset("größe 日本", persistent=True)
    dataset.add_samples([fo.Sample(filepath=image("odd/ü.png"), label=fo.Classification(label="日本"))])
    dataset = fo.Dataset("emptied", persistent=True)
    dataset.add_samples([fo.Sample(filepath=image("odd/0.png"), x=1)])
    attempt("deleting samples", lambda: dataset.delete_samples([dataset.first().id]))


for make in (traffic, footage, rig, solids, scenes, odd):
    attempt("dataset " + make.__name__, make)
print(json.dumps({"made": fo.list_datasets(), "skipped": skipped}))
sys.stdout.flush()
os._exit(0)  # FiftyOne's own end may wait for a service
