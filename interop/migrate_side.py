"""Loads every dataset of a database with real FiftyOne, as JSON on stdout.

    migrate_side.py        {dataset: what went wrong, "" for nothing}

Samples and frames are read, and what the dataset has of views, workspaces and runs. The
database is the one that FIFTYONE_DATABASE_URI and FIFTYONE_DATABASE_NAME name.
"""

import json
import os
import sys

import fiftyone as fo


def load(name):
    dataset = fo.load_dataset(name)
    samples = dataset
    if dataset.media_type == "group":
        samples = dataset.select_group_slices(_allow_mixed=True)
    for sample in samples.iter_samples():
        sample.to_dict()
        if sample.media_type == "video":
            for frame in sample.frames.values():
                frame.to_dict()
    for key in dataset.list_saved_views():
        dataset.load_saved_view(key)
    for key in dataset.list_workspaces():
        dataset.load_workspace(key)
    for key in dataset.list_evaluations():
        dataset.load_evaluation_results(key)
    for key in dataset.list_brain_runs():
        dataset.load_brain_results(key)
    for key in dataset.list_runs():
        dataset.load_run_results(key)


found = {}
for name in fo.list_datasets():
    try:
        load(name)
        found[name] = ""
    except Exception as error:  # whatever it is, the test wants to see it
        found[name] = "%s: %s" % (type(error).__name__, error)
json.dump(found, sys.stdout)
sys.stdout.flush()
os._exit(0)  # FiftyOne's own end deletes datasets that are not persistent
