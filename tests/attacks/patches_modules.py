"""
tries = "modules that the worker imports later"
stopped_by = "the worker imports before"
points = { relative_error = 0 }
outcome = "crashed"
process = true
"""

import sys

for name in ("numpy", "json", "struct", "random", "traceback", "linecache"):
    sys.modules[name] = None


def relative_error(a, b):
    raise ValueError("and the traceback must still work")
