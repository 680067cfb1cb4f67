"""
tries = "the right by which its folder was made: mounts, namespaces, capabilities"
stopped_by = "capabilities given up, seccomp"
points = { relative_error = 2, rnn_step_forward = 4 }
"""

import ctypes

from honest import breach, relative_error, rnn_step_forward


def attack():
    with open("/proc/self/status") as file:
        held = [line.split()[1] for line in file if line.startswith(("CapPrm", "CapEff", "CapInh", "CapAmb"))]
    if any(int(value, 16) for value in held):
        breach(f"it has capabilities: {held}")
    libc = ctypes.CDLL(None, use_errno=True)
    for name, arguments in {
        "unshare": (0x00020000,),
        "mount": (b"tmpfs", b"/student/work", b"tmpfs", 0, b"size=1g"),
        "umount2": (b"/student/work", 2),
        "chroot": (b"/student/work",),
    }.items():
        if getattr(libc, name)(*arguments) == 0:
            breach(name)


try:
    attack()
except OSError:
    pass
