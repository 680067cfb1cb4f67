"""Mutants that nobody thought of: the reference with one operator, index, constant or statement changed.

Each is run through the checks of its exercise on a few draws. What survives is either a hole in the
checks or equivalent to the reference; ``tests/equivalent_mutants.toml`` lists the latter with reasons.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checking import load_checks, run_case
from autograder.course import Unit
from autograder.draws import Draw, hidden_draw, visible_draw
from autograder.mistakes import LocalStudent, reference_path

DRAW_SALT = b"generated mutants are judged alike everywhere"


@dataclass(frozen=True)
class Mutant:
    """A change of one place of the reference."""

    exercise: str
    change: str  # "old statement -> new statement"
    source: str  # the whole function


#: Where a node hangs: its parent, the field, and the place in the field if that is a list.
_Place = tuple[ast.AST, str, int | None]
#: Gets a copy of the function's tree and the place in it, and changes it there.
_Edit = Callable[[_Place], None]


def generate(source: str, exercise: str) -> Iterator[Mutant]:
    """Every mutant of one function of a module, each with one change."""
    tree = ast.parse(source)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == exercise)
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    seen = {ast.unparse(function)}
    for number, place in enumerate(_places(function)):
        for edit in _edits(_at(place), place):
            changed = copy.deepcopy(function)
            there = list(_places(changed))[number]
            statements = _statement_of(changed, there)
            before = _headline(statements)
            edit(there)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text in seen:
                continue
            seen.add(text)
            now = _at(there)
            after = _headline(now if isinstance(now, ast.stmt) else statements)
            yield Mutant(exercise, f"{before} -> {after}", text)


def _places(tree: ast.AST) -> Iterator[_Place]:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if name in ("args", "decorator_list") and isinstance(parent, ast.FunctionDef):
                continue  # the signature is the exercise's, not the solution's
            if isinstance(value, ast.AST):
                yield parent, name, None
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        yield parent, name, index


def _at(place: _Place) -> Any:
    parent, name, index = place
    value = getattr(parent, name)
    return value if index is None else value[index]


def _put(place: _Place, node: ast.AST) -> None:
    parent, name, index = place
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def _statement_of(function: ast.FunctionDef, place: _Place) -> ast.stmt:
    """The innermost statement that a place belongs to."""
    node = _at(place)
    if isinstance(node, ast.stmt):
        return node
    best: ast.stmt = function
    for statement in ast.walk(function):
        if isinstance(statement, ast.stmt) and any(inner is node for inner in ast.walk(statement)):
            best = statement  # ast.walk goes from the outside in
    return best


def _headline(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0]


def _edits(node: Any, place: _Place) -> Iterator[_Edit]:
    """What can be changed at a place."""
    if isinstance(node, ast.BinOp):
        for operator in _OTHER_OPERATORS.get(type(node.op), ()):
            yield lambda p, operator=operator: setattr(_at(p), "op", operator())  # type: ignore[misc]
        yield lambda p: _put(p, _at(p).left)
        yield lambda p: _put(p, _at(p).right)
    elif isinstance(node, ast.AugAssign):
        for operator in _OTHER_OPERATORS.get(type(node.op), ()):
            yield lambda p, operator=operator: setattr(_at(p), "op", operator())  # type: ignore[misc]
        yield _assign_instead
    elif isinstance(node, ast.UnaryOp):
        yield lambda p: _put(p, _at(p).operand)
    elif isinstance(node, ast.Compare):
        for comparison in _OTHER_COMPARISONS.get(type(node.ops[0]), ()):
            yield lambda p, comparison=comparison: _at(p).ops.__setitem__(0, comparison())  # type: ignore[misc]
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        for value in _other_constants(node.value):
            yield lambda p, value=value: setattr(_at(p), "value", value)  # type: ignore[misc]
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield lambda p: _put(p, _at(p).value)
    elif isinstance(node, ast.Attribute) and node.attr in _OTHER_FUNCTIONS:
        yield lambda p: setattr(_at(p), "attr", _OTHER_FUNCTIONS[_at(p).attr])
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _index_edits(node)
    elif isinstance(node, ast.Call):
        yield from _call_edits(node)
    elif isinstance(node, ast.IfExp):
        yield lambda p: _put(p, _at(p).body)
        yield lambda p: _put(p, _at(p).orelse)
    elif isinstance(node, ast.If):
        for truth in (True, False):
            yield lambda p, truth=truth: setattr(_at(p), "test", ast.Constant(truth))  # type: ignore[misc]
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        for i in range(len(node.value.elts) - 1):
            yield lambda p, i=i: _swap(_at(p).value.elts, i)  # type: ignore[misc]
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)) and place[1] in ("body", "orelse"):
        yield lambda p: _put(p, ast.Pass())


def _call_edits(node: ast.Call) -> Iterator[_Edit]:
    for i in range(len(node.keywords)):
        yield lambda p, i=i: _at(p).keywords.pop(i)  # type: ignore[misc]
    plain = [arg for arg in node.args if not isinstance(arg, ast.Starred)]
    if len(plain) == len(node.args):
        for i in range(len(node.args) - 1):
            yield lambda p, i=i: _swap(_at(p).args, i)  # type: ignore[misc]
    if len(plain) == 1 == len(node.args):
        yield lambda p: _put(p, _at(p).args[0])  # without the function: abs, tanh, reversed, float
    if isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) == 1:
        yield lambda p: _at(p).args.insert(0, ast.Constant(1))  # not from the first
        yield lambda p: _at(p).args.__setitem__(0, _plus(_at(p).args[0], -1))  # not to the last
    if isinstance(node.func, ast.Attribute) and not node.args:
        yield lambda p: _put(p, _at(p).func.value)  # without the method: sum, copy


def _index_edits(node: ast.Subscript) -> Iterator[_Edit]:
    """A name or sum in an index moves by one; a slice becomes everything."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for i, part in enumerate(parts):
        if isinstance(part, (ast.Name, ast.BinOp)):
            yield lambda p, i=i: _set_index(_at(p), i, _plus(_index(_at(p), i), -1))  # type: ignore[misc]
        if isinstance(part, ast.Slice) and (part.lower or part.upper or part.step):
            yield lambda p, i=i: _set_index(_at(p), i, ast.Slice())  # type: ignore[misc]


def _index(node: ast.Subscript, i: int) -> ast.expr:
    return node.slice.elts[i] if isinstance(node.slice, ast.Tuple) else node.slice


def _set_index(node: ast.Subscript, i: int, value: ast.expr) -> None:
    if isinstance(node.slice, ast.Tuple):
        node.slice.elts[i] = value
    else:
        node.slice = value


def _plus(node: ast.expr, number: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


def _assign_instead(place: _Place) -> None:
    node = _at(place)
    _put(place, ast.Assign([node.target], node.value))


def _swap(items: list[Any], i: int) -> None:
    items[i], items[i + 1] = items[i + 1], items[i]


def _other_constants(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [value * 2, value + 1.0, -value] if value else [1.0]


_OTHER_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Add,),
}
_OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.GtE: (ast.Gt,),
    ast.LtE: (ast.Lt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OTHER_FUNCTIONS = {
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "sum": "mean",
    "tanh": "sin",
    "exp": "expm1",
    "log": "log1p",
    "concatenate": "stack",
}


def survivors(unit: Unit, hidden: int = 3, exercises: Sequence[str] | None = None) -> tuple[int, list[Mutant]]:
    """How many mutants there are, and those that pass their check on the visible and some hidden draws."""
    reference = reference_path(unit).read_text(encoding="utf-8")
    draws = [visible_draw(), *(hidden_draw(unit.id, f"mutant {n}", DRAW_SALT) for n in range(hidden))]
    count, alive = 0, []
    for item in unit.exercises:
        if item.experiment or (exercises is not None and item.id not in exercises):
            continue  # an experiment is no function of the module
        for mutant in generate(reference, item.id):
            count += 1
            if _survives(unit, reference, mutant, draws):
                alive.append(mutant)
    return count, alive


def _survives(unit: Unit, reference: str, mutant: Mutant, draws: Sequence[Draw]) -> bool:
    """Whether neither its own check nor, for a forward function, that of its backward function sees the change."""
    student = LocalStudent(reference, unit.module, mutant.source, unit)
    seen_by = [item for item in unit.exercises if mutant.exercise in (item.id, item.forward)]
    for item, draw in itertools.product(seen_by, draws):
        check = load_checks(unit)[item.id]
        for case in check.cases(draw):
            if not case.neutral and not all(
                seen.ok for seen in run_case(check, item.parts, student, case).parts.values()
            ):
                return False
    return True


def listed_equivalent(path: Path) -> dict[tuple[str, str, str], str]:
    """(unit, exercise, change) -> reason, of the file that lists equivalent mutants."""
    import tomllib

    entries = tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]
    return {(entry["unit"], entry["exercise"], entry["change"]): entry["reason"] for entry in entries}
