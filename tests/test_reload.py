"""A student's edit reaches the next cell without a restart, and a slip of the pen does no lasting harm."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import jupytext
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from patience import HANGS

from autograder.course import load_course

ROOT = Path(__file__).resolve().parent.parent
UNITS = {unit_id: load_course().unit(unit_id) for unit_id in ("01_vanilla_rnn", "02_bptt", "04_lstm_gru")}


class Session:
    """A kernel in which a unit's first code cell has run, beside a module of one function."""

    def __init__(self, unit_id: str, folder: Path, client: BlockingKernelClient) -> None:
        self.path = folder / UNITS[unit_id].module_file
        self.client = client
        self.saved = 0
        self.save("return 'first'")
        cells = jupytext.read(ROOT / "solutions" / unit_id / f"{unit_id}.nb.py").cells
        first = next(str(cell.source) for cell in cells if cell.cell_type == "code")
        assert self.run(first) == ("", "")
        self.run(f"kept = {self.path.stem}.answer")

    def save(self, body: str) -> None:
        """Write the module as an editor does; each version is two seconds younger than the one before."""
        self.path.write_text(f"def answer():\n    {body}\n", encoding="utf-8")
        self.saved += 1
        moment = 1_700_000_000 + 2 * self.saved  # no waiting: what counts is the file's time stamp
        os.utime(self.path, (moment, moment))

    def run(self, source: str) -> tuple[str, str]:
        """A cell's output and what it writes to stderr, an exception included."""
        shown: dict[str, list[str]] = {"out": [], "err": []}

        def keep(message: dict[str, dict[str, object]]) -> None:
            content = message["content"]
            if "text" in content:
                shown["err" if content["name"] == "stderr" else "out"].append(str(content["text"]))
            elif "evalue" in content:
                shown["err"].append(f"{content['ename']}: {content['evalue']}")

        self.client.execute_interactive(source, output_hook=keep, timeout=HANGS)
        return "".join(shown["out"]), "".join(shown["err"])

    def answer(self) -> tuple[str, str]:
        """Call the function by its module, and by a name that an earlier cell gave it."""
        return self.run(f"print({self.path.stem}.answer(), kept())")


@pytest.fixture(params=UNITS)
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    """A session of each unit."""
    manager: KernelManager
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        yield Session(request.param, tmp_path, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_edits_and_mended_slips_reach_the_next_cell(session: Session) -> None:
    """An edit is there at once, a mend too; between them a syntax error shows once and the last good version stays."""
    assert session.answer() == ("first first\n", "")
    session.save("return 'second'")
    assert session.answer() == ("second second\n", "")

    session.save("return 'third")
    out, err = session.answer()
    assert out == "second second\n"
    assert err.count("SyntaxError: unterminated string literal") == 1
    assert session.answer() == ("second second\n", "")

    session.save("return 'fourth'")
    assert session.answer() == ("fourth fourth\n", "")


def test_nothing_but_the_students_module_is_watched(session: Session) -> None:
    """The autograder and coursekit are not loaded again in the middle of a session."""
    watched = session.run(
        "reloader = get_ipython().magics_manager.registry['AutoreloadMagics']._reloader\n"
        "print(sorted(reloader.modules), reloader.check_all)"
    )
    assert watched == (f"{[session.path.stem]} False\n", "")
