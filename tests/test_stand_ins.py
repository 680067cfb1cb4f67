"""Stand-ins take the place of a student's functions for a while, in the same process, and leave nothing behind."""

from __future__ import annotations

import numpy as np
import pytest
from grading_helpers import student_of

from autograder.student import StandIn, StudentError

#: How much the functions below may ask of a stand-in called `step`.
MUCH = {name: {"step": lambda *args: 10} for name in ("use", "use_kept", "end")}

KEEPER = """
kept = []
notes = {"own": 0}


def step(x):
    notes["own"] += 1
    return 0.0 * x


def use(x):
    kept.append(step)
    return step(x)


def use_kept(x):
    return kept[0](x)


def own(x):
    return float(notes["own"])
"""


def test_a_stand_in_takes_a_functions_place_and_goes_again() -> None:
    """In the same process: what the module remembers is still there, and its own function is back."""
    x = np.ones(2)
    stand_in = StandIn("step", "plain", ("x",), lambda x: 3.0 * x)
    with student_of("02_bptt", KEEPER) as student:
        student.questions.allowed = MUCH
        assert np.array_equal(student.call("use", [x]), [0.0, 0.0])
        with student.replaced((stand_in,)):
            assert np.array_equal(student.call("use", [x]), [3.0, 3.0])
        assert np.array_equal(student.call("use", [x]), [0.0, 0.0])
        assert student.call("own", [x]) == 2.0
        assert student.restarts == 0


def test_a_stand_in_that_was_kept_answers_nothing_later() -> None:
    """Else a module could put a right function in the place of its own, for the exercises to come."""
    x = np.ones(2)
    with student_of("02_bptt", KEEPER) as student:
        student.questions.allowed = MUCH
        with student.replaced((StandIn("step", "plain", ("x",), lambda x: 3.0 * x),)):
            assert np.array_equal(student.call("use", [x]), [3.0, 3.0])
            assert np.array_equal(student.call("use_kept", [x]), [3.0, 3.0])
        with pytest.raises(StudentError, match="cannot take"):
            student.call("use_kept", [x])
        with student.replaced((StandIn("step", "plain", ("x",), lambda x: 5.0 * x),)):
            assert np.array_equal(student.call("use", [x]), [5.0, 5.0])
            with pytest.raises(StudentError, match="cannot take"):
                student.call("use_kept", [x])


def test_a_stand_in_for_what_is_not_there_leaves_nothing() -> None:
    """A function that the module lacks is lacking again afterwards."""
    x = np.ones(2)
    with student_of("02_bptt", "def use(x):\n    return step(x)\n") as student:
        student.questions.allowed = MUCH
        with student.replaced((StandIn("step", "plain", ("x",), lambda x: 3.0 * x),)):
            assert np.array_equal(student.call("use", [x]), [3.0, 3.0])
        with pytest.raises(StudentError, match="NameError"):
            student.call("use", [x])


def test_a_process_that_ends_meanwhile_is_started_with_stand_ins_and_loses_them() -> None:
    """The next process has them while they are in, and its upstream functions and its own afterwards."""
    source = (
        "import os\ndef step(x):\n    return 0.0 * x\ndef use(x):\n    return step(x)\ndef end(x):\n    os._exit(1)\n"
    )
    x = np.ones(2)
    with student_of("02_bptt", source) as student:
        student.questions.allowed = MUCH
        with student.replaced((StandIn("step", "plain", ("x",), lambda x: 3.0 * x),)):
            with pytest.raises(StudentError, match="ended"):
                student.call("end", [x])
            assert np.array_equal(student.call("use", [x]), [3.0, 3.0])
        assert np.array_equal(student.call("use", [x]), [0.0, 0.0])


def test_upstream_functions_outlive_the_stand_ins_that_a_new_process_began_with() -> None:
    """What earlier units provide is registered anew with each process, and stays when the stand-ins go."""
    source = (
        "import os\nfrom coursekit.upstream import upstream\nforward = upstream('02_bptt', 'temporal_affine_forward')\n"
        "def end(x):\n    os._exit(1)\ndef use(x, w, b):\n    return forward(x, w, b)[0]\n"
    )
    x, w, b = np.ones((1, 2, 2)), np.eye(2), np.zeros(2)
    with student_of("03_char_lm", source) as student:
        student.questions.allowed = {"use": {"temporal_affine_forward": lambda *args: 10}}
        with student.replaced((StandIn("step", "plain", ("x",), lambda x: x),)):
            with pytest.raises(StudentError, match="ended"):
                student.call("end", [x])
            assert np.array_equal(student.call("use", [x, w, b]), x)
        assert np.array_equal(student.call("use", [x, w, b]), x)
        assert student.restarts == 1
