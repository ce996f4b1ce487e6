#!/usr/bin/env bash
# knowledge.sh VERSION...: writes dbmigrate/clients/knowledge.txt, what each of these
# FiftyOne versions knows, by asking every one of them. They are installed below
# $OLDCLIENTS_HOME: fo/VERSION holds the package, venvs/NAME the Python that venv.VERSION
# names. FIFTYONE_DATABASE_URI is a server to connect to: importing FiftyOne does.
# Without versions, all that are installed there. KNOWLEDGE_VENV is another environment
# with a FiftyOne of its own, for the newest version.
set -euo pipefail

: "${FIFTYONE_DATABASE_URI:?names a MongoDB server}"
home=${OLDCLIENTS_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/medialift-oldclients}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$here/dbmigrate/clients/knowledge.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What FiftyOne writes beside the database stays here: old versions keep their database's
# version in a file, and want their configurations to exist.
export HOME=$work FIFTYONE_DATABASE_ADMIN=true FIFTYONE_DATABASE_VALIDATION=false FIFTYONE_DO_NOT_TRACK=true
for kind in CONFIG APP_CONFIG ANNOTATION_CONFIG BRAIN_CONFIG EVALUATION_CONFIG; do
  declare -x "FIFTYONE_${kind}_PATH=$work/$kind.json"
  [ "$kind" = CONFIG ] && export FIFTYONE_CONFIG_PATH=$work/CONFIG.json
  echo '{}' >"$work/$kind.json"
done

if [ $# = 0 ]; then
  set -- $(cd "$home/fo" && ls -d [0-9]*.*[0-9])
fi
files=()
for version in "$@"; do
  echo "$version" >&2
  PYTHONPATH=$home/fo/$version "$home/venvs/$(cat "$home/venv.$version")/bin/python" "$script" look \
    >"$work/$version" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  files+=("$version=$work/$version")
done
if [ -n "${KNOWLEDGE_VENV:-}" ]; then
  version=$("$KNOWLEDGE_VENV/bin/python" -c 'from importlib.metadata import version; print(version("fiftyone"))')
  echo "$version" >&2
  "$KNOWLEDGE_VENV/bin/python" "$script" look >"$work/$version" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  files+=("$version=$work/$version")
fi
python3 "$script" merge "${files[@]}" >"$work/knowledge.txt"
mv "$work/knowledge.txt" "$here/dbmigrate/clients/knowledge.txt"
