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

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer, Unicode

from autograder import folders, sandbox
from autograder.answers import Cell, Known
from autograder.course import Unit, load_course
from autograder.database import check_gradebook
from autograder.errors import InfrastructureError, UnrolledError
from autograder.gradebook_session import remembered
from autograder.graded_notebook import (
    NOT_HANDED_IN,
    cells_given,
    escape_markdown,
    placeholder_notebook,
    read_notebook,
    restore_cells,
    seal,
    seal_of,
    tidy_notebook,
    tidy_outputs,
    write_scores,
)
from autograder.late import TIMESTAMP, read_timestamp, set_due_date
from autograder.notebook_choice import Choice, choose_notebook
from autograder.notebook_sandbox import NotebookLimits, NotebookRun, run_notebook
from autograder.recording import fingerprint, known_unit
from autograder.store import ResultStore

Resources = dict[str, Any]


# ── grading ───────────────────────────────────────────────────────────────────────────────────────────


class GradingExporter(NotebookExporter):
    """Reads a submitted notebook; one that cannot be read becomes an empty one that says so.

    Its graded cells are then put back by :class:`RestoreCells`, so that the module is scored all the same and the
    answers in words are marked for a person to look at. The submitted file is not touched.
    """

    prepared = Bool(False, help="Whether somebody has looked after the gradebook and old runs already.").tag(
        config=True
    )

    _file: Path | None = None  # the one that nbgrader asked for

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]  # nbconvert has no types
        converter: Any = self.parent
        if hasattr(converter, "autograde_preprocessors"):
            converter.coursedir.get_existing_timestamp = lambda folder: _time_of(Path(folder), converter)
        if not self.prepared and hasattr(converter, "autograde_preprocessors"):
            _prepare_grading(converter)

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        """nbgrader asks for the notebook of the unit's name; of several the one counts in which somebody wrote."""
        self._file = Path(filename)
        return super().from_filename(filename, resources=resources, **kw)

    def from_file(self, file_stream: Any, resources: Any = None, **kw: Any) -> Any:
        """What :func:`~autograder.notebook_choice.choose_notebook` has read, else the stream."""
        notebook = None
        if self._file is not None and (coursedir := getattr(self.parent, "coursedir", None)) is not None:
            notebook = choose_notebook(self._file.stem, self._file.parent, _released(coursedir)).notebook
        if notebook is None:
            try:
                text = file_stream.read()
            except UnicodeDecodeError:
                text = "(bytes that are not UTF-8 text)"
            notebook, _ = read_notebook(text)
        node = nbformat.from_dict(notebook)
        return self.from_notebook_node(node, resources=resources, **kw)  # type: ignore[no-untyped-call]  # as above


def _released(coursedir: Any) -> Path:
    """The notebook that was handed out."""
    unit_id = coursedir.assignment_id
    return Path(coursedir.format_path(coursedir.release_directory, ".", unit_id)) / f"{unit_id}.ipynb"


def _time_of(folder: Path, converter: Any) -> datetime | None:
    """When a submission was handed in, as nbgrader keeps times, but read strictly."""
    try:
        time = read_timestamp(folder, load_course().zone)
    except UnrolledError as error:
        converter.log.error(str(error))
        raise NbGraderException(str(error)) from error
    return time.replace(tzinfo=None) if time is not None else None


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
        check_gradebook(coursedir.db_url)
        gradebook.ensure_registered(unit, root, coursedir.db_url, coursedir.course_id)
        set_due_date(unit, load_course(), coursedir.db_url)
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

    def released(self, resources: Resources) -> Path:
        """The notebook that was handed out; there is none if the unit is not released here."""
        coursedir, unit_id = self.coursedir(), resources["nbgrader"]["assignment"]
        return Path(coursedir.format_path(coursedir.release_directory, ".", unit_id)) / f"{unit_id}.ipynb"

    def given(self, resources: Resources) -> list[Cell]:
        """The cells that students were given; none if the unit is not released here."""
        return cells_given(self.released(resources))

    def known(self, resources: Resources) -> Known:
        """The graded cells, from the gradebook."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"], self.coursedir().course_id) as gb:
            return known_unit(gb, about["assignment"], about["notebook"]).cells

    def choice(self, resources: Resources, submission: Path) -> Choice:
        """Which notebook of a submission counts."""
        return choose_notebook(resources["nbgrader"]["assignment"], submission, self.released(resources))


class TidyNotebook(_CoursePreprocessor):
    """Empties test cells; elsewhere keeps text and pictures that students left, nothing that could run."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        tidy_notebook(nb, self.given(resources))
        return nbformat.from_dict(nb), resources


class RestoreCells(_CoursePreprocessor):
    """Graded cells as the gradebook knows them: metadata mended, copies demoted, deleted ones put back.

    nbgrader's own ``add_missing_cells`` stops with a KeyError if the cell before a deleted one is gone too, and a
    changed ``solution`` or ``schema_version`` in the metadata takes a cell out of the scoring or stops the class.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        elsewhere = self.choice(resources, self.submission(resources)).elsewhere
        restore_cells(nb, self.known(resources), self.given(resources), elsewhere)
        return nbformat.from_dict(nb), resources


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
            cell.outputs = nbformat.from_dict([_said("Not executed", f"{run.problem[:1].upper()}{run.problem[1:]}.")])
            cut_short += 1
            continue
        cell.execution_count = shown.count
        outputs = _tidied(shown.outputs) + [_said("Executed for grading", note) for note in shown.notes]
        if not shown.done:
            outputs.append(_said("Stopped here", f"{run.problem[:1].upper()}{run.problem[1:]}."))
        cell.outputs = nbformat.from_dict(outputs)
    _add_note(nb, execution_note(run, cut_short))


def execution_note(run: NotebookRun, cut_short: int = 0) -> str:
    """What happened, as Markdown."""
    problem = escape_markdown(run.problem)
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


def _said(title: str, text: str) -> dict[str, Any]:
    """An output in our own words, which a page shows like an error."""
    return {"output_type": "error", "ename": title, "evalue": text, "traceback": [f"{title}: {text}"]}


def _tidied(outputs: list[Any]) -> list[dict[str, Any]]:
    """:func:`tidy_outputs` of what a hostile notebook has made."""
    kept = []
    for output in outputs:
        with contextlib.suppress(TypeError, ValueError, AttributeError, KeyError, RecursionError):
            kept += tidy_outputs([nbformat.from_dict(output)])
    return tidy_outputs(kept)


class JudgeScores(_CoursePreprocessor):
    """Writes the judge's score and hint into each test cell, in place of whatever is there."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        unit, student = self.unit(resources), resources["nbgrader"]["student"]
        try:
            path, root = self.submission(resources), Path(self.coursedir().root)
            result = remembered("student", ("result", path), lambda: ResultStore(root).result(unit, path, student))
            write_scores(nb, unit, result)
            nb = nbformat.from_dict(nb)
            if not (path / TIMESTAMP).exists():
                self._forget_time(resources)
        except UnrolledError as error:
            # the old score, if any, belongs to another submission; nbgrader would leave it standing
            from autograder import gradebook

            gradebook.clear_scores(unit, student, resources["nbgrader"]["db_url"], self.coursedir().course_id)
            self.log.error("%s was not graded: %s", student, error)
            raise
        return nb, resources

    def _forget_time(self, resources: Resources) -> None:
        """nbgrader keeps the time of an earlier submission if this one has none."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"], self.coursedir().course_id) as gb:
            gb.find_submission(about["assignment"], about["student"]).timestamp = None
            gb.db.commit()


class Seal(_CoursePreprocessor):
    """Last step of grading: notes in the notebook what it was made from."""

    original = Unicode("", help="The submission, if nbgrader sees a copy of it.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        unit, student = self.unit(resources), resources["nbgrader"]["student"]
        submission = Path(self.original) if self.original else self.submission(resources)
        made_from = fingerprint(unit, Path(self.coursedir().root), submission, student)
        # nbgrader has written and read the notebook since RestoreCells saw it, and keeps nothing of that beside it
        choice, given = self.choice(resources, submission), self.given(resources)
        notebook = choice.notebook or placeholder_notebook(NOT_HANDED_IN)
        tidy_notebook(notebook, given)
        answers = restore_cells(notebook, self.known(resources), given, choice.elsewhere)
        seal(nb, made_from, resources.get("unrolled_execution", ""), answers)
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
    from autograder.release import register, release

    coursedir = converter.coursedir
    root = Path(coursedir.root)
    names = [Path(source).name for source in sorted(converter.assignments)]
    try:
        folders.own_tools_on_path()
        course = load_course()
        if not converter.no_database:
            check_gradebook(coursedir.db_url)  # before anything is written
        for line in release(names, root=root).lines():
            converter.log.info(line)
        if not converter.no_database:
            for name in names:
                register(course.unit(name), root, coursedir.db_url, coursedir.course_id or course.name)
    except UnrolledError as error:
        converter.log.error(str(error))
        raise NbGraderException(str(error)) from error
