"""What only a database has, for the datasets of example_datasets.py: views,
workspaces, runs with results, indexes, temporal tags; and datasets of every type
of field. Shared by make_database.py and the interop tests."""

import datetime

import bson
import fiftyone as fo
import fiftyone.brain as fob
import numpy as np
from fiftyone import ViewField as F


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


def everything(media):
    """A field of every type that FiftyOne has, with the values that are odd."""
    dataset = fo.Dataset("every field", persistent=True)
    for i in range(4):
        sample = fo.Sample(filepath=media.image(f"everything/{i}.png", i), tags=["ünï", "two words"][: i % 3])
        sample["text"] = ["", "première", "a\nb\t\"c\" \\ \u2028", "🦊"][i]
        sample["truth"], sample["integer"] = i % 2 == 0, [0, -1, 2**31 - 1, 2**62][i]
        sample["number"] = [0.5, float("nan"), float("-inf"), 1e-300][i]
        sample["day"], sample["moment"] = datetime.date(1924, 1, 1 + i), datetime.datetime(1, 1, 1 + i, 10, 20, 30, 456000)
        sample["numbers"], sample["words"] = [1.5 * i, float("nan")], ["a", "b"][: i % 3]
        sample["table"] = {"a": i, "b": [1, None, {"c": "x"}], "when": datetime.datetime(2020, 2, 29)}
        sample["vector"], sample["array"] = np.random.RandomState(i).rand(8), np.arange(6, dtype=np.int16).reshape(2, 3)
        sample["regression"] = fo.Regression(value=i * 1.5)
        sample["classes"] = fo.Classifications(classifications=[fo.Classification(label="cat", logits=np.array([0.1, 0.9]))])
        sample["lines"] = fo.Polylines(polylines=[fo.Polyline(label="lane", points=[[(0.1, 0.1), (0.2, 0.3)], [(0, 0)]], closed=True)])
        sample["place"] = fo.GeoLocation(point=[-73.9, 40.7], polygon=[[[0, 0], [1, 0], [1, 1], [0, 0]]])
        sample["places"] = fo.GeoLocations(points=[[-73.9, 40.7], [1.5, 2]])
        sample["mask"] = fo.Segmentation(mask=np.random.RandomState(i).randint(0, 3, (6, 8)).astype(np.uint8))
        sample["map"] = fo.Heatmap(map=np.random.RandomState(i).rand(4, 5).astype(np.float32), range=[0.0, 1.0])
        sample["nested"] = fo.DynamicEmbeddedDocument(a=i, b=fo.DynamicEmbeddedDocument(c=[1, 2], d=None), e=[fo.DynamicEmbeddedDocument(x=1)])
        detection = fo.Detection(label="chien d'été", bounding_box=[0, 0, 1, 1], index=i, tags=["hard"])
        detection["area"], detection.instance = 12.5, fo.Instance()
        sample["boxes"] = fo.Detections(detections=[detection])
        dataset.add_sample(sample)
    raw(dataset)
    dataset.info = {"n": 3, "big": 2**40, "none": None, "list": [1, "two", {"x": 1.5}], "when": datetime.datetime(2024, 2, 29, 12, 30, 15, 123000)}
    dataset.classes, dataset.default_classes = {"boxes": ["chien d'été"]}, ["a", "b"]
    dataset.mask_targets = {"mask": {0: "none", 255: "all"}}
    dataset.app_config.plugins = {"map": {"clustering": False}}
    dataset.app_config.media_fields = ["filepath", "text"]
    dataset.save()
    dataset.set_label_schemas(dataset.generate_label_schemas(["boxes", "truth"]))
    dataset.save_view("one", dataset.match(F("truth")).limit(1))
    dataset.save_workspace("columns", fo.Space(children=[fo.Panel(type="Samples"), fo.Panel(type="Histograms", state={"plot": "Labels"})]))
    dataset.create_index("text")


def raw(dataset):
    """Values that FiftyOne's own setters would change: a small int64, and an id."""
    dataset.add_sample_field("long", fo.IntField)
    dataset.add_sample_field("reference", fo.ObjectIdField)
    for i, document in enumerate(dataset._sample_collection.find().sort("_id", 1)):
        values = {"long": bson.Int64(5 + i), "_reference": bson.ObjectId()}
        dataset._sample_collection.update_one({"_id": document["_id"]}, {"$set": values})
    dataset.reload()
