"""Notes what a student's code tried that no exercise asks for, for the report; stops nothing.

An audit hook (PEP 578) sees files opened for writing or outside the libraries, sockets, processes, signals,
foreign libraries and a look around in the interpreter. Only what the student's own lines do, directly or through
a library's function, is noted; what an import does is the library's business. What is refused by the kernel
without passing through Python is not seen, and code that tampers with the hook's list deceives nobody but the
report.

Loaded by :mod:`autograder.worker` on its own, without the rest of the package.
"""

from __future__ import annotations

import os
import sys
import threading
import types
from collections.abc import Callable, Container
from typing import Any

MOST = 20  # notes per worker

#: Event -> words; "{0}" is the event's first argument.
_WORDS = {
    "os.system": "run the command {0}",
    "os.exec": "replace the process by {0}",
    "os.posix_spawn": "start the process {0}",
    "os.spawn": "start the process {1}",
    "subprocess.Popen": "start the process {0}",
    "os.fork": "fork",
    "os.forkpty": "fork",
    "pty.spawn": "start the process {0}",
    "os.kill": "send a signal to process {0}",
    "os.killpg": "send a signal to process group {0}",
    "signal.pthread_kill": "send a signal to a thread",
    "os.remove": "remove {0}",
    "os.rename": "rename {0}",
    "os.rmdir": "remove the folder {0}",
    "os.mkdir": "make the folder {0}",
    "os.chmod": "change the mode of {0}",
    "os.chown": "change the owner of {0}",
    "os.link": "link {0}",
    "os.symlink": "link {0}",
    "os.truncate": "truncate {0}",
    "os.utime": "change the times of {0}",
    "shutil.rmtree": "remove the folder {0}",
    "socket.__new__": "open a socket",
    "socket.connect": "connect to {1}",
    "socket.bind": "bind a socket to {1}",
    "socket.sendto": "send to {1}",
    "socket.getaddrinfo": "look up the host {0}",
    "socket.gethostbyname": "look up the host {0}",
    "ctypes.dlopen": "load the library {0}",
    "ctypes.string_at": "read memory by address",
    "ctypes.memmove": "write memory by address",
    "resource.setrlimit": "change a resource limit",
    "resource.prlimit": "change a resource limit",
    "fcntl.fcntl": "change a file descriptor",
    "fcntl.flock": "lock a file",
    "sys.addaudithook": "add an audit hook",
    "sys._current_frames": "look at other frames",
    "gc.get_objects": "look through all objects",
    "gc.get_referrers": "look through all objects",
    "gc.get_referents": "look through all objects",
    "syslog.openlog": "write to the system's log",
    "sqlite3.connect": "open the database {0}",
    "mmap.__new__": "map a file",
}
#: Events that count only if the student's own line causes them: libraries use them innocently.
_DIRECTLY = {
    "sys._getframe": "look at other frames",
    "gc.get_objects": _WORDS["gc.get_objects"],
    "gc.get_referrers": _WORDS["gc.get_referrers"],
    "gc.get_referents": _WORDS["gc.get_referents"],
}
#: What changes files; in the worker's own folder it may.
_OWN = frozenset({"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"})
_PATHS = frozenset({"open", "os.listdir", "os.scandir", "os.chdir", "glob.glob"})
_PLACES = {sys.prefix, sys.base_prefix, sys.exec_prefix, "/usr", "/lib", "/lib64", "/bin"}
#: Folders of Python and its libraries, with a slash at the end; found once, not in every worker.
_LIBRARIES = (
    *(os.path.realpath(place).rstrip("/") + "/" for place in _PLACES | {os.path.dirname(os.__file__)}),
    *(place.rstrip("/") + "/" for place in _PLACES),
)
#: The grader's files in the sandbox: libraries read the lines of whatever calls them.
_BESIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_INSIDE = frozenset(f"{_BESIDE}{name}.py" for name in ("importing", "worker", "zygote"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install(files: Container[str], report: Callable[[str], None]) -> None:
    """Watch from now on; cannot be undone.

    Args:
        files: names of the student's files, as their code objects carry them.
        report: called with words for each new thing, at most :data:`MOST` times, from any thread.
    """
    own = os.path.join(os.getcwd(), "")  # a worker's own folder: what is done in it concerns nobody
    devices = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/", "."}
    told: set[str] = set()
    local = threading.local()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _WORDS and event not in _PATHS and event not in _DIRECTLY:
            return
        if len(told) >= MOST or getattr(local, "busy", False):
            return
        local.busy = True
        try:
            words = describe(event, arguments)
            if words and words not in told and by_student(event):
                told.add(words)
                report(words)
        except Exception:  # a report is not worth a failure of the student's code
            pass
        finally:
            local.busy = False

    def describe(event: str, arguments: tuple[Any, ...]) -> str:
        if event in _OWN and arguments and within(arguments[0]):
            return ""
        if event not in _PATHS:
            template = _WORDS.get(event) or _DIRECTLY.get(event, "")
            return template.format(*(_short(argument) for argument in (*arguments, "", "")))
        path = arguments[0] if arguments else ""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if within(path):
            return ""
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            return f"write to {_short(path)}" if not isinstance(path, int) and path not in devices else ""
        if not isinstance(path, str) or path in devices:
            return ""
        # A file beside the module, or a library's: nothing to tell, whether or not it is there.
        inside = not path.startswith(("/", "~")) and ".." not in path.split("/")
        if inside or path in _INSIDE or (os.path.normpath(path) + "/").startswith(_LIBRARIES):
            return ""
        return f"{'read' if event == 'open' else 'look into'} {_short(path)}"

    def within(path: Any) -> bool:
        """Whether a path leads into the worker's own folder, if it has one."""
        if own == os.sep or not isinstance(path, (str, bytes)):
            return False
        whole = os.path.realpath(os.fsdecode(path))
        return os.path.join(whole, "").startswith(own)

    def by_student(event: str) -> bool:
        frame: types.FrameType | None = sys._getframe(2)  # whoever caused the event
        assert frame is not None
        if event in _DIRECTLY:
            return frame.f_code.co_filename in files
        while frame is not None:
            name = frame.f_code.co_filename
            if name in files:
                return True
            if name.startswith("<frozen importlib"):
                return False
            frame = frame.f_back
        return False

    sys.addaudithook(hook)


def _short(value: Any) -> str:
    text = os.fsdecode(value) if isinstance(value, (str, bytes)) else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
