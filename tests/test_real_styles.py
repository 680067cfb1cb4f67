"""Right functions in the manners that people's own code has: each is judged by what it returns, not by how.

The functions are the reference's; a manner is put around every one of them at the end of the module.
"""

from __future__ import annotations

import re

import pytest
from grading_helpers import judge_source, reference_source, sample_draws, the_unit

#: Unit -> what names its functions that work without help of functions that look into each other's caches.
UNITS = {
    "02_bptt": r"rnn_step_\w+|temporal_\w+",
    "03_char_lm": r"word_embedding_\w+",
    "04_lstm_gru": r"\w+_(?:forward|backward)",
}

#: Around every forward and backward function: what it hands on as its cache, and how it gets its own again.
KEEPING = """
{before}

def around(function):
    def forward(*args):
        *results, cache = function(*args)
        return (*results, pack(cache))

    def backward(*args):
        return function(*args[:-1], unpack(args[-1]))

    name = function.__name__
    return forward if name.endswith("_forward") else backward if name.endswith("_backward") else function
"""

#: Around every function: what becomes of each array that it returns.
RETURNING = """
{before}

def changed(value):
    return {after} if isinstance(value, np.ndarray) else value

def around(function):
    def called(*args):
        got = function(*args)
        return tuple(changed(value) for value in got) if isinstance(got, tuple) else changed(got)

    called.__name__ = function.__name__
    return called
"""


def keeping(before: str) -> str:
    return KEEPING.format(before=before)


def returning(after: str, before: str = "") -> str:
    return RETURNING.format(after=after, before=before)


STYLES = {
    "a list that the backward function empties": keeping("pack = lambda kept: [kept]\nunpack = lambda box: box.pop()"),
    "a dict that the backward function empties": keeping(
        "pack = lambda kept: {'all': kept}\nunpack = lambda box: box.pop('all')"
    ),
    "a function as the cache": keeping("pack = lambda kept: lambda: kept\nunpack = lambda recall: recall()"),
    "an iterator as the cache": keeping("pack = lambda kept: iter([kept])\nunpack = next"),
    "a number as the cache": keeping(
        "SHELF = []\n\ndef pack(kept):\n    SHELF.append(kept)\n    return len(SHELF) - 1\n\nunpack = SHELF.__getitem__"
    ),
    "bytes as the cache": keeping("import pickle\npack, unpack = pickle.dumps, pickle.loads"),
    "an object as the cache": keeping(
        "class Kept:\n    def __init__(self, what):\n        self.what = what\n\n"
        "pack = Kept\nunpack = lambda box: box.what"
    ),
    "nothing at all as the cache": keeping("SHELF = []\npack, unpack = SHELF.append, lambda nothing: SHELF.pop()"),
    "single precision": returning("value.astype(np.float32)"),
    "columns first in memory": returning("np.asfortranarray(value)"),
    "every other row of a larger array": returning("np.repeat(value, 2, axis=0)[::2]"),
    "the other order of bytes": returning("value.astype('>f8')"),
    "more digits than float64": returning("value.astype(np.longdouble)"),
    "a class of its own": returning("value.view(Own)", "class Own(np.ndarray):\n    pass\n"),
    "methods of a class": (
        "class Layers:\n    pass\n\n\ndef around(function):\n"
        "    setattr(Layers, function.__name__, staticmethod(function))\n"
        "    return getattr(Layers, function.__name__)\n"
    ),
    "objects that can be called": (
        "class Called:\n    def __init__(self, function):\n        self.function = function\n\n"
        "    def __call__(self, *args):\n        return self.function(*args)\n\n\naround = Called\n"
    ),
    "a number without an axis for the loss": (
        "def around(function):\n    def called(*args):\n        got = function(*args)\n"
        "        return tuple(np.array(v) if isinstance(v, float) else v for v in got) if type(got) is tuple else got\n"
        "    called.__name__ = function.__name__\n    return called\n"
    ),
}

AT_THE_END = """

for name, value in list(globals().items()):
    if name.endswith(("_forward", "_backward", "_loss")):
        globals()[name] = around(value)
"""


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("style", STYLES)
def test_a_manner_costs_nothing(style: str, unit: str) -> None:
    """Whatever holds the cache, and whatever kind of array comes back, there are all points and no name for it."""
    source = f"{reference_source(unit)}\n\n{STYLES[style]}{AT_THE_END}"
    exercises = [item.id for item in the_unit(unit).exercises if re.fullmatch(UNITS[unit], item.id)]
    result = judge_source(unit, source, exercises, sample_draws(2)[1])
    lost = {item.id: item.message for item in result.exercises if item.points < item.max_points}
    assert not lost
    assert not [item.mistake for item in result.exercises if item.mistake]


#: Habits of well-known training loops that are not what the docstring asks for: exercise, change of the reference.
HABITS = {
    "gradients clipped where they are made": (
        "char_rnn_loss",
        "    return loss, grads, h[:, -1]",
        "    return loss, {name: np.clip(g, -5, 5) for name, g in grads.items()}, h[:, -1]",
    ),
    "epsilon inside the root": (
        "adagrad_step",
        '(np.sqrt(config["cache"]) + config["epsilon"])',
        'np.sqrt(config["cache"] + config["epsilon"])',
    ),
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_costs_the_same_on_every_draw(habit: str) -> None:
    """Whether it shows does not depend on how large a draw's gradients happen to be."""
    exercise, old, new = HABITS[habit]
    source = reference_source("03_char_lm")
    assert source.count(old) == 1
    found = {
        judge_source("03_char_lm", source.replace(old, new), [exercise], draw).exercise(exercise).points
        for draw in sample_draws(12)
    }
    assert len(found) == 1
    assert found.pop() < the_unit("03_char_lm").exercise(exercise).points


ADDED_TO_ITS_ARGUMENT = (
    "dc = dnext_c + dnext_h * o * (1 - tanh_c**2)",
    "dnext_c += dnext_h * o * (1 - tanh_c**2)\n    dc = dnext_c",
)


def test_adding_to_an_own_argument_is_no_explanation() -> None:
    """A function that adds to its argument, as many do, and is wrong for another reason is not told of it."""
    wrong = ("do * o * (1 - o), dg * (1 - g**2)]", "do * o * (1 - o) ** 2, dg * (1 - g**2)]")
    first = reference_source("04_lstm_gru").index("def lstm_backward")
    source = reference_source("04_lstm_gru")
    head, rest = source[:first], source[first:]
    for old, new in (ADDED_TO_ITS_ARGUMENT, wrong):
        assert head.count(old) == 1
        head = head.replace(old, new)
    result = judge_source("04_lstm_gru", head + rest, ["lstm_step_backward"]).exercise("lstm_step_backward")
    assert result.points < result.max_points
    assert "changed-in-place" not in (result.mistake or "")


def test_zeros_are_not_right_because_only_zeros_were_asked_for() -> None:
    """Where the forward is right only without a state, a dWh of zeros is not right by itself."""
    source = reference_source("04_lstm_gru")
    first = source.index("def lstm_forward")
    head, rest = source[:first], source[first:]
    head = head.replace("np.split(x @ Wx + prev_h @ Wh + b, 4", "np.split(x @ Wx + 0.5 * prev_h @ Wh + b, 4")
    head = head.replace("x.T @ da, prev_h.T @ da, da.sum(axis=0)", "x.T @ da, np.zeros_like(Wh), da.sum(axis=0)")
    result = judge_source("04_lstm_gru", head + rest, ["lstm_step_backward"]).exercise("lstm_step_backward")
    points = {part.name: part.points for part in result.parts}
    assert points.pop("dWh") == 0.0
    assert all(points.values())
