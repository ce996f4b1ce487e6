#!/usr/bin/env bash
# chromium.sh: prints the path of the headless Chromium that tests look at reports
# with: the one that MEDIALIFT_TEST_CHROMIUM names, or one on PATH, or a build that
# npm carries, fetched into the user's cache first if it is not there yet. Where
# none runs it prints nothing and says so: those tests are skipped then.
set -euo pipefail

version=153.0.0
hash=sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==

if [ -n "${MEDIALIFT_TEST_CHROMIUM:-}" ]; then
  echo "$MEDIALIFT_TEST_CHROMIUM"
  exit 0
fi
for name in chrome-headless-shell chromium chromium-browser google-chrome; do
  if command -v "$name"; then
    exit 0
  fi
done
none() {
  echo "no Chromium to test with: $*; install one, or set MEDIALIFT_TEST_CHROMIUM" >&2
  exit 0
}
[ "$(uname -sm)" = "Linux x86_64" ] || none "the build on npm is for Linux on x86-64"
command -v node >/dev/null && command -v npm >/dev/null || none "fetching it needs Node.js with npm"
dir=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/chromium-$version
if [ ! -x "$dir/chromium" ]; then
  echo "fetching Chromium $version (70 MB, 215 MB on disk, once)" >&2
  mkdir -p "$(dirname "$dir")"
  work=$(mktemp -d "$dir.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent --ignore-scripts "@sparticuz/chromium@$version" >/dev/null)
  package=("$work"/*.tgz)
  sum=sha512-$(node -e 'process.stdout.write(require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "${package[0]}")
  [ "$sum" = "$hash" ] || { echo "chromium.sh: the package from npm has another checksum: $sum" >&2; exit 1; }
  tar -xzf "${package[0]}" -C "$work"
  unpack() { node -e 'const [from, to] = process.argv.slice(1), fs = require("fs");
    fs.createReadStream(from).pipe(require("zlib").createBrotliDecompress()).pipe(fs.createWriteStream(to))' "$work/package/bin/$1.br" "$work/$1"; }
  mkdir "$work/done"
  # The libraries and the fonts that small systems lack come along.
  for part in al2023.tar fonts.tar swiftshader.tar; do
    unpack "$part"
    tar -xf "$work/$part" -C "$work/done"
  done
  unpack chromium
  mv "$work/chromium" "$work/done/browser"
  cat >"$work/done/chromium" <<'WRAPPER'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
if ldd "$here/browser" | grep -q 'not found'; then
  export LD_LIBRARY_PATH="$here/lib"
fi
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/browser" "$@"
WRAPPER
  cat >"$work/done/fonts.conf" <<FONTS
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>$dir/fonts</dir></fontconfig>
FONTS
  chmod +x "$work/done/chromium" "$work/done/browser"
  rm -rf "$dir"
  mv "$work/done" "$dir"
fi
if LD_LIBRARY_PATH="$dir/lib" ldd "$dir/browser" | grep -q 'not found'; then
  none "$dir/browser needs libraries that are missing"
fi
echo "$dir/chromium"
