"""What more than one file of tests asks for by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_server import Server, running, why_not


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL, one for all tests of a process; skips with the reason where there can be none."""
    if reason := why_not():
        pytest.skip(reason)
    with running() as server:
        yield server
