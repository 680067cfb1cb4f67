"""
tries = "mode, owner, times and contents of the gradebook"
stopped_by = "mount namespace, Landlock, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'change the mode of'
"""

import os

import honest
from honest import breach, rnn_step_forward


def attack():
    file = "@SECRET@/salt"
    for change in (
        lambda: os.chmod(file, 0o666),
        lambda: os.chown(file, os.getuid(), os.getgid()),
        lambda: os.utime(file),
        lambda: os.truncate(file, 0),
        lambda: open(file, "a").close(),
        lambda: os.setxattr(file, "user.x", b"1"),
    ):
        try:
            change()
        except OSError:
            continue
        breach("changed a file")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
