"""The table that ``autograder collect`` prints: who, what, when, and which problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograder.collect import Collected
from autograder.plain_text import printable

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"not collected": "red", "nothing handed in": "dim", "replaced": "yellow", "kept as earlier": "yellow"}


def collected_table(lines: Sequence[Collected], kind: str, console: Console) -> None:
    """Print a line per submission found, then how many of each kind there are."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_edge=False)
    for title in ("student", "what", "handed in (UTC)"):
        table.add_column(title, no_wrap=title != "student", overflow="fold")
    table.add_column("remarks", overflow="fold")
    for line in sorted(lines, key=lambda line: (not line.lost, line.student or "", line.called)):
        remarks = [line.problem, line.late, *line.notes]
        if line.called and line.called != line.student:
            remarks.append(f"found as {line.called}")
        table.add_row(
            Text(printable(line.student or "?")),
            Text(line.what, _STYLES.get(line.what, "green")),
            Text(f"{line.time:%Y-%m-%d %H:%M}" if line.time else "–"),
            Text(printable("; ".join(filter(None, remarks)))),
        )
    console.print(table)
    counts = {what: sum(line.what == what for line in lines) for what in dict.fromkeys(line.what for line in lines)}
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    console.print(f"Read as {kind}: {said}.", markup=False)
