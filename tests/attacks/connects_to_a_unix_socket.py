"""
tries = "a socket in the file system, as databases and desktops have"
stopped_by = "network namespace, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'open a socket'
"""

import socket

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect("@SECRET@/socket")
    except OSError:
        return
    breach("used the network")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
