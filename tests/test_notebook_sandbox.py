"""A submitted notebook that is executed for grading: what it sees, what it can break, what is said about it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import warnings
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest
from patience import HANGS, wait_until
from small_course import HOME, make_course, make_result

from autograder import grade, notebook_runner, notebook_sandbox, sandbox
from autograder.course import load_course
from autograder.gradebook import ensure_registered, read_scores, record_class
from autograder.notebook_sandbox import CellRun, NotebookLimits, NotebookRun, run_notebook
from autograder.release import release

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # nbgrader's tables on SQLAlchemy 2.1: three warnings that change nothing
    from autograder import nbgrader_bridge as bridge

UNIT = load_course().unit("02_bptt")
#: Times that nothing here reaches unless it hangs; the rest small enough to be reached.
LIMITS = NotebookLimits(
    cell_cpu_seconds=300, cell_wall_seconds=HANGS, notebook_wall_seconds=HANGS, memory_mb=1024, disk_mb=32
)
SHORT = replace(LIMITS, cell_cpu_seconds=2)  # for cells that loop; the others beside them do nothing

needs_bubblewrap = pytest.mark.skipif(
    sandbox.BUBBLEWRAP not in sandbox.probe()[0],
    reason=f"no bubblewrap: {sandbox.probe()[1].get('bubblewrap', '')}",
)


def execute(folder: Path, *cells: str, limits: NotebookLimits = LIMITS) -> NotebookRun:
    """Run cells under the limits, in a folder with the student's files."""
    return run_notebook([textwrap.dedent(cell) for cell in cells], folder, UNIT.id, limits)


def text(run: NotebookRun, cell: int) -> str:
    """All that a cell showed, as text."""
    if cell not in run.cells:
        return "(not executed)"
    return json.dumps(run.cells[cell].outputs)


@contextlib.contextmanager
def nothing_is_left():
    """No process and no folder of ours outlives what happens in here."""
    folders = set(Path("/tmp").glob("unrolled-nb-*"))
    yield
    # What another test process has at the moment goes away by itself.
    assert wait_until(lambda: not leftovers() and set(Path("/tmp").glob("unrolled-nb-*")) <= folders), leftovers()


def leftovers() -> list[str]:
    """Processes below this one, or that run a notebook, by their command or their user."""
    found = []
    own = {child.pid for child in psutil.Process().children(recursive=True)}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            words = " ".join(process.cmdline())
            inside = "notebook_runner.py" in words or "/student/kernel.json" in words
            if (
                (process.pid in own and "resource_tracker" not in words)
                and inside
                or 63_000 <= process.uids().real < 64_000
            ):
                found.append(f"{process.pid} {words}")
    return found


# ── one notebook that tries what it should not be able to do ──────────────────

TOUR = {
    "a secret of the grader": "print([open(p).read(1) for p in {secrets!r}])",
    "another student's work": "import os; print(os.listdir({neighbour!r}))",
    "its own submission, to change it": "open({own!r}, 'w').write('forged')",
    "the grader's package": "import autograder.judge",
    "the known mistakes": "import autograder.mistakes",
    "a network service of this machine": "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
    "a file socket outside": "s = socket.socket(socket.AF_UNIX); s.connect({unix!r})",
    "the host by vsock": "socket.socket(40, socket.SOCK_STREAM)",
    "Python itself": "import numpy; open(numpy.__file__, 'a')",
    "what lies read-only inside": "open('/room/lib/coursekit/__init__.py', 'a')",
    "the root folder": "open('/here', 'w')",
    "the devices' folder": "open('/dev/here', 'w')",
    "its runner's memory": "open('/proc/1/mem', 'rb')",
    "its runner's descriptors": "os.listdir('/proc/1/fd')",
    "the grader's processes": "[p for p in os.listdir('/proc') if p.isdigit() and 'pytest' in "
    "open(f'/proc/{p}/cmdline').read()][0]",
    "a trace of its runner": "import ctypes; libc = ctypes.CDLL(None); assert libc.ptrace(16, 1, 0, 0) == 0",
    "memory that nobody counts": "os.memfd_create('x')",
    "a new user namespace": "assert libc.unshare(0x10000000) == 0",
    "a mount": "assert libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0) == 0",
    "an account with rights": "os.setuid(0)",
    "a file too large": "f = open('big', 'wb'); f.truncate(70 * 2**20)",
}


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """The notebook above, executed once, with what it is after lying about on this machine."""
    root = tmp_path_factory.mktemp("tour")
    folder, other = root / "submitted" / "eve" / UNIT.id, root / "submitted" / "ada" / UNIT.id
    for place in (folder, other):
        place.mkdir(parents=True)
        (place / UNIT.module_file).write_text("mine = 1\n", encoding="utf-8")
    (folder / "link.txt").symlink_to(HOME / "autograder" / "course.toml")
    (root / "gradebook.db").write_text("secret", encoding="utf-8")
    secrets = [root / "gradebook.db", HOME / "solutions" / UNIT.id / UNIT.module_file, HOME / "autograder" / "judge.py"]
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(root / "s"))
        local.listen()
        values = {
            "{secrets!r}": repr([str(path) for path in secrets]),
            "{neighbour!r}": repr(str(other)),
            "{own!r}": repr(str(folder / UNIT.module_file)),
            "{port}": str(server.getsockname()[1]),
            "{unix!r}": repr(str(root / "s")),
        }
        cells = [
            "import os, bptt; from autograder import check; from coursekit.upstream import upstream",
            "open('note.txt', 'w').write('kept'); print(bptt.mine, sorted(os.listdir('.')), os.getuid())",
            "check('rnn_forward')\nupstream('01_vanilla_rnn', 'unroll')",
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
            "try: os.kill(1, 9); os.kill(-1, 9)\nexcept OSError: pass\nprint('still here')",
            *TOUR.values(),
            "print('the end', open('note.txt').read())",
        ]
        for name, value in values.items():
            cells = [cell.replace(name, value) for cell in cells]
        with nothing_is_left():
            return execute(folder, *cells), folder


@needs_bubblewrap
@pytest.mark.parametrize("number", range(len(TOUR)), ids=list(TOUR))
def test_a_notebook_cannot_get_at(tour, number):
    """Each attempt ends in an error of its cell."""
    (output,) = tour[0].cells[5 + number].outputs
    assert output["output_type"] == "error" and output["ename"] in {
        "FileNotFoundError", "PermissionError", "OSError", "ModuleNotFoundError", "ConnectionRefusedError",
        "AssertionError", "IndexError",
    }  # fmt: skip


@needs_bubblewrap
def test_a_notebook_works(tour):
    """Its module, its own files, coursekit and figures are there; links are not followed; the state lasts."""
    run, folder = tour
    assert run.executed and not run.problem and run.isolation == "bubblewrap"
    assert "1 ['bptt.py', 'note.txt'] " in text(run, 1)
    assert "judged outside" in text(run, 2) and "a stand-in" in text(run, 2)
    assert "image/png" in text(run, 3)
    assert "still here" in text(run, 4) and "the end kept" in text(run, 5 + len(TOUR))


@needs_bubblewrap
def test_what_was_handed_in_stays_as_it_was(tour):
    """The notebook wrote a file and tried to change another: in a copy."""
    assert sorted(path.name for path in tour[1].iterdir()) == ["bptt.py", "link.txt"]
    assert (tour[1] / "bptt.py").read_text() == "mine = 1\n"


# ── loops, ends, floods ───────────────────────────────────────────────────────


@needs_bubblewrap
def test_a_loop_costs_its_cell(tmp_path):
    """It is interrupted and says so; the next cell runs with what the ones before it made."""
    with nothing_is_left():
        run = execute(tmp_path, "x = 7", "while True: pass", "print('x is', x)", limits=SHORT)
    assert "more than 2 s of processor time" in run.cells[1].notes[0] and "KeyboardInterrupt" in text(run, 1)
    assert "x is 7" in text(run, 2) and not run.problem


STUBBORN = """
    import signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
ENDINGS = {
    "an exit": ("import os; os._exit(3)", "the kernel ended itself with exit code 3"),
    "a signal": ("import os; os.kill(os.getpid(), 9)", "the kernel was ended by SIGKILL"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "the kernel was ended by SIGSEGV"),
    "a loop that ignores interrupts": (STUBBORN, "did not stop when interrupted"),
}


@needs_bubblewrap
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "an exit" else pytest.mark.slow) for name in ENDINGS]
)
def test_a_kernel_that_ends_takes_only_the_rest_of_its_notebook(tmp_path, name):
    """What was shown before is kept, what ended it is said, the cells after it are not executed."""
    code, why = ENDINGS[name]
    with nothing_is_left():
        cells = ("print('before')", f"print('begun', flush=True){chr(10)}{textwrap.dedent(code)}", "1")
        run = execute(tmp_path, *cells, limits=SHORT)
    assert run.executed and why in run.problem
    assert "before" in text(run, 0) and 2 not in run.cells


@needs_bubblewrap
@pytest.mark.slow
def test_a_flood_of_output_is_bounded(tmp_path):
    """100 MB: little is kept, the cell says how much came or was interrupted, the next one runs."""
    flood = "for _ in range(100): print('x' * 10**6)"
    run = execute(tmp_path, flood, "print('after')")
    assert run.cells[0].notes and len(text(run, 0)) < 200_000 and "after" in text(run, 1)


@needs_bubblewrap
@pytest.mark.slow
def test_many_processes_are_refused_and_none_is_left(tmp_path):
    """Forks fail at the limit; those that succeeded, daemons included, end with the notebook."""
    forks = """
        import os, time
        made = 0
        try:
            for _ in range(1000):
                if os.fork() == 0:
                    os.setsid(); time.sleep(1000); os._exit(0)
                made += 1
        except OSError as error:
            print(type(error).__name__)
        print("made fewer than 100:", made < 100)
    """
    with nothing_is_left():
        run = execute(tmp_path, forks, "print('after')", limits=replace(LIMITS, memory_mb=20_000))
    assert "BlockingIOError" in text(run, 0) and "fewer than 100: True" in text(run, 0) and "after" in text(run, 1)


@needs_bubblewrap
@pytest.mark.slow
def test_a_full_disk_is_the_notebooks_own(tmp_path):
    """It may write so much and no more, in all folders together."""
    fill = """
        import os
        for place in (".", "/dev/shm"):
            written = 0
            try:
                for number in range(100):
                    with open(f"{place}/{number}", "wb") as file:
                        written += file.write(bytes(2**20)); file.flush()
            except OSError as error:
                print(error.strerror, written < 40 * 2**20)
    """
    run = execute(tmp_path, fill)
    assert text(run, 0).count("No space left on device True") == 2


@needs_bubblewrap
@pytest.mark.slow
def test_many_small_files_end_it(tmp_path):
    """Empty files take memory that no limit on size counts."""
    files = "n = 0\nwhile True:\n    open(f'f{n}', 'w').close(); n += 1"
    run = execute(tmp_path, files)
    assert "more than 20000 files" in run.problem


@needs_bubblewrap
@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "kept = []\nwhile True: kept.append(b'x' * 2**25)",
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0: x = b'x' * 2**28; time.sleep(99)",
    ],
    ids=["one process", "several"],
)
def test_too_much_memory_ends_it(tmp_path, code):
    """The memory of all its processes is added up."""
    with nothing_is_left():
        run = execute(tmp_path, "print('before')", code, "import time; time.sleep(3)")
    assert "more than 1024 MB of memory" in run.problem and "before" in text(run, 0)


@needs_bubblewrap
@pytest.mark.slow
def test_twenty_gigabytes_at_once_are_refused(tmp_path):
    """One allocation beyond the limit is an error of its cell."""
    run = execute(tmp_path, "x = bytearray(20 * 2**30)", "print('after')")
    assert "MemoryError" in text(run, 0) and "after" in text(run, 1)


@needs_bubblewrap
@pytest.mark.slow
def test_malformed_messages_are_passed_over(tmp_path):
    """A kernel may send its runner anything; the runner goes on, and what is shown is text and pictures."""
    forge = """
        kernel = get_ipython().kernel
        session, pipe, parent = kernel.session, kernel.iopub_socket, kernel.get_parent()
        for kind in ("stream", "error", "display_data", "update_display_data", "clear_output", "status", "comm_open"):
            for content in ({}, {"data": [1, 2]}, {"data": {"text/plain": {"a": 1}, "image/png": 5}}, {"text": []},
                            {"traceback": 7, "ename": [[]]}, {"transient": 3, "data": {"text/html": "<script>"}}):
                session.send(pipe, kind, content, parent=parent)
        pipe.send_multipart([b"nonsense"])
        pipe.send_multipart([b"a", b"<IDS|MSG>", b"bad signature", b"{}", b"{}", b"{}", b"{}"])
    """
    run = execute(tmp_path, forge, "print('after')")
    assert run.executed and not run.problem and "after" in text(run, 1)
    assert "script" not in text(run, 0)


@needs_bubblewrap
@pytest.mark.slow
def test_a_library_of_the_students_own_does_not_stop_the_kernel(tmp_path):
    """A file of a library's name beside the notebook is found by its cells, not by the kernel."""
    (tmp_path / "zmq.py").write_text("raise SystemExit(4)\n", encoding="utf-8")
    (tmp_path / "lockdown.py").write_text("mine = 6 * 7\n", encoding="utf-8")
    run = execute(tmp_path, "import lockdown; print(lockdown.mine)")
    assert not run.problem and "42" in text(run, 0)


@needs_bubblewrap
@pytest.mark.slow
def test_a_kernel_that_does_not_start_is_said_so(tmp_path, monkeypatch):
    """Nothing is executed then, so outputs that were handed in stay."""
    monkeypatch.setattr(sandbox, "START_SECONDS", 0.0)
    with nothing_is_left():
        run = execute(tmp_path, "1")
    assert not run.executed and "the kernel did not start within 0 s" in run.problem


@needs_bubblewrap
@pytest.mark.slow
def test_the_whole_notebook_has_a_limit(tmp_path):
    """Many patient cells come to an end together."""
    with nothing_is_left():
        run = execute(tmp_path, *["import time; time.sleep(5)"] * 9, limits=replace(LIMITS, notebook_wall_seconds=12))
    assert "the notebook took longer than 12 s" in run.problem and len(run.cells) < 9


@needs_bubblewrap
@pytest.mark.slow
def test_nothing_outlives_a_grader_that_is_killed(tmp_path):
    """SIGKILL on the process that grades ends sandbox, kernel and their children."""
    folder = tmp_path / "submission"
    folder.mkdir()
    code = (
        "from pathlib import Path; from autograder.notebook_sandbox import run_notebook; "
        f"run_notebook(['import os, time; os.fork(); time.sleep(500)'], Path({str(folder)!r}), '02_bptt')"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with nothing_is_left():
        with subprocess.Popen([sys.executable, "-c", code], cwd=HOME, env=environment) as process:
            assert wait_until(lambda: any("kernel.json" in line for line in leftovers()))
            process.send_signal(signal.SIGKILL)


# ── what is refused before anything starts ────────────────────────────────────


def test_without_bubblewrap_nothing_is_executed(tmp_path, monkeypatch):
    """The reason is given, and no process is started."""
    monkeypatch.setattr(sandbox, "probe", lambda: ((sandbox.PROCESS,), {"bubblewrap": "it is not installed"}))
    monkeypatch.setattr(subprocess, "Popen", None)
    run = run_notebook(["1"], tmp_path, UNIT.id)
    assert not run.executed and "it is not installed" in run.problem


def test_an_unknown_isolation_executes_nothing(tmp_path, monkeypatch):
    """A misspelt name is no reason to run anything without isolation."""
    monkeypatch.setenv(notebook_sandbox.ISOLATION, "proces")
    run = run_notebook(["1"], tmp_path, UNIT.id)
    assert not run.executed and "'proces'" in run.problem


@pytest.mark.slow
def test_without_isolation_only_if_told_to(tmp_path, monkeypatch):
    """UNROLLED_EXECUTE_ISOLATION=process works everywhere, is named, and leaves no process."""
    monkeypatch.setenv(notebook_sandbox.ISOLATION, "process")
    with nothing_is_left():
        run = execute(tmp_path, "import subprocess; p = subprocess.Popen(['sleep', '77']); print(6 * 7)")
    assert run.isolation == "process" and "42" in text(run, 0)
    assert "WEAK" in bridge.execution_note(run)


def test_a_submission_of_too_many_bytes_is_not_copied(tmp_path, monkeypatch):
    """It is refused before anything starts."""
    monkeypatch.setattr(notebook_sandbox, "_MAX_SUBMISSION", 10)
    monkeypatch.setattr(notebook_sandbox, "stack_for_notebooks", lambda: sandbox.BUBBLEWRAP)
    (tmp_path / "data.bin").write_bytes(bytes(11))
    run = run_notebook(["1"], tmp_path, UNIT.id)
    assert not run.executed and "more files than a notebook has use for" in run.problem


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"7", b"[" * 100_000, b"\xff", b'{"kind": "cell"}', b'{"kind": "begin", "index": [1]}',
        b'{"kind": "cell", "index": "x", "count": 1}',
        b'{"kind": "cell", "index": 1, "count": 1, "notes": [], "outputs": 4}',
    ],
)  # fmt: skip
def test_a_report_that_is_none_ends_the_run(line):
    """Whatever comes out of a sandbox, only the supervisor's own exception follows."""
    supervisor = object.__new__(notebook_sandbox._Supervisor)
    supervisor.run = NotebookRun(True, "bubblewrap")
    with pytest.raises(notebook_sandbox._Stopped, match="no report"):
        supervisor._note(line)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_list_of_refused_calls_is_a_valid_program(machine):
    """Every jump of the filter stays inside it, and every path ends in an answer."""
    program = notebook_runner.deny_list(machine)
    steps = [(int.from_bytes(program[at : at + 2], "little"), program[at + 2], program[at + 3])
             for at in range(0, len(program), 8)]  # fmt: skip
    assert len(steps) < 4096 and steps[-1][0] == 0x06
    assert all(at + 1 + max(yes, no) < len(steps) for at, (code, yes, no) in enumerate(steps) if code & 7 == 5)


# ── in grading ────────────────────────────────────────────────────────────────


def test_outputs_are_tidied_and_what_happened_is_said():
    """Text and pictures, whatever shape they have; a note on top and one in each cell that did not end."""
    cells = [
        nbformat.v4.new_code_cell("1"),
        nbformat.v4.new_markdown_cell("text"),
        *map(nbformat.v4.new_code_cell, "23"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    shown = [
        {
            "output_type": "display_data",
            "data": {"text/html": "<script>", "text/plain": "fine", "image/png": "not base64!"},
        },
        {"output_type": "display_data", "data": ["a"]},
        {"output_type": ["x"]},
        {"output_type": "error", "traceback": 5},
    ]
    ran = {0: CellRun(shown, 1, ["This cell was interrupted."], done=True), 2: CellRun()}
    bridge.write_outputs(notebook, ["1", None, "2", "3"], NotebookRun(True, "bubblewrap", ran, "the kernel ended"))
    nbformat.validate(notebook)
    note, first, _, second, third = notebook.cells
    assert "Executed for grading" in note.source and "the kernel ended" in note.source
    assert [o.output_type for o in first.outputs] == ["display_data", "error"] and "interrupted" in str(first.outputs)
    assert "<script>" not in str(notebook) and "The kernel ended." in str(second.outputs)
    assert third.outputs[0].ename == "Not executed"


def test_if_nothing_is_executed_handed_in_outputs_stay():
    """They are all that there is to see, and the note says whose they are."""
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="mine")])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    bridge.write_outputs(notebook, ["1"], NotebookRun(False, "none", problem="there is no <b>bubblewrap</b>"))
    assert "mine" in str(notebook.cells[1].outputs) and "Not executed" in notebook.cells[0].source
    assert "<b>" not in notebook.cells[0].source


@pytest.fixture
def room(tmp_path, monkeypatch) -> Path:
    """A released course with small notebooks; the judge gives each module the share that it asks for."""
    monkeypatch.setenv("UNROLLED_SALT", "a salt for tests")
    monkeypatch.setenv(notebook_sandbox.SWITCH, "1")
    root = make_course(tmp_path / "course")
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write("\nc.ExecuteNotebook.cell_cpu_seconds = 6.0\n")
    release([UNIT.id], root=root)
    ensure_registered(UNIT, root, f"sqlite:///{root / 'gradebook.db'}")

    def judge(unit_id, path, *, student, draw):
        return make_result(UNIT, float((path / UNIT.module_file).read_text(encoding="utf-8")), student=student)

    monkeypatch.setattr(grade, "grade_submission", judge)
    return root


def hand_in(root: Path, student: str, experiment: str) -> None:
    """The small notebook with another experiment in it; the module asks for half of the points."""
    folder = root / "submitted" / student / UNIT.id
    folder.mkdir(parents=True)
    (folder / UNIT.module_file).write_text("0.5", encoding="utf-8")
    notebook = nbformat.read(root / "notebooks" / UNIT.id / f"{UNIT.id}.ipynb", as_version=4)
    notebook.cells[2].source = textwrap.dedent(experiment)
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="an old output")]
    nbformat.write(notebook, folder / f"{UNIT.id}.ipynb")


def half() -> dict[str, float]:
    return {exercise.id: exercise.points / 2 for exercise in UNIT.exercises}


@needs_bubblewrap
@pytest.mark.slow
def test_scores_stand_whatever_a_notebook_does(room):
    """Through nbgrader: each notebook's outputs are fresh, its score is its module's, its page says what happened."""
    hand_in(room, "ada", "print('fresh', 2 * 21)")
    hand_in(room, "bob", "import os; os._exit(0)")
    hand_in(room, "eve", f"open({str(room / 'gradebook.db')!r}, 'r+b').truncate(0)")
    hand_in(room, "max", "while True: pass")
    said = {
        "ada": "fresh 42",
        "bob": "the kernel ended itself with exit code 0",
        "eve": "FileNotFoundError",
        "max": "This cell was interrupted: it used more than 2 s of processor time.",
    }
    with nothing_is_left():
        entries = {entry.student: entry for entry in record_class(UNIT.id, root=room)}
    assert "exit code 0" in entries["bob"].notes[0] and not entries["ada"].notes
    for student, words in said.items():
        assert entries[student].ok
        assert read_scores(UNIT, student, f"sqlite:///{room / 'gradebook.db'}", load_course().name) == half()
        page = entries[student].feedback.read_text(encoding="utf-8")
        assert words in page and "an old output" not in page and "Executed for grading" in page


@needs_bubblewrap
@pytest.mark.slow
def test_switching_it_on_grades_again(room, monkeypatch):
    """A result without execution is out of date once execution is asked for, and the other way round."""
    hand_in(room, "ada", "print('fresh')")
    monkeypatch.setenv(notebook_sandbox.SWITCH, "0")
    (entry,) = record_class(UNIT.id, root=room)
    assert "an old output" in entry.feedback.read_text(encoding="utf-8")
    monkeypatch.setenv(notebook_sandbox.SWITCH, "1")
    (entry,) = record_class(UNIT.id, root=room)
    assert entry.changed and "an old output" not in entry.feedback.read_text(encoding="utf-8")
    assert not record_class(UNIT.id, root=room)[0].changed
