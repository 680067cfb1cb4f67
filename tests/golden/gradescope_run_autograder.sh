#!/usr/bin/env bash
# Gradescope calls this for each submission; the judge writes results/results.json or, if it fails, nothing.
base=${1:-/autograder}
cd /
export PYTHONPATH="$base/source/course" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 UNROLLED_CACHE="$base/cache"
unset UNROLLED_SALT
exec "$base/venv/bin/python" -m autograder.gradescope_run "$base"
