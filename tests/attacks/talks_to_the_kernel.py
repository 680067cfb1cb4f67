"""
tries = "a netlink and a raw socket"
stopped_by = "network namespace, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'open a socket'
"""

import socket

import honest
from honest import breach, rnn_step_forward


def attack():
    try:
        for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW)):
            socket.socket(family, kind).close()
    except OSError:
        return
    breach("used the network")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
