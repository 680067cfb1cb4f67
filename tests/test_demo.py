"""The demo class is graded as it must be, and the reports about a class say it well."""

from __future__ import annotations

import dataclasses
import io
import re
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from html.parser import HTMLParser
from multiprocessing import get_context
from pathlib import Path

import pytest
from patience import HANGS, wait_until
from rich.cells import cell_len
from rich.console import Console

from autograder import demo, figures, report
from autograder.course import load_course
from autograder.draws import hidden_draw
from autograder.errors import UsageError
from autograder.grade import grade_submission
from autograder.results import ExerciseResult, Outcome, PartResult, SubmissionResult

COURSE = load_course()
ALL = [(student.name, unit_id) for student in demo.load_class() for unit_id in student.units]
#: Without the unit that takes minutes, as `make demo`; `test_the_full_demo` has that one too.
HANDED_IN = [(name, unit_id) for name, unit_id in ALL if not demo.takes_long(COURSE.unit(unit_id))]
RIGHT = [student for student in demo.load_class() if student.about.startswith("right")]
EVIL = "<script>alert('x')</script><img src=http://evil.example/a.png>"


def judged(name: str, unit_id: str) -> SubmissionResult:
    """One submission of the demo class on a hidden draw of its own; runs in a process of the pool."""
    draw = hidden_draw(unit_id, name, b"a salt that only tests use")
    return grade_submission(unit_id, demo.CLASS / name / unit_id, student=name, draw=draw)


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str], SubmissionResult]:
    """The whole demo class but for the unit that takes long, judged once, by two processes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = pool.map(judged, *zip(*HANDED_IN, strict=True))
        return dict(zip(HANDED_IN, found, strict=True))


# ── the class ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "unit_id"), HANDED_IN)
def test_what_class_toml_says_is_what_they_get(
    results: dict[tuple[str, str], SubmissionResult], name: str, unit_id: str
) -> None:
    """Score, outcomes, lost parts and named mistakes are exactly those of class.toml."""
    expected = {student.name: student for student in demo.load_class()}[name].units[unit_id]
    assert expected.deviations(results[name, unit_id]) == []


@pytest.mark.parametrize("student", RIGHT, ids=lambda student: student.name)
def test_every_correct_style_is_expected_to_get_everything(student: demo.DemoStudent) -> None:
    """Nobody may make class.toml kinder to the grader: a student who is right has full marks there."""
    for unit_id, expected in student.units.items():
        assert expected.score == COURSE.unit(unit_id).max_score and not expected.lost


def test_the_class_is_large_and_mixed() -> None:
    """Sixteen students, at least six right in their own way, and all outcomes that a student can cause but two."""
    students = demo.load_class()
    outcomes = {lost.outcome for s in students for unit in s.units.values() for lost in unit.lost.values()}
    assert len(students) == 16 and len(RIGHT) >= 6
    assert outcomes == set(Outcome) - {
        Outcome.PASSED,
        Outcome.WRONG_SHAPE,  # as a part: ines' db
        Outcome.OUT_OF_MEMORY,
        Outcome.ENVIRONMENT,
    }


def test_expected_scores_add_up() -> None:
    """A unit's score in class.toml is its maximum less what the lost exercises lose."""
    for student in demo.load_class():
        for unit_id, expected in student.units.items():
            unit = COURSE.unit(unit_id)
            lost = sum(unit.exercise(name).points - entry.points for name, entry in expected.lost.items())
            assert expected.score == unit.max_score - lost, (student.name, unit_id)


def test_a_deviation_is_seen(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """The comparison with class.toml does not let a wrong score, part or outcome pass."""
    ada, ines = results["ada", "02_bptt"], results["ines", "02_bptt"]
    expected = {student.name: student.units["02_bptt"] for student in demo.load_class()}
    assert expected["ines"].deviations(ada)
    assert expected["ada"].deviations(ines)
    other_part = dataclasses.replace(expected["ines"].lost["rnn_step_backward"], parts=("dx",))
    assert demo.Expected(78, {"rnn_step_backward": other_part}).deviations(ines) == ["rnn_step_backward loses db"]


def test_words_that_must_be_said_are_looked_for(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """The comparison with class.toml does not let a message pass that does not say what it must."""
    ines = results["ines", "02_bptt"]
    step = {student.name: student for student in demo.load_class()}["ines"].units["02_bptt"].lost["rnn_step_backward"]
    said, other = (dataclasses.replace(step, says=words) for words in ("the values are right", "the picture"))
    assert demo.Expected(78, {"rnn_step_backward": said}).deviations(ines) == []
    assert len(demo.Expected(78, {"rnn_step_backward": other}).deviations(ines)) == 1


def test_every_unit_has_right_and_wrong_work() -> None:
    """Each unit of the course is handed in by somebody who is right and by at least two who are not."""
    students = demo.load_class()
    for unit in COURSE.units:
        lost = [student.units[unit.id].lost for student in students if unit.id in student.units]
        assert {} in lost and len([entry for entry in lost if entry]) >= 2, unit.id


def test_ten_megabytes_of_output_are_cut(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """Who prints without end is judged all the same, and what is kept of it is small."""
    rosa = results["rosa", "02_bptt"]
    assert rosa.score == rosa.max_score
    assert 1000 < len(rosa.output) < 70_000


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────


def printed(results: list[SubmissionResult], width: int = 80) -> list[str]:
    """The lines of the class table on a console of some width."""
    stream = io.StringIO()
    report.class_table(results, COURSE, Console(file=stream, width=width, color_system=None, legacy_windows=False))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 60])
def test_the_table_fits(results: dict[tuple[str, str], SubmissionResult], width: int) -> None:
    """No line of the class table is wider than the terminal, and every student has one."""
    lines = printed(list(results.values()), width)
    assert max(map(cell_len, lines)) <= width
    for student in demo.load_class():
        assert any(line.startswith(f"{student.name} ") for line in lines)


def test_a_line_of_the_table(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """Signs in the order of the exercises, points of each unit, the total at the end of the last line."""
    lines = printed(list(results.values()))
    ines = [line.split() for line in lines if line.startswith("ines")]
    assert ines == [
        ["ines", *"✓✓✓✓◔✓✓✓✓✓✓", "46", *"✓✓✓◐✓✓✓✓✓✓✓✓", "78"],
        ["ines", *"–" * 14, "–"],
        ["ines", *"✓◐✓✓✓✓✓✓◔✓✓✓✓", "93.5", "217.5"],
    ]
    mia = [line.split() for line in lines if line.startswith("mia")]
    assert mia == [
        ["mia", *"–" * 11, "–", *"✓✓✓◐✓✗✓✓✓✓✓✓", "63"],
        ["mia", *"✓✓✓✓✓✓✓✓✓◐✗✓✓✓", "61"],
        ["mia", *"–" * 13, "–", "124"],
    ]


def test_one_unit_says_what_to_look_at(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """With room to spare, the table names the first thing that is not right."""
    lines = printed([result for (_, unit_id), result in results.items() if unit_id == "02_bptt"])
    pavel = next(line for line in lines if line.startswith("pavel"))
    assert pavel.endswith("temporal_softmax_loss: an index goes be…")
    assert max(map(cell_len, lines)) <= 80


def test_every_sign_is_another_one_of_one_column() -> None:
    """Outcomes are told apart without colour."""
    signs = [look.sign for look in report.LOOKS.values()] + [report.ABSENT.sign]
    assert set(report.LOOKS) == set(Outcome)
    assert len(set(signs)) == len(signs) and {cell_len(sign) for sign in signs} == {1}


# ── the pages ─────────────────────────────────────────────────────────────────────────────────────────


class Page(HTMLParser):
    """Tags, attributes and text of an HTML page; complains if a tag is not closed."""

    VOID = {"meta", "br", "link", "img", "rect", "line"}

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.fixture(scope="module")
def pages(results: dict[tuple[str, str], SubmissionResult], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of the demo class."""
    root = tmp_path_factory.mktemp("course")
    report.write_class_pages(list(results.values()), COURSE, root)
    return root / report.REPORTS / "course"


def test_pages_load_nothing(pages: Path) -> None:
    """Each page is one file: no script, style sheet, picture or font from elsewhere."""
    files = [pages / "class.html", *sorted((pages / "students").iterdir())]
    assert len(files) == 17
    for file in files:
        page = Page(file)
        assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & set(page.tags)
        loaded = [value for name, value in page.attributes if name in ("src", "href", "srcset", "data", "xlink:href")]
        assert not [value for value in loaded if re.match(r"(?i)\s*(https?:|//|file:|javascript:)", value)]
        assert "url(" not in page.source and "@import" not in page.source


def test_the_class_report_links_to_every_page(pages: Path) -> None:
    """Every student is in the class report, with a link that leads to their page."""
    page = Page(pages / "class.html")
    links = [value for name, value in page.attributes if name == "href" and not value.startswith("#")]
    assert sorted(set(links)) == [f"students/{student.name}.html" for student in demo.load_class()]
    assert all((pages / link).is_file() for link in links)


def test_a_student_sees_only_their_own(pages: Path) -> None:
    """A feedback page names no other student."""
    names = [student.name for student in demo.load_class()]
    for name in names:
        text = Page(pages / "students" / f"{name}.html").text
        assert [other for other in names if re.search(rf"\b{other}\b", text)] == [name]


def test_a_student_sees_what_is_wrong(pages: Path, results: dict[tuple[str, str], SubmissionResult]) -> None:
    """Part, outcome, shapes, the first thing to look at, the known mistake and its ladder of hints are on the page."""
    text = " ".join(Page(pages / "students" / "ines.html").text.split())
    exercise = results["ines", "02_bptt"].exercise("rnn_step_backward")
    db = next(part for part in exercise.parts if part.name == "db")
    assert exercise.mistake_title and len(exercise.hints) > 1
    for said in (exercise.message, db.expected, db.got, "8 of 10", exercise.mistake_title, *exercise.hints):
        assert " ".join(said.split()) in text


def test_a_broken_module_is_said_once(pages: Path) -> None:
    """A syntax error is one function's message, and what was left out is said once."""
    text = Page(pages / "students" / "quinn.html").text
    assert text.count("SyntaxError") == 1 and text.count("Left out: stacked_cell") == 1
    assert text.count("Not judged") == 0 and "costs nothing): Left out" not in text


def test_mistakes_are_ranked_by_students(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """The most common mistake comes first; nobody is counted for what they did not attempt."""
    found = report.mistakes(list(results.values()))
    counts = [len(entry.students) for entry in found]
    assert counts == sorted(counts, reverse=True) and counts[0] == 2
    assert {"ines", "mia"} in [set(entry.students) for entry in found if entry.exercise == "rnn_step_backward"]
    assert not [entry for entry in found if entry.exercise == "gradient_norms"]  # hugo has not written it


def test_who_needs_help(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """Few points, exercises left out, a module that cannot be graded; who only did not hand in is not among them."""
    found = figures.need_help(report.unit_figures(list(results.values()), COURSE))
    assert [(entry.student, [reason.unit[:2] for reason in entry.reasons]) for entry in found] == [
        ("hugo", ["01"] * 3 + ["02"] * 3)
    ]


def test_who_has_not_handed_in(results: dict[tuple[str, str], SubmissionResult]) -> None:
    """Everybody who is missing, unit by unit."""
    found = figures.missing(report.unit_figures(list(results.values()), COURSE))
    graded = {unit_id for _, unit_id in HANDED_IN}
    absent = {(s.name, unit_id) for s in demo.load_class() for unit_id in graded if unit_id not in s.units}
    assert {(student, entry.unit) for entry in found for student in entry.students} == absent


def made_up(student: str, **changes: object) -> SubmissionResult:
    """A result whose every text is hostile."""
    unit = COURSE.unit("01_vanilla_rnn")
    exercises = [
        ExerciseResult(
            e.id, 0.0, e.points, Outcome.CRASHED,
            [PartResult(p, Outcome.CRASHED, 0.0, e.part_points(p), EVIL, EVIL, EVIL) for p in e.parts],
            message=EVIL, mistake="x", mistake_title=EVIL, hint=EVIL, hints=[EVIL, EVIL], remarks=[EVIL],
        )
        for e in unit.exercises
    ]  # fmt: skip
    result = SubmissionResult(
        unit.id, 0.0, unit.max_score, exercises, EVIL, EVIL, {"numpy": EVIL}, student, output=EVIL + "\x00\ud800"
    )
    result.attempts.append(EVIL)
    return dataclasses.replace(result, **changes)  # type: ignore[arg-type]


def test_everything_is_escaped(tmp_path: Path) -> None:
    """Markup in messages, names, hints, output and versions is text on the pages, and bad characters are replaced."""
    results = [made_up("<b>eve</b>"), made_up("mallory", message=EVIL)]
    report.class_report(results, COURSE, tmp_path / "class.html", {"<b>eve</b>": "students/<b>.html"})
    for number, result in enumerate(results):
        report.student_feedback(result, COURSE, tmp_path / f"{number}.html")
    for file in sorted(tmp_path.iterdir()):
        page = Page(file)
        assert not {"script", "img", "b>eve"} & set(page.tags), file
        assert "<script" in page.text and "\x00" not in page.source
    assert "<b>eve</b>" in Page(tmp_path / "0.html").text


def test_what_code_tried_is_in_the_reports(tmp_path: Path) -> None:
    """An attack that was refused is named for the teacher, with whose it was, and to the student."""
    result = made_up("eve", attempts=["open /etc/passwd"])
    report.class_report([result, made_up("ada", attempts=[])], COURSE, tmp_path / "class.html")
    report.student_feedback(result, COURSE, tmp_path / "eve.html")
    assert all("open /etc/passwd" in Page(tmp_path / name).text for name in ("class.html", "eve.html"))


def test_one_page_is_for_one_student(tmp_path: Path) -> None:
    """Results of two students do not get onto one feedback page."""
    with pytest.raises(UsageError, match="several"):
        report.student_feedback([made_up("ada"), made_up("bruno")], COURSE, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    """A student called ../../x does not get a page elsewhere."""
    with pytest.raises(UsageError, match="name"):
        report.write_class_pages([made_up("../../x")], COURSE, tmp_path)
    assert not list(tmp_path.rglob("*.html"))


def test_no_results_is_a_sentence(tmp_path: Path) -> None:
    """There is no report about nobody."""
    with pytest.raises(UsageError, match="no results"):
        report.class_report([], COURSE, tmp_path / "class.html")


# ── the folder ────────────────────────────────────────────────────────────────────────────────────────


def test_an_earlier_demo_is_moved_aside(tmp_path: Path) -> None:
    """Nothing of an earlier demo is lost, however often it is run again."""
    root = tmp_path / "demo"
    assert demo.prepare(root) is None
    for number in (1, 2):
        (root / "notes.txt").write_text(f"run {number}")
        assert demo.prepare(root) == f"earlier/{number}"
        assert not (root / "notes.txt").exists() and (root / "nbgrader_config.py").is_file()
    for number in (1, 2):
        assert (root / "earlier" / str(number) / "notes.txt").read_text() == f"run {number}"
        assert (root / "earlier" / str(number) / "solutions" / "02_bptt" / "bptt.py").is_file()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    """A folder that this command did not make is refused and stays as it is."""
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="not a demo"):
        demo.prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """One clear sentence, and the file stays."""
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(UsageError, match="is a file"):
        demo.prepare(tmp_path / "demo")
    assert (tmp_path / "demo").read_text() == "a file"


@pytest.mark.slow
def test_the_whole_demo(tmp_path: Path) -> None:
    """Release, submissions, hidden grading, gradebook, feedback, reports; an earlier demo's files are kept."""
    demo.prepare(tmp_path / "demo")
    (tmp_path / "demo" / "notes.txt").write_text("mine")
    command = [sys.executable, "-m", "autograder.cli", "demo", "--folder", "demo"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANGS, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"All {len(HANDED_IN)} results are what" in done.stdout and "Isolation:" in done.stdout
    assert "'autograder demo --full' grades it" in " ".join(done.stdout.split())
    assert done.stderr == "" and max(map(cell_len, done.stdout.splitlines())) <= 80
    root = tmp_path / "demo"
    assert (root / "earlier" / "1" / "notes.txt").read_text() == "mine"
    assert (root / "gradebook.db").is_file() and (root / "reports" / "course" / "class.html").is_file()
    assert len(list((root / "reports" / "course" / "students").iterdir())) == 16
    assert list((root / "feedback" / demo.SHOWN_BY_NBGRADER).rglob("*.html"))

    from autograder.gradebook import read_scores

    scores = read_scores(COURSE.unit("02_bptt"), "ines", f"sqlite:///{root / 'gradebook.db'}", COURSE.name)
    assert scores["rnn_step_backward"] == 8 and sum(map(float, filter(None, scores.values()))) == 78


@pytest.mark.slow
@pytest.mark.timeout(2 * HANGS + 300)  # three models are trained, one of them until its time is up
def test_the_full_demo(tmp_path: Path) -> None:
    """With --full unit 5 is trained and judged: one right, one blind, one too slow, as class.toml says."""
    command = [sys.executable, "-m", "autograder.cli", "demo", "--folder", "demo", "--full"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=2 * HANGS, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"All {len(ALL)} results are what" in done.stdout
    page = Page(tmp_path / "demo" / "reports" / "course" / "students" / "pavel.html")
    assert "Training was stopped after" in " ".join(page.text.split())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process group")
def test_ctrl_c_ends_cleanly(tmp_path: Path) -> None:
    """One sentence, exit code 130, no traceback."""
    command = [sys.executable, "-m", "autograder.cli", "demo", "--folder", "demo"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=environment(),
    )  # fmt: skip
    wait_until(lambda: list(tmp_path.glob("demo/autograded/*")) or process.poll() is not None)
    import os

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=HANGS)
    assert process.returncode == 130, out + err
    assert "Stopped." in out and "Traceback" not in out + err


def environment() -> dict[str, str]:
    """This process's environment on a terminal of 80 columns."""
    import os

    return {**os.environ, "COLUMNS": "80", "OMP_NUM_THREADS": "1"}
