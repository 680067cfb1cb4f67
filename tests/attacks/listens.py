"""
tries = "a server of its own"
stopped_by = "network namespace, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'open a socket'
"""

import socket

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        with socket.socket() as wire:
            wire.bind(("127.0.0.1", 0))
            wire.listen()
    except OSError:
        return
    breach("used the network")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
