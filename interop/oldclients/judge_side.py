"""Opens, reads and writes every dataset with the FiftyOne that runs it.

    judge_side.py SCRATCH     exports are written below SCRATCH

The database is the one that FIFTYONE_DATABASE_URI and FIFTYONE_DATABASE_NAME name. Prints
{dataset: [what failed]} as JSON on the last line: an empty list where nothing did. All is
read before anything is written.
"""

import json
import os
import sys
import warnings

warnings.simplefilter("ignore")

import fiftyone as fo

SCRATCH = sys.argv[1]
PROPERTIES = (
    "info classes default_classes mask_targets default_mask_targets skeletons default_skeleton tags description app_config app_sidebar_groups "
    "persistent created_at last_loaded_at last_modified_at group_field group_slices default_group_slice group_media_types media_type name version"
).split()
# What there is of runs: how to list them, their information, results and view.
FAMILIES = (
    ("evaluation", "list_evaluations", "get_evaluation_info", "load_evaluation_results", "load_evaluation_view"),
    ("brain run", "list_brain_runs", "get_brain_info", "load_brain_results", "load_brain_view"),
    ("annotation run", "list_annotation_runs", "get_annotation_info", None, None),
    ("custom run", "list_runs", "get_run_info", "load_run_results", "load_run_view"),
)
EXTENSIONS = {"video": "mp4", "point-cloud": "pcd", "3d": "fo3d", "multimodal": "mcap", "image": "png", None: "png"}


class Judge:
    def __init__(self, name):
        self.name = name
        self.failed = []
        self.samples = self.frames = 0

    def attempt(self, what, do):
        try:
            return do()
        except Exception as error:
            self.failed.append("%s: %s: %s" % (what, type(error).__name__, " ".join(str(error).split())[:160]))

    def open(self):
        self.dataset = self.attempt("load", lambda: fo.load_dataset(self.name))
        return self.dataset is not None

    def all_samples(self):
        if self.dataset.media_type != "group":
            return self.dataset
        try:
            return self.dataset.select_group_slices(_allow_mixed=True)
        except TypeError:
            return self.dataset.select_group_slices()

    def read_samples(self):
        for sample in self.all_samples():
            self.samples += 1
            sample.to_dict()
            for name in sample.field_names:
                sample[name]
            if sample.media_type == "video":
                for frame in sample.frames.values():
                    self.frames += 1
                    frame.to_dict()
                    for name in frame.field_names:
                        frame[name]

    def read(self):
        dataset, attempt = self.dataset, self.attempt
        attempt("samples", self.read_samples)
        attempt("representation", lambda: repr(dataset))
        attempt("schema", dataset.get_field_schema)
        attempt("schema of frames", lambda: dataset.media_type == "video" and dataset.get_frame_field_schema())
        for what in ("stats", "count", "count_sample_tags", "count_label_tags"):
            attempt(what, getattr(dataset, what))
        for name in PROPERTIES:
            attempt("property " + name, lambda: str(getattr(dataset, name, None)))
        attempt("values", lambda: [dataset.values(name) for name in dataset.get_field_schema()])
        self.read_runs()
        for name in attempt("views", getattr(dataset, "list_saved_views", list)) or []:
            attempt("view %s" % name, lambda: [s.to_dict() if hasattr(s, "to_dict") else [e.to_dict() for e in s.values()] if isinstance(s, dict) else list(s) for s in dataset.load_saved_view(name)])
        for name in attempt("workspaces", getattr(dataset, "list_workspaces", list)) or []:
            attempt("workspace %s" % name, lambda: dataset.load_workspace(name))
        if dataset.media_type == "group":
            attempt("groups", lambda: [list(group) for group in dataset.iter_groups()])

    def read_runs(self):
        for family, keys, info, results, view in FAMILIES:
            for key in self.attempt(family + "s", getattr(self.dataset, keys, list)) or []:
                self.attempt("%s %s" % (family, key), lambda: str(getattr(self.dataset, info)(key)))
                if results:
                    self.attempt("results of %s %s" % (family, key), lambda: getattr(self.dataset, results)(key))
                if view:
                    self.attempt("view of %s %s" % (family, key), lambda: len(getattr(self.dataset, view)(key)))

    def add_and_delete(self):
        dataset = self.dataset
        kind, values = dataset.media_type, {}
        if kind == "group":
            values[dataset.group_field] = fo.Group().element(dataset.default_group_slice)
            kind = dataset.group_media_types[dataset.default_group_slice]
        sample = fo.Sample(filepath="/nowhere/new." + EXTENSIONS.get(kind, "png"), **values)
        dataset.add_sample(sample)
        self.delete_samples([sample.id])

    def delete_samples(self, ids):
        # Until 0.15 it was called otherwise.
        delete = getattr(self.dataset, "delete_samples", None) or self.dataset.remove_samples
        delete(ids)

    def change_sample(self):
        sample = self.dataset.first()
        sample["filepath"] = sample.filepath
        sample.tags.append("judged")
        sample.save()

    def change_frame(self):
        for sample in self.dataset:
            for frame in sample.frames.values():
                frame["judged"] = 1
                frame.save()
                return

    def write(self):
        dataset, attempt = self.dataset, self.attempt
        attempt("saving the dataset", lambda: (dataset.info.update({"judged": 1}), dataset.save(), dataset.reload()))
        if self.samples:
            attempt("saving a sample", self.change_sample)
            attempt("tagging", lambda: dataset.limit(1).tag_samples("again"))
        if dataset.media_type == "video" and self.frames:
            attempt("saving a frame", self.change_frame)
        attempt("adding and deleting a sample", self.add_and_delete)
        attempt("adding and deleting a field", lambda: (dataset.add_sample_field("judged", fo.IntField), dataset.delete_sample_field("judged")))
        if hasattr(dataset, "save_view") and self.samples:
            attempt("saving and deleting a view", lambda: (dataset.save_view("judged view", dataset.limit(1)), dataset.delete_saved_view("judged view")))
        for key in list(dataset.list_evaluations())[:1]:
            attempt("deleting an evaluation", lambda: dataset.delete_evaluation(key))
        for key in list(dataset.list_brain_runs())[:1]:
            attempt("deleting a brain run", lambda: dataset.delete_brain_run(key))
        # What fails halfway leaves its name taken.
        attempt("cloning", lambda: dataset.clone("judged clone %s" % dataset._doc.id).delete())
        if self.samples:
            attempt("exporting", lambda: dataset.export(export_dir=os.path.join(SCRATCH, "export"), dataset_type=fo.types.FiftyOneDataset, export_media=False, overwrite=True))


judges = [Judge(name) for name in fo.list_datasets()]
opened = [judge for judge in judges if judge.open()]
for judge in opened:
    judge.read()
for judge in opened:
    judge.write()
print(json.dumps({judge.name: judge.failed for judge in judges}))
sys.stdout.flush()
os._exit(0)  # FiftyOne's own end may wait for a service
