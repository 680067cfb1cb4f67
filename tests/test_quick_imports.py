"""What is left out of imports (autograder/quick_imports.py) is there for who asks for it; each in a new process."""

from __future__ import annotations

import subprocess
import sys

from patience import HANGS

QUICKLY = "import sys\nfrom autograder.quick_imports import *\nimport_jsonschema()\nimport_nbgrader()\n"


def after(code: str) -> str:
    """What a process prints that has imported both packages, then runs the code."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", QUICKLY + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_grading_needs_no_server():
    """nbgrader's gradebook without a Jupyter server, nbconvert and what checks web addresses."""
    names = "'jupyter_server', 'nbconvert', 'rfc3987_syntax', 'nbgrader.server_extensions.formgrader'"
    assert after(f"import nbgrader.api, nbformat\nprint([name for name in ({names}) if name in sys.modules])") == "[]"


def test_what_is_left_out_can_be_imported_later():
    """The formgrader is the real one, and so are the converters and the exchange."""
    code = (
        "import nbgrader.converters, nbgrader.exchange, nbgrader.apps, idna\n"
        "import nbgrader.server_extensions.formgrader as formgrader\n"
        "print(formgrader.__file__, formgrader.formgrader.FormgradeExtension.__name__)"
    )
    assert "formgrader" in after(code) and after(code).endswith(" FormgradeExtension")


def test_a_server_gets_the_real_extensions():
    """What nbgrader tells a server to call imports the extension and calls it."""
    code = (
        "import nbgrader\n"
        "called = []\n"
        "import nbgrader.server_extensions.course_list as real\n"
        "real.load_jupyter_server_extension = called.append\n"
        "nbgrader.load_courses('a server')\n"
        "print(called)"
    )
    assert after(code) == "['a server']"


def test_other_names_of_an_extension_are_the_real_ones_at_once():
    """If another version of nbgrader takes more from an extension than its loader, it gets it."""
    code = (
        "from autograder import quick_imports\n"
        "name = 'nbgrader.server_extensions.validate_assignment'\n"
        "later = sys.modules[name] = quick_imports._Later(name)\n"
        "print(later.handlers.__name__, sys.modules[name] is later)"
    )
    assert after(code) == "nbgrader.server_extensions.validate_assignment.handlers False"
