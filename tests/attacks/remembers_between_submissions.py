"""
tries = "a note for the next submission, in the worker's process and in files"
stopped_by = "a new process for each submission"
points = { relative_error = 2, rnn_step_forward = 4 }
process = true
"""

import os
import sys

from honest import breach, relative_error, rnn_step_forward


def attack():
    if getattr(sys, "left_behind", None) or os.environ.get("LEFT_BEHIND"):
        breach("found a note of an earlier submission")
    sys.left_behind = True
    os.environ["LEFT_BEHIND"] = "1"


attack()
