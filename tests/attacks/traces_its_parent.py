"""
tries = "the memory of the process that started it"
stopped_by = "seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import ctypes
import os

import honest
from honest import breach, rnn_step_forward


def syscall(*arguments):
    """A system call, by number; negative means refused."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return ctypes.CDLL(None, use_errno=True).syscall(*values)


def attack():
    parent = os.getppid()
    libc = ctypes.CDLL(None)
    if libc.ptrace(16, parent, None, None) == 0:
        breach("attached to its parent")
    room = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(room), 8)
    if libc.process_vm_readv(parent, vector, ctypes.c_ulong(1), vector, ctypes.c_ulong(1), ctypes.c_ulong(0)) >= 0:
        breach("read its parent's memory")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
