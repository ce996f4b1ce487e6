"""The Python side of the tests of plans: real FiftyOne makes datasets that a plan has to
look at twice, and reads what medialift made of them."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bson
import exchange_side
import fiftyone as fo
from exchange_side import TYPE, db, delete, export, from_dir, load, names  # noqa: F401 (commands)
from kept_side import png


def make_plain(folder, name):
    """Paths in fields that nothing calls media: plain, in a document, a label, a list."""
    dataset = fo.Dataset(name, persistent=True)
    samples = []
    for i in range(3):
        sample = fo.Sample(filepath=png(folder, "rgb", f"{i}.png"))
        sample["hsi_filepath"] = png(folder, "hsi", f"{i}.png")
        sample["info"] = fo.DynamicEmbeddedDocument(depth=png(folder, "depth", f"{i}.png"))
        detection = fo.Detection(label="x", bounding_box=[0, 0, 1, 1])
        detection["crop"] = png(folder, "crop", f"{i}.png")
        sample["gt"] = fo.Detections(detections=[detection])
        sample["views"] = [png(folder, "views", f"{i}-{j}.png") for j in range(2)]
        samples.append(sample)
    dataset.add_samples(samples, dynamic=True)


def make_merged(folder, name):
    """What merge_samples() leaves: a unique filepath, here with two equal files."""
    dataset = fo.Dataset(name, persistent=True)
    first = png(folder, "a", "0.png")
    second = os.path.join(folder, "b", "0.png")
    os.makedirs(os.path.dirname(second), exist_ok=True)
    with open(first, "rb") as source, open(second, "wb") as copy:
        copy.write(source.read())
    dataset.add_samples([fo.Sample(filepath=first), fo.Sample(filepath=png(folder, "a", "another.png"))])
    other = fo.Dataset()
    other.add_samples([fo.Sample(filepath=second)])
    dataset.merge_samples(other)
    return dataset.get_index_information()["filepath"]["unique"]


def make_indexed(folder, name):
    dataset = fo.Dataset(name, persistent=True)
    dataset.add_samples([fo.Sample(filepath=png(folder, "i", "0.png"))])
    samples = dataset._sample_collection
    for key in ("created_at_1", "last_modified_at_1"):
        samples.drop_index(key)
    for i in range(62):
        samples.create_index(f"f{i}")


def make_large(folder, name):
    dataset = fo.Dataset(name, persistent=True)
    dataset.add_samples([fo.Sample(filepath=png(folder, "l", f"{i}.png"), note="") for i in range(3)])
    samples = dataset._sample_collection
    doc = samples.find_one(skip=1)
    room = 16 * 1024 * 1024 - len(bson.encode(doc)) - 2
    samples.update_one({"_id": doc["_id"]}, {"$set": {"note": "x" * room}})
    return str(doc["_id"])


def make_named(folder, *all_names):
    for i, name in enumerate(all_names):
        fo.Dataset(name, persistent=True).add_sample(fo.Sample(filepath=png(folder, "n", f"{i}.png")))
    fo.Dataset("nobody", persistent=True).add_sample(fo.Sample(filepath=png(folder, "n", "nobody.png")))
    made = db().datasets.find_one_and_update({"name": "nobody"}, {"$set": {"name": None}})
    return str(made["_id"])


def paths(name, *fields):
    """The values of fields, as FiftyOne reads them from a dataset that it loads anew."""
    dataset = fo.load_dataset(name)
    dataset.reload()
    found = {}
    for field in fields:
        values = dataset.values(field, unwind=True)
        found[field] = sorted(values)
    for sample in dataset:
        sample.to_dict()
    return found


if __name__ == "__main__":
    exchange_side.serve(globals())
