#!/usr/bin/env bash
# setup.sh VERSION...: installs released FiftyOne versions, and prints a line for each:
# the version, the Python that runs it, and what PYTHONPATH must be. All else goes to
# stderr. It exits with 3 where there is no Python of the version that one needs.
#
#   OLDCLIENTS_HOME  keeps the installations (default: a folder in the user's cache)
#   PYENV_ROOT       where pyenv keeps Pythons (default ~/.pyenv); those on PATH do as well
#
# The layout: venvs/NAME is an environment with what several versions need, fo/VERSION
# is FiftyOne itself with its brain and eta, venv.VERSION names the environment. What is
# there is used as it is.
set -euo pipefail
exec 3>&1 1>&2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${OLDCLIENTS_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/medialift/oldclients}
mkdir -p "$home/venvs" "$home/fo"
cd "$home"

# python_of VERSION prints a Python that works, or nothing: pyenv's shims may lead nowhere.
python_of() {
  local candidate
  for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python "$(command -v "python$1" || true)"; do
    if [ -x "$candidate" ] && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

pip() { "venvs/$1/bin/python" -m pip --disable-pip-version-check install --quiet --prefer-binary "${@:2}"; }

# environment NAME VERSION makes an environment that FiftyOne VERSION runs in.
environment() {
  [ -f "venvs/$1/ready" ] && return
  local python
  python=$(python_of "$(sed -n 's/^# python //p' "$here/$1.txt")")
  if [ -z "$python" ]; then
    echo "setup.sh: FiftyOne $2 needs Python $(sed -n 's/^# python //p' "$here/$1.txt") with venv, which is not here: install it with pyenv, or put it on PATH"
    exit 3
  fi
  echo "making $home/venvs/$1"
  rm -rf "venvs/$1"
  "$python" -m venv "venvs/$1"
  pip "$1" --no-deps --requirement "$here/$1.txt" # which lists all of them
  touch "venvs/$1/ready"
}

for version in "$@"; do
  row=$(grep "^${version//./\\.} " "$here/versions.txt") || {
    echo "setup.sh: versions.txt does not know FiftyOne $version"
    exit 2
  }
  read -r _ brain eta name <<<"$row"
  if [ ! -d "fo/$version" ] || [ ! -f "venv.$version" ]; then
    environment "$name" "$version"
    echo "installing FiftyOne $version"
    rm -rf "fo/$version.part"
    pip "$name" --no-deps --target "fo/$version.part" "fiftyone==$version" "fiftyone-brain==$brain" "voxel51-eta==$eta"
    mv "fo/$version.part" "fo/$version"
    echo "$name" >"venv.$version"
  fi
  echo "$version $home/venvs/$(cat "venv.$version")/bin/python $home/fo/$version" >&3
done
