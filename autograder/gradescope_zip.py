"""Makes the zip that an instructor uploads to Gradescope: setup.sh, run_autograder, and this grader.

The zip holds the course's salt and the checks: it is for Gradescope and the instructor, never for students. Known right
modules (``solutions/``, the demo class) are not in it. The same course, salt and choices give the same bytes.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

from autograder import folders
from autograder.archives import zip_bytes
from autograder.course import Unit
from autograder.draws import load_salt
from autograder.gradescope_run import SALT, SETTINGS
from autograder.roster import Roster

PACKAGE = Path(__file__).resolve().parent
_LEFT_OUT = ("demo_class/", "__pycache__/")
_SUFFIXES = {".py", ".toml", ".json", ".j2", ".bpf"}
#: What judging imports, beside Python's own library; everything else that the course needs is for notebooks.
REQUIREMENTS = ("click", "jinja2", "numpy", "psutil", "rich", "tzdata")
#: And for units in torch, whose checks train on data of coursekit.
TORCH_REQUIREMENTS = ("platformdirs", "pycocoevalcap", "scikit-learn", "torch", "tqdm")

SETUP = """\
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
/autograder/venv/bin/pip install --quiet --disable-pip-version-check@INDEX@ -r /autograder/source/requirements.txt
chmod 600 /autograder/source/salt /autograder/source/settings.json
# What the checks compute once and keep: here, so that no submission waits for it.
cd /
UNROLLED_CACHE=/autograder/cache PYTHONPATH=/autograder/source/course \\
    /autograder/venv/bin/python -m autograder.gradescope_run --prepare @UNIT@
"""

RUN = """\
#!/usr/bin/env bash
# Gradescope calls this for each submission; the judge writes results/results.json or, if it fails, nothing.
base=${1:-/autograder}
cd /
export PYTHONPATH="$base/source/course" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 UNROLLED_CACHE="$base/cache"
unset UNROLLED_SALT
exec "$base/venv/bin/python" -m autograder.gradescope_run "$base"
"""


def autograder_zip(
    unit: Unit, root: Path, roster: Roster, *, visibility: str = "visible", isolation: str | None = None
) -> bytes:
    """The zip as bytes.

    Args:
        unit: what it grades.
        root: the course's folder, whose salt goes in.
        roster: leads from e-mail addresses to ids, so that draws are the same there and here.
        visibility: when students see results.
        isolation: how student code is isolated there; None for the strongest that works, and an error if that is none.

    Raises:
        StoreError: the salt cannot be read.
    """
    students = {person.email.casefold(): person.id for person in roster.people if person.email}
    settings = {"unit": unit.id, "visibility": visibility, "isolation": isolation, "students": students}
    own = importlib.metadata.version("unrolled")
    about = f"Metadata-Version: 2.1\nName: unrolled\nVersion: {own}\n"
    files: dict[str, bytes] = {
        "setup.sh": SETUP.replace("@INDEX@", _torch_index(unit)).replace("@UNIT@", unit.id).encode(),
        "run_autograder": RUN.encode(),
        "requirements.txt": requirements(unit).encode(),
        SETTINGS: (json.dumps(settings, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(),
        SALT: load_salt(root).strip() + b"\n",
        f"course/{folders.CONFIG}": b"# Says where the course is; nbgrader is not used here.\n",
        f"course/unrolled-{own}.dist-info/METADATA": about.encode(),
    }
    for package in (PACKAGE, *([PACKAGE.parent / "coursekit"] if unit.engine == "torch" else ())):
        for file in sorted(package.rglob("*")):
            name = file.relative_to(package.parent).as_posix()
            if file.is_file() and file.suffix in _SUFFIXES and not any(part in f"{name}/" for part in _LEFT_OUT):
                files[f"course/{name}"] = file.read_bytes()
    return zip_bytes(files, executable=("setup.sh", "run_autograder"))


def requirements(unit: Unit) -> str:
    """What judging needs, in the versions that are installed here."""
    names = sorted([*REQUIREMENTS, *(TORCH_REQUIREMENTS if unit.engine == "torch" else ())])
    return "".join(f"{name}=={importlib.metadata.version(name).partition('+')[0]}\n" for name in names)


def _torch_index(unit: Unit) -> str:
    """Gradescope's machines have no GPU, and torch's CPU build is a tenth of the other."""
    return " --extra-index-url https://download.pytorch.org/whl/cpu" if unit.engine == "torch" else ""
