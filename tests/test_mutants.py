"""The checks are tested: mistakes and generated mutants die, correct modules live."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest
from grading_helpers import the_unit

from autograder.cli import main
from autograder.errors import UsageError
from autograder.generated_mutants import Mutant, generate, listed_equivalent, survivors
from autograder.mistakes import Trace, load_mistakes, made_from, signature_path, signature_text, signatures, up_to_date
from autograder.mutants import Matrix, Row, alternatives, kill_matrix

UNITS = ("01_vanilla_rnn", "02_bptt", "03_char_lm", "04_lstm_gru", "05_captioning")
LISTED = listed_equivalent(Path(__file__).with_name("equivalent_mutants.toml"))


# --- generated mutants ----------------------------------------------------------------------


@lru_cache(maxsize=len(UNITS))
def survived(unit_id: str) -> tuple[int, list[Mutant]]:
    return survivors(the_unit(unit_id))


@pytest.mark.parametrize("unit_id", UNITS)
def test_a_generated_mutant_dies_or_is_explained(unit_id: str) -> None:
    """A change of the reference that no check sees is listed, with the reason why it changes nothing."""
    _, alive = survived(unit_id)
    assert [(m.exercise, m.change) for m in alive if (unit_id, m.exercise, m.change) not in LISTED] == []


@pytest.mark.parametrize("unit_id", UNITS)
def test_what_is_listed_as_equivalent_does_survive(unit_id: str) -> None:
    """The list has no entry for a mutant that the checks kill or that is not made any more."""
    _, alive = survived(unit_id)
    changes = {(unit_id, m.exercise, m.change) for m in alive}
    assert {key for key in LISTED if key[0] == unit_id} - changes == set()


@pytest.mark.parametrize("unit_id", UNITS)
def test_there_are_many_mutants(unit_id: str) -> None:
    """More than 150 per unit, and nearly all of them die: an empty generator would pass the tests above."""
    count, alive = survived(unit_id)
    assert count > 150
    assert len(alive) < 0.07 * count


def test_every_kind_of_change_is_made() -> None:
    """Operators, signs, constants, axes, indices, removed and overwriting statements, exchanged results."""
    source = """
def f(x, h):
    total = 0
    for t in reversed(range(3)):
        total += x[:, t].sum(axis=1) @ h.T
    return -total, h
"""
    changes = {m.change.split(" -> ")[1] for m in generate(source, "f")}
    assert {
        "total -= x[:, t].sum(axis=1) @ h.T",
        "total = x[:, t].sum(axis=1) @ h.T",
        "total += x[:, t].sum(axis=2) @ h.T",
        "total += x[:, t - 1].sum(axis=1) @ h.T",
        "total += x[:, t].sum(axis=1) @ h",
        "total += x[:, t].sum() @ h.T",
        "for t in range(3):",
        "for t in reversed(range(1, 3)):",
        "total = 1",
        "pass",
        "return (total, h)",
        "return (h, -total)",
    } <= changes


# --- the kill matrix ------------------------------------------------------------------------


def test_the_kill_matrix_counts_every_exercise() -> None:
    """A small sample of unit 1: all caught and named, every correct module accepted for every exercise."""
    unit = the_unit("01_vanilla_rnn")
    matrix = kill_matrix(unit, jobs=1, every=20)
    assert matrix.failures() == [], matrix.problems
    assert sum(row.named_right for row in matrix.rows.values()) == len(range(0, len(load_mistakes(unit)), 20))
    assert {row.accepted for row in matrix.rows.values()} == {len(alternatives(unit)) + 1}


@pytest.mark.slow
@pytest.mark.timeout(3600)  # every correct module of unit 5 trains a model
@pytest.mark.parametrize("unit_id", UNITS)
def test_the_kill_matrix_has_no_failures(unit_id: str) -> None:
    """All known mistakes caught, 95 % named right, no correct version failed, five of each at least."""
    matrix = kill_matrix(the_unit(unit_id))
    assert matrix.failures() == [], matrix.problems


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("f", caught=9, named_right=9, missed=1, accepted=5), "1 of 10 known mistakes are not caught"),
        (Row("f", caught=20, named_right=18, accepted=5), "only 18 of 20 known mistakes are named right"),
        (Row("f", caught=1, named_right=1, accepted=5, wrongly_failed=1), "correct functions are failed 1 times"),
        (Row("f", caught=1, named_right=1, accepted=4), "fewer than 5 correct versions of f"),
    ],
)
def test_each_requirement_of_the_kill_matrix_can_fail(row: Row, words: str) -> None:
    """A mistake missed, too few named, a correct version failed, too few correct versions."""
    assert [text for text in Matrix("unit", {"f": row}).failures() if words in text]


def test_the_command_fails_where_a_requirement_fails(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Exit code 1 and the reason in words."""
    bad = Matrix("01_vanilla_rnn", {"unroll": Row("unroll", missed=1, accepted=5)}, ["unroll/x is not caught."])
    monkeypatch.setattr("autograder.mutants.kill_matrix", lambda unit, **options: bad)
    with pytest.raises(SystemExit) as left:
        main(["mutants", "1"])
    assert left.value.code == 1
    assert "unroll/x is not caught." in capsys.readouterr().out


def test_the_kill_matrix_needs_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without solutions and alternatives it says so instead of passing an empty table."""
    monkeypatch.setattr("autograder.mutants.reference_path", lambda unit: tmp_path / "solutions" / unit.id / "m.py")
    with pytest.raises(UsageError, match="checkout"):
        alternatives(the_unit("02_bptt"))


# --- what mistakes do on the visible draw ---------------------------------------------------


@pytest.mark.parametrize("unit_id", UNITS)
def test_kept_signatures_are_up_to_date(unit_id: str) -> None:
    """They were made from mistakes, checks and solutions as they are now: ``autograder mutants --sign``."""
    assert made_from(the_unit(unit_id))
    assert up_to_date(the_unit(unit_id))


@pytest.mark.parametrize("unit_id", UNITS)
def test_kept_signatures_are_what_mistakes_do(unit_id: str) -> None:
    """Worked out again they are the same: keys, outcomes and shapes exactly, figures to five digits."""
    kept = json.loads(signature_path(the_unit(unit_id)).read_text(encoding="utf-8"))["mistakes"]
    again = signatures(the_unit(unit_id))["mistakes"]
    assert kept.keys() == again.keys()
    for key, cases in kept.items():
        assert [sorted(case) for case in cases] == [sorted(case) for case in again[key]], key
        for case, other in zip(cases, again[key], strict=True):
            for part in case:
                ours, theirs = Trace.from_plain(case[part]), Trace.from_plain(other[part])
                assert (ours.outcome, ours.kind, ours.shape) == (theirs.outcome, theirs.kind, theirs.shape), key
                assert ours.figures == pytest.approx(theirs.figures, rel=1e-5, abs=1e-5), key


@pytest.mark.parametrize("unit_id", UNITS)
def test_writing_signatures_twice_gives_the_same_bytes(unit_id: str) -> None:
    """Their text depends on nothing but their content, one line per mistake."""
    data = signatures(the_unit(unit_id))
    text = signature_text(data)
    assert text == signature_text(json.loads(text))
    assert text.count("\n") == len(data["mistakes"]) + 2
