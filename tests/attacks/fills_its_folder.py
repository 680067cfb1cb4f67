"""
tries = "as much as fits into its own folder, in large files, small files and folders"
stopped_by = "limits on bytes and files; gone with the worker"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import os

from honest import breach, relative_error, rnn_step_forward


def attack():
    entries = written = 0
    for number in range(2_000):
        try:
            os.mkdir(f"folder{number}")
            entries += 1
            with open(f"folder{number}/file", "wb") as file:
                entries += 1
                written += file.write(bytes(1024 * 1024))
        except OSError:
            continue
    for number in range(2_000):
        try:
            with open(f"file{number}", "wb", buffering=0) as file:
                entries += 1
                written += file.write(bytes(4096))
        except OSError:
            continue
    try:
        with open("large", "wb", buffering=0) as file:
            for _ in range(1_000):
                written += file.write(bytes(1024 * 1024))
    except OSError:
        pass
    if entries > 300 or written > 20 * 1024 * 1024:
        breach(f"{entries} entries, {written} bytes")


attack()
