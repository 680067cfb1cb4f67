"""Gradebooks as databases: their addresses, opening them, and what is said of one that cannot be used.

An address is an SQLAlchemy URL: a file of SQLite's, or a database of a server such as PostgreSQL. It may hold a
password, so none is ever shown but by :func:`shown`.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder import folders
from autograder.errors import StoreError

_TABLES = {"assignment", "grade", "student", "submitted_assignment", "submitted_notebook"}
_LOCK_SECONDS = 5.0  # how long to wait for somebody else's write before grading is begun
_CONNECT_SECONDS = 15  # and for a server to answer
#: What nbgrader looks for, and has no index of: without one, each student takes longer than the one before.
SEARCHED = (
    "grade.notebook_id",
    "comment.notebook_id",
    "submitted_notebook.assignment_id",
    "submitted_assignment.student_id",
)
WRITING = 0x556E726F6C6C6564  # the key of the lock that a grader holds on a server while it writes: "Unrolled"


class GradebookGoneError(StoreError):
    """The gradebook cannot be used any more: nobody after this student can be recorded either."""


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────


def address(db_url: str) -> str:
    """An address as SQLAlchemy reads it: PostgreSQL is spoken to by psycopg 3, however the address calls it."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", db_url.strip())


def shown(db_url: str) -> str:
    """An address as people may see it: with ``***`` for each password in it, also where it is no good address."""
    scheme, separator, rest = db_url.partition("://")
    if scheme.startswith("sqlite"):
        return db_url
    if not separator:
        scheme, rest = "", db_url
    who, at, where = rest.rpartition("@")
    if at:
        user, colon, _ = who.partition(":")
        rest = f"{user}{colon and ':***'}@{where}"
    rest = re.sub(r"(?i)([?&;\s][^=&;\s]*pass[^=&;\s]*=)[^&;\s]*", r"\1***", rest)
    return f"{scheme}{separator}{rest}"


def file_of(db_url: str) -> Path | None:
    """The file that a gradebook is in, if it is in one."""
    from sqlalchemy.engine import make_url

    url = make_url(db_url)
    in_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if in_file else None


def reason(error: BaseException, db_url: str) -> str:
    """What a database or its driver says, on one line, without the password and without advice for programmers."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    said = str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
    line = " ".join(said.split("\n(Background on this error")[0].split()) or type(error).__name__
    try:
        password = make_url(db_url).password
    except (SQLAlchemyError, ValueError):
        password = None
    return (line.replace(str(password), "***") if password else line).rstrip(".")


# ── what goes wrong ───────────────────────────────────────────────────────────────────────────────────


def concerns_all(error: BaseException) -> bool:
    """Whether an error is the whole gradebook's, not that of what is written into it for one student."""
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError, ProgrammingError

    if isinstance(error, DBAPIError) and type(error.orig).__name__ == "ReadOnlySqlTransaction":
        return True
    whole = (OperationalError, InterfaceError, ProgrammingError, PendingRollbackError, sqlite3.OperationalError)
    return isinstance(error, (GradebookGoneError, *whole))


@contextmanager
def in_words(db_url: str) -> Iterator[None]:
    """Have what ends the work with a gradebook end in a sentence.

    Raises:
        GradebookGoneError: the server does not answer, the file is locked or read-only, something is not allowed, …
    """
    from sqlalchemy.exc import PendingRollbackError

    try:
        yield
    except GradebookGoneError:
        raise
    except Exception as error:
        if not concerns_all(error):
            raise
        lost = isinstance(error, PendingRollbackError)  # what was done before has failed because of the connection
        raise _gone(error, db_url, "the connection was lost" if lost else reason(error, db_url)) from error


def _gone(error: BaseException, db_url: str, why: str) -> GradebookGoneError:
    if file_of(db_url) is not None and "locked" in why:
        return GradebookGoneError(_locked(db_url))
    return GradebookGoneError(
        f"The gradebook {name_of(db_url)} cannot be used any more: {why}. What is judged and recorded is kept. "
        "Look after the database, then run the same command again; it goes on from there."
    )


def name_of(db_url: str) -> str:
    """What to call a gradebook: its file, or its address."""
    return str(file_of(db_url) or shown(db_url))


def _locked(db_url: str) -> str:
    return (
        f"The gradebook {name_of(db_url)} is locked by another program. "
        "Wait for it to finish, or close it, and run again."
    )


def check_gradebook(db_url: str) -> None:
    """Complain in one sentence about a gradebook that cannot be used; touches nothing.

    Raises:
        StoreError: it is locked, read-only, no database, somebody else's database, or out of reach.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(db_url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            f"{shown(db_url)!r} is no database address; one looks like sqlite:////home/me/gradebook.db or "
            "postgresql+psycopg://me@server/gradebook."
        ) from error
    file = file_of(db_url)
    if file is not None:
        _check_file(file, db_url)
    elif url.get_backend_name() != "sqlite":
        _check_server(db_url, url.get_backend_name() == "postgresql")


def _check_server(db_url: str, is_postgres: bool) -> None:
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    try:
        engine = create_engine(db_url, connect_args={"connect_timeout": _CONNECT_SECONDS} if is_postgres else {})
        try:
            tables = set(inspect(engine).get_table_names())
        finally:
            engine.dispose()
    except ImportError as error:
        needs = (
            "the driver psycopg: pip install 'unrolled[postgres]'"
            if is_postgres
            else f"a driver that is not installed ({reason(error, db_url)})"
        )
        raise StoreError(f"The gradebook {shown(db_url)} needs {needs}.") from error
    except ArgumentError as error:
        raise StoreError(f"{shown(db_url)!r} is no database address: {reason(error, db_url)}.") from error
    except (SQLAlchemyError, OSError, ValueError) as error:
        raise StoreError(
            f"The gradebook {shown(db_url)} cannot be reached: {reason(error, db_url)}. "
            "Correct server, database, user or password, and run again."
        ) from error
    _check_tables(shown(db_url), tables)


def _check_file(file: Path, db_url: str) -> None:
    if not file.parent.is_dir():
        raise StoreError(f"The gradebook {file} cannot be made: there is no folder {file.parent}.")
    if file.is_dir():
        raise StoreError(f"The gradebook {file} is a folder.")
    if not file.exists():
        return  # it will be made
    try:
        connection = sqlite3.connect(file, timeout=_LOCK_SECONDS, isolation_level=None)
        try:
            tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
            _check_tables(str(file), tables)
            connection.execute("begin immediate")  # asks for the right to write, and for nobody else writing
            connection.execute("rollback")
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(_locked(db_url)) from error
        raise StoreError(f"The gradebook {file} cannot be written: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{file} is not a gradebook: {error}. Move it away, or name another one.") from error


def _check_tables(name: str, tables: set[str]) -> None:
    if tables and not tables >= _TABLES:
        raise StoreError(
            f"{name} is a database of something else, not a gradebook of nbgrader (it has no table "
            f"{sorted(_TABLES - tables)[0]!r}). Nothing was written; name another one."
        )


# ── opening ───────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def open_gradebook(db_url: str, course_id: str = "") -> Iterator[Any]:
    """nbgrader's Gradebook, to write into; it is made if there is none.

    Args:
        db_url: its address.
        course_id: for whoever adds units, which belong to a course.

    Raises:
        StoreError: it cannot be made.
        GradebookGoneError: it cannot be used.
    """
    from nbgrader.api import Gradebook

    from autograder.gradebook_session import is_active

    with in_words(db_url):
        if not is_active(db_url):
            make_gradebook(db_url)
        gradebook = Gradebook(db_url, course_id)
        try:
            yield gradebook
        finally:
            gradebook.close()


@contextmanager
def read_gradebook(db_url: str) -> Iterator[Any]:
    """nbgrader's Gradebook, to read from: nothing is made and nothing is added; None if there is no gradebook.

    Raises:
        GradebookGoneError: it cannot be used.
    """
    from nbgrader.api import Gradebook
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.orm import Session

    class Reading(Gradebook):  # type: ignore[misc]  # nbgrader has no types
        def __init__(self) -> None:
            """On a session that is never committed."""
            self.engine, self.db, self.course_id, self.authenticator = engine, session, "", None

    file = file_of(db_url)
    if file is not None and not file.exists():
        yield None
        return
    with in_words(db_url):
        engine = create_engine(db_url)
        try:
            with Session(engine, autoflush=False) as session:
                yield Reading() if inspect(engine).has_table("assignment") else None
        finally:
            engine.dispose()


def make_gradebook(db_url: str) -> None:
    """A gradebook with all of nbgrader's tables and our indexes, if there is none: whole or not at all.

    Raises:
        StoreError: the database does not allow it.
    """
    from sqlalchemy.exc import ProgrammingError

    folders.own_tools_on_path()
    file = file_of(db_url)
    if file is None:
        try:
            _make_on_server(db_url)
        except ProgrammingError as error:
            raise StoreError(
                f"The gradebook {shown(db_url)} cannot be made: {reason(error, db_url)}. "
                "Whoever grades must own the database, or may create tables in it."
            ) from error
    elif not file.exists():
        _make_file(file)


def _make_on_server(db_url: str) -> None:
    from nbgrader.api import Base, get_alembic_version
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(db_url)
    try:
        if inspect(engine).has_table("alembic_version"):
            return
        with engine.begin() as connection:
            lock(connection)
            if not inspect(connection).has_table("assignment"):
                Base.metadata.create_all(connection)
                connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
                version = {"version": get_alembic_version()}
                connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:version)"), version)
    finally:
        engine.dispose()


def _make_file(file: Path) -> None:
    from nbgrader.api import Gradebook

    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        Gradebook(f"sqlite:///{draft}", "").close()
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # somebody else was faster
        except OSError:  # a file system without such links
            draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def lock(connection: Any) -> None:
    """Wait until no other grader writes into the same database of a server; until the end of the transaction."""
    from sqlalchemy import text

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITING})"))
