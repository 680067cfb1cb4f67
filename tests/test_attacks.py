"""Every attack of tests/attacks, against every isolation that this machine offers, under outer limits."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache

import attack_arena
import pytest
from attack_arena import ATTACKS, MARKS, SECURITY, STACKS, Arena, Attack, Targets, failures, load_attacks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

#: Without a sandbox the course promises deadlines and a judge that nothing reaches; a sample of that in every run.
SAMPLE = {"segfaults", "sends_garbage", "prints_escapes", "equals_everything"}


@lru_cache(maxsize=1)
def available() -> tuple[str, ...]:
    from autograder.sandbox import probe

    return tuple(stack.name for stack in probe()[0]) if sys.platform == "linux" else ()


def pairs():
    """(stack, attack): what runs on a stack; in the normal run, what a stack adds to the one before it."""
    for stack in STACKS:
        for attack in load_attacks():
            if attack.runs_on(stack):
                again = attack.process and (stack == "landlock" or stack == "process" and attack.name not in SAMPLE)
                marks = [pytest.mark.slow] if attack.slow or again else []
                yield pytest.param(stack, attack, id=f"{stack}-{attack.name}", marks=marks)


@pytest.fixture(scope="module")
def targets():
    found = Targets()
    yield found
    found.close()


@pytest.fixture(scope="module")
def arenas():
    """One judge per stack, which judges all attacks one after the other; nothing may be left when it ends."""
    found = {stack: Arena(stack) for stack in STACKS}
    yield found
    left = {stack: arena.close() for stack, arena in found.items()}
    assert not any(left.values()), f"processes left behind: {left}"


@pytest.mark.parametrize(("stack", "attack"), list(pairs()))
def test_an_attack_gets_what_its_honest_part_deserves(stack, attack, arenas, targets):
    """Is an attack stopped, said, and scored by its honest part, and the next submission judged as ever?"""
    if stack not in available():
        pytest.skip(f"{stack} does not work here")
    found = arenas[stack].attack(attack, targets)
    assert not failures(attack, stack, found, targets)
    if attack.said:
        wanted = targets.fill(attack.said, 0)
        attempts = found["result"]["attempts"]
        assert any(re.search(wanted, words) for words in attempts), attempts
    # The judge is as it was: a zygote and its spare at most, no descriptor, thread or megabyte more than needed.
    assert len(found["children"]) <= {"bubblewrap": 3, "landlock": 2, "process": 0}[stack], found["children"]
    assert found["descriptors"] <= 16 and found["threads"] == 1
    assert found["memory"] < 400 * 1024 * 1024


def test_there_are_enough_attacks():
    """Are there at least 45 attacks, 45 of which need a sandbox or not at all alike?"""
    attacks = load_attacks()
    assert len(attacks) >= 100
    assert sum(not attack.process for attack in attacks) >= 45


def test_every_attack_says_what_it_tries():
    """Does every header name what is tried and what stops it, and no two the same?"""
    attacks = load_attacks()
    assert all(attack.tries and attack.stopped_by and attack.points for attack in attacks)
    assert len({attack.tries for attack in attacks}) == len(attacks)


def test_every_attack_is_in_the_table():
    """Does SECURITY.md's table hold every attack, as its header has it, and none that failed?"""
    text = SECURITY.read_text(encoding="utf-8").split(MARKS[0])[1].split(MARKS[1])[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()[2:]]
    assert [row[:3] for row in rows] == [[a.name, a.tries, a.stopped_by] for a in load_attacks()]
    attacks = {attack.name: attack for attack in load_attacks()}
    for name, _, _, *cells in rows:
        for stack, cell in zip(STACKS, cells, strict=True):
            attack = attacks[name]
            allowed = {"stopped"} | ({"seen, not stopped"} if stack in attack.leaks else set())
            assert cell in (allowed if replace(attack, machine=None).runs_on(stack) else {"not promised"}), (
                name,
                stack,
            )


def test_the_arena_survives_a_judge_that_does_not(monkeypatch, targets):
    """Is a job that hangs ended from outside, with everything in its group?"""
    monkeypatch.setattr(attack_arena, "JOB_SECONDS", 2)
    arena = Arena("process")
    group = arena.start().pid
    with pytest.raises(RuntimeError, match="did not survive"):
        arena.attack(Attack("x", "while True: pass", "x", "x", {"relative_error": 0}, wall_seconds=600), targets)
    arena.end()
    arena.close()
    survivors = subprocess.run(["ps", "-o", "pid=", "-g", str(group)], capture_output=True, text=True, check=False)
    assert not survivors.stdout.strip()


def test_the_honest_part_is_honest():
    """Does the honest part of all attacks, by itself, get full marks for what it holds?"""
    from grading_helpers import judge_source

    source = (ATTACKS / "honest.py").read_text(encoding="utf-8")
    result = judge_source("02_bptt", source, exercises=["relative_error", "rnn_step_forward"])
    assert result.score == result.max_score == 6 and not result.attempts
