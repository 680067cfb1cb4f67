"""What a process gives up before it runs student code: Linux's Landlock, seccomp and resource limits.

Loaded on its own inside the sandbox, by :mod:`autograder.zygote`; the rest of the package is not
there. Nothing in here can be undone by the process that called it.

Sources: landlock(7), seccomp(2), prctl(2), capabilities(7) of the Linux manual; the syscall numbers of
Landlock are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 1, 4, 22, 38, 24
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_CLOSE_RANGE = 436  # as Landlock's, the same on every architecture
_LANDLOCK_VERSION_FLAG = 1
_LANDLOCK_RULE_PATH = 1
#: Access rights to files by the Landlock version that brought them: 13 bits at first, then refer, truncate, ioctl.
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FS_EXECUTE, _FS_READ_FILE, _FS_READ_DIR = 1, 4, 8
#: Write, read, list, remove, make folders and files, truncate: no devices, links, sockets.
_FS_OWN = 2 | 4 | 8 | 16 | 32 | 128 | 256 | 1 << 14
_CLONE_NEWNS = 0x00020000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
_NET_BOTH = 0b11  # bind and connect, TCP; since version 4
_SCOPE_BOTH = 0b11  # abstract sockets and signals to processes outside; since version 6

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None


class LockdownError(Exception):
    """A layer that was asked for could not be put in place."""


def _prctl(option: int, *arguments: int | ctypes.c_void_p) -> None:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    plain = [value if isinstance(value, ctypes.c_void_p) else ctypes.c_ulong(value) for value in padded]
    assert _libc is not None
    if _libc.prctl(ctypes.c_int(option), *plain) != 0:
        error = ctypes.get_errno()
        raise LockdownError(f"prctl({option}): {os.strerror(error)}")


def die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, 9)


def hide_memory() -> None:
    """No other process of this user may look into this one or leave a core dump of it."""
    _prctl(_PR_SET_DUMPABLE, 0)


def become_user(user: int) -> None:
    """Root becomes a user without rights, for good; what :func:`die_with_parent` has asked for is lost by that."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def own_folder(path: str, size: int, files: int) -> None:
    """Mount an empty file system in memory that only this process sees and that ends with it; go there.

    Args:
        path: an empty folder.
        size: bytes that files in it may have together.
        files: how many files and folders there may be.

    Raises:
        LockdownError: the kernel refuses; it takes CAP_SYS_ADMIN, which :func:`give_up_privileges` gives up.
    """
    assert _libc is not None
    options = f"size={size},nr_inodes={files + 1},mode=0700".encode()
    flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    if (
        _libc.unshare(ctypes.c_int(_CLONE_NEWNS)) != 0
        or _libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None) != 0
        or _libc.mount(b"tmpfs", path.encode(), b"tmpfs", flags, options) != 0
    ):
        raise LockdownError(f"a folder of its own: {os.strerror(ctypes.get_errno())}")
    os.chdir(path)


def landlock_version() -> int:
    """The kernel's version of Landlock; 0 if it has none or it is switched off."""
    if sys.platform != "linux":
        return 0
    assert _libc is not None
    version = _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_LANDLOCK_VERSION_FLAG))
    return max(int(version), 0)


def landlock_ruleset(readable: Sequence[str], own: str | None = None) -> int:
    """A descriptor of rules: read below some paths and nothing else in any file system, no TCP, no signal outwards.

    It restricts nobody yet; see :func:`apply_landlock`.

    Args:
        readable: files and folders; a folder that ends in ``/.`` may only be listed.
        own: a folder below which files may be written, too.

    Raises:
        LockdownError: the kernel refuses.
    """
    version = landlock_version()
    if version < 1:
        raise LockdownError("the kernel has no Landlock")
    assert _libc is not None
    rights = (1 << _FS_RIGHTS[min(version, max(_FS_RIGHTS))]) - 1
    attributes = struct.pack("<QQQ", rights, _NET_BOTH if version >= 4 else 0, _SCOPE_BOTH if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint(0))
    if ruleset < 0:
        raise LockdownError(f"landlock_create_ruleset: {os.strerror(ctypes.get_errno())}")
    try:
        for path in readable:
            _allow(ruleset, path)
        if own is not None:
            _allow(ruleset, own, _FS_OWN & rights)
    except BaseException:
        os.close(ruleset)
        raise
    return int(ruleset)


def _allow(ruleset: int, path: str, rights: int = 0) -> None:
    """Add to a ruleset what may be done below a path: by default, read."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a path that is not there cannot be read either
    try:
        allowed = _FS_READ_FILE | (_FS_READ_DIR | _FS_EXECUTE if os.path.isdir(path) else 0)
        if path.endswith("/."):
            allowed = _FS_READ_DIR
        allowed = rights or allowed
        rule = struct.pack("<Qi", allowed, descriptor)
        assert _libc is not None
        if _libc.syscall(_LANDLOCK_ADD, ruleset, _LANDLOCK_RULE_PATH, rule, ctypes.c_uint(0)) != 0:
            raise LockdownError(f"landlock_add_rule {path}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(descriptor)


def apply_landlock(ruleset: int) -> None:
    """Restrict this thread and all it starts by the rules, for good; needs :func:`give_up_privileges` first.

    Args:
        ruleset: of :func:`landlock_ruleset`; closed in this process.

    Raises:
        LockdownError: the kernel refuses.
    """
    assert _libc is not None
    try:
        if _libc.syscall(_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint(0)) != 0:
            raise LockdownError(f"landlock_restrict_self: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(ruleset)


def load_seccomp_filter() -> bytes:
    """The allow-list of syscalls as a BPF program for this machine; made by ``tools/seccomp_filter.py``.

    Raises:
        LockdownError: there is none for this architecture, or it cannot be read.
    """
    file = Path(__file__).with_name("seccomp") / f"{os.uname().machine}.bpf"
    try:
        return file.read_bytes()
    except OSError as error:
        raise LockdownError(f"no seccomp filter for {os.uname().machine}: {error.strerror}") from error


def close_from(lowest: int) -> None:
    """Close every descriptor from a number on."""
    assert _libc is not None
    # Python's own loops over all numbers there may be, where it was built for older systems: a millisecond.
    if _libc.syscall(_CLOSE_RANGE, ctypes.c_uint(lowest), ctypes.c_uint(2**32 - 1), ctypes.c_uint(0)) != 0:
        os.closerange(lowest, os.sysconf("SC_OPEN_MAX"))


def seccomp_program(instructions: bytes) -> Any:
    """A BPF program in the form in which :func:`apply_seccomp` takes it, for as many children as there are."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    # struct sock_fprog: number of instructions (8 bytes each), and where they are
    header = ctypes.create_string_buffer(struct.pack("@HP", len(instructions) // 8, ctypes.addressof(code)))
    header.code = code  # type: ignore[attr-defined]  # lives as long as what points to it
    return header


def apply_seccomp(program: Any) -> None:
    """Load a BPF program for this thread and all it starts; needs :func:`give_up_privileges` first.

    Args:
        program: of :func:`seccomp_program`.

    Raises:
        LockdownError: the kernel refuses.
    """
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(program)))


def give_up_privileges() -> None:
    """No new privileges by exec, no memory for others to read, no capability for good."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    hide_memory()
    if os.geteuid() == 0:
        for capability in range(64):
            try:
                _prctl(_PR_CAPBSET_DROP, capability)
            except LockdownError:
                break
    # struct __user_cap_header (version 3, this thread) and three empty sets, twice 32 bits each
    header, nothing = struct.pack("<Ii", 0x20080522, 0), bytes(24)
    assert _libc is not None
    if _libc.capset(header, nothing) != 0:
        raise LockdownError(f"capset: {os.strerror(ctypes.get_errno())}")


def limit_resources(address_space: int, cpu_seconds: int, tasks: int | None = None, card: bool = False) -> None:
    """Bounds on memory (bytes), processor time, files, core dumps and threads, where the system has them.

    Args:
        address_space: bytes, what the process has already included.
        cpu_seconds: of its whole life.
        tasks: threads of its user, those of other processes included (that is how Linux counts them).
        card: for a process that uses a graphics card. Its driver reserves far more addresses than there is memory, so
            that what can be written is bounded instead; and it opens many files, and keeps compiled programs in some.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = [
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, (64 if card else 8) * 1024 * 1024),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 1024 if card else 64),
    ]
    if sys.platform == "linux":  # macOS refuses RLIMIT_AS
        limits.append((resource.RLIMIT_DATA if card else resource.RLIMIT_AS, address_space))
    if tasks is not None:
        limits.append((resource.RLIMIT_NPROC, tasks))
    for which, value in limits:
        _, hard = resource.getrlimit(which)
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bounded, bounded))


def address_space_now() -> int:
    """Bytes of address space that this process has; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
