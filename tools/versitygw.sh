#!/usr/bin/env bash
# versitygw.sh: prints the path of the S3 server that bucket tests run against,
# building the version pinned in tools/go.mod into the user's cache first if it
# is not there yet. MEDIALIFT_TEST_VERSITYGW names another to use instead.
set -euo pipefail

if [ -n "${MEDIALIFT_TEST_VERSITYGW:-}" ]; then
  echo "$MEDIALIFT_TEST_VERSITYGW"
  exit 0
fi
cd "$(dirname "${BASH_SOURCE[0]}")"
version=$(go list -m -f '{{.Version}}' github.com/versity/versitygw)
binary=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/versitygw-$version
if [ ! -x "$binary" ]; then
  echo "building versitygw $version (a minute or two, once)" >&2
  mkdir -p "$(dirname "$binary")"
  go build -o "$binary.$$" github.com/versity/versitygw/cmd/versitygw
  mv "$binary.$$" "$binary"
fi
echo "$binary"
