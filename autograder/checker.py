"""``check("rnn_cell")`` in a notebook, ``autograder check`` in a terminal: the visible draws, at once."""

from __future__ import annotations

import html
import os
import time
import types
from pathlib import Path
from typing import Any

from autograder.course import Unit, load_course
from autograder.errors import UnrolledError, UsageError
from autograder.grade import check_submission
from autograder.judge import GENERAL
from autograder.results import ExerciseResult, Outcome, PartResult, SubmissionResult, remark_line
from autograder.sandbox import PROCESS

_SIGNS = {
    Outcome.PASSED: "✓",
    Outcome.EDGE_CASE: "◐",
    Outcome.DIFFERENCES: "◐",
    Outcome.PARTLY: "◐",
    Outcome.NOT_ATTEMPTED: "…",
}


class CheckFailed(Exception):
    """A check that is not passed yet; shown in a notebook as one line instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(exercise: Any, *, hint: int = 1, folder: str | Path = ".") -> None:
    """Check one exercise of the module beside this notebook, as it is saved on disk.

    Args:
        exercise: the function's name, e.g. ``"rnn_cell"``, or the function.
        hint: how many rungs of the ladder of hints to show if a known mistake is recognised.
        folder: where the module is; the notebook's own folder by default, or the one that UNROLLED_FOLDER names.

    Raises:
        CheckFailed: something is not right yet; the table above it says what.
    """
    try:
        exercise = _name_of(exercise)
        unit, _ = load_course().find_exercise(exercise)
        file = _module_file(unit, Path(folder))
        result = check_submission(unit.id, file, [exercise], progress_line)
    except UnrolledError as error:
        raise CheckFailed(str(error)) from None
    saved = time.strftime("%H:%M:%S", time.localtime(file.stat().st_mtime))
    result.exercises[0].remarks += _in_a_cell(exercise, unit)
    _show(result, result.exercises[0], hint, f"{unit.module_file} as saved at {saved}")
    if result.exercises[0].outcome is not Outcome.PASSED:
        raise CheckFailed(f"{exercise} is not right yet: {result.exercises[0].outcome.words}.")


def _name_of(exercise: Any) -> str:
    """The name of an exercise that is given by its name or as the function itself."""
    name = exercise if isinstance(exercise, str) else getattr(exercise, "__name__", None)
    known = {item.id for unit in load_course().units for item in unit.exercises}
    if isinstance(exercise, str) or (isinstance(name, str) and name in known and callable(exercise)):
        return str(name)
    given = "a module" if isinstance(exercise, types.ModuleType) else f"{type(exercise).__name__} {name or ''}".strip()
    raise UsageError(f'check takes the name of one function, as in check("rnn_cell"), or the function; not {given}.')


def _module_file(unit: Unit, folder: Path) -> Path:
    """The module to check.

    Raises:
        UsageError: it is not there.
    """
    from coursekit.place import FOLDER_VARIABLE, missing_words

    places = [folder]
    named = os.environ.get(FOLDER_VARIABLE)
    if named and folder == Path("."):
        places.append(Path(named).expanduser())
    for place in places:
        if (place / unit.module_file).is_file():
            return place / unit.module_file
    raise UsageError(missing_words(unit.module_file, places))


def _in_a_cell(exercise: str, unit: Unit) -> list[str]:
    """The remark that a function of this name was defined in the notebook, if it was."""
    if not _in_notebook():
        return []
    from IPython import get_ipython

    shell: Any = get_ipython()
    own = shell.user_ns.get(exercise)
    if not isinstance(own, types.FunctionType) or own.__module__ != "__main__":
        return []
    return [
        f"{exercise} is defined in a cell of this notebook, too. Only {unit.module_file} counts: if the cell has your "
        f"work, copy it, paste it over {exercise} in {unit.module_file}, save the file, and check again."
    ]


def progress_line(words: str) -> None:
    """One line that is written over: how far a long check has come. A bare name is no progress: most take a blink."""
    if " " in words and os.environ.get("UNROLLED_QUIET") != "1":
        print(f"\r{words[:78]:<78}\r", end="", flush=True)


def passes(unit_id: str, exercise_id: str, module_path: Path) -> bool:
    """Whether one exercise of a module passes its visible check; False if it cannot be checked at all."""
    try:
        result = check_submission(unit_id, module_path, [exercise_id])
    except UnrolledError:
        return False
    return result.exercises[0].outcome is Outcome.PASSED


def sign(outcome: Outcome) -> str:
    """One character for an outcome."""
    return _SIGNS.get(outcome, "✗")


def advice(result: SubmissionResult, exercise: ExerciseResult, hint: int, *, terminal: bool = False) -> list[str]:
    """What to say under the table: the first thing to look at, a recognised mistake, hints, remarks.

    ``terminal``: the next hint is asked for by a command, not in a notebook.
    """
    lines = []
    if result.message:
        lines.append(result.message)
    elif exercise.message:
        lines.append(exercise.message)
    if exercise.mistake_title:
        general = all(name.startswith(GENERAL) for name in (exercise.mistake or "").split("+"))
        lines.append(f"{'What is off' if general else 'This looks like a known mistake'}: {exercise.mistake_title}")
        shown = exercise.hints[: max(hint, 1)]
        lines += [f"Hint {number} of {len(exercise.hints)}: {text}" for number, text in enumerate(shown, 1)]
        if len(shown) < len(exercise.hints):
            number = len(shown) + 1
            command = f"autograder check {result.unit} {exercise.id} --hint {number}"
            in_notebook = f'check("{exercise.id}", hint={number})'
            lines.append(f"For the next hint: {command if terminal else in_notebook}")
    if exercise.smallest:
        lines.append(f"It fails already at {exercise.smallest}. To see it, paste this:")
    return lines


def remarks(exercise: ExerciseResult) -> list[str]:
    """What costs nothing."""
    return [remark_line(remark) for remark in exercise.remarks]


def refused(result: SubmissionResult) -> list[str]:
    """What will not work when the module is graded, though it works here, where nothing isolates it."""
    if not result.attempts or not result.isolation.startswith(PROCESS.name):
        return []
    tried = "; ".join(result.attempts[:5]) + ("; …" if len(result.attempts) > 5 else "")
    return [
        f"When it is graded, your module may not do what it does here: {tried}. What needs that will not work there."
    ]


def _show(result: SubmissionResult, exercise: ExerciseResult, hint: int, source: str) -> None:
    if _in_notebook():
        from IPython import display

        display.display(display.HTML(check_html(result, exercise, hint, source)))  # type: ignore[no-untyped-call]
    else:
        from autograder.terminal import Terminal

        print_exercise(Terminal(), result, exercise, hint, source)
    if result.output.strip():
        tail = result.output.strip()[-1000:]
        print(f"Your module printed:\n{tail}")


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})


_CELL = "padding:2px 12px 2px 0;text-align:left;border:none;vertical-align:top"


def check_html(result: SubmissionResult, exercise: ExerciseResult, hint: int, source: str) -> str:
    """The table as HTML that is readable on light and dark ground."""
    border = "#1b7f4b" if exercise.outcome is Outcome.PASSED else "#b3541e"
    heads = "".join(
        f'<th style="{_CELL};opacity:.7;font-weight:normal">{name}</th>' for name in ("", "part", "expected", "got", "")
    )
    rows = []
    for part in exercise.parts:
        colour = "#1b9e5a" if part.outcome is Outcome.PASSED else "#d9642b"
        texts = (part.expected, part.got, _words(part))
        cells = [
            f'<b style="color:{colour}">{sign(part.outcome)}</b>',
            f"<code>{html.escape(part.name)}</code>",
            *(html.escape(text) for text in texts),
        ]
        rows.append("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>")
    lines = _html_lines(advice(result, exercise, hint))
    if exercise.snippet:
        look = "margin:4px 0;padding:6px 10px;background:rgba(127,127,127,.12);overflow-x:auto"
        lines += f'<pre style="{look}">{html.escape(exercise.snippet)}</pre>'
    lines += _html_lines([*remarks(exercise), *refused(result)])
    title = html.escape(f"{sign(exercise.outcome)} {exercise.id}: {exercise.outcome.words}")
    aside = html.escape(f"({source}, {result.seconds:.1f} s)")
    frame = f"border-left:4px solid {border};padding:4px 0 4px 12px;margin:4px 0;max-width:60em"
    return (
        f'<div class="unrolled-check" style="{frame}">'
        f'<div><b>{title}</b> <span style="opacity:.6">{aside}</span></div>'
        f'<table style="border-collapse:collapse;margin:4px 0;font-size:95%">{heads}{"".join(rows)}</table>'
        f"{lines}</div>"
    )


def _html_lines(lines: list[str]) -> str:
    return "".join(f'<div style="margin-top:4px">{html.escape(line)}</div>' for line in lines)


def _words(part: PartResult) -> str:
    """What the last column says: nothing if all is well."""
    return "" if part.outcome is Outcome.PASSED and not part.message else part.outcome.words


def summary_line(exercise: ExerciseResult) -> str:
    """One line of a list of exercises, with rich's markup."""
    colour = {Outcome.PASSED: "green", Outcome.NOT_ATTEMPTED: "dim"}.get(exercise.outcome, "yellow")
    points = f"{exercise.points:g}/{exercise.max_points:g}"
    return f"[{colour}]{sign(exercise.outcome)}[/] {exercise.id:<28} {points:>7}  [dim]{exercise.outcome.words}[/]"


def print_short(console: Any, exercise: ExerciseResult) -> None:
    """One line for an exercise that is right or not begun, and under it what there is to say all the same."""
    console.print(summary_line(exercise))
    unwritten = exercise.outcome is Outcome.NOT_ATTEMPTED and "is defined" in exercise.message
    for line in [*([exercise.message] if unwritten else []), *remarks(exercise)]:
        console.print(f"  {line}", markup=False, highlight=False)


def print_exercise(
    console: Any, result: SubmissionResult, exercise: ExerciseResult, hint: int, source: str, *, terminal: bool = False
) -> None:
    """The table in a terminal of 80 columns."""
    from rich.markup import escape
    from rich.table import Table

    colour = "green" if exercise.outcome is Outcome.PASSED else "yellow"
    title = f"[bold {colour}]{sign(exercise.outcome)} {exercise.id}: {exercise.outcome.words}[/]"
    console.print(f"{title} [dim]({escape(source)}, {result.seconds:.1f} s)[/]", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    for name in ("", "part", "expected", "got", ""):
        table.add_column(name)
    for part in exercise.parts:
        mark = f"[{'green' if part.outcome is Outcome.PASSED else 'yellow'}]{sign(part.outcome)}[/]"
        table.add_row(mark, *map(escape, (part.name, part.expected, part.got, _words(part))))
    console.print(table)
    for line in advice(result, exercise, hint, terminal=terminal):
        console.print(f"  {escape(line)}", highlight=False)
    if exercise.snippet:
        console.print(exercise.snippet + "\n", highlight=False, markup=False, soft_wrap=True)
    for line in [*remarks(exercise), *refused(result)]:
        console.print(f"  {escape(line)}", highlight=False)
