"""
tries = "a result of its own among the results"
stopped_by = "mount namespace, Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'write to .*result.json'
"""

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        with open("@SECRET@/result.json", "w") as file:
            file.write("100 points")
    except OSError:
        return
    breach("wrote a result")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
