#!/usr/bin/env bash
# fakegcs.sh: prints the path of the Google Cloud Storage emulator that bucket
# tests run against, building the version pinned in tools/go.mod into the user's
# cache first if it is not there yet. MEDIALIFT_TEST_FAKEGCS names another to use
# instead.
set -euo pipefail

if [ -n "${MEDIALIFT_TEST_FAKEGCS:-}" ]; then
  echo "$MEDIALIFT_TEST_FAKEGCS"
  exit 0
fi
cd "$(dirname "${BASH_SOURCE[0]}")"
version=$(go list -m -f '{{.Version}}' github.com/fsouza/fake-gcs-server)
binary=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/fake-gcs-server-$version
if [ ! -x "$binary" ]; then
  echo "building fake-gcs-server $version (a minute, once)" >&2
  mkdir -p "$(dirname "$binary")"
  go build -o "$binary.$$" github.com/fsouza/fake-gcs-server
  mv "$binary.$$" "$binary"
fi
echo "$binary"
