"""
tries = "SIGKILL for the process that started it"
stopped_by = "seccomp, Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'send a signal'
"""

import os
import signal

import honest
from honest import breach, rnn_step_forward


def attack():
    for number in (os.getppid(), int("@JUDGE@")):
        for send in (
            lambda: os.kill(os.getppid(), signal.SIGKILL),
            lambda n=number: os.killpg(n, 0),
            lambda n=number: os.kill(n, 0),
        ):
            try:
                send()
            except OSError:
                continue
            breach(f"sent a signal to {number}")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
