"""Text from people, where it is printed or written: nothing in it changes how the rest is shown."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autograder import cli
from autograder.collect import Collected
from autograder.collect_report import collected_table
from autograder.errors import UsageError
from autograder.plain_text import json_line, printable
from autograder.tables import csv_text
from autograder.terminal import Terminal

#: Escape sequences, a turn of direction, marks that nobody sees, line breaks of all kinds, half a character.
HOSTILE = (
    "ada\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\u2066\u200b\u200d\ufeff\u00ad\u2028\u0085\r\n\x00\ud800\U000e0041"
)
ORDERS = {c for c in HOSTILE if not c.isprintable()} - {"\n"}


def test_every_character_is_seen_and_counts() -> None:
    """Whatever Unicode calls a control, format, private, unassigned or separating character becomes a sign."""
    for number in range(0x110000):
        character = chr(number)
        seen = printable(character)
        kind = unicodedata.category(character)
        if kind == "Zs":
            assert seen == " "
        else:
            assert seen == ("�" if kind[0] == "C" or kind in ("Zl", "Zp") else character)


def test_names_of_all_languages_stay() -> None:
    """Accents, other alphabets and pictures are names."""
    for name in ("Ada Lovelace", "Łukasz Żółć", "李小龍", "محمد", "देवनागरी", "😀", "O'Brien-Smith"):
        assert printable(name) == name
    assert printable("a\nb\tc", keep="\n\t") == "a\nb\tc"


@pytest.mark.parametrize("form", [lambda text: text, Text, lambda text: Panel(Text(text)), "table"])
def test_a_terminal_shows_no_order(form) -> None:  # type: ignore[no-untyped-def]
    """However a name gets into what is printed."""
    shown = form(HOSTILE) if callable(form) else Table("name")
    if isinstance(shown, Table):
        shown.add_row(HOSTILE)
    stream = io.StringIO()
    Terminal(file=stream, width=200).print(shown, markup=False)
    assert "ada" in stream.getvalue() and not set(stream.getvalue()) & ORDERS


def test_a_terminal_keeps_its_own_colours() -> None:
    """What Rich says to the terminal is no text."""
    stream = io.StringIO()
    Terminal(file=stream, force_terminal=True, color_system="standard", width=80).print("[red]x[/]")
    assert stream.getvalue().startswith("\x1b[31mx\x1b[")


def test_the_table_of_what_was_collected_shows_no_order() -> None:
    """Names of files and folders of strangers."""
    stream = io.StringIO()
    lines = [Collected(HOSTILE, HOSTILE, "new", notes=[HOSTILE], problem=HOSTILE)]
    collected_table(lines, "folders", Terminal(file=stream, width=120))
    assert not set(stream.getvalue()) & ORDERS


def test_an_error_shows_no_order(monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    """The sentence at the end of a command may hold a name."""

    def fail(**_: object) -> None:
        raise UsageError(f"There is no {HOSTILE}.")

    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(SystemExit):
        cli.main([])
    said = capsys.readouterr().err
    assert "There is no ada" in said and not set(said) & ORDERS


def test_programs_get_names_as_they_are() -> None:
    """JSON on the terminal gives it no orders, and whoever reads the JSON gets every character."""
    line = json_line({"student": HOSTILE.replace("\ud800", "")})
    assert line.isprintable() and json.loads(line)["student"] == HOSTILE.replace("\ud800", "")


def test_tables_hold_no_order() -> None:
    """A cell is one line of what everybody sees, and a hidden mark does not hide the start of a formula."""
    cell = csv_text([[HOSTILE]]).rstrip("\n")
    assert not set(cell) & ORDERS and "\n" not in cell
    assert csv_text([["\u200b=1+1"]]).startswith(("�", "'"))


def test_nothing_else_prints_by_itself() -> None:
    """Commands print by Terminal and by one function; a plain Console or echo would be a way past them."""
    package = Path(cli.__file__).parent
    assert (package / "cli.py").read_text(encoding="utf-8").count("click.echo(") == 2  # _say, and JSON as it is
    for file in package.glob("*.py"):
        assert "Console(" not in file.read_text(encoding="utf-8").replace("Terminal(Console):", ""), file.name
