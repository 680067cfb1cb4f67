#!/bin/sh
# Makes .venv with everything that constraints.txt pins, then touches the stamp file given as $1.
# Reads PYTHON (which Python to use) and TORCH_INDEX (where to get torch from); both may be empty.
# The Makefile calls it only if the pins are younger than the stamp, so a ready .venv costs no network.
set -eu
stamp=$1

say() { printf '%s\n' "$*" >&2; }

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null </dev/null; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null; }
too_new() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 15))' >/dev/null 2>&1 </dev/null; } # torch 2.13 has no build for it
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 </dev/null; }

find_python() {
    without_venv=
    others=
    # python3 first: what people expect to get. Then the versions that we know, newest first.
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        found=$(version_of "$candidate") || continue # a shim that stands for nothing
        if ! new_enough "$candidate" || too_new "$candidate"; then
            others="$others $candidate ($found)"
        elif ! has_venv "$candidate"; then
            without_venv=$candidate
        else
            command -v "$candidate"
            return
        fi
    done
    if [ -n "$without_venv" ]; then
        say "$without_venv has no venv module. On Debian and Ubuntu: 'apt install python3-venv'; or name another Python: 'make PYTHON=/path/to/python3'."
    else
        say "Python 3.11 to 3.14 is needed; found:${others:- none}. Install one, or name it: 'make PYTHON=/path/to/python3.11'."
    fi
    return 1
}

if [ -n "${PYTHON:-}" ]; then
    found=$(version_of "$PYTHON") || { say "PYTHON=$PYTHON does not run."; exit 1; }
    new_enough "$PYTHON" || { say "PYTHON=$PYTHON is Python $found; 3.11 or newer is needed."; exit 1; }
    has_venv "$PYTHON" || { say "PYTHON=$PYTHON has no venv module (Debian and Ubuntu: 'apt install python3-venv')."; exit 1; }
    python=$PYTHON
else
    python=$(find_python)
fi

# A .venv that still runs is kept and brought up to date; one whose Python is gone is made anew.
if ! { [ -x .venv/bin/python ] && new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    say "Making .venv with $python ($(version_of "$python")) ..."
    "$python" -m venv --clear .venv
fi

# At a terminal pip shows how the download goes; in a log it would be hundreds of lines.
if [ -t 2 ]; then quiet=; else quiet=--quiet; fi
pip() { .venv/bin/python -m pip --disable-pip-version-check $quiet "$@"; }

configured=$(.venv/bin/python -m pip config list | grep -E 'index|links' || true)
if [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1 && [ -z "${TORCH_INDEX:-}$configured" ]; then
    say "No NVIDIA GPU here, and PyPI's torch for Linux brings some GB of CUDA libraries. A smaller way: stop this and run"
    say "    make TORCH_INDEX=https://download.pytorch.org/whl/cpu ..."
fi
say "Installing what constraints.txt pins; the first time takes some minutes ..."
if [ -n "${TORCH_INDEX:-}" ]; then
    # torch by itself, so that only torch and what it needs are looked up there.
    pip install --extra-index-url "$TORCH_INDEX" -c constraints.txt torch
fi
pip install -c constraints.txt -e '.[dev]' || {
    say "The install did not go through (pip says why, above). Nothing is lost; run the same command again."
    exit 1
}
touch "$stamp"
