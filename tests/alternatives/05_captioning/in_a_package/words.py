"""The four that are none."""

from enum import IntEnum


class Special(IntEnum):
    PAD = 0
    START = 1
    END = 2
    UNKNOWN = 3


PAD, START, END, UNKNOWN = Special
