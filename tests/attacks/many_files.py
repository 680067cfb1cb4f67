"""
tries = "20,000 files"
stopped_by = "Landlock"
points = { relative_error = 2, rnn_step_forward = 4 }
said = 'write to /tmp/file0'
"""

import os

from honest import breach, relative_error, rnn_step_forward


def attack():
    made = 0
    for number in range(20_000):
        try:
            os.close(os.open(f"/tmp/file{number}", os.O_CREAT | os.O_WRONLY))
        except OSError:
            continue
        made += 1
    if made:
        breach(f"made {made} files")


attack()
