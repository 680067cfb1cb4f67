"""The judge's end of a worker's pipes: messages out, messages in, output drained and cut.

Nothing that the other side does makes the judge wait without looking at its deadlines, or keep more than one
message and 64 KB of output: a worker may flood, drip, announce gigabytes, or stop reading what it is sent.
"""

from __future__ import annotations

import contextlib
import os
import queue
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from autograder import protocol
from autograder.plain_text import printable

MAX_OUTPUT = 64 * 1024  # bytes of a student's output that are kept
_PIECE = 64 * 1024  # bytes read at once
_LONG_PIECE = 1024 * 1024  # of a long message, and what a pipe holds where that can be set
_TURN = 0.1  # seconds between two looks at the deadlines
_NOTHING = object()


class Channel:
    """Three pipes, by file descriptor, which the channel owns from here on.

    Every method that waits calls ``look`` about ten times a second; what that raises ends the waiting.
    """

    _said: tuple[int, bool, str] = (0, False, "")  # of how many bytes, cut or not, what text was made

    def __init__(self, send: int, receive: int, output: int) -> None:
        import select

        self._send, self._receive, self._output = send, receive, output
        self._kept = bytearray()
        self._cut = False
        self._buffer = bytearray()
        self._open = {send, receive, output}
        os.set_blocking(send, False)
        if sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):  # it is only faster: fewer turns between two processes
                fcntl.fcntl(receive, fcntl.F_SETPIPE_SZ, _LONG_PIECE)
        # Registered once: there is a wait for nearly every message.
        self._reading, self._writing = select.poll(), select.poll()
        self._reading.register(receive, select.POLLIN)
        self._writing.register(send, select.POLLOUT)
        for poll in (self._reading, self._writing):
            poll.register(output, select.POLLIN)

    def send(self, message: Any, look: Callable[[], None]) -> None:
        """Send one message; raises OSError if nobody can read it, ProtocolError if it cannot be said."""
        data = protocol.encode(message)
        rest = memoryview(struct.pack("<I", len(data)) + data)
        while rest:
            try:
                rest = rest[os.write(self._send, rest) :]
                continue
            except BlockingIOError:
                pass
            self._wait(self._writing, _TURN)
            look()

    def receive(self, look: Callable[[], None]) -> Any:
        """The next message; raises EOFError at the end, ProtocolError for bad bytes."""
        while (message := self._parse()) is _NOTHING:
            if self._receive in self._wait(self._reading, _TURN):
                piece = os.read(self._receive, self._missing())
                if not piece:
                    raise EOFError
                self._buffer += piece
            look()
        return message

    def _missing(self) -> int:
        """How much to read at once: more if a long message is on its way."""
        announced = struct.unpack_from("<I", self._buffer)[0] if len(self._buffer) >= 4 else 0
        return min(max(announced - len(self._buffer), _PIECE), _LONG_PIECE)

    def _parse(self) -> Any:
        if len(self._buffer) < 4:
            return _NOTHING
        length = struct.unpack_from("<I", self._buffer)[0]
        if length > protocol.MAX_FRAME:
            raise protocol.ProtocolError("message too large")
        if len(self._buffer) < 4 + length:
            return _NOTHING
        data = bytes(memoryview(self._buffer)[4 : 4 + length])
        del self._buffer[: 4 + length]
        return protocol.decode(data)

    def _wait(self, poll: Any, seconds: float) -> list[int]:
        """The descriptors that are ready after at most some seconds; drains the output meanwhile."""
        ready = [descriptor for descriptor, _ in poll.poll(seconds * 1000)]
        if self._output in ready:
            self._drain()
        return ready

    def _drain(self) -> bool:
        """Read one piece of output; False at its end."""
        piece = os.read(self._output, _PIECE)
        if not piece:
            for poll in (self._reading, self._writing):
                with contextlib.suppress(KeyError):
                    poll.unregister(self._output)
            return False
        room = MAX_OUTPUT - len(self._kept)
        self._kept += piece[:room]
        self._cut |= len(piece) > room
        return True

    def close(self) -> None:
        """Take what is left of the output (the process has ended), close the pipes."""
        if not self._open:
            return
        with contextlib.suppress(OSError, ValueError):
            for _ in range(64):  # a pipe holds a megabyte at most; a descendant that still writes is not waited for
                if self._output not in dict(self._reading.poll(0)) or not self._drain():
                    break
        for descriptor in self._open:
            os.close(descriptor)
        self._open = set()

    def text(self) -> str:
        """What was printed."""
        if self._said[:2] != (len(self._kept), self._cut):  # asked for after every exercise, and mostly as before
            words = bytes(self._kept).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
            shown = printable(words, keep="\n\t") + ("\n[… cut at 64 KB]" if self._cut else "")
            self._said = (len(self._kept), self._cut, shown)
        return self._said[2]


class ThreadedChannel(Channel):
    """The same for Windows, where pipes cannot be polled: threads read ahead by one message."""

    def __init__(self, send: int, receive: int, output: int) -> None:
        self._send, self._receive, self._output = send, receive, output
        self._kept = bytearray()
        self._cut = False
        self._open = {send, receive, output}
        self._messages: queue.Queue[Any] = queue.Queue(maxsize=1)
        self._words = threading.Thread(target=self._keep_output, daemon=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._words.start()
        self._reader.start()

    def _read(self) -> None:
        with open(self._receive, "rb", closefd=False) as stream:
            while True:
                try:
                    message = protocol.read_frame(stream)
                except (EOFError, protocol.ProtocolError, OSError) as error:
                    self._messages.put(error)
                    return
                self._messages.put(message)

    def _keep_output(self) -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(self._output, _PIECE):
                room = MAX_OUTPUT - len(self._kept)
                self._kept += piece[:room]
                self._cut |= len(piece) > room

    def send(self, message: Any, look: Callable[[], None]) -> None:
        data = protocol.encode(message)
        rest = memoryview(struct.pack("<I", len(data)) + data)
        while rest:
            rest = rest[os.write(self._send, rest[:_PIECE]) :]
            look()

    def receive(self, look: Callable[[], None]) -> Any:
        while True:
            try:
                message = self._messages.get(timeout=_TURN)
            except queue.Empty:
                look()
                continue
            if isinstance(message, OSError):
                raise EOFError
            if isinstance(message, Exception):
                raise message
            look()
            return message

    def close(self) -> None:
        for _ in range(100):  # the reader may wait for room in the queue
            if not self._reader.is_alive():
                break
            with contextlib.suppress(queue.Empty):
                self._messages.get(timeout=0.05)
        self._words.join(timeout=5)
        if not self._reader.is_alive() and not self._words.is_alive():
            for descriptor in self._open:
                os.close(descriptor)
            self._open = set()


def open_channel(send: int, receive: int, output: int) -> Channel:
    """The right kind for this system."""
    return (ThreadedChannel if sys.platform == "win32" else Channel)(send, receive, output)
