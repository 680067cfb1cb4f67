"""Finds and strips the regions that students must not see. Pure functions from text to text.

A region is what stands between two marker lines of their own::

    ### BEGIN SOLUTION          ### BEGIN HIDDEN TESTS
    ...                         ...
    ### END SOLUTION            ### END HIDDEN TESTS

Fail closed: a marker that is misspelt, nested, unclosed or closed by the wrong kind raises, because
whatever it was meant to hide would be released.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from autograder.errors import CourseError

KINDS = ("SOLUTION", "HIDDEN TESTS")

_MARKER = re.compile(r"^\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*$")
#: Anything that a person, or nbgrader (which looks for "BEGIN SOLUTION" anywhere in a line), could
#: take for a marker. What matches this but not `_MARKER` is malformed.
_LIKE_A_MARKER = re.compile(
    r"\b(BEGIN|END)[\s_-]*(SOLUTIONS?|HIDDEN[\s_-]*TESTS?|MARK[\s_-]*SCHEME)\b|^\s*#{2,}\s*(BEGIN|END)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Region:
    """One region; line numbers count from 1 and are those of the two marker lines."""

    kind: str
    begin: int
    end: int
    indent: str
    body: tuple[str, ...]


def find_regions(text: str, file: str) -> list[Region]:
    """All regions of a text, in order.

    Args:
        text: the text.
        file: how to call it in a complaint.

    Raises:
        CourseError: a marker is malformed, nested, closed without being open, of another kind than
            the one it closes, or never closed; says the file and the line.
    """
    regions: list[Region] = []
    opened: tuple[str, int, str] | None = None  # kind, line, indent
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        marker = _MARKER.match(line)
        if marker is None:
            if _LIKE_A_MARKER.search(line):
                raise CourseError(
                    f"{file}, line {number}: {line.strip()!r} looks like a region marker but is not one. Write "
                    "'### BEGIN SOLUTION', '### END SOLUTION', '### BEGIN HIDDEN TESTS' or '### END HIDDEN TESTS'."
                )
            continue
        verb, kind = marker.groups()
        if verb == "BEGIN":
            if opened is not None:
                raise CourseError(
                    f"{file}, line {number}: a {kind} region begins inside the {opened[0]} region that line "
                    f"{opened[1]} opened. Close that one first; regions do not nest."
                )
            opened = kind, number, line[: len(line) - len(line.lstrip())]
        else:
            if opened is None:
                raise CourseError(f"{file}, line {number}: '### END {kind}' closes a region that was never opened.")
            if opened[0] != kind:
                raise CourseError(
                    f"{file}, line {number}: '### END {kind}' closes the {opened[0]} region of line {opened[1]}."
                )
            regions.append(Region(kind, opened[1], number, opened[2], tuple(lines[opened[1] : number - 1])))
            opened = None
    if opened is not None:
        raise CourseError(f"{file}, line {opened[1]}: this {opened[0]} region is never closed.")
    return regions


def replace_regions(text: str, file: str, stub: Callable[[Region], list[str]]) -> str:
    """The text with each region, markers included, replaced by the lines that `stub` gives for it."""
    lines = text.split("\n")
    for region in reversed(find_regions(text, file)):  # from the end, so that line numbers stay right
        lines[region.begin - 1 : region.end] = stub(region)
    return "\n".join(lines)


def without_regions(text: str, file: str) -> str:
    """The text without its regions and their markers; everything else as it was."""
    return replace_regions(text, file, lambda region: [])


def region_lines(text: str, file: str) -> list[str]:
    """The lines inside all regions of a text."""
    return [line for region in find_regions(text, file) for line in region.body]


def stub_module(source: str, file: str, module: str, exercises: Collection[str]) -> str:
    """The student's version of a reference module.

    The solution region of each exercise becomes one ``raise NotImplementedError`` that names the exercise;
    signatures, docstrings and all other lines stay. A region outside of any function (a helper that only
    the solution needs) and hidden tests vanish.

    Args:
        source: text of the reference module.
        file: how to call it in a complaint.
        module: name of the student's file.
        exercises: names of the functions (or classes) that students write.

    Raises:
        CourseError: malformed regions; a region in a function that is no exercise; an exercise that is
            missing or has no region (its solution would be released); a result that does not compile or
            that differs from the source outside of the regions.
    """
    tree = _parse(source, file)

    def stub(region: Region) -> list[str]:
        owners = _definitions_around(tree, region)
        if region.kind != "SOLUTION" or not owners:
            return []
        named = [node.name for node in owners if node.name in exercises]
        if not named:
            raise CourseError(
                f"{file}, line {region.begin}: this solution region is in {owners[-1].name!r}, which is no exercise of "
                "course.toml, so nobody would check it. Add the exercise, or take the markers away."
            )
        message = f"{named[-1]}: not written yet; fill in {named[-1]} in {module}"
        return [f"{region.indent}# YOUR CODE HERE", f'{region.indent}raise NotImplementedError("{message}")']

    regions = find_regions(source, file)
    result = replace_regions(source, file, stub)
    stubbed = _parse(result, f"the stub of {file}")
    solved = {
        node.name for region in regions if region.kind == "SOLUTION" for node in _definitions_around(tree, region)
    }
    for exercise in exercises:
        if exercise not in solved:
            found = any(getattr(node, "name", None) == exercise for node in ast.walk(tree))
            what = "has no solution region, so its solution would be released" if found else "is not in this module"
            raise CourseError(f"{file}: the exercise {exercise!r} of course.toml {what}.")
    _check_same_outline(tree, stubbed, file)
    return result


_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _parse(source: str, file: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise CourseError(f"{file}{where}: not valid Python: {getattr(error, 'msg', error)}.") from error


def _definitions_around(tree: ast.Module, region: Region) -> list[_Definition]:
    """Functions and classes that hold the region's code, outermost first.

    The region's markers are comments, so its place is that of the statements in it.
    """
    inside: list[_Definition] = []
    for node in ast.walk(tree):
        if isinstance(node, _Definition) and node.end_lineno is not None:
            if node.lineno < region.begin < node.end_lineno:
                inside.append(node)
    return sorted(inside, key=lambda node: node.lineno)


def _check_same_outline(before: ast.Module, after: ast.Module, file: str) -> None:
    """Every function and class that is left has the signature and the docstring of the source."""

    def outline(tree: ast.Module) -> dict[str, tuple[str, str | None]]:
        found = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[node.name] = (ast.dump(node.args), ast.get_docstring(node))
        return found

    originals = outline(before)
    for name, contract in outline(after).items():
        if originals.get(name) != contract:
            raise CourseError(
                f"{file}: stubbing would change the signature or docstring of {name!r}: a misplaced region."
            )
