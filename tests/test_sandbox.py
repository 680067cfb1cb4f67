"""The sandbox itself: which stack is chosen, workers and their limits, what a zygote survives, what is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from grading_helpers import judge_path, judge_source, reference_source, sample_draws, the_unit
from patience import APPEARS, wait_until

from autograder import lockdown, protocol, sandbox
from autograder.channel import Channel, printable
from autograder.course import load_course
from autograder.errors import EXIT_INFRASTRUCTURE, InfrastructureError, UsageError
from autograder.judge import judge
from autograder.results import Outcome
from autograder.sandbox import BUBBLEWRAP, LANDLOCK, PROCESS, CallTimedOut, Limits, WorkerEnded
from autograder.student import Student, StudentError
from autograder.submission import Submission, read_submission

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
UNIT = "02_bptt"
LIMITS = Limits("numpy", 2.0, 20.0, 512)
TESTS = Path(__file__).parent


def stacks():
    return [pytest.param(stack, id=stack.name) for stack in (BUBBLEWRAP, LANDLOCK, PROCESS)]


@pytest.fixture
def works():
    """Skips where a stack does not work, with the reason."""

    def check(stack):
        available, reasons = sandbox.probe()
        if stack not in available:
            pytest.skip(f"{stack.name}: {reasons[stack.name]}")

    return check


@pytest.fixture
def fresh_probe():
    """The probe looks anew, in this test and in the next."""
    sandbox.probe.cache_clear()
    yield
    sandbox.probe.cache_clear()


def judged(source, stack, exercises):
    """A module's result on a stack."""
    course = load_course()
    submission = Submission(Path("handed_in"), "bptt.py", {"bptt.py": source.encode()})
    return judge(course, course.unit(UNIT), submission, sample_draws(1)[0], stack=stack, exercises=exercises)


def call(source, name, args, stack=PROCESS, limits=LIMITS):
    """What one function of a module returns."""
    student = Student(Submission(Path("x"), "bptt.py", {"bptt.py": source.encode()}), "bptt", limits, stack)
    try:
        return student.call(name, args)
    finally:
        student.close()


# --- which stack ------------------------------------------------------------------------------------


def test_without_bubblewrap_the_next_stack_is_chosen(fresh_probe, monkeypatch, tmp_path, works):
    """Is landlock chosen, and the reason named, where bwrap is not installed?"""
    works(LANDLOCK)
    sandbox.probe.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.choose() is LANDLOCK
    assert "apt install bubblewrap" in sandbox.probe()[1]["bubblewrap"]


def test_refused_namespaces_are_the_reason(fresh_probe, monkeypatch, tmp_path, works):
    """Is what bwrap says the reason where the system refuses namespaces?"""
    works(LANDLOCK)
    sandbox.probe.cache_clear()
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert sandbox.choose() is LANDLOCK
    assert "No permissions" in sandbox.probe()[1]["bubblewrap"]


def test_without_isolation_grading_is_refused(fresh_probe, monkeypatch):
    """Does grading without any isolation raise, say why, and how to get it?"""
    monkeypatch.setattr(lockdown, "landlock_version", lambda: 0)
    with pytest.raises(InfrastructureError, match="no Landlock.*Nothing was graded.*bubblewrap.*--isolation=process"):
        sandbox.choose()
    with pytest.raises(UsageError, match="does not work here"):
        sandbox.choose("landlock")
    assert sandbox.choose("process") is PROCESS


def grade_without_landlock(tmp_path, *arguments):
    """The command line on a kernel without Landlock."""
    program = "import autograder.lockdown as l; l.landlock_version = lambda: 0; from autograder.cli import main; main()"
    module = tmp_path / "bptt.py"
    module.write_text((TESTS / "attacks" / "honest.py").read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-c", program, "grade", UNIT, "--submission", str(module), *arguments]
    environment = os.environ | {"UNROLLED_SALT": "s", "PYTHONPATH": str(TESTS.parent)}
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)


def test_the_command_line_refuses_without_isolation(tmp_path):
    """Is the exit code 5, with one sentence, and no result?"""
    done = grade_without_landlock(tmp_path)
    assert done.returncode == EXIT_INFRASTRUCTURE and "no way to isolate" in done.stderr and not done.stdout


def test_weak_isolation_is_printed_on_every_result(tmp_path):
    """Does --isolation=process grade, and say so in the text and in the JSON?"""
    file = tmp_path / "result.json"
    done = grade_without_landlock(tmp_path, "--isolation=process", "--json", str(file))
    assert done.returncode == 0 and "WEAK" in done.stdout and "process (" in done.stdout
    assert json.loads(file.read_text())["isolation"].startswith("process")


def test_an_unknown_isolation_is_refused():
    """Is a name that is none an error of the person's?"""
    with pytest.raises(UsageError, match="There is no isolation"):
        sandbox.choose("prison")


# --- right answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", stacks())
def test_the_reference_gets_full_marks(stack, works):
    """Is a right module right on every stack?"""
    works(stack)
    result = judged(reference_source(UNIT), stack, None)
    assert result.score == result.max_score and result.isolation == stack.text and result.attempts == []


@pytest.mark.parametrize("stack", stacks())
def test_innocent_modules_are_right_and_not_accused(stack, works):
    """Do modules written in other styles get full marks, and is nothing held against them?"""
    works(stack)
    for path in sorted((TESTS / "alternatives" / UNIT).iterdir()):
        if path.is_dir() or path.suffix == ".py":
            course = load_course()
            unit = course.unit(UNIT)
            exercises = ["rnn_step_forward", "temporal_affine_forward"]
            result = judge(
                course, unit, read_submission(unit, path), sample_draws(1)[0], stack=stack, exercises=exercises
            )
            assert (result.score, result.attempts) == (result.max_score, []), path.name


PLOTS = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib import cm, rcParams
from mpl_toolkits.mplot3d import Axes3D
import seaborn as sns
from IPython import display, get_ipython
from IPython.display import clear_output
from tqdm import tqdm
from tqdm.auto import tqdm as auto
from tqdm.notebook import tqdm as notebook
from pylab import *
import numpy as np

rcParams["figure.dpi"] = 80
sns.set_theme()
get_ipython().run_line_magic("matplotlib", "inline")
plt.style.use("ggplot")
fig, (left, right) = plt.subplots(1, 2, figsize=(3, 2))
left.plot([1, 2], label="x")[0].set_color(cm.viridis(0.5))
for axis in fig.axes:
    axis.grid(True)
with plt.rc_context({"font.size": 8}):
    plt.savefig("figure.png")
plt.rcParams.update({"font.size": 8})
plt.show()
clear_output(wait=True)
for bar in (tqdm, auto, notebook):
    for _ in bar(range(3)):
        pass


@matplotlib.rc_context()
class Plotter(plt.Figure):
    pass


def relative_error(a, b):
    plt.figure()
    plt.title(f"{np.max(a):.2f}")
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))
"""


@pytest.mark.parametrize("stack", stacks())
def test_a_module_that_plots_is_graded(stack, works):
    """Does a module that imports and uses matplotlib, seaborn, IPython and tqdm get its points?"""
    works(stack)
    result = judged(PLOTS, stack, ["relative_error"])
    assert result.score == 2, result.message or result.exercises[0].message
    assert result.attempts == []


TRAINING = """
import numpy as np
import torch

torch.manual_seed(1)


def relative_error(a, b):
    model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    recurrent = torch.nn.LSTM(4, 8, batch_first=True)
    optimiser = torch.optim.Adam([*model.parameters(), *recurrent.parameters()], lr=0.05)
    inputs = torch.randn(32, 4)
    targets = inputs.sum(1, keepdim=True)
    first = last = None
    for _ in range(60):
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        loss = loss + 0 * recurrent(inputs[:, None])[0].sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        first, last = first or loss.item(), loss.item()
    assert last < 0.5 * first, (first, last)
    return torch.tensor(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))
"""


@pytest.mark.parametrize("stack", [pytest.param(s, id=s.name) for s in (BUBBLEWRAP, LANDLOCK)])
def test_torch_trains_in_the_sandbox(stack, works):
    """Do Adam, autograd, an LSTM and clipping work in a torch worker, and is a tensor read as an array?"""
    works(stack)
    course = load_course()
    unit = replace(course.unit(UNIT), engine="torch", memory_mb=4096, call_cpu_seconds=20.0)
    submission = Submission(Path("x"), "bptt.py", {"bptt.py": TRAINING.encode()})
    result = judge(course, unit, submission, sample_draws(1)[0], stack=stack, exercises=["relative_error"])
    sandbox.close_zygotes()  # a torch zygote holds 300 MB
    assert result.score == 2, result.message or result.exercises[0].message
    assert result.attempts == []


# --- workers and zygotes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", stacks())
def test_the_worker_has_five_descriptors(stack, works):
    """Does student code find only its standard streams and the two pipes of the protocol?"""
    works(stack)
    source = "import os\ndef f():\n    found = []\n    for n in range(64):\n        try:\n            os.fstat(n)\n"
    source += "            found.append(n)\n        except OSError:\n            pass\n    return found\n"
    found = call(source, "f", [], stack)
    assert found == [0, 1, 2, 10, 11] if stack is not PROCESS else len(found) <= 5


@pytest.mark.parametrize("stack", stacks())
def test_the_worker_knows_nothing_of_the_graders_environment(stack, works, monkeypatch):
    """Are variables of the judge's environment, the salt among them, absent in the worker?"""
    works(stack)
    monkeypatch.setenv("UNROLLED_SALT", "secret")
    monkeypatch.setenv("API_KEY", "secret")
    sandbox.close_zygotes()
    names = call("import os\ndef f():\n    return list(os.environ)\n", "f", [], stack)
    assert "HOME" in names and not {"UNROLLED_SALT", "API_KEY", "USER", "SSH_AUTH_SOCK"} & set(names)


def test_a_worker_of_other_limits_has_its_own_memory(works):
    """Does a worker with more memory than the spare at hand get it?"""
    works(LANDLOCK)
    source = "import numpy as np\ndef f():\n    return float(np.ones(40_000_000).sum())\n"
    with pytest.raises(StudentError) as error:
        call(source, "f", [], LANDLOCK, replace(LIMITS, memory_mb=128))
    assert error.value.outcome is Outcome.OUT_OF_MEMORY
    assert call(source, "f", [], LANDLOCK, replace(LIMITS, memory_mb=1024)) == 4e7
    with pytest.raises(StudentError):
        call(source, "f", [], LANDLOCK, replace(LIMITS, memory_mb=128))


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
def test_a_graphics_card_may_reserve_addresses_but_not_memory(monkeypatch):
    """With a card a worker's memory is still bounded, and what a driver reserves without using it is not counted."""
    monkeypatch.setenv(sandbox.DEVICE_VARIABLE, "auto")
    source = (
        "import mmap, numpy as np\nkept = []\n"
        "def reserve():\n"
        "    kept.append(mmap.mmap(-1, 64 * 2**30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0))\n"
        "    return len(kept[0]) / 2**30\n"
        "def use():\n    return float(np.ones(2 * 10**9).sum())\n"
    )
    limits = Limits("torch", 20.0, 120.0, 1024)
    student = Student(Submission(Path("x"), "bptt.py", {"bptt.py": source.encode()}), "bptt", limits, PROCESS)
    try:
        assert student.call("reserve", []) == 64.0
        with pytest.raises(StudentError) as error:
            student.call("use", [])
    finally:
        student.close()
    assert error.value.outcome is Outcome.OUT_OF_MEMORY
    assert "1024 MB" in error.value.message


def test_one_spare_is_kept_whatever_the_limits(works):
    """Are there a zygote and one spare, and no more, after workers of many kinds?"""
    works(LANDLOCK)
    for memory in (200, 300, 400, 200):
        call("def f():\n    return 1\n", "f", [], LANDLOCK, replace(LIMITS, memory_mb=memory))
    zygotes = [z for key, z in sandbox._zygotes.items() if key[0] == os.getpid() and z.stack is LANDLOCK]
    assert len(zygotes) == 1
    assert len(psutil.Process(zygotes[0]._process.pid).children(recursive=True)) == 1


@pytest.mark.parametrize("stack", [pytest.param(s, id=s.name) for s in (BUBBLEWRAP, LANDLOCK)])
def test_a_dead_zygote_is_replaced(stack, works):
    """Does a zygote's end between two submissions cost nothing?"""
    works(stack)
    assert call("def f():\n    return 1\n", "f", [], stack) == 1
    zygote = sandbox._zygotes[(os.getpid(), "numpy", stack.name)]
    for process in (*psutil.Process(zygote._process.pid).children(recursive=True), zygote._process):
        process.kill()
    zygote._process.wait()
    assert call("def f():\n    return 2\n", "f", [], stack) == 2


def test_a_zygote_that_dies_under_a_call_is_not_the_students_fault(works):
    """Is it an error of the grader's, never a score, if the sandbox ends while student code runs?"""
    works(LANDLOCK)
    call("def f():\n    return 1\n", "f", [], LANDLOCK)
    zygote = sandbox._zygotes[(os.getpid(), "numpy", "landlock")]
    threading.Timer(0.5, zygote._process.kill).start()
    with pytest.raises(InfrastructureError, match="Nothing was scored"):
        call("import time\ndef f():\n    time.sleep(60)\n", "f", [], LANDLOCK)


def test_a_dead_spare_is_not_handed_out(works):
    """Is a spare that ended while it waited replaced?"""
    works(LANDLOCK)
    call("def f():\n    return 1\n", "f", [], LANDLOCK)
    zygote = sandbox._zygotes[(os.getpid(), "numpy", "landlock")]
    signal.pidfd_send_signal(zygote._spare._pidfd, signal.SIGKILL)
    time.sleep(0.2)
    assert call("def f():\n    return 2\n", "f", [], LANDLOCK) == 2


@pytest.mark.parametrize("stack", [pytest.param(s, id=s.name) for s in (BUBBLEWRAP, LANDLOCK)])
def test_a_killed_judge_leaves_nothing(stack, works, tmp_path):
    """Do zygote and workers end with a judge that is killed in the middle of a call?"""
    works(stack)
    program = f"""
import sys
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
from autograder.sandbox import choose
from test_sandbox import call
print("ready", flush=True)
call("import time\\ndef f():\\n    time.sleep(60)\\n", "f", [], choose({stack.name!r}))
"""
    judge_process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)
    judge_process.stdout.readline()
    assert wait_until(lambda: len(psutil.Process(judge_process.pid).children(recursive=True)) >= 2)
    time.sleep(0.5)  # into the sleeping function, as a rule; before it the same must hold
    children = psutil.Process(judge_process.pid).children(recursive=True)
    judge_process.kill()
    judge_process.wait()
    judge_process.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=APPEARS)
    assert not alive


def test_two_judges_at_once(works):
    """Do two threads that judge at the same time get the same, right results?"""
    works(LANDLOCK)
    source = (TESTS / "attacks" / "honest.py").read_text(encoding="utf-8")
    with ThreadPoolExecutor(2) as pool:
        results = list(
            pool.map(lambda _: judged(source, LANDLOCK, ["relative_error", "rnn_step_forward"]).score, range(6))
        )
    assert results == [6] * 6


def test_torch_and_numpy_have_a_seed_on_every_call():
    """Does student code draw the same random numbers on every call, so that its score never depends on chance?"""
    source = "import random\nimport numpy as np\ndef f():\n    return [random.random(), float(np.random.rand())]\n"
    assert call(source, "f", []) == call(source, "f", [])


# --- what a worker says -----------------------------------------------------------------------------------


class Scripted:
    """A worker that says what a test tells it to."""

    def __init__(self, reply):
        self.reply = reply
        self.limits = LIMITS
        self.sent = []

    def begin(self, factor=1.0, cpu_seconds=None):
        pass

    def answering(self, seconds):
        pass

    def wait_until_ready(self):
        pass

    def send(self, message):
        self.sent.append(message)

    def receive(self):
        kind, number = self.sent[-1][:2] if len(self.sent[-1]) > 1 else ("", 0)
        if kind == "load":
            return ["loaded", number, [["f"], []]]
        if kind == "answer" or kind == "refused":
            raise WorkerEnded("the end of the script")
        return protocol.decode(protocol.encode(self.reply(number)))

    def close(self):
        pass

    def text(self):
        return ""


def scripted(reply):
    student = Student(Submission(Path("x"), "bptt.py", {"bptt.py": b""}), "bptt", LIMITS, PROCESS)
    student._worker = Scripted(reply)
    return student


def test_ten_thousand_malformed_replies_raise_only_student_errors():
    """Does a well-framed reply of any wrong form break the call and nothing else?"""
    import random

    import numpy as np

    rng = random.Random(0)
    pieces = [
        lambda n: n, lambda n: n + 1, lambda n: "result", lambda n: "error", lambda n: "ask", lambda n: "loaded",
        lambda n: "attempt", lambda n: None, lambda n: True, lambda n: 1.5, lambda n: b"x", lambda n: [], lambda n: {},
        lambda n: (), lambda n: np.zeros(3), lambda n: np.array(n), lambda n: [False], lambda n: [True, 1], lambda n: 0,
        lambda n: {"type": np.zeros(2), "frames": [[1, 2, 3, 4]]}, lambda n: protocol.Handle(1, "x"),
        lambda n: {"category": "not_attempted", "frames": [["a", 1, "f", "\x1b[2J"], 3]}, lambda n: [["attempt"]],
        lambda n: {"category": "syntax", "message": {"a": 1}}, lambda n: protocol.Function(2), lambda n: float("nan"),
    ]  # fmt: skip
    ended, returned = 0, 0
    for _ in range(10_000):
        chosen = [rng.choice(pieces) for _ in range(rng.randrange(6))]
        if rng.random() < 0.5:  # the right kind and number, so that more is looked at
            chosen[:2] = [rng.choice(pieces[2:7]), pieces[0]]
        count = [0]

        def reply(number, chosen=chosen, count=count):
            count[0] += 1
            return [piece(number) for piece in chosen] if count[0] < 3 else ["error", number, {}]

        try:
            scripted(reply).call("f", [np.zeros(2)])
            returned += 1
        except StudentError as error:
            ended += 1
            assert "\x1b" not in error.message
    assert ended > 9000 and returned < 500


def test_a_reply_that_is_no_list_breaks_the_protocol():
    """Is a bare value, an array or a dict in the place of a reply refused?"""
    import numpy as np

    for value in (None, 1, "result", np.zeros(4), {"result": 1}, (1, 2, 3)):
        with pytest.raises(StudentError, match="broke the protocol"):
            scripted(lambda number, value=value: value).call("f", [])


def test_call_numbers_cannot_be_guessed():
    """Are the numbers of calls 64 random bits?"""
    numbers = []

    def reply(number):
        numbers.append(number)
        return ["result", number, 1.0, 0]

    student = scripted(reply)
    for _ in range(100):
        student.call("f", [])
    assert len(set(numbers)) == 100 and max(map(abs, numbers)) > 2**60
    assert all(-(2**63) <= number < 2**63 for number in numbers)


def test_questions_are_bounded():
    """Does the judge refuse to compute with arrays that no exercise has, and with what is no array?"""
    import numpy as np

    student = scripted(lambda number: None)
    calls = []
    student._callbacks.append(lambda *values: calls.append(values) or 1.0)
    for values in ([np.zeros(5000)], [np.zeros((2000, 1))], ["x"], [[1.0]], [np.zeros(2)] * 17, None, np.zeros(3), {}):
        assert student._answer(0, values)[0] == "refused"
    for number in (1, -1, True, None, 2**62, np.zeros(1)):
        assert student._answer(number, [])[0] == "refused"
    assert not calls
    assert student._answer(0, [np.zeros((64, 64)), 1.0]) == ["answer", 1.0]


def test_a_large_result_is_not_compared():
    """Is an array of more entries than any right answer replaced by a word before anything computes with it?"""
    import numpy as np

    value = call("import numpy as np\ndef f():\n    return [np.zeros(1_000_001, np.int8), np.zeros(3)]\n", "f", [])
    assert type(value[0]) is protocol.Opaque and np.array_equal(value[1], np.zeros(3))


def pipes():
    """A channel and the other side's ends."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    ours_err, theirs_err = os.pipe()
    return Channel(ours_out, ours_in, ours_err), theirs_in, theirs_out, theirs_err


def test_sending_to_a_worker_that_does_not_read_looks_at_the_deadline():
    """Does a full pipe end in the deadline's exception, and not in waiting for ever?"""
    channel, *theirs = pipes()

    def look():
        raise CallTimedOut(1, "waiting")

    with pytest.raises(CallTimedOut):
        channel.send(b"x" * 1_000_000, look)
    channel.close()
    for descriptor in theirs:
        os.close(descriptor)


def test_output_is_cut_and_drained_while_waiting():
    """Are 64 KB kept of what is printed, in printable characters, while a message is awaited?"""
    channel, theirs_in, theirs_out, theirs_err = pipes()

    def talk():
        for _ in range(300):
            os.write(theirs_err, b"\x1b[31m" + b"y" * 1000)
        os.write(theirs_out, b"\x01\x00\x00\x00N")

    threading.Thread(target=talk).start()
    assert channel.receive(lambda: None) is None
    channel.close()
    text = channel.text()
    assert text.endswith("[… cut at 64 KB]") and len(text) < 66_000 and "\x1b" not in text
    for descriptor in (theirs_in, theirs_out, theirs_err):
        os.close(descriptor)


def test_what_is_printed_after_the_text_was_asked_for_is_in_the_next_text():
    """Does the text grow with the output, however often it was asked for before?"""
    channel, theirs_in, theirs_out, theirs_err = pipes()
    texts = [channel.text()]
    for word in (b"one\r\n", b"two\n"):
        os.write(theirs_err, word)
        os.write(theirs_out, b"\x01\x00\x00\x00N")
        channel.receive(lambda: None)
        texts += [channel.text(), channel.text()]
    os.write(theirs_err, b"three")
    channel.close()
    assert [*texts, channel.text()] == ["", "one\n", "one\n", "one\ntwo\n", "one\ntwo\n", "one\ntwo\nthree"]
    for descriptor in (theirs_in, theirs_out, theirs_err):
        os.close(descriptor)


def test_a_worker_that_closes_its_output_is_still_heard():
    """Does a message arrive, both ways, after the end of the output, without turning in circles until then?"""
    channel, theirs_in, theirs_out, theirs_err = pipes()
    os.close(theirs_err)
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:  # a look is a tenth of a second; a loop that does not wait looks a thousand times
            os.write(theirs_out, b"\x01\x00\x00\x00T")

    assert channel.receive(look) is True and len(looks) < 10
    channel.send("heard", look)
    assert os.read(theirs_in, 100)[4:] == protocol.encode("heard")
    channel.close()
    for descriptor in (theirs_in, theirs_out):
        os.close(descriptor)


def test_text_is_shown_without_control_characters():
    """Are escape sequences, bells and direction marks replaced, and letters, lines and symbols kept?"""
    assert printable("a\x1b[2J\x07\u202eb\n", keep="\n") == "a�[2J��b\n"
    assert printable("Größe → ½ ∂h 漢字") == "Größe → ½ ∂h 漢字"


# --- what the judge reads ------------------------------------------------------------------------------------


def test_a_link_to_somebody_elses_module_is_no_submission(tmp_path):
    """Is a hand-in that is a link out of its folder refused, with words?"""
    other = tmp_path / "ada" / "bptt.py"
    mine = tmp_path / "bob"
    mine.mkdir()
    other.parent.mkdir()
    other.write_text(reference_source(UNIT), encoding="utf-8")
    (mine / "bptt.py").symlink_to(other)
    result = judge_path(UNIT, mine, ["relative_error"])
    assert result.score == 0 and "link" in result.message


def test_a_link_beside_the_module_is_not_followed(tmp_path):
    """Is a helper that is a link out of the folder left out, whatever it points to?"""
    (tmp_path / "secret.py").write_text("KEY = 1\n")
    mine = tmp_path / "bob"
    mine.mkdir()
    (mine / "helper.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "secret.py").write_text("KEY = 1\n")
    (mine / "tools").symlink_to(tmp_path / "others")
    (mine / "bptt.py").write_text("import helper\nimport tools.secret\n")
    assert set(read_submission(the_unit(UNIT), mine).files) == {"bptt.py"}


def test_a_large_source_costs_the_judge_little(tmp_path):
    """Is a module of millions of statements read without building its syntax tree in the judge?"""
    (tmp_path / "helper.py").write_text("x = 1\n")
    (tmp_path / "bptt.py").write_text("import helper\n" + "a;" * 1_000_000)
    used = time.process_time()
    submission = read_submission(the_unit(UNIT), tmp_path)
    assert set(submission.files) == {"bptt.py", "helper.py"}
    assert time.process_time() - used < 2  # the tree alone took eight times that


def test_a_module_named_numpy_beside_the_submission_is_ignored(tmp_path):
    """Are numpy, the standard library and the course's own modules imported, whatever lies beside the module?"""
    for name in ("numpy", "random", "struct", "_unrolled_protocol", "autograder", "coursekit"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('mine')\n")
    shutil.copy(TESTS / "attacks" / "honest.py", tmp_path / "honest.py")
    source = "import autograder, coursekit.upstream, numpy, random, struct\nfrom honest import relative_error\n"
    (tmp_path / "bptt.py").write_text(source)
    assert judge_path(UNIT, tmp_path, ["relative_error"]).score == 2


# --- what a worker may read ----------------------------------------------------------------------------------


def test_the_graders_package_among_the_libraries_is_hidden(monkeypatch, tmp_path):
    """Are checks and solutions hidden where the course lies inside a folder that workers may read?"""
    libraries = tmp_path / "lib"
    package = libraries / "site" / "autograder"
    (package / "checks").mkdir(parents=True)
    (libraries / "site" / "numpy").mkdir()
    (libraries / "os.py").touch()
    for name in (*sandbox.INSIDE, "judge.py"):
        (package / name).touch()
    monkeypatch.setattr(sandbox, "_HERE", package)
    monkeypatch.setattr(sandbox, "_python_paths", lambda: (str(libraries),))
    shown = dict(sandbox._shown())
    assert shown[str(libraries)] and not shown[str(package)] and shown[str(package / "worker.py")]
    listed = sandbox._readable_paths(whole=False)
    for hidden in (str(libraries), str(package), str(package / "checks"), str(package / "judge.py")):
        assert hidden not in listed
    for readable in (libraries / "os.py", libraries / "site" / "numpy", package / "worker.py"):
        assert str(readable) in listed
    command = sandbox._bubblewrap()
    assert command.index(str(libraries)) < command.index(str(package)) < command.index(str(package / "worker.py"))
    assert command[command.index(str(package)) - 1] == "--tmpfs"


@pytest.mark.slow
def test_the_judges_memory_is_flat_over_two_hundred_submissions():
    """Are all scores right, and is the judge no larger at the end, if every fourth of 200 submissions attacks?"""
    from attack_arena import Arena, Targets, failures, load_attacks

    stack = sandbox.choose()
    quick = [a for a in load_attacks() if not a.slow and a.wall_seconds > 10 and a.outcome not in ("timed_out",)]
    arena, targets = Arena(stack.name), Targets()
    memory = []
    try:
        for number in range(50):  # each an attack and, after it, an honest one; then two more honest ones
            attack = quick[number % len(quick)]
            found = arena.attack(attack, targets)
            assert not failures(attack, stack.name, found, targets), attack.name
            plain = "from honest import relative_error, rnn_step_forward\n"
            job = {"name": "honest", "source": plain, "points": {"rnn_step_forward": 4}}
            found = arena.run(job | {"wall_seconds": 300, "memory_mb": 512})
            assert found["result"]["score"] == 4 and found["honest"] == 2
            memory.append(found["memory"])
    finally:
        left = arena.close()
        targets.close()
    assert not left
    assert max(memory[-10:]) < memory[9] + 32 * 1024 * 1024, memory


def test_the_whole_course_as_an_ordinary_user(tmp_path):
    """Does grading under every stack work for a user without rights, where this Python can be read by one?"""
    if os.geteuid() != 0:
        pytest.skip("this is an ordinary user already")
    if not sandbox._anybody_can_read():
        pytest.skip("this Python, or the course, lies where only root can read")
    program = f"""
import os, sys
os.setgroups([]); os.setgid(1234); os.setuid(1234)
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
from test_sandbox import *
from patience import APPEARS, wait_until
for stack in sandbox.probe()[0]:
    assert judged(reference_source(UNIT), stack, None).score == 80
"""
    environment = os.environ | {"UNROLLED_SALT": "s", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd="/")


def test_judge_source_still_judges():
    """Does the helper of the other tests give the same score as a stack does?"""
    source = (TESTS / "attacks" / "honest.py").read_text(encoding="utf-8")
    assert judge_source(UNIT, source, exercises=["relative_error"]).score == 2
