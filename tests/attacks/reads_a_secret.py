"""
tries = "the salt and the gradebook, by path"
stopped_by = "mount namespace, Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'read .*salt'
"""

import pathlib

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        text = pathlib.Path("@SECRET@/salt").read_text()
        print(text)
    except OSError:
        return
    breach("read the salt")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
