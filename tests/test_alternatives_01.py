"""Unit 1: whatever is right gets full marks, however it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from alternative_helpers import called, text_of
from grading_helpers import judge_source, reference_source, sample_draws, the_unit

from autograder.checks import test_01_vanilla_rnn as checks
from autograder.draws import visible_draw
from autograder.mistakes import LocalStudent
from autograder.mutants import alternatives, style
from autograder.results import Outcome

UNIT = "01_vanilla_rnn"
DRAWS = [visible_draw(), *sample_draws(4)]


def draw_name(value: object) -> str | None:
    return getattr(value, "label", None)


@pytest.mark.parametrize("path", alternatives(the_unit(UNIT)), ids=style)
def test_every_style_writes_every_function(path: Path) -> None:
    """Each alternative has all functions of the unit, so that every check has met at least four right ones."""
    source = text_of(UNIT, path)
    assert [e.id for e in the_unit(UNIT).exercises if f"def {e.id}(" not in source] == []


@pytest.mark.parametrize("draw", DRAWS, ids=draw_name)
def test_the_reference_gets_full_marks(draw: object) -> None:
    """Our own module passes its checks on every draw."""
    assert judge_source(UNIT, reference_source(UNIT), draw=draw).score == 48


SMALL_STYLES = {
    "a lambda": ("rnn_cell", "import numpy as np\nrnn_cell = lambda x, h, A, B, c: np.tanh(x.dot(A) + h.dot(B) + c)"),
    "other argument names and defaults": (
        "rnn_cell",
        "import numpy\ndef rnn_cell(inputs, state, U, W, bias=0, f=numpy.tanh):\n"
        "    return f(numpy.matmul(inputs, U) + numpy.matmul(state, W) + bias)",
    ),
    "an object that can be called": (
        "rnn_cell",
        "import numpy as np\nclass Cell:\n    def __call__(self, *a):\n"
        "        return np.tanh(a[0] @ a[2] + a[1] @ a[3] + a[4])\nrnn_cell = Cell()",
    ),
    "numbers that were objects for a while": (
        "readout",
        "import numpy as np\ndef readout(h, Why, by):\n    return np.asarray(h @ Why + by, dtype=object).tolist()",
    ),
    "a big-endian array": ("readout", "def readout(h, Why, by):\n    return (h @ Why + by).astype('>f8')"),
    "a subclass of ndarray": (
        "readout",
        "import numpy as np\nclass Named(np.ndarray):\n    pass\n"
        "def readout(h, Why, by):\n    return (h @ Why + by).view(Named)",
    ),
    "long double": (
        "readout",
        "import numpy as np\ndef readout(h, Why, by):\n    return h.astype(np.longdouble) @ Why + by",
    ),
    "a masked array without masked entries": (
        "readout",
        "import numpy as np\ndef readout(h, Why, by):\n    return np.ma.array(h @ Why + by)",
    ),
    "steps as one array": ("rows_as_steps", "def rows_as_steps(images):\n    return images.swapaxes(0, 1)"),
    "steps as a tuple": (
        "rows_as_steps",
        "def rows_as_steps(images):\n    return tuple(images[:, r, :].copy() for r in range(len(images[0])))",
    ),
    "a count that is a numpy number": (
        "count_parameters",
        "import numpy as np\ndef count_parameters(D, H, C, T):\n"
        "    return np.array([D * H, H * H, H, H * C, C], dtype=np.uint32).sum()",
    ),
    "a count that is a float without fraction": (
        "count_parameters",
        "def count_parameters(D, H, C, T):\n    return float((D + H + 1) * H + (H + 1) * C)",
    ),
    "parity with float16 weights": (
        "parity_weights",
        "import numpy as np\ndef parity_weights():\n    h = np.float16\n"
        "    return (h([[20, 20]]), h([[10, 10], [-10, -10]]), h([-10, -30]), h([[0.5], [-0.5]]), h([0]))",
    ),
}


@pytest.mark.parametrize("style", SMALL_STYLES)
def test_a_right_function_passes_in_any_style(style: str) -> None:
    """A single right function passes, whatever kind of object it is or returns."""
    exercise, source = SMALL_STYLES[style]
    found = judge_source(UNIT, source, exercises=[exercise]).exercise(exercise)
    assert found.outcome is Outcome.PASSED, found.message


def test_float32_costs_less_than_a_tenth_of_the_tolerance() -> None:
    """The derivation of the tolerance holds: float32 is off by less than 1e-5 on thirty draws."""
    source = text_of(UNIT, called(UNIT, "single_precision"))
    single = LocalStudent(source.replace('check("rnn_cell")', ""), "vanilla_rnn")
    worst = 0.0
    for draw in sample_draws(30):
        for case in checks.unroll_cases(draw):
            arguments = checks.network(case)
            worst = max(worst, relative(single.unroll(*arguments), checks.states(*arguments)))
        for case in checks.one_to_many_cases(draw):
            arguments = (case.x0, case.h0, case.Wx, case.Wh, case.b, case.Why, case.by, case.T)
            worst = max(worst, relative(single.one_to_many(*arguments), checks.written(*arguments)))
        for case in checks.translation_cases(draw):
            summary = checks.states(case.x, case.h0, *case.encoder)[:, -1]
            got = single.sequence_to_sequence(case.x, case.h0, case.encoder, case.decoder, case.start, case.T)
            worst = max(worst, relative(got, checks.written(case.start, summary, *case.decoder, T=case.T)))
    assert 1e-8 < worst < 1e-5


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(got - expected).max() / np.abs(expected).max())
