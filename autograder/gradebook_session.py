"""One database session for all that nbgrader does with a gradebook, one transaction per student.

nbgrader opens the gradebook anew in every preprocessor and commits after every cell: dozens of connections per
student, and a student half recorded if the process ends in between. While :meth:`OneSession.transaction` lasts, all of
them get the same session; what is the same for all students is asked for once (:func:`remembered`); and what they
commit becomes visible at the end, all of it or nothing. Graders that write into the same gradebook at once take turns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from autograder.database import SEARCHED, in_words, lock, make_gradebook

T = TypeVar("T")
_active: OneSession | None = None  # whose transaction lasts
_TURN_SECONDS = 60.0  # how long to wait for other programs that write into the same file


def is_active(db_url: str) -> bool:
    """Whether a transaction on this gradebook lasts."""
    return _active is not None and _active.db_url == db_url


def remembered(scope: str, key: Hashable, make: Callable[[], T]) -> T:
    """A value that is worked out once, while a transaction lasts; without one it is worked out anew.

    Args:
        scope: "unit": the same for all students of the session; "student": for this transaction only.
        key: what it is.
        make: works it out.
    """
    if _active is None:
        return make()
    kept = _active.of_unit if scope == "unit" else _active.of_student
    if key not in kept:
        kept[key] = make()
    value: T = kept[key]
    return value


@contextmanager
def undone_if_it_fails(gradebook: Any) -> Iterator[None]:
    """Part of a transaction: an exception takes back what this part wrote, and the transaction goes on."""
    if _active is None or gradebook.db is not _active.session:
        yield
        return
    with gradebook.db.begin_nested():
        yield


class OneSession:
    """A session on one gradebook, to be used for one student after another."""

    def __init__(self, db_url: str) -> None:
        self.db_url = db_url
        self.of_unit: dict[Hashable, Any] = {}
        self.of_student: dict[Hashable, Any] = {}
        self.session: Any = None
        self._engine: Any = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have every Gradebook that is opened on this database use the session; commit at the end.

        An exception takes everything back that was written meanwhile. Not for several threads at once.

        Raises:
            GradebookGoneError: the database cannot be used.
        """
        from nbgrader.api import Gradebook

        global _active
        with in_words(self.db_url):
            self._open()
            lock(self.session.connection())
            self.of_student.clear()
            patched = self._replacements(Gradebook)
            originals = {name: getattr(Gradebook, name) for name in patched}
            for name, replacement in patched.items():
                setattr(Gradebook, name, replacement)
            _active = self
            try:
                yield
                self.session.commit_now()
            except BaseException:
                self.session.rollback()
                raise
            finally:
                _active = None
                for name, original in originals.items():
                    setattr(Gradebook, name, original)
                self.of_student.clear()
                self.session.expunge_all()  # nothing of one student stays in memory

    def _replacements(self, gradebook_class: Any) -> dict[str, Callable[..., Any]]:
        """Methods of nbgrader's Gradebook, each with the same answers, for a gradebook on this session."""
        opened, closed = gradebook_class.__init__, gradebook_class.close
        check_course = gradebook_class.check_course

        def init(gradebook: Any, db_url: str, course_id: str = "default_course", authenticator: Any = None) -> None:
            if str(db_url) != self.db_url:
                opened(gradebook, db_url, course_id, authenticator)
                return
            gradebook.engine, gradebook.db, gradebook.authenticator = self._engine, self.session, authenticator
            remembered("unit", ("course", course_id), lambda: bool(check_course(gradebook, course_id=course_id)))
            gradebook.course_id = course_id

        def close(gradebook: Any) -> None:
            if gradebook.db is not self.session:
                closed(gradebook)

        return {"__init__": init, "close": close}

    def _open(self) -> None:
        if self.session is not None:
            return
        from sqlalchemy import create_engine, event
        from sqlalchemy.orm import Session

        make_gradebook(self.db_url)

        class Patient(Session):
            """What others commit waits for :meth:`commit_now`."""

            def commit(self) -> None:
                """Sent with the next query, or at the end."""

            def commit_now(self) -> None:
                super().commit()

            def remove(self) -> None:
                """As scoped_session has it."""

        in_file = self.db_url.startswith("sqlite")
        waits = {"timeout": _TURN_SECONDS} if in_file else {}
        # a server may have closed a connection while nothing was to be recorded: look, and open another one
        self._engine = create_engine(self.db_url, echo=False, connect_args=waits, pool_pre_ping=not in_file)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _without_own_transactions)
            event.listen(self._engine, "begin", _begin_to_write)
        self._make_indexes()
        self.session = Patient(self._engine, autoflush=True, expire_on_commit=False)

    def _make_indexes(self) -> None:
        from sqlalchemy import inspect, text
        from sqlalchemy.exc import ProgrammingError

        if self._engine.dialect.name not in ("sqlite", "postgresql"):
            return
        looked = inspect(self._engine)
        tables = {column.partition(".")[0] for column in SEARCHED}
        known = {index["name"] for table in tables for index in looked.get_indexes(table)}
        wanted = {f"unrolled_{column.replace('.', '_')}": column.split(".") for column in SEARCHED}
        if known >= set(wanted):
            return
        with contextlib.suppress(ProgrammingError), self._engine.begin() as connection:  # slower without, and right
            lock(connection)
            for name, (table, column) in wanted.items():
                connection.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})"))

    def close(self) -> None:
        """Give the connection back."""
        if self.session is not None:
            self.session.close()
        if self._engine is not None:  # also where it was opened and nothing else was allowed
            self._engine.dispose()
        self.session = self._engine = None


def _without_own_transactions(connection: Any, record: Any) -> None:
    """Python's sqlite3 begins and ends transactions as it sees fit; here SQLAlchemy says when."""
    connection.isolation_level = None


def _begin_to_write(connection: Any) -> None:
    """Wait for whoever else writes, before anything is read: what is read is then true until the end."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
