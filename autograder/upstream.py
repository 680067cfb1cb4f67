"""Functions of earlier units that a module may take from ``coursekit.upstream`` while it is graded.

In a notebook these are the student's own where they pass their checks. A score must not depend on an earlier unit, so
while a module is graded they are right ones, computed by the judge: the worker asks for each result, and
nothing of how it is come by is within reach of the student's code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from autograder.course import Unit
from autograder.student import StandIn

Functions = dict[str, dict[str, StandIn]]  # unit -> name -> function


def provided(unit: Unit) -> Functions:
    """What modules of a unit may take, by the unit that it comes from; empty if it builds on none."""
    return {earlier: _BY_UNIT[earlier]() for earlier in unit.upstream}


def _unit_02() -> dict[str, StandIn]:
    from autograder import upstream_layers as layers
    from autograder.checks import test_02_bptt as oracles

    def step(x: Any, prev_h: Any, *weights: Any) -> Any:
        """Also for one sequence without an axis of its own, which x @ Wx + prev_h @ Wh + b takes as well."""
        next_h = oracles.step(np.atleast_2d(x), np.atleast_2d(prev_h), *weights)
        return next_h[0] if np.ndim(x) == np.ndim(prev_h) == 1 else next_h

    forward_step, backward_step = oracles.STEP_STAND_INS
    forward, backward = oracles.SEQUENCE_STAND_INS
    made = [
        replace(forward_step, compute=step),
        replace(backward_step, compute=layers.step_gradients),
        forward,
        replace(backward, compute=layers.sequence_gradients),
        StandIn("temporal_affine_forward", "forward", ("x", "w", "b"), oracles.affine),
        StandIn("temporal_affine_backward", "backward", ("dout", "cache"), layers.affine_gradients),
        StandIn("temporal_softmax_loss", "plain", ("x", "y", "mask"), layers.softmax_loss),
    ]
    return {function.name: function for function in made}


_BY_UNIT: dict[str, Callable[[], dict[str, StandIn]]] = {"02_bptt": _unit_02}

#: Units that others may build on; course.toml is held against it.
UNITS = tuple(_BY_UNIT)


@contextmanager
def importable(unit: Unit) -> Iterator[None]:
    """While this lasts, ``from coursekit.upstream import upstream`` gives what a worker gives, without a worker.

    For our own code (references, mistakes), never for a submission.
    """
    functions = {
        earlier: {name: _local(stand_in) for name, stand_in in known.items()}
        for earlier, known in provided(unit).items()
    }

    def upstream(unit_id: str, *names: str, folder: Any = None, quiet: bool = False) -> Any:
        found = tuple(functions[unit_id][name] for name in names)
        return found[0] if len(found) == 1 else found

    module = ModuleType("coursekit.upstream")
    module.__dict__["upstream"] = upstream
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before


def _local(stand_in: StandIn) -> Callable[..., Any]:
    names = stand_in.parameters

    def plain(*args: Any, **kwargs: Any) -> Any:
        values = dict(zip(names, args, strict=False)) | kwargs
        return stand_in.compute(*(values[name] for name in names if name in values))

    def forward(*args: Any, **kwargs: Any) -> Any:
        values = dict(zip(names, args, strict=False)) | kwargs
        inputs = tuple(np.array(values[name]) for name in names)
        return stand_in.compute(*inputs), inputs

    def backward(dout: Any, cache: Any) -> Any:
        return stand_in.compute(np.asarray(dout), *cache)

    return {"plain": plain, "forward": forward, "backward": backward}[stand_in.kind]
