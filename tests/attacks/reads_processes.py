"""
tries = "environment, command line and memory of other processes through /proc"
stopped_by = "process namespace, Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = '/proc'
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    others = [str(number) for number in range(1, 200) if number != os.getpid()]  # workers beside it, too
    for number in ("self", *others, "@JUDGE@"):
        for name in ("environ", "cmdline", "maps", "mem", "fd", "root", "cwd"):
            if (number, name) == ("self", "cwd"):
                continue  # its own folder
            path = f"/proc/{number}/{name}"
            try:
                os.listdir(path) if name in ("fd", "root", "cwd") else open(path, "rb").read(16)
            except OSError:
                continue
            breach(f"read {path}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
