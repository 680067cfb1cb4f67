"""What runs at home runs when graded: a folder to write to, in every worker anew, or a line that is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading_helpers import reference_source, sample_draws, the_unit

from autograder.course import load_course
from autograder.judge import judge
from autograder.results import SubmissionResult
from autograder.sandbox import BUBBLEWRAP, probe
from autograder.submission import Submission

UNIT = the_unit("01_vanilla_rnn")
STACKS = [pytest.param(stack, id=stack.name) for stack in probe()[0]]

WRITES = [
    "import os; os.chdir(os.path.dirname(os.path.abspath(__file__)))",
    "import os; os.makedirs('out/deep', exist_ok=True); open('out/deep/x', 'w').close(); os.listdir('out')",
    "import logging; logging.basicConfig(filename='run.log'); logging.warning('x')",
    "np.save('w.npy', np.zeros(3)); assert np.load('w.npy').shape == (3,)",
    "np.savez('w.npz', a=np.zeros(200_000))",
    "open('done.txt', 'w').write('ok')",
    "import json, pickle; json.dump({}, open('a.json', 'w')); pickle.dump([], open('a.pkl', 'wb'))",
    "import tempfile; tempfile.mkdtemp(); tempfile.NamedTemporaryFile(); tempfile.TemporaryFile()",
    "from pathlib import Path; (Path(__file__).parent / 'a').write_text('x'); (Path.home() / 'b').mkdir()",
    "import os; open('a', 'w').close(); os.rename('a', 'b'); os.remove('b')",
]
HARMLESS = [
    "import getpass; getpass.getuser()",
    "import os; assert os.cpu_count() >= 1",
    "import threading; t = threading.Thread(target=print); t.start(); t.join()",
    "import matplotlib.pyplot as plt; plt.plot([1]); plt.savefig('x.png')",
    "import os, sys; sys.path.append(os.path.dirname(os.path.abspath(__file__)))",
]
REFUSED = [
    "import multiprocessing; pool = multiprocessing.Pool(2)",
    "import subprocess; subprocess.check_output(['git', 'describe'])",
    "open('/tmp/x.txt', 'w')",
    "import socket; socket.create_connection(('host.invalid', 80))",
]


def judged(line: str, stack: object) -> SubmissionResult:
    """The right module with a line more after its imports."""
    source = reference_source(UNIT.id).replace("import numpy as np\n", f"import numpy as np\n{line}\n", 1)
    submission = Submission(Path("handed_in"), UNIT.module_file, {UNIT.module_file: source.encode()})
    return judge(load_course(), UNIT, submission, sample_draws(1)[0], stack=stack)  # type: ignore[arg-type]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("line", [*WRITES, *HARMLESS])
def test_what_writes_or_looks_around_costs_nothing(line: str, stack: object) -> None:
    """All points everywhere; without a word where there is a folder to write to."""
    result = judged(line, stack)
    assert result.score == result.max_score and not result.message
    if stack is BUBBLEWRAP or line in HARMLESS:
        assert not result.exercises[0].remarks and not result.attempts


@pytest.mark.parametrize("stack", [p for p in STACKS if p.id != "process"])
@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_costs_its_line(line: str, stack: object) -> None:
    """All points, and the remark names the line."""
    result = judged(line, stack)
    assert result.score == result.max_score
    assert result.exercises[0].remarks[0].startswith("Left out: Line ")
