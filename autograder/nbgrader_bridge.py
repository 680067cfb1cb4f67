"""Puts the judge's scores and hints into nbgrader: what ``nbgrader_config.py`` plugs in.

nbgrader scores a test cell from the outputs that it finds in it. No kernel is needed for that; instead

* :class:`GradingExporter` reads a submitted notebook, also one that cannot be read,
* :class:`TidyNotebook` empties the test cells and tames what students left elsewhere,
* :class:`RestoreCells` gives the graded cells back their metadata and puts deleted ones back,
* :class:`ExecuteNotebook`, only if asked for, runs the other cells in a sandbox so that their outputs are fresh,
* :class:`JudgeScores` writes the judge's score and hint into each test cell, and
* :class:`Seal` notes what the result was made from, so that an unfinished or outdated one is seen.

:class:`ReleaseExporter` makes ``nbgrader generate_assignment`` (and the formgrader's button) run our own release:
nbgrader by itself would copy the reference module, solutions and all, to the students.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import re
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4.rwbase import strip_transient
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer, Unicode

from autograder import folders, sandbox
from autograder.course import Unit, load_course
from autograder.errors import InfrastructureError, UnrolledError
from autograder.gradebook_session import remembered, taken
from autograder.notebook_sandbox import NotebookLimits, NotebookRun, run_notebook, wanted
from autograder.results import ExerciseResult, Outcome, SubmissionResult
from autograder.store import ResultStore

Resources = dict[str, Any]
SEAL = "unrolled"  # key in an autograded notebook's metadata
_MISSING = "(This cell was missing from the submission and was put back.)\n\n"
_PICTURES = ("image/png", "image/jpeg")
_MAX_TEXT = 20_000  # characters kept of one text output
_MAX_IMAGE = 4_000_000  # characters of base64
_BRIDGE_VERSION = 1  # raise it when what is written into the cells changes: everything is recorded again


# ── grading ───────────────────────────────────────────────────────────────────────────────────────────


class GradingExporter(NotebookExporter):
    """Reads a submitted notebook; one that cannot be read becomes an empty one that says so.

    Its graded cells are then put back by :class:`RestoreCells`, so that the module is scored all the same and the
    answers in words are marked for a person to look at. The submitted file is not touched.
    """

    prepared = Bool(False, help="Whether somebody has looked after the gradebook and old runs already.").tag(
        config=True
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]  # nbconvert has no types
        converter = self.parent
        if not self.prepared and hasattr(converter, "autograde_preprocessors"):
            _prepare_grading(converter)

    def from_file(self, file_stream: Any, resources: Any = None, **kw: Any) -> Any:
        try:
            text = file_stream.read()
        except UnicodeDecodeError:
            text = "(bytes that are not UTF-8 text)"
        notebook, _ = taken(("read", text), lambda: read_notebook(text))
        return self.from_notebook_node(notebook, resources=resources, **kw)

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> Any:
        if not self.prepared:
            return super().from_notebook_node(nb, resources, **kw)  # type: ignore[no-untyped-call]  # as above
        # One submission of many: without copies, as it was read for this; validated once at the end, not after each of
        # twelve steps; and written without line breaks, which Python's fast encoder cannot make.
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]  # as above
        for step in self._preprocessors:
            nb, resources = step(nb, resources)
        self._validate_preprocessor(nb, self._preprocessors[-1])  # type: ignore[no-untyped-call]  # as above
        resources["output_suffix"] = ".nbconvert"
        return json.dumps(strip_transient(nb), sort_keys=True, ensure_ascii=False) + "\n", resources


def read_notebook(text: str) -> tuple[NotebookNode, str]:
    """A notebook from the text of a file, in today's format.

    Returns:
        notebook: the notebook; if it cannot be read, one with a single cell that says so.
        reason: why it could not be read, empty if it could.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about missing and doubled cell ids, which are mended below
            notebook = _read_and_mend(text)
        return notebook, ""
    except Exception as error:  # a student's file may break the reader in any way, RecursionError included
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
        return placeholder_notebook(f"The submitted notebook could not be read ({reason[:200]})"), reason


def _read_and_mend(text: str) -> NotebookNode:
    # Not nbformat.reads(), which validates the notebook before what can be mended is.
    notebook: NotebookNode = nbformat.convert(nbformat.reader.reads(text), 4)
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    for cell in notebook.cells:
        if not isinstance(cell.metadata.get("nbgrader", {}), dict):
            del cell.metadata["nbgrader"]
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    _, notebook = nbformat.validator.normalize(notebook, version=4, version_minor=notebook.nbformat_minor)
    nbformat.validate(notebook, relax_add_props=True)
    return notebook


def placeholder_notebook(why: str) -> NotebookNode:
    """A notebook in place of one that is missing or cannot be read."""
    text = f"**{_escape_markdown(why)}.** The module was graded without it. Answers in words have to be looked at."
    cell = nbformat.v4.new_markdown_cell(text, id="no-notebook")
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=[cell])
    notebook.nbformat_minor = 5
    return notebook


def _escape_markdown(text: str) -> str:
    return html.escape("".join(c if c.isprintable() else " " for c in text)).replace("*", "\\*").replace("`", "'")


def _prepare_grading(converter: Any) -> None:
    """Before nbgrader looks at any submission: register the unit, and drop what a killed or older run left.

    nbgrader skips a submission whose autograded folder exists, with exit code 0, even if the run that made it was
    killed before it wrote a score. Whatever lies there is made from ``submitted/``, so it can be made again.
    """
    from autograder import gradebook

    coursedir = converter.coursedir
    root = Path(coursedir.root)
    known = {unit.id: unit for unit in load_course().units}
    unit = known.get(coursedir.assignment_id)
    if unit is None:
        return  # not one of ours: nbgrader says that it does not know it, or grades it in its own way
    folders.own_tools_on_path()
    try:
        gradebook.check_gradebook(coursedir.db_url)
        gradebook.ensure_registered(unit, root, coursedir.db_url)
        for submission in converter.assignments:
            student = Path(submission).parent.name
            done = Path(coursedir.format_path(coursedir.autograded_directory, student, unit.id))
            current = fingerprint(unit, root, Path(submission), student)
            if done.is_dir() and seal_of(done / f"{unit.id}.ipynb") != current:
                converter.log.warning("Grading %s again: %s is unfinished or out of date", student, done)
                utils.rmtree(str(done))
    except UnrolledError as error:
        converter.log.error(str(error))
        raise NbGraderException(str(error)) from error


def fingerprint(unit: Unit, root: Path, submission: Path, student: str) -> str:
    """A hash of all that an autograded notebook is made from; empty if the submission cannot be read."""
    try:
        key = remembered("student", ("key", submission), lambda: ResultStore(root).key(unit, submission, student))
        digest = hashlib.sha256(f"{_BRIDGE_VERSION}{' executed' if wanted() else ''} {key}".encode())
        for file in (submission / f"{unit.id}.ipynb", root / folders.RELEASED / unit.id / f"{unit.id}.ipynb"):
            digest.update(hashlib.sha256(file.read_bytes() if file.is_file() else b"none").digest())
    except (UnrolledError, OSError):
        return ""
    return digest.hexdigest()[:32]


def seal_of(notebook: Path, what: str = "made_from") -> str | None:
    """What a finished autograded notebook was made from; None if it is missing or unfinished.

    Args:
        notebook: the file.
        what: "made_from", or "execution": why the notebook was not executed to its end, None if it was or was not to.
    """
    try:
        seal = json.loads(notebook.read_text(encoding="utf-8"))["metadata"][SEAL][what]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return seal if isinstance(seal, str) and seal else None


class _CoursePreprocessor(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """Knows the unit, the student and the folders of the submission at hand."""

    def unit(self, resources: Resources) -> Unit:
        return load_course().unit(resources["nbgrader"]["assignment"])

    def coursedir(self) -> Any:
        """nbgrader's folders, from the converter that the exporter belongs to."""
        converter = getattr(self.parent, "parent", None)
        coursedir = getattr(converter, "coursedir", None)
        if coursedir is None:
            raise InfrastructureError(f"{type(self).__name__} only works inside nbgrader's autograde.")
        return coursedir

    def submission(self, resources: Resources) -> Path:
        """The folder as it was handed in, before nbgrader copied its own files over it."""
        coursedir, about = self.coursedir(), resources["nbgrader"]
        return Path(coursedir.format_path(coursedir.submitted_directory, about["student"], about["assignment"]))

    def released_cells(self, resources: Resources) -> list[NotebookNode]:
        """The cells that students were given; none if the unit is not released here."""
        coursedir, unit_id = self.coursedir(), resources["nbgrader"]["assignment"]
        released = Path(coursedir.format_path(coursedir.release_directory, ".", unit_id)) / f"{unit_id}.ipynb"
        if not released.is_file():
            return []
        return _cells_of(released.read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _cells_of(text: str) -> list[NotebookNode]:
    """The cells of a released notebook, to look at: it is the same for all students."""
    return list(read_notebook(text)[0].cells)


class TidyNotebook(_CoursePreprocessor):
    """Empties test cells; elsewhere keeps text and pictures that students left, nothing that could run.

    nbgrader shows a submission's Markdown, attachments and outputs as they are: a script in one of them would run in
    the browser of whoever opens the formgrader, with the right to change grades. Only the copy is tidied.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        ours = {cell.get("source") for cell in self.released_cells(resources)}
        nb.metadata = nbformat.from_dict({"language_info": {"name": "python"}})  # the kernel is nbgrader's to set
        for cell in nb.cells:
            cell.metadata = nbformat.from_dict(
                {key: cell.metadata[key] for key in ("nbgrader",) if key in cell.metadata}
            )
            tidy_attachments(cell)
            if cell.cell_type == "code":
                graded = cell.metadata.get("nbgrader", {})
                if graded.get("grade") or str(graded.get("grade_id", "")).startswith("test_"):
                    cell.outputs, cell.execution_count = [], None
                else:
                    cell.outputs = [tidy for output in cell.outputs if (tidy := tidy_output(output)) is not None]
            elif cell.source not in ours:
                cell.source = without_tags(cell.source)
        return nb, resources


def without_tags(markdown: str) -> str:
    """Markdown in which no ``<`` opens an HTML tag; ``a<b`` in a formula or in code stays readable as ``a< b``."""
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", markdown)


def tidy_attachments(cell: NotebookNode) -> None:
    """Keep pasted pictures under plain names, drop everything else that is attached to a cell."""
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in dict(cell.pop("attachments", {})).items():
        pictures = {mime: tidy for mime in _PICTURES if mime in bundle and (tidy := _picture(bundle[mime]))}
        if pictures and re.fullmatch(r"[\w .()-]+", name):
            kept[name] = pictures
    if kept and cell.cell_type == "markdown":
        cell.attachments = nbformat.from_dict(kept)


def tidy_output(output: NotebookNode) -> NotebookNode | None:
    """A harmless form of one output: text, cut to a readable length, and pictures; None if nothing is left."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return _output("stream", name=name, text=_cut(output.get("text", "")))
    if kind == "error":
        trace = [_cut(line) for line in list(output.get("traceback", []))[-50:]]
        ename, evalue = _cut(output.get("ename", ""))[:200], _cut(output.get("evalue", ""))[:2000]
        return _output("error", ename=ename, evalue=evalue, traceback=trace)
    if kind not in ("display_data", "execute_result"):
        return None
    data: dict[str, str] = {}
    for mime, value in dict(output.get("data", {})).items():
        if mime == "text/plain":
            data[mime] = _cut(value)
        elif mime in _PICTURES and (picture := _picture(value)):
            data[mime] = picture
    return _output("display_data", data=data) if data else None


def _output(kind: str, **content: Any) -> NotebookNode:
    output: NotebookNode = nbformat.v4.new_output(kind, **content)
    return output


def _cut(value: Any) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + f"\n… {len(text) - _MAX_TEXT} more characters"


def _picture(value: Any) -> str | None:
    """Base64 without anything else in it (it goes into an attribute of an HTML page), None if it is not that."""
    text = "".join(map(str, value)) if isinstance(value, list) else str(value)
    text = "".join(text.split())
    if len(text) > _MAX_IMAGE:
        return None
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return text


class RestoreCells(_CoursePreprocessor):
    """Graded cells as the gradebook knows them: metadata mended, copies demoted, deleted ones put back.

    nbgrader's own ``add_missing_cells`` stops with a KeyError if the cell before a deleted one is gone too, and a
    changed ``solution`` or ``schema_version`` in the metadata takes a cell out of the scoring or stops the class.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        about = resources["nbgrader"]
        known = remembered("unit", ("cells", about["assignment"], about["notebook"]), lambda: self._known(about))
        self._mend(nb, {name: metadata for name, (metadata, _) in known.items()})
        self._put_back(nb, known, self._order(resources, list(known)))
        return nb, resources

    def _known(self, about: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
        """Name → metadata and text of the cells that the gradebook knows."""
        with Gradebook(about["db_url"], self.coursedir().course_id) as gb:
            notebook = gb.find_notebook(about["notebook"], about["assignment"])
            graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
            tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
            solutions = {cell.name for cell in notebook.solution_cells}
            known: dict[str, tuple[dict[str, Any], str]] = {}
            for cell in notebook.source_cells:
                metadata = {
                    "schema_version": 3,
                    "grade_id": cell.name,
                    "cell_type": cell.cell_type,
                    "checksum": cell.checksum,
                    "grade": cell.name in graded,
                    "solution": cell.name in solutions,
                    "locked": bool(cell.locked),
                    "task": cell.name in tasks,
                }
                if cell.name in graded or cell.name in tasks:
                    metadata["points"] = graded.get(cell.name, tasks.get(cell.name))
                known[cell.name] = (metadata, cell.source)
        return known

    def _mend(self, nb: NotebookNode, known: dict[str, dict[str, Any]]) -> None:
        seen: set[str] = set()
        for cell in reversed(nb.cells):  # of several copies the last one counts, as in nbgrader's DeduplicateIds
            name = cell.metadata.pop("nbgrader", {}).get("grade_id")
            if name in known and name not in seen:
                seen.add(name)
                cell.metadata["nbgrader"] = dict(known[name])
                self._set_type(cell, known[name]["cell_type"])

    @staticmethod
    def _set_type(cell: NotebookNode, kind: str) -> None:
        if cell.cell_type != kind:
            cell.cell_type = kind
            if kind == "code":
                cell.outputs, cell.execution_count = [], None
                cell.pop("attachments", None)
            else:
                cell.pop("outputs", None)
                cell.pop("execution_count", None)

    def _put_back(self, nb: NotebookNode, known: dict[str, tuple[dict[str, Any], str]], order: list[str]) -> None:
        def place(name: str) -> int | None:
            for index, cell in enumerate(nb.cells):
                if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
                    return index
            return None

        taken = {cell.id for cell in nb.cells}
        for position, name in enumerate(order):
            if place(name) is not None:
                continue
            metadata, source = known[name]
            after = next((at for before in reversed(order[:position]) if (at := place(before)) is not None), None)
            code = metadata["cell_type"] == "code"
            make: Any = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
            # a changed text keeps nbgrader from scoring a lost answer as "no response", 0 points
            text = source if metadata["locked"] else _MISSING + source
            cell_id = name if name not in taken else f"restored-{name}"[:64]
            taken.add(cell_id)
            index = after + 1 if after is not None else len(nb.cells)
            nb.cells.insert(index, make(text, id=cell_id, metadata={"nbgrader": dict(metadata)}))

    def _order(self, resources: Resources, names: list[str]) -> list[str]:
        """The graded cells in the order of the released notebook."""
        order = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in self.released_cells(resources)]
        return [name for name in order if name in names] + [name for name in names if name not in order]


class ExecuteNotebook(_CoursePreprocessor):
    """Runs the student's code cells in a sandbox, for the eyes of whoever marks answers in words.

    Not in the list of ``nbgrader_config.py`` unless asked for. Test cells are left to the judge. Whatever happens in
    there, the notebook goes on to be scored; what happened is said in the cell concerned and in a note on top.
    """

    cell_cpu_seconds = Float(NotebookLimits.cell_cpu_seconds, help="Processor time for one cell.").tag(config=True)
    cell_wall_seconds = Float(NotebookLimits.cell_wall_seconds, help="Time for one cell.").tag(config=True)
    notebook_cpu_seconds = Float(NotebookLimits.notebook_cpu_seconds, help="Processor time for all.").tag(config=True)
    notebook_wall_seconds = Float(NotebookLimits.notebook_wall_seconds, help="Time for all cells.").tag(config=True)
    memory_mb = Integer(NotebookLimits.memory_mb, help="Memory of all processes of a notebook.").tag(config=True)
    disk_mb = Integer(NotebookLimits.disk_mb, help="What a notebook may write.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        sources = [cell.source if self._to_run(cell) else None for cell in nb.cells]
        if not any(sources):
            return nb, resources
        limits = NotebookLimits(**{name: getattr(self, name) for name in self.class_own_traits(config=True)})
        folder, unit_id = self.submission(resources), resources["nbgrader"]["assignment"]
        try:
            run = run_notebook(sources, folder, unit_id, limits)
        except Exception as error:  # outputs are a service; the scores must come all the same
            self.log.exception("%s's notebook could not be executed", resources["nbgrader"]["student"])
            run = NotebookRun(False, "none", problem=f"{type(error).__name__}: {error}")
        write_outputs(nb, sources, run)
        resources["unrolled_execution"] = run.problem  # for the Seal
        if run.problem:
            self.log.warning("Executing the notebook of %s: %s", resources["nbgrader"]["student"], run.problem)
        return nb, resources

    @staticmethod
    def _to_run(cell: NotebookNode) -> bool:
        graded = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        return bool(cell.cell_type == "code" and cell.source.strip() and not graded.startswith("test_"))


def write_outputs(nb: NotebookNode, sources: list[str | None], run: NotebookRun) -> None:
    """Put what the cells showed into the notebook, and a note about it on top.

    If nothing was executed, what the student's own runs showed stays.
    """
    cut_short = 0
    for index, cell in enumerate(nb.cells):
        if sources[index] is None or not run.executed:
            continue
        shown = run.cells.get(index)
        cell.outputs, cell.execution_count = [], None
        if shown is None:
            cell.outputs = [_said("Not executed", f"{run.problem[:1].upper()}{run.problem[1:]}.")]
            cut_short += 1
            continue
        cell.execution_count = shown.count
        cell.outputs = [tidy for output in shown.outputs if (tidy := _tidy_any(output)) is not None]
        cell.outputs += [_said("Executed for grading", note) for note in shown.notes]
        if not shown.done:
            cell.outputs.append(_said("Stopped here", f"{run.problem[:1].upper()}{run.problem[1:]}."))
    _add_note(nb, execution_note(run, cut_short))


def execution_note(run: NotebookRun, cut_short: int = 0) -> str:
    """What happened, as Markdown."""
    problem = _escape_markdown(run.problem)
    if not run.executed:
        return f"**Not executed for grading:** {problem}. Outputs below are those that were handed in."
    how = sandbox.PROCESS.weakness if run.isolation == sandbox.PROCESS.name else f"isolated by {run.isolation}"
    said = [f"**Executed for grading**, {how}. Scores do not depend on it: they come from the module alone."]
    troubled = sum(bool(cell.notes) for cell in run.cells.values())
    if run.problem:
        said.append(f"**It did not run to its end:** {problem}.")
    if cut_short:
        said.append(f"Cells that were not executed: {cut_short}.")
    if troubled:
        said.append(f"Cells that say that they were interrupted or cut: {troubled}.")
    return " ".join(said)


def _add_note(nb: NotebookNode, text: str) -> None:
    taken = {cell.get("id") for cell in nb.cells}
    name = next(name for name in ("executed", *(f"executed-{n}" for n in range(len(taken) + 1))) if name not in taken)
    nb.cells.insert(0, nbformat.v4.new_markdown_cell(text, id=name))


def _said(title: str, text: str) -> NotebookNode:
    """An output in our own words, which a page shows like an error."""
    return _output("error", ename=title, evalue=text, traceback=[f"{title}: {text}"])


def _tidy_any(output: Any) -> NotebookNode | None:
    """:func:`tidy_output` of something that a hostile notebook has made."""
    try:
        return tidy_output(nbformat.from_dict(output))
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        return None


class JudgeScores(_CoursePreprocessor):
    """Writes the judge's score and hint into each test cell, in place of whatever is there."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        unit, student = self.unit(resources), resources["nbgrader"]["student"]
        try:
            path, root = self.submission(resources), Path(self.coursedir().root)
            result = remembered("student", ("result", path), lambda: ResultStore(root).result(unit, path, student))
            write_scores(nb, unit, result)
        except UnrolledError as error:
            # the old score, if any, belongs to another submission; nbgrader would leave it standing
            from autograder import gradebook

            gradebook.clear_scores(unit, student, resources["nbgrader"]["db_url"], self.coursedir().course_id)
            self.log.error("%s was not graded: %s", student, error)
            raise
        return nb, resources


def write_scores(nb: NotebookNode, unit: Unit, result: SubmissionResult) -> None:
    """Put score and hint into the test cells of a notebook.

    Raises:
        InfrastructureError: a test cell is missing or there twice, or the result lacks an exercise.
    """
    cells: dict[str, list[NotebookNode]] = {}
    for cell in nb.cells:
        cells.setdefault(cell.metadata.get("nbgrader", {}).get("grade_id", ""), []).append(cell)
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
        found[0].outputs = [nbformat.from_dict(shown), nbformat.from_dict(counted)]
        found[0].execution_count = number + 1


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
    said += [f"Remark: {_e(remark)}" for remark in exercise.remarks]
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
    return html.escape(str(text)).replace("\n", "<br>")


class Seal(_CoursePreprocessor):
    """Last step of grading: notes in the notebook what it was made from."""

    original = Unicode("", help="The submission, if nbgrader sees a copy of it.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        unit, student = self.unit(resources), resources["nbgrader"]["student"]
        submission = Path(self.original) if self.original else self.submission(resources)
        made_from = fingerprint(unit, Path(self.coursedir().root), submission, student)
        nb.metadata[SEAL] = {"made_from": made_from}
        if resources.get("unrolled_execution"):
            nb.metadata[SEAL]["execution"] = resources["unrolled_execution"]
        return nb, resources


# ── release ───────────────────────────────────────────────────────────────────────────────────────────


class ReleaseExporter(NotebookExporter):
    """Set as ``GenerateAssignment.exporter_class``: hands the work over to :mod:`autograder.release`.

    nbgrader has no setting for the converter itself, and its hooks only log their failures. An exporter is made
    after nbgrader has found the units and before it copies any file, and it knows its converter.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]  # nbconvert has no types
        converter: Any = self.parent
        if not callable(getattr(converter, "convert_notebooks", None)):
            raise NbGraderException(
                "This nbgrader generates assignments in another way than 0.9.6. Nothing was released, because it "
                "might copy the solutions. Run 'autograder release' instead."
            )
        converter.convert_notebooks = lambda: _release_instead(converter)


def _release_instead(converter: Any) -> None:
    """What ``nbgrader generate_assignment`` does with our configuration.

    Raises:
        NbGraderException: the release failed; nothing was changed. Exit code 1.
    """
    from autograder import gradebook
    from autograder.release import register, release

    coursedir = converter.coursedir
    root = Path(coursedir.root)
    names = [Path(source).name for source in sorted(converter.assignments)]
    try:
        folders.own_tools_on_path()
        course = load_course()
        if not converter.no_database:
            gradebook.check_gradebook(coursedir.db_url)  # before anything is written
        for line in release(names, root=root).lines():
            converter.log.info(line)
        if not converter.no_database:
            for name in names:
                register(course.unit(name), root, coursedir.db_url)
    except UnrolledError as error:
        converter.log.error(str(error))
        raise NbGraderException(str(error)) from error
