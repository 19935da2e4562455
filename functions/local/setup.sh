#!/bin/sh
# Sets up what is missing: system packages where it may install them, and .venv from the lock files.
#   functions/local/setup.sh           what running needs
#   functions/local/setup.sh dev       and what tests and checks need
#   functions/local/setup.sh training  and what making the model needs
#   functions/local/setup.sh postman   and what running the Postman collection needs
#   functions/local/setup.sh image     and what building and running the container needs
# Does nothing, quickly, when everything is there.
set -eu
cd "$(dirname "$0")/../.."
purpose=${1:-run}

say() { printf '%s\n' "$*" >&2; }

# --- system packages -------------------------------------------------------------------------
# Found by what they bring, not by asking dpkg, so that any system that has it passes.
missing=""
need() { # need PACKAGE COMMAND...: PACKAGE is missing unless COMMAND succeeds
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
has_language() { tesseract --list-langs 2>/dev/null | grep -qx "$1"; }
has_font() { fc-list ":family=$1" 2>/dev/null | grep -q .; }

python=${PYTHON:-python3}
# Debian keeps venv apart from Python; a Python from elsewhere brings it along.
need python3-venv "$python" -c 'import ensurepip, venv'
need tesseract-ocr command -v tesseract
need tesseract-ocr-eng has_language eng
need tesseract-ocr-ara has_language ara
# The letters of exported PDFs.
need fonts-dejavu-core test -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
if [ "$purpose" != run ]; then
    need chromium-headless-shell command -v chromium-headless-shell
    need fontconfig command -v fc-list
    need fonts-hosny-amiri has_font "Amiri"
    need fonts-kacst-one has_font "KacstOne"
    need fonts-liberation has_font "Liberation Sans"
    need fonts-noto-core has_font "Noto Naskh Arabic"
    need libfribidi0 "$python" -c 'import ctypes; ctypes.CDLL("libfribidi.so.0")'
fi
if [ "$purpose" = postman ]; then
    need npm command -v npm
fi
if [ "$purpose" = image ]; then
    need debootstrap command -v debootstrap
    need podman command -v podman
    need buildah command -v buildah
    need runc command -v runc
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing:$missing"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q >/dev/null
        # shellcheck disable=SC2086  # a list of words
        apt-get install -q -y --no-install-recommends $missing >/dev/null
    else
        say "Khana needs packages that this script can't install here. Their Debian names:$missing"
        say "On Debian or Ubuntu:  sudo apt-get install$missing"
        say "Elsewhere: Python 3.11 or later, and Tesseract 5 with the languages ara and eng."
        exit 1
    fi
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Khana needs Python 3.11 or later; $("$python" --version) is here. Set PYTHON to another one."
    exit 1
}

# --- .venv from the lock files ---------------------------------------------------------------
locks="requirements.lock"
[ "$purpose" = run ] || locks="$locks requirements-dev.lock"
[ "$purpose" != training ] || locks="$locks training/requirements.lock"

[ -x .venv/bin/python ] || "$python" -m venv .venv
for lock in $locks; do
    stamp=".venv/.$(echo "$lock" | tr / -).installed"
    if ! cmp -s "$lock" "$stamp"; then
        say "Installing the Python packages of $lock"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$lock"
        cp "$lock" "$stamp"
    fi
done
stamp=.venv/.pyproject.installed
if ! cmp -s pyproject.toml "$stamp"; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
    cp pyproject.toml "$stamp"
fi
