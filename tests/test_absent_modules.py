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


@pytest.mark.parametrize(
    ("imports", "before", "after"),
    [
        ("from numba import njit", "@njit\n", ""),
        ("from numba import njit", "@njit(cache=True)\n", ""),
        ("from jaxtyping import jaxtyped\nfrom beartype import beartype", "@jaxtyped(typechecker=beartype)\n", ""),
        ("import functools, jax", "@functools.partial(jax.jit, static_argnums=0)\n", ""),
        ("import numba", "", "relative_error = numba.njit(relative_error)\n"),
        ("import equinox as eqx", "class Cell(eqx.Module, strict=True):\n    W: eqx.Array\n\n\n", "cell = Cell(3)\n"),
        ("import cupy as cp\nxp = cp if cp.cuda.is_available() else np", "", "assert xp is np\n"),
        (
            'import wandb\nwandb.login()\nrun = wandb.init(project="x")',
            "",
            "with wandb.init() as run:\n    run.log({})\n",
        ),
        ('from google.colab import drive\ndrive.mount("/content/drive")', "", ""),
        (
            "import tensorflow as tf\nprint(tf.__version__)",
            "",
            'for c in tf.config.list("GPU"):\n    c.memory = 1 + c.size\n',
        ),
        ("import jax.numpy as jnp", "def g(x: jnp.ndarray | None = None) -> jnp.ndarray: ...\n\n\n", ""),
    ],
)
def test_a_use_while_the_file_is_read_costs_nothing(imports: str, before: str, after: str) -> None:
    """Decorators, base classes and calls beside the functions: all points, as at home where the module is there."""
    source = reference_source(UNIT).replace("import numpy as np\n", f"import numpy as np\n{imports}\n", 1)
    source = source.replace("def relative_error", f"{before}def relative_error", 1) + after
    result = judge_source(UNIT, source)
    assert result.score == result.max_score and not result.message
    assert remarks(result)


def test_a_decorator_that_is_passed_over_is_said() -> None:
    """The function's name and the module's."""
    source = "from numba import njit\n@njit\ndef f():\n    return 1.0\n"
    with student_of(UNIT, source) as student:
        assert student.call("f", []) == 1.0
        assert student.left_out == ["numba is not here: f is judged without its decorator from it."]


@pytest.mark.parametrize(
    "body",
    ["njit(abs)", "Cell(3)", "njit.x + 1", "njit(lambda: 1)", "with_it(2)"],
    ids=["call", "class", "sum", "jit", "alias"],
)
def test_in_a_function_it_refuses_and_names_the_module(body: str) -> None:
    """Nothing is computed with what is not there, a class that builds on it neither."""
    source = "from numba import njit, Base\nclass Cell(Base):\n    pass\nwith_it = njit(parallel=True)\n"
    with student_of(UNIT, f"{source}def f():\n    return {body}\n") as student:
        with pytest.raises(StudentError, match="No module named 'numba'"):
            student.call("f", [])


def test_no_value_is_an_instance_of_what_is_not_there() -> None:
    """Whoever asks whether a value is such an object gets the right answer."""
    source = "import torch_like as t\ndef f(x):\n    return x.numpy() if isinstance(x, t.Tensor) else x\n"
    with student_of(UNIT, source) as student:
        assert student.call("f", [2.0]) == 2.0


def test_a_debugger_does_not_stop() -> None:
    """Not while the file is read, and not in a function; the lines are named."""
    source = "import pdb\nbreakpoint()\ndef f():\n    pdb.set_trace()\n    breakpoint()\n    return 1.0\n"
    result = judge_source(UNIT, reference_source(UNIT) + source, exercises=["relative_error"])
    assert result.score == result.max_score
    line = reference_source(UNIT).count("\n") + 2
    assert f"Lines {line}, {line + 2}, {line + 3} stop for a debugger" in result.exercises[0].remarks[0]
    with student_of(UNIT, source) as student:
        assert student.call("f", []) == 1.0
