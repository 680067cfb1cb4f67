"""Code of ours that runs beside a student's module in the worker.

Some functions take what cannot be sent there, such as a torch module. A driver makes it out of plain arrays and calls
the student's function with it. It knows no expected value, no tolerance and no seed: students may read it.
A driver is named after its unit. `<unit>_stand_ins/` holds functions that take the place of wrong ones while
another that builds on them is judged by itself: one function in each file, which needs nothing but torch, so that
with one no other comes into the student's process. Drivers and stand-ins are sent to the worker as text.
"""

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=16)
def driver(unit_id: str) -> bytes:
    """The text of a unit's driver; empty if it needs none."""
    path = Path(__file__).with_name(f"unit_{unit_id}.py")
    return path.read_bytes() if path.is_file() else b""


@lru_cache(maxsize=64)
def stand_in(unit_id: str, name: str) -> bytes:
    """The text of a function that takes the place of a wrong one; raises OSError if there is none."""
    return (Path(__file__).with_name(f"unit_{unit_id}_stand_ins") / f"{name}.py").read_bytes()
