"""
tries = "a user namespace of its own, mounts, a new root"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import ctypes

import honest
from honest import breach, rnn_step_forward


def attack():
    libc = ctypes.CDLL(None)
    if libc.unshare(0x10000000) == 0 or libc.unshare(0x00020000) == 0:
        breach("made a namespace")
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
        breach("mounted")
    if libc.chroot(b"/tmp") == 0 or libc.umount2(b"/tmp", 2) == 0:
        breach("changed the root")
    if libc.setns(0, 0) == 0:
        breach("joined a namespace")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
