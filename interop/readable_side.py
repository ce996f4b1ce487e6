"""Writes dataset/testdata/readable.json: which values FiftyOne reads in a field of
each class, and which it raises on.

    FIFTYONE_DATABASE_URI=mongodb://… python readable_side.py > ../dataset/testdata/readable.json

Each line is an array: where the field stands ("top", "embedded", "listed"), its
schema, the values that can be read, and those that cannot, as extended JSON. The
database named readable is dropped.
"""

import datetime
import json
import os
import sys

os.environ["FIFTYONE_DATABASE_NAME"] = "readable"
os.environ["FIFTYONE_DATABASE_VALIDATION"] = "false"  # its warning goes to stdout

import bson
import fiftyone as fo
import fiftyone.core.fields as fof
import pymongo
from bson import json_util

ID = bson.ObjectId("650000000000000000000001")
DETECTION = {"_id": ID, "_cls": "Detection", "label": "x"}
VALUES = [
    "abc", "5", "", 5, -3, bson.Int64(2**40), 1.5, float("nan"), True, datetime.datetime(2020, 1, 1, 3),
    [1, 2], [], [1, 2, 3], ["a"], [[1.0, 2.0]], [{"a": 1}], [None], [DETECTION], {"a": 1}, {}, DETECTION,
    {"_id": ID, "_cls": "Classification", "label": "x"}, {"type": "Point", "coordinates": [1, 2]}, None,
    bson.Binary(b"abc"), ID, bson.Decimal128("1.5"), bson.Regex("a"),
]  # fmt: skip
FIELDS = [
    *({"ftype": getattr(fof, name)} for name in (
        "StringField", "IntField", "FloatField", "BooleanField", "DateField", "DateTimeField", "DictField", "ListField",
        "VectorField", "ArrayField", "FrameNumberField", "FrameSupportField", "ObjectIdField", "UUIDField", "ColorField",
        "KeypointsField", "PolylinePointsField", "GeoPointField", "GeoLineStringField", "GeoPolygonField",
        "GeoMultiPointField", "GeoMultiLineStringField", "GeoMultiPolygonField", "HeatmapRangeField", "ClassesField",
        "MaskTargetsField",
    )),
    *({"ftype": fof.ListField, "subfield": sub} for sub in (fof.StringField, fof.FloatField, fof.IntField, fof.BooleanField, fof.DateTimeField, fof.DictField, fof.VectorField)),
    *({"ftype": fof.EmbeddedDocumentField, "embedded_doc_type": cls} for cls in (fo.Detection, fo.Detections, fo.DynamicEmbeddedDocument)),
    {"ftype": fof.ListField, "subfield": fof.EmbeddedDocumentField, "embedded_doc_type": fo.Detection},
]  # fmt: skip


def main():
    client = pymongo.MongoClient(os.environ["FIFTYONE_DATABASE_URI"])
    client.drop_database("readable")
    dataset = fo.Dataset("readable")
    embedded = fo.DynamicEmbeddedDocument
    dataset.add_sample_field("e", fof.EmbeddedDocumentField, embedded_doc_type=embedded)
    dataset.add_sample_field("l", fof.ListField, subfield=fof.EmbeddedDocumentField, embedded_doc_type=embedded)
    for i, field in enumerate(FIELDS):
        for prefix in ("", "e.", "l."):
            dataset.add_sample_field(f"{prefix}f{i}", **field)
    dataset.add_sample(fo.Sample(filepath="/a/b.png"))
    base = client["readable"][dataset._sample_collection_name].find_one()
    schema = client["readable"].datasets.find_one()["sample_fields"]
    json_options = json_util.RELAXED_JSON_OPTIONS
    for where, make in (
        ("top", lambda key, value: {key: value}),
        ("embedded", lambda key, value: {"e": {"_cls": "DynamicEmbeddedDocument", key: value}}),
        ("listed", lambda key, value: {"l": [{"_cls": "DynamicEmbeddedDocument", key: value}]}),
    ):
        for i in range(len(FIELDS)):
            declared = next(f for f in schema if f["name"] == f"f{i}")
            declared = {k: v for k, v in declared.items() if k in ("ftype", "subfield", "embedded_doc_type", "fields") and v}
            read, raised = [], []
            for value in VALUES:
                document = {**base, **make(f"f{i}", value)}
                try:
                    dataset._make_sample(document).to_dict()
                    read.append(value)
                except Exception:
                    raised.append(value)
            print(json_util.dumps([where, declared, read, raised], json_options=json_options))
    client.drop_database("readable")


if __name__ == "__main__":
    main()
