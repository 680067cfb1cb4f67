"""The captioning test: a model is trained in the worker, its captions are judged outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grading_helpers import judge_source, reference_source, sample_draws, stack_for, the_unit

from autograder import drivers
from autograder.checking import CaseRecord, Expect
from autograder.checks import test_05_captioning as checks
from autograder.errors import UsageError
from autograder.mistakes import LocalStudent, reference_path
from autograder.results import Outcome
from autograder.sandbox import Limits
from autograder.student import Student
from autograder.submission import read_submission

UNIT = "05_captioning"
PICTURE = 'b = model.b + v @ model.Wv + model.bv if model.inject == "every_step" else model.b'


def tiny(steps: int = 120, seconds: float = 60.0) -> tuple[Any, ...]:
    """Twenty "pictures" of six numbers, whose captions say which of the first three is largest."""
    rng = np.random.default_rng(0)
    v = rng.normal(size=(20, 6)).astype(np.float32)
    said = np.stack([np.full(20, 1), 3 + v[:, :3].argmax(axis=1), np.full(20, 2), np.zeros(20)], axis=1).astype(
        np.int64
    )
    settings = {"cell": "gru", "inject": "every_step", "sizes": [6, 6, 4, 16], "steps": steps, "batch": 10, "lr": 2e-2}
    settings |= {"seed": 3, "seconds": seconds, "max_length": 4, "device": "cpu"}
    return settings, v, said[:, None], v, v, said


def test_a_small_model_learns_its_captions() -> None:
    """With the reference's functions the driver's loop ends in the right words, in one order of events only."""
    settings, *data = tiny()
    student = LocalStudent(reference_source(UNIT), "captioning", "", the_unit(UNIT))
    words, losses, (first, _), (last, loss) = student.captioning_test(settings, *data)
    again = student.captioning_test(settings, *data)
    assert np.array_equal(words[:, :3], data[4][:, 1:])
    assert len(losses) == settings["steps"] and losses[-1] < 0.1 * losses[0] and loss < 0.3
    assert set(first) == set(last) == set(checks.NAMES)
    assert not np.array_equal(first["Wx"], last["Wx"])
    assert np.array_equal(words, again[0]) and np.array_equal(losses, again[1])


def test_the_loss_that_it_reports_is_that_of_the_weights() -> None:
    """The judge's own formulas, with the weights that come back, give the loss that caption_loss gave."""
    settings, *data = tiny(steps=30)
    student = LocalStudent(reference_source(UNIT), "captioning", "", the_unit(UNIT))
    _, _, *moments = student.captioning_test(settings, *data)
    for weights, loss in moments:
        spec = settings | {"weights": {name: value.astype(np.float64) for name, value in weights.items()}}
        expected = checks.loss_of(checks.all_scores(spec, data[3], data[4][:, :-1]), data[4][:, 1:])
        assert loss == pytest.approx(float(expected), rel=1e-4)


def test_the_worker_is_told_nothing_about_the_pictures_to_describe() -> None:
    """Neither their captions nor the number that they are made from is sent."""
    case = checks.experiment_cases(sample_draws(1)[0])[0]
    sent: list[Any] = []

    class Spy:
        def captioning_test(self, *arguments: Any, factor: float = 1.0) -> None:
            sent.append(arguments)

    pictures = {"vocabulary": ["a"] * 50, "v": np.zeros((2, 3)), "others": np.zeros((4, 3)), "references": "secret"}
    pictures |= {"meanings": "secret", "captions": "training", "known": "known", "known_captions": "of the known"}
    record = CaseRecord(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "captioning_data", lambda seed: pictures)
        checks.test_captioning(Spy(), case, Expect("captioning_test", ("meaning", "BLEU-4", "loss"), record))
    rehearsal, test = sent  # one step with made-up numbers, then the test
    assert len(test) == 6 and "secret" not in map(str, (*rehearsal, *test))
    assert case.seed not in (*rehearsal[0].values(), *test[0].values())
    assert test[0]["seed"] == case.training_seed != case.seed


def test_training_stops_at_its_budget_with_what_it_reached() -> None:
    """A slow model is not cut off without a result."""
    settings, *data = tiny(seconds=0.0)
    student = LocalStudent(reference_source(UNIT), "captioning", "", the_unit(UNIT))
    words, losses, _, _ = student.captioning_test(settings, *data)
    assert len(losses) == 1 and words.shape == (20, 4)


def test_progress_reaches_the_judge() -> None:
    """A worker says how far training has come, and the judge passes it on."""
    unit = the_unit(UNIT)
    heard: list[str] = []
    limits = Limits(unit.engine, unit.call_cpu_seconds, unit.call_wall_seconds, unit.memory_mb)
    submission = read_submission(unit, reference_path(unit))
    student = Student(
        submission, unit.module, limits, stack_for(unit), driver=drivers.driver(UNIT), on_beat=heard.append
    )
    try:
        student.captioning_test(*tiny())
    finally:
        student.close()
    assert [words.partition(",")[0] for words in heard] == ["step 50 of 120", "step 100 of 120"]


@pytest.mark.parametrize(
    ("said", "losses", "words"),
    [
        (["a"] * 400, np.full(10, 9.0), "stopped after 10 of"),
        (["a"] * 400, np.full(checks.STEPS, 9.0), "hardly fell"),
        (["a"] * 400, np.full(checks.STEPS, np.nan), "not finite"),
        (["a"] * 400, np.linspace(30, 5, checks.STEPS), "does the picture reach the words"),
        ([str(n) for n in range(400)], np.linspace(30, -0.5, checks.STEPS), "less than a guess can have"),
        ([str(n) for n in range(400)], np.linspace(30, 6, checks.STEPS), "fell from"),
    ],
)
def test_poor_captions_are_told_where_to_look(said: list[str], losses: Any, words: str) -> None:
    """What kind of failure it is shows in the run itself."""
    assert words in checks._what_is_off(said, losses, None, {})


def test_an_unknown_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt UNROLLED_DEVICE is no reason to train somewhere else in silence."""
    monkeypatch.setenv("UNROLLED_DEVICE", "gpu")
    with pytest.raises(UsageError, match="cpu, cuda, mps or auto"):
        checks.device()


@pytest.mark.parametrize("words", [None, "text", [[1, 2], [3]], np.zeros((3, 4)), np.full((400, 20), 10**6)])
def test_words_that_are_none_are_no_captions(words: Any) -> None:
    """Whatever greedy returns, the judge makes text of it or says that it cannot."""

    class Few(list[str]):
        def decode(self, ids: list[int]) -> str:
            return "a"

    assert checks._texts(words, Few(["a"] * 50), 400) is None


@pytest.mark.slow
def test_the_reference_passes_on_a_hidden_draw() -> None:
    """The whole test, as a student's module goes through it; two minutes, most of them the first time on a machine."""
    result = judge_source(UNIT, reference_source(UNIT), ["captioning_test"], sample_draws(1)[0])
    assert result.score == result.max_score, result.exercises[0].message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "lost", "words"),
    [
        (PICTURE, "b = model.b", {"meaning", "BLEU-4", "loss"}, ""),
        ("ignore_index=PAD, ", "", {"loss"}, ""),
        ("captions[:, :-1])", "captions[:, 1:])", {"meaning", "BLEU-4"}, ""),
    ],
    ids=["image ignored", "padding counted", "next word told"],
)
def test_a_wrong_module_loses_points(old: str, new: str, lost: set[str], words: str) -> None:
    """What a trained model shows of a mistake costs the parts that it shows in."""
    source = reference_source(UNIT)
    assert source.count(old) == 1
    item = judge_source(UNIT, source.replace(old, new), ["captioning_test"], sample_draws(1)[0]).exercises[0]
    assert lost <= {part.name for part in item.parts if part.outcome is Outcome.WRONG_VALUES}
    assert words in " ".join(part.message for part in item.parts)


def test_the_table_of_the_thresholds_is_there() -> None:
    """The thresholds in use are those of the recorded runs."""
    table = (Path(__file__).parents[1] / "benchmarks" / "captioning_thresholds.md").read_text(encoding="utf-8")
    assert f"meaning at least {checks.LEAST_MEANING}, BLEU-4 at least {checks.LEAST_BLEU};" in table
    assert f"{checks.CELL}, {checks.INJECT}, {checks.STEPS} steps of {checks.BATCH}" in table
