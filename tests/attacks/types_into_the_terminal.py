"""
tries = "keys pushed into the teacher's terminal"
stopped_by = "new session, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'read /dev/tty'
"""

import fcntl

import honest
from honest import breach, rnn_step_forward


def attack():
    for number in (0, 1, 2):
        try:
            fcntl.ioctl(number, 0x5412, b"x")
        except OSError:
            continue
        breach("typed into the terminal")
    try:
        open("/dev/tty").close()
    except OSError:
        return
    breach("opened the terminal")


def relative_error(a, b):
    attack()
    return honest.relative_error(a, b)
