"""
tries = "the system calls of 32-bit programs, which have other numbers"
stopped_by = "seccomp"
points = { relative_error = 0, rnn_step_forward = 4 }
outcome = "crashed"
machine = "x86_64"
"""

import ctypes
import mmap

import honest
from honest import breach, rnn_step_forward

CODE = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20 (getpid); int 0x80; ret


def relative_error(a, b):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    place = ctypes.addressof(ctypes.c_char.from_buffer(page))
    number = ctypes.CFUNCTYPE(ctypes.c_long)(place)()
    if number > 0:
        breach("made a 32-bit system call")
    return honest.relative_error(a, b)
