"""Small FiftyOne datasets that between them use every kind of media field, with
media drawn from seeded noise. Shared by make_exports.py and the interop tests."""

import os
from datetime import datetime

import cv2
import fiftyone as fo
import numpy as np
from fiftyone import ViewField as F
from fiftyone.utils.utils3d import OrthographicProjectionMetadata
from PIL import Image


class Media:
    """Makes media files below a folder and answers their paths."""

    def __init__(self, root):
        self.root = root

    def place(self, path):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def image(self, path, seed, size=(32, 24)):
        noise = np.random.RandomState(seed).randint(0, 255, (size[1], size[0], 3))
        Image.fromarray(noise.astype(np.uint8)).save(self.place(path))
        return self.place(path)

    def mask(self, path, seed, size=(16, 12), values=4):
        noise = np.random.RandomState(seed).randint(0, values, (size[1], size[0]))
        Image.fromarray(noise.astype(np.uint8)).save(self.place(path))
        return self.place(path)

    def video(self, path, frames, seed):
        out = cv2.VideoWriter(self.place(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
        for i in range(frames):
            frame = np.full((48, 64, 3), 40 * i % 255, np.uint8)
            frame[5:15, 5 + i : 15 + i] = np.random.RandomState(seed).randint(0, 255, 3)
            out.write(frame)
        out.release()
        return self.place(path)

    def text(self, path, content):
        with open(self.place(path), "w", newline="\n") as file:
            file.write(content)
        return self.place(path)

    def cloud(self, path, seed, points=20):
        head = (
            "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\n"
            f"WIDTH {points}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {points}\nDATA ascii\n"
        )
        rows = np.random.RandomState(seed).rand(points, 3)
        return self.text(path, head + "".join("%.6f %.6f %.6f\n" % tuple(row) for row in rows))

    def scene(self, folder, seed):
        """A scene beside its assets: a point cloud, and a mesh with a textured material."""
        self.cloud(f"{folder}/cloud.pcd", seed)
        self.text(f"{folder}/mesh.obj", f"# {seed}\nmtllib mesh.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl m\nf 1 2 3\n")
        self.text(f"{folder}/mesh.mtl", f"# {seed}\nnewmtl m\nKd 1 0 0\nmap_Kd texture.png\n")
        self.image(f"{folder}/texture.png", seed, (4, 4))
        made = fo.Scene(camera=fo.PerspectiveCamera(up="Z"))
        made.add(fo.PointCloud("cloud", "cloud.pcd"))
        made.add(fo.ObjMesh("mesh", "mesh.obj", "mesh.mtl"))
        made.add(fo.SphereGeometry("sphere", radius=0.5))
        made.write(self.place(f"{folder}/scene.fo3d"))
        return self.place(f"{folder}/scene.fo3d")


# The last name needs escaping in JSON, in URLs and in FiftyOne's own export.
IMAGES = ["train/000001", "train/000002", "train/000003", "val/000004", "val/000005", "val/100% été #6 日本"]


def image_sample(media, i, name):
    sample = fo.Sample(filepath=media.image(f"images/{name}.png", i), tags=[name.split("/")[0]])
    # The last two share one thumbnail; the third has none.
    sample["thumbnail"] = None if i == 2 else media.image(f"thumbnails/{min(i, 4):06d}.png", min(i, 4), (8, 6))
    sample["ground_truth"] = fo.Detections(
        detections=[
            fo.Detection(
                label=["cat", "dog"][j % 2],
                bounding_box=[0.1 * j, 0.05 * i, 0.2, 0.25],
                mask_path=media.mask(f"instances/{i:06d}_{j}.png", 10 * i + j, values=2) if j else None,
                mask=np.random.RandomState(i).rand(6, 8) > 0.5 if j == 0 else None,
            )
            for j in range(3)
        ]
    )
    sample["predictions"] = fo.Detections(
        detections=[fo.Detection(label="cat", bounding_box=[0.1, 0.1, 0.2, 0.2], confidence=0.9)]
    )
    sample["best"] = fo.Detection(
        label="cat", bounding_box=[0, 0, 1, 1], mask_path=media.mask(f"best/{i:06d}.png", i, values=2)
    )
    sample["segmentation"] = fo.Segmentation(mask_path=media.mask(f"segmentations/{i:06d}.png", i))
    sample["heatmap"] = fo.Heatmap(map_path=media.mask(f"heatmaps/{i:06d}.png", i, values=255), range=[0, 255])
    sample["keypoints"] = fo.Keypoints(
        keypoints=[fo.Keypoint(points=[(0.1, 0.2), (float("nan"), float("nan"))], confidence=[0.9, 0.0])]
    )
    sample["weather"] = fo.Classification(label=["sunny", "rainy"][i % 2], confidence=float("inf") if i == 5 else 0.5)
    sample["weather_guess"] = fo.Classification(label=["sunny", "rainy"][i // 3], confidence=0.25)
    sample["count"] = 2**40 if i == 5 else i
    sample["taken"] = datetime(1969, 12, 31, 23, 59, 59, 500_000) if i == 0 else datetime(2024, 2, 29, 12, 30, i)
    # A path that no schema calls media: nothing may touch it.
    sample["note"] = media.place(f"images/{name}.png")
    return sample


def images(media):
    dataset = fo.Dataset("image", persistent=True)
    dataset.add_samples([image_sample(media, i, name) for i, name in enumerate(IMAGES)], dynamic=True)
    dataset.compute_metadata(num_workers=1)
    dataset.info = {"root": media.root, "größe": 1.5}
    dataset.app_config.media_fields = ["filepath", "thumbnail"]
    dataset.app_config.grid_media_field = "thumbnail"
    dataset.save()
    dataset.save_view("cats", dataset.filter_labels("ground_truth", F("label") == "cat"))
    dataset.evaluate_classifications("weather_guess", gt_field="weather", eval_key="guess", progress=False)
    return dataset


def videos(media):
    dataset = fo.Dataset("video", persistent=True)
    for i, frames in enumerate([4, 3, 0]):
        sample = fo.Sample(filepath=media.video(f"videos/clip_{i}.mp4", 6, i), tags=["clip"])
        sample["poster"] = media.image(f"posters/{i}.png", i, (8, 6))
        sample["events"] = fo.TemporalDetections(detections=[fo.TemporalDetection(label="pass", support=[1, 3])])
        for k in range(1, frames + 1):
            sample.frames[k] = fo.Frame(
                filepath=media.image(f"frames/clip_{i}/{k:06d}.png", 10 * i + k, (16, 12)),
                segmentation=fo.Segmentation(mask_path=media.mask(f"frame-masks/clip_{i}/{k:06d}.png", 10 * i + k)),
                cars=fo.Detections(
                    detections=[
                        fo.Detection(
                            label="car",
                            bounding_box=[0.1, 0.1, 0.05 * k, 0.1],
                            mask_path=media.mask(f"frame-instances/clip_{i}/{k:06d}.png", k, values=2) if k == 2 else None,
                        )
                    ]
                ),
                speed=1.5 * k,
            )
        dataset.add_sample(sample)
    dataset.app_config.media_fields = ["filepath", "poster"]
    dataset.save()
    return dataset


def projection(media, i):
    return OrthographicProjectionMetadata(
        filepath=media.image(f"groups/projections/{i:06d}.png", 70 + i, (16, 16)),
        min_bound=(0.0, 0.0),
        max_bound=(1.0, 1.0),
        width=16,
        height=16,
    )


def groups(media):
    dataset = fo.Dataset("group", persistent=True)
    dataset.add_group_field("group", default="left")
    for i in range(2):
        group = fo.Group()
        left = fo.Sample(filepath=media.image(f"groups/left/{i:06d}.png", i), group=group.element("left"))
        left["segmentation"] = fo.Segmentation(mask_path=media.mask(f"groups/masks/{i:06d}.png", i))
        right = fo.Sample(filepath=media.image(f"groups/right/{i:06d}.png", 50 + i), group=group.element("right"))
        lidar = fo.Sample(filepath=media.cloud(f"groups/lidar/{i:06d}.pcd", i), group=group.element("lidar"))
        lidar["projection"] = projection(media, i)
        stage = fo.Sample(filepath=media.scene(f"groups/scenes/{i:06d}", i), group=group.element("scene"))
        clip = fo.Sample(filepath=media.video(f"groups/clips/{i:06d}.mp4", 3, i), group=group.element("clip"))
        clip.frames[1] = fo.Frame(
            segmentation=fo.Segmentation(mask_path=media.mask(f"groups/clip-masks/{i:06d}.png", i)),
        )
        dataset.add_samples([left, right, lidar, stage, clip])
    dataset.save_view("left", dataset.select_group_slices("left"))
    return dataset


def duplicates(media):
    dataset = fo.Dataset("duplicates", persistent=True)
    for seed, folder in enumerate(["cam_a", "cam_b", "cam_a/night"]):
        for i in range(2):
            sample = fo.Sample(filepath=media.image(f"duplicates/{folder}/{i:06d}.png", 10 * seed + i))
            path = media.mask(f"duplicates-masks/{folder}/{i:06d}.png", 10 * seed + i)
            sample["segmentation"] = fo.Segmentation(mask_path=path)
            dataset.add_sample(sample)
    return dataset


ALL = (images, videos, groups, duplicates)
