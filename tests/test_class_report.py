"""The class report: its figures, its plots, and what stands where."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_course import make_result

from autograder import figures, report
from autograder.course import load_course
from autograder.figures import DEVIATION, KNOWN, OTHER, discrimination, mistakes, recognised, unit_figures
from autograder.late import Late
from autograder.looks import LOOKS
from autograder.plots import exercise_plot, score_plot
from autograder.results import Outcome, SubmissionResult
from autograder.store import ResultStore

COURSE = load_course()
UNIT = COURSE.unit("02_bptt")


def made(student: str, share: float = 1.0, **lost: Outcome) -> SubmissionResult:
    """A result where some exercises are lost; the others have a share of their points."""
    result = make_result(UNIT, share, student=student)
    for exercise in result.exercises:
        exercise.seconds = 0.1
        if exercise.id in lost:
            exercise.outcome, exercise.points = lost[exercise.id], 0.0
            for part in exercise.parts:
                part.outcome, part.points = lost[exercise.id], 0.0
    result.score = sum(exercise.points for exercise in result.exercises)
    return replace(result, draw="02_bptt:x:0123abcd", isolation="bubblewrap (all of it)", versions={"numpy": "2.0"})


def class_of(count: int) -> list[SubmissionResult]:
    """A class whose students get from nothing to everything; all pass rnn_forward, and the best miss clip_grad_norm."""
    results = []
    for number in range(count):
        result = make_result(UNIT, 0.0, student=f"s{number:02d}")
        for place, exercise in enumerate(result.exercises):
            exercise.seconds = 0.01 * (place + 1)
            right = place * count < number * len(result.exercises)
            if exercise.id == "rnn_forward":
                right = True
            if exercise.id == "clip_grad_norm":
                right = number < count // 2
            exercise.points = exercise.max_points if right else 0.0
            exercise.outcome = Outcome.PASSED if right else Outcome.WRONG_VALUES
        result.score = sum(exercise.points for exercise in result.exercises)
        results.append(replace(result, draw="02_bptt:x:0123abcd", versions={"numpy": "2.0"}))
    return results


# ── figures ───────────────────────────────────────────────────────────────────────────────────────────


def test_discrimination_is_the_correlation_with_the_rest() -> None:
    """Pearson's r of an exercise with the points of all others, by the textbook's formula."""
    random.seed(3)
    item = [random.random() for _ in range(30)]
    rest = [random.random() + x for x in item]
    mean_i, mean_r = sum(item) / 30, sum(rest) / 30
    above = sum((i - mean_i) * (r - mean_r) for i, r in zip(item, rest, strict=True))
    below = (sum((i - mean_i) ** 2 for i in item) * sum((r - mean_r) ** 2 for r in rest)) ** 0.5
    assert discrimination(item, rest) == pytest.approx(above / below)


def test_an_exercise_is_not_correlated_with_itself() -> None:
    """Its own points are left out of the rest: one that nobody's other work goes with is at 0, not above."""
    results = []
    for number in range(16):
        result = make_result(UNIT, float(number % 2), student=f"s{number}")
        other = result.exercises[0]
        other.points = other.max_points if number // 2 % 2 else 0.0
        result.score = sum(exercise.points for exercise in result.exercises)
        results.append(result)
    first, second = unit_figures(results, COURSE)[0].exercises[:2]
    assert first.discrimination == pytest.approx(0)
    assert second.discrimination is not None and second.discrimination > 0.9


@pytest.mark.parametrize(
    ("item", "rest"),
    [([0, 1] * 3, [1, 2] * 3), ([1] * 20, list(range(20))), (list(range(20)), [5] * 20)],
    ids=["too few", "all right", "the rest the same"],
)
def test_no_correlation_where_there_is_none(item: list[float], rest: list[float]) -> None:
    """With a handful of students, or without any difference between them, there is no number."""
    assert discrimination(item, rest) is None


def test_a_class_s_figures() -> None:
    """Who passes what, and what separates: one that the best miss is negative, one that all pass has no figure."""
    found = {entry.id: entry for entry in unit_figures(class_of(24), COURSE)[0].exercises}
    assert found["rnn_forward"].passed == 24 and found["rnn_forward"].discrimination is None
    assert found["clip_grad_norm"].passed == 12
    assert found["clip_grad_norm"].discrimination is not None and found["clip_grad_norm"].discrimination < 0
    assert found["rnn_step_backward"].discrimination is not None and found["rnn_step_backward"].discrimination > 0.5
    assert found["truncated_bptt"].outcomes[Outcome.PASSED] == found["truncated_bptt"].passed
    assert sum(found["truncated_bptt"].outcomes.values()) == 24


def test_a_deviation_is_not_called_a_known_mistake() -> None:
    """Names of general detectors are a group of their own; of two names each is in its own group."""
    result = made("ada", rnn_step_backward=Outcome.WRONG_VALUES, rnn_backward=Outcome.CRASHED)
    exercise = result.exercise("rnn_step_backward")
    exercise.mistake, exercise.mistake_title = "tanh-slope-missing+general:sign", "the slope is missing · db: its sign"
    assert recognised(exercise) == [("the slope is missing", KNOWN), ("db: its sign", DEVIATION)]
    kinds = {entry.title: entry.kind for entry in mistakes([result])}
    assert kinds == {"the slope is missing": KNOWN, "db: its sign": DEVIATION, "crashed": OTHER}


def test_known_mistakes_come_first_among_equals() -> None:
    """More students first; of the same number, what has an explanation."""
    results = [made(name, rnn_forward=Outcome.CRASHED, rnn_step_backward=Outcome.WRONG_VALUES) for name in ("a", "b")]
    for result in results:
        exercise = result.exercise("rnn_step_backward")
        exercise.mistake, exercise.mistake_title = "x", "a known one"
    assert [entry.title for entry in mistakes(results)] == ["a known one", "crashed"]


# ── plots ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("plot", [score_plot, exercise_plot])
@pytest.mark.parametrize("count", [1, 24])
def test_plots_are_svg_that_loads_nothing(plot, count: int) -> None:  # type: ignore[no-untyped-def]
    """Well-formed, without scripts, metadata and references to elsewhere; the same figures, the same bytes."""
    unit = unit_figures(class_of(count), COURSE)[0]
    text = plot(unit)
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg") and root.get("role") == "img" and root.get("aria-label")
    assert "url(" not in text and "<script" not in text and "metadata" not in text
    assert not re.search(r'href="(?!#)', text)
    assert plot(unit) == text


def test_plots_say_in_words_what_they_show() -> None:
    """The label holds the figures, for those who do not see the plot."""
    unit = unit_figures(class_of(24), COURSE)[0]
    scores = ElementTree.fromstring(score_plot(unit)).get("aria-label") or ""
    exercises = ElementTree.fromstring(exercise_plot(unit)).get("aria-label") or ""
    assert "1 at 10 %, 6 at 20 %" in scores and f"Mean {unit.mean:.1f}" in scores
    assert "rnn_forward: 24 of 24 passed, item-rest correlation unknown" in exercises
    assert all(exercise.id in exercises for exercise in UNIT.exercises)


def test_every_count_is_written_on_the_bars() -> None:
    """The histogram's bars carry their numbers, so that a print in grey can be read."""
    unit = unit_figures(class_of(24), COURSE)[0]
    elements = ElementTree.fromstring(score_plot(unit)).iter()
    texts = [element.text for element in elements if element.tag.endswith("text")]
    counts = [str(count) for count in unit.bins if count]
    assert counts == [text for text in texts if text][-len(counts) :]


def test_a_large_class_makes_no_large_plot() -> None:
    """With hundreds of students the times are drawn as a range, and the page stays small."""
    assert len(exercise_plot(unit_figures(class_of(400), COURSE)[0])) < 200_000


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────────


def page_of(tmp_path: Path, results: list[SubmissionResult], late: dict[tuple[str, str], Late] | None = None) -> str:
    """The class report's source."""
    report.class_report(results, COURSE, tmp_path / "class.html", late=late)
    return (tmp_path / "class.html").read_text(encoding="utf-8")


def section(page: str, name: str) -> str:
    """The part of a page below the heading with this id."""
    return page.split(f'<h2 id="{name}"')[1].split("<h2")[0]


def test_the_page_has_all_its_parts(tmp_path: Path) -> None:
    """Plots, exercises, mistakes, who needs help, who got what, isolation; every link leads somewhere."""
    page = page_of(tmp_path, class_of(24))
    assert page.count('<svg class="plot"') == 2
    for name in ("unit-02_bptt", "wrong", "help", "who", "isolation"):
        assert section(page, name)
    targets = set(re.findall(r'href="#(?!m)([\w-]+)"', page))
    assert targets and targets <= set(re.findall(r'id="([\w-]+)"', page))


def test_lateness_is_visible(tmp_path: Path) -> None:
    """Points before and after are on the class's page, and on the student's own."""
    results = [made("ada"), made("bruno")]
    late = {("bruno", UNIT.id): Late(2 * 86400, 20)}
    page = section(page_of(tmp_path, results, late), "late")
    assert (
        "bruno" in page and "2 days late, the 2nd day has begun: −20 %" in page and ">64<" in page and "ada" not in page
    )
    report.student_feedback(results[1], COURSE, tmp_path / "b.html", late)
    own = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "Handed in 2 days late, the 2nd day has begun: −20 %" in own and "64 count" in own


def test_nobody_late_nothing_said(tmp_path: Path) -> None:
    """Without late submissions there is no such part."""
    assert 'id="late"' not in page_of(tmp_path, [made("ada")])


def test_groups_of_what_went_wrong(tmp_path: Path) -> None:
    """Known mistakes, deviations and everything else stand under headings of their own."""
    result = made("ada", rnn_step_backward=Outcome.WRONG_VALUES, rnn_backward=Outcome.CRASHED)
    exercise = result.exercise("rnn_step_backward")
    exercise.mistake, exercise.mistake_title = "general:sign", "db: its sign"
    page = section(page_of(tmp_path, [result]), "wrong")
    assert page.index("Kinds of deviation") < page.index("db: its sign") < page.index("Everything else")
    assert "Known mistakes" not in page
    report.student_feedback(result, COURSE, tmp_path / "a.html")
    own = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "What is off:</b> db: its sign" in own and "known mistake" not in own


def test_weak_isolation_is_said_loudly(tmp_path: Path) -> None:
    """If a submission was judged in a bare process, the report says what that means, and how many."""
    weak = replace(made("eve"), isolation="process (rlimits, deadlines)")
    page = section(page_of(tmp_path, [made("ada"), weak]), "isolation")
    assert "without isolation" in page and "process (rlimits, deadlines)" in page
    assert "without isolation" not in section(page_of(tmp_path, [made("ada")]), "isolation")


# ── who needs help ────────────────────────────────────────────────────────────────────────────────────


def reasons(results: list[SubmissionResult], earlier: list[SubmissionResult] | None = None) -> dict[str, list[str]]:
    """Student -> why they need help; ``earlier`` is what each of them handed in before, the newest first."""
    before = {(str(result.student), result.unit): earlier or [] for result in results}
    found = figures.need_help(unit_figures(results, COURSE), before)
    return {entry.student: [reason.words for reason in entry.reasons] for entry in found}


def test_help_is_below_sixty_percent() -> None:
    """The limit stands in one place, and those at it need none."""
    assert figures.HELP_BELOW == 0.6
    found = reasons([made("low", 0.59), made("enough", 0.6)])
    assert list(found) == ["low"] and found["low"][0] == "47.2 of 80 points"


def test_who_left_a_quarter_of_the_exercises_needs_help() -> None:
    """Three of twelve exercises that nobody has begun are a reason, whatever they are worth; two are none."""
    names = ("numerical_gradient", "relative_error", "rnn_forward")
    three = made("ada", **dict.fromkeys(names, Outcome.NOT_ATTEMPTED))
    two = made("bob", **dict.fromkeys(names[:2], Outcome.NOT_ATTEMPTED))
    assert reasons([three, two]) == {"ada": [f"3 of 12 exercises not attempted: {', '.join(names)}"]}


def test_who_is_wrong_three_times_running_needs_help() -> None:
    """The same exercise in three submissions in a row; a right one in between, or two only, are no reason."""
    wrong, right = made("ada", rnn_forward=Outcome.WRONG_VALUES), made("ada")
    assert reasons([wrong], [wrong, wrong]) == {"ada": ["wrong: rnn_forward (wrong values; 3 times running)"]}
    assert reasons([wrong], [wrong]) == reasons([wrong], [wrong, right, wrong]) == reasons([right], [wrong] * 3) == {}


def test_what_cannot_be_graded_is_the_only_reason() -> None:
    """Nothing is said about exercises of a module that was never imported."""
    broken = replace(make_result(UNIT, 0.0, student="eve"), message="bptt.py cannot be imported: SyntaxError.")
    assert reasons([broken]) == {"eve": ["bptt.py cannot be imported: SyntaxError."]}


def test_a_mistake_made_in_two_exercises_is_said_once_more() -> None:
    """Of somebody who needs help; with the exercises in which it was recognised."""
    result = made("mia", 0.5)
    for name in ("rnn_step_backward", "temporal_affine_backward"):
        result.exercise(name).mistake, result.exercise(name).mistake_title = "b", "db keeps an axis"
    assert reasons([result])["mia"][-1] == (
        "the same mistake in 2 exercises: db keeps an axis (rnn_step_backward, temporal_affine_backward)"
    )


def test_help_counts_what_was_handed_in_only(tmp_path: Path) -> None:
    """A unit that is missing neither makes a student needy nor lowers their share of the points."""
    first = COURSE.unit("01_vanilla_rnn")
    results = [made("ada", 0.5), made("bob"), replace(make_result(first, 1.0, student="bob"), versions={"numpy": "2"})]
    (entry,) = figures.need_help(unit_figures(results, COURSE))
    assert (entry.student, entry.score, entry.most) == ("ada", 40, 80)
    page = section(page_of(tmp_path, results), "help")
    assert "bob" not in page and "40 of 80" in page
    assert page.index("Not handed in") < page.index(first.id) < page.index("1 of 2")


def test_who_is_in_the_roster_only_has_handed_in_nothing() -> None:
    """They come first, once, and count in every unit's number of students."""
    results = [made("ada"), make_result(COURSE.unit("01_vanilla_rnn"), 1.0, student="bob")]
    found = figures.missing(unit_figures(results, COURSE), ["ada", "bob", "zoe"])
    assert [(entry.unit, entry.students, entry.of) for entry in found] == [
        ("", ["zoe"], 3), ("01_vanilla_rnn", ["ada"], 3), ("02_bptt", ["bob"], 3),
    ]  # fmt: skip


def test_a_hard_unit_is_said_to_be_one() -> None:
    """More than half of at least eight below the limit is about the unit."""
    low, enough = [[made(f"{word}{n}", share) for n in range(5)] for word, share in (("low", 0.5), ("up", 0.9))]
    assert figures.hard_units(unit_figures([*low, *enough[:4]], COURSE)) == [UNIT.id]
    assert figures.hard_units(unit_figures([*low, *enough], COURSE)) == []
    assert figures.hard_units(unit_figures(low, COURSE)) == []


def test_pages_know_roster_and_earlier_submissions(tmp_path: Path) -> None:
    """The report of a course's folder reads both; a roster that is none is said, and nothing else is lost."""
    (tmp_path / "roster.csv").write_text("id\nada\nzoe\n", encoding="utf-8")
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'x'\n")
    store, results = ResultStore(tmp_path), [made("ada", rnn_forward=Outcome.CRASHED) for _ in range(3)]
    for number, result in enumerate(results):
        result.seconds = float(number)
        for grader in ("1", "2"):  # the same submission, graded again by another grader, is still one submission
            pieces = {"file/bptt.py": str(number), "grader/x": grader}
            store.save(UNIT, "ada", f"{number}{grader}", result, pieces)
    report.write_class_pages(results[-1:], COURSE, tmp_path)
    page = section((tmp_path / "reports" / UNIT.id / "class.html").read_text(encoding="utf-8"), "help")
    assert "3 times running" in page and "zoe" in page and "1 of 2" in page
    (tmp_path / "roster.csv").write_text("name\nada\n", encoding="utf-8")
    said = report.write_class_pages(results[-1:], COURSE, tmp_path)
    assert "does without a roster" in said[0] and "must have a column 'id'" in said[0]


def test_pages_of_withdrawn_work_are_put_away(tmp_path: Path) -> None:
    """A page whose student has nothing in submitted/ any more is moved, and that is said; the others stay."""
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    report.write_class_pages(class_of(3), COURSE, tmp_path)
    students = tmp_path / "reports" / UNIT.id / "students"
    first, *others = sorted(page.stem for page in students.glob("*.html"))
    for name in others[:-1]:
        (tmp_path / "submitted" / name / UNIT.id).mkdir(parents=True)
    said = report.write_class_pages([r for r in class_of(3) if r.student == first], COURSE, tmp_path)
    assert sorted(page.stem for page in students.glob("*.html")) == [first, *others[:-1]]
    assert [page.stem for page in (students.parent / "withdrawn").glob("*.html")] == others[-1:]
    assert any("any more" in line and others[-1] in line for line in said)


class Ended(Executor):
    """Processes of which one has been killed."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor())
        return future


@pytest.mark.parametrize("executor", [ThreadPoolExecutor(1), Ended()], ids=["works", "ended"])
def test_plots_drawn_elsewhere_make_the_same_report(tmp_path: Path, executor: Executor) -> None:
    """Whoever draws them, and also if nobody does."""
    pages = []
    for name, drawing in (("here", None), ("elsewhere", executor)):
        (root := tmp_path / name).mkdir()
        (root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'x'\n")
        report.write_class_pages(class_of(9), COURSE, root, executor=drawing)
        pages.append((root / "reports" / UNIT.id / "class.html").read_bytes())
    executor.shutdown()
    assert pages[0] == pages[1] and pages[0].count(b"<svg") == 2


def test_signs_that_cannot_be_shown_are_replaced() -> None:
    """What a page cannot show, or what changes how the rest is shown, becomes a sign; line breaks and tabs stay."""
    assert report._printable("a\x1b[31m\u202eb\u200b\ud800\n\tc") == "a�[31m�b��\n\tc"


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────────


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("outcome", Outcome)
def test_signs_can_be_read_on_light_and_dark_pages(outcome: Outcome) -> None:
    """WCAG AA: a contrast of at least 4.5 between a sign and its ground."""
    look = LOOKS[outcome]
    assert contrast(look.ground, look.ink) >= 4.5
    assert not look.dark or contrast(look.dark, look.ground) >= 4.5


def test_plots_use_colours_that_the_page_can_change(tmp_path: Path) -> None:
    """Every name of a colour in a plot is defined by the page, and text has one of them."""
    page = page_of(tmp_path, class_of(24))
    defined = set(re.findall(r"(--[\w-]+):", page))
    assert set(re.findall(r"var\((--[\w-]+)", page)) <= defined
    texts = re.findall(r"<text ([^>]*)>", page)
    assert texts and all("fill: var(--" in text or "fill: #ffffff" in text for text in texts)


def test_wide_classes_stand_in_rows(tmp_path: Path) -> None:
    """Five units would be wider than any page: each table of outcomes holds no more than fit beside each other."""
    results = [replace(make_result(unit, 1.0, student="ada"), versions={"numpy": "2"}) for unit in COURSE.units]
    tables = section(page_of(tmp_path, results), "who").split("<table")[1:]
    assert sum(table.count('class="turned"') for table in tables) == sum(len(u.exercises) for u in COURSE.units)
    assert all(table.count('class="turned"') <= report.BESIDE for table in tables)
    assert ["total<br>" in table for table in tables] == [False] * (len(tables) - 1) + [True]


def test_rare_mistakes_are_folded_away(tmp_path: Path) -> None:
    """Of each kind the first are shown, and a line says how many more there are, and of how many students."""
    results = [
        made(f"s{number}", **{exercise.id: outcome})
        for outcome in (Outcome.CRASHED, Outcome.TIMED_OUT)
        for number, exercise in enumerate(UNIT.exercises)
    ]
    for number, result in enumerate(results):
        result.student = f"s{number}"
    page = section(page_of(tmp_path, results), "wrong")
    shown, folded = page.split("<details>")
    assert shown.count("1 ×") == report.MISTAKES_SHOWN
    assert folded.count("1 ×") == len(results) - report.MISTAKES_SHOWN
    assert f"{len(results) - report.MISTAKES_SHOWN} more, of 1 student each" in folded


def test_unwritten_exercises_are_one_line(tmp_path: Path) -> None:
    """A student's page lists what is not written; what has another reason keeps its own box."""
    names = ("rnn_forward", "rnn_backward", "truncated_bptt")
    result = made("hugo", **dict.fromkeys(names, Outcome.NOT_ATTEMPTED))
    for name in names:
        result.exercise(name).message = f"{name} is not written yet."
    result.exercise("truncated_bptt").message = "rnn_forward, which this builds on, does not work."
    report.student_feedback(result, COURSE, tmp_path / "h.html")
    page = (tmp_path / "h.html").read_text(encoding="utf-8")
    assert "Not written yet: <code>rnn_forward</code>, <code>rnn_backward</code>." in page
    assert page.count('class="card"') == 1 and "which this builds on" in page
