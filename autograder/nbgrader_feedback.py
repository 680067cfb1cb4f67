"""nbgrader's feedback pages, the same as it makes them, in a tenth of the time.

For each page, nbconvert compiles its templates, highlights and renders every cell, though most are the same for all
students, looks four times whether the notebook is one, and takes the finished page apart again to look for pictures
without a description. nbgrader asks the gradebook for every cell by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import nbformat
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat import NotebookNode
from nbgrader.api import BaseCell, Comment, Grade, Gradebook
from nbgrader.preprocessors import GetGrades
from sqlalchemy import select

from autograder.graded_notebook import SEAL
from autograder.safe_html import KEPT

_PICTURE = re.compile(r"<img\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_DESCRIPTION = ' alt="No description has been provided for this image"'  # nbconvert's words


class _Compiled(BytecodeCache):
    """Templates, compiled once per process."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


@lru_cache(maxsize=4)
def _highlighter(lexer: str | None) -> Callable[..., str]:
    return lru_cache(maxsize=KEPT)(Highlight2HTML(pygments_lexer=lexer))


class FeedbackExporter(HTMLExporter):
    """Set as ``GenerateFeedback.exporter_class``."""

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()  # type: ignore[no-untyped-call]  # nbconvert's
        environment.bytecode_cache = _compiled
        return environment

    def from_file(self, file_stream: Any, resources: Any = None, **kw: Any) -> Any:
        """What grading has made is a notebook; anything else is looked at as ever."""
        text = file_stream.read()
        data = json.loads(text)
        if data.get("nbformat") == 4 and SEAL in data.get("metadata", {}):
            notebook = nbformat.v4.nbjson.JSONReader().to_notebook(data)
        else:
            notebook = nbformat.reads(text, as_version=4)
        return self.from_notebook_node(notebook, resources=resources, **kw)

    def _validate_preprocessor(self, nbc: NotebookNode, preprocessor: Any) -> None:
        """Scores and comments that are noted in a notebook, and a style sheet, leave it what it was."""

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own, which says it, too
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """As HTMLExporter does it, but for what it does with the finished page."""
        about = nb.metadata.get("language_info", {})
        highlighted = _highlighter(about.get("pygments_lexer", about.get("name")))

        def highlight(source: str, language: str | None = None, metadata: Any = None) -> str:
            """A cell's metadata matter for magic commands in other languages only, and a graded notebook keeps none."""
            return highlighted(source, language)

        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]  # as above
        about_widgets: dict[str, Any] = {"notebook_metadata": self._nb_metadata, "parent": self, "resources": resources}
        self.register_filter("highlight_code", highlight)  # type: ignore[no-untyped-call]  # as above
        self.register_filter("filter_data_type", WidgetsDataTypeFilter(**about_widgets))  # type: ignore[no-untyped-call]  # as above
        page, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)
        return _PICTURE.sub(_described, page), resources


class GetAllGrades(GetGrades):  # type: ignore[misc]  # nbgrader has no types
    """nbgrader's GetGrades, with the scores and comments of all cells from two queries instead of one or two a cell."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """As nbgrader's."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            found = gradebook.find_submission_notebook(about["notebook"], about["assignment"], about["student"])
            grades = select(BaseCell.name, Grade.score, Grade.max_score).join(Grade, Grade.cell_id == BaseCell.id)
            comments = select(BaseCell.name, Comment.comment).join(Comment, Comment.cell_id == BaseCell.id)
            asked = gradebook.db.execute(grades.where(Grade.notebook_id == found.id))
            self._grades = {name: (score, most) for name, score, most in asked}
            self._comments = dict(gradebook.db.execute(comments.where(Comment.notebook_id == found.id)).all())
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources)
        return done

    def _get_score(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        if name not in self._grades:
            super()._get_score(cell, resources)  # has the words for it
            return
        cell.metadata.nbgrader["score"], cell.metadata.nbgrader["points"] = self._grades[name]

    def _get_comment(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata.nbgrader["grade_id"]
        if name not in self._comments:
            super()._get_comment(cell, resources)
            return
        cell.metadata.nbgrader["comment"] = self._comments[name]


def _described(found: re.Match[str]) -> str:
    """A picture's tag, with an alternative text."""
    inside = found[1]
    if re.search(r"\salt\s*(=|$|[\s/])", inside):
        return found[0]
    return f"<img{_DESCRIPTION}{inside}>"
