"""Makes ``autograder/seccomp/<machine>.bpf``: the syscalls that student code may use, as BPF programs.

Run by hand after the list below changes; needs libseccomp and pyseccomp (``pip install pyseccomp``). The
programs are committed, so that grading needs neither: loading one takes a millisecond, building it five.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "autograder" / "seccomp"
CLONE_THREAD = 0x00010000
TCGETS, FIOCLEX = 0x5401, 0x5451
#: What one may do to a descriptor: duplicate it, read and set its flags. Not F_SETOWN and F_SETSIG, which make the
#: kernel send any signal to any process of the same user.
F_SETFL, O_ASYNC = 4, 0o20000
FCNTL = {"F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_DUPFD_CLOEXEC": 1030}

#: What Python, numpy and torch need to compute, allocate, read libraries, start threads and write files.
#: Everything else fails with EPERM: fork, exec, sockets, kill, ptrace, mounts, shared memory, io_uring, ...
ALLOWED = (
    # fmt: off
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "preadv",
    "close",
    "lseek",
    "_llseek",
    "open",
    "openat",
    "stat",
    "lstat",
    "fstat",
    "newfstatat",
    "fstatat64",
    "statx",
    "statfs",
    "fstatfs",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getcwd",
    "getdents",
    "getdents64",
    "fadvise64",
    "dup",
    "dup2",
    "dup3",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "eventfd2",
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "madvise",
    "brk",
    "membarrier",
    "mincore",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "futex",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "set_tid_address",
    "rseq",
    "arch_prctl",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "getcpu",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "times",
    "getpid",
    "gettid",
    "getppid",
    "getpgrp",
    "getpgid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getgroups",
    "getrlimit",
    "getrusage",
    "uname",
    "sysinfo",
    "getrandom",
    "umask",
    # In its own folder, the only one in which Landlock lets it change anything; and where it may go by itself.
    "chdir",
    "fchdir",
    "mkdir",
    "mkdirat",
    "rmdir",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "ftruncate",
    "fsync",
    "fdatasync",
    "sendfile",
    "restart_syscall",
    "exit",
    "exit_group",
    # fmt: on
)


def build(machine: str) -> bytes:
    """The program for ``x86_64`` or ``aarch64``."""
    import pyseccomp as seccomp

    arch = {"x86_64": seccomp.Arch.X86_64, "aarch64": seccomp.Arch.AARCH64}[machine]
    rules: Any = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
    if machine != os.uname().machine:
        rules.add_arch(arch)
        rules.remove_arch(seccomp.Arch.NATIVE)
    for name in ALLOWED:
        try:
            if seccomp.resolve_syscall(arch, name) < 0:
                continue  # a syscall that this architecture does not have
        except ValueError:
            continue
        rules.add_rule(seccomp.ALLOW, name)
    # Threads yes, processes no: clone only with CLONE_THREAD; clone3 hides its flags, so glibc is sent back to clone.
    rules.add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    # Limits of the process itself (pid 0), which can only be lowered; isatty's question; close on exec.
    rules.add_rule(seccomp.ALLOW, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0))
    for command in FCNTL.values():
        rules.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    flags = seccomp.Arg(2, seccomp.MASKED_EQ, O_ASYNC, 0)
    rules.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, F_SETFL), flags)
    for request in (TCGETS, FIOCLEX):
        rules.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    descriptor = os.memfd_create("seccomp")
    with os.fdopen(descriptor, "w+b") as stream:
        rules.export_bpf(stream)
        stream.seek(0)
        return stream.read()


def main() -> None:
    """Write both programs."""
    FOLDER.mkdir(exist_ok=True)
    for machine in ("x86_64", "aarch64"):
        program = build(machine)
        (FOLDER / f"{machine}.bpf").write_bytes(program)
        sys.stdout.write(f"{machine}: {len(program) // 8} instructions\n")


if __name__ == "__main__":
    main()
