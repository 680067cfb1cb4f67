"""A gradebook on PostgreSQL that cannot be used costs a sentence, and no address shows a password."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from patience import HANGS
from postgres_server import PASSWORD, USER, Server
from small_course import make_course
from sqlalchemy import create_engine, inspect, text

from autograder import database
from autograder.course import load_course
from autograder.database import address, check_gradebook, make_gradebook, read_gradebook, shown
from autograder.errors import StoreError
from autograder.gradebook import Recorder, ensure_registered, load_config
from autograder.gradebook_session import SEARCHED, OneSession
from autograder.release import quiet_nbgrader, release

UNIT = load_course().unit("02_bptt")


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_say_postgresql_is_the_driver_that_we_bring(scheme: str) -> None:
    """Hosts hand out postgres://…; SQLAlchemy refuses that, and older ones look for another driver."""
    assert address(f"{scheme}://ada@host/grades") == "postgresql+psycopg://ada@host/grades"


def test_other_addresses_stay() -> None:
    """A file's, and another driver's that somebody names."""
    for text_ in ("sqlite:////home/ada/gradebook.db", "postgresql+psycopg2://host/x", "mysql+pymysql://host/x"):
        assert address(text_) == text_


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("postgresql://ada:hush@host:5432/g", "postgresql://ada:***@host:5432/g"),
        ("postgresql://ada@host/g", "postgresql://ada@host/g"),
        ("postgresql://ada:hu@sh/hush@host/g", "postgresql://ada:***@host/g"),
        ("postgresql://host/g?user=ada&password=hush&sslmode=require",
         "postgresql://host/g?user=ada&password=***&sslmode=require"),
        ("postgresql://host/g?sslpassword=hush", "postgresql://host/g?sslpassword=***"),
        ("postgresql:/ada:hush@host/g", "postgresql:***@host/g"),
        ("ada:hush@host", "ada:***@host"),
        ("mysql+pymysql://ada:hush@[::1]/g", "mysql+pymysql://ada:***@[::1]/g"),
        ("sqlite:////home/ada@uni/gradebook.db", "sqlite:////home/ada@uni/gradebook.db"),
    ],
)  # fmt: skip
def test_no_address_shows_a_password(written: str, seen: str) -> None:
    """Not where it belongs, not among the options, and not where the address is none."""
    assert shown(written) == seen


def test_the_reason_of_a_driver_shows_no_password_either() -> None:
    """Whatever a driver repeats of the address."""
    error = ValueError("cannot use postgresql://ada:hush@host/g\nat all")
    assert database.reason(error, "postgresql://ada:hush@host/g") == "cannot use postgresql://ada:***@host/g at all"


# ── what cannot be used ───────────────────────────────────────────────────────────────────────────────


def refused(db_url: str) -> str:
    """What is said of a gradebook; never the password."""
    with pytest.raises(StoreError) as caught:
        check_gradebook(db_url)
    said = str(caught.value)
    assert PASSWORD not in said and "wrong-word" not in said and "sqlalche.me" not in said and "\n" not in said
    return said


def test_a_wrong_password_is_a_sentence(postgres: Server) -> None:
    """It names the address and what the server says."""
    said = refused(postgres.url("postgres").replace(PASSWORD, "wrong-word"))
    assert "cannot be reached" in said and "password authentication failed" in said and f"{USER}:***@" in said


def test_a_wrong_database_is_a_sentence(postgres: Server) -> None:
    """One that is not there is not made in silence."""
    assert '"nowhere" does not exist' in refused(postgres.url("nowhere"))


def test_a_wrong_server_is_a_sentence(tmp_path: Path) -> None:
    """Nobody listens there."""
    pytest.importorskip("psycopg")
    assert "cannot be reached" in refused(f"postgresql+psycopg://ada:{PASSWORD}@/g?host={tmp_path}")


@pytest.mark.parametrize("made_up", ["", "nonsense", "postgresql+nodriver://ada:wrong-word@host/g", "a:wrong-word@b"])
def test_no_address_is_a_sentence(made_up: str) -> None:
    """Neither nothing nor something like an address."""
    assert "is no database address" in refused(made_up)


def test_a_missing_driver_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to install it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setitem(sys.modules, "sqlalchemy.dialects.postgresql.psycopg", None)
    assert "pip install 'unrolled[postgres]'" in refused(f"postgresql+psycopg://ada:{PASSWORD}@host/g")


def test_a_database_of_something_else_is_refused(postgres: Server) -> None:
    """Nothing is written into it."""
    url = postgres.database()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE songs (name text)"))
    assert "a database of something else" in refused(url)
    assert inspect(engine).get_table_names() == ["songs"]
    engine.dispose()


def test_who_may_not_make_tables_is_told_so(postgres: Server) -> None:
    """Since PostgreSQL 15 that is everybody but a database's owner."""
    url = postgres.database()
    postgres.do("DROP ROLE IF EXISTS guest")
    postgres.do(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    with quiet_nbgrader(), pytest.raises(StoreError, match="must own the database"):
        make_gradebook(url.replace(f"//{USER}:", "//guest:"))


def test_who_may_only_read_is_told_so(postgres: Server, room: Path) -> None:
    """A user without the right to write, and a server that is a copy: one sentence, before anything is judged."""
    url = postgres.database()
    with quiet_nbgrader():
        make_gradebook(url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS reader"))
        connection.execute(text(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
    (room / "submitted" / "ada" / UNIT.id).mkdir(parents=True, exist_ok=True)
    with pytest.raises(StoreError, match="permission denied for table course"):
        Recorder(UNIT, ["ada"], root=room, db_url=url.replace(f"//{USER}:", "//reader:"))
    with pytest.raises(StoreError, match="read-only transaction"):
        Recorder(UNIT, ["ada"], root=room, db_url=f"{url}&options=-c%20default_transaction_read_only%3Don")
    with engine.connect() as connection:
        connection.execute(text("DROP OWNED BY reader"))
        connection.execute(text("DROP ROLE reader"))
    engine.dispose()


def test_a_connection_that_was_closed_meanwhile_is_opened_again(postgres: Server) -> None:
    """A server that was started anew while nothing was recorded costs nothing."""
    session = OneSession(postgres.database())
    with quiet_nbgrader(), session.transaction():
        pass
    postgres.stop()
    postgres.start()
    with quiet_nbgrader(), session.transaction():
        pass
    session.close()


# ── what is made ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with a small notebook."""
    root = make_course(tmp_path_factory.mktemp("postgres") / "course")
    release([UNIT.id], root=root)
    return root


def test_a_gradebook_on_a_server_has_what_nbgrader_s_own_has(postgres: Server) -> None:
    """The same tables and version, so that 'nbgrader db upgrade' knows it; and our indexes, once a run writes."""
    from nbgrader.api import Gradebook

    ours, theirs = postgres.database(), postgres.database()
    with quiet_nbgrader():
        make_gradebook(ours)
        Gradebook(theirs, "").close()
    found = []
    for url in (ours, theirs):
        engine = create_engine(url)
        with engine.connect() as connection:
            version = connection.execute(text("select version_num from alembic_version")).scalar_one()
        found.append((sorted(inspect(engine).get_table_names()), version))
        engine.dispose()
    assert found[0] == found[1]


def test_indexes_are_made_on_a_server(postgres: Server) -> None:
    """Without them each student of a large class takes longer than the one before."""
    url = postgres.database()
    session = OneSession(url)
    with quiet_nbgrader(), session.transaction():
        pass
    session.close()
    engine = create_engine(url)
    tables = {name.split(".")[0] for name in SEARCHED}
    names = {index["name"] for table in tables for index in inspect(engine).get_indexes(table)}
    engine.dispose()
    assert names >= {f"unrolled_{name.replace('.', '_')}" for name in SEARCHED}


def test_the_configured_course_is_the_units_course(postgres: Server, room: Path) -> None:
    """c.CourseDirectory.course_id reaches the rows; nothing else does."""
    url = postgres.database()
    with quiet_nbgrader():
        ensure_registered(UNIT, room, url, "rnn-2027")
    with read_gradebook(url) as gb:
        assert gb.find_assignment(UNIT.id).course_id == "rnn-2027"


@pytest.mark.parametrize("line", ["", 'c.CourseDirectory.course_id = ""', 'c.CourseDirectory.course_id = "mine"'])
def test_there_is_always_a_course(room: Path, tmp_path: Path, line: str) -> None:
    """A configuration that names none gets the course's name."""
    config = (room / "nbgrader_config.py").read_text(encoding="utf-8")
    (tmp_path / "nbgrader_config.py").write_text(f"{config}\n{line}\n", encoding="utf-8")
    assert load_config(tmp_path).CourseDirectory.course_id == ("mine" if "mine" in line else load_course().name)


def test_a_gradebook_without_a_course_gets_one(room: Path, tmp_path: Path) -> None:
    """As earlier versions made it, in a file, where nobody looks: it goes on, and could move to a server."""
    file = tmp_path / "gradebook.db"
    with quiet_nbgrader():
        ensure_registered(UNIT, room, f"sqlite:///{file}")
    with sqlite3.connect(file) as old:
        old.execute("update assignment set course_id = ''")
        old.execute("delete from course")
        old.execute("insert into student (id) values ('ada')")
    old.close()
    with quiet_nbgrader():
        ensure_registered(UNIT, room, f"sqlite:///{file}")
    with read_gradebook(f"sqlite:///{file}") as gb:
        assert gb.find_assignment(UNIT.id).course.id == load_course().name
        assert [student.id for student in gb.students] == ["ada"]


def test_reading_makes_nothing(postgres: Server, tmp_path: Path) -> None:
    """Neither tables on a server nor a file."""
    url = postgres.database()
    for empty in (url, f"sqlite:///{tmp_path / 'none.db'}"):
        with read_gradebook(empty) as gb:
            assert gb is None
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == [] and list(tmp_path.iterdir()) == []
    engine.dispose()


def test_the_command_shows_no_password(postgres: Server, room: Path) -> None:
    """A wrong one on the command line: exit code 4, one sentence."""
    folder = room / "submitted" / "ada" / UNIT.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNIT.module_file).write_text("", encoding="utf-8")
    wrong = postgres.url("postgres").replace(PASSWORD, "wrong-word")
    for command in (["grade", UNIT.id, "--no-feedback"], ["export", UNIT.id]):
        done = subprocess.run(
            [sys.executable, "-m", "autograder.cli", *command, "--db", wrong],
            cwd=room, capture_output=True, text=True, timeout=HANGS,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 4 and "password authentication failed" in said, said
        assert "wrong-word" not in said and "Traceback" not in said
