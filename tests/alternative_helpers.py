"""What tests of correct modules share: where they are, parts of one, what a result has lost."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from grading_helpers import the_unit

from autograder.mutants import alternatives, style
from autograder.results import SubmissionResult


def called(unit_id: str, name: str) -> Path:
    """The correct module of this name."""
    (path,) = (path for path in alternatives(the_unit(unit_id)) if style(path) == name)
    return path


def text_of(unit_id: str, path: Path) -> str:
    """A correct module's text."""
    return (path if path.is_file() else path / the_unit(unit_id).module_file).read_text(encoding="utf-8")


def points_lost(result: SubmissionResult) -> dict[str, float]:
    """Points lost, by exercise."""
    return {e.id: round(e.max_points - e.points, 6) for e in result.exercises if e.points < e.max_points}


def with_functions(source: str, kept: Callable[[str], bool]) -> str:
    """A module's text with those of its functions whose names are kept, and all other statements."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef) or kept(node.name)]
    return ast.unparse(tree)
