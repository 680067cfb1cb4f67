"""
tries = "a way out through links"
stopped_by = "Landlock, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'link @SECRET@/salt'
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    for make in (
        lambda: os.symlink("@SECRET@/salt", "/tmp/way"),
        lambda: os.link("/usr/bin/env", "/tmp/way"),
        lambda: os.mkfifo("/tmp/way"),
        lambda: os.mkdir("/tmp/way"),
    ):
        try:
            make()
        except OSError:
            continue
        breach("made a link")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
