"""Stripping what students must not see (autograder/regions.py)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.errors import CourseError
from autograder.regions import find_regions, stub_module, without_regions

HOME = Path(__file__).resolve().parents[1]

MODULE = '''"""A module."""

import numpy as np


def cell(x, prev_h=None, *, b: float = 0.0):
    """One step.

    Returns next_h.
    """
    ### BEGIN SOLUTION
    secret_name = np.tanh(x)
    return secret_name
    ### END SOLUTION


def helper(x):
    """Given."""
    return x + 1


class Net:
    """A class."""

    def forward(self, x):
        """Through the net."""
        if x is None:
            return None
        else:
            ### BEGIN SOLUTION
            return secret_forward(x)
            ### END SOLUTION


AFTER = "the last line"
'''


def stub(source: str = MODULE, exercises: tuple[str, ...] = ("cell", "forward")) -> str:
    return stub_module(source, "m.py", "m.py", exercises)


def test_text_without_regions_is_left_alone():
    """Text that holds no marker comes back as it was."""
    assert without_regions("a\n  b\n\nc", "f") == "a\n  b\n\nc"


def test_regions_vanish_with_their_markers():
    """Both kinds of regions go, what stands around them stays."""
    text = "a\n### BEGIN SOLUTION\nx\n### END SOLUTION\nb\n  ### BEGIN HIDDEN TESTS\ny\n  ### END HIDDEN TESTS\nc"
    assert without_regions(text, "f") == "a\nb\nc"


def test_a_region_knows_its_lines_and_indent():
    """Line numbers count from 1 and are those of the markers."""
    (region,) = find_regions("a\n    ### BEGIN SOLUTION\n    x\n    ### END SOLUTION", "f")
    assert (region.begin, region.end, region.indent, region.body) == (2, 4, "    ", ("    x",))


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a\n### BEGIN SOLUTION\nx", 2, "never closed"),
        ("a\n### END SOLUTION", 2, "never opened"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", 2, "inside"),
        ("### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n### END SOLUTION", 2, "inside"),
        ("### BEGIN SOLUTION\nx\n### END HIDDEN TESTS", 3, "closes the SOLUTION"),
        ("x\n###BEGIN SOLUTION", 2, "looks like"),
        ("x\n### BEGIN SOLUTIONS", 2, "looks like"),
        ("x\n### Begin Solution", 2, "looks like"),
        ("x\n# BEGIN SOLUTION", 2, "looks like"),
        ("x = 1  ### BEGIN SOLUTION", 1, "looks like"),
        ("### BEGIN HIDDEN TEST", 1, "looks like"),
        ("### BEGIN SOLUTION here", 1, "looks like"),
        ("### BEGIN MARK SCHEME", 1, "looks like"),
        ("### END SOLTUION", 1, "looks like"),
    ],
)
def test_malformed_regions_raise_with_file_and_line(text, line, word):
    """A region that cannot be trusted to hide its content stops the release and says where it is."""
    with pytest.raises(CourseError, match=word) as caught:
        find_regions(text, "some/file.py")
    assert f"some/file.py, line {line}" in str(caught.value)


def test_a_stub_says_which_exercise_is_not_written():
    """Calling a stub raises NotImplementedError that names the exercise and the file."""
    space: dict = {}
    exec(compile(stub(), "m.py", "exec"), space)
    with pytest.raises(NotImplementedError, match="cell: not written yet; fill in cell in m.py"):
        space["cell"](1)


def test_a_stub_holds_nothing_of_the_solution():
    """No line of a region and no marker is left."""
    text = stub()
    assert "secret" not in text and "###" not in text


def test_a_stub_keeps_signatures_and_docstrings():
    """Arguments, defaults, annotations and docstrings are those of the reference."""

    def outline(text: str) -> list:
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        return [(node.name, ast.dump(node.args), ast.get_docstring(node)) for node in functions]

    assert outline(stub()) == outline(MODULE)


def test_nothing_after_a_region_is_lost():
    """Code below the last region, and functions without one, stay as they are."""
    text = stub()
    assert text.endswith('\n\n\nAFTER = "the last line"\n')
    assert 'def helper(x):\n    """Given."""\n    return x + 1\n' in text


def test_a_region_in_a_branch_is_stubbed_at_its_own_depth():
    """The stub stands where the region stood: the branch before it still works."""
    space: dict = {}
    exec(compile(stub(), "m.py", "exec"), space)
    assert space["Net"]().forward(None) is None
    with pytest.raises(NotImplementedError, match="forward"):
        space["Net"]().forward(1)


def test_a_region_outside_of_functions_vanishes():
    """A helper that only the solution needs leaves no trace, not even a raise."""
    source = "### BEGIN SOLUTION\nsecret = 1\n### END SOLUTION\n" + MODULE
    assert stub(source) == stub()


def test_a_function_without_docstring_can_be_stubbed():
    """A comment right after the marker does not hide the function from us."""
    source = "def f(x):\n    ### BEGIN SOLUTION\n    # think\n    return x\n    ### END SOLUTION\n"
    assert stub(source, ("f",)).startswith("def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError(")


@pytest.mark.parametrize(
    ("source", "exercises", "word"),
    [
        (MODULE, ("cell", "forward", "helper"), "'helper' .* has no solution region"),
        (MODULE, ("cell", "forward", "other"), "'other' .* is not in this module"),
        (MODULE, ("cell",), "line 30: .* 'forward', which is no exercise"),
        (MODULE.replace("return secret_name", "return ("), ("cell", "forward"), "m.py, line .*not valid Python"),
        ("### BEGIN SOLUTION\ndef f():\n    return 1\n### END SOLUTION\n", ("f",), "'f' .* has no solution region"),
    ],
)
def test_a_module_that_would_leak_or_break_raises(source, exercises, word):
    """An exercise whose solution would stay, and a region that nobody checks, stop the release."""
    with pytest.raises(CourseError, match=word):
        stub(source, exercises)


@pytest.mark.parametrize("unit", load_course().units, ids=lambda unit: unit.id)
def test_the_reference_modules_become_stubs(unit):
    """Each real exercise raises NotImplementedError with its own name when it is called."""
    path = HOME / "solutions" / unit.id / unit.module_file
    names = [exercise.id for exercise in unit.exercises if not exercise.experiment]
    text = stub_module(path.read_text(encoding="utf-8"), str(path), unit.module_file, names)
    space: dict = {}
    exec(compile(text, unit.module_file, "exec"), space)
    for name in names:
        arguments = [None] * space[name].__code__.co_argcount
        with pytest.raises(NotImplementedError, match=f"^{name}: not written yet"):
            space[name](*arguments)
