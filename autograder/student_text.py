"""What a student's text says without being run: functions, the names in them, what a forward function puts by.

Everything here parses and looks; nothing is executed, and what cannot be parsed says nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from autograder import reading

Loop = (ast.For, ast.While)


@lru_cache(maxsize=64)
def parsed(source: bytes) -> ast.Module | None:
    """The module's tree, of what parses of it; None if there is no telling."""
    try:
        text, _ = reading.decode(source)
        try:
            return ast.parse(text)
        except SyntaxError:
            return ast.parse(reading.readable(text, "module").text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions at the top of a module; of several of one name the last, as in Python."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def innermost(tree: ast.Module, line: int) -> ast.FunctionDef | None:
    """The function in which a line stands; the inner one where functions are nested."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def statement(function: ast.AST, line: int) -> ast.stmt | None:
    """The shortest statement that a line belongs to; of a loop or a condition only its head."""
    found: ast.stmt | None = None
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if node.lineno <= line <= max(last, node.lineno) and (found is None or node.lineno >= found.lineno):
                found = node
    return found


@dataclass(frozen=True)
class Assignment:
    """One place where a name gets a value: the line, whether it only adds to it, and what stands around it."""

    line: int
    adds: bool
    loop: int = 0  # line of the innermost loop around it; 0: none
    last: int = 0  # of that loop
    condition: bool = False
    none: bool = False  # the value is the word None


def parameters(function: ast.FunctionDef) -> list[str]:
    """Names of all parameters."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [argument.arg for argument in every]


def assignments(function: ast.FunctionDef) -> dict[str, list[Assignment]]:
    """Every name that a function gives a value, in the order of its lines."""
    found: dict[str, list[Assignment]] = {}

    def note(target: ast.AST, line: int, adds: bool, around: tuple[ast.AST, ...], value: ast.AST | None) -> None:
        loops = [node for node in around if isinstance(node, Loop)]
        condition = any(isinstance(node, ast.If) for node in around)
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                loop = loops[-1] if loops else None
                first, last = (loop.lineno, loop.end_lineno or loop.lineno) if loop is not None else (0, 0)
                none = isinstance(value, ast.Constant) and value.value is None
                found.setdefault(node.id, []).append(Assignment(line, adds, first, last, condition, none))

    def walk(nodes: list[ast.stmt], around: tuple[ast.AST, ...]) -> None:
        for node in nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    note(target, node.lineno, False, around, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                note(node.target, node.lineno, False, around, node.value)
            elif isinstance(node, ast.AugAssign):
                note(node.target, node.lineno, True, around, None)
            elif isinstance(node, ast.For):
                note(node.target, node.lineno, False, (*around, node), None)
            elif isinstance(node, ast.With):
                for item in node.items:
                    if item.optional_vars is not None:
                        note(item.optional_vars, node.lineno, False, around, None)
            for name in ("body", "orelse", "finalbody"):
                inner = getattr(node, name, None)
                if inner and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    walk(inner, (*around, node))

    walk(function.body, ())
    return {name: sorted(places, key=lambda one: one.line) for name, places in found.items()}


def reads(function: ast.FunctionDef, name: str) -> list[int]:
    """The lines on which a name is read."""
    return [
        node.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def returned(function: ast.FunctionDef) -> list[ast.expr | None]:
    """What its return statements give, those of inner functions left out."""
    return [node.value for node in _own(function) if isinstance(node, ast.Return)]


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)


@dataclass(frozen=True)
class Kept:
    """What a forward function puts into its cache, as far as its text tells."""

    names: tuple[str, ...]  # what each item is written as, or the keys of a dict
    keys: bool = False  # it is a dict


def kept(forward: ast.FunctionDef, results: int = 0) -> Kept | None:
    """The items of the cache that a forward function returns last; None if its text does not tell.

    Args:
        results: how many results stand before the cache; 0: at least one.
    """
    values = [value for value in returned(forward) if isinstance(value, ast.Tuple) and len(value.elts) >= 2]
    if len(values) != 1 or (results and len(values[0].elts) != results + 1):
        return None
    last: ast.expr | None = values[0].elts[-1]
    if isinstance(last, ast.Name):
        given = [
            node.value
            for node in _own(forward)
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == last.id for target in node.targets)
        ]
        last = given[0] if len(given) == 1 else None
    if isinstance(last, ast.Tuple) or (isinstance(last, ast.List) and last.elts):
        return Kept(tuple(ast.unparse(item) for item in last.elts))
    if isinstance(last, ast.Dict) and last.keys:
        keys = [key.value for key in last.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        return Kept(tuple(keys), True) if len(keys) == len(last.keys) else None
    if isinstance(last, ast.Call) and isinstance(last.func, ast.Name) and last.func.id == "dict" and not last.args:
        return Kept(tuple(word.arg for word in last.keywords if word.arg), True)
    return None


def keeps_state(source: bytes, name: str) -> str:
    """What lets a function remember something from one call to the next, in words; empty if its text shows nothing."""
    tree = parsed(source)
    function = functions(tree).get(name) if tree is not None else None
    if tree is None or function is None:
        return ""
    for default in (*function.args.defaults, *function.args.kw_defaults):
        if isinstance(default, (ast.Dict, ast.List, ast.Set, ast.Call)):
            return "a default argument"
    if any(isinstance(node, (ast.Global, ast.Nonlocal)) for node in ast.walk(function)):
        return "a global name"
    made = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(made.get(node.id), (ast.Dict, ast.List, ast.Set, ast.Call)):
            return f"{node.id}, which the module makes once"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            return "an attribute of the function"
    return ""


def by_chance(source: bytes, name: str) -> bool:
    """Whether a function's text asks for random numbers."""
    tree = parsed(source)
    function = functions(tree).get(name) if tree is not None else None
    return function is not None and any(
        isinstance(node, (ast.Attribute, ast.Name)) and "rand" in (getattr(node, "attr", "") or getattr(node, "id", ""))
        for node in ast.walk(function)
    )


def parameters_of(source: bytes, name: str) -> list[str]:
    """Names of a function's parameters; none if there is no telling."""
    tree = parsed(source)
    function = functions(tree).get(name) if tree is not None else None
    return parameters(function) if function is not None else []
