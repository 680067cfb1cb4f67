"""
tries = "writes wherever it should not"
stopped_by = "Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'write to /tmp/fill'
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    for folder in (
        "/",
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        "/run",
        "/student",
        "..",
        os.path.dirname(os.__file__),
        "@SECRET@",
    ):
        try:
            with open(f"{folder}/fill", "wb") as file:
                file.write(bytes(1024 * 1024))
        except OSError:
            continue
        breach(f"wrote to {folder}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
