"""Errors that a person can act on, and the exit codes that go with them."""

from __future__ import annotations

#: Exit codes of the command line, documented in README.md.
EXIT_OK = 0
EXIT_FAILED_CHECK = 1  # `check`: something is not right yet
EXIT_USAGE = 2  # the command's words are off: unknown unit, missing path, ...
EXIT_COURSE = 3  # the course itself is broken: course.toml, sources, leak, out of step
EXIT_STORE = 4  # a gradebook, result file or folder cannot be read or written
EXIT_INFRASTRUCTURE = 5  # the grader, not the student, failed; nothing was scored
EXIT_INTERRUPTED = 130  # Ctrl-C


class UnrolledError(Exception):
    """An error whose message says what, where and what to do; shown without a traceback."""

    exit_code = EXIT_USAGE


class UsageError(UnrolledError):
    """Bad words from the person at the keyboard: unknown unit, exercise or path."""

    exit_code = EXIT_USAGE


class CourseError(UnrolledError):
    """The course's own files are wrong or out of step."""

    exit_code = EXIT_COURSE


class StoreError(UnrolledError):
    """A file, folder or database cannot be read or written."""

    exit_code = EXIT_STORE


class InfrastructureError(UnrolledError):
    """The grader failed, not the student: never a score."""

    exit_code = EXIT_INFRASTRUCTURE
