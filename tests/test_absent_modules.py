"""What a student's file takes for granted and a worker has not: modules that are not there, names of a notebook."""

from __future__ import annotations

from typing import Any

import pytest
from grading_helpers import judge_source, reference_source, student_of

from autograder.results import Outcome
from autograder.student import StudentError

UNIT = "02_bptt"
REMARK = "which is not here"


def remarks(result: Any) -> list[str]:
    """What the result says about missing modules."""
    return [remark for exercise in result.exercises for remark in exercise.remarks if REMARK in remark]


@pytest.mark.parametrize(
    "line",
    [
        "import pandas as pd",
        "from cs231n.layers import *",
        "from .layers import affine_forward",
        "import tensorflow.keras.layers as layers",
        "from helpers_that_nobody_handed_in import one, two",
        "import pandas as pd\ndef show(frame: pd.DataFrame, rows: pd.Index[int]) -> pd.Series: ...",
    ],
)
def test_an_import_that_nothing_uses_costs_nothing(line: str) -> None:
    """Full points, and one remark that names it."""
    source = reference_source(UNIT).replace("import numpy as np", f"import numpy as np\n{line}", 1)
    result = judge_source(UNIT, source)
    assert result.score == result.max_score and not result.message
    (remark,) = remarks(result)
    module = line.split()[1].partition(".")[0] or "layers"
    assert module in remark


def test_what_uses_it_crashes_and_says_so() -> None:
    """The function that calls something of it loses its points; the rest of the file does not."""
    source = reference_source(UNIT).replace("import numpy as np", "import numpy as np\nfrom utils import error_of", 1)
    source += "\n\ndef relative_error(a, b):\n    return error_of(a, b)\n"
    result = judge_source(UNIT, source)
    broken = result.exercise("relative_error")
    assert broken.outcome is Outcome.CRASHED and broken.points == 0.0
    assert "No module named 'utils'" in broken.message and "error_of(a, b)" in broken.message
    assert result.score == result.max_score - broken.max_points


def test_whoever_is_ready_for_it_to_be_missing_is_told_that_it_is() -> None:
    """A guarded import takes its other way, although another one is not guarded."""
    source = "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp\nimport pandas\n"
    with student_of(UNIT, source + "def f(x):\n    return xp.sum(x)\n") as student:
        assert student.call("f", [[1.0, 2.0]]) == 3.0
        assert student.absent == ["pandas"]


@pytest.mark.parametrize(
    "use",
    [
        "np_like.zeros(3)",
        "np_like.pi + 1.0",
        "2.0 * np_like.pi",
        "-np_like.pi",
        "np_like.a @ np_like.b",
        "list(np_like.a)",
        "bool(np_like.a)",
        "len(np_like.a)",
        "1.0 < np_like.a",
        "np.asarray(np_like.a)",
        "np.ones(2) * np_like.a",
    ],
)
def test_any_use_says_what_is_missing(use: str) -> None:
    """Nothing is computed with what is not there."""
    source = f"import numpy as np\nimport jaxlike.numpy as np_like\ndef f(x):\n    return {use}\n"
    with student_of(UNIT, source) as student, pytest.raises(StudentError, match="No module named 'jaxlike"):
        student.call("f", [1.0])


def test_a_file_whose_imports_never_end_is_read_all_the_same() -> None:
    """So many missing modules are not looked for one by one: the lines that import more of them are left out."""
    source = "\n".join(f"import missing_{n}" for n in range(50)) + "\ndef f():\n    return 1.0\n"
    with student_of(UNIT, source) as student:
        assert student.call("f", []) == 1.0
        assert len(student.absent) == 20 and "missing_20" in student.left_out[0]


def test_what_a_notebooks_kernel_adds_to_python_is_there() -> None:
    """A module that is used in a notebook may show a result, or ask for magic."""
    source = "get_ipython().run_line_magic('matplotlib', 'inline')\ndef f(x):\n    display(x)\n    return x + 1.0\n"
    with student_of(UNIT, source) as student:
        assert student.call("f", [1.0]) == 2.0
