"""Judges attacks in a process of its own, under outer limits, so that a machine survives a hole in the sandbox.

As a module: what the tests of the attacks share. As a program: the process that judges, one job per line of
standard input; with ``--table``: runs every attack on every stack and writes the table in SECURITY.md.
"""

from __future__ import annotations

import json
import os
import platform
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from patience import APPEARS, HANGS

ROOT = Path(__file__).resolve().parents[1]
ATTACKS = Path(__file__).resolve().with_name("attacks")
SECURITY = ROOT / "SECURITY.md"
MARKS = ("<!-- attacks: begin -->", "<!-- attacks: end -->")
UNIT = "02_bptt"
JOB_SECONDS = HANGS  # the outer limit on one job
STACKS = ("bubblewrap", "landlock", "process")


@dataclass(frozen=True)
class Attack:
    """One file of tests/attacks: its header and its text."""

    name: str
    source: str
    tries: str
    stopped_by: str
    points: dict[str, float]  # what its honest part deserves
    outcome: str | None = None  # of the first exercise
    said: str | None = None  # pattern of what the report says was tried
    process: bool = False  # harmless enough to be run without a sandbox
    wall_seconds: float = 300.0
    memory_mb: int = 1024
    slow: bool = False
    leaks: tuple[str, ...] = ()  # stacks that do not promise to stop it
    machine: str | None = None  # the only kind of processor that it is written for

    def runs_on(self, stack: str) -> bool:
        return (self.process or stack != "process") and self.machine in (None, platform.machine())


def load_attacks() -> list[Attack]:
    """All attacks, by name."""
    found = []
    for file in sorted(ATTACKS.glob("*.py")):
        if file.name != "honest.py":
            text = file.read_text(encoding="utf-8")
            header = tomllib.loads(text.split('"""')[1])
            header["leaks"] = tuple(header.get("leaks", ()))
            found.append(Attack(file.stem, text, **header))
    return found


class Targets:
    """What attacks aim at: a folder with a secret, and servers that count their visitors."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="secret-")
        self.folder = Path(self._folder.name)
        self.secret = os.urandom(16).hex()
        (self.folder / "salt").write_text(self.secret)
        os.chmod(self.folder / "salt", 0o600)
        self.visits: list[str] = []
        self.abstract = f"unrolled-{os.getpid()}-{os.urandom(4).hex()}"
        self._selector = selectors.DefaultSelector()
        tcp, self.tcp = self._server(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        udp, self.udp = self._server(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        unix, _ = self._server(socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "socket"))
        hidden, _ = self._server(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.abstract}")
        self._servers = (tcp, udp, unix, hidden)

    def _server(self, family: int, kind: int, address) -> tuple[socket.socket, str]:
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        self._selector.register(server, selectors.EVENT_READ)
        name = server.getsockname()
        return server, str(name[1]) if isinstance(name, tuple) else str(name)

    def fill(self, source: str, judge: int) -> str:
        """An attack's text with the targets' names in it."""
        names = {"SECRET": self.folder, "COURSE": ROOT, "JUDGE": judge, "TCP": self.tcp, "UDP": self.udp}
        names |= {"ABSTRACT": self.abstract}
        for name, value in names.items():
            source = source.replace(f"@{name}@", str(value))
        return source.replace("@KNOWN@", repr(known_answers())) if "@KNOWN@" in source else source

    def touched(self) -> list[str]:
        """What is not as it was."""
        found = [f"visited: {key.fileobj}" for key, _ in self._selector.select(timeout=0)]
        if sorted(entry.name for entry in self.folder.iterdir()) != ["salt", "socket"]:
            found.append("the folder's contents")
        elif (self.folder / "salt").read_text() != self.secret or (
            self.folder / "salt"
        ).stat().st_mode & 0o777 != 0o600:
            found.append("the salt")
        return found

    def close(self) -> None:
        self._selector.close()
        for server in self._servers:
            server.close()
        self._folder.cleanup()


def known_answers() -> dict[float, float]:
    """Input -> right answer on the visible draw."""
    from autograder.checking import load_checks
    from autograder.course import load_course
    from autograder.draws import visible_draw

    cases = load_checks(load_course().unit(UNIT))["relative_error"].cases(visible_draw())
    sys.path.insert(0, str(ATTACKS))
    try:
        from honest import relative_error
    finally:
        sys.path.remove(str(ATTACKS))
    return {round(float(case.a.sum()), 9): relative_error(case.a, case.b) for case in cases}


class Arena:
    """A judge in a process group of its own, under limits of its own, that is ended if a job takes too long."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self._process: subprocess.Popen | None = None

    def start(self) -> subprocess.Popen:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__)), self.stack],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=os.environ | {"UNROLLED_SALT": "an arena's salt", "OMP_NUM_THREADS": "1"},
                preexec_fn=outer_limits,
            )
        return self._process

    def run(self, job: dict) -> dict:
        """Do one job; raises TimeoutError or RuntimeError if the judge did not survive it."""
        process = self.start()
        assert process.stdin is not None and process.stdout is not None
        timer = threading.Timer(JOB_SECONDS, self.end)
        timer.start()
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise RuntimeError(f"the judge did not survive {job.get('name')} (exit code {process.wait()})")
        return json.loads(line)

    def attack(self, attack: Attack, targets: Targets) -> dict:
        """Judge an attack, then an honest submission; see :func:`judge_job` for what comes back."""
        source = targets.fill(attack.source, self.start().pid)
        keys = ("points", "wall_seconds", "memory_mb")
        return self.run({"name": attack.name, "source": source} | {key: getattr(attack, key) for key in keys})

    def end(self) -> None:
        """End the judge and all that is in its group."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()

    def close(self) -> list[int]:
        """Let the judge end by itself; the processes of its group that it leaves behind."""
        if self._process is None:
            return []
        process, self._process = self._process, None
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(timeout=APPEARS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        return [number for number in group_members(process.pid) if number != process.pid]


def group_members(group: int) -> list[int]:
    """Processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == group:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def outer_limits() -> None:
    """Bounds on the judge itself, far above what it needs."""
    import resource

    gib = 1024**3
    bounds = {resource.RLIMIT_FSIZE: gib // 4, resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: 1800}
    bounds[resource.RLIMIT_AS] = 24 * gib  # a worker's own limit is far below
    for which, value in bounds.items():
        resource.setrlimit(which, (value, value))


# --- inside the arena -----------------------------------------------------------------------------


def judge_job(job: dict, stack_name: str) -> dict:
    """Judge an attack and, after it, an honest submission; and count what is left over."""
    import psutil

    from autograder.course import load_course
    from autograder.draws import hidden_draw
    from autograder.judge import judge
    from autograder.sandbox import choose
    from autograder.submission import Submission

    course = load_course()
    honest_unit = course.unit(UNIT)
    unit = replace(
        honest_unit, call_cpu_seconds=1.0, call_wall_seconds=float(job["wall_seconds"]), memory_mb=int(job["memory_mb"])
    )
    helper = (ATTACKS / "honest.py").read_bytes()
    draw = hidden_draw(UNIT, "attacker", b"an arena's salt")
    stack = choose(stack_name)

    def points(source: str, exercises: list[str], unit=unit):
        files = {"bptt.py": source.encode(), "honest.py": helper}
        return judge(course, unit, Submission(Path("attack"), "bptt.py", files), draw, stack=stack, exercises=exercises)

    started = time.monotonic()
    result = points(job["source"], list(job["points"]))
    seconds = time.monotonic() - started
    honest = points("from honest import relative_error, rnn_step_forward\n", ["relative_error"], honest_unit)
    children = psutil.Process().children(recursive=True)
    return {
        "result": result.to_json(),
        "honest": honest.score,
        "seconds": seconds,
        "memory": psutil.Process().memory_info().rss,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "children": sorted(child.name() for child in children),
        "shared_memory": len(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else 0,
    }


def serve(stack: str) -> None:
    """Read jobs, write answers, until the input ends."""
    sys.path.insert(0, str(ROOT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(judge_job(json.loads(line), stack)) + "\n")
        answers.flush()


# --- the table ------------------------------------------------------------------------------------


def failures(attack: Attack, stack: str, found: dict, targets: Targets) -> list[str]:
    """Everything that went otherwise than it must; empty if the attack was stopped."""
    result, wrong = found["result"], []
    got = {item["id"]: item["points"] for item in result["exercises"]}
    if got != attack.points:
        wrong.append(f"points {got}, deserved {attack.points}")
    first = result["exercises"][0]
    if attack.outcome and first["outcome"] != attack.outcome:
        wrong.append(f"outcome {first['outcome']}, not {attack.outcome}: {first['message']}")
    shown = json.dumps(result)
    if "BREACH" in result["output"] and stack not in attack.leaks:
        wrong.append(next(line for line in result["output"].splitlines() if "BREACH" in line))
    if targets.secret in shown:
        wrong.append("the secret is in the result")
    if "\\u001b" in shown or "\\u202e" in shown:
        wrong.append("control characters in the result")
    wrong += targets.touched()
    if found["honest"] != 2:
        wrong.append(f"an honest submission after it got {found['honest']} of 2")
    return wrong


def verdict(attack: Attack, stack: str, found: dict, wrong: list[str]) -> str:
    """A cell of the table."""
    if wrong:
        return "**failed**"
    return "seen, not stopped" if "BREACH" in found["result"]["output"] else "stopped"


def table() -> str:
    """Run every attack on every stack that works here; Markdown."""
    from autograder.sandbox import probe

    works = [stack.name for stack in probe()[0]]
    attacks, targets = load_attacks(), Targets()
    cells: dict[tuple[str, str], str] = {}
    for stack in works:
        arena = Arena(stack)
        for attack in attacks:
            if attack.runs_on(stack):
                found = arena.attack(attack, targets)
                wrong = failures(attack, stack, found, targets)
                sys.stderr.write(f"{stack} {attack.name} {found['seconds']:.1f} s {'; '.join(wrong)}\n")
                cells[attack.name, stack] = verdict(attack, stack, found, wrong)
        arena.close()
    targets.close()
    lines = [
        "| attack | what it tries | what stops it | " + " | ".join(STACKS) + " |",
        "|---|---|---|" + "---|" * len(STACKS),
    ]
    for attack in attacks:
        row = [cells.get((attack.name, stack), "not promised" if stack in works else "not run") for stack in STACKS]
        lines.append(f"| {attack.name} | {attack.tries} | {attack.stopped_by} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def main() -> None:
    """See the module."""
    sys.path.insert(0, str(ROOT))
    if sys.argv[1] != "--table":
        serve(sys.argv[1])
        return
    text = SECURITY.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    SECURITY.write_text(f"{before}{MARKS[0]}\n{table()}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
