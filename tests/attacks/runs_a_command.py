"""
tries = "a shell command"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'run the command id'
"""

import os
import subprocess

import honest
from honest import breach, rnn_step_forward


def attack():
    for run in (
        lambda: subprocess.run(["id"], capture_output=True, timeout=5, check=True),
        lambda: os.system("id") == 0 or 1 / 0,
    ):
        try:
            run()
        except (OSError, ArithmeticError, subprocess.SubprocessError):
            continue
        breach("ran a command")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
