"""One run over a class (autograder/class_run.py, progress.py): what it shows, asks, writes and returns."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from class_helpers import SALT, UNIT, Here, environment, hand_in, make_class, marks
from nbgrader.api import Gradebook
from patience import HANGS
from rich.console import Console

from autograder import class_run, folders, store
from autograder.class_run import Options, run_class
from autograder.course import load_course
from autograder.errors import InfrastructureError, StoreError, UsageError
from autograder.gradebook_session import OneSession
from autograder.mistakes import reference_path
from autograder.progress import BarProgress, LineProgress, Pace, span
from autograder.sandbox import PROCESS

RIGHT = reference_path(UNIT).read_text(encoding="utf-8")
QUICK = Options(feedback=False, isolation=PROCESS.name)


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory) -> Path:
    """A course whose five submissions are graded."""
    root = make_class(tmp_path_factory.mktemp("class") / "course")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("UNROLLED_SALT", SALT)
        patch.setattr(class_run, "Processes", lambda jobs: Here())
        assert run(QUICK)[0] == 0
    return root


@pytest.fixture
def classroom(graded_class, tmp_path, monkeypatch) -> Path:
    """A copy of it, to change, from inside."""
    root = tmp_path / "course"
    shutil.copytree(graded_class, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("UNROLLED_SALT", SALT)
    monkeypatch.setattr(class_run, "Processes", lambda jobs: Here())
    return root


def run(options: Options, answer: bool = False, width: int = 100) -> tuple[int, str, list[str]]:
    """Exit code, what is printed, and the questions asked."""
    asked: list[str] = []
    console = Console(file=io.StringIO(), width=width, highlight=False)

    def confirm(question: str) -> bool:
        asked.append(question)
        return answer

    code = run_class(UNIT.id, options, console, confirm)
    return code, console.file.getvalue(), asked  # type: ignore[attr-defined]


def points(root: Path, student: str) -> set[float | None]:
    """What the gradebook has for a student's exercises."""
    rows = marks(root)["grades"]
    return {row[2] for row in rows if row[0] == student and row[1].startswith("test_")}


def results(root: Path) -> list[Path]:
    """What the store holds for everybody to see."""
    return sorted((root / folders.STATE / "results").rglob("*.json"))


def test_diff_shows_who_changes_and_why_and_writes_nothing_without_a_yes(classroom):
    """After a no the gradebook, the store and the reports are as they were; the same run asks again."""
    hand_in(classroom, "ada", RIGHT.replace("return next_h, cache", "return -next_h, cache", 1))
    before, kept = marks(classroom), results(classroom)
    pages = {path: path.read_bytes() for path in (classroom / "reports").rglob("*.html")}
    for _ in range(2):
        code, said, asked = run(replace(QUICK, diff=True))
        assert code == 0 and len(asked) == 1 and "Nothing was written" in said
        row = next(line for line in said.splitlines() if line.startswith("ada"))
        assert "80" in row and "another submission (bptt.py)" in row
        assert "1 score changes, 4 stay as they are" in said
        assert not any(line.startswith("bob") for line in said.splitlines())
    assert marks(classroom) == before and results(classroom) == kept
    assert {path: path.read_bytes() for path in (classroom / "reports").rglob("*.html")} == pages


@pytest.mark.parametrize("yes", [True, False])
def test_diff_writes_after_a_yes(classroom, yes):
    """With --yes, or a yes at the terminal, the gradebook is that of a plain run."""
    hand_in(classroom, "ada", "x = 1\n")
    shutil.copytree(classroom, classroom.parent / "plain")
    code, _, asked = run(replace(QUICK, diff=True, yes=yes), answer=True)
    assert code == 0 and len(asked) == (not yes)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(classroom.parent / "plain")
        run(QUICK)
    assert marks(classroom) == marks(classroom.parent / "plain")


def test_diff_names_the_check_that_was_mended(classroom, monkeypatch):
    """Another grader: the changed check is named for whoever's score it changes."""
    real = store.grader_pieces(UNIT)
    changed = real | {"check/rnn_step_forward": "new", "grader/checks/test_02_bptt.py": "new"}
    for module in ("autograder.store", "autograder.grade"):
        monkeypatch.setattr(f"{module}.grader_pieces", lambda unit: dict(changed))
    monkeypatch.setattr(class_run, "Processes", lambda jobs: Here(half))
    _, said, _ = run(replace(QUICK, diff=True))
    assert "the check of rnn_step_forward" in said and "rnn_step_forward 4 → 2" in said


def half(task):
    """A judge that gives everybody the earlier points, but half of them for one exercise."""
    from autograder.grade import judge_task

    result = judge_task(task)
    for exercise in result["exercises"]:
        if exercise["id"] == "rnn_step_forward":
            exercise["points"] /= 2
            exercise["parts"][0]["points"] /= 2
            result["score"] -= exercise["points"]
    return result


def test_diff_says_who_would_lose_a_score_to_a_failure(classroom, monkeypatch):
    """A grader that fails shows as a score that is taken back, not as a zero."""
    hand_in(classroom, "ada", "x = 1\n")

    def broken(task):
        raise InfrastructureError("no sandbox today")

    monkeypatch.setattr(class_run, "Processes", lambda jobs: Here(broken))
    code, said, _ = run(replace(QUICK, diff=True), width=160)
    row = next(line for line in said.splitlines() if line.startswith("ada"))
    assert code == 0 and "80" in row and "–" in row and "could not be judged" in row


def test_a_failure_of_the_grader_is_exit_code_5_and_no_score(classroom, monkeypatch):
    """The others are recorded; who could not be judged has no score, which a later run mends."""
    hand_in(classroom, "ada", RIGHT + "# again\n")

    def broken(task):
        raise InfrastructureError("no sandbox today")

    monkeypatch.setattr(class_run, "Processes", lambda jobs: Here(broken))
    code, said, _ = run(QUICK)
    assert code == 5 and "ada: not scored" in said and "no sandbox today" in said
    assert points(classroom, "ada") == {None}
    monkeypatch.setattr(class_run, "Processes", lambda jobs: Here())
    assert run(QUICK)[0] == 0
    assert points(classroom, "ada") >= {2.0, 15.0}


def test_json_lines_are_json_and_nothing_else(classroom, capsys):
    """Each line is an object; everybody is there once; the last one has the exit code."""
    hand_in(classroom, "ada", "x = 1\n")
    code, said, _ = run(replace(QUICK, json_lines=True))
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    done = {event["student"]: event for event in found if event["event"] == "done"}
    assert said == "" and code == 0 and sorted(done) == ["ada", "bob", "cyd", "dee", "eve"]
    assert done["ada"]["score"] == 0 and not done["ada"]["kept"] and done["bob"]["kept"]
    assert found[-1]["event"] == "end" and found[-1]["exit_code"] == 0 and found[-1]["scored"] == 5


def test_json_lines_tell_what_diff_shows(classroom, capsys):
    """A change is an event with points before and after, and why."""
    hand_in(classroom, "ada", "x = 1\n")
    run(replace(QUICK, json_lines=True, diff=True))
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (change,) = [event for event in found if event["event"] == "change"]
    assert (change["student"], change["before"], change["after"]) == ("ada", 80, 0)
    assert change["why"] == ["another submission (bptt.py)"] and not found[-1]["written"]


def test_withdrawn_work_is_said_and_kept(classroom):
    """Its points and marks stay in the gradebook, for whoever gets it back; a run over all says whose they are."""
    before = marks(classroom)["grades"]
    shutil.rmtree(classroom / folders.SUBMITTED / "ada")
    _, said, _ = run(QUICK)
    assert "not in submitted/ any more: ada" in " ".join(said.split()) and marks(classroom)["grades"] == before
    assert "any more: ada" not in " ".join(run(replace(QUICK, students=("bob",)))[1].split())


def test_quiet_says_nothing_if_nothing_is_wrong(classroom, capsys):
    """Neither on stdout nor on stderr, but for the warning that this isolation is weak."""
    _, said, _ = run(replace(QUICK, quiet=True))
    out, err = capsys.readouterr()
    assert said == out == "" and err.strip() == PROCESS.weakness


def test_the_gradebook_is_what_nbgrader_makes_of_it(classroom):
    """`nbgrader autograde`, with connections and steps of its own, gives the same rows and the same notebooks."""
    notebook = classroom / folders.SUBMITTED / "dee" / UNIT.id / f"{UNIT.id}.ipynb"
    data = json.loads(notebook.read_text(encoding="utf-8"))
    data["cells"] = [cell for index, cell in enumerate(data["cells"]) if index % 3]  # some are deleted, some changed
    for cell in data["cells"]:
        cell["source"] = f"{''.join(cell['source'])}\n# <b>changed</b>"
    notebook.write_text(json.dumps(data), encoding="utf-8")
    assert run(QUICK)[0] == 0
    ours = marks(classroom)
    shutil.rmtree(classroom / folders.AUTOGRADED)
    (classroom / "gradebook.db").unlink()
    command = [sys.executable, "-m", "nbgrader", "autograde", UNIT.id]
    done = subprocess.run(command, cwd=classroom, env=environment(), capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    assert marks(classroom) == ours


def test_a_student_is_recorded_whole_or_not_at_all(classroom):
    """What is written before something breaks is taken back, though nbgrader has committed it."""
    before = marks(classroom)
    session = OneSession(f"sqlite:///{classroom / 'gradebook.db'}")
    with pytest.raises(RuntimeError, match="in the middle"), session.transaction():
        with Gradebook(session.db_url, load_course().name) as gradebook:
            gradebook.find_grade("test_relative_error", UNIT.id, UNIT.id, "ada").auto_score = 0.5
            gradebook.db.commit()
        raise RuntimeError("in the middle")
    session.close()
    assert marks(classroom) == before


def test_diff_with_force_compares_with_the_new_result(classroom, monkeypatch):
    """Everybody is judged again under the same key: what is shown is what the judge says now."""
    monkeypatch.setattr(class_run, "Processes", lambda jobs: Here(half))
    _, said, _ = run(replace(QUICK, diff=True, force=True))
    assert "rnn_step_forward 4 → 2" in said


def test_an_unknown_student_is_refused_before_anything_is_judged(classroom):
    """The sentence names the folder that is missing."""
    with pytest.raises(UsageError, match="nobody has handed in nothing"):
        run(replace(QUICK, students=("nobody",)))


def test_processes_start_at_once_and_end_if_there_is_nothing_to_judge(classroom, monkeypatch):
    """Those that judge and the one that draws get ready while the gradebook is opened; a bad one ends them."""
    said = []

    class Noted(Here):
        def begin(self, prepare, *args):
            said.append("begin")

        def stop(self):
            said.append("stop")

    place = Noted()
    monkeypatch.setattr(class_run, "Processes", lambda jobs: place)
    with pytest.raises(StoreError, match="no folder"):
        run(replace(QUICK, db_url="sqlite:////nowhere/at/all.db"))
    assert said == ["begin", "begin", "stop", "stop"] and place.asked == []


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pace_knows_rate_and_time_left():
    """Two a second; of ten, four are done: three seconds are left."""
    clock = Clock()
    pace = Pace(10, clock)
    assert pace.rate is None and pace.words == "…"
    for _ in range(4):
        clock.now += 0.5
        pace.step()
    assert pace.rate == pytest.approx(2.0) and pace.left == pytest.approx(3.0)
    assert pace.words == "2.0/s, 0:03 left"


def test_pace_does_not_count_what_was_kept():
    """Results of an earlier run come at once and say nothing about the next ones."""
    clock = Clock()
    pace = Pace(100, clock)
    for _ in range(50):
        pace.step(kept=True)
    for _ in range(10):
        clock.now += 2.0
        pace.step()
    assert pace.rate == pytest.approx(0.5) and pace.left == pytest.approx(80.0)
    assert pace.words == "30.0/min, 1:20 left"


def test_pace_forgets_how_fast_it_was_long_ago():
    """The rate is that of the last submissions."""
    clock = Clock()
    pace = Pace(1000, clock)
    for step in (10.0, 0.1):
        for _ in range(100):
            clock.now += step
            pace.step()
    assert pace.rate == pytest.approx(10.0)


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0:00"), (67, "1:07"), (3599.6, "1:00:00"), (36000, "10:00:00")])
def test_spans_are_read_like_a_clock(seconds, words):
    """Minutes and seconds, hours if there are any."""
    assert span(seconds) == words


def test_the_bar_fits_eighty_columns():
    """With a thousand submissions and a long time left, too."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    progress = BarProgress(console)
    with progress:
        progress.begin("recording", 1000)
        for _ in range(100):
            progress.step("ada")
    lines = console.file.getvalue().replace("\r", "\n").splitlines()  # type: ignore[attr-defined]
    assert any("100/1000" in line for line in lines) and max(map(len, lines)) <= 80 + len("\x1b[2K\x1b[?25h")


def test_without_a_terminal_there_are_few_lines():
    """A hundred submissions in no time: one line, at the end."""
    console = Console(file=io.StringIO(), width=80)
    progress = LineProgress(console)
    progress.begin("grading", 100)
    for _ in range(100):
        progress.step("ada")
    (line,) = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert line.startswith("grading 100/100, in 0:0")
