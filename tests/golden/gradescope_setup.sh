#!/usr/bin/env bash
# Runs once, when Gradescope builds the image: Python packages and, if it can be had, bubblewrap.
set -euo pipefail
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-venv bubblewrap
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed: choose a base image with one, such as Ubuntu 24.04." >&2
    exit 1
}
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --quiet --disable-pip-version-check -r /autograder/source/requirements.txt
chmod 600 /autograder/source/salt /autograder/source/settings.json
# What the checks compute once and keep: here, so that no submission waits for it.
cd /
UNROLLED_CACHE=/autograder/cache PYTHONPATH=/autograder/source/course \
    /autograder/venv/bin/python -m autograder.gradescope_run --prepare 02_bptt
