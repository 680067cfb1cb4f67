"""Golden files: what a format looked like when a person last looked at it.

``UNROLLED_UPDATE_GOLDEN=1 pytest tests/test_export.py`` writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).with_name("golden")


def same_as_golden(text: str, name: str) -> None:
    """Compare a text with ``tests/golden/<name>``, byte by byte; with the variable set, write it instead."""
    file = GOLDEN / name
    if os.environ.get("UNROLLED_UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return
    assert file.is_file(), f"There is no {file}. Set UNROLLED_UPDATE_GOLDEN=1 to write it, then look at it."
    assert text == file.read_bytes().decode(), f"{name} is not as it was. If it should be, update it and look at it."
