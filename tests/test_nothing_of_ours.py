"""No code of ours that computes an exercise is within reach of a student's code when a later exercise is judged.

A module that looks at everything it can reach is judged, all of its functions wrong, so that all that can stand in
does. It compares the code and the texts that it finds with those of the solutions, the checks and the stand-ins.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import pytest
from grading_helpers import judge_source, the_unit

from autograder import sandbox
from autograder.checks import test_05_captioning as captioning
from autograder.results import SubmissionResult

ROOT = Path(__file__).resolve().parents[1]
UNITS = ("01_vanilla_rnn", "02_bptt", "03_char_lm", "04_lstm_gru", "05_captioning")
SHORTEST_CODE, SHORTEST_LINE = 60, 30  # bytes, characters: what is shorter is alike by chance
CONTROL = "worker.same_content"  # of the worker's own code: every look has to find it, or it saw nothing

#: What both this test and the module that looks around do with a piece of code.
FINGERPRINT = '''
from hashlib import sha256


def fingerprint(code):
    """What is the same for the same function, whatever it is called and wherever it stands."""
    return sha256(code.co_code + repr(code.co_names).encode()).hexdigest()[:16]


def fingerprint_of_line(line):
    return sha256(line.strip().encode("utf-8", "replace")).hexdigest()[:16]
'''
namespace: dict[str, Any] = {}
exec(FINGERPRINT, namespace)

LOOK = (
    FINGERPRINT
    + '''

import gc
import json
import linecache
import sys

SECRETS = json.loads("""@SECRETS@""")
_seen_here = set()  # functions that have looked around in this process
_kept = []  # whatever stood in this module at any time, for later


def _roots():
    frame = sys._getframe(1)
    while frame is not None:
        yield from (frame.f_code, frame.f_locals, frame.f_globals, frame.f_builtins)
        frame = frame.f_back
    yield from gc.get_objects()
    yield from (globals(), linecache.cache, sys.path_importer_cache, sys.meta_path)
    for name, module in list(sys.modules.items()):
        yield name
        if not _of_a_library(module):
            yield vars(module)


LIBRARIES = (sys.prefix + "/lib", sys.base_prefix + "/lib", "/usr", "<frozen", "<__array_function__")


def _belongs_to_a_library(thing):
    """What leads to nothing but Python and its libraries; half a million objects."""
    code = getattr(thing, "__code__", thing) if type(thing).__name__ in ("code", "function") else None
    if code is not None:
        return code.co_filename.startswith(LIBRARIES)
    if type(thing).__name__ == "module":
        return _of_a_library(thing)
    if isinstance(thing, type):
        return _of_a_library(sys.modules.get(thing.__module__))
    return False


def _of_a_library(module):
    file = getattr(module, "__file__", None) or "/usr"
    return isinstance(file, str) and file.startswith(LIBRARIES)


def look(name):
    """Say what of ours can be reached, once for each function in each process."""
    _kept.append([value for key, value in globals().items() if callable(value) and not key.startswith("__")])
    if name in _seen_here:
        return
    first = not _seen_here
    _seen_here.add(name)
    found, done = set(), {id(vars(m)) for m in list(sys.modules.values()) if _of_a_library(m)}
    waiting = list(_roots())
    keep = waiting[:]
    while waiting:
        thing = waiting.pop()
        kind = type(thing)
        if kind.__name__ == "code":
            found |= {SECRETS[mark] for mark in [fingerprint(thing)] if mark in SECRETS}
        elif kind is str and len(thing) > 40 and thing is not LINES:
            found |= {SECRETS[m] for m in map(fingerprint_of_line, thing.splitlines()) if m in SECRETS}
        elif kind is bytes and len(thing) > 40:
            for line in thing.splitlines():
                mark = fingerprint_of_line(line.decode("utf-8", "replace"))
                found |= {SECRETS[mark]} if mark in SECRETS else set()
        if id(thing) in done or kind in (int, float, type(None)):
            continue
        done.add(id(thing))
        keep.append(thing)
        if not _belongs_to_a_library(thing):
            waiting.extend(gc.get_referents(thing))
    print("LOOKED", json.dumps([name, first, sorted(found)]))


LINES = ""
'''
)


def codes(code: CodeType) -> Iterator[CodeType]:
    """The functions in a piece of code, and in these."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes(constant)


def secrets(unit_id: str) -> dict[str, str]:
    """Fingerprints of code and lines of ours that compute an exercise, and where they stand."""
    unit = the_unit(unit_id)
    stub = (ROOT / "notebooks" / unit_id / unit.module_file).read_text(encoding="utf-8")
    files = [ROOT / "coursekit" / "stand_ins.py", *(ROOT / "solutions").glob("*/[a-z]*.py")]
    files += [*(ROOT / "autograder" / "checks").glob("test_*.py"), *(ROOT / "autograder" / "drivers").glob("*/*.py")]
    found = {}
    for file in files:
        if file.name.endswith(".nb.py"):
            continue
        text = file.read_text(encoding="utf-8")
        for code in codes(compile(text, "ours", "exec")):
            if len(code.co_code) >= SHORTEST_CODE:
                found[namespace["fingerprint"](code)] = f"{file.stem}.{code.co_name}"
        if "drivers" in str(file):
            for line in text.splitlines():
                if len(line.strip()) >= SHORTEST_LINE:
                    found[namespace["fingerprint_of_line"](line)] = f"{file.stem}: {line.strip()}"
    worker = compile((ROOT / "autograder" / "worker.py").read_text(encoding="utf-8"), "ours", "exec")
    (control,) = (code for code in codes(worker) if f"worker.{code.co_name}" == CONTROL)
    found[namespace["fingerprint"](control)] = CONTROL
    for code in codes(compile(stub, "theirs", "exec")):  # what students are given
        found.pop(namespace["fingerprint"](code), None)
    for line in stub.splitlines():
        found.pop(namespace["fingerprint_of_line"](line), None)
    return found


def looking(unit_id: str) -> str:
    """A module of a unit whose functions look around and are all wrong."""
    unit = the_unit(unit_id)
    stub = (ROOT / "notebooks" / unit_id / unit.module_file).read_text(encoding="utf-8")
    wrong = "\n\ndef {0}(*args, **kwargs):\n    look({0!r})\n    return 1.5, None\n"
    functions = "".join(wrong.format(item.id) for item in unit.exercises if not item.experiment)
    return stub + LOOK.replace("@SECRETS@", json.dumps(secrets(unit_id)).replace("\\", "\\\\")) + functions


def looks(result: SubmissionResult) -> list[list[Any]]:
    """What the module said: [function, was it the first in its process, what it found]."""
    lines = [line for line in result.output.splitlines() if line.startswith("LOOKED ")]
    return [json.loads(line.removeprefix("LOOKED ")) for line in lines]


@pytest.mark.parametrize(
    "unit_id", [pytest.param(unit, marks=[pytest.mark.slow] if unit != "02_bptt" else []) for unit in UNITS[:4]]
)
def test_nothing_that_computes_an_exercise_is_ever_within_reach(unit_id: str) -> None:
    """Units in numpy: what stands in is a question to the judge, and no code at all."""
    found = looks(judge_source(unit_id, looking(unit_id)))
    assert {name for name, *_ in found} >= {item.id for item in the_unit(unit_id).exercises if not item.forward}
    assert [look for look in found if look[2] != [CONTROL]] == []


@pytest.fixture
def small_experiment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The captioning test on four pictures of three numbers, for two steps."""
    captions = np.array([[[1, 5, 2, 0]]] * 4)
    data = {"vocabulary": ["a"] * 8, "v": np.zeros((4, 3), dtype=np.float32), "captions": captions}
    data |= {"others": data["v"], "known": data["v"], "known_captions": captions[:, 0]}
    monkeypatch.setattr(captioning, "captioning_data", lambda seed: data)
    monkeypatch.setattr(captioning, "STEPS", 2)
    monkeypatch.setattr(captioning, "BATCH", 2)


def test_what_stood_in_is_gone_when_the_next_exercise_is_judged(small_experiment: None) -> None:
    """Unit 5: functions of ours run beside the student's, in processes that judge nothing later; the last one has none.

    An exercise looks around first when it is judged with the student's own functions.
    """
    found = looks(judge_source("05_captioning", looking("05_captioning")))
    names = [name for name, *_ in found]
    assert [name for name in names if name == "next_scores"]
    assert [look for look in found if look[2] != [CONTROL]] == []
    assert [name for name, first, *_ in found if first][-1] == "caption_scores"  # so begins the captioning test, anew


def test_a_stand_in_of_a_module_holds_itself_alone() -> None:
    """Each is a text with one function, whose globals hold torch and it."""
    assert len({stand_in.name for stand_in in captioning.STAND_INS}) == 7
    for stand_in in captioning.STAND_INS:
        alone: dict[str, Any] = {}
        exec(stand_in.source, alone)
        assert set(alone) == {"__builtins__", "torch", stand_in.name}
        function = alone[stand_in.name]
        assert isinstance(function, FunctionType) and function.__closure__ is None
        assert list(codes(function.__code__)) == []


def test_a_worker_holds_no_module_of_ours_that_computes() -> None:
    """Of this repository, a worker has the files that make it a worker, and they stand on a list."""
    source = """
import sys

def relative_error(a, b):
    files = [str(getattr(module, "__file__", "")) for module in list(sys.modules.values())]
    print("HAS", sorted(file for file in files if not file.startswith((sys.prefix, sys.base_prefix, "/usr"))))
    return 0.0
"""
    output = judge_source("02_bptt", source, exercises=["relative_error"]).output
    files, *_ = (ast.literal_eval(line[4:]) for line in output.splitlines() if line.startswith("HAS "))
    ours = {Path(file).name for file in files if Path(file).is_relative_to(ROOT)}
    assert {"worker.py", "protocol.py"} <= ours <= set(sandbox.INSIDE)


def test_hashes_tell_our_code() -> None:
    """The looking module's own means find a stand-in's code and text where there are some."""
    known = secrets("05_captioning")
    assert len(known) > 300
    for stand_in in captioning.STAND_INS:
        (code,) = codes(compile(stand_in.source, "elsewhere", "exec"))
        assert known[namespace["fingerprint"](code)] == f"{stand_in.name}.{stand_in.name}"
