"""Exports: each format as it is documented, names that cannot do harm, and the same marks everywhere."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from golden_files import same_as_golden
from patience import HANGS
from postgres_server import Server
from small_course import make_course, make_result

from autograder import cli, gradebook, gradescope_run
from autograder.course import LateRule, load_course
from autograder.errors import StoreError, UsageError
from autograder.export import FORMATS, Request, export
from autograder.export_tables import (
    Choices,
    canvas_table,
    fill_canvas_sheet,
    fill_moodle_sheet,
    grades_table,
    moodle_table,
)
from autograder.github_classroom import reporter_result, summary, workflow
from autograder.gradebook import ensure_registered, record_class
from autograder.gradescope import VISIBILITIES, gradescope_results
from autograder.gradescope_zip import autograder_zip
from autograder.late import Late
from autograder.marks import Mark, read_marks
from autograder.mistakes import reference_path
from autograder.release import quiet_nbgrader, release
from autograder.results import Outcome, SubmissionResult
from autograder.roster import Person, Roster, read_roster
from autograder.sandbox import PROCESS
from autograder.store import ResultStore
from autograder.tables import harmless, key_text

COURSE = load_course()
UNIT = COURSE.unit("02_bptt")
FORMULA = '=HYPERLINK("http://evil.example","click")'
TIME = datetime(2027, 3, 2, 8, 30, tzinfo=UTC)


def mark(person: Person, share: float, **changes: object) -> Mark:
    """Somebody's mark, with the same share of every exercise."""
    points = {exercise.id: share * exercise.points for exercise in UNIT.exercises}
    made = Mark(person, True, points, sum(points.values()), 6, UNIT.max_score, 24, submitted_at=TIME)
    return replace(made, **changes)  # type: ignore[arg-type]


ADA = Person(
    "ada", "Ada", 'O\'Neil, "Jr."', "ada@example.edu", "A1", "1001", "S-1", "ada1", "501", "ada", "77", "ada-dev"
)
BRUNO = Person("bruno", FORMULA, "Silva", "bruno@example.edu", "A1", "1002", "S-2", "bruno1", "502", "bruno", "78")
ZOE = Person("zoe", "Zoë", "Łukasik", "zoe@example.edu", "B2", "1003", "S-3", "zoe1", "503", "zoe", "79")
CLASS = Roster((ADA, BRUNO, ZOE))
MARKS = [
    mark(ADA, 1),
    mark(BRUNO, 0.5, penalty=9.2, penalty_of_checks=8, late=Late(86400 + 7200, 20), unmarked=2),
    Mark(ZOE, False, max_checks=UNIT.max_score, max_written=24),
]
TITLE = Choices("Backpropagation")


def roster_of(tmp_path: Path, *people: Person) -> Roster:
    """The roster as it is read from a file."""
    names = (
        "id",
        "first_name",
        "last_name",
        "email",
        "canvas_id",
        "sis_login_id",
        "moodle_id",
        "username",
        "id_number",
    )
    file = tmp_path / "roster.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows([getattr(person, name) for name in names] for person in people)
    return read_roster(file)


def rows(text: str) -> list[list[str]]:
    """A CSV text as any program reads it."""
    return list(csv.reader(io.StringIO(text), strict=True))


def column(text: str, name: str) -> list[str]:
    """The cells below a heading."""
    table = rows(text)
    return [row[table[0].index(name)] for row in table[1:]]


# ── golden files ──────────────────────────────────────────────────────────────────────────────────────


def result_of(student: str) -> SubmissionResult:
    """A result with something of everything in it, the same on every machine."""
    result = make_result(UNIT, 1, student=student)
    first, second = result.exercises[2], result.exercises[3]
    first.remarks.append("Right, in single precision.")
    for part in second.parts:
        part.expected = part.got = "(3, 5) float64"
    wrong = second.parts[-1]
    wrong.outcome, wrong.points, wrong.expected, wrong.got = Outcome.WRONG_SHAPE, 0, "(5,) float64", "(1, 5) float64"
    second.outcome, second.points = Outcome.PARTLY, second.points - wrong.max_points
    second.message = "db has shape (1, 5), it should be (5,); the values are right."
    second.mistake, second.mistake_title = "bias-gradient-keeps-an-axis", "db keeps an axis of length one"
    second.hints = ["What shape has b?", "Look at the sum.", "A gradient has the shape of what it belongs to."]
    third = result.exercises[5]
    third.outcome, third.points, third.message = Outcome.CRASHED, 0, "ValueError in line 3: \x1b[31m<b>```oops```</b>"
    third.mistake, third.mistake_title = "general:sign", "the sign is the other way round"
    result.score = sum(exercise.points for exercise in result.exercises)
    result.attempts = ["open /etc/passwd"]
    result.isolation, result.versions = "bubblewrap (made up)", {"numpy": "2.0"}
    return replace(result, draw="02_bptt:bruno:0123abcd", seconds=1.6)


def test_csv_is_as_it_was() -> None:
    """grades.csv: names quoted, formulas made text, who handed in nothing with empty cells."""
    same_as_golden(grades_table(MARKS, UNIT).text, "grades.csv")


def test_canvas_is_as_it_was() -> None:
    """The file for Canvas's import."""
    same_as_golden(canvas_table(MARKS, TITLE).text, "canvas.csv")


def test_moodle_is_as_it_was() -> None:
    """The file for Moodle's import."""
    same_as_golden(moodle_table(MARKS, TITLE).text, "moodle.csv")


def test_gradescope_results_are_as_they_were() -> None:
    """results.json of somebody who was late."""
    data = gradescope_results(result_of("bruno"), Late(86400 + 7200, 20), "after_published")
    same_as_golden(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "gradescope_results.json")


def test_the_workflow_is_as_it_was() -> None:
    """classroom.yml for a numpy unit."""
    same_as_golden(workflow(UNIT, "uni/rnn-course", "2027"), "classroom.yml")


def test_the_summary_is_as_it_was() -> None:
    """The Markdown on the page of a run."""
    same_as_golden(summary(result_of("bruno")), "github_summary.md")


def test_github_s_reporter_gets_its_form() -> None:
    """base64 of the JSON that GitHub's grading reporter reads."""
    data = json.loads(base64.b64decode(reporter_result(result_of("bruno"))))
    same_as_golden(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "github_result.json")


def test_the_list_of_gradescope_s_files_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """setup.sh and run_autograder of the zip."""
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    packed = zipfile.ZipFile(io.BytesIO(autograder_zip(UNIT, tmp_path, Roster())))
    for name in ("setup.sh", "run_autograder"):
        same_as_golden(packed.read(name).decode(), f"gradescope_{name.removesuffix('.sh')}.sh")


# ── spreadsheets ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "-2+3+cmd|' /C calc'!A0"]
)
def test_no_text_becomes_a_formula(text: str) -> None:
    """Whatever begins like a formula gets an apostrophe in front, and no line break stays."""
    assert harmless(text).startswith("'") and not set(harmless(text)) & set("\t\r\n")


@pytest.mark.parametrize("text", ["Ada", 'O\'Neil, "Jr."', "Zoë", "a=b", "李雷", "5 %"])
def test_ordinary_names_stay(text: str) -> None:
    """A name that is no formula is not touched."""
    assert harmless(text) == text and rows(grades_table([mark(Person("x", text), 1)], UNIT).text)[1][1] == text


def test_an_id_is_never_changed_in_silence() -> None:
    """An id by which an LMS finds somebody is refused rather than spoilt."""
    with pytest.raises(UsageError, match="Correct it in the roster"):
        key_text("=1", "SIS Login ID of eve")
    with pytest.raises(UsageError, match="ID of eve"):
        canvas_table([mark(Person("eve", canvas_id="-1+1"), 1)], TITLE)


@pytest.mark.parametrize("table", [canvas_table, moodle_table], ids=["canvas", "moodle"])
def test_every_cell_of_a_hostile_name_is_harmless(table) -> None:  # type: ignore[no-untyped-def]
    """In no format does a cell begin like a formula."""
    person = Person("eve", FORMULA, FORMULA, "eve@example.edu", section=FORMULA)
    for row in rows(table([mark(person, 1)], TITLE).text):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]


# ── marks ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("choices", "ada", "bruno", "zoe", "most"),
    [
        (Choices("x"), "86", "36.8", "", "104"),
        (Choices("x", checks_only=True), "80", "32", "", "80"),
        (Choices("x", zero_if_missing=True), "86", "36.8", "0", "104"),
        (Choices("x", checks_only=True, out_of=10), "10", "4", "", "10"),
    ],
    ids=["all", "checks only", "zeros", "scaled"],
)
def test_points_are_what_was_asked_for(choices: Choices, ada: str, bruno: str, zoe: str, most: str) -> None:
    """Penalties are off, answers in words in or out, nothing handed in is no zero unless asked for."""
    canvas = column(canvas_table(MARKS, choices).text, "x")
    assert canvas == [most, ada, bruno, zoe]
    assert column(moodle_table(MARKS, choices).text, "x") == [ada, bruno, zoe]


def test_unknown_people_are_said() -> None:
    """Whoever an LMS could not find is named."""
    stranger = [mark(Person("eve"), 1)]
    assert any("eve by name" in note for note in canvas_table(stranger, TITLE).notes)
    assert any("cannot find eve" in note for note in moodle_table(stranger, TITLE).notes)


# ── sheets that an LMS made ───────────────────────────────────────────────────────────────────────────

CANVAS_SHEET = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Essay (11),Backpropagation (12),Current Score\n"
    ",,,,,Manual Posting,Manual Posting,(read only)\n"
    "    Points Possible,,,,,10,104,(read only)\n"
    '"Silva, =1+1",1002,S-2,bruno1,A1,9,,90\n'
    '"O\'Neil, Ada",1001,S-1,ada1,A1,7,3,70\n'
    '"Stranger, Eve",1009,S-9,eve1,A1,5,4,50\n'
)


def test_canvas_s_own_export_is_filled_in(tmp_path: Path) -> None:
    """One assignment's cells change; ids, names and other people's cells come back as they were."""
    table = fill_canvas_sheet(CANVAS_SHEET, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), TITLE)
    found = rows(table.text)
    assert found[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Backpropagation (12)"]
    assert found[3:] == [
        ["Silva, =1+1", "1002", "S-2", "bruno1", "A1", "36.8"],
        ["O'Neil, Ada", "1001", "S-1", "ada1", "A1", "86"],
        ["Stranger, Eve", "1009", "S-9", "eve1", "A1", "4"],
    ]
    assert any("Stranger, Eve" in note for note in table.notes)


def test_canvas_s_points_possible_are_compared(tmp_path: Path) -> None:
    """An assignment that is out of something else is said, with what to do."""
    choices = Choices("Backpropagation", checks_only=True)
    table = fill_canvas_sheet(CANVAS_SHEET, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), choices)
    assert any("out of 104, these points are out of 80" in note for note in table.notes)


def test_an_assignment_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The names that there are come with the refusal."""
    with pytest.raises(UsageError, match=r"no assignment 'Unit 9'.*Backpropagation \(12\)"):
        fill_canvas_sheet(CANVAS_SHEET, MARKS, Roster(), Choices("Unit 9"))


MOODLE_SHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 502,=HYPERLINK,bruno@example.edu,Submitted,,104.00,Yes,"Tuesday, 2 March 2027, 9:30 AM",-,-good\n'
    "Participant 501,Ada O'Neil,ada@example.edu,Submitted,12.00,104.00,No,-,-,\n"
    "Participant 503,Zoë Łukasik,zoe@example.edu,No submission,,104.00,Yes,-,-,\n"
)


def test_moodle_s_worksheet_is_filled_in(tmp_path: Path) -> None:
    """Grade changes, every other cell comes back byte by byte, locked grades are said."""
    table = fill_moodle_sheet(MOODLE_SHEET, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), TITLE)
    before, after = rows(MOODLE_SHEET), rows(table.text)
    assert [row[4] for row in after] == ["Grade", "36.8", "86", ""]
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    assert any("will not change the grade of Ada O'Neil" in note for note in table.notes)


HEADINGS = {
    "German": 'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",'
    '"Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"',
    "French": "Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,La note peut être modifiée,"
    "Dernière modification (travail remis),Dernière modification (note),Feedback par commentaires",
    "Spanish": "Identificador,Nombre completo,Dirección de correo,Estatus,Calificación,Calificación máxima,"
    "La calificación puede ser cambiada,Última modificación (entrega),Última modificación (calificación),Comentarios",
    "English, new": MOODLE_SHEET.splitlines()[0].replace("Maximum Grade", "Maximum grade"),
    "English, odd": MOODLE_SHEET.splitlines()[0].replace("Maximum Grade", " HIGHEST  GRADE "),
}
PEOPLE = (
    'Teilnehmer/in502,Bruno,bruno@example.edu,x,,"100,00",Ja,"Montag, 1. März",-,\n'
    'Teilnehmer/in501,Ada O\'Neil,ada@example.edu,x,"12,00","100,00",Nein,-,-,\n'
    'Teilnehmer/in503,Zoë Łukasik,zoe@example.edu,x,,"100,00",Ja,-,-,\n'
)


@pytest.mark.parametrize("language", HEADINGS)
def test_a_worksheet_is_read_in_its_language(tmp_path: Path, language: str) -> None:
    """Columns are found by what their headings mean; points are written with the sheet's own decimal comma."""
    sheet = f"\ufeff{HEADINGS[language]}\n{PEOPLE}"
    table = fill_moodle_sheet(sheet, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), TITLE)
    before, after = rows(sheet.removeprefix("\ufeff")), rows(table.text)
    assert [row[4] for row in after[1:]] == ["36,8", "86", ""]
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    notes = " ".join(table.notes)
    assert "out of 100,00, these points are out of 104" in notes and "--out-of 100." in notes
    assert "will not change the grade of Ada O'Neil" in notes


def test_a_worksheet_in_an_unknown_language_is_refused_or_explained(tmp_path: Path) -> None:
    """Nothing is guessed; whoever says which column it is, gets it filled in."""
    sheet = "Identyfikator,Pełna nazwa,Adres e-mail,Ocena,Zmieniono\nUczestnik 501,Ada,ada@example.edu,,-\n"
    with pytest.raises(UsageError, match="set to English, or name the column for the points with --grade-column"):
        fill_moodle_sheet(sheet, MARKS, Roster(), TITLE)
    roster = roster_of(tmp_path, ADA, BRUNO, ZOE)
    assert column(fill_moodle_sheet(sheet, MARKS, roster, TITLE, "Ocena").text, "Ocena") == ["86"]
    with pytest.raises(UsageError, match="no column 'Punkty'"):
        fill_moodle_sheet(sheet, MARKS, roster, TITLE, "Punkty")


@pytest.mark.parametrize(
    ("heading", "grade", "most"),
    [
        ("Scale", "", "Fail   Pass"),
        ("Skala", "", "1, 2"),
        ("Maximum Grade", "Pass", "1"),
        ("Maximum grade", "", "Good"),
    ],
)
def test_points_are_not_written_into_a_scale(tmp_path: Path, heading: str, grade: str, most: str) -> None:
    """An assignment that is marked with words takes no points; it is said which words."""
    sheet = f'Identifier,Full name,Grade,{heading},Last modified (grade)\nParticipant 501,Ada,{grade},"{most}",-\n'
    with pytest.raises(UsageError, match="marked on a scale"):
        fill_moodle_sheet(sheet, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), TITLE)


@pytest.mark.parametrize(
    ("most", "says"),
    [
        ("104", ""), ("104.00", ""), ("104,00", ""), ("1,048.00", "--out-of 1048."), ("1.048,00", "--out-of 1048."),
        ("1\u202f048,00", "--out-of 1048."), ("1'048.00", "--out-of 1048."), ("100.00", "--out-of 100."),
        ("1,04,8", "cannot be read"), ("a hundred", "cannot be read"), ("", ""), ("(read only)", ""),
    ],
)  # fmt: skip
def test_most_points_are_read_in_every_spelling(tmp_path: Path, most: str, says: str) -> None:
    """Thousands and decimals as a system writes them; what cannot be read is said, never passed over."""
    sheet = CANVAS_SHEET.replace(",10,104,", f',10,"{most}",')
    notes = fill_canvas_sheet(sheet, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), TITLE).notes
    found = [note for note in notes if "Canvas has" in note]
    assert len(found) == bool(says) and says in "".join(found)


def test_whoever_canvas_excuses_stays_excused(tmp_path: Path) -> None:
    """EX is a decision of a person there; it comes back as it was, and is said."""
    sheet = CANVAS_SHEET.replace("ada1,A1,7,3,", "ada1,A1,7,EX,")
    table = fill_canvas_sheet(sheet, MARKS, roster_of(tmp_path, ADA, BRUNO, ZOE), TITLE)
    assert rows(table.text)[4][5] == "EX" and any("Excused" in note and "O'Neil" in note for note in table.notes)


def test_without_a_roster_ids_and_names_are_compared() -> None:
    """Where the id is the login, or the name is the id, no roster is needed."""
    marks = [mark(Person("ada1"), 1), mark(Person("Eve Stranger"), 0.5)]
    table = fill_canvas_sheet(CANVAS_SHEET, marks, Roster(), TITLE)
    assert [row[5] for row in rows(table.text)[3:]] == ["", "86", "4"]
    assert any("Eve Stranger" in note for note in table.notes)


# ── Gradescope ────────────────────────────────────────────────────────────────────────────────────────


def test_gradescope_s_form_is_kept() -> None:
    """Only documented keys and values; the tests' points are the judge's; the score has the penalty off."""
    result = result_of("bruno")
    data = gradescope_results(result, Late(86400, 20))
    documented = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"}
    documented |= {"visibility", "stdout_visibility", "extra_data", "tests", "leaderboard"}
    of_tests = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
    assert set(data) <= documented and data["visibility"] in VISIBILITIES
    assert all(set(test) <= of_tests | {"visibility", "extra_data"} for test in data["tests"])
    assert {test["status"] for test in data["tests"]} <= {"passed", "failed"}
    assert sum(test["score"] for test in data["tests"]) == result.score
    assert data["score"] == pytest.approx(0.8 * result.score)
    assert sum(test["max_score"] for test in data["tests"]) == UNIT.max_score


def test_gradescope_s_students_get_one_hint() -> None:
    """The ladder of hints is climbed at home; a general detector's name is not called a known mistake."""
    tests = {test["name"]: test["output"] for test in gradescope_results(result_of("bruno"))["tests"]}
    assert "Hint 1 of 3" in tests["rnn_step_backward"] and "Hint 2" not in tests["rnn_step_backward"]
    assert "known mistake: db keeps" in tests["rnn_step_backward"]
    assert "What is off: the sign" in tests["rnn_backward"] and "known mistake" not in tests["rnn_backward"]
    assert "\x1b" not in tests["rnn_backward"]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/autograder as Gradescope lays it out, with this Python in place of what setup.sh installs."""
    base = tmp_path_factory.mktemp("autograder")
    people = Roster((replace(ADA, email="Ada@Example.edu"),))
    os.environ["UNROLLED_SALT"], before = "a salt for tests", os.environ.get("UNROLLED_SALT")
    try:
        data = autograder_zip(UNIT, base, people, visibility="hidden", isolation="process")
    finally:
        os.environ.pop("UNROLLED_SALT") if before is None else os.environ.update(UNROLLED_SALT=before)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        packed.extractall(base / "source")
    (base / "submission").mkdir()
    (base / "venv" / "bin").mkdir(parents=True)
    python = base / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return base


def on_gradescope(base: Path, tmp_path: Path, module: str, **metadata: object) -> subprocess.CompletedProcess[str]:
    """Run the zip's own run_autograder on a module."""
    here = tmp_path / "autograder"
    shutil.copytree(base, here)
    (here / "submission" / "homework").mkdir()
    (here / "submission" / "homework" / UNIT.module_file).write_text(module, encoding="utf-8")
    about = {"created_at": "2027-03-03T08:00:00.000000-08:00", "users": [{"email": "ada@example.edu"}], **metadata}
    (here / "submission_metadata.json").write_text(json.dumps(about), encoding="utf-8")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "UNROLLED", "COV"))}
    script = str(here / "source" / "run_autograder")
    return subprocess.run(["bash", script, str(here)], capture_output=True, text=True, env=own, timeout=HANGS)


@pytest.mark.skipif(sys.platform == "win32", reason="Gradescope is Linux")
def test_the_zip_grades_as_we_do(unpacked: Path, tmp_path: Path) -> None:
    """Its own runner, with the package in the zip: the judge's points on the draw that this student has here."""
    done = on_gradescope(unpacked, tmp_path, reference_path(UNIT).read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "autograder" / "results" / "results.json").read_text(encoding="utf-8"))
    assert data["score"] == UNIT.max_score and data["visibility"] == "hidden"
    assert "isolation: process (" in done.stdout and PROCESS.weakness in done.stdout  # instructors read this
    draw = data["extra_data"]["draw"]
    from autograder.draws import hidden_draw

    assert draw == hidden_draw(UNIT.id, "ada", b"a salt for tests").label


@pytest.mark.skipif(sys.platform == "win32", reason="Gradescope is Linux")
def test_a_failure_on_gradescope_is_no_zero(unpacked: Path, tmp_path: Path) -> None:
    """If the grader cannot work there are no results at all, and an exit code that is not 0."""
    done = on_gradescope(unpacked, tmp_path, "x = 1\n", users=[])
    assert done.returncode == 4 and "Nothing was scored" in done.stderr
    assert "autograder export UNIT --format gradescope-autograder" in done.stderr  # where --isolation is chosen
    assert not (tmp_path / "autograder" / "results" / "results.json").exists()


def test_the_zip_holds_no_right_module(unpacked: Path) -> None:
    """Neither a solution, nor the demo class, nor what students handed in is in it; scripts can be executed."""
    names = [path.relative_to(unpacked / "source").as_posix() for path in (unpacked / "source").rglob("*")]
    assert not [name for name in names if re.search(r"demo_class|solutions|submitted|/bptt\.py$|\.ipynb$", name)]
    assert "setup.sh" in names and "run_autograder" in names and "course/autograder/course.toml" in names


def test_the_zip_repeats_byte_by_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same course, salt and choices make the same zip, whose scripts are executable."""
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    first = autograder_zip(UNIT, tmp_path, Roster())
    assert first == autograder_zip(UNIT, tmp_path, Roster())
    info = zipfile.ZipFile(io.BytesIO(first)).getinfo("run_autograder")
    assert stat.S_IMODE(info.external_attr >> 16) == 0o755


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_scripts_for_gradescope_are_bash(unpacked: Path, script: str) -> None:
    """Bash can read them to the end."""
    done = subprocess.run(["bash", "-n", str(unpacked / "source" / script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_broken_module_is_not_told_part_by_part() -> None:
    """What is wrong with it stands above; each test refers to that, and says nothing about parts."""
    result = replace(make_result(UNIT, 0.0), message="bptt.py cannot be imported: SyntaxError.")
    for exercise in result.exercises:
        exercise.message = "Not judged: see the message about the module."
    data = gradescope_results(result)
    assert "SyntaxError" in data["output"]
    assert {test["output"] for test in data["tests"]} == {"Not judged: see the message about the module."}


def test_what_takes_long_is_made_when_the_image_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """setup.sh has data made that an experiment makes only as it runs, or each submission would wait for it."""
    from autograder.checks import test_05_captioning as checks

    made: list[int] = []
    nothing: dict[str, Any] = dict.fromkeys(("captions", "others", "known", "known_captions"), np.zeros(1))
    monkeypatch.setattr(
        checks, "captioning_data", lambda seed: made.append(seed) or nothing | {"v": np.zeros((1, 2)), "vocabulary": []}
    )
    gradescope_run.prepare("05_captioning")
    assert len(made) == 1


def test_a_student_s_own_due_date_goes_before_the_assignment_s() -> None:
    """Where Gradescope names one beside the student's address."""
    due = {"assignment": {"due_date": "2027-03-09T00:00:00+00:00"}}
    about = {"created_at": "2027-03-08T00:00:00+00:00", "assignment": {"due_date": "2027-03-01T00:00:00+00:00"}}
    rule = LateRule(percent_per_day=10)
    assert gradescope_run.lateness(about, rule, UNIT.id) is not None
    assert gradescope_run.lateness({**about, "users": [due]}, rule, UNIT.id) is None


@pytest.mark.parametrize(
    ("due", "created", "percent"),
    [
        ("2027-03-01T23:00:00-08:00", "2027-03-03T08:00:00.5-08:00", 20),
        ("2027-03-03T08:00:01-08:00", "2027-03-03T08:00:00-08:00", None),
        (None, "2027-03-02T00:00:00+00:00", 10),
    ],
    ids=["late there", "in time there", "due here"],
)
def test_gradescope_s_clock_counts(due: str | None, created: str, percent: float | None) -> None:
    """Lateness on Gradescope is by its due date, which knows of extensions; without one, by course.toml's."""
    rule = LateRule(percent_per_day=10, due=((UNIT.id, datetime(2027, 3, 1, 22, 59, tzinfo=UTC)),))
    late = gradescope_run.lateness({"created_at": created, "assignment": {"due_date": due}}, rule, UNIT.id)
    assert (late.percent if late else None) == percent
    assert gradescope_run.lateness({"created_at": created, "assignment": {"due_date": due}}, None, UNIT.id) is None


# ── GitHub ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_workflow_is_yaml_that_holds_no_secret() -> None:
    """It can be read, every expression in it is the one result, and no secret is named."""
    text = workflow(UNIT, "uni/rnn-course", "main")
    data = yaml.safe_load(text)
    assert [step["name"] for step in data["jobs"]["checks"]["steps"] if "name" in step]
    assert re.findall(r"\$\{\{(.*?)\}\}", text) == [" steps.checks.outputs.result "] and "secrets" not in text
    assert data["permissions"]["contents"] == "read"


@pytest.mark.parametrize(
    ("repository", "ref"), [("uni", "main"), ("a/b; rm", "main"), ("a/b", 'x"\nrun: y'), ("a/b", "-x")]
)
def test_names_cannot_break_out_of_the_workflow(repository: str, ref: str) -> None:
    """What is no repository or branch is refused."""
    with pytest.raises(UsageError):
        workflow(UNIT, repository, ref)


def test_a_unit_in_torch_brings_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its checks use coursekit and more packages, and what they compute once is kept between runs."""
    units = [unit for unit in COURSE.units if unit.engine == "torch"]
    if not units:
        pytest.skip("no unit of this course is in torch")
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    packed = zipfile.ZipFile(io.BytesIO(autograder_zip(units[0], tmp_path, Roster())))
    needed = packed.read("requirements.txt").decode()
    assert "torch==" in needed and "+" not in needed and "course/coursekit/cache.py" in packed.namelist()
    assert "download.pytorch.org/whl/cpu" in packed.read("setup.sh").decode()
    text = workflow(units[0], "uni/rnn-course", "main")
    steps = yaml.safe_load(text)["jobs"]["checks"]["steps"]
    assert [step for step in steps if step.get("uses", "").startswith("actions/cache@")]
    assert "secrets" not in text


def test_github_s_points_add_up() -> None:
    """The reporter sums the tests' points; that is the judge's score."""
    result = result_of("bruno")
    data = json.loads(base64.b64decode(reporter_result(result)))
    assert sum(test["score"] for test in data["tests"]) == result.score and data["max_score"] == result.max_score


def test_what_students_write_is_no_markup_on_github() -> None:
    """Text of a module stands in a fence that it cannot close."""
    text = summary(result_of("bruno"))
    fences = re.findall(r"^(`{3,})text$", text, re.M)
    assert "````" in fences and "<b>```oops```</b>" in text.split("````text")[1].split("\n````")[0]


def test_the_step_of_the_workflow_runs(tmp_path: Path) -> None:
    """What the workflow calls judges a submission in a folder and leaves result, summary and page."""
    (tmp_path / "submission" / UNIT.id).mkdir(parents=True)
    shutil.copy(reference_path(UNIT), tmp_path / "submission" / UNIT.id)
    own = {**os.environ, "GITHUB_OUTPUT": "out.txt", "GITHUB_STEP_SUMMARY": "summary.md", "UNROLLED_SALT": "x"}
    command = [sys.executable, "-m", "autograder.github_classroom", UNIT.id, "submission", "page.html"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=own, timeout=HANGS)
    if "Nothing was graded" in done.stdout + done.stderr:
        pytest.skip("there is no isolation here")
    assert done.returncode == 0, done.stdout + done.stderr
    name, _, value = (tmp_path / "out.txt").read_text().strip().partition("=")
    assert name == "result" and json.loads(base64.b64decode(value))["status"] == "pass"
    assert "80 of 80 points" in (tmp_path / "summary.md").read_text() and (tmp_path / "page.html").is_file()


# ── out of a gradebook ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with two graded students, one of whom has an answer in words marked by a person."""
    root = make_course(tmp_path_factory.mktemp("export") / "course")
    before = os.environ.get("UNROLLED_SALT")
    os.environ["UNROLLED_SALT"] = "a salt for tests"
    try:
        release([UNIT.id], root=root)
        url = f"sqlite:///{root / 'gradebook.db'}"
        ensure_registered(UNIT, root, url)
        store = ResultStore(root)
        for name, share in (("ada", 1.0), ("bruno", 0.5)):
            folder = root / "submitted" / name / UNIT.id
            folder.mkdir(parents=True)
            (folder / UNIT.module_file).write_text("", encoding="utf-8")
            notebook = (root / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb").read_text(encoding="utf-8")
            answered = notebook.replace("YOUR ANSWER HERE", f"An answer of {name}'s.")
            assert answered != notebook
            (folder / f"{UNIT.id}.ipynb").write_text(answered, encoding="utf-8")
            result = make_result(UNIT, share, student=name)
            store.save(UNIT, name, store.key(UNIT, folder, name), result)
            page = root / "reports" / UNIT.id / "students" / f"{name}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(f"<p>{name}</p>", encoding="utf-8")
        record_class(UNIT.id, root=root, feedback=False)
        with quiet_nbgrader(), gradebook.open_gradebook(url, COURSE.name) as gb:
            found = gb.find_grade("q_why_sum", UNIT.id, UNIT.id, "ada")
            found.manual_score, found.needs_manual_grade = 2.5, False
            gb.db.commit()
    finally:
        os.environ.pop("UNROLLED_SALT") if before is None else os.environ.update(UNROLLED_SALT=before)
    return root


@pytest.fixture
def course_root(graded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    return Path(shutil.copytree(graded, tmp_path / "course"))


def request(root: Path, **options: object) -> Request:
    """What the command line would ask for."""
    return Request(UNIT, COURSE, root, **{"roster": Roster((Person("ada"), Person("zoe"))), **options})  # type: ignore[arg-type]


def test_marks_are_the_gradebook_s(course_root: Path) -> None:
    """Points of checks and of a person, what waits to be marked, and who is in the roster without a submission."""
    ada, bruno, zoe = read_marks(UNIT, COURSE, course_root, Roster((Person("zoe"),)))
    assert (ada.checks, ada.written, ada.score, ada.unmarked) == (80, 2.5, 82.5, 0)
    assert (bruno.checks, bruno.written, bruno.score, bruno.unmarked) == (40, 0, 40, 1)
    assert not zoe.handed_in and {ada.max_score, zoe.max_score} == {83}


def test_a_penalty_is_right_although_answers_were_marked_later(course_root: Path) -> None:
    """The penalty is worked out from the points of today, not from those on the day of grading."""
    course = replace(COURSE, late=LateRule(percent_per_day=10, due=((UNIT.id, datetime(2027, 3, 1, tzinfo=UTC)),)))
    with quiet_nbgrader(), gradebook.open_gradebook(f"sqlite:///{course_root / 'gradebook.db'}", COURSE.name) as gb:
        gb.update_or_create_assignment(UNIT.id, duedate=datetime(2027, 3, 1))
    (course_root / "submitted" / "ada" / UNIT.id / "timestamp.txt").write_text("2027-03-01 10:00:00 UTC")
    ada = next(m for m in read_marks(UNIT, course, course_root, Roster()) if m.person.id == "ada")
    assert (ada.penalty, ada.penalty_of_checks, ada.score) == (8.25, 8, 74.25)


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_is_written_where_it_belongs(course_root: Path, form: str) -> None:
    """Each format makes its files in exports/<unit>/."""
    people = Roster((Person("ada", "Ada", "B", moodle_id="501"),))
    done = export(form, request(course_root, roster=people, repository="uni/rnn"))
    assert done.files and all(file.is_relative_to(course_root / "exports" / UNIT.id) for file in done.files)
    assert all(file.stat().st_size for file in done.files)


def test_notes_say_what_a_person_should_know(course_root: Path) -> None:
    """Unmarked answers and missing people are said."""
    notes = " ".join(export("csv", request(course_root)).notes)
    assert "of 1 student have not been marked" in notes and "zoe" in notes


def test_withdrawn_work_is_not_exported(course_root: Path) -> None:
    """What is not in submitted/ any more is said with its points and left out; the gradebook keeps it."""
    shutil.rmtree(course_root / "submitted" / "ada")
    people = Roster((Person("ada"), Person("bruno")))
    done = export("csv", request(course_root, roster=people))
    text = done.files[0].read_text()
    assert column(text, "handed_in") == ["withdrawn", "yes"] and column(text, "score") == ["", "40"]
    assert any("not in submitted/ any more" in note and "ada (82.5 of 83 points)" in note for note in done.notes)
    for form, name in (("canvas", "Backpropagation through time"), ("moodle", "Backpropagation through time")):
        text = export(form, request(course_root, roster=people, assignment=name)).files[0].read_text()
        assert [cell for cell in column(text, name) if cell != "83"] == ["", "40"]
    kept = export("csv", request(course_root, roster=people, keep_withdrawn=True)).files[0].read_text()
    assert column(kept, "handed_in") == ["withdrawn", "yes"] and column(kept, "score") == ["82.5", "40"]


def test_who_left_the_class_is_not_exported_to_an_lms(course_root: Path) -> None:
    """Graded, but not in the roster: said in every form, and in the file only where people read it."""
    people = Roster((Person("ada"),))
    for form, expected in (("csv", ["ada", "bruno"]), ("canvas", ["ada"])):
        done = export(form, request(course_root, roster=people))
        table = rows(done.files[0].read_text())
        assert [name for name in ("ada", "bruno") if any(name in "".join(row) for row in table)] == expected
        assert any("not in the roster (any more)" in note and "bruno" in note for note in done.notes)
    kept = export("canvas", request(course_root, roster=people, keep_withdrawn=True))
    assert "bruno" in kept.files[0].read_text()
    with pytest.raises(UsageError, match="nobody to export.*bruno"):
        export("moodle", request(course_root, roster=Roster((Person("zoe"),)), students=("bruno",)))


def test_marks_of_an_earlier_hand_in_are_said(course_root: Path) -> None:
    """They count until a person looks again, and nobody says that they count 0."""
    with quiet_nbgrader(), gradebook.open_gradebook(f"sqlite:///{course_root / 'gradebook.db'}", COURSE.name) as gb:
        gb.find_grade("q_why_sum", UNIT.id, UNIT.id, "ada").needs_manual_grade = True
        gb.db.commit()
    ada = read_marks(UNIT, COURSE, course_root, Roster(), students=["ada"])[0]
    assert (ada.written, ada.unmarked, ada.to_review) == (2.5, 0, 1)
    notes = export("csv", request(course_root, students=("ada",))).notes
    assert any("before the work was graded again are counted: ada" in note for note in notes)
    assert not any("count 0 so far" in note for note in notes)


def test_an_export_writes_nothing_into_the_gradebook(course_root: Path) -> None:
    """It reads, penalties included."""
    course = replace(COURSE, late=LateRule(percent_per_day=10, due=((UNIT.id, datetime(2027, 3, 1, tzinfo=UTC)),)))
    (course_root / "submitted" / "ada" / UNIT.id / "timestamp.txt").write_text("2027-03-01 10:00:00 UTC")
    before = (course_root / "gradebook.db").read_bytes()
    ada, _ = read_marks(UNIT, course, course_root, Roster())
    assert ada.penalty == 8.25 and ada.submitted_at == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert (course_root / "gradebook.db").read_bytes() == before


def test_without_rule_and_time_nothing_is_taken_off(course_root: Path) -> None:
    """A penalty that is still in the gradebook is no reason, unless another plugin's."""
    with quiet_nbgrader(), gradebook.open_gradebook(f"sqlite:///{course_root / 'gradebook.db'}", COURSE.name) as gb:
        gb.find_submission(UNIT.id, "ada").notebooks[0].late_submission_penalty = 4.8
        gb.db.commit()
    assert read_marks(UNIT, COURSE, course_root, Roster(), students=["ada"])[0].penalty == 0
    with (course_root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    assert read_marks(UNIT, COURSE, course_root, Roster(), students=["ada"])[0].penalty == 4.8


def test_marks_on_a_server_are_those_in_a_file(
    course_root: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same class recorded there gives the same table."""
    before = export("csv", request(course_root, roster=Roster())).files[0].read_text()
    url = postgres.database()
    monkeypatch.setenv("UNROLLED_DB", url)
    record_class(UNIT.id, root=course_root, feedback=False)
    with quiet_nbgrader(), gradebook.open_gradebook(url, COURSE.name) as gb:
        found = gb.find_grade("q_why_sum", UNIT.id, UNIT.id, "ada")
        found.manual_score, found.needs_manual_grade = 2.5, False
        gb.db.commit()
    assert export("csv", request(course_root, roster=Roster())).files[0].read_text() == before


def test_feedback_is_zipped_per_student(course_root: Path) -> None:
    """A student's zip holds that student's page and nobody else's."""
    done = export("feedback", request(course_root))
    found = {file.stem: zipfile.ZipFile(file) for file in done.files}
    assert {name: packed.namelist() for name, packed in found.items()} == dict.fromkeys(
        ("ada", "bruno"), ["02_bptt.html"]
    )
    assert found["ada"].read("02_bptt.html") == b"<p>ada</p>"


def test_moodle_s_feedback_zip_has_moodle_s_names(course_root: Path) -> None:
    """Folders are named as in Moodle's own download, by which it finds people; who has no number is said."""
    people = Roster((Person("ada", "Ada", "Byron", moodle_id="501"),))
    done = export("moodle-feedback", request(course_root, roster=people))
    assert zipfile.ZipFile(done.files[0]).namelist() == ["Ada Byron_501_assignsubmission_file_/02_bptt.html"]
    assert any("bruno" in note for note in done.notes)


def test_nothing_graded_is_a_sentence(tmp_path: Path) -> None:
    """There is nothing to export before grading."""
    root = make_course(tmp_path / "course")
    with pytest.raises(UsageError, match="Run 'autograder grade 02_bptt' first"):
        export("feedback", request(root))


def test_a_sheet_is_never_written_over(course_root: Path) -> None:
    """The file that an LMS gave stays as it was."""
    sheet = course_root / "canvas.csv"
    sheet.write_text(CANVAS_SHEET, encoding="utf-8")
    with pytest.raises(UsageError, match="is the sheet itself"):
        export("canvas", request(course_root, sheet=sheet, to=sheet, assignment="Backpropagation"))
    assert sheet.read_text(encoding="utf-8") == CANVAS_SHEET


def test_a_folder_in_place_of_a_file_is_refused(course_root: Path) -> None:
    """One clear sentence."""
    with pytest.raises(StoreError, match="is a folder"):
        export("csv", request(course_root, to=course_root))


def test_the_command_offers_every_format() -> None:
    """--format knows what can be written, and nothing else."""
    option = next(p for p in cli.cli.commands["export"].params if p.name == "form")
    assert set(option.type.choices) == set(FORMATS)  # type: ignore[attr-defined]


def test_readme_explains_every_format() -> None:
    """The table of formats has a row for each, and no other."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.split("\n### Marks and feedback for other systems\n")[1].split("\n### ")[0]
    assert set(re.findall(r"^\| `([a-z][\w-]*)` \|", section, re.M)) == set(FORMATS)


def test_the_command(course_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`autograder export` writes, says where, and says what to know."""
    monkeypatch.chdir(course_root)
    cli.main(["export", "2", "--format", "canvas", "--checks-only", "--out-of", "10", "--missing", "zero"])
    out = capsys.readouterr().out
    assert "Written: exports/02_bptt/canvas.csv" in out and "by name" in out
    text = (course_root / "exports" / UNIT.id / "canvas.csv").read_text(encoding="utf-8")
    assert column(text, UNIT.title) == ["10", "10", "5"]
