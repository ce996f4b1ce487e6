"""Reads what medialift has uploaded with the clouds' own clients.

    clients_side.py BEFORE AFTER     two copies of an export, before and after the upload

Every media path of BEFORE that names a file must be a URL in AFTER, and the object
under that URL must hold the bytes of the file. Prints, as JSON, how many paths were
compared, and what is wrong. Where the clouds are is in each client's own variables.
"""

import glob
import json
import os
import sys
import urllib.parse

# The places of media in the datasets of testdata, spelled out here so that the
# tests do not ask medialift where media are.
MEDIA_KEYS = {"filepath", "thumbnail", "poster", "mask_path", "map_path"}


class S3:
    def __init__(self):
        import boto3
        from botocore.config import Config

        self.client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))

    def read(self, url):
        bucket, key = url.removeprefix("s3://").split("/", 1)
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()


class Google:
    def __init__(self):
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        self.client = storage.Client(project="test", credentials=AnonymousCredentials())

    def read(self, url):
        bucket, key = url.removeprefix("gs://").split("/", 1)
        return self.client.bucket(bucket).blob(key).download_as_bytes()


class Azure:
    def __init__(self):
        from azure.storage.blob import BlobServiceClient

        self.client = BlobServiceClient.from_connection_string(os.environ["AZURE_STORAGE_CONNECTION_STRING"])

    def read(self, url):
        # az://container/key, or the URL of the account before it
        account = self.client.url.rstrip("/") + "/"
        container, key = (url[len(account):] if url.startswith(account) else url.removeprefix("az://")).split("/", 1)
        return self.client.get_blob_client(container, key).download_blob().readall()


CLIENTS = {"s3": S3, "gs": Google, "az": Azure, "http": Azure}


def compare(before, after):
    clients, compared, wrong = {}, 0, []
    for old_name in sorted(glob.glob(os.path.join(before, "*.json")) + glob.glob(os.path.join(before, "*", "*.json"))):
        relative = os.path.relpath(old_name, before)
        if not relative.startswith(("samples", "frames")):
            continue
        with open(old_name, encoding="utf-8") as old, open(os.path.join(after, relative), encoding="utf-8") as new:
            pairs = list(paths(json.load(old), json.load(new)))
        for old, new in pairs:
            file = os.path.join(after, old)  # unless it is absolute
            if not os.path.isfile(file):
                if old != new:
                    wrong.append(f"{old} names no file and became {new}")
                continue
            scheme = urllib.parse.urlsplit(new).scheme
            if scheme not in CLIENTS:
                wrong.append(f"{old} became {new}")
                continue
            if scheme not in clients:
                clients[scheme] = CLIENTS[scheme]()
            with open(file, "rb") as local:
                if clients[scheme].read(new) != local.read():
                    wrong.append(f"{new} holds other bytes than {old}")
            compared += 1
    return {"compared": compared, "wrong": wrong}


def paths(old, new):
    """The media paths of a document, before and after."""
    if isinstance(old, list):
        for one, other in zip(old, new, strict=True):
            yield from paths(one, other)
    elif isinstance(old, dict):
        for key, inner in old.items():
            if key in MEDIA_KEYS and isinstance(inner, str):
                yield inner, new[key]
            else:
                yield from paths(inner, new[key])


if __name__ == "__main__":
    json.dump(compare(*sys.argv[1:]), sys.stdout)
