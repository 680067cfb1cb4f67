"""Which notebook of a submission counts, where somebody handed in several, and what else may hold answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.answers import Cell, Known, bare, graded_places, places_written, text
from autograder.errors import UsageError
from autograder.graded_notebook import Notebook, cells_given, read_notebook
from autograder.handed_in import folders_below
from autograder.plain_text import printable

MOST_NOTEBOOKS = 20  # that are looked at beside the one of the unit's name
MOST_BYTES = 64 * 1024 * 1024  # of one of them
#: Files that people write answers into, or photograph them.
_DOCUMENT = re.compile(
    r"(?i).*\.(?:pdf|docx?|odt|rtf|pages|jpe?g|heic)"
    r"|.*(?:answer|response|question|antwort|réponse|respuesta).*\.(?:txt|md|tex|png|html?)"
)


@dataclass(frozen=True)
class Choice:
    """The notebook that counts."""

    file: Path | None = None  # None: there is none
    notebook: Notebook | None = None  # read; one that says so if it could not be
    problem: str = ""  # why it could not be read
    notes: tuple[str, ...] = ()  # why this one, if that is not plain
    elsewhere: tuple[str, ...] = ()  # what else may hold answers


def choose_notebook(unit_id: str, folder: Path, released: Path | None) -> Choice:
    """Look at all notebooks of a submission: of several the one counts in which somebody wrote.

    Args:
        unit_id: the unit's; its notebook is called so.
        folder: what was handed in.
        released: the notebook that was handed out.
    """
    named = folder / f"{unit_id}.ipynb"
    others = list(_others(folder, named))
    documents = _documents(folder)
    elsewhere = (f"answers may stand in {_list(documents)}",) if documents else ()
    content, problem = _read(named, released) if named.is_file() else (None, "")
    given = cells_given(released) if released is not None else []
    if not others or not given:
        return Choice(named if content else None, content, problem, elsewhere=elsewhere)
    read = [(file, *_read(file, released)) for file in ([named] if content else []) + others]
    # Another unit's notebook beside it is none of our business.
    ours = [(file, notebook) for file, notebook, why in read if notebook and not why and _is_units(notebook, given)]
    written: dict[object, tuple[Path, Notebook]] = {}
    for file, notebook in ours:
        if (what := _written_in(notebook, given)) is not None:
            written.setdefault(what, (file, notebook))
    first = next(iter(written.values()), ours[0] if ours else None)
    if first is None:
        return Choice(named if content else None, content, problem, elsewhere=elsewhere)
    file, notebook = first
    notes = []
    if file != named:
        why = "could not be read" if problem else "is as it was handed out" if content else "was not handed in"
        notes.append(f"{_name(file, folder)} was taken for {named.name}, which {why}")
    if len(written) > 1:
        several = [_name(path, folder) for path, _ in written.values()]
        elsewhere = (f"answers stand in several notebooks: {_list(several)}; the first was taken", *elsewhere)
    return Choice(file, notebook, "", tuple(notes), elsewhere)


def looked_at(unit_id: str, folder: Path) -> list[Path]:
    """The files of a submission that :func:`choose_notebook` goes by; the first may not be there."""
    named = folder / f"{unit_id}.ipynb"
    return [named, *_others(folder, named), *(folder / name for name in _documents(folder))]


def _others(folder: Path, named: Path) -> Iterator[Path]:
    """Further notebooks, those in the folder itself first; no links."""
    try:
        found = sorted(
            (path for inside in folders_below(folder) for path in inside.iterdir() if path.suffix == ".ipynb"),
            key=lambda path: (len(path.parts), path.name),
        )
    except (OSError, UsageError):
        return
    for path in [path for path in found if path != named][:MOST_NOTEBOOKS]:
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES:
            yield path


def _documents(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_file() and _DOCUMENT.fullmatch(path.name))
    except OSError:
        return []


def _read(file: Path, released: Path | None) -> tuple[Notebook, str]:
    try:
        return read_notebook(file.read_text(encoding="utf-8", errors="replace"), released)
    except OSError as error:
        return read_notebook(f"({error.strerror})")


def _known(given: list[Cell]) -> Known:
    """The graded cells as they were handed out: what the gradebook knows, too."""
    found = {}
    for cell in given:
        about = cell["metadata"].get("nbgrader")
        if about:
            found[about["grade_id"]] = ({**about, "cell_type": cell["cell_type"]}, cell["source"])
    return found


def _is_units(notebook: Notebook, given: list[Cell]) -> bool:
    """Whether it is this unit's: it has some of its graded cells, or some of its texts."""
    known = _known(given)
    found, _ = graded_places(notebook["cells"], known, given)
    texts = {text(cell) for cell in given if len(bare(cell["source"])) > 20}
    shared = sum(text(cell) in texts for cell in notebook["cells"])
    return 2 * len(found) >= max(1, len(known)) or 4 * shared >= max(1, len(texts))


def _written_in(notebook: Notebook, given: list[Cell]) -> object:
    """What a student wrote into it, to tell copies apart; None if that is nothing."""
    known = _known(given)
    cells = notebook["cells"]
    found, others = graded_places(cells, known, given)
    answers = [text(cells[found[name]]) for name in sorted(found) if not known[name][0]["locked"]]
    blank = [bare(known[name][1]) for name in sorted(found) if not known[name][0]["locked"]]
    places = places_written(cells, found, others, known, given)
    if answers == blank and not places:
        return None
    return (*answers, *(text(cells[place.number - 1]) for place in places))


def _name(path: Path, folder: Path) -> str:
    return printable(path.relative_to(folder).as_posix())


def _list(names: list[str]) -> str:
    shown = [printable(name) for name in names[:4]]
    return ", ".join(shown) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
