"""Correct modules of unit 5 in other styles: none of them loses a point."""

from __future__ import annotations

from pathlib import Path

import pytest
from alternative_helpers import called
from grading_helpers import judge_path, judge_source, reference_source, sample_draws, the_unit

from autograder.checking import load_checks, run_case
from autograder.checks import test_05_captioning as checks
from autograder.draws import visible_draw
from autograder.mistakes import LocalStudent, reference_path
from autograder.mutants import alternatives

UNIT = "05_captioning"
ALTERNATIVES = alternatives(the_unit(UNIT))
MODULES = [reference_path(the_unit(UNIT)), *ALTERNATIVES]

#: All but the one that trains for a minute.
QUICK = [e.id for e in the_unit(UNIT).exercises if not e.experiment]


def test_there_are_enough_alternatives() -> None:
    """At least eight modules beside the reference (a renamed folder must not empty the tests below)."""
    assert len(ALTERNATIVES) >= 8


@pytest.mark.parametrize("draw", [visible_draw(), *sample_draws(3)], ids=lambda draw: draw.label)
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_correct_module_gets_full_marks(path: Path, draw) -> None:
    """Style costs nothing, on the visible draw and on hidden ones: lists, loops, float32, other calls of torch."""
    result = judge_path(UNIT, path, draw=draw, exercises=QUICK)
    lost = {e.id: e.message for e in result.exercises if e.points < e.max_points}
    assert (result.score, lost) == (result.max_score, {})


@pytest.mark.slow
@pytest.mark.parametrize("path", ALTERNATIVES, ids=lambda path: path.stem)
def test_a_correct_module_trains_a_good_model(path: Path) -> None:
    """The captioning test asks nothing of style, neither: half a minute of training for each."""
    (item,) = judge_path(UNIT, path, exercises=["captioning_test"]).exercises
    assert (item.points, item.message) == (item.max_points, "")


FEATURES = "return cnn.trunk(images).flatten(1)"
CELL = "return torch.tanh(x @ Wx + h @ Wh + b)"
ZERO = "zero = v.new_zeros(len(v), model.H)"
BEST = "return max(beam, key=score)[0]"

#: Other ways of writing a line, which take nothing away: exercise, the reference's words, what stands there instead.
OTHER_WAYS = [
    ("image_features", FEATURES, "return nn.Sequential(*list(cnn.children())[:-1])(images).flatten(1)"),
    ("image_features", FEATURES, "cnn.head = nn.Identity(); return cnn(images).flatten(1)"),
    ("image_features", FEATURES, "cnn.requires_grad_(False); return cnn.trunk(images).flatten(1)"),
    ("image_features", FEATURES, "return cnn.trunk(images.to(next(cnn.parameters()).device)).flatten(1).numpy()"),
    ("image_features", "cnn.eval()", "cnn = cnn.float().eval(); images = images.float()"),
    ("rnn_step", CELL, "a = x @ Wx; a += h @ Wh; a += b; return a.tanh_()"),
    ("rnn_step", CELL, "x += 0; h *= 1; return (torch.tanh(x @ Wx + h @ Wh + b),)"),
    ("rnn_step", CELL, "a = torch.exp(2 * (x @ Wx + h @ Wh + b)); return (a - 1) / (a + 1)"),
    ("lstm_step", ".chunk(4, dim=1)", ".reshape(len(x), 4, -1).permute(1, 0, 2)"),
    ("start_state", ZERO, "zero = torch.zeros(len(v), model.H, requires_grad=True)"),
    ("start_state", ZERO, "zero = torch.FloatTensor(len(v), model.H).fill_(0)"),
    ("start_state", ZERO, "zero = torch.zeros(model.H).expand(len(v), -1)"),
    ("next_scores", "model.We[words]", "torch.stack([model.We[word] for word in words])"),
    ("next_scores", "model.by, state", "model.by, list(state)"),
    ("caption_scores", "torch.stack(scores, dim=1)", "torch.stack(scores).transpose(0, 1).double()"),
    ("training_step", "loss.backward()", "model.train(); loss.backward(retain_graph=True)"),
    ("training_step", "optimizer.zero_grad()", "[p.grad.data.zero_() for p in model.parameters()]"),
    ("training_step", "return loss.item()", "return loss.detach().numpy()"),
    ("greedy", "scores.argmax(dim=1)", "scores.softmax(1).sort(dim=1, descending=True)[1][:, 0]"),
    ("greedy", "    return words", "    return words.int().numpy()"),
    ("greedy", "    return words", "    return list(words)"),
    ("beam_search", BEST, "return tuple(max(beam, key=score)[0])"),
    ("beam_search", BEST, "return [torch.tensor(word) for word in max(beam, key=score)[0]]"),
]


@pytest.mark.parametrize(("exercise", "old", "new"), OTHER_WAYS, ids=[f"{way[0]}: {way[2]}" for way in OTHER_WAYS])
def test_another_way_of_writing_a_line_costs_nothing(exercise: str, old: str, new: str) -> None:
    """In place, in another order, with other types of numbers, from other parts of torch."""
    unit, source = the_unit(UNIT), reference_source(UNIT)
    at = source.index(old, source.index(f"def {exercise}("))
    student = LocalStudent(source[:at] + new + source[at + len(old) :], unit.module, "", unit)
    check, parts = load_checks(unit)[exercise], unit.exercise(exercise).parts
    for draw in (visible_draw(), *sample_draws(1)):
        for case in check.cases(draw):
            seen = run_case(check, parts, student, case).parts
            assert {part: found.message for part, found in seen.items() if not found.ok} == {}, case.name


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("torch.tensor([{}])", "it should be"),
        ("({}, 0.5)", "tuple of 2"),
        ("[START, *{}]", "it should be"),
        ("None", "words is None"),
    ],
)
def test_what_are_no_words_of_a_caption_is_said(returned: str, words: str) -> None:
    """A beam search that returns something else is told what, and not an error of ours."""
    unit, best = the_unit(UNIT), BEST.removeprefix("return ")
    source = reference_source(UNIT).replace(BEST, "return " + returned.format(best))
    student = LocalStudent(source, unit.module, "", unit)
    check = load_checks(unit)["beam_search"]
    found = run_case(check, ["words"], student, check.cases(visible_draw())[0]).parts["words"]
    assert not found.ok and words in found.message


def test_judging_twice_gives_the_same_result() -> None:
    """Points, outcomes, messages and parts are the same in both runs."""

    def facts() -> list:
        found = judge_path(UNIT, called(UNIT, "plain_python"), exercises=QUICK)
        return [(e.id, e.points, e.outcome, e.message, e.parts, e.remarks) for e in found.exercises]

    assert facts() == facts()


def test_stand_ins_hold_no_line_of_the_solution() -> None:
    """What runs beside a student's module in place of a wrong function does not give the exercise away as it is."""
    from grading_helpers import solution_lines

    from autograder import drivers

    text = drivers.stand_ins(UNIT).decode() + drivers.driver(UNIT).decode()
    lines = [line for line in solution_lines(reference_source(UNIT), least=20) if not line.startswith(("if ", "with "))]
    assert len(lines) > 20
    assert [line for line in lines if line in text] == []


#: Searches that are wrong, and that find what the right one finds whenever nothing depends on what they do.
SEARCHES = {
    "alpha is taken for 1": {"alpha": 1.0},
    "alpha is taken for its default": {"alpha": 0.7},
    "alpha is taken for 0": {"alpha": 0.0},
    "only finished hypotheses win": {"prefer": True},
    "it is over when the best has ended": {"stop": "best"},
    "finished hypotheses are dropped": {"finished": "go"},
    "finished hypotheses wait aside": {"finished": "aside"},
    "finished hypotheses go on": {"finished": "grow"},
    "scores are added": {"raw": True},
    "candidates are kept by their sums": {"by": 0.0},
    "two words follow each hypothesis": {"most": 2},
    "the constant of Wu et al.": {"constant": 5.0},
}


@pytest.mark.parametrize("search", SEARCHES)
def test_every_draw_tells_a_wrong_search(search: str) -> None:
    """On whatever draw, a case that is no edge case tells a wrong beam search from the right one."""
    for draw in [visible_draw(), *sample_draws(6)]:
        told = [
            checks.beam_words(c.spec, c.v, c.width, c.max_length, **({"alpha": c.alpha} | SEARCHES[search]))[0]
            != c.expected
            for c in checks.beam_cases(draw)
            if not c.edge
        ]
        assert any(told), draw


def test_a_state_without_its_tuple_is_not_called_a_factor() -> None:
    """The right numbers, in no tuple: what is said is that, and nothing about the numbers."""
    slip = "\n_right = start_state\n\n\ndef start_state(model, v):\n    return _right(model, v)[0]\n"
    found = judge_source(UNIT, reference_source(UNIT) + slip, exercises=["start_state"]).exercise("start_state")
    assert found.points < found.max_points
    assert "factor" not in (found.mistake_title or "") and "same amount" not in (found.mistake_title or "")
