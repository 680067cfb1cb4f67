"""What tests of the units' notebooks share: reading one, running it beside right modules, and what it concludes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from patience import HANGS

from autograder.course import Unit, load_course

ROOT = Path(__file__).resolve().parent.parent


def read_notebook(unit: Unit) -> nbformat.NotebookNode:
    """The notebook as people write it."""
    return jupytext.read(ROOT / "solutions" / unit.id / f"{unit.id}.nb.py")


def markdown(unit: Unit) -> str:
    """All text of the notebook."""
    return "\n\n".join(str(cell.source) for cell in read_notebook(unit).cells if cell.cell_type == "markdown")


def module_path(unit: Unit) -> Path:
    """The reference module."""
    return ROOT / "solutions" / unit.id / unit.module_file


def graded_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells that nbgrader takes an exercise's points from."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and "nbgrader" in cell.metadata]


def answer_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells that hold an answer in words."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown" and "nbgrader" in cell.metadata]


def run_notebook(
    unit: Unit,
    course: Path,
    conclusions: Mapping[str, str],
    *,
    earlier: Iterable[str] = (),
    timeout: int = HANGS,
    change: Callable[[nbformat.NotebookNode], None] = lambda notebook: None,
) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom beside the reference modules, its conclusions in a last cell.

    Args:
        unit: whose notebook.
        course: an empty folder; the modules are put there.
        conclusions: name -> expression in the notebook's variables.
        earlier: units whose modules the notebook takes functions from.
        timeout: seconds for a cell: a guard against hanging.
        change: what is done to the notebook before it runs.
    """
    for needed in (*(load_course().unit(name) for name in earlier), unit):
        (course / needed.id).mkdir()
        shutil.copy(module_path(needed), course / needed.id)
    notebook = read_notebook(unit)
    change(notebook)
    pairs = ", ".join(f"{name!r}: {expression}" for name, expression in conclusions.items())
    plain = "lambda value: value.tolist() if hasattr(value, 'tolist') else float(value)"
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({{{pairs}}}, default={plain}))"))
    place = {"metadata": {"path": str(course / unit.id)}}
    NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=place).execute()
    return notebook


def conclusions_of(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """What the last cell of a notebook that was run printed: its conclusions by name."""
    printed = "".join(output.text for output in notebook.cells[-1].outputs if output.output_type == "stream")
    conclusions: dict[str, Any] = json.loads(printed)
    return conclusions


def variables(names: str) -> dict[str, str]:
    """Conclusions that are the notebook's variables: name -> name."""
    return {name: name for name in names.split()}


def written(notebook: nbformat.NotebookNode, stream: str = "stdout") -> list[str]:
    """What the cells of a notebook that was run wrote to a stream."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output.text for cell in cells for output in cell.outputs if output.get("name") == stream]


def pictures(cell: nbformat.NotebookNode) -> list[Any]:
    """The pictures among a cell's outputs."""
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def assert_every_figure_is_shown(notebook: nbformat.NotebookNode, drawn: Callable[[str], int]) -> None:
    """Each cell that draws has as many pictures among its outputs as it should.

    Args:
        notebook: after a run.
        drawn: how many figures a cell's text makes; 0 for one that is not about figures.
    """
    for cell in notebook.cells:
        count = drawn(str(cell.source)) if cell.cell_type == "code" else 0
        if count:
            assert len(pictures(cell)) == count, cell.source[:80]


def one_if_it_draws(source: str) -> int:
    """One figure for a cell that shows one or begins with a diagram."""
    return int("plt.show()" in source or source.startswith("diagrams"))


def assert_text_stays_inside(figure: Any) -> None:
    """No label of a diagram reaches over the figure's edge."""
    figure.canvas.draw()
    page = figure.bbox
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        inside = box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} reaches over the edge"


def contents(unit: Unit) -> list[tuple[str, str, str]]:
    """The rows of the table of sections: section, what to write there, points."""
    found = re.search(r"^\| section \| you write \| points \|\n\|[-|]+\n((?:\|.*\n)+)", markdown(unit), re.MULTILINE)
    assert found is not None, "no table of sections"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]
    return [(section, write, points) for section, write, points in rows]
