"""The smallest case that a function fails: shapes shrunk to ones and twos, round numbers, ready to paste."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checking import Case, Check, run_case
from autograder.course import Exercise
from autograder.protocol import Handle
from autograder.results import Outcome
from autograder.student import Answer, Caller, StudentError

LONGEST = 3  # largest size that is tried for an axis
MOST_TRIES = 60
SEED = 1990


@dataclass(frozen=True)
class Smallest:
    """Sizes as people read them, and Python that shows the failure; never a right value."""

    sizes: str
    snippet: str


class Recorder(Caller):
    """A student whose calls are written down as Python."""

    def __init__(self, student: Any, case: Case) -> None:
        self.student = student
        self.names = {id(value): name for name, value in case.inputs.items() if not isinstance(value, (int, float))}
        self.made: dict[str, Any] = {}  # what the check made itself, under a name of its own
        self.alive: list[Any] = []  # so that ids stay unique
        self.definitions: list[str] = []
        self.called: list[str] = []
        self.lines: list[str] = []

    def call_and_watch(self, name: str, args: Sequence[Any], keep: Sequence[int] = (), factor: float = 1.0) -> Answer:
        self.called += [name] if name not in self.called else []
        text = f"{name}({', '.join(self.text(arg) for arg in args)})"
        self.lines.append(f"print({text})")
        value, changed = self.student.call_and_watch(name, args, keep, factor)
        kept = [position for position in keep if isinstance(value, tuple) and position < len(value)]
        if isinstance(value, tuple) and kept and isinstance(value[kept[0]], Handle):
            self.alive.append(value)
            self.names[id(value[kept[0]])] = "cache"
            results = ["result"] if len(value) - len(kept) == 1 else [f"result{n + 1}" for n in range(len(value))]
            targets = ["cache" if place in kept else results[place] for place in range(len(value))]
            self.lines[-1] = f"{', '.join(targets)} = {text}"
        return value, changed

    def text(self, value: Any) -> str:
        """An argument as it stands in the call."""
        if id(value) in self.names:
            return self.names[id(value)]
        if callable(value):
            self.definitions.append(plain_definition(value))
            self.names[id(value)] = value.__name__
            return str(value.__name__)
        if isinstance(value, np.ndarray):
            name = f"array{len(self.made) + 1}"
            self.made[name] = value
            self.names[id(value)] = name
            return name
        return literal(value)

    def reset(self) -> None:
        self.student.reset()


def plain_definition(function: Callable[..., Any]) -> str:
    """The source of one of our functions, without docstring and annotations."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            node.body = node.body[1:] if ast.get_docstring(node) else node.body
            node.decorator_list = []
        elif isinstance(node, ast.arg):
            node.annotation = None

    class Plain(ast.NodeTransformer):
        def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:  # noqa: N802  # ast's name for it
            assert node.value is not None
            return ast.Assign([node.target], node.value)

    return ast.unparse(ast.fix_missing_locations(Plain().visit(tree)))


def literal(value: Any) -> str:
    """A value as Python."""
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()!r})" if value.size else f"np.zeros({value.shape})"
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, (list, tuple)):
        inner = ", ".join(literal(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def rounded(value: Any) -> Any:
    """Numbers with one decimal, none of them zero unless it was."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        short = np.round(value, 1)
        return np.where((short == 0) & (value != 0), np.where(value < 0, -0.1, 0.1), short)
    if isinstance(value, (list, tuple)):
        return type(value)(rounded(item) for item in value)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if type(value) is float:
        return round(value, 1) or value
    return value


Make = Callable[..., dict[str, Any]]


def tries(check: Check) -> list[tuple[Make, dict[str, int]]]:
    """What makes a case, and its sizes, from the smallest up; none if the check cannot be made small."""
    found: list[tuple[Make, dict[str, int]]] = []
    for make in check.small:
        names = list(inspect.signature(make).parameters)[1:]
        for sizes in itertools.product(range(1, LONGEST + 1), repeat=len(names)):
            found.append((make, dict(zip(names, sizes, strict=True))))
    # By how much larger than ones: so those with fewer axes do not all come first.
    found.sort(key=lambda one: (sum(one[1].values()) - len(one[1]), max(one[1].values()), tuple(one[1].values())))
    return found[:MOST_TRIES]


def small_case(make: Make, sizes: dict[str, int]) -> Case:
    """A case of the given sizes with round numbers, the same every time."""
    inputs = make(np.random.default_rng(SEED), **sizes)
    return Case(", ".join(f"{name}={size}" for name, size in sizes.items()), rounded(inputs))


def smallest_failure(
    check: Check, item: Exercise, student: Any, module: str, fresh: Callable[[], AbstractContextManager[Any]]
) -> Smallest | None:
    """Try the function on ever larger sizes until it fails; None if it never does, or hangs.

    Args:
        fresh: gives the same student in a process in which nothing has been called yet. What is said fails there too:
            whoever pastes it starts from there, and sees nothing of what earlier calls left behind.
    """
    for make, sizes in tries(check):
        case = small_case(make, sizes)
        wrong, _ = _wrong(check, item, student, case)
        if wrong is None:
            return None
        if wrong:
            with fresh() as alone:
                wrong, recorder = _wrong(check, item, alone, case)
            return Smallest(case.name, _snippet(recorder, case, module, wrong, item)) if wrong else None
    return None


def _wrong(check: Check, item: Exercise, student: Any, case: Case) -> tuple[list[str] | None, Recorder]:
    """The parts that are wrong in a case, and the calls that it made; None if there is no telling."""
    recorder = Recorder(student, case)
    try:
        record = run_case(check, item.parts, recorder, case)
    except StudentError:
        return None, recorder
    wrong = [part for part, seen in record.parts.items() if not seen.ok]
    return (None if any(record.parts[part].outcome is Outcome.TIMED_OUT for part in wrong) else wrong), recorder


def _snippet(recorder: Recorder, case: Case, module: str, wrong: Sequence[str], item: Exercise) -> str:
    text = "\n".join(recorder.lines)
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    given = {**case.inputs, **recorder.made}
    lines = [f"{name} = {literal(value)}" for name, value in given.items() if name in used]
    *before, last = recorder.lines
    note = f"  # look at {', '.join(wrong)}" if len(item.parts) > 1 else ""
    imports = ["import numpy as np", f"from {module} import {', '.join(recorder.called)}", ""]
    return "\n".join([*imports, *recorder.definitions, *lines, *before, last + note])
