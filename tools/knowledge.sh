#!/usr/bin/env bash
# knowledge.sh VERSION...: writes dbmigrate/clients/knowledge.txt, what each of these
# FiftyOne versions knows, by asking every one of them; without versions, those that the
# table has already. $OLDCLIENTS_HOME holds them: fo/VERSION the package, and venvs/A (for
# up to 0.18), venvs/B (up to 1.2) and venvs/C (newer) Pythons with what they need. A
# package that is not there is fetched from PyPI, with the brain and eta that it asks for.
# FIFTYONE_DATABASE_URI is a server to connect to: importing FiftyOne does.
# KNOWLEDGE_KEEP is a folder that keeps what each version said: what is there is not asked again.
# KNOWLEDGE_TABLE is a file to write instead.
set -euo pipefail

: "${FIFTYONE_DATABASE_URI:?names a MongoDB server}"
home=${OLDCLIENTS_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/medialift/oldclients}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$here/dbmigrate/clients/knowledge.py
table=$here/dbmigrate/clients/knowledge.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keep=${KNOWLEDGE_KEEP:-$work}
mkdir -p "$keep"

# What FiftyOne writes beside the database stays here: old versions keep their database's
# version in a file, and want their configurations to exist.
export HOME=$work FIFTYONE_DATABASE_ADMIN=true FIFTYONE_DATABASE_VALIDATION=false FIFTYONE_DO_NOT_TRACK=true
export FIFTYONE_CONFIG_PATH=$work/config.json FIFTYONE_APP_CONFIG_PATH=$work/app.json
export FIFTYONE_ANNOTATION_CONFIG_PATH=$work/annotation.json FIFTYONE_BRAIN_CONFIG_PATH=$work/brain.json
export FIFTYONE_EVALUATION_CONFIG_PATH=$work/evaluation.json
for file in config app annotation brain evaluation; do echo '{}' >"$work/$file.json"; done
export FIFTYONE_DATABASE_DIR=$work/var
mkdir "$work/var"

venv_of() {
  case $1 in
  0.1[4-8].*) echo A ;;
  0.* | 1.[0-2].*) echo B ;;
  *) echo C ;;
  esac
}

# install VERSION PYTHON: the package alone, and the brain and eta that it asks for.
install() {
  local to=$home/fo/$1 python=$2 pip=(-m pip -q --disable-pip-version-check)
  rm -rf "$to.part" && mkdir -p "$to.part"
  "$python" "${pip[@]}" install --no-deps --only-binary :all: --target "$to.part" "fiftyone==$1"
  local needs=()
  mapfile -t needs < <(sed -nE 's/^Requires-Dist: ((fiftyone-brain|voxel51-eta)[^;]*).*/\1/p' "$to.part"/fiftyone-*.dist-info/METADATA | tr -d ' ()')
  # What they share, fiftyone/__init__.py aside, is brain's own folder.
  "$python" "${pip[@]}" install --no-deps --prefer-binary --target "$work/more.$1" "${needs[@]}"
  cp -rn "$work/more.$1/." "$to.part/"
  rm -rf "$work/more.$1"
  mv "$to.part" "$to"
}

if [ $# = 0 ]; then
  set -- $(sed -n 's/^looked\t//p' "$table")
fi
said=()
for version in "$@"; do
  if [ ! -s "$keep/$version" ]; then
    echo "$version" >&2
    python=$home/venvs/$(venv_of "$version")/bin/python
    [ -d "$home/fo/$version" ] || install "$version" "$python"
    # Up to 0.14 this file holds the database's version; a new one is migrated, which sets
    # the server's compatibility version.
    printf '{"version": "%s"}' "$version" >"$work/var/config.json"
    PYTHONPATH=$home/fo/$version "$python" "$script" look >"$work/said" 2>"$work/log" ||
      { cat "$work/log" >&2; exit 1; }
    mv "$work/said" "$keep/$version"
  fi
  said+=("$version=$keep/$version")
done
python3 "$script" merge "${said[@]}" >"$work/knowledge.txt"
mv "$work/knowledge.txt" "${KNOWLEDGE_TABLE:-$table}"
