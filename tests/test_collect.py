"""Collecting: downloads of all kinds become submitted/, nothing is lost, and what is not honest is refused."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder import archives, cli, collect_sources
from autograder.archives import Refused, unpack, zip_bytes
from autograder.collect import EARLIER, Collected, collect, collected_csv
from autograder.course import LateRule, load_course
from autograder.errors import UsageError
from autograder.roster import COLUMNS, Roster, read_roster

COURSE = load_course()
UNIT = COURSE.unit("02_bptt")
DUE = datetime(2027, 3, 1, 22, 59, tzinfo=UTC)
WITH_RULE = replace(COURSE, late=LateRule(percent_per_day=10, due=((UNIT.id, DUE),)))
MODULE = "def relative_error(a, b):\n    return 0\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course's folder, as far as collecting needs one."""
    (tmp_path / "course").mkdir()
    return tmp_path / "course"


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """A folder to put a download into."""
    (tmp_path / "download").mkdir()
    return tmp_path / "download"


def put(path: Path, text: str = MODULE) -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run(root: Path, download: Path, **options: object) -> dict[str, Collected]:
    """Collect; returns the lines by student, or by the name they were found under if nobody knows whose they are."""
    _, lines = collect(UNIT, COURSE, root, download, **options)  # type: ignore[arg-type]
    return {line.student or line.called: line for line in lines}


def module_of(root: Path, student: str) -> str:
    """What is there to be graded."""
    return (root / "submitted" / student / UNIT.id / UNIT.module_file).read_text(encoding="utf-8")


def roster(tmp_path: Path, text: str) -> Roster:
    """A roster from its text."""
    return read_roster(put(tmp_path / "roster.csv", text))


# ── Moodle ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    ["Ada Byron_501_assignsubmission_file/bptt.py", "Ada Byron_501_assignsubmission_file_/bptt.py"]
    + ["Ada Byron_501_assignsubmission_file_bptt.py"],
    ids=["folders", "folders of older versions", "no folders"],
)  # fmt: skip
def test_moodle_names_are_understood(root: Path, download: Path, name: str) -> None:
    """Each way in which Moodle names a download is read; without a roster the name is the id."""
    put(download / name)
    line = run(root, download)["Ada Byron"]
    assert line.what == "new" and not line.problem and module_of(root, "Ada Byron") == MODULE


def test_moodle_s_number_leads_to_the_roster_s_id(root: Path, download: Path, tmp_path: Path) -> None:
    """The participant's number decides, so that marking may be blind."""
    put(download / "Participant_501_assignsubmission_file" / "bptt.py")
    people = roster(tmp_path, "id,moodle_id\nada,501\nbruno,502\n")
    lines = run(root, download, roster=people)
    assert lines["ada"].what == "new" and lines["bruno"].what == "nothing handed in"


def test_typed_text_is_said_not_graded(root: Path, download: Path) -> None:
    """Somebody who typed an answer into Moodle instead of handing in a file is in the table."""
    put(download / "Ada Byron_501_assignsubmission_onlinetext" / "onlinetext.html")
    line = run(root, download)["Ada Byron"]
    assert line.lost and "typed into Moodle" in line.problem


def test_a_class_as_one_zip(root: Path, download: Path) -> None:
    """The zip that Moodle gives can be named as it is, and zips in it are opened too."""
    inner = zip_bytes({"homework/bptt.py": MODULE.encode(), "__MACOSX/homework/._bptt.py": b"rubbish"})
    outer = zip_bytes({
        "Ada Byron_501_assignsubmission_file/all.zip": inner,
        "Bo_502_assignsubmission_file/bptt.py": MODULE.encode(),
    })  # fmt: skip
    (download / "class.zip").write_bytes(outer)
    lines = run(root, download / "class.zip")
    assert lines["Ada Byron"].what == lines["Bo"].what == "new" and module_of(root, "Ada Byron") == MODULE
    assert not list((root / "submitted").rglob("._*"))


# ── Canvas ────────────────────────────────────────────────────────────────────────────────────────────


def test_canvas_names_are_understood(root: Path, download: Path, tmp_path: Path) -> None:
    """Files of one person come together, by the user's number; LATE and late are seen; bptt-1.py is bptt.py again."""
    put(download / "byronada_101_9001_bptt.py")
    put(download / "byronada_101_9002_layers.py", "x = 1\n")
    put(download / "silvabruno_LATE_102_9003_bptt-1.py")
    put(download / "chen_late_103_9004_bptt (1).py")
    people = roster(tmp_path, "id,canvas_id\nada,101\nbruno,102\nchen,103\n")
    lines = run(root, download, roster=people)
    assert {name: line.what for name, line in lines.items()} == dict.fromkeys(("ada", "bruno", "chen"), "new")
    assert (root / "submitted/ada/02_bptt/layers.py").is_file() and not lines["ada"].late
    assert "late, says the download" in lines["bruno"].late and "late, says the download" in lines["chen"].late
    assert "bptt-1.py taken for bptt.py" in lines["bruno"].notes and module_of(root, "chen") == MODULE


def test_canvas_without_numbers_in_the_roster_goes_by_name(root: Path, download: Path, tmp_path: Path) -> None:
    """Canvas writes lastfirst without spaces or accents' marks lost: that finds people by name."""
    put(download / "łukasikmüllerzoë_101_9001_bptt.py")
    people = roster(tmp_path, "id,first_name,last_name\nzoe,Zoë,Łukasik-Müller\n")
    assert run(root, download, roster=people)["zoe"].what == "new"


def test_anonymous_canvas_needs_a_roster(root: Path, download: Path, tmp_path: Path) -> None:
    """An anonymous download is nobody's until the roster says whose."""
    put(download / "anon_aB3xY_9001_bptt.py")
    assert run(root, download)["anon_aB3xY"].lost
    assert run(root, download, roster=roster(tmp_path, "id,canvas_id\nada,aB3xY\n"))["ada"].what == "new"


def test_a_link_instead_of_a_file_is_said(root: Path, download: Path) -> None:
    """Canvas writes a page for an address that was handed in; it is no module."""
    put(download / "byronada_101_link.html", "<a href=x>")
    put(download / "silvabruno_102_9001_bptt.py")
    assert "a link was left out" in run(root, download)["byronada"].problem


# ── nbgrader ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_exchange_keeps_every_attempt(root: Path, download: Path) -> None:
    """Of several in nbgrader's inbound folder the newest is graded, the others are kept; times come along."""
    for time, text in (("2027-03-01 10:00:00 UTC", "first"), ("2027-03-02 10:00:00.5 UTC", "second")):
        put(download / f"ada+{UNIT.id}+{time}+c2VjcmV0" / "bptt.py", text)
        put(download / f"ada+{UNIT.id}+{time}+c2VjcmV0" / "timestamp.txt", time)
    put(download / "ada+01_vanilla_rnn+2027-03-02 10:00:00 UTC" / "vanilla_rnn.py")
    _, lines = collect(UNIT, COURSE, root, download)
    assert [line.what for line in lines] == ["new", "replaced"]
    assert module_of(root, "ada") == "second"
    assert (root / EARLIER / UNIT.id / "ada" / "2027-03-01_100000Z" / "bptt.py").read_text() == "first"
    assert (root / "submitted/ada/02_bptt/timestamp.txt").read_text().startswith("2027-03-02 10:00:00")


@pytest.mark.parametrize(
    ("time", "zone", "utc"),
    [
        ("2026-10-24 23:30:00.5 CEST", "Europe/Berlin", "2026-10-24 21:30:00"),
        ("2026-10-24 23:30:00 +0200", None, "2026-10-24 21:30:00"),
        ("2026-10-24 19:30:00 -04", None, "2026-10-24 23:30:00"),
        ("2026-10-24 23:30:00", None, "2026-10-24 23:30:00"),
        ("2026-10-24 23:30:00 CEST", None, ""),
        ("2026-10-24 15:30:00 PST", "Europe/Berlin", ""),
    ],
)
@pytest.mark.parametrize("random", ["", "+c2VjcmV0"])
def test_the_exchange_s_zone_counts(
    root: Path, download: Path, time: str, zone: str | None, utc: str, random: str
) -> None:
    """An exchange can be set to any zone; a name that could be several is not collected, and why is said."""
    put(download / f"ada+{UNIT.id}+{time}{random}" / "bptt.py")
    _, (line,) = collect(UNIT, replace(COURSE, zone=zone), root, download)
    if utc:
        assert line.what == "new" and (root / "submitted/ada/02_bptt/timestamp.txt").read_text() == f"{utc} UTC\n"
    else:
        assert line.what == "not collected" and "the time zone" in line.problem


def test_another_course_s_submitted_folder(root: Path, download: Path) -> None:
    """What nbgrader collect made is taken over with its times."""
    put(download / "ada" / UNIT.id / "bptt.py")
    put(download / "ada" / UNIT.id / "timestamp.txt", "2027-03-01 10:00:00 UTC")
    assert run(root, download)["ada"].time == datetime(2027, 3, 1, 10, tzinfo=UTC)


def test_archives_named_after_students(root: Path, download: Path) -> None:
    """What nbgrader zip_collect reads works here too: a zip, a tar or a folder per student."""
    (download / "ada.zip").write_bytes(zip_bytes({f"{UNIT.id}/bptt.py": MODULE.encode()}))
    with tarfile.open(download / "bruno.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("bptt.py")
        entry.size = len(MODULE)
        tar.addfile(entry, io.BytesIO(MODULE.encode()))
    put(download / "chen" / "bptt.py")
    lines = run(root, download, kind="folders")
    assert [lines[name].what for name in ("ada", "bruno", "chen")] == ["new"] * 3
    assert module_of(root, "ada") == module_of(root, "bruno") == MODULE


# ── again ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_again_changes_nothing(root: Path, download: Path) -> None:
    """Collecting twice is collecting once."""
    put(download / "ada" / "bptt.py")
    run(root, download)
    assert run(root, download)["ada"].what == "unchanged" and not (root / EARLIER).exists()


def test_a_new_one_replaces_and_keeps_the_old(root: Path, download: Path) -> None:
    """What was there is kept under a date, and the table says where."""
    put(download / "ada" / "bptt.py", "first")
    run(root, download)
    put(download / "ada" / "bptt.py", "second")
    line = run(root, download)["ada"]
    (kept,) = (root / EARLIER / UNIT.id / "ada").iterdir()
    assert line.what == "replaced" and (kept / "bptt.py").read_text() == "first" and kept.name in line.notes[-1]
    assert module_of(root, "ada") == "second"


def test_an_older_one_does_not_replace_a_newer_one(root: Path, download: Path) -> None:
    """Collecting an old download after a new one leaves the new one to be graded."""
    put(download / f"ada+{UNIT.id}+2027-03-02 10:00:00 UTC" / "bptt.py", "new")
    run(root, download)
    shutil.rmtree(download)
    put(download / f"ada+{UNIT.id}+2027-03-01 10:00:00 UTC" / "bptt.py", "old")
    assert run(root, download)["ada"].what == "kept as earlier" and module_of(root, "ada") == "new"
    assert (root / EARLIER / UNIT.id / "ada" / "2027-03-01_100000Z" / "bptt.py").read_text() == "old"


def test_other_units_of_a_student_stay(root: Path, download: Path) -> None:
    """Only the unit that is collected is touched."""
    other = put(root / "submitted/ada/01_vanilla_rnn/vanilla_rnn.py")
    put(download / "ada" / "bptt.py")
    run(root, download)
    assert other.read_text() == MODULE


# ── who ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_not_in_the_roster_is_said(root: Path, download: Path, tmp_path: Path) -> None:
    """A stranger is not collected under a guessed name, and everybody in the roster has a line."""
    put(download / "Eve_666_assignsubmission_file" / "bptt.py")
    lines = run(root, download, roster=roster(tmp_path, "id,moodle_id\nada,501\n"))
    assert lines["Eve_666"].lost and "nobody in the roster has moodle_id '666'" in lines["Eve_666"].problem
    assert lines["ada"].what == "nothing handed in" and not (root / "submitted").exists()


def test_two_people_of_one_name_are_not_mixed(root: Path, download: Path) -> None:
    """Without a roster, two Jane Does are refused rather than one of them graded for both."""
    for number in (1, 2):
        put(download / f"Jane Doe_{number}_assignsubmission_file" / "bptt.py")
    _, lines = collect(UNIT, COURSE, root, download)
    assert all(line.lost and "would be the same student" in line.problem for line in lines)
    assert not (root / "submitted").exists()


def test_a_name_that_leads_to_two_people_is_refused(root: Path, download: Path, tmp_path: Path) -> None:
    """A number that is Ada's beside a name that is Bruno's: nobody gets it."""
    put(download / "Bruno Silva_501_assignsubmission_file" / "bptt.py")
    people = roster(tmp_path, "id,first_name,last_name,moodle_id\nada,Ada,Byron,501\nbruno,Bruno,Silva,502\n")
    assert "several people" in run(root, download, roster=people)["Bruno Silva_501"].problem


def test_odd_entries_are_in_the_table(root: Path, download: Path) -> None:
    """What is no submission is said, never skipped in silence."""
    put(download / "Ada_501_assignsubmission_file" / "bptt.py")
    put(download / "notes.txt")
    assert run(root, download)["notes.txt"].lost


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\nada\n", "must have a column 'id'; it has name"),
        ("email\na@x\n", "must have a column 'id'"),
        ("id,email\nada\n", "line 2: 1 cell under 2 headings"),
        ("id\nada\nada\n", "is also in line 2"),
        ("id\n../eve\n", "cannot be a student's name"),
        ("id,canvas_id\nada,1\nbruno,1\n", "have the same canvas_id"),
        ("", "is empty"),
        ('id\n"ada\n', "line"),
    ],
)
def test_a_broken_roster_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    """Each rule that a roster can break is said with its line."""
    with pytest.raises(UsageError) as caught:
        roster(tmp_path, text)
    assert says in str(caught.value)


# ── what ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_module_is_found_in_folders(root: Path, download: Path) -> None:
    """Folders around the module do not matter; the one of the unit's name counts, and the notebook comes along."""
    put(download / "ada" / "my work" / "01_vanilla_rnn" / "vanilla_rnn.py")
    put(download / "ada" / "my work" / UNIT.id / "bptt.py")
    put(download / "ada" / "my work" / UNIT.id / "tools" / "__init__.py")
    put(download / "ada" / f"{UNIT.id}.ipynb", "{}")
    lines = run(root, download, kind="folders")
    names = {p.relative_to(root / "submitted/ada/02_bptt").as_posix() for p in (root / "submitted").rglob("*.*")}
    assert lines["ada"].what == "new" and names == {"bptt.py", "02_bptt.ipynb", "tools/__init__.py"}


def test_two_modules_are_a_question(root: Path, download: Path) -> None:
    """Nobody guesses which of two modules counts."""
    put(download / "ada" / "old" / "bptt.py")
    put(download / "ada" / "new" / "bptt.py")
    line = run(root, download, kind="folders")["ada"]
    assert line.lost and "which one counts?" in line.problem


def test_a_missing_module_is_collected_and_said(root: Path, download: Path) -> None:
    """Work under another name is there to be graded as missing, with a remark for the teacher."""
    put(download / "ada" / "BPTT_final.py")
    line = run(root, download, kind="folders")["ada"]
    assert line.what == "new" and any("no bptt.py" in note and "BPTT_final.py" in note for note in line.notes)


def test_nobody_sets_their_own_time(root: Path, download: Path) -> None:
    """A timestamp.txt that a student packed is left out, and said."""
    data = zip_bytes({"bptt.py": MODULE.encode(), "timestamp.txt": b"2020-01-01 00:00:00 UTC"})
    (download / "ada.zip").write_bytes(data)
    line = run(root, download)["ada"]
    assert line.time is None and not list((root / "submitted").rglob("timestamp.txt"))
    assert any("timestamp.txt" in note for note in line.notes)


def test_times_from_a_file(root: Path, download: Path, tmp_path: Path) -> None:
    """Where a download does not say when, a table can; lateness follows from it."""
    put(download / "ada" / "bptt.py")
    times = put(tmp_path / "times.csv", "id,time\nada,2027-03-03T00:00:00+01:00\neve,2027-03-01T00:00:00Z\n")
    _, lines = collect(UNIT, WITH_RULE, root, download, times=times)
    ada, eve = lines
    assert ada.late == "1 day 1 min late, the 2nd day has begun: −20 %"
    assert eve.lost and "not in the download" in eve.problem
    assert (root / "submitted/ada/02_bptt/timestamp.txt").read_text() == "2027-03-02 23:00:00 UTC\n"


def test_an_unclear_time_is_refused(root: Path, download: Path, tmp_path: Path) -> None:
    """A time without its offset could be two moments."""
    put(download / "ada" / "bptt.py")
    with pytest.raises(UsageError, match="line 2: .* which does not say in which time zone"):
        run(root, download, times=put(tmp_path / "times.csv", "id,time\nada,2027-03-03T00:00:00\n"))
    with pytest.raises(UsageError, match="which number is the day"):
        run(root, download, times=put(tmp_path / "times.csv", "id,time\nada,24.10.2026 23:30\n"))


# ── archives that are not honest ──────────────────────────────────────────────────────────────────────


def special_zip(path: Path, name: str, mode: int, data: bytes = b"/etc/passwd") -> Path:
    """A zip with one entry of an unusual kind."""
    with zipfile.ZipFile(path, "w") as packed:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        packed.writestr(entry, data)
    return path


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../evil.py", "leads out"), ("a/../../evil.py", "leads out"), ("/etc/evil.py", "leads out"),
        ("..\\evil.py", "leads out"), ("C:\\evil.py", "leads out"), ("a\x07b.py", "control characters"),
        ("/".join("d" * 30), "no name for a file, or too long"), ("x" * 300, "no name for a file, or too long"),
    ],
)  # fmt: skip
def test_a_zip_that_leads_out_is_refused(tmp_path: Path, name: str, says: str) -> None:
    """No name in a zip can write outside its folder, and nothing of such a zip is unpacked."""
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("bptt.py", MODULE)
        packed.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(Refused, match=says):
        unpack(file, tmp_path / "out" / "in")
    assert not list((tmp_path / "out").rglob("*.*")) and not (tmp_path / "evil.py").exists()


@pytest.mark.parametrize(
    ("mode", "says"), [(stat.S_IFLNK | 0o777, "is a link"), (stat.S_IFIFO | 0o666, "is a device or a pipe")]
)
def test_links_and_pipes_in_a_zip_are_refused(tmp_path: Path, mode: int, says: str) -> None:
    """A link could hand in somebody else's file; a pipe could stop the reader."""
    with pytest.raises(Refused, match=says):
        unpack(special_zip(tmp_path / "a.zip", "bptt.py", mode), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    """The same for tar archives."""
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        entry = tarfile.TarInfo("bptt.py")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    with pytest.raises(Refused, match="is a"):
        unpack(tmp_path / "a.tar", tmp_path / "out")


def test_a_bomb_is_stopped_by_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking stops at the limit, although the archive is small and whatever it says about its size."""
    monkeypatch.setattr(archives, "MOST_BYTES", 1 << 20)
    file = tmp_path / "a.zip"
    file.write_bytes(zip_bytes({"bomb.py": bytes(20 << 20)}))
    assert file.stat().st_size < 100_000
    with pytest.raises(Refused, match="larger than 1 MB"):
        unpack(file, tmp_path / "out", most_bytes=archives.MOST_BYTES)
    assert not (tmp_path / "out").exists()


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    """A zip of a thousand empty files more than allowed is no submission."""
    (tmp_path / "a.zip").write_bytes(zip_bytes({f"{n}.py": b"" for n in range(archives.MOST_FILES + 1)}))
    with pytest.raises(Refused, match="more than 1000 files"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not a zip", b"\x1f\x8b broken"])
@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_damaged_archive_is_one_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    """Bytes that are no archive are said to be none."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refused, match="cannot be unpacked"):
        unpack(tmp_path / name, tmp_path / "out")


def test_a_hostile_zip_costs_only_its_owner(root: Path, download: Path) -> None:
    """One refused archive is a line in the table; everybody else is collected."""
    special_zip(download / "eve.zip", "bptt.py", stat.S_IFLNK | 0o777)
    (download / "ada.zip").write_bytes(zip_bytes({"bptt.py": MODULE.encode()}))
    lines = run(root, download)
    assert lines["eve"].lost and "is a link" in lines["eve"].problem and lines["ada"].what == "new"
    assert not (root / "submitted" / "eve").exists()


def test_links_in_a_folder_are_left_out(root: Path, download: Path, tmp_path: Path) -> None:
    """A link beside a module does not bring its target along."""
    secret = put(tmp_path / "secret.txt", "salt")
    put(download / "ada" / "bptt.py")
    (download / "ada" / "data.txt").symlink_to(secret)
    line = run(root, download)["ada"]
    assert "left out: data.txt (a link)" in line.notes
    assert sorted(p.name for p in (root / "submitted/ada/02_bptt").iterdir()) == ["bptt.py"]


# ── git ───────────────────────────────────────────────────────────────────────────────────────────────


def git(folder: Path, *words: str, when: datetime = DUE) -> str:
    """Run git as a student would, at a made-up time."""
    stamp = f"{when.timestamp():.0f} +0000"
    own = {"GIT_COMMITTER_DATE": stamp, "GIT_AUTHOR_DATE": stamp, "GIT_CONFIG_GLOBAL": os.devnull}
    names = ["-c", "user.name=x", "-c", "user.email=x@example.edu", "-c", "init.defaultBranch=main"]
    command = ["git", "-C", str(folder), *names, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **own}).stdout


@pytest.fixture
def repository(download: Path) -> Path:
    """A repository with a commit two days before the due date, one an hour before, and one an hour after."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    folder = download / "bptt-ada"
    folder.mkdir()
    git(folder, "init", "-q")
    for hours, text in ((-48, "first"), (-1, "second"), (1, "third")):
        put(folder / "bptt.py", text)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", text, when=DUE + timedelta(hours=hours))
    return folder


def test_the_last_commit_before_the_deadline_counts(root: Path, repository: Path) -> None:
    """Later commits are left out and counted; the commit's time is the time of submission."""
    line = run(root, repository.parent, until=DUE)["bptt-ada"]
    assert module_of(root, "bptt-ada") == "second" and line.time == DUE - timedelta(hours=1)
    assert "1 commit after the deadline left out" in line.notes


def test_without_a_deadline_the_newest_commit_counts(root: Path, repository: Path) -> None:
    """And what is not committed does not."""
    put(repository / "bptt.py", "not committed")
    assert run(root, repository.parent)["bptt-ada"].what == "new" and module_of(root, "bptt-ada") == "third"


def test_only_late_commits_are_late(root: Path, repository: Path) -> None:
    """Whoever committed nothing in time is collected with the newest commit, which says so."""
    line = run(root, repository.parent, until=DUE - timedelta(days=9))["bptt-ada"]
    assert module_of(root, "bptt-ada") == "third" and "no commit before the deadline, so the newest one" in line.notes


def test_packed_repositories_are_read_too(root: Path, repository: Path) -> None:
    """References and objects may be packed, as after a clone or `git gc`."""
    git(repository, "gc", "-q")
    git(repository, "pack-refs", "--all")
    assert run(root, repository.parent)["bptt-ada"].what == "new" and module_of(root, "bptt-ada") == "third"


def test_nothing_of_a_repository_is_run(root: Path, repository: Path, tmp_path: Path) -> None:
    """Hooks, monitors, filters, pagers and fetches that its configuration names are never started."""
    trap = put(tmp_path / "trap.sh", f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\ncat\n")
    trap.chmod(0o755)
    put(repository / ".gitattributes", "*.py filter=evil diff=evil\n")
    put(repository / "bptt.py", "fourth")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "fourth")
    for key in ("core.fsmonitor", "core.pager", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv"):
        git(repository, "config", key, str(trap))
    for key in ("gpg.program", "core.sshCommand", "core.editor", "uploadpack.packObjectsHook", "alias.rev-list"):
        git(repository, "config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    git(repository, "config", "log.showSignature", "true")
    git(repository, "config", "core.hooksPath", str(tmp_path))
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        shutil.copy(trap, repository / ".git" / "hooks" / hook)
    (tmp_path / "sprung").unlink(missing_ok=True)  # git itself springs some of them while they are set up
    assert run(root, repository.parent)["bptt-ada"].what == "new" and module_of(root, "bptt-ada") == "fourth"
    assert not (tmp_path / "sprung").exists()


def test_a_repository_that_borrows_is_refused(root: Path, repository: Path, tmp_path: Path) -> None:
    """Objects of another repository (somebody else's work) cannot be reached, nor a .git that points elsewhere."""
    put(repository / ".git" / "objects" / "info" / "alternates", str(tmp_path))
    assert "borrows objects" in run(root, repository.parent)["bptt-ada"].problem
    shutil.rmtree(repository / ".git")
    put(repository / ".git", f"gitdir: {tmp_path}\n")
    assert "pointer to another place" in run(root, repository.parent, kind="git")["bptt-ada"].problem


def test_links_in_a_repository_are_left_out(root: Path, repository: Path) -> None:
    """A link in a commit is said, and not made."""
    (repository / "answers.py").symlink_to("/etc/passwd")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "link")
    line = run(root, repository.parent)["bptt-ada"]
    assert (
        "left out: answers.py (a link)" in line.notes and not (root / "submitted/bptt-ada/02_bptt/answers.py").exists()
    )


def test_an_empty_repository_is_said(root: Path, download: Path) -> None:
    """Somebody who accepted the assignment and never pushed is in the table."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    (download / "bptt-bo").mkdir()
    git(download / "bptt-bo", "init", "-q")
    assert "no commit yet on main" in run(root, download)["bptt-bo"].problem


def test_accounts_lead_to_ids(root: Path, repository: Path, tmp_path: Path) -> None:
    """GitHub Classroom's assignment-account names: the account is looked up, hyphens in it or not."""
    repository.rename(repository.with_name("rnn-2-ada-dev"))
    people = roster(tmp_path, "id,github\nada,Ada-Dev\nbruno,dev\n")
    assert run(root, repository.parent, roster=people)["ada"].what == "new"


# ── as a command ──────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_download_asks(root: Path, download: Path) -> None:
    """A folder of no known kind is a question, with the kinds there are."""
    put(download / "readme.txt")
    with pytest.raises(UsageError, match="Say what it is with --from: moodle, canvas, git"):
        run(root, download)


def test_the_command_offers_every_kind() -> None:
    """--from knows what can be read, and nothing else."""
    option = next(p for p in cli.cli.commands["collect"].params if p.name == "kind")
    assert set(option.type.choices) == set(collect_sources.KINDS)  # type: ignore[attr-defined]


def test_readme_explains_kinds_and_the_roster() -> None:
    """Each kind of download has its row, and the example of a roster has every column in its order."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.split("\n### Collecting\n")[1].split("\n### ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.M)) == set(collect_sources.KINDS)
    assert f"\n{','.join(COLUMNS)}\n" in section


def test_the_command_says_all_and_fails_if_something_is_lost(
    root: Path, download: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table, a CSV of it, and exit code 4 if anything found is not collected; 0 otherwise."""
    put(root / "nbgrader_config.py", "")
    put(download / "Ada_501_assignsubmission_file" / "bptt.py")
    put(download / "notes.txt")
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        cli.main(["collect", "2", str(download)])
    out = capsys.readouterr().out
    assert ended.value.code == 4 and "Read as moodle: 1 not collected, 1 new." in out
    assert "notes.txt" in (root / "exports" / UNIT.id / "collected.csv").read_text(encoding="utf-8")
    (download / "notes.txt").unlink()
    cli.main(["collect", "2", str(download)])
    assert "1 unchanged" in capsys.readouterr().out


def test_file_names_cannot_speak_to_the_terminal_or_the_spreadsheet(root: Path, download: Path) -> None:
    """A name with an escape sequence or a formula in it is shown, not obeyed."""
    from rich.console import Console

    from autograder.collect_report import collected_table

    lines = [Collected("\x1b[2J=1+1", None, "not collected", problem="=HYPERLINK(1)")]
    stream = io.StringIO()
    collected_table(lines, "folders", Console(file=stream, width=80))
    assert "\x1b[2J" not in stream.getvalue() and "'=HYPERLINK(1)" in collected_csv(lines, UNIT)
