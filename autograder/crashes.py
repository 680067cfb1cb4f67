"""What an exception in a student's function means here: told from its words, its line, and the student's text.

The text is parsed and looked at, never run. What is said names the student's own names, and no right value.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograder import student_text
from autograder.detectors import Detected

LONGEST_NAME = 40  # characters of a student's name or expression that are repeated

#: Names that modules are usually imported under.
IMPORTED = ("np", "numpy", "torch", "nn", "math", "random", "plt", "scipy", "F")

#: What tensors have and arrays have not.
OF_TENSORS = frozenset(
    "abs_ add_ addmm backward bmm cat chunk clamp clone cpu cuda detach device dim expand float gather item_ "
    "log_softmax long matmul mm mul_ new_zeros norm numel numpy permute requires_grad requires_grad_ scatter_ sigmoid "
    "softmax split sqrt stack t tanh unbind unsqueeze view_as zero_ exp log relu pow masked_fill".split()
)


@dataclass(frozen=True)
class Crash:
    """An exception as the worker told it.

    Attributes:
        exercise: the function that was called.
        kind, text: type and words of the exception.
        frames: (line, function) in the student's module, outermost first.
        right_below: functions that the exercise builds on and that are right.
    """

    exercise: str
    kind: str
    text: str
    frames: Sequence[tuple[int, str]]
    right_below: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Place:
    """Where in the student's text it happened."""

    crash: Crash
    tree: ast.Module
    function: ast.FunctionDef
    statement: ast.stmt | None
    line: int

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def forward(self) -> ast.FunctionDef | None:
        """The function whose cache this one gets, if the module has one of that name."""
        if "backward" not in self.name:
            return None
        return student_text.functions(self.tree).get(self.name.replace("backward", "forward"))


def explain(source: bytes, crash: Crash) -> Detected | None:
    """What to say about an exception; None if nothing general is known of it."""
    tree = student_text.parsed(source)
    if tree is None or not crash.frames:
        return None
    line, _ = crash.frames[-1]
    function = student_text.innermost(tree, line)
    if function is None:
        return None
    place = _Place(crash, tree, function, student_text.statement(function, line), line)
    if crash.frames[-1][1] != crash.exercise and function.name in crash.right_below:
        return _handed_something_else(place)
    for kinds, pattern, say in RULES:
        match = re.search(pattern, crash.text) if crash.kind in kinds else None
        if match is not None:
            said = say(place, match)
            if said is not None:
                return said
    return None


def _said(name: str, title: str, *hints: str) -> Detected:
    return Detected(name, title, hints)


def _short(text: object) -> str:
    """A student's name or expression, on one line and not too long."""
    words = " ".join(str(text).split())
    return words if len(words) <= LONGEST_NAME else words[: LONGEST_NAME - 1] + "…"


def _code(node: ast.AST | None) -> str:
    return _short(ast.unparse(node)) if node is not None else ""


# --- names ----------------------------------------------------------------------------------


def _unknown_name(place: _Place, match: re.Match[str]) -> Detected | None:
    name, here = _short(match[1]), place.name
    if place.forward is not None:
        found = _of_the_forward(place, match[1])
        if found is not None:
            return found
    if name in IMPORTED:
        return _said(
            "not-imported",
            f"{name} is used, but the module does not import it",
            f"Where in this file does {name} come from?",
            "Look at the lines at the top of the file that begin with import.",
            "A module sees only what it imports itself; what the notebook has imported is not there.",
        )
    known = {
        *student_text.parameters(place.function),
        *student_text.assignments(place.function),
        *student_text.functions(place.tree),
    }
    others = [
        function.name
        for function in student_text.functions(place.tree).values()
        if function.name != here
        and (match[1] in student_text.assignments(function) or match[1] in student_text.parameters(function))
    ]
    near = [one for one in known if one.lower() == match[1].lower()]
    near = near or difflib.get_close_matches(match[1], sorted(known), 1, 0.8)
    if near:
        return _said(
            "misspelt-name",
            f"{name} is a name without a value; {_short(near[0])} is one that is spelt much like it",
            f"Which of the names in {here} did you mean by {name}?",
            f"Compare {name} with {_short(near[0])}, letter by letter, upper and lower case too.",
            "For Python two names are the same only if all their letters are.",
        )
    if others:
        return _said(
            "name-of-another-function",
            f"{name} is a name inside {_short(others[0])}, which {here} does not see",
            f"How does {here} come to know what {name} is?",
            f"Look at what {here} is given: its arguments, and what it can work out of them.",
            "A name that is assigned in a function ends with that function.",
        )
    return _said(
        "name-without-a-value",
        f"{name} is used, and nothing gives it a value",
        f"What should {name} be, and which line says so?",
        f"Look for a line before this one that assigns {name}; there is none.",
        "A name has a value only after a line has given it one.",
    )


def _of_the_forward(place: _Place, name: str) -> Detected | None:
    """A name of the forward function in its backward function."""
    forward, here, said = place.forward, place.name, _short(name)
    assert forward is not None
    known = {*student_text.parameters(forward), *student_text.assignments(forward)}
    if name not in known:
        return None
    cache = student_text.kept(forward)
    if cache is not None and name in cache.names:
        return _said(
            "not-taken-from-the-cache",
            f"{said} is in the cache, but {here} does not take it out under this name",
            f"How does {here} come to know what {said} is?",
            f"Hold what {forward.name} puts into its cache against what {here} takes out of it.",
            "A cache hands over values, not names: each one gets a name again where it is taken out.",
        )
    if cache is None:
        return _said(
            "name-of-the-forward",
            f"{said} is a name of {forward.name}, which {here} does not see",
            f"How does {here} come to know what {said} is?",
            f"Hold what {forward.name} puts into its cache against what {here} takes out of it.",
            "Two functions share no names. What the way back needs, the way there has to hand over in its cache.",
        )
    return _said(
        "not-in-the-cache",
        f"{said} is a name of {forward.name}, and it is not in the cache",
        f"How does {here} come to know what {said} is?",
        f"Look at what {forward.name} puts into its cache: which of the values that {here} needs is missing?",
        "Two functions share no names. What the way back needs, the way there has to hand over in its cache.",
    )


def _no_value_yet(place: _Place, match: re.Match[str]) -> Detected | None:
    name, key = _short(match[1]), match[1]
    places = student_text.assignments(place.function).get(key, [])
    if not places:
        return None
    full = [one for one in places if not one.adds]
    if not full:
        return _said(
            "added-to-before-it-has-a-value",
            f"{name} is added to before it has a value",
            f"What is {name} when something is added to it for the first time?",
            f"Look for the line that gives {name} its first value: there is none.",
            "A sum needs a beginning, and the beginning stands before the loop.",
        )
    first = full[0]
    if first.loop and place.line > first.last:
        return _said(
            "assigned-only-in-the-loop",
            f"{name} gets its value only inside a loop, which need not come that far",
            f"What is {name} after the loop if the loop makes no turn, or none that reaches this line?",
            f"Follow your loop for a sequence of one step: does any line give {name} a value?",
            "What is needed after a loop needs a value before it.",
        )
    if first.loop and place.line <= first.line:
        return _said(
            "read-before-the-loop-gives-it-a-value",
            f"{name} is read in the loop's first turn, before it has a value",
            f"What is {name} in the first turn of your loop?",
            f"Look at the order of the lines in the loop, and for what {name} is before the loop begins.",
            "What a loop hands from one turn to the next needs a value before the first.",
        )
    if first.condition:
        return _said(
            "assigned-only-under-a-condition",
            f"{name} gets its value only under a condition that is not met here",
            f"What is {name} if the condition before it does not hold?",
            f"Look at every way through your function that leads to this line: does each one give {name} a value?",
            "Each way through a function has to give a value to what is used at its end.",
        )
    return _said(
        "read-before-assigned",
        f"{name} is read before the line that gives it a value",
        f"Which line of {place.name} gives {name} its value, and which one needs it first?",
        "Look at the order of the two lines.",
        "A name that a function assigns anywhere is the function's own everywhere in it, and empty until then.",
    )


# --- what has another type than it is used as -----------------------------------------------


def _shape_in_pieces(place: _Place, match: re.Match[str]) -> Detected | None:
    made = [
        node.func.attr
        for node in ast.walk(place.statement or place.function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("zeros", "ones", "empty", "full")
    ]
    if not made:
        return None
    return _said(
        "shape-in-pieces",
        f"{made[0]} is given the sizes one by one, not as one shape",
        f"What does {made[0]} take its first argument for, and what its second?",
        "Look at the brackets and at the star in the line.",
        "A shape is one argument, a tuple; the next argument is the type of the numbers.",
    )


def _shape_as_tuple(place: _Place, match: re.Match[str]) -> Detected | None:
    text = _code(place.statement)
    if "rand" not in text:
        return _said(
            "a-tuple-for-a-number",
            "a tuple stands where one whole number is needed",
            "Which of the values in this line is a single number, and which are several?",
            "Print what you hand over in this line, and its type.",
            "A size is a number; a shape is a tuple of them.",
        )
    return _said(
        "shape-as-a-tuple",
        "the sizes of random numbers are given as one tuple where they are wanted one by one",
        "How does this function take the sizes: one by one, or as one shape?",
        "Look at the brackets in this line, and at the function's documentation.",
        "Most functions that make arrays take a shape; a few take the sizes one by one.",
    )


def _unpacked_none(place: _Place, match: re.Match[str]) -> Detected | None:
    called = _called(place)
    if called is None:
        return _none_used(place, match)
    return _said(
        "a-function-without-a-result",
        f"{called} returns None here, and its results are unpacked",
        f"What does {called} hand back, in every way through it?",
        f"Look for the return at the end of {called}: is there one, and is it reached?",
        "A function that ends without a return hands back None.",
    )


def _called(place: _Place) -> str | None:
    """The function of the module whose results the statement unpacks, if it is that."""
    value = getattr(place.statement, "value", None)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return _short(value.func.id)
    return None


def _none_used(place: _Place, match: re.Match[str]) -> Detected | None:
    names = {node.id for node in ast.walk(place.statement) if isinstance(node, ast.Name)} if place.statement else set()
    known = student_text.assignments(place.function)
    empty = sorted(name for name in names if any(one.none for one in known.get(name, [])))
    what = f"{_short(empty[0])} is still None" if empty else "something is None"
    return _said(
        "none-in-a-formula",
        f"{what} where a number or an array is needed",
        "Which of the values in this line is None?",
        f"Look for where {_short(empty[0])} gets its first value that is not None."
        if empty
        else "Print the values that stand in this line, one by one, and look where the empty one comes from.",
        "None is no zero: nothing can be added to it or multiplied by it.",
    )


def _not_several(place: _Place, match: re.Match[str]) -> Detected | None:
    called = _called(place)
    what = f"{called} returns one value" if called else "there is one value"
    return _said(
        "one-value-unpacked",
        f"{what} where several are unpacked",
        "How many values stand to the right of the equals sign, and how many names to the left?",
        f"Look at what {called} returns." if called else "Print what stands to the right, and its type.",
        "As many names as values: one value cannot be spread over several names.",
    )


def _called_that_is_none(place: _Place, match: re.Match[str]) -> Detected | None:
    kind = match[1].removeprefix("numpy.")
    if kind in ("int", "tuple") and re.search(r"\.(size|shape)\s*\(", ast.unparse(place.statement or place.function)):
        return TORCH
    return _said(
        "called-but-no-function",
        f"something that is no function ({_short(kind)}) stands before round brackets",
        "Which brackets in this line are those of a call?",
        "Look for a missing multiplication sign before a bracket, round brackets where square ones belong, and a "
        "variable that has the name of a function.",
        "Round brackets after a value call it; square ones take something out of it.",
    )


def _list_for_array(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "a-list-where-an-array-is-needed",
        "a list or a tuple is used as if it were an array",
        "Which of the values in this line are arrays, and which are lists or tuples?",
        "Look for what was collected with append, and for a whole cache where one of its items was meant.",
        "Lists have no arithmetic and one index only; make an array of them, or take out the item that you mean.",
    )


def _tuple_for_dict(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "read-by-another-key",
        f"a {_short(match[1])} is asked for an item by a name",
        "What did you put into it: a row of values, or values under names?",
        "Look at the line that makes it and at this one.",
        "A tuple and a list know places, a dict knows names; take things out in the way in which they were put in.",
    )


def _number_looped_over(place: _Place, match: re.Match[str]) -> Detected | None:
    if not isinstance(place.statement, (ast.For, ast.Assign, ast.Return, ast.Expr)):
        return None
    return _said(
        "a-number-looped-over",
        "a number stands where a row of things is needed",
        "Over what should this go: over a number, or over the numbers up to it?",
        "Look at what stands after the word in, or to the right of the equals sign.",
        "A number has no parts; a loop needs a range, a list or an array.",
    )


def _arguments(place: _Place, match: re.Match[str]) -> Detected | None:
    called = match[1].rpartition(".")[2]
    if called not in student_text.functions(place.tree):
        return None
    return _said(
        "called-with-other-arguments",
        f"{_short(called)} is called with other arguments than it takes",
        f"Which arguments does {_short(called)} take, and in which order?",
        f"Hold this call against the line that begins {_short(called)}.",
        "A call hands over one value for each argument that has none of its own.",
    )


# --- places and keys ------------------------------------------------------------------------


def _no_such_key(place: _Place, match: re.Match[str]) -> Detected | None:
    key = _short(match[1].strip("'\""))
    forward = place.forward
    cache = student_text.kept(forward) if forward is not None else None
    if cache is not None and cache.keys and forward is not None:
        return _said(
            "key-not-in-the-cache",
            f"the cache has nothing under the name {key}",
            f"Under which names does {forward.name} put things into its cache?",
            f"Hold the names that {forward.name} writes against those that {place.name} reads.",
            "A dict finds only what was put there, under exactly that name.",
        )
    return _said(
        "no-such-key",
        f"a dict is asked for {key}, which is not in it",
        f"Who should have put {key} there, and under exactly this name?",
        "Print the dict's names just before this line.",
        "What may be missing needs a value of its own before it is read.",
    )


def _too_many_indices(place: _Place, match: re.Match[str]) -> Detected | None:
    numbers = re.search(r"array is (\d+)-dimensional, but (\d+) were indexed", place.crash.text)
    axes = f" ({numbers[1]} axes, {numbers[2]} indices)" if numbers else ""
    return _said(
        "more-indices-than-axes",
        f"an array is given more indices than it has axes{axes}",
        "Which shape has the array that is indexed in this line?",
        "Print its shape just before; and look whether it is one step or the whole sequence.",
        "Each index takes one axis away. What has lost its time axis cannot be asked for a step again.",
    )


def _beyond_the_end(place: _Place, match: re.Match[str]) -> Detected | None:
    numbers = re.search(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", place.crash.text)
    where = f": {numbers[1]}, on axis {numbers[2]} of length {numbers[3]}" if numbers else ""
    return _said(
        "beyond-the-end",
        f"an index goes beyond the end{where}",
        "Which is the last index that there is, and which one does your loop ask for?",
        "Look at where your loop begins and ends, at an index that is one more than the loop's own, and at which axis "
        "the index counts along.",
        "Counting begins with 0, so the last of T steps is the one before T.",
    )


def _popped_empty(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "taken-from-an-empty-list",
        "something is taken from a list in which nothing is left",
        "How often does your loop take something out, and how much was put in?",
        "Count what the forward pass appends and what the loop here takes away.",
        "Each step of the way there leaves one item for the same step of the way back.",
    )


def _index_no_integer(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "index-is-no-whole-number",
        "an index is no whole number",
        "Of which type is what stands in the square brackets?",
        "Look for a division, a mean, or an array that was made without saying that it holds whole numbers.",
        "Places are counted in whole numbers, and 2.0 is none for Python.",
    )


# --- attributes and unpacking ---------------------------------------------------------------


def _no_attribute(place: _Place, match: re.Match[str]) -> Detected | None:
    owner, name = match[1], match[2]
    if "ndarray" in owner and (name in OF_TENSORS or name.endswith("_")):
        return TORCH
    if owner == "NoneType":
        return _none_used(place, match)
    if owner in ("tuple", "list"):
        return _list_for_array(place, match)
    if owner in ("float", "int"):
        return _said(
            "a-number-where-an-array-is-needed",
            "a single number is used as if it were an array",
            "Which of the values in this line is a single number?",
            "Look for a sum or a mean over everything before this line.",
            "A sum over all axes leaves one number, which has no axes and no shape any more.",
        )
    return None


def _module_lacks(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "no-such-function-in-the-module",
        f"{_short(match[1])} has nothing that is called {_short(match[2])}",
        f"What is the function called in {_short(match[1])}'s own documentation?",
        "Look at the spelling, and whether the name belongs to another library.",
        "Libraries give the same thing different names; what counts is the one that is imported here.",
    )


def _other_number_of_values(place: _Place, match: re.Match[str]) -> Detected | None:
    statement = place.statement
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    value = getattr(statement, "value", None) or getattr(statement, "iter", None)
    names = len(target.elts) if isinstance(target, (ast.Tuple, ast.List)) else 0
    if isinstance(value, ast.Attribute) and value.attr == "shape":
        return _said(
            "another-number-of-axes",
            f"{_code(value.value)} has another number of axes than the {names or 'number'} that are unpacked",
            f"How many axes has {_code(value.value)} here?",
            "Print its shape just before this line.",
            "A shape has one number for each axis, and each one needs a name.",
        )
    forward = place.forward
    cache = student_text.kept(forward) if forward is not None else None
    is_cache = "cache" in _code(value).lower() or (
        isinstance(value, (ast.Name, ast.Subscript)) and _root(value) in student_text.parameters(place.function)[-1:]
    )
    if forward is not None and is_cache and isinstance(value, (ast.Name, ast.Subscript)):
        if cache is not None and names and len(cache.names) != names:
            title = f"the cache holds {len(cache.names)} items, and {names} are taken out"
        else:
            title = "the cache holds another number of items than are taken out"
        return _said(
            "another-number-of-items",
            title,
            f"How many items does {forward.name} put into its cache, and in which order?",
            f"Hold the line that makes the cache in {forward.name} against this one; and where the cache is a list "
            "with an item for each step, look whether this is one item or the whole list.",
            "What goes into a cache comes out as it went in: as many items, in the same order.",
        )
    called = _called(place)
    if called is not None:
        return _said(
            "another-number-of-results",
            f"{called} returns another number of values than are unpacked",
            f"How many values does {called} return, and what are they?",
            f"Look at the return of {called} and at the names to the left of the equals sign here.",
            "Each value that comes back needs a name, even if nobody uses it.",
        )
    return _said(
        "another-number-of-values",
        "there are more or fewer values than names to unpack them into",
        "How many values stand to the right of the equals sign, and how many names to the left?",
        "Print what stands to the right.",
        "As many names as values.",
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


# --- shapes ---------------------------------------------------------------------------------

_PRODUCTS = ("dot", "matmul", "mm", "bmm")


def _factors(place: _Place) -> tuple[str, str] | None:
    """What is multiplied as matrices in the statement, if that is one product."""
    found: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(place.statement) if place.statement is not None else ():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found.append((node.left, node.right))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PRODUCTS:
            if len(node.args) == 2:
                found.append((node.args[0], node.args[1]))
            elif len(node.args) == 1:
                found.append((node.func.value, node.args[0]))
    return (_code(found[0][0]), _code(found[0][1])) if len(found) == 1 else None


def _product(place: _Place, match: re.Match[str]) -> Detected | None:
    text = place.crash.text
    inner = re.search(r"\(size (\d+) is different from (\d+)\)", text)
    shapes = re.search(r"shapes (\([\d, ]*\)) and (\([\d, ]*\)) not aligned", text)
    torch = re.search(r"\((\d+)x(\d+) and (\d+)x(\d+)\)", text)
    factors = _factors(place)
    what = f"{factors[0]} and {factors[1]}" if factors else "two matrices"
    if shapes:
        sizes = f": {shapes[1]} and {shapes[2]}"
    elif torch:
        sizes = f": ({torch[1]}, {torch[2]}) and ({torch[3]}, {torch[4]})"
    elif inner:
        sizes = f": {inner[2]} columns meet {inner[1]} rows"
    else:
        sizes = ""
    return _said(
        "a-product-that-does-not-fit",
        f"a matrix product that does not fit, of {what}{sizes}",
        f"Which shapes have {what} here, and which shape should the product have?",
        "Write the shapes under the line, with their letters: the two in the middle have to be the same letter.",
        "A product of matrices sums over one axis that both share, and that axis disappears.",
    )


def _broadcast(place: _Place, match: re.Match[str]) -> Detected | None:
    shapes = re.findall(r"\([\d,]*\)", place.crash.text)
    torch = re.search(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", place.crash.text)
    sizes = f": {_spaced(shapes[0])} and {_spaced(shapes[1])}" if len(shapes) == 2 else ""
    sizes = f": lengths {torch[1]} and {torch[2]}" if torch else sizes
    operations = [
        (node.left, node.right)
        for node in (ast.walk(place.statement) if place.statement is not None else ())
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
    ]
    if isinstance(place.statement, ast.AugAssign) and not operations:
        operations = [(place.statement.target, place.statement.value)]
    single = len(operations) == 1 and not isinstance(place.statement, ast.AugAssign | ast.For)
    single = single or (len(operations) == 1 and isinstance(place.statement, ast.AugAssign) and bool(sizes))
    what = f", of {_code(operations[0][0])} and {_code(operations[0][1])}" if single else ""
    return _said(
        "shapes-that-do-not-fit",
        f"entry by entry, with shapes that do not fit{what}{sizes}",
        "Which shapes have the two sides, and which axis of one belongs to which axis of the other?",
        "Write the shapes under the line, with their letters: N, T, D, H.",
        "Entry by entry, two arrays need the same shape, counted from the last axis; an axis of length 1 fits all.",
    )


def _spaced(shape: str) -> str:
    return shape.replace(",", ", ").replace(", )", ",)")


def _into_another_shape(place: _Place, match: re.Match[str]) -> Detected | None:
    target = place.statement.targets[0] if isinstance(place.statement, ast.Assign) else None
    what = f" into {_code(target)}" if target is not None else ""
    return _said(
        "written-into-another-shape",
        f"something of shape {_spaced(match[1])} is written{what}, whose shape is {_spaced(match[2])}",
        "Which shape has the place that you write to?",
        "Look at the index on the left, and at the shape that the array was made with.",
        "What is written into a part of an array needs the shape of that part.",
    )


def _reshape(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "reshaped-to-another-size",
        "an array is reshaped to a shape with another number of entries",
        "How many entries has the array, and how many has the shape that you ask for?",
        "Print the shape before, and multiply its numbers.",
        "A reshape moves nothing and adds nothing: the entries before and after are the same.",
    )


def _ragged(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "an-array-for-a-number",
        "a whole array is put where one number belongs",
        "Which shape has what stands on the right, and which the place on the left?",
        "Look for an axis that is left over, and for a sum that is missing.",
        "One entry of an array holds one number.",
    )


def _joined(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "joined-with-other-shapes",
        "arrays are joined whose shapes do not fit",
        "Which shapes have the arrays that you join, and along which axis?",
        "Print their shapes just before this line.",
        "Arrays that are joined agree in every axis but the one along which they are joined.",
    )


def _no_such_axis(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "an-axis-that-is-not-there",
        "an axis is named that the array does not have",
        "How many axes has the array here, and which number has the last?",
        "Print its shape just before this line; and look whether it is one step or the whole sequence.",
        "Axes are counted from 0; an array of two axes has the axes 0 and 1.",
    )


def _truth(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "an-array-as-a-condition",
        "a whole array stands where one true or false is needed",
        "Which of its entries should decide?",
        "Look at the condition, and whether a comparison is made entry by entry.",
        "A condition needs one answer; an array gives one for each entry.",
    )


def _one_number(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "an-array-where-one-number-is-needed",
        "an array with several entries stands where one number is needed",
        "Which single number is meant in this line?",
        "Print the shape of each value in the line.",
        "Only an array with one entry can become a number, an index or a size.",
    )


# --- torch ----------------------------------------------------------------------------------

TORCH = Detected(
    "torch-not-numpy",
    "it works on torch tensors; this unit wants numpy",
    (
        "Of which library are the arrays that your function is given?",
        "Look for calls and methods that only torch has.",
        "In this unit everything is numpy: arrays come in, arrays go out. Torch comes in unit 5.",
    ),
)


def _tensors(place: _Place, match: re.Match[str]) -> Detected | None:
    return TORCH


def _no_graph(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "no-way-back-for-torch",
        "torch is to go back from a number whose way it has not recorded",
        "Between the model and the loss, which line leaves torch?",
        "Look for detach, item, numpy, no_grad and for tensors that are made anew from numbers.",
        "Torch finds gradients only through what it has recorded, from the parameters to the loss without a gap.",
    )


def _twice(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "back-through-the-same-graph-twice",
        "torch is sent back a second time through what it has forgotten",
        "Which values of the step before are still in use in this one?",
        "Look for a loss or a state that is kept from one call to the next.",
        "After the way back torch frees what it had recorded; each step records its own.",
    )


def _in_place(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "written-over-what-torch-needs",
        "something is changed in place that torch still needs",
        "Which line writes into a tensor instead of making a new one?",
        "Look for assignments to a slice and for operators with an equals sign.",
        "The way back needs the numbers of the way there; who writes over them takes them away.",
    )


def _too_deep(place: _Place, match: re.Match[str]) -> Detected | None:
    return _said(
        "calls-itself",
        "a function calls itself without end",
        f"Which function does {place.name} call in this line?",
        "Look for the function's own name in its body.",
        "A step and the loop over steps are two functions; the loop calls the step.",
    )


def _handed_something_else(place: _Place) -> Detected | None:
    crash = place.crash
    line = next((at for at, name in reversed(crash.frames[:-1]) if name != place.name), 0)
    where = f" in line {line}" if line else ""
    return _said(
        "hands-on-something-else",
        f"{place.name} is right by itself, but cannot work with what it is handed{where}",
        f"What does {place.name} expect, argument by argument, and what does it get?",
        f"Print the shapes and types of the arguments just before the call{where}; where a cache is handed on, look "
        "whether it is that of one step.",
        "A function for one step takes what belongs to one step: that step's input, state, gradient and cache.",
    )


Say = Callable[[_Place, "re.Match[str]"], Detected | None]
_NAME, _TYPE, _VALUE = ("NameError", "UnboundLocalError"), ("TypeError",), ("ValueError", "AxisError")

#: Kinds of exception, a pattern of their words, and what to say; the first that says something counts.
RULES: tuple[tuple[tuple[str, ...], str, Say], ...] = (
    (("UnboundLocalError",), r"local variable '(\w+)'", _no_value_yet),
    (_NAME, r"name '(\w+)' is not defined", _unknown_name),
    (("TypeError", "RuntimeError", "AttributeError"), r"must be (?:a )?(?:torch\.)?Tensor|expected Tensor", _tensors),
    (_TYPE, r"annot interpret '.*' as a data type|ata type .* not understood", _shape_in_pieces),
    (_TYPE, r"'tuple' object cannot be interpreted as an integer", _shape_as_tuple),
    (_TYPE, r"cannot unpack non-iterable NoneType", _unpacked_none),
    (_TYPE, r"NoneType", _none_used),
    (_TYPE, r"cannot unpack non-iterable (\S+) object", _not_several),
    (_TYPE, r"'([\w.]+)' object is not callable", _called_that_is_none),
    (_TYPE, r"(tuple|list) indices must be integers or slices, not str", _tuple_for_dict),
    (_TYPE, r"(?:list|tuple) indices must be integers or slices, not", _list_for_array),
    (_TYPE, r"unsupported operand type\(s\) for .*'(?:list|tuple)'", _list_for_array),
    (_TYPE, r"can't multiply sequence|can only concatenate", _list_for_array),
    (_TYPE, r"bad operand type for unary .*'(?:list|tuple)'", _list_for_array),
    (_TYPE, r"'(?:int|float|numpy\.\w*int\d+)' object is not (?:iter|subscript|revers)", _number_looped_over),
    (_TYPE, r"^(?:\w+\.)*?(\w+)\(\) (?:missing|takes|got an unexpected|got multiple)", _arguments),
    (_TYPE, r"only .*arrays can be converted", _one_number),
    (("KeyError",), r"(.*)", _no_such_key),
    (("IndexError",), r"too many indices", _too_many_indices),
    (("IndexError",), r"pop from (?:an )?empty", _popped_empty),
    (("IndexError",), r"out of bounds|index out of range|out of range", _beyond_the_end),
    (("IndexError",), r"arrays used as indices must be|only integers", _index_no_integer),
    (("AttributeError",), r"module '([\w.]+)' has no attribute '(\w+)'", _module_lacks),
    (("AttributeError",), r"'([\w.]+)' object has no attribute '(\w+)'", _no_attribute),
    (_VALUE, r"(not enough|too many) values to unpack", _other_number_of_values),
    (_VALUE, r"matmul: Input operand|not aligned", _product),
    (_VALUE, r"could not be broadcast together", _broadcast),
    (_VALUE, r"could not broadcast input array from shape (\([\d,]*\)) into shape (\([\d,]*\))", _into_another_shape),
    (_VALUE, r"non-broadcastable output operand", _broadcast),
    (_VALUE, r"cannot reshape array", _reshape),
    (_VALUE, r"setting an array element with a sequence", _ragged),
    (_VALUE, r"all the input array|need at least one array|must have same number of dimensions", _joined),
    (_VALUE, r"axis -?\d+ is out of bounds|axes don't match", _no_such_axis),
    (_VALUE, r"truth value of an array", _truth),
    (("RuntimeError",), r"mat1 and mat2 shapes|inconsistent tensor size|size mismatch|vector . matrix", _product),
    (("RuntimeError",), r"size of tensor a", _broadcast),
    (("RuntimeError",), r"does not require grad", _no_graph),
    (("RuntimeError",), r"backward through the graph a second time", _twice),
    (("RuntimeError",), r"modified by an inplace|leaf Variable that requires grad", _in_place),
    (("RecursionError",), r"", _too_deep),
)  # fmt: skip
