"""
tries = "the gradebook, by removing, renaming and replacing it"
stopped_by = "mount namespace, Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'remove .*salt'
"""

import os
import shutil

import honest
from honest import breach, rnn_step_forward


def attack():
    for change in (
        lambda: os.remove("@SECRET@/salt"),
        lambda: os.rename("@SECRET@/salt", "@SECRET@/gone"),
        lambda: shutil.rmtree("@SECRET@"),
    ):
        try:
            change()
        except OSError:
            continue
        breach("removed a file")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
