"""Real FiftyOne at the work of the table "database". Prints the seconds that the
work took, and its CPU time: importing FiftyOne, some seconds, is left out.

    database.py make N              the dataset "bench": N samples with 5 detections each
    database.py export DIR
    database.py import DIR          into the database that the environment names
    database.py rewrite FROM TO     the head of every filepath, by values and set_values
    database.py old DATASETS N      a database of FiftyOne 0.19.1: DATASETS of N samples each
    database.py migrate             all of it to this FiftyOne's version
    database.py migrated DATASETS   whether that has happened
"""

import os
import sys
import time

import bson
import fiftyone as fo
import fiftyone.migrations as fom
import numpy as np
import pymongo

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


OLD = "0.19.1"


def old(datasets, count):
    """Written as FiftyOne 0.19.1 did, by the driver: that FiftyOne does not run here."""
    db = pymongo.MongoClient(os.environ["FIFTYONE_DATABASE_URI"])[os.environ["FIFTYONE_DATABASE_NAME"]]
    db.config.insert_one({"version": OLD, "type": "fiftyone"})
    types = {"id": "ObjectIdField", "filepath": "StringField", "tags": "ListField", "metadata": "EmbeddedDocumentField", "label": "EmbeddedDocumentField"}
    embedded = {"metadata": "fiftyone.core.metadata.ImageMetadata", "label": "fiftyone.core.labels.Classification"}
    fields = [
        {
            "name": name,
            "ftype": "fiftyone.core.fields." + kind,
            "embedded_doc_type": embedded.get(name),
            "subfield": "fiftyone.core.fields.StringField" if name == "tags" else None,
            "fields": [],
            "db_field": "_id" if name == "id" else name,
            "description": None,
            "info": None,
        }
        for name, kind in types.items()
    ]
    for d in range(datasets):
        key = bson.ObjectId()
        samples = "samples." + str(key)
        label = {"_cls": "Classification", "label": "cat", "tags": [], "confidence": 0.5}
        for start in range(0, count, 10_000):
            db[samples].insert_many(
                {"filepath": "/data/%d/%d.jpg" % (d, i), "tags": [], "metadata": None, "label": {**label, "_id": bson.ObjectId()}, "_media_type": "image", "_rand": 0.5}
                for i in range(start, min(count, start + 10_000))
            )
        db.datasets.insert_one(
            {
                "_id": key,
                "name": "dataset-%05d" % d,
                "slug": "dataset-%05d" % d,
                "version": OLD,
                "media_type": "image",
                "persistent": True,
                "sample_collection_name": samples,
                "frame_collection_name": None,
                "sample_fields": fields,
                "frame_fields": [],
                "tags": [],
                "info": {},
                "classes": {},
                "default_classes": [],
                "mask_targets": {},
                "default_mask_targets": {},
                "skeletons": {},
                "app_config": {"media_fields": ["filepath"], "grid_media_field": "filepath", "modal_media_field": "filepath", "plugins": {}},
                "group_media_types": {},
                "saved_views": [],
                "annotation_runs": {},
                "brain_methods": {},
                "evaluations": {},
            }
        )


def migrate():
    fom.migrate_all(verbose=False)


def migrated(datasets):
    found = fo.core.odm.get_db_conn().datasets.count_documents({"version": fo.__version__})
    if found != datasets:
        sys.exit("%d of %d datasets were migrated" % (found, datasets))


command, arguments = sys.argv[1], sys.argv[2:]
work = {
    "make": lambda n: make(int(n)),
    "export": export,
    "import": import_,
    "rewrite": rewrite,
    "old": lambda d, n: old(int(d), int(n)),
    "migrate": migrate,
    "migrated": lambda d: migrated(int(d)),
}[command]
began, cpu = time.perf_counter(), time.process_time()
work(*arguments)
print("took", time.perf_counter() - began, time.process_time() - cpu)
sys.stdout.flush()
os._exit(0)
