#!/usr/bin/env bash
# demo.sh BINARY: uploads a small export that real FiftyOne wrote to a directory,
# rewrites its paths, and puts them back. Needs no account and no server.
set -euo pipefail

medialift=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/medialift-demo.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cp -r testdata/exports/image "$dir/export"
export MEDIALIFT_STATE=$dir/state

step() { printf '\n$ medialift %s\n' "${*//"$dir"/DIR}"; "$medialift" "$@" 2>&1 | sed "s#$dir#DIR#g"; }
first() { grep -o '"filepath": "[^"]*"' "$dir/export/samples.json" | head -1 | sed "s#$dir#DIR#g"; }

before=$(first)
echo "DIR is $dir"
step info "$dir/export"
step upload "$dir/export" "$dir/bucket" --update-filepaths
step undo "$("$medialift" runs | cut -d' ' -f1)"
cmp "$dir/export/samples.json" testdata/exports/image/samples.json && echo "samples.json is as FiftyOne wrote it, byte for byte."
step upload "$dir/export" "$dir/bucket" --update-filepaths
printf '\nOne sample before: %s\n           after:  %s\n' "$before" "$(first)"
