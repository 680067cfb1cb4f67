"""One database session for all that nbgrader does with a gradebook, one transaction per student.

nbgrader opens the gradebook anew in every preprocessor, asks for each cell by a query of its own and commits after
every cell: dozens of connections and hundreds of statements per student, and a student half recorded if the process
ends in between. While :meth:`OneSession.transaction` lasts, all of them get the same session; what is the same for
all students is asked for once (:func:`remembered`), a student's grades and comments by one query each; and what they
commit becomes visible at the end, all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
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


def taken(key: Hashable, make: Callable[[], T]) -> T:
    """A value that was remembered for this student, given away for good: the next one to ask gets another."""
    if _active is not None and key in _active.of_student:
        value: T = _active.of_student.pop(key)
        return value
    return make()


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
        from nbgrader.api import Comment, Grade

        opened, closed = gradebook_class.__init__, gradebook_class.close
        find_source_cell, find_graded_cell = gradebook_class.find_source_cell, gradebook_class.find_graded_cell
        find_grade, find_comment = gradebook_class.find_grade, gradebook_class.find_comment
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

        def plain(find: Callable[..., Any], fields: tuple[str, ...]) -> Callable[..., Any]:
            def found(gradebook: Any, name: str, notebook: str, assignment: str) -> Any:
                def look() -> Any:
                    cell = find(gradebook, name, notebook, assignment)
                    return SimpleNamespace(**{field: getattr(cell, field) for field in fields})

                if gradebook.db is not self._session:
                    return find(gradebook, name, notebook, assignment)
                return remembered("unit", (find.__name__, name, notebook, assignment), look)

            return found

        def of_student(kind: Any, find: Callable[..., Any]) -> Callable[..., Any]:
            def found(gradebook: Any, name: str, notebook: str, assignment: str, student: str) -> Any:
                if gradebook.db is not self._session:
                    return find(gradebook, name, notebook, assignment, student)
                key = (kind.__name__, notebook, assignment, student)
                known = remembered("student", key, lambda: self._all_of(kind, notebook, assignment, student))
                return known[name] if name in known else find(gradebook, name, notebook, assignment, student)

            return found

        return {
            "__init__": init,
            "close": close,
            "find_source_cell": plain(find_source_cell, ("name", "cell_type", "locked", "checksum", "source")),
            "find_graded_cell": plain(find_graded_cell, ("name", "max_score", "cell_type")),
            "find_grade": of_student(Grade, find_grade),
            "find_comment": of_student(Comment, find_comment),
        }

    def _all_of(self, kind: Any, notebook: str, assignment: str, student: str) -> dict[str, Any]:
        """Cell's name -> a student's grade, or comment, by one query."""
        from nbgrader.api import Assignment, BaseCell, Notebook, Student, SubmittedAssignment, SubmittedNotebook

        rows = (
            self._session.query(BaseCell.name, kind)
            .join(kind, kind.cell_id == BaseCell.id)
            .join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(Student, Student.id == SubmittedAssignment.student_id)
            .filter(Notebook.name == notebook, Assignment.name == assignment, Student.id == student)
        )
        return {name: entry for name, entry in rows}

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
