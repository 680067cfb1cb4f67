"""General detectors: wrong modules that are on no list are told what kind of deviation they have."""

from __future__ import annotations

import re
from functools import cache

import pytest
from grading_helpers import judge_source, reference_source, the_unit

from autograder.checks import test_02_bptt as checks
from autograder.draws import visible_draw
from autograder.judge import GENERAL
from autograder.results import ExerciseResult

FIRST, SECOND = "01_vanilla_rnn", "02_bptt"


@cache
def judged(unit: str, exercise: str, *changes: tuple[str, str]) -> ExerciseResult:
    """The reference with some text changed, handed in and judged on one exercise."""
    source = reference_source(unit)
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return judge_source(unit, source, exercises=[exercise]).exercise(exercise)


def kinds(found: ExerciseResult) -> set[str]:
    """What general detectors found; known mistakes keep their names."""
    return set((found.mistake or "").split("+"))


CELL = "return np.tanh(x @ Wx + prev_h @ Wh + b)"
UNROLLED = "        h[:, t] = prev_h\n    return h"
DX = "dx = dout @ w.T"
STEP_DX = "dx = da @ Wx.T"

SUBMISSIONS = {
    "sign": (FIRST, "one_to_many", ("y[:, t] = x", "y[:, t] = -x")),
    "transposed": (FIRST, "stacked_cell", ("return np.tanh(stacked @ W + b)", "return np.tanh(stacked @ W + b).T")),
    "shifted": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("return h", "return np.concatenate([h[:, :1] - 0.3, h[:, :-1]], axis=1)")),
    ),
    "reversed": (SECOND, "gradient_norms", ("    return norms\n", "    return np.stack([norms[:, ::-1]] * 1)[0]\n")),
    "only-the-last-step-right": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    h[:, :-1] **= 2\n    return")),
    ),
    "only-the-first-step-right": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    h[:, 1:] **= 2\n    return")),
    ),
    "only-the-first-step-wrong": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    h[:, 0] **= 2\n    return")),
    ),
    "right-without-h0": (
        FIRST,
        "multilayer",
        ("h = unroll(h, start, Wx, Wh, b)", "h = unroll(h, 0.7 * start, Wx, Wh, b)"),
    ),
    "right-without-b": (FIRST, "rnn_cell", (CELL, "return np.tanh(x @ Wx + prev_h @ Wh + 1.3 * b)")),
    "another-shape": (SECOND, "rnn_forward", ("    return h, cache", "    return h[None, :, None], cache")),
    "exchanged": (
        SECOND,
        "truncated_bptt",
        ("    return h, dx, dh0, dWx, dWh, db", "    return dx, h, dh0, dWx, dWh, db"),
    ),
    "of-another-input": (
        SECOND,
        "temporal_affine_backward",
        ("    return dx, dw, db", "    return dw, dw, db"),
    ),
    "overwritten": (
        SECOND,
        "temporal_affine_backward",
        ("dw = np.tensordot(x, dout, axes=((0, 1), (0, 1)))", "m = x.shape[1] // 2\n    dw = x[:, m].T @ dout[:, m]"),
    ),
    "step-missing": (
        SECOND,
        "rnn_backward",
        ("        db += db_t\n    return dx, dprev_h", "        db += db_t * (t != T // 2)\n    return dx, dprev_h"),
    ),
    "kept-array-overwritten": (
        SECOND,
        "rnn_backward",
        ("    prev_h = h0\n    for t in range(T):", "    prev_h = h0.copy()\n    for t in range(T):"),
        (
            "        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)\n        h[:, t] = prev_h\n",
            "        h[:, t], step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)\n        prev_h[:] = h[:, t]\n",
        ),
    ),
    "changed-in-place": (
        SECOND,
        "rnn_step_backward",
        ("    return next_h, cache", "    prev_h **= 2\n    return next_h, cache"),
    ),
    "overflow": (
        SECOND,
        "temporal_softmax_loss",
        ("x - x.max(axis=2, keepdims=True)", "x - x.min(axis=2, keepdims=True)"),
    ),
    "zero-division": (
        SECOND,
        "clip_grad_norm",
        (
            "factor = max_norm / norm if norm > max_norm else 1.0",
            "factor = np.minimum(max_norm, norm) / np.float64(norm)",
        ),
    ),
    "length-one": (
        FIRST,
        "unroll",
        (UNROLLED, UNROLLED.replace("    return", "    assert N > 1, 'a batch'\n    return")),
    ),
    "single-precision": (
        SECOND,
        "numerical_gradient",
        ("    grad = np.zeros_like(x, dtype=np.float64)", "    x = x.astype(np.float32)\n    grad = np.zeros_like(x)"),
    ),
    "never-assigned": (SECOND, "temporal_affine_backward", (DX, "dx = np.zeros((*dout.shape[:2], len(w)))")),
    "offset": (FIRST, "readout", ("return h @ Why + by", "return h @ Why + by + 0.25")),
}


@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_a_deviation_is_named(kind: str) -> None:
    """A wrong module of this kind, which no list of mistakes has, is told so, with a ladder of three hints."""
    unit, exercise, *changes = SUBMISSIONS[kind]
    found = judged(unit, exercise, *changes)
    assert found.points < found.max_points
    assert kinds(found) == {GENERAL + kind}, (found.mistake, found.mistake_title, found.message)
    assert len(found.hints) == 3


FACTORS = {
    "1/N": ("temporal_affine_backward", DX, "dx = dout @ w.T / x.shape[0]"),
    "N": ("temporal_affine_backward", DX, "dx = dout @ w.T * x.shape[0]"),
    "1/T": ("temporal_affine_backward", DX, "dx = dout @ w.T / x.shape[1]"),
    "T": ("temporal_affine_backward", DX, "dx = dout @ w.T * x.shape[1]"),
    "1/(N·T)": ("temporal_affine_backward", DX, "dx = dout @ w.T / x.shape[0] / x.shape[1]"),
    "H": ("rnn_step_backward", STEP_DX, STEP_DX + " * Wh.shape[0]"),
    "1/H": ("rnn_step_backward", STEP_DX, STEP_DX + " / Wh.shape[0]"),
    "√H": ("rnn_step_backward", STEP_DX, STEP_DX + " * np.sqrt(Wh.shape[0])"),
    "2": ("rnn_step_backward", STEP_DX, STEP_DX + " * 2"),
    "1/2": ("rnn_step_backward", STEP_DX, STEP_DX + " / 2"),
    "1.7": ("rnn_step_backward", STEP_DX, STEP_DX + " * 1.7"),
}


@pytest.mark.parametrize("name", FACTORS)
def test_a_factor_is_named_by_the_size_that_it_is(name: str) -> None:
    """Which size of the arrays a factor is follows from cases of different sizes."""
    exercise, *change = FACTORS[name]
    found = judged(SECOND, exercise, tuple(change))
    assert found.mistake == f"{GENERAL}factor"
    assert found.mistake_title == f"dx: right up to a factor: {name}"


def test_other_parts_keep_their_points() -> None:
    """A deviation of one part is said of that part, and costs only that part."""
    found = judged(SECOND, "rnn_step_backward", (STEP_DX, STEP_DX + " * 2"))
    assert {part.name for part in found.parts if part.points == 0} == {"dx"}


def test_two_kinds_of_deviation_are_both_said() -> None:
    """dx with the wrong sign and dw of one step only: two names, two ladders."""
    overwritten = SUBMISSIONS["overwritten"][2]
    found = judged(SECOND, "temporal_affine_backward", (DX, "dx = -(dout @ w.T)"), overwritten)
    assert kinds(found) == {f"{GENERAL}sign", f"{GENERAL}overwritten"}
    assert "dx: " in found.mistake_title and "dw: " in found.mistake_title
    assert len(found.hints) == 6


def test_two_known_mistakes_are_named_together() -> None:
    """Independent mistakes in two parts of one function are both recognised."""
    found = judged(
        SECOND,
        "rnn_step_backward",
        ("dprev_h = da @ Wh.T", "dprev_h = np.dot(da, Wh)"),
        ("db = da.sum(axis=0)", "db = da.mean(axis=0)"),
    )
    names = found.mistake.split("+")
    assert sorted(names) == ["bias-gradient-averaged", "state-weights-not-transposed"]
    assert len(found.hints) == 6


def test_a_known_mistake_goes_before_a_general_kind() -> None:
    """What a list has is called by the list's name, though a detector would have one too."""
    found = judged(SECOND, "rnn_step_backward", ("db = da.sum(axis=0)", "db = da.mean(axis=0)"))
    assert found.mistake == "bias-gradient-averaged"


def test_what_a_known_mistake_does_not_explain_is_said_too() -> None:
    """db averaged is a known mistake; dx with a factor beside it is on no list: both are named."""
    found = judged(
        SECOND, "rnn_step_backward", ("db = da.sum(axis=0)", "db = da.mean(axis=0)"), (STEP_DX, STEP_DX + " * 2")
    )
    assert found.mistake == f"bias-gradient-averaged+{GENERAL}factor"
    assert found.mistake_title.endswith("dx: right up to a factor: 2")
    assert len(found.hints) == 6


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("rng = np.random.default_rng(0); return rng.normal(size=(N, T, h0.shape[1]))", "without-effect"),
        ("return np.full(h.shape, 0.1)", "the-same-number-always"),
    ],
)
def test_what_is_not_made_from_its_inputs_is_told_so(body: str, kind: str) -> None:
    """Random numbers and a constant are wrong, and do not depend on what goes in."""
    found = judged(FIRST, "unroll", (UNROLLED, UNROLLED.replace("return h", body)))
    assert found.points == 0
    assert kinds(found) == {GENERAL + kind}


def test_what_has_no_kind_gets_no_name() -> None:
    """A result that is wrong in a way of its own: nothing more is said about it."""
    found = judged(FIRST, "unroll", (UNROLLED, UNROLLED.replace("return h", "return np.sin(3 * h) + h**2")))
    assert found.points == 0
    assert found.mistake is None


@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_hints_lead_and_do_not_tell(kind: str) -> None:
    """The first rung is a question; none holds code."""
    unit, exercise, *changes = SUBMISSIONS[kind]
    found = judged(unit, exercise, *changes)
    assert found.hints[0].endswith("?")
    assert not any(re.search(r"np\.|@|`|\+=|\.T\b", hint) for hint in found.hints)


def test_no_right_value_leaves_the_judge() -> None:
    """The result as JSON holds shapes and words, none of the numbers that are compared with."""
    import json

    source = reference_source(SECOND).replace(STEP_DX, STEP_DX + " * 2")
    result = judge_source(SECOND, source, exercises=["rnn_step_backward"], draw=visible_draw())
    for timed in (result, *result.exercises):
        timed.seconds = 0.0  # any digits may stand there
    text = json.dumps(result.to_json())
    case = checks.step_cases(visible_draw())[0]
    for gradient in checks.step_gradients(case.dnext_h, *checks.step_arguments(case)):
        for number in gradient.ravel():
            assert f"{abs(number):.5f}"[:-1] not in text


ODD_VALUES = [
    "np.full(np.shape(args[0]), 1e308)",
    "np.full(np.shape(args[0]), np.inf)",
    "np.full(np.shape(args[0]), np.nan)",
    "np.array(args[0], dtype=object)",
    "np.zeros((0,))",
    "np.zeros((1,) * 20)",
    "np.full(np.shape(args[0]), 2**63 - 1, dtype=np.int64)",
    "np.asarray(args[0]) * 1j",
    "[[1.0], [2.0, 3.0]]",
    "'a string'",
    "(np.float16(1e5), True, None, -1, [], {})",
    "tuple(np.full(np.shape(a), -1e200) for a in (*args, *args))[:5]",
    "(args[0], np.float32(3e38))",
    "({'W': np.inf}, 0)",
    "10**400",
]


@pytest.mark.parametrize("value", ODD_VALUES)
@pytest.mark.parametrize("unit", [FIRST, SECOND])
def test_nothing_that_a_student_returns_stops_the_judge(unit: str, value: str) -> None:
    """Infinite, huge, empty, ragged, complex or no numbers at all: a result without points, and no error."""
    course_unit = the_unit(unit)
    functions = "".join(f"def {e.id}(*args):\n    return {value}\n" for e in course_unit.exercises)
    simple = [e.id for e in course_unit.exercises if not e.builds_on and not e.forward]
    result = judge_source(unit, f"import numpy as np\n{functions}", exercises=simple, draw=visible_draw())
    assert result.score <= 1  # numerical_gradient returns something and leaves x as it is
    assert len(result.exercises) == len(simple)
