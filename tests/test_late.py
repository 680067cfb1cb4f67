"""Late submissions: the rule in course.toml, the times, and what they do to the gradebook."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_course import make_course, make_result

from autograder import gradebook, late, nbgrader_bridge, nbgrader_late
from autograder.course import LateRule, load_course
from autograder.errors import CourseError, StoreError
from autograder.gradebook import ensure_registered, record_class
from autograder.late import Late, duration, late_by, lateness, read_late, read_timestamp
from autograder.release import quiet_nbgrader, release
from autograder.store import ResultStore

UNIT = load_course().unit("02_bptt")
DUE = datetime(2027, 3, 1, 22, 59, tzinfo=UTC)
RULE = LateRule(percent_per_day=10, grace_minutes=15, max_percent=50, cut_off_days=7, due=((UNIT.id, DUE),))
DAY = 24 * 60 * 60.0

# ── the rule ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "percent"),
    [
        (1, 0), (15 * 60, 0), (15 * 60 + 1, 10), (DAY, 10), (DAY + 1, 20), (2 * DAY, 20), (5 * DAY, 50), (7 * DAY, 50),
    ],
)  # fmt: skip
def test_each_day_begun_costs(seconds: float, percent: float) -> None:
    """Nothing within the grace period, then so much per day begun, counted from the due date, up to the most."""
    found = late_by(RULE, seconds)
    assert found is not None and found.percent == percent and not found.cut_off


@pytest.mark.parametrize("seconds", [0, -1, -DAY])
def test_in_time_is_not_late(seconds: float) -> None:
    """Handed in at the very second, or before, is in time."""
    assert late_by(RULE, seconds) is None


def test_after_the_cut_off_nothing_counts() -> None:
    """A second after the cut-off all points are lost, whatever the most is."""
    found = late_by(RULE, 7 * DAY + 1)
    assert found is not None and found.percent == 100 and found.cut_off and found.penalty(80) == 80


def test_without_a_rule_lateness_is_known_and_free() -> None:
    """No table [late], no penalty."""
    found = late_by(None, DAY)
    assert found is not None and found.percent == 0


def test_a_penalty_is_a_share_of_the_points() -> None:
    """20 % of 62.5 points are 12.5; of less than nothing, nothing."""
    found = Late(2 * DAY, 20)
    assert found.penalty(62.5) == 12.5 and found.penalty(-3) == 0


def test_it_says_how_late_and_what_it_costs() -> None:
    """The words for reports and exports, of each kind."""
    assert Late(2 * DAY + 3 * 3600, 30).words == "2 days 3 h late, the 3rd day has begun: −30 %"
    assert Late(31 * 60, 10).words == "31 min late, the 1st day has begun: −10 %"
    assert Late(DAY, 10).words == "1 day late, the 1st day has begun: −10 %"
    assert Late(600, 0).words == "10 min late: no penalty"
    assert Late(9 * DAY, 100, cut_off=True).words == "9 days late: after the cut-off, no points"
    assert duration(20) == "less than a minute" and duration(DAY + 60) == "1 day 1 min"
    assert duration(DAY + 3600 + 60) == "1 day 1 h"


# ── course.toml ───────────────────────────────────────────────────────────────────────────────────────


def course_with(tmp_path: Path, table: str) -> Path:
    """The real course file with a table put before its units."""
    text = (Path(late.__file__).with_name("course.toml")).read_text(encoding="utf-8")
    file = tmp_path / "course.toml"
    file.write_text(text.replace("[[units]]", f"{table}\n[[units]]", 1), encoding="utf-8")
    return file


def test_the_rule_is_read(tmp_path: Path) -> None:
    """Every key arrives, and a due date in another time zone is the same moment in UTC."""
    table = (
        "[late]\npercent_per_day = 10\ngrace_minutes = 15\nmax_percent = 50\ncut_off_days = 7\n"
        "[late.due]\n02_bptt = 2027-03-01T23:59:00+01:00\n"
    )
    assert load_course(course_with(tmp_path, table)).late == RULE


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[late]", "'percent_per_day' is missing"),
        ("[late]\npercent_per_day = 110", "from 0 to 100"),
        ("[late]\npercent_per_day = 10\ngrace = 5", "unknown key 'grace'"),
        ("[late]\npercent_per_day = 10\ncut_off_days = 0", "must be a positive number"),
        ("[late]\npercent_per_day = 10\n[late.due]\n02_bptt = 2027-03-01T23:59:00", "a time with its offset"),
        ("[late]\npercent_per_day = 10\n[late.due]\n02_bpt = 2027-03-01T23:59:00Z", "Did you mean '02_bptt'"),
    ],
)
def test_a_rule_that_is_not_clear_is_refused(tmp_path: Path, table: str, says: str) -> None:
    """A missing, unknown or impossible entry, or a time that could mean two, is an error that says where."""
    with pytest.raises(CourseError, match="late") as caught:
        load_course(course_with(tmp_path, table))
    assert says in str(caught.value)


def test_readme_s_example_is_a_rule(tmp_path: Path) -> None:
    """The table in README.md is one that is read, and it has every key there is."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = text.split("\n### Late submissions\n")[1].split("```toml\n")[1].split("```")[0]
    assert load_course(course_with(tmp_path, table)).late == RULE


# ── times ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-01 22:59:00 UTC", "2027-03-01 22:59:00.000000 UTC", "2027-03-01T23:59:00+01:00", "2027-03-01 22:59",
        "2027-03-01 23:59:00 +0100", "\ufeff2027-03-01 22:59:00 UTC\r",
    ],
)  # fmt: skip
def test_a_time_is_the_moment_that_it_names(tmp_path: Path, text: str) -> None:
    """Whatever form nbgrader's exchange, its zip_collect and we write, it is the same moment."""
    (tmp_path / "timestamp.txt").write_text(f"{text}\n", encoding="utf-8")
    assert read_timestamp(tmp_path) == DUE


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """A time that we write is the one that comes back."""
    (tmp_path / "timestamp.txt").write_text(late.timestamp_text(DUE), encoding="utf-8")
    assert read_timestamp(tmp_path) == DUE


def test_no_time_is_no_time(tmp_path: Path) -> None:
    """Without the file nobody is late; with rubbish in it there is an error, never a guess."""
    assert read_timestamp(tmp_path) is None
    (tmp_path / "timestamp.txt").write_text("yesterday evening", encoding="utf-8")
    with pytest.raises(StoreError, match="which is no time"):
        read_timestamp(tmp_path)


# ── the gradebook ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def empty_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with a small notebook, in the gradebook."""
    root = make_course(tmp_path_factory.mktemp("late") / "course")
    release([UNIT.id], root=root)
    ensure_registered(UNIT, root, url(root))
    return root


@pytest.fixture
def room(empty_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A copy of it under the rule; its gradebook is a file, or a database on a server."""
    if getattr(request, "param", "") == "PostgreSQL":
        monkeypatch.setenv("UNROLLED_DB", request.getfixturevalue("postgres").database())
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    course = replace(load_course(), late=RULE)
    for module in (gradebook, nbgrader_late):
        monkeypatch.setattr(module, "load_course", lambda: course)
    return Path(shutil.copytree(empty_room, tmp_path / "course"))


def url(root: Path) -> str:
    return os.environ.get("UNROLLED_DB") or f"sqlite:///{root / 'gradebook.db'}"


def hand_in(root: Path, student: str, late_by_: timedelta | None, share: float = 0.5, *, notebook: bool = True) -> None:
    """A submission with its time and a result that somebody has judged already."""
    folder = root / "submitted" / student / UNIT.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNIT.module_file).write_text("", encoding="utf-8")
    if notebook:
        shutil.copy(root / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb", folder)
    if late_by_ is not None:
        (folder / "timestamp.txt").write_text(late.timestamp_text(DUE + late_by_), encoding="utf-8")
    store = ResultStore(root)
    store.save(UNIT, student, store.key(UNIT, folder, student), make_result(UNIT, share, student=student))


def entry_of(root: Path, student: str) -> tuple[float, float, datetime | None]:
    """Points, penalty and time in the gradebook."""
    with quiet_nbgrader(), gradebook.open_gradebook(url(root), load_course().name) as gb:
        found = gb.find_submission(UNIT.id, student)
        return found.score, found.late_submission_penalty or 0.0, found.timestamp


@pytest.mark.parametrize("room", ["SQLite", "PostgreSQL"], indirect=True)
@pytest.mark.parametrize("notebook", [True, False], ids=["with a notebook", "module only"])
def test_the_penalty_is_nbgrader_s_own(room: Path, notebook: bool) -> None:
    """It is in nbgrader's late_submission_penalty, the score stays what it was, and the run says it."""
    hand_in(room, "ada", timedelta(days=1, hours=2), notebook=notebook)
    (entry,) = record_class(UNIT.id, root=room, feedback=False)
    assert entry.ok and "1 day 2 h late, the 2nd day has begun: −20 %" in entry.notes
    assert entry_of(room, "ada")[:2] == (40, 8)


def test_in_time_costs_nothing(room: Path) -> None:
    """Who was in time, or whose time nobody knows, has no penalty."""
    hand_in(room, "ada", timedelta(minutes=-1))
    hand_in(room, "bruno", None)
    assert all(entry.ok and not entry.notes for entry in record_class(UNIT.id, root=room, feedback=False))
    assert [entry_of(room, name)[1] for name in ("ada", "bruno")] == [0, 0]


@pytest.mark.parametrize("room", ["SQLite", "PostgreSQL"], indirect=True)
def test_a_corrected_time_counts_without_grading_again(room: Path) -> None:
    """The time is no part of what is graded; the penalty follows it all the same."""
    hand_in(room, "ada", timedelta(days=1, hours=2))
    record_class(UNIT.id, root=room, feedback=False)
    hand_in(room, "ada", timedelta(hours=-1))
    (entry,) = record_class(UNIT.id, root=room, feedback=False)
    assert not entry.changed and entry_of(room, "ada")[1] == 0


@pytest.mark.parametrize("room", ["SQLite", "PostgreSQL"], indirect=True)
def test_more_time_given_in_the_gradebook_counts(room: Path) -> None:
    """nbgrader's extension of one student moves that student's due date, in the gradebook and in reports."""
    for name in ("ada", "bruno"):
        hand_in(room, name, timedelta(days=1, hours=2))
    record_class(UNIT.id, root=room, feedback=False)
    with quiet_nbgrader(), gradebook.open_gradebook(url(room), load_course().name) as gb:
        gb.grant_extension(UNIT.id, "ada", days=2)
    record_class(UNIT.id, root=room, feedback=False)
    assert [entry_of(room, name)[1] for name in ("ada", "bruno")] == [0, 8]
    assert list(read_late(UNIT, gradebook.load_course(), room, ["ada", "bruno"])) == ["bruno"]


@pytest.mark.parametrize("room", ["SQLite", "PostgreSQL"], indirect=True)
def test_the_due_date_reaches_the_gradebook(room: Path) -> None:
    """The formgrader shows the due date of course.toml."""
    hand_in(room, "ada", None)
    record_class(UNIT.id, root=room, feedback=False)
    with quiet_nbgrader(), gradebook.open_gradebook(url(room), load_course().name) as gb:
        assert gb.find_assignment(UNIT.id).duedate == DUE.replace(tzinfo=None)


@pytest.mark.parametrize("room", ["SQLite", "PostgreSQL"], indirect=True)
def test_a_rule_that_is_taken_out_takes_its_penalties_along(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without [late] in course.toml the next run has no penalty, also where nothing is graded again."""
    hand_in(room, "ada", timedelta(days=1))
    record_class(UNIT.id, root=room, feedback=False)
    assert entry_of(room, "ada")[1] == 4
    monkeypatch.setattr(gradebook, "load_course", lambda: replace(load_course(), late=None))
    (entry,) = record_class(UNIT.id, root=room, feedback=False)
    assert not entry.changed and entry_of(room, "ada")[:2] == (40, 0) and entry.notes == ["1 day late: no penalty"]


def test_without_a_rule_a_penalty_of_somebody_else_s_stays(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who uses another plugin of nbgrader's keeps what it wrote."""
    hand_in(room, "ada", timedelta(days=1))
    record_class(UNIT.id, root=room, feedback=False)
    monkeypatch.setattr(gradebook, "load_course", lambda: replace(load_course(), late=None))
    with (room / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    record_class(UNIT.id, root=room, feedback=False)
    assert entry_of(room, "ada")[1] == 4


@pytest.mark.parametrize("room", ["SQLite", "PostgreSQL"], indirect=True)
def test_a_time_that_is_taken_away_is_nobody_s(room: Path) -> None:
    """The file is deleted, as the message about a bad one says: no time and no penalty after the next run."""
    hand_in(room, "ada", timedelta(days=1))
    record_class(UNIT.id, root=room, feedback=False)
    (room / "submitted" / "ada" / UNIT.id / "timestamp.txt").unlink()
    record_class(UNIT.id, root=room, feedback=False)
    assert entry_of(room, "ada") == (40, 0, None)


# ── clocks that are changed ───────────────────────────────────────────────────────────────────────────

BERLIN = replace(RULE, grace_minutes=0, zone="Europe/Berlin")
AUTUMN = datetime.fromisoformat("2026-10-24T23:59:00+02:00")  # the last evening of summer time


@pytest.mark.parametrize(
    ("rule", "due", "time", "words"),
    [
        (BERLIN, AUTUMN, "2026-10-25T22:30:00Z", "23 h 31 min late, the 1st day has begun: −10 %"),
        (replace(BERLIN, zone=None), AUTUMN, "2026-10-25T22:30:00Z", "1 day 31 min late, the 2nd day has begun: −20 %"),
        (BERLIN, AUTUMN, "2026-10-25T22:59:00Z", "1 day late, the 1st day has begun: −10 %"),
        (BERLIN, AUTUMN, "2026-10-25T22:59:01Z", "1 day late, the 2nd day has begun: −20 %"),
        (BERLIN, "2027-03-27T22:59:00Z", "2027-03-28T22:30:00Z", "1 day 31 min late, the 2nd day has begun: −20 %"),
        (BERLIN, "2026-10-25T00:50:00Z", "2026-10-25T01:10:00Z", "20 min late, the 1st day has begun: −10 %"),
        (BERLIN, "2026-10-20T21:59:00Z", "2026-10-27T22:59:00Z", "7 days late, the 7th day has begun: −50 %"),
        (BERLIN, "2026-10-20T21:59:00Z", "2026-10-27T22:59:01Z", "7 days late: after the cut-off, no points"),
        (replace(BERLIN, grace_minutes=60), "2026-10-25T00:50:00Z", "2026-10-25T01:50:00Z", "1 h late: no penalty"),
    ],
)  # fmt: skip
def test_days_are_those_of_the_course_s_clocks(rule: LateRule, due: object, time: str, words: str) -> None:
    """A day has 23 or 25 hours where clocks are changed; whether it is late at all is a matter of time that passed."""
    moment = due if isinstance(due, datetime) else datetime.fromisoformat(str(due))
    found = lateness(rule, moment, datetime.fromisoformat(time))
    assert found is not None and found.words == words


def test_more_days_are_days_of_the_course_s_clocks_too() -> None:
    """Two more days end at the same time of the day; in spring, at what nbgrader counts, which is later."""
    two = timedelta(days=2)
    assert lateness(BERLIN, AUTUMN, datetime.fromisoformat("2026-10-26T23:59:00+01:00"), two) is None
    assert lateness(BERLIN, AUTUMN, datetime.fromisoformat("2026-10-26T23:59:01+01:00"), two) is not None
    spring = datetime.fromisoformat("2027-03-27T23:59:00+01:00")
    assert lateness(BERLIN, spring, spring + two, two) is None


def test_the_course_s_zone_is_read(tmp_path: Path) -> None:
    """It counts days, and a due date may then be given as the clocks there show it."""
    table = 'zone = "Europe/Berlin"\n[late]\npercent_per_day = 10\n[late.due]\n02_bptt = 2027-07-01T23:59:00\n'
    course = load_course(course_with(tmp_path, table))
    assert course.zone == "Europe/Berlin" and course.late is not None and course.late.zone == course.zone
    assert course.late.due_of(UNIT.id) == datetime(2027, 7, 1, 21, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('zone = "CEST"', "'CEST', which is none of the kind Europe/Berlin"),
        ('zone = "Europe/Berlln"', "which is not known"),
        ('zone = "../Berlin"', "none of the kind"),
        ("zone = 2", "must be the name of a time zone"),
        ('zone = "Europe/Berlin"\n[late]\npercent_per_day = 1\n[late.due]\n02_bptt = 2026-10-25T02:30:00', "twice"),
        ('zone = "Europe/Berlin"\n[late]\npercent_per_day = 1\n[late.due]\n02_bptt = 2027-03-28T02:30:00', "never"),
    ],
)
def test_a_zone_that_is_not_clear_is_refused(tmp_path: Path, table: str, says: str) -> None:
    """No abbreviation, no misspelling, and no due date that clocks there show twice or never."""
    with pytest.raises(CourseError) as caught:
        load_course(course_with(tmp_path, table))
    assert says in str(caught.value)


@pytest.mark.parametrize("way", ["at once", "by nbgrader's steps", "nbgrader autograde"])
@pytest.mark.parametrize(
    ("text", "penalty"),
    [
        ("2026-10-24 23:30:00 CEST", 0), ("2026-10-24 23:30:00 +0200", 0), ("2026-10-24 19:30:00 -0400", 4),
        ("2026-10-25 22:30:00 UTC", 4), ("2026-10-25 23:59:01 CET", 8), (None, 0),
    ],
)  # fmt: skip
def test_both_ways_read_the_same_time(
    room: Path, monkeypatch: pytest.MonkeyPatch, way: str, text: str | None, penalty: float
) -> None:
    """Time and penalty in the gradebook do not depend on who has graded, nor on an earlier submission's time."""
    rule = replace(BERLIN, due=((UNIT.id, AUTUMN.astimezone(UTC)),))
    course = replace(load_course(), late=rule, zone=rule.zone)
    for module in (gradebook, nbgrader_late, nbgrader_bridge):
        monkeypatch.setattr(module, "load_course", lambda: course)
    if way != "at once":
        monkeypatch.setattr(gradebook, "is_standard", lambda config: False)
    hand_in(room, "ada", timedelta(days=400))
    record_class(UNIT.id, root=room, feedback=False)
    assert entry_of(room, "ada")[1] == 40
    file = room / "submitted" / "ada" / UNIT.id / "timestamp.txt"
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="utf-8")
    if way == "nbgrader autograde":
        from nbgrader.apps import NbGraderAPI

        with quiet_nbgrader():
            done = NbGraderAPI(config=gradebook.load_config(room)).autograde(UNIT.id, "ada", force=True)
        assert done["success"], done
    else:
        record_class(UNIT.id, root=room, feedback=False, force=True)
    time = read_timestamp(file.parent, course.zone)
    assert entry_of(room, "ada") == (40, penalty, time.replace(tzinfo=None) if time else None)


def test_a_time_that_is_not_clear_stops_nbgrader_autograde_too(room: Path) -> None:
    """It does not guess where we do not."""
    hand_in(room, "ada", timedelta(days=1))
    (room / "submitted" / "ada" / UNIT.id / "timestamp.txt").write_text("2026-10-24 15:30:00 PST", encoding="utf-8")
    from nbgrader.apps import NbGraderAPI

    with quiet_nbgrader():
        done = NbGraderAPI(config=gradebook.load_config(room)).autograde(UNIT.id, "ada", force=True)
    assert not done["success"]
    (entry,) = record_class(UNIT.id, root=room, feedback=False)
    assert not entry.ok and "'PST', which is not the same everywhere" in entry.reason


def test_nbgrader_s_plugin_is_the_same_rule() -> None:
    """nbgrader autograde and autograder grade cannot disagree, because both ask late_by."""
    from unittest.mock import patch

    plugin = nbgrader_late.CourseLateRule()
    with patch.object(nbgrader_late, "load_course", lambda: replace(load_course(), late=RULE)):
        assert plugin.late_submission_penalty("ada", 40, DAY + 1) == 8
        assert plugin.late_submission_penalty("ada", 40, 60) is None
    config = (Path(__file__).parents[1] / "nbgrader_config.py").read_text(encoding="utf-8")
    assert "c.AssignLatePenalties.plugin_class" in config and "autograder.nbgrader_late.CourseLateRule" in config
