#!/usr/bin/env bash
# wheels.sh [VERSION...]: writes dbmigrate/clients/releases.txt, the versions of databases
# that each released FiftyOne says it takes, read off the wheels on PyPI; a few megabytes
# each, which are not kept. Without versions, all from 0.14.0 on that are not there yet.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
table=$here/dbmigrate/clients/releases.txt
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$table"

if [ $# = 0 ]; then
  # 0.16.0, 0.16.1 and 0.21.5 were withdrawn and are not listed, but people have them.
  list=$({ "$python" -m pip index versions fiftyone --ignore-requires-python 2>/dev/null |
    sed -n 's/^Available versions: //p' | tr ', ' '\n'; printf '%s\n' 0.16.0 0.16.1 0.21.5; } |
    grep -E '^(0\.1[4-9]|0\.2[0-9]|[1-9])' | sort -V)
  set -- $list
fi
grep -v '^#' "$table" >"$work/rows" || true
for version in "$@"; do
  grep -q "^$version	" "$work/rows" && continue
  "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --ignore-requires-python \
    --dest "$work" "fiftyone==$version"
  "$python" "$here/dbmigrate/clients/knowledge.py" wheel "$work"/fiftyone-"$version"-*.whl >>"$work/rows"
  rm "$work"/fiftyone-*.whl
done
{ echo "# Written by tools/wheels.sh: released versions, and the databases that they say they take."; sort -V "$work/rows"; } >"$work/table"
mv "$work/table" "$table"
