"""
tries = "more memory, processor time and files than it was given"
stopped_by = "hard limits"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'change a resource limit'
"""

import os
import resource

import honest
from honest import breach, rnn_step_forward


def attack():
    for which in (
        resource.RLIMIT_AS,
        resource.RLIMIT_CPU,
        resource.RLIMIT_NOFILE,
        resource.RLIMIT_FSIZE,
        resource.RLIMIT_NPROC,
    ):
        try:
            resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError):
            continue
        breach("raised a limit")
    try:
        resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))
    except OSError:
        return
    breach("changed its parent's limits")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
