#!/usr/bin/env bash
# clients.sh: makes a virtual environment with the clouds' own Python clients and
# prints its path on stdout; all else goes to stderr.
#
#   MEDIALIFT_INTEROP_CLIENTS  use this environment as it is, install nothing
#   PYTHON                     the Python to build with (default python3, 3.10 or later)
#
# The environment is cached under a name made of the pins in clients.txt.
set -euo pipefail
exec 3>&1 1>&2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -n "${MEDIALIFT_INTEROP_CLIENTS:-}" ]; then
  echo "$MEDIALIFT_INTEROP_CLIENTS" >&3
  exit 0
fi
pins=$(cksum < "$here/clients.txt" | cut -d ' ' -f 1)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/medialift/clients-$pins
if [ ! -f "$venv/complete" ]; then
  echo "making $venv (about 100 MB)"
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --prefer-binary --requirement "$here/clients.txt"
  touch "$venv/complete"
fi
echo "$venv" >&3
