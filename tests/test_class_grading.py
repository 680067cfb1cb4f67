"""Grading many submissions (autograder/grade.py): kept as they come, tried again, never a score that is none."""

from __future__ import annotations

import os
import signal
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest
from class_helpers import SALT, UNIT, Here
from small_course import make_result

from autograder import grade as grading
from autograder.cluster import Processes
from autograder.errors import InfrastructureError, UsageError
from autograder.grade import HOPELESS, MOST_TRIES, OURS, Task, grade_class, judge_task
from autograder.results import Outcome
from autograder.sandbox import PROCESS
from autograder.store import ResultStore


@pytest.fixture
def submissions(tmp_path, monkeypatch) -> dict[str, Path]:
    """Eight students' modules, in a course folder without anything else."""
    monkeypatch.setenv("UNROLLED_SALT", SALT)
    found = {}
    for name in "abcdefgh":
        found[name] = tmp_path / "submitted" / name / UNIT.id
        found[name].mkdir(parents=True)
        (found[name] / UNIT.module_file).write_text(f"# {name}\n", encoding="utf-8")
    return found


def passed(task: Task) -> dict[str, object]:
    """A judge that gives everybody all points."""
    return make_result(UNIT, 1.0, student=task.student).to_json()


def graded(submissions, root, instead, **options):
    """Student -> what became of them, and the place that judged."""
    place = Here(instead)
    done = list(grade_class(UNIT.id, submissions, root, executor=place, stack=PROCESS, **options))
    assert len(done) == len({one.student for one in done}) == len(submissions)
    return {one.student: one for one in done}, place


def test_everybody_is_judged_once_and_kept(submissions, tmp_path):
    """Each result is in the store when it is handed out; a second run judges nobody."""
    seen = []
    for one in grade_class(UNIT.id, submissions, tmp_path, executor=Here(passed), stack=PROCESS):
        key = ResultStore(tmp_path).key(UNIT, submissions[one.student], one.student)
        assert ResultStore(tmp_path).load(UNIT, one.student, key) == one.result
        seen.append(one.student)
    assert sorted(seen) == sorted(submissions)
    again, place = graded(submissions, tmp_path, passed)
    assert place.asked == [] and all(one.kept for one in again.values())


def test_force_judges_what_is_kept(submissions, tmp_path):
    """With force nobody's earlier result is taken."""
    graded(submissions, tmp_path, passed)
    again, place = graded(submissions, tmp_path, passed, force=True)
    assert sorted(place.asked) == sorted(submissions) and not any(one.kept for one in again.values())


def test_only_what_changed_is_judged_again(submissions, tmp_path):
    """A new version of one module sends that one."""
    graded(submissions, tmp_path, passed)
    (submissions["c"] / UNIT.module_file).write_text("# another\n", encoding="utf-8")
    again, place = graded(submissions, tmp_path, passed)
    assert place.asked == ["c"] and not again["c"].kept


def test_a_failure_of_the_grader_is_tried_again(submissions, tmp_path):
    """What works at the last try counts as if it had worked at once."""
    tries = dict.fromkeys(submissions, 0)

    def shaky(task):
        tries[task.student] += 1
        if task.student == "d" and tries["d"] < MOST_TRIES:
            raise InfrastructureError("The sandbox did not start.")
        return passed(task)

    done, _ = graded(submissions, tmp_path, shaky)
    assert done["d"].result is not None and done["d"].tries == MOST_TRIES
    assert {name: count for name, count in tries.items() if name != "d"} == dict.fromkeys("abcefgh", 1)


@pytest.mark.parametrize("error", [InfrastructureError("no sandbox"), MemoryError(), OSError(5, "disk"), KeyError("x")])
def test_a_failure_that_stays_is_a_state_not_a_score(submissions, tmp_path, error):
    """After the last try there is a reason and no result, nothing is kept, and the others have theirs."""

    def broken(task):
        if task.student == "d":
            raise error
        return passed(task)

    done, place = graded(submissions, tmp_path, broken)
    assert done["d"].result is None and f"failed {MOST_TRIES} times" in done["d"].problem
    assert place.asked.count("d") == MOST_TRIES
    assert [name for name, one in done.items() if one.result is None] == ["d"]
    assert not list(ResultStore(tmp_path).history(UNIT, "d"))


def test_a_result_that_says_the_grader_failed_is_none(submissions, tmp_path):
    """An outcome `environment` is tried again, and never kept."""

    def failing(task):
        result = make_result(UNIT, 1.0)
        if task.student == "d":
            result.exercises[0].outcome = Outcome.ENVIRONMENT
        return result.to_json()

    done, place = graded(submissions, tmp_path, failing)
    assert done["d"].result is None and place.asked.count("d") == MOST_TRIES


def test_bad_words_are_not_tried_again(submissions, tmp_path):
    """An error that trying cannot mend is said at once."""

    def refused(task):
        raise UsageError("there is no such isolation")

    done, place = graded({"a": submissions["a"]}, tmp_path, refused)
    assert done["a"].problem == "there is no such isolation" and place.asked == ["a"]


def test_a_submission_that_cannot_be_read_costs_nobody_else(submissions, tmp_path):
    """A folder that is gone is a reason for one student."""
    submissions["d"] = tmp_path / "gone"
    done, _ = graded(submissions, tmp_path, passed)
    assert "There is nothing at" in done["d"].problem
    assert sum(one.result is not None for one in done.values()) == len(submissions) - 1


def test_a_broken_grader_gives_up_early(submissions, tmp_path):
    """If nobody can be judged, the rest of the class is not tried, and says so."""
    more = {f"s{number}": submissions["a"] for number in range(40)}

    def broken(task):
        raise InfrastructureError("no sandbox")

    done, place = graded(more, tmp_path, broken)
    tried = set(place.asked) - {OURS}
    assert all(one.result is None for one in done.values()) and place.asked.count(OURS) == 1
    assert len(tried) < 2 * HOPELESS + 5
    assert sum("Not tried" in one.problem for one in done.values()) == len(more) - len(tried)


def test_submissions_that_cannot_be_judged_do_not_end_the_class(submissions, tmp_path):
    """Five and more in a row: the course's own module is judged, so it is theirs, and everybody else has a result."""
    hostile = {f"m{number}": submissions["a"] for number in range(3 * HOPELESS)}

    def judging(task):
        if task.student in hostile:
            raise ValueError("The truth value of an array with more than one element is ambiguous.")
        return passed(task)

    done, place = graded(hostile | submissions, tmp_path, judging)
    assert OURS in place.asked
    assert {name for name, one in done.items() if one.result is None} == set(hostile)
    assert all("failed 3 times: ValueError" in done[name].problem for name in hostile)
    assert OURS not in done and not list(ResultStore(tmp_path).history(UNIT, "own"))


def test_who_ends_the_process_is_found_and_the_others_are_judged(submissions, tmp_path):
    """When an executor breaks, those who were under way are judged one by one: only the cause pays."""
    beside = {"d"}

    def deadly(task):
        if task.student in beside:
            raise BrokenExecutor("a process was killed")
        return passed(task)

    done, place = graded(submissions, tmp_path, deadly)
    assert "was killed" in done["d"].problem and place.asked.count("d") == MOST_TRIES + 1
    assert [name for name, one in done.items() if one.result is None] == ["d"]


def judge_or_die(task: Task) -> dict[str, object]:
    """Runs in a process of a real pool; one student's task kills that process, as the kernel may when memory ends."""
    if task.student == "d":
        os.kill(os.getpid(), signal.SIGKILL)
    return passed(task)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_costs_only_whom_it_judged(submissions, tmp_path):
    """Real processes: a killed one is replaced, and everybody but the cause has a result."""

    class Deadly(Processes):
        def submit(self, fn, /, *args, **kwargs):
            return super().submit(judge_or_die if args else fn, *args, **kwargs)

    place = Deadly(2)
    try:
        done = {one.student: one for one in grade_class(UNIT.id, submissions, tmp_path, executor=place, stack=PROCESS)}
    finally:
        place.shutdown()
    assert "was killed" in done["d"].problem
    assert [name for name, one in done.items() if one.result is None] == ["d"]


def test_another_grader_does_not_judge(submissions, tmp_path, monkeypatch):
    """A task carries the versions that its result is kept under; who has others refuses, and says which."""
    tasks = []
    graded({"a": submissions["a"]}, tmp_path, lambda task: tasks.append(task) or passed(task))
    own = grading.grader_pieces(UNIT)
    monkeypatch.setattr(grading, "grader_pieces", lambda unit: own | {"version/numpy": "1.0"})
    with pytest.raises(InfrastructureError, match=r"another grader than the judge \(version/numpy 1.0, not"):
        judge_task(tasks[0])


def test_a_task_holds_no_path_and_no_salt(submissions, tmp_path):
    """What goes to another machine is bytes, a draw and versions."""
    tasks = []
    graded({"a": submissions["a"]}, tmp_path, lambda task: tasks.append(task) or passed(task))
    said = repr(tasks[0])
    assert str(tmp_path) not in said and SALT not in said
    assert tasks[0].submission.files == {UNIT.module_file: b"# a\n"} and tasks[0].draw.hidden


def test_memory_does_not_grow_with_the_class(submissions, tmp_path):
    """No more is on its way at a time than can be judged and a little more."""
    many = {f"s{number}": submissions["a"] for number in range(50)}
    most = []
    place = Here(passed)
    run = grade_class(UNIT.id, many, tmp_path, executor=place, stack=PROCESS)
    for done, _ in enumerate(run):
        most.append(len(place.asked) - done)
    assert max(most) <= 2 * place.width + 2


def test_what_is_finished_when_a_run_is_interrupted_is_kept(submissions, tmp_path):
    """Closing the run early puts into the store what has been judged but not handed out."""
    run = grade_class(UNIT.id, submissions, tmp_path, executor=(place := Here(passed)), stack=PROCESS)
    next(run)
    run.close()
    kept = [name for name in submissions if list(ResultStore(tmp_path).history(UNIT, name))]
    assert sorted(kept) == sorted(place.asked) and len(kept) > 1
