"""
tries = "a note for the next worker in the only folder in which it may write"
stopped_by = "a new folder for each worker"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import os

from honest import breach, relative_error, rnn_step_forward

FOLDERS = (".", "..", "/student", "/student/work", os.environ.get("TMPDIR", "/tmp"), "/tmp", "/dev/shm")


def attack():
    for folder in FOLDERS:
        try:
            if "left_behind" in os.listdir(folder):
                breach(f"a note of an earlier worker in {folder}")
        except OSError:
            continue
    for folder in FOLDERS:
        try:
            open(f"{folder}/left_behind", "w").close()
        except OSError:
            continue


attack()
if not os.path.exists("/student/work/again"):
    try:
        open("/student/work/again", "w").close()
    except OSError:
        pass
    else:
        os._exit(0)  # its module is read again, in another process
