"""How long tests wait for what is only late.

A bound here guards against a hang and nothing else: no result may depend on how fast the machine is. Each is some
twenty times what the slowest thing takes on an idle machine of two cores, and below pytest's own bound on a test
(``timeout`` in pyproject.toml), so that a hang is named by the test that met it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

HANGS = 1200  # seconds for a process to end or for a notebook to run, after which it hangs
APPEARS = 300  # seconds for one thing to appear that usually takes a second or less


def wait_until(condition: Callable[[], Any], seconds: float = APPEARS) -> Any:
    """Look again and again until a condition holds; its value, false if it never did."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value
