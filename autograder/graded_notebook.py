"""What grading makes of a submitted notebook: tidied, its graded cells restored, scores and hints in its test cells.

Notebooks here are plain data (nbformat's NotebookNode is a dict, too). :mod:`autograder.nbgrader_bridge` has nbgrader
take these steps; :mod:`autograder.recording` takes them for a whole class.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.answers import NO_NOTEBOOK, Cell, Known, bare, graded_places, in_words, places_written, text
from autograder.course import Unit
from autograder.errors import InfrastructureError
from autograder.plain_text import printable
from autograder.results import ExerciseResult, Outcome, SubmissionResult, remark_line
from autograder.safe_html import harmless_markdown

Notebook = dict[str, Any]

SEAL = "unrolled"  # key in an autograded notebook's metadata
NOT_HANDED_IN = "No notebook was handed in"
_MISSING = "This cell was missing from the submission and was put back"
_UNTOUCHED = "This cell is as it was handed out"
_PICTURES = ("image/png", "image/jpeg")
_MAX_TEXT = 20_000  # characters kept of one text output
_MAX_LINES = 1000  # kept of all streams of a cell: nbgrader's LimitOutput leaves so many
_MAX_IMAGE = 4_000_000  # characters of base64


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────


def read_notebook(text: str, released: Path | None = None) -> tuple[Notebook, str]:
    """A notebook from the text of a file, in today's format.

    Args:
        text: the file's.
        released: the notebook that was handed out, if it is one of those: what is as it was is not looked at again.

    Returns:
        notebook: the notebook; if it cannot be read, one with a single cell that says so.
        reason: why it could not be read, empty if it could.
    """
    try:
        notebook = _as_it_is(text, _given(released) if released is not None else {})
        if notebook is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about missing and doubled cell ids, which are mended below
                notebook = _read_and_mend(text)
        return notebook, ""
    except Exception as error:  # a student's file may break the reader in any way, RecursionError included
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        return placeholder_notebook(f"The submitted notebook could not be read ({reason[:200]})"), reason


def _as_it_is(text: str, given: Mapping[str, Given]) -> Notebook | None:
    """A notebook in which nothing has to be converted or mended, as nearly all are; None for any other."""
    from nbformat.validator import get_validator

    try:
        notebook: Notebook = json.loads(text)
        if (notebook["nbformat"], notebook["nbformat_minor"]) != (4, 5):
            return None
        cells = notebook["cells"]
        if not isinstance(cells, list):  # an empty object would pass for an empty list below
            return None
        known = [given.get(cell["id"]) for cell in cells]
        same = [entry is not None and entry.as_read == cell for entry, cell in zip(known, cells, strict=True)]
        # A notebook is as it should be if each of its cells is, and what is around them.
        others = [cell for cell, is_same in zip(cells, same, strict=True) if not is_same]
        validator = get_validator(4, 5, relax_add_props=True, name="fastjsonschema")
        validator.validate({**notebook, "cells": others})
        for place, entry in enumerate(known):
            if same[place] and entry is not None:
                cells[place] = entry.copy()
                continue
            cell = cells[place]
            cell["source"] = _joined(cell["source"])
            for output in cell.get("outputs", ()):
                _join_lines(output)
            if not isinstance(cell["metadata"].get("nbgrader", {}), dict):
                return None
        return notebook if len({cell["id"] for cell in cells}) == len(cells) else None
    except Exception:  # whatever it is, the thorough reader finds the words for it
        return None


def _read_and_mend(text: str) -> Notebook:
    import nbformat

    # Not nbformat.reads(), which validates the notebook before what can be mended is.
    notebook: Any = nbformat.convert(nbformat.reader.reads(text), 4)
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    for cell in notebook.cells:
        if not isinstance(cell.metadata.get("nbgrader", {}), dict):
            del cell.metadata["nbgrader"]
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    _, notebook = nbformat.validator.normalize(notebook, version=4, version_minor=notebook.nbformat_minor)
    nbformat.validate(notebook, relax_add_props=True)
    plain: Notebook = notebook
    return plain


def _join_lines(output: dict[str, Any]) -> None:
    """Text in one piece, as nbformat's reader makes it; other kinds of data may well be lists."""
    if "text" in output:
        output["text"] = _joined(output["text"])
    for mime, value in output.get("data", {}).items():
        if not mime.endswith("json"):
            output["data"][mime] = _joined(value)


def _joined(value: Any) -> str:
    """Text that a notebook may hold as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def placeholder_notebook(why: str) -> Notebook:
    """A notebook in place of one that is missing or cannot be read."""
    text = f"**{escape_markdown(why)}.** The module was graded without it. Answers in words have to be looked at."
    return {"cells": [new_cell("markdown", text, NO_NOTEBOOK)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def new_cell(kind: str, source: str, name: str, metadata: dict[str, Any] | None = None) -> Cell:
    """A cell that has not been run."""
    cell: Cell = {"cell_type": kind, "id": name, "metadata": metadata or {}, "source": source}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return html.escape(printable(text)).replace("*", "\\*").replace("`", "'")


@dataclass(frozen=True)
class Given:
    """A cell of a released notebook."""

    as_read: Any  # as it stands in the file
    cell: Cell  # its text in one piece

    def copy(self) -> Cell:
        """A cell for a student's notebook, in which everything may be replaced."""
        return {name: value.copy() if type(value) in (dict, list) else value for name, value in self.cell.items()}


@lru_cache(maxsize=4)
def _released(file: Path, _version: tuple[int, int]) -> dict[str, Given]:
    """The cells of a released notebook by id: they are the same for all students.

    Args:
        file: the notebook.
        _version: when it was written and how long it is, so that another one is read anew.
    """
    text = file.read_text(encoding="utf-8")
    cells, as_read = read_notebook(text)[0]["cells"], json.loads(text)["cells"]
    return {cell["id"]: Given(raw, cell) for cell, raw in zip(cells, as_read, strict=True)}


def _given(file: Path) -> Mapping[str, Given]:
    try:
        found = file.stat()
        return _released(file, (found.st_mtime_ns, found.st_size))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def cells_given(file: Path) -> list[Cell]:
    """The cells that students were given, to look at; none if the unit is not released."""
    return [given.cell for given in _given(file).values()]


# ── tidying ───────────────────────────────────────────────────────────────────────────────────────────


def tidy_notebook(nb: Notebook, given: Sequence[Cell]) -> None:
    """Empty the test cells; elsewhere keep text and pictures that students left, nothing that could run.

    nbgrader shows a submission's Markdown, attachments and outputs as they are: a script in one of them would run in
    the browser of whoever opens the formgrader, with the right to change grades.

    Args:
        nb: changed in place.
        given: the cells of the released notebook, whose text is ours.
    """
    ours = {cell["source"] for cell in given}
    nb["metadata"] = {"language_info": {"name": "python"}}  # the kernel is nbgrader's to set
    for cell in nb["cells"]:
        cell["metadata"] = {key: cell["metadata"][key] for key in ("nbgrader",) if key in cell["metadata"]}
        tidy_attachments(cell)
        if cell["cell_type"] == "code":
            graded = cell["metadata"].get("nbgrader", {})
            if graded.get("grade") or str(graded.get("grade_id", "")).startswith("test_"):
                cell["outputs"], cell["execution_count"] = [], None
            else:
                cell["outputs"] = tidy_outputs(cell["outputs"])
        elif cell["source"] not in ours:
            cell["source"] = harmless_markdown(without_tags(cell["source"]))


def without_tags(markdown: str) -> str:
    """Markdown in which no ``<`` opens an HTML tag; ``a<b`` in a formula or in code stays readable as ``a< b``."""
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", markdown)


def tidy_attachments(cell: Cell) -> None:
    """Keep pasted pictures under plain names, drop everything else that is attached to a cell."""
    if "attachments" not in cell:
        return
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in dict(cell.pop("attachments")).items():
        pictures = {mime: tidy for mime in _PICTURES if mime in bundle and (tidy := _picture(bundle[mime]))}
        if pictures and re.fullmatch(r"[\w .()-]+", name):
            kept[name] = pictures
    if kept and cell["cell_type"] == "markdown":
        cell["attachments"] = kept


def tidy_outputs(outputs: Iterable[Any]) -> list[dict[str, Any]]:
    """Harmless forms of a cell's outputs; what is printed is cut to a readable number of lines."""
    kept = [tidy for output in outputs if (tidy := tidy_output(output)) is not None]
    room = _MAX_LINES
    for output in kept:
        if output["output_type"] == "stream":
            lines = output["text"].split("\n")
            if len(lines) > room:
                left = max(room - 1, 0)
                output["text"] = "\n".join([*lines[:left], f"… {len(lines) - left} more lines"]) if room else ""
            room -= min(room, len(lines))
    return [output for output in kept if output["output_type"] != "stream" or output["text"]]


def tidy_output(output: Any) -> dict[str, Any] | None:
    """A harmless form of one output: text, cut to a readable length, and pictures; None if nothing is left."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _cut(output.get("text", ""))}
    if kind == "error":
        trace = [_cut(line) for line in list(output.get("traceback", []))[-50:]]
        ename, evalue = _cut(output.get("ename", ""))[:200], _cut(output.get("evalue", ""))[:2000]
        return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": trace}
    if kind not in ("display_data", "execute_result"):
        return None
    data: dict[str, str] = {}
    for mime, value in dict(output.get("data", {})).items():
        if mime == "text/plain":
            data[mime] = _cut(value)
        elif mime in _PICTURES and (picture := _picture(value)):
            data[mime] = picture
    return {"output_type": "display_data", "data": data, "metadata": {}} if data else None


def _cut(value: Any) -> str:
    text = _joined(value)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + f"\n… {len(text) - _MAX_TEXT} more characters"


def _picture(value: Any) -> str | None:
    """Base64 without anything else in it (it goes into an attribute of an HTML page), None if it is not that."""
    text = "".join(_joined(value).split())
    if len(text) > _MAX_IMAGE:
        return None
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return text


# ── graded cells ──────────────────────────────────────────────────────────────────────────────────────


def restore_cells(nb: Notebook, known: Known, given: Sequence[Cell], elsewhere: Sequence[str] = ()) -> list[str]:
    """Graded cells as the gradebook knows them: metadata mended, copies demoted, deleted ones put back.

    An answer's cell that nobody touched, and that nbgrader would score as "no response", is left to a person if there
    is something else that a student wrote; the cell says where.

    Args:
        nb: changed in place.
        known: the graded cells.
        given: the cells of the released notebook, for their order.
        elsewhere: what is known of answers in other files.

    Returns:
        where answers stand that are not in their cells, if some are not.
    """
    cells = nb["cells"]
    found, others = graded_places(cells, known, given)
    places = places_written(cells, found, others, known, given)
    said = [words for words in (in_words(places), *elsewhere) if words]
    for cell in cells:
        cell["metadata"].pop("nbgrader", None)
    answers = {name for name, (metadata, _) in known.items() if not metadata["locked"]}
    open_ones = answers - set(found)
    for name, place in found.items():
        metadata, source = known[name]
        cells[place]["metadata"]["nbgrader"] = dict(metadata)
        _set_type(cells[place], metadata["cell_type"])
        if name in answers and text(cells[place]) == bare(source):
            open_ones.add(name)
            cells[place]["source"] = _remark(_UNTOUCHED, said) + source if said else source
    if len(found) < len(known):
        _put_back(nb, known, _order(known, given), said)
    return said if open_ones or others else []


def _remark(what: str, said: Sequence[str]) -> str:
    """Words before a cell's text, which keep nbgrader from scoring it as "no response", 0 points."""
    words = "; ".join([what, *map(escape_markdown, said)])
    return f"({words}.)\n\n"


def _set_type(cell: Cell, kind: str) -> None:
    if cell["cell_type"] != kind:
        cell["cell_type"] = kind
        if kind == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell.pop("attachments", None)
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
            cell["source"] = harmless_markdown(without_tags(cell["source"]))  # it was code, where all may stand


def _put_back(nb: Notebook, known: Known, order: list[str], said: Sequence[str]) -> None:
    places = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in nb["cells"]]
    taken = {cell["id"] for cell in nb["cells"]}
    for position, name in enumerate(order):
        if name in places:
            continue
        metadata, source = known[name]
        after = next((places.index(before) for before in reversed(order[:position]) if before in places), None)
        words = source if metadata["locked"] else _remark(_MISSING, said) + source
        cell_id = name if name not in taken else f"restored-{name}"[:64]
        taken.add(cell_id)
        index = after + 1 if after is not None else len(places)
        places.insert(index, name)
        nb["cells"].insert(index, new_cell(metadata["cell_type"], words, cell_id, {"nbgrader": dict(metadata)}))


def _order(known: Known, given: Sequence[Cell]) -> list[str]:
    """The graded cells in the order of the released notebook."""
    order = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in given]
    return [name for name in order if name in known] + [name for name in known if name not in order]


# ── scores ────────────────────────────────────────────────────────────────────────────────────────────


def write_scores(nb: Notebook, unit: Unit, result: SubmissionResult) -> None:
    """Put score and hint into the test cells of a notebook.

    Raises:
        InfrastructureError: a test cell is missing or there twice, or the result lacks an exercise.
    """
    cells: dict[str, list[Cell]] = {}
    for cell in nb["cells"]:
        cells.setdefault(cell["metadata"].get("nbgrader", {}).get("grade_id", ""), []).append(cell)
    for number, exercise in enumerate(unit.exercises):
        found = cells.get(f"test_{exercise.id}", [])
        if len(found) != 1:
            raise InfrastructureError(f"The notebook has {len(found)} test cells for {exercise.id}, expected one.")
        try:
            outcome = result.exercise(exercise.id)
        except KeyError as error:
            raise InfrastructureError(f"The result has no exercise {exercise.id!r}: another course's.") from error
        score = clamp(outcome.points, exercise.points)
        hint = hint_html(outcome, score, exercise.points, result.message, first=number == 0)
        text = f"{exercise.id}: {outcome.outcome.words}, {score:g} of {exercise.points:g} points"
        shown = {"data": {"text/html": hint, "text/plain": text}, "metadata": {}, "output_type": "display_data"}
        # the one that counts: nbgrader reads the first execute_result as a number
        counted: dict[str, Any] = {"data": {"text/plain": repr(score)}, "metadata": {}, "output_type": "execute_result"}
        counted["execution_count"] = number + 1
        found[0]["outputs"] = [shown, counted]
        found[0]["execution_count"] = number + 1


def clamp(points: float, max_points: float) -> float:
    """Points as a plain float between 0 and the most: nbgrader gives full marks for anything it cannot read."""
    return min(max(float(points), 0.0), float(max_points))


def hint_html(exercise: ExerciseResult, score: float, max_points: float, module_message: str, *, first: bool) -> str:
    """What a student reads below a test cell; everything in it is escaped.

    A message about the module as a whole (missing, syntax error) is said once, in the first cell.
    """
    good = exercise.outcome is Outcome.PASSED
    mark, colour = ("✓", "#0b6e4f") if good else ("✗", "#a3320b")
    said = [f"<b style='color:{colour}'>{mark} {_e(exercise.id)}: {_e(exercise.outcome.words)}</b> "
            f"· {score:g} of {max_points:g} points"]  # fmt: skip
    if module_message:
        text = module_message if first else "The module as a whole has a problem: see the first test cell."
        said.append(_e(text))
    if exercise.message and exercise.message != module_message:
        said.append(_e(exercise.message))
    if exercise.mistake_title:
        said.append(f"<b>{_e(exercise.mistake_title)}</b>")
    if exercise.hint and exercise.hint != exercise.message:
        said.append(f"Hint: {_e(exercise.hint)}")
    said += [_e(remark_line(remark).replace(" (costs nothing)", "")) for remark in exercise.remarks]
    table = ""
    if len(exercise.parts) > 1 and not (module_message and not score):
        rows = "".join(
            f"<tr><td>{_e(part.name)}</td><td>{_e(part.outcome.words)}</td>"
            f"<td style='text-align:right'>{part.points:g} / {part.max_points:g}</td></tr>"
            for part in exercise.parts
        )
        table = f"<table><tr><th>part</th><th>outcome</th><th>points</th></tr>{rows}</table>"
    body = "".join(f"<div>{line}</div>" for line in said)
    return f"<div class='unrolled-hint' style='border-left:4px solid {colour};padding:4px 12px'>{body}{table}</div>"


def _e(text: str) -> str:
    return html.escape(printable(str(text), keep="\n\t")).replace("\n", "<br>")


# ── the seal ──────────────────────────────────────────────────────────────────────────────────────────


def seal(nb: Notebook, made_from: str, stopped: str = "", answers: Sequence[str] = ()) -> None:
    """Note in a graded notebook what it was made from.

    Args:
        nb: changed in place.
        made_from: a hash.
        stopped: why it was not executed to its end, if it was not.
        answers: where answers stand that are not in their cells.
    """
    noted = {"made_from": made_from, "execution": stopped, "answers": "; ".join(answers)}
    nb["metadata"][SEAL] = {what: words for what, words in noted.items() if words or what == "made_from"}


def seal_of(notebook: Path, what: str = "made_from") -> str | None:
    """What a finished autograded notebook was made from; None if it is missing or unfinished.

    Args:
        notebook: the file.
        what: "made_from"; "execution": why the notebook was not executed to its end, None if it was or was not to;
            "answers": where answers stand that are not in their cells, None if there are none.
    """
    try:
        found = json.loads(notebook.read_text(encoding="utf-8"))["metadata"][SEAL][what]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and found else None
