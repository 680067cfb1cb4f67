"""Numpy units are numpy: torch and its like are absent there, and what uses them is told why."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading_helpers import judge_source, reference_source, sample_draws, student_of, the_unit

from autograder import sandbox
from autograder.course import Unit, load_course
from autograder.errors import UnrolledError
from autograder.judge import judge
from autograder.results import Outcome, SubmissionResult
from autograder.sandbox import PROCESS, Stack
from autograder.student import StudentError
from autograder.submission import Submission

UNIT = "02_bptt"
SOURCES = Path(__file__).parent.parent / "solutions"
STACKS = [stack for stack in (*sandbox.probe()[0], PROCESS) if stack]


def with_lines(*lines: str) -> str:
    """The reference module that begins with other imports."""
    return reference_source(UNIT).replace("import numpy as np", "\n".join(["import numpy as np", *lines]), 1)


def judged(source: str, stack: Stack, *exercises: str) -> SubmissionResult:
    unit = the_unit(UNIT)
    submission = Submission(Path("handed_in"), unit.module_file, {unit.module_file: source.encode()})
    return judge(load_course(), unit, submission, sample_draws(1)[0], stack=stack, exercises=list(exercises))


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "import torch.nn as nn\nimport torch.nn.functional as F",
        "from torch import nn, optim\nclass Net(nn.Module):\n    pass",
        "import torch\ndevice = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "import torch\n@torch.no_grad()\ndef evaluate(model): ...",
        "import jax.numpy as jnp\nfrom jax import grad",
        "import tensorflow as tf",
        "import sklearn.datasets",
        "from autograd import grad",
    ],
)
def test_an_import_that_nothing_uses_costs_nothing(line: str) -> None:
    """Full points, and one remark that says which libraries there are."""
    result = judge_source(UNIT, with_lines(line), exercises=["rnn_step_forward", "rnn_step_backward"])
    said = [remark for exercise in result.exercises for remark in exercise.remarks]
    assert result.score == result.max_score
    assert len([remark for remark in said if "not here in this unit (numpy, scipy, tqdm" in remark]) == 1


def test_libraries_that_are_named_can_be_imported() -> None:
    """Scipy's functions are there, and no remark is made."""
    source = with_lines("import scipy.special", "from tqdm import tqdm", "import math, itertools")
    source += "\ndef f(x):\n    return scipy.special.expit(x)\n"
    with student_of(UNIT, source) as student:
        assert student.call("f", [0.0]) == 0.5 and student.absent == []


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_gradients_by_torch_cost_themselves(stack: Stack) -> None:
    """The function that differentiates by torch gets nothing and is told so; the others get their points."""
    source = (
        with_lines("import torch")
        + """
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), (x, prev_h, Wx, Wh, b)

def rnn_step_backward(dnext_h, cache):
    inputs = [torch.tensor(value, requires_grad=True) for value in cache]
    x, prev_h, Wx, Wh, b = inputs
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    return [g.numpy() for g in torch.autograd.grad(next_h, inputs, torch.tensor(dnext_h))]
"""
    )
    forward, backward = judged(source, stack, "rnn_step_forward", "rnn_step_backward").exercises
    assert forward.outcome is Outcome.PASSED
    assert (backward.outcome, backward.points) == (Outcome.CRASHED, 0.0)
    assert "torch cannot be used in this unit: there are numpy, scipy and tqdm" in backward.message


#: Ways back to a library that is there but not shown. Each is the body of a function that returns what it finds.
WAYS_BACK = {
    "importlib": "import importlib; return importlib.import_module('torch').ones(1).sum().item()",
    "__import__": "return __import__('torch').ones(1).sum().item()",
    "later": "import torch; return torch.ones(1).sum().item()",
    "no finders of ours": """
    import sys
    sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]
    for name in [name for name in sys.modules if name.startswith('torch')]:
        del sys.modules[name]
    import torch
    return torch.ones(1).sum().item()""",
    "another name of the folder": """
    import sys
    sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]
    sys.path[:] = [path.replace('/lib/', '/lib64/') for path in sys.path]
    import torch
    return torch.ones(1).sum().item()""",
    "the library's file": """
    import ctypes, glob, sys
    found = [name for path in sys.path for name in glob.glob(path + '/torch/lib/libtorch*.so')]
    ctypes.CDLL(found[0])
    return 1.0""",
}


@pytest.mark.parametrize("way", WAYS_BACK)
@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack is not PROCESS], ids=lambda stack: stack.name)
def test_there_is_no_way_back_to_torch_in_a_sandbox(stack: Stack, way: str) -> None:
    """Its files are not there for the worker, whatever its code does to the import system."""
    body = WAYS_BACK[way] if WAYS_BACK[way].startswith("\n") else f"\n    {WAYS_BACK[way]}"
    source = f"{reference_source(UNIT)}\ndef relative_error(a, b):{body}\n"
    (result,) = judged(source, stack, "relative_error").exercises
    assert result.outcome is Outcome.CRASHED, (result.outcome, result.message)


def test_the_list_of_libraries_is_validated(tmp_path: Path) -> None:
    """A unit that cannot import its own engine, or torch without being a unit of torch, is an error in course.toml."""
    text = (Path(sandbox.__file__).parent / "course.toml").read_text(encoding="utf-8")
    for imports, words in (('["scipy"]', "must name 'numpy'"), ('["numpy", "torch"]', "'engine' must be 'torch'")):
        file = tmp_path / f"course{len(words)}.toml"
        file.write_text(text.replace('imports = ["numpy", "scipy", "tqdm"]', f"imports = {imports}", 1), "utf-8")
        with pytest.raises(UnrolledError, match=words):
            load_course(file)


def test_torch_can_be_used_where_the_unit_is_about_it() -> None:
    """Unit 5 names no libraries: there are all that are installed."""
    assert the_unit("05_captioning").imports == ()


def test_a_message_names_what_was_missing() -> None:
    """A call of an absent library says it in one sentence."""
    with student_of(UNIT, "import torch\ndef f():\n    return torch.ones(3)\n") as student:
        with pytest.raises(StudentError, match="torch cannot be used in this unit"):
            student.call("f", [])


@pytest.mark.parametrize("unit", [unit for unit in load_course().units if unit.imports], ids=lambda unit: unit.id)
def test_the_notebook_says_which_libraries_there_are(unit: Unit) -> None:
    """In one sentence, with the names of course.toml."""
    text = " ".join((SOURCES / unit.id / f"{unit.id}.nb.py").read_text(encoding="utf-8").replace("\n#", " ").split())
    *others, last = unit.imports
    assert f"may import Python's own modules, {', '.join(others)} and {last}" in text
