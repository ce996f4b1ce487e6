"""Real FiftyOne at the work of the table "database". Prints the seconds that the
work took, and its CPU time: importing FiftyOne, some seconds, is left out.

    database.py make N              the dataset "bench": N samples with 5 detections each
    database.py export DIR
    database.py import DIR          into the database that the environment names
    database.py rewrite FROM TO     the head of every filepath, by values and set_values
"""

import os
import sys
import time

import bson
import fiftyone as fo
import numpy as np

TYPE = fo.types.FiftyOneDataset
LABELS = ["cat", "dog", "car", "bus", "person"]


def make(count):
    """One sample by FiftyOne, for the schema; the others are like it."""
    boxes = [fo.Detection(label=label, bounding_box=[0.1, 0.2, 0.3, 0.4]) for label in LABELS]
    dataset = fo.Dataset("bench", persistent=True)
    dataset.add_sample(fo.Sample(filepath="/data/bench/0.jpg", note="note", ground_truth=fo.Detections(detections=boxes)))
    collection = dataset._sample_collection
    first = collection.find_one()
    collection.delete_one({"_id": first["_id"]})
    noise = np.random.RandomState(0)

    def samples(start, stop):
        for i in range(start, stop):
            numbers = noise.rand(21)
            detections = [
                {**d, "_id": bson.ObjectId(), "bounding_box": numbers[4 * k : 4 * k + 4].tolist()}
                for k, d in enumerate(first["ground_truth"]["detections"])
            ]
            yield {
                **first,
                "_id": bson.ObjectId(),
                "_rand": float(numbers[20]),
                "filepath": "/data/bench/part%02d/img_%06d.jpg" % (i % 50, i),
                "note": "note %d" % i,
                "ground_truth": {**first["ground_truth"], "detections": detections},
            }

    for start in range(0, count, 10_000):
        collection.insert_many(samples(start, min(count, start + 10_000)))


def export(folder):
    fo.load_dataset("bench").export(folder, dataset_type=TYPE, export_media=False, progress=False)


def rewrite(before, after):
    dataset = fo.load_dataset("bench")
    paths = [after + path.removeprefix(before) for path in dataset.values("filepath")]
    dataset.set_values("filepath", paths, progress=False)


def import_(folder):
    fo.Dataset.from_dir(dataset_dir=folder, dataset_type=TYPE, name="bench", persistent=True, progress=False)


command, arguments = sys.argv[1], sys.argv[2:]
work = {"make": lambda n: make(int(n)), "export": export, "import": import_, "rewrite": rewrite}[command]
began, cpu = time.perf_counter(), time.process_time()
work(*arguments)
print("took", time.perf_counter() - began, time.process_time() - cpu)
sys.stdout.flush()
os._exit(0)
