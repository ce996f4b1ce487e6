"""Where our media are, as a FiftyOne user might write it."""

BUCKETS = {
    "front": "s3://cameras-front",
    "rear": "gs://cameras/rear",
    "été": "s3://saison",
}
ROOTS = ["/data/", "/mnt/nas/données/"]


def strip_root(filepath: str, roots: list[str] = ROOTS) -> str | None:
    for root in roots:
        if filepath.startswith(root):
            return filepath[len(root):]
    return None


def get_cloud_path(filepath: str) -> "str | None":
    """One path; None for what stays."""
    rest = strip_root(filepath)
    if rest is None:
        return None
    parts = rest.split("/")  # what "is None" means here is not code
    bucket = BUCKETS.get(parts[0])
    if bucket is not None and len(parts) > 1:
        return bucket + "/" + "/".join(parts[1:])
    base, dot, ext = rest.rpartition(".")
    if dot and ext.lower() in ("png", "jpg"):
        n = 0
        for c in range(len(base)):
            if base[c] == "_":
                n += 1
        return "s3://media/%s-%d.%s" % (base.replace(" ", "_"), n, ext)
    return "s3://other/{}".format(rest)
