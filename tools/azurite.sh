#!/usr/bin/env bash
# azurite.sh: prints the path of the Azure Blob Storage emulator that bucket tests
# run against, fetching the version pinned here into the user's cache first if it
# is not there yet. MEDIALIFT_TEST_AZURITE names another to use instead. Without
# Node.js it prints nothing and says so: those tests are skipped then.
set -euo pipefail

# The last version that runs on Node.js 20.
version=3.35.0

if [ -n "${MEDIALIFT_TEST_AZURITE:-}" ]; then
  echo "$MEDIALIFT_TEST_AZURITE"
  exit 0
fi
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "no Node.js with npm: the tests against Azurite cannot run" >&2
  exit 0
fi
dir=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/azurite-$version
if [ ! -x "$dir/azurite-blob" ]; then
  echo "fetching azurite $version (190 MB on disk, once)" >&2
  rm -rf "$dir.$$"
  mkdir -p "$dir.$$"
  npm install --prefix "$dir.$$" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
    --omit=dev --omit=optional --loglevel=error "azurite@$version" >&2
  cat >"$dir.$$/azurite-blob" <<'WRAPPER'
#!/bin/sh
exec node "$(dirname "$0")/node_modules/azurite/dist/src/blob/main.js" "$@"
WRAPPER
  chmod +x "$dir.$$/azurite-blob"
  rm -rf "$dir"
  mv "$dir.$$" "$dir"
fi
echo "$dir/azurite-blob"
