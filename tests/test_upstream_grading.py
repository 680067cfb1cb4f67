"""``coursekit.upstream`` while a module is graded: right functions of earlier units, computed by the judge."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from grading_helpers import judge_path, judge_source, reference_source, the_unit

from autograder import upstream_layers as layers
from autograder.checks import test_02_bptt as oracles
from autograder.gradcheck import complex_step
from autograder.results import Outcome
from autograder.sandbox import PROCESS, Limits
from autograder.student import Student, StudentError
from autograder.submission import Submission
from autograder.upstream import UNITS, importable, provided

UNIT = "03_char_lm"
RNG = np.random.default_rng(3)
N, T, D, H, V = 2, 3, 4, 5, 6
INPUTS = oracles.rnn_inputs(RNG, N, T, D, H)
SEQUENCE = tuple(INPUTS[name] for name in ("x", "h0", "Wx", "Wh", "b"))
STEP = (SEQUENCE[0][:, 0].copy(), *SEQUENCE[1:])

#: Each function does something with one of unit 2's and returns what came.
PROBE = """
import numpy as np
from coursekit.upstream import upstream

rnn_step_forward, rnn_step_backward = upstream("02_bptt", "rnn_step_forward", "rnn_step_backward")
rnn_forward, rnn_backward = upstream("02_bptt", "rnn_forward", "rnn_backward", quiet=True)
affine, affine_back = upstream("02_bptt", "temporal_affine_forward", "temporal_affine_backward", folder="anywhere")
loss = upstream("02_bptt", "temporal_softmax_loss")
unprovided = upstream("02_bptt", "numerical_gradient")
of_another_unit = upstream("01_vanilla_rnn", "rnn_cell")


def step(dnext_h, *inputs):
    next_h, cache = rnn_step_forward(*inputs)
    return next_h, rnn_step_backward(dnext_h, cache)


def step_by_name(x, prev_h, Wx, Wh, b):
    return rnn_step_forward(b=b, Wh=Wh, Wx=Wx, prev_h=prev_h, x=x)[0]


def step_by_another_name(x, prev_h, Wx, Wh, b):
    return rnn_step_forward(x, h=prev_h, Wx=Wx, Wh=Wh, b=b)[0]


def step_alone(x, prev_h, Wx, Wh, b):
    return rnn_step_forward(x[0], prev_h[0], Wx, Wh, b)[0]


def sequence(dh, *inputs):
    h, cache = rnn_forward(*inputs)
    return h, rnn_backward(cache=cache, dh=dh)


def readout(dout, *inputs):
    out, cache = affine(*inputs)
    return out, affine_back(dout, cache)


def losses(x, y, mask):
    return loss(x, y, mask), loss(x.astype(np.float32), y.tolist(), mask.tolist()), loss(x, y=y)


def unwritten(x):
    return unprovided(x)


def from_elsewhere(x):
    return of_another_unit(x)


def meddle(x):
    import coursekit.upstream

    coursekit.upstream.upstream = None
    return x
"""


@pytest.fixture(scope="module")
def probe() -> Iterator[Student]:
    """A worker with the module above, as if it were a submission of unit 3."""
    unit = the_unit(UNIT)
    limits = Limits(unit.engine, unit.call_cpu_seconds, unit.call_wall_seconds, unit.memory_mb)
    submission = Submission(Path("handed_in"), unit.module_file, {unit.module_file: PROBE.encode()}, None)
    student = Student(submission, unit.module, limits, PROCESS, provided=provided(unit))
    names = ("step", "step_by_name", "step_by_another_name", "step_alone", "sequence", "readout", "losses", "unwritten")
    much = {name: lambda *args: 1000 for known in student.provided.values() for name in known}
    student.questions.allowed = dict.fromkeys((*names, "from_elsewhere", "meddle"), much)
    yield student
    student.close()


def agree(got, expected) -> None:
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


# --- what the functions return ----------------------------------------------------------------


def test_one_step_is_right(probe: Student) -> None:
    """Forward and backward, through a cache."""
    next_h, gradients = probe.call("step", [STEP[1], *STEP])
    np.testing.assert_allclose(next_h, oracles.step(*STEP))
    agree(gradients, oracles.step_gradients(STEP[1], *STEP))


def test_a_sequence_is_right(probe: Student) -> None:
    """Forward and backward, the backward with keywords."""
    h, gradients = probe.call("sequence", [INPUTS["dh"], *SEQUENCE])
    np.testing.assert_allclose(h, oracles.unrolled(*SEQUENCE))
    agree(gradients, oracles.sequence_gradients(INPUTS["dh"], *SEQUENCE))


def test_the_readout_is_right(probe: Student) -> None:
    """The affine map over time, forward and backward."""
    inputs = (INPUTS["dh"], RNG.normal(size=(H, V)), RNG.normal(size=V))
    dout = RNG.normal(size=(N, T, V))
    out, gradients = probe.call("readout", [dout, *inputs])
    np.testing.assert_allclose(out, oracles.affine(*inputs))
    agree(gradients, complex_step(oracles.affine, inputs, dout, batched=True))


def test_the_loss_is_right(probe: Student) -> None:
    """With a mask; with lists and single precision; without a mask, which then leaves nothing out."""
    x, y = RNG.normal(size=(N, T, V)), RNG.integers(V, size=(N, T))
    mask = np.array([[True, False, True], [True, True, False]])
    masked, plain, whole = probe.call("losses", [x, y, mask])
    agree(masked, oracles.softmax_loss(x, y, mask))
    for ours, theirs in zip(plain, masked, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    agree(whole, oracles.softmax_loss(x, y, np.ones_like(mask)))


def test_keywords_in_any_order(probe: Student) -> None:
    """Arguments are known by unit 2's names."""
    np.testing.assert_allclose(probe.call("step_by_name", STEP), oracles.step(*STEP))


def test_a_keyword_that_unit_2_does_not_have_is_named(probe: Student) -> None:
    """The message says what the function takes."""
    with pytest.raises(StudentError, match="rnn_step_forward takes x, prev_h, Wx, Wh, b"):
        probe.call("step_by_another_name", STEP)


def test_a_step_of_one_sequence_without_a_batch_axis(probe: Student) -> None:
    """As x @ Wx + prev_h @ Wh + b takes it, which is how many write text."""
    np.testing.assert_allclose(probe.call("step_alone", STEP), oracles.step(*STEP)[0])


@pytest.mark.parametrize(
    ("function", "words"),
    [("unwritten", "numerical_gradient of 02_bptt"), ("from_elsewhere", "rnn_cell of 01_vanilla_rnn")],
)
def test_what_is_not_provided_says_so_when_called(probe: Student, function: str, words: str) -> None:
    """Asking for it when the module is loaded is no error; calling it is, and the message names it."""
    with pytest.raises(StudentError, match=f"{words} cannot be had while this module is graded"):
        probe.call(function, [np.ones(2)])


def test_what_is_too_large_is_refused(probe: Student) -> None:
    """The judge computes for the student, so it takes nothing that no check asks for."""
    x = np.zeros((1, oracles.MOST_STEPS + 1, 1))
    with pytest.raises(StudentError, match="arguments that it cannot take"):
        probe.call("sequence", [x, x, np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.ones(1)])


def test_meddling_with_the_module_changes_nothing(probe: Student) -> None:
    """Functions that were taken stay what they are."""
    probe.call("meddle", [np.ones(2)])
    np.testing.assert_allclose(probe.call("step_by_name", STEP), oracles.step(*STEP))


def test_our_own_code_gets_the_same_functions() -> None:
    """References and mistakes run in the judge's process; there the functions return what a worker's would."""
    space: dict = {}
    before = sys.modules.get("coursekit.upstream")
    with importable(the_unit(UNIT)):
        exec("from coursekit.upstream import upstream", space)
    assert sys.modules.get("coursekit.upstream") is before
    step, back = space["upstream"]("02_bptt", "rnn_step_forward", "rnn_step_backward")
    next_h, kept = step(*STEP)
    np.testing.assert_allclose(next_h, oracles.step(*STEP))
    agree(back(STEP[1], kept), oracles.step_gradients(STEP[1], *STEP))


def test_course_units_build_on_what_there_is() -> None:
    """Every unit that a unit of the course builds on has functions to give, and never itself."""
    for unit_id in (UNIT, "04_lstm_gru", "02_bptt"):
        unit = the_unit(unit_id)
        assert set(unit.upstream) <= set(UNITS) - {unit_id}
        assert all(provided(unit)[earlier] for earlier in unit.upstream)


# --- scores -------------------------------------------------------------------------------------

WRONG_UNIT_2 = "def rnn_forward(x, h0, Wx, Wh, b):\n    raise RuntimeError('not mine')\n"


def hand_in(folder: Path, unit_2: str | None) -> Path:
    """A student's folders: unit 3 right, unit 2 as given."""
    (folder / UNIT).mkdir()
    (folder / UNIT / "char_lm.py").write_text(reference_source(UNIT), encoding="utf-8")
    if unit_2 is not None:
        (folder / "02_bptt").mkdir()
        (folder / "02_bptt" / "bptt.py").write_text(unit_2, encoding="utf-8")
    return folder / UNIT


@pytest.mark.parametrize(
    "unit_2", [None, "", WRONG_UNIT_2, "this is not Python"], ids=["none", "empty", "wrong", "broken"]
)
def test_a_score_does_not_depend_on_unit_2(tmp_path: Path, unit_2: str | None) -> None:
    """Who keeps the import gets the same points, whatever became of their unit 2."""
    result = judge_path(UNIT, hand_in(tmp_path, unit_2), exercises=["char_rnn_loss", "sample", "sample_greedy"])
    assert result.score == result.max_score == 26


@pytest.mark.parametrize("name", ["bptt.py", "coursekit/upstream.py", "coursekit/__init__.py"])
def test_files_beside_the_module_do_not_take_its_place(name: str) -> None:
    """A wrong unit 2 in the same folder, or a package of coursekit's name, is not what the import gives."""
    files = {name: "def upstream(*names, **options):\n    raise RuntimeError\n" + WRONG_UNIT_2}
    result = judge_source(UNIT, reference_source(UNIT), ["char_rnn_loss"], extra_files=files)
    assert result.score == 14


def test_unit_2_cannot_take_its_own_functions() -> None:
    """While unit 2 is graded, what is taken from upstream says that it cannot be had; its own functions still count."""
    source = reference_source("02_bptt") + (
        "\n\nfrom coursekit.upstream import upstream\n"
        'rnn_step_forward, rnn_forward = upstream("02_bptt", "rnn_step_forward", "rnn_forward")\n'
    )
    result = judge_source("02_bptt", source, exercises=["rnn_step_forward", "relative_error"])
    assert result.exercise("rnn_step_forward").points == 0
    assert "rnn_step_forward of 02_bptt cannot be had" in result.exercise("rnn_step_forward").message
    assert result.exercise("relative_error").points == 2


def test_a_wrong_use_of_a_right_function_is_a_mistake_of_unit_3() -> None:
    """Arguments in the wrong order: the model's points are lost, and the message is about this module."""
    source = reference_source(UNIT).replace("rnn_forward(embedded, h0,", "rnn_forward(h0, embedded,")
    result = judge_source(UNIT, source, exercises=["char_rnn_loss"]).exercise("char_rnn_loss")
    assert (result.points, result.outcome) == (0, Outcome.CRASHED)
    assert "char_lm.py" in result.message


# --- what grading a unit loads ------------------------------------------------------------------

LOADED = """
import sys
sys.path.insert(0, {tests!r})
from grading_helpers import judge_source, reference_source
source = reference_source("03_char_lm") + '''

def one_hot(ids, V):
    import sys
    if "torch" in sys.modules or "coursekit.stand_ins" in sys.modules:
        raise RuntimeError("loaded for nothing")
    return np.eye(V)[ids]
'''
result = judge_source("03_char_lm", source)
assert result.score == result.max_score == 70, result
print("torch" in sys.modules, "sklearn" in sys.modules, "coursekit.stand_ins" in sys.modules)
"""


def test_torch_is_not_loaded() -> None:
    """Neither by the judge nor by the worker: it takes longer to load than the whole unit to grade."""
    script = LOADED.format(tests=str(Path(__file__).parent))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout.split(), run.stderr) == (["False", "False", "False"], "")


@pytest.mark.parametrize(
    ("formula", "oracle", "arguments"),
    [
        (layers.step_gradients, oracles.step_gradients, (RNG.normal(size=(N, H)), *STEP)),
        (layers.sequence_gradients, oracles.sequence_gradients, (INPUTS["dh"], *SEQUENCE)),
        (
            layers.affine_gradients,
            lambda dout, *inputs: complex_step(oracles.affine, inputs, dout, batched=True),
            tuple(oracles.affine_inputs(RNG, N, T, D, H)[name] for name in ("dout", "x", "w", "b")),
        ),
    ],
)
def test_formulas_of_unit_2_are_the_oracles_gradients(formula, oracle, arguments):
    """Is what later units get of unit 2 what its checks expect, to rounding?"""
    for got, wanted in zip(formula(*arguments), oracle(*arguments), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


def test_the_loss_of_unit_2_is_the_oracles():
    """Masked steps count for nothing, whatever stands there; scores near 800 do not overflow."""
    inputs = oracles.small_loss(RNG, N, T, V)
    inputs["x"][0] += 800.0
    loss, dx = layers.softmax_loss(**inputs | {"y": np.where(inputs["mask"], inputs["y"], -100)})
    wanted, gradient = oracles.softmax_loss(**inputs)
    assert np.isclose(loss, wanted, rtol=1e-12)
    np.testing.assert_allclose(dx, gradient, rtol=1e-12, atol=1e-14)
