"""What a function may return in the place of a list: whatever one can go through, in order and with an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from grading_helpers import judge_source, reference_source, student_of

from autograder.results import Outcome
from autograder.student import Student

HELPERS = '''
import collections
import itertools
import types


class Iterable:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)


class Iterator:
    def __init__(self, items):
        self.items, self.place = items, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.place += 1
        if self.place > len(self.items):
            raise StopIteration
        return self.items[self.place - 1]


class Sized:
    """Like torch's data sets: it has a length, and nothing tells ``for`` where it ends."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, place):
        return self.items[place % len(self.items)]


class Numbered:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, place):
        return self.items[place]
'''

#: Each takes `items`, a list.
FORMS = {
    "generator": "(item for item in items)",
    "zip": "zip(*zip(*items))",
    "map": "map(lambda item: item, items)",
    "filter": "filter(lambda item: True, items)",
    "reversed": "reversed(items[::-1])",
    "chain": "itertools.chain(items[:1], items[1:])",
    "deque": "collections.deque(items)",
    "dict's values": "dict(enumerate(items)).values()",
    "iter": "iter(items)",
    "class with __iter__": "Iterable(items)",
    "class with __next__": "Iterator(items)",
    "class with __len__ and __getitem__": "Sized(items)",
    "class with __getitem__": "Numbered(items)",
}
AS_STEPS = "return [images[:, t] for t in range(images.shape[1])]"
AS_BATCHES = "return [(inputs[:, s : s + T], targets[:, s : s + T]) for s in range(0, L - T + 1, T)]"


@pytest.mark.parametrize("form", [form for form in FORMS if form != "zip"])
def test_steps_may_come_as_any_iterable(form: str) -> None:
    """`rows_as_steps` gets all its points whatever it puts the steps into."""
    source = reference_source("01_vanilla_rnn")
    written = f"items = {AS_STEPS.removeprefix('return ')}\n    return {FORMS[form]}"
    result = judge_source("01_vanilla_rnn", HELPERS + source.replace(AS_STEPS, written), exercises=["rows_as_steps"])
    assert result.score == 2.0, result.exercises[0].message


@pytest.mark.parametrize("form", FORMS)
def test_batches_may_come_as_any_iterable(form: str) -> None:
    """So does `tbptt_batches`, whose pairs may be iterables as well."""
    source = reference_source("03_char_lm")
    written = f"items = {AS_BATCHES.removeprefix('return ')}\n    return {FORMS[form]}"
    result = judge_source("03_char_lm", HELPERS + source.replace(AS_BATCHES, written), exercises=["tbptt_batches"])
    assert result.score == 8.0, result.exercises[0].message


def test_pairs_may_be_iterables_too() -> None:
    """A map of zips, each with an x and a y."""
    written = AS_BATCHES.replace("return [(", "return [map(np.copy, (").replace(") for s", ")) for s")
    source = reference_source("03_char_lm").replace(AS_BATCHES, written)
    assert judge_source("03_char_lm", source, exercises=["tbptt_batches"]).score == 8.0


def test_several_results_may_come_as_an_iterable() -> None:
    """What is unpacked with `h, cache = ...` is unpacked here, too."""
    source = reference_source("02_bptt")
    source = source.replace("return next_h, cache", "return iter([next_h, cache])")
    source = source.replace(
        "return dx, dprev_h, dWx, dWh, db\n    ### END", "yield from (dx, dprev_h, dWx, dWh, db)\n    ###", 1
    )
    result = judge_source("02_bptt", source, exercises=["rnn_step_forward", "rnn_step_backward"])
    assert result.score == 14.0, [e.message for e in result.exercises]


@pytest.fixture(scope="module")
def returning() -> Iterator[Student]:
    """Functions that return what there is no end of, no order in, or no way through."""
    source = f"""{HELPERS}
class Failing:
    def __iter__(self):
        yield 1
        raise ValueError("half-way")


class Nested:
    def __iter__(self):
        return iter([self] * 3)


class Named:
    def __getitem__(self, key):
        return {{"one": 1}}[key]


class Endless:
    def __getitem__(self, place):
        return place


class Liar:
    def __len__(self):
        return 10**12

    def __getitem__(self, place):
        return place


def count(): return itertools.count()
def repeat(): return itertools.cycle([1, 2])
def failing(): return Failing()
def nested(): return Nested()
def named(): return Named()
def endless(): return Endless()
def liar(): return Liar()
def a_set(): return {{"a", "b"}}
def a_text(): return "text"
def a_mapping(): return types.MappingProxyType({{"a": iter([1, 2])}})
def a_range(): return range(3)
def a_class(): return Sized
"""
    with student_of("03_char_lm", source) as student:
        yield student


@pytest.mark.parametrize("name", ["count", "repeat", "endless", "liar"])
def test_what_never_ends_is_no_list(returning: Student, name: str) -> None:
    """More items than can be sent: it is named, and nobody waits."""
    assert returning.call(name, []).type_name == "list"


def test_an_iterator_that_fails_is_a_crash_of_the_function(returning: Student) -> None:
    """Its error is shown as that of the function that returned it."""
    with pytest.raises(Exception, match="half-way") as failed:
        returning.call("failing", [])
    assert failed.value.outcome is Outcome.CRASHED


def test_what_holds_itself_is_cut_off(returning: Student) -> None:
    """Some levels of it are looked at; the process lives."""
    assert len(returning.call("nested", [])) == 3
    assert returning.restarts == 0


@pytest.mark.parametrize(("name", "kind"), [("named", "Named"), ("a_set", "set"), ("a_class", "type")])
def test_what_has_no_order_is_no_list(returning: Student, name: str, kind: str) -> None:
    """A set, a class, an object whose items have names stay what they are."""
    assert returning.call(name, []).type_name == kind


def test_a_text_is_a_text_and_a_mapping_a_dict(returning: Student) -> None:
    """Neither becomes a list of characters or of keys."""
    assert returning.call("a_text", []) == "text"
    assert returning.call("a_mapping", []) == {"a": [1, 2]}
    assert returning.call("a_range", []) == [0, 1, 2]
