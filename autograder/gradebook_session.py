"""One database session for all that nbgrader does with a gradebook, one transaction per student.

nbgrader opens the gradebook anew in every preprocessor and commits after every cell: dozens of connections per
student, and a student half recorded if the process ends in between. While :meth:`OneSession.transaction` lasts, all of
them get the same session; what is the same for all students is asked for once (:func:`remembered`); and what they
commit becomes visible at the end, all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

#: What nbgrader looks for, and has no index of: without one, each student takes longer than the one before.
SEARCHED = (
    "grade.notebook_id",
    "comment.notebook_id",
    "submitted_notebook.assignment_id",
    "submitted_assignment.student_id",
)

T = TypeVar("T")
_active: OneSession | None = None  # whose transaction lasts


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


class OneSession:
    """A session on one gradebook, to be used for one student after another."""

    def __init__(self, db_url: str) -> None:
        self.db_url = db_url
        self.of_unit: dict[Hashable, Any] = {}
        self.of_student: dict[Hashable, Any] = {}
        self._session: Any = None
        self._engine: Any = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have every Gradebook that is opened on this database use the session; commit at the end.

        An exception takes everything back that was written meanwhile. Not for several threads at once.
        """
        from nbgrader.api import Gradebook

        global _active
        self._open()
        self.of_student.clear()
        patched = self._replacements(Gradebook)
        originals = {name: getattr(Gradebook, name) for name in patched}
        for name, replacement in patched.items():
            setattr(Gradebook, name, replacement)
        _active = self
        try:
            yield
            self._session.commit_now()
        except BaseException:
            self._session.rollback()
            raise
        finally:
            _active = None
            for name, original in originals.items():
                setattr(Gradebook, name, original)
            self.of_student.clear()
            self._session.expunge_all()  # nothing of one student stays in memory

    def _replacements(self, gradebook_class: Any) -> dict[str, Callable[..., Any]]:
        """Methods of nbgrader's Gradebook, each with the same answers, for a gradebook on this session."""
        opened, closed = gradebook_class.__init__, gradebook_class.close
        check_course = gradebook_class.check_course

        def init(gradebook: Any, db_url: str, course_id: str = "default_course", authenticator: Any = None) -> None:
            if str(db_url) != self.db_url:
                opened(gradebook, db_url, course_id, authenticator)
                return
            gradebook.engine, gradebook.db, gradebook.authenticator = self._engine, self._session, authenticator
            remembered("unit", ("course", course_id), lambda: bool(check_course(gradebook, course_id=course_id)))
            gradebook.course_id = course_id

        def close(gradebook: Any) -> None:
            if gradebook.db is not self._session:
                closed(gradebook)

        return {"__init__": init, "close": close}

    def _open(self) -> None:
        if self._session is not None:
            return
        from nbgrader.api import Gradebook
        from sqlalchemy import create_engine, text
        from sqlalchemy.orm import Session

        Gradebook(self.db_url).close()  # makes the tables, if there are none

        class Patient(Session):
            """What others commit waits for :meth:`commit_now`."""

            def commit(self) -> None:
                """Sent with the next query, or at the end."""

            def commit_now(self) -> None:
                super().commit()

            def remove(self) -> None:
                """As scoped_session has it."""

        self._engine = create_engine(self.db_url, echo=False)
        if self._engine.dialect.name in ("sqlite", "postgresql"):
            with self._engine.begin() as connection:
                for column in SEARCHED:
                    table, _, name = column.partition(".")
                    words = f"CREATE INDEX IF NOT EXISTS unrolled_{table}_{name} ON {table} ({name})"
                    connection.execute(text(words))
        self._session = Patient(self._engine, autoflush=True, expire_on_commit=False)

    def close(self) -> None:
        """Give the connection back."""
        if self._session is not None:
            self._session.close()
            self._engine.dispose()
            self._session = self._engine = None
