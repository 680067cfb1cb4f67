"""Unit 5: its notebook, solved, runs; its experiments come out as the text says; what it uses of coursekit works."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from notebook_helpers import (
    assert_every_figure_is_shown,
    assert_text_stays_inside,
    conclusions_of,
    module_path,
    run_notebook,
    variables,
    written,
)

from autograder.course import load_course
from coursekit import captioning as kit
from coursekit import diagrams_captioning
from coursekit.data.scenes import Meaning, Thing, make_scenes
from coursekit.data.vocabulary import END, PAD, START, Vocabulary
from coursekit.progress import QUIET_VARIABLE
from coursekit.upstream import load_module

UNIT = load_course().unit("05_captioning")
SLOWEST = 3600  # seconds for the whole notebook on a machine that is busy with other things

#: What the last cell hands out: variables in which the notebook keeps its conclusions.
CONCLUSIONS = variables("""
    yardstick digits_right colours_right alike torch_errors loudness pull_at_padding pull_at_words padded_share
    loss_per_word seeing_end blind_end by_heart first_results searches same_as_greedy contest recorded mistakes
    by_count results suspects dark
""")


def without_the_captioning_test(notebook: nbformat.NotebookNode) -> None:
    """Leave out the cell that trains for minutes."""
    notebook.cells = [cell for cell in notebook.cells if cell.source != 'check("captioning_test")']


def execute(course: Path, *, fast: bool) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom beside the reference modules, conclusions in a last cell.

    A fast run trains for a fiftieth of the steps and leaves the captioning test out: it shows that everything runs.
    """
    change: dict[str, Any] = {"change": without_the_captioning_test} if fast else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(kit.DEVICE_VARIABLE, "cpu")
        patch.setenv(kit.FAST_VARIABLE, "1" if fast else "0")
        patch.setenv(QUIET_VARIABLE, "0")
        return run_notebook(UNIT, course, CONCLUSIONS, earlier=["02_bptt"], timeout=SLOWEST, **change)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """A fast run."""
    return execute(tmp_path_factory.mktemp("unit_05_quick"), fast=True)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """A full run, captioning test and all."""
    return execute(tmp_path_factory.mktemp("unit_05"), fast=False)


@pytest.fixture(scope="module")
def found(solved: nbformat.NotebookNode) -> dict[str, Any]:
    """The conclusions by name."""
    return conclusions_of(solved)


# The notebook as a whole


def test_a_fast_run_gets_to_the_end_and_says_that_it_is_one(quick: nbformat.NotebookNode) -> None:
    """With UNROLLED_FAST every cell runs; each training says that its result means nothing."""
    assert conclusions_of(quick).keys() == set(CONCLUSIONS)
    assert sum("What comes out means nothing." in text for text in written(quick)) >= 3


def test_a_run_writes_nothing_to_stderr(quick: nbformat.NotebookNode) -> None:
    """No warning and no progress bar goes to stderr: nbgrader would give a test cell zero for it."""
    assert written(quick, "stderr") == []


def test_every_figure_is_shown(quick: nbformat.NotebookNode) -> None:
    """Each cell that draws has a picture among its outputs for each drawing."""
    drawing = ("plt.show()", "diagrams_captioning.", "show_pictures(")
    assert_every_figure_is_shown(quick, lambda source: sum(line.startswith(drawing) for line in source.splitlines()))


def test_it_takes_the_students_own_unit_2(quick: nbformat.NotebookNode) -> None:
    """Beside a right module of unit 2 the notebook says "your own"."""
    assert any("rnn_forward, rnn_backward of 02_bptt: your own." in text for text in written(quick))


def test_the_bleu_by_hand_is_that_of_the_package() -> None:
    """The model answer of question 1: 0.76 for the wrong speaker, 0.62 for the right one."""
    pytest.importorskip("pycocoevalcap")
    from coursekit.caption_metrics import bleu

    reference = [["a red seven left of a blue two"]]
    wrong, right = (bleu([said], reference)["BLEU-2"] for said in (
        "a red two left of a blue seven", "a blue two to the right of a red seven",
    ))  # fmt: skip
    assert (wrong, right) == (pytest.approx(0.76, abs=0.005), pytest.approx(0.62, abs=0.005))


# The experiments, in the order of the notebook


class TestExperiments:
    """What the text says of its experiments, asserted of a full run."""

    pytestmark = [pytest.mark.slow, pytest.mark.timeout(SLOWEST)]

    def test_every_check_passes(self, solved: nbformat.NotebookNode) -> None:
        """Each test cell of the solved notebook shows a pass and no failure."""
        for cell in solved.cells:
            if cell.cell_type == "code" and str(cell.source).startswith("check("):
                shown = json.dumps(cell.outputs, ensure_ascii=False)
                assert "✓" in shown and "✗" not in shown, cell.source

    def test_bleu_forgives_a_wrong_digit_and_meaning_does_not(self, found: dict[str, Any]) -> None:
        """One wrong digit takes all of the meaning and about a third of BLEU-4."""
        right, wrong, other = (
            found["yardstick"][name] for name in ("another caption", "… one digit wrong", "… of another picture")
        )
        assert (right["meaning"], wrong["meaning"]) == (1, 0)
        assert 0.6 < wrong["BLEU-4"] / right["BLEU-4"] < 0.75
        assert wrong["BLEU-4"] > 2 * other["BLEU-4"]

    def test_the_eye_sees_nearly_every_digit(self, found: dict[str, Any]) -> None:
        """Single test digits: above 93 percent of the digits, nearly all colours."""
        assert found["digits_right"] > 0.93
        assert found["colours_right"] > 0.99

    def test_features_find_what_matters(self, found: dict[str, Any]) -> None:
        """Neighbours by features show the same things far more often than neighbours by pixels."""
        assert found["alike"]["features"] > 2 * found["alike"]["pixels"]

    def test_torch_knows_what_unit_2_knows(self, found: dict[str, Any]) -> None:
        """All five gradients agree to rounding."""
        assert set(found["torch_errors"]) == {"x", "h0", "Wx", "Wh", "b"}
        assert max(found["torch_errors"].values()) < 1e-12

    def test_a_picture_told_once_fades(self, found: dict[str, Any]) -> None:
        """At the second door the last word hears it as the first did; else it fades, with the vanilla RNN fastest."""
        last = {name: curve[-1] for name, curve in found["loudness"].items()}
        assert min(last["rnn, every_step"], last["lstm, every_step"]) > 0.9
        assert max(last["rnn, init"], last["rnn, first_token"]) < 0.03
        assert max(last["lstm, init"], last["lstm, first_token"]) < 0.2
        assert last["lstm, init"] > 4 * last["rnn, init"]

    def test_padding_has_no_gradient(self, found: dict[str, Any]) -> None:
        """Exactly zero at padding, not at words; an untrained model is near log V per word."""
        assert found["pull_at_padding"] == 0 < found["pull_at_words"]
        assert 0.3 < found["padded_share"] < 0.6
        assert found["loss_per_word"] == pytest.approx(math.log(49), abs=0.1)

    def test_the_blind_stops_at_log_fifty(self, found: dict[str, Any]) -> None:
        """Fifty captions by heart for the seeing model; the blind one ends at the floor that theory gives."""
        assert found["seeing_end"] < 0.1
        assert found["by_heart"]["seeing"] >= 49 > 3 >= found["by_heart"]["blind"]
        assert math.log(50) - 0.01 < found["blind_end"] < math.log(50) + 0.15

    def test_the_speaker_reaches_what_the_course_promises(self, found: dict[str, Any]) -> None:
        """LSTM, every step: BLEU-4 of 0.65 and meaning of 0.55 on test pictures."""
        speaker = found["first_results"]["LSTM, every step"]
        assert speaker["BLEU-4"] > 0.65
        assert speaker["meaning"] > 0.55

    def test_beams_find_more_probable_sentences_and_no_better_ones(self, found: dict[str, Any]) -> None:
        """Without normalisation: more probable and shorter; lengths grow with alpha; the meaning stays."""
        assert found["same_as_greedy"] is True
        greedy, wide, plain, long = (
            found["searches"][name]
            for name in ("width 1, alpha 0.7", "width 5, alpha 0.7", "width 5, alpha 0.0", "width 5, alpha 2.0")
        )
        assert plain["log p"] > greedy["log p"]
        assert plain["words"] < greedy["words"] < wide["words"] + 0.5 < long["words"] + 0.5
        assert long["BLEU-4"] < plain["BLEU-4"]
        assert max(abs(row["meaning"] - greedy["meaning"]) for row in found["searches"].values()) < 0.06

    def test_the_doors_come_in_the_order_of_the_text(self, found: dict[str, Any]) -> None:
        """first_token < init < every_step for each cell (the GRU by a hair); RNN < LSTM at the first."""
        meaning = {name: row["meaning"] for name, row in found["contest"].items()}
        for cell in ("rnn", "lstm", "gru"):
            assert meaning[f"{cell}, first_token"] < meaning[f"{cell}, init"] < meaning[f"{cell}, every_step"] + 0.03
        assert meaning["rnn, init"] + 0.1 < meaning["lstm, init"] < meaning["lstm, every_step"]
        assert meaning["rnn, every_step"] - meaning["rnn, init"] > 2 * (
            meaning["lstm, every_step"] - meaning["lstm, init"]
        )
        assert abs(meaning["rnn, every_step"] - meaning["lstm, init"]) < 0.08

    def test_the_formula_without_x_writes_no_sentences(self, found: dict[str, Any]) -> None:
        """As printed, the formula gives no right caption, and a BLEU-4 below that of another picture's."""
        broken = found["contest"]["lstm, every_step, no x"]
        assert broken["meaning"] < 0.02
        assert broken["BLEU-4"] < found["first_results"]["a caption of another picture"]["BLEU-4"]

    def test_most_mistakes_are_one_digit(self, found: dict[str, Any]) -> None:
        """A wrong digit is the most frequent mistake; sentences are grammatical; three digits are hopeless."""
        mistakes = {kind: share for kind, share in found["mistakes"]["test"].items() if kind != "right"}
        assert max(mistakes, key=mistakes.__getitem__) == "a digit"
        assert mistakes.get("no sentence", 0) < 0.02
        assert found["by_count"]["1 digit"] > 0.85
        assert 0.35 < found["by_count"]["2 digits"] < 0.65
        assert found["by_count"]["3 digits"] < 0.15

    def test_unseen_pairs_crash_the_meaning_and_hardly_bleu(self, found: dict[str, Any]) -> None:
        """On new pairs two thirds of the right captions and more are gone, and less than a quarter of BLEU-4."""
        seen, new = found["results"]["test"], found["results"]["unseen"]
        assert new["meaning"] < seen["meaning"] / 3
        assert new["BLEU-4"] > 0.75 * seen["BLEU-4"]
        assert found["mistakes"]["unseen"]["a digit"] > 2 * found["mistakes"]["test"]["a digit"]

    def test_it_is_the_word_that_keeps_it_from_saying_the_other(self, found: dict[str, Any]) -> None:
        """On new pairs eye and colour are right; the digit is lost after the true colour and back after a lie."""
        known, new = found["suspects"]["test"], found["suspects"]["unseen"]
        assert min(known["eye"], new["eye"], known["colour"], new["colour"]) > 0.9
        assert known["digit"] > 0.8 > 0.4 > new["digit"]
        assert new["digit after a lie"] > 0.7
        assert new["digit, no picture"] < 0.02 < known["digit, no picture"]

    def test_it_talks_in_the_dark(self, found: dict[str, Any]) -> None:
        """Without its picture it writes perfect sentences, nearly as surely, and hardly one is right."""
        own, *others = found["dark"].values()
        assert len(others) == 4
        for row in others:
            assert row["sentences"] > 0.95
            assert row["sureness"] > 0.75 * own["sureness"]
            assert row["meaning"] < 0.05 < own["meaning"]


def test_the_recorded_table_says_what_the_text_says() -> None:
    """Nine models, the same three seeds and more, the command; each step of the order holds for every seed."""
    record = kit.read_record("captioning_ablation")
    assert record["made by"] == "python benchmarks/captioning_ablation.py"
    meaning: dict[str, list[float]] = {}
    for run in record["runs"]:
        meaning.setdefault(run["model"], []).append(run["test"]["meaning"])
    assert len(meaning) == 9 and {len(values) for values in meaning.values()} == {3}
    assert max(meaning["rnn, init"]) < min(meaning["lstm, init"])
    assert max(meaning["lstm, init"]) < min(meaning["lstm, every_step"])
    assert all(run["unseen"]["meaning"] < run["test"]["meaning"] / 2 for run in record["runs"])


# coursekit.captioning


def small_lesson(captions: list[list[str]] | None = None) -> tuple[kit.Lesson, Vocabulary]:
    """Pictures whose only feature is their number."""
    captions = captions or [["a", "a b"], ["a b c"], ["c b a c b", "c", "b"], ["b b"], ["a c"]]
    vocabulary = Vocabulary.from_captions(captions)
    return kit.lesson(torch.arange(len(captions)).float()[:, None], captions, vocabulary), vocabulary


def test_batches_hold_a_caption_of_each_of_their_pictures() -> None:
    """Features and words belong together; no column of a batch is all padding; START begins, END is there."""
    data, vocabulary = small_lesson()
    texts = [["a", "a b"], ["a b c"], ["c b a c b", "c", "b"], ["b b"], ["a c"]]
    for v, words in kit.caption_batches(data, 2, 20):
        assert v.shape == (2, 1) and words.dtype == torch.int64
        assert (words[:, -1] != PAD).any()
        for number, row in zip(v[:, 0].int().tolist(), words.tolist(), strict=True):
            assert row[0] == START and END in row
            assert vocabulary.decode(row) in texts[number]


def test_each_picture_comes_once_before_any_comes_twice() -> None:
    """Of four pictures in batches of two, every two batches hold all four; all captions turn up in time."""
    data, _ = small_lesson([["a", "b"], ["c", "d"], ["e"], ["f", "g"]])
    seen = [sorted(v[:, 0].tolist()) for v, _ in kit.caption_batches(data, 2, 40)]
    assert all(sorted(one + two) == [0, 1, 2, 3] for one, two in zip(seen[::2], seen[1::2], strict=True))
    words = {row[1] for _, rows in kit.caption_batches(data, 2, 40) for row in rows.tolist()}
    assert len(words) == 7


def test_batches_are_as_many_as_asked_and_repeat_with_the_seed() -> None:
    """The number of steps does not depend on the number of pictures; the seed decides the order."""
    data, _ = small_lesson()

    def drawn(seed: int) -> list[list[float]]:
        return [v[:, 0].tolist() for v, _ in kit.caption_batches(data, 2, 7, seed)]

    assert len(drawn(0)) == 7
    assert drawn(0) == drawn(0) != drawn(1)


def test_batches_are_sorted_by_length() -> None:
    """Captions of one batch have about the same length: far less padding than in batches at random."""
    scenes = make_scenes("train", 500)
    data = kit.lesson(torch.zeros(500, 1), scenes.captions, Vocabulary.from_captions(scenes.captions))
    padding = np.mean([(words == PAD).float().mean().item() for _, words in kit.caption_batches(data, 25, 20)])
    whole = (data.words == PAD).float().mean().item()
    assert padding < 0.1 < 0.4 < whole


@pytest.mark.parametrize(
    ("captions", "pictures", "complaint"),
    [([["a"], ["b"]], 3, "features of 3 pictures and captions of 2"), ([["a"], []], 2, "at least one caption")],
)
def test_a_lesson_refuses_what_does_not_fit(captions: list[list[str]], pictures: int, complaint: str) -> None:
    """Features and captions of different numbers of pictures, or a picture without a caption, are named."""
    with pytest.raises(ValueError, match=complaint):
        kit.lesson(torch.zeros(pictures, 2), captions, Vocabulary.from_captions(["a b"]))


def test_the_learning_rate_climbs_and_comes_down() -> None:
    """It starts low, is highest at three tenths, and ends near nothing."""
    rates = [kit.one_cycle(step, 1000, 0.01) for step in range(1000)]
    assert rates[0] == pytest.approx(0.0004)
    assert int(np.argmax(rates)) == 300 and max(rates) == pytest.approx(0.01)
    assert np.all(np.diff(rates[:300]) > 0) and np.all(np.diff(rates[300:]) < 0)
    assert rates[-1] < 1e-6


def counting_model() -> tuple[torch.nn.Module, list[float]]:
    """A model with one number, and where a training step notes the learning rates that it is given."""
    return torch.nn.Linear(1, 1), []


def test_training_calls_the_step_with_the_rates_of_the_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many steps as asked, each with its learning rate; what the step returns comes back."""
    monkeypatch.delenv(kit.FAST_VARIABLE, raising=False)
    model, rates = counting_model()

    def step(model: Any, optimizer: torch.optim.Optimizer, v: torch.Tensor, captions: torch.Tensor) -> float:
        rates.append(optimizer.param_groups[0]["lr"])
        return float(len(rates))

    data, _ = small_lesson()
    losses = kit.train(model, step, data, steps=10, batch=2, lr=0.5, quiet=True)
    assert losses == list(range(1, 11))
    assert rates == [kit.one_cycle(number, 10, 0.5) for number in range(10)]


def test_training_stops_where_the_loss_is_no_number() -> None:
    """The step at which it came apart is named."""
    model, _ = counting_model()
    losses = iter([1.0, float("nan")])
    with pytest.raises(FloatingPointError, match="nan in step 2"):
        kit.train(model, lambda *arguments: next(losses), small_lesson()[0], steps=200, batch=2, quiet=True)


def test_fast_mode_says_that_it_is_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """UNROLLED_FAST takes a fiftieth of the steps, and a line says that the result means nothing."""
    monkeypatch.setenv(kit.FAST_VARIABLE, "1")
    losses = kit.train(counting_model()[0], lambda *arguments: 1.0, small_lesson()[0], steps=500, batch=2, quiet=True)
    assert len(losses) == 10
    assert "only 10 steps. What comes out means nothing." in capsys.readouterr().out


def test_the_device_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """UNROLLED_DEVICE overrules what is found; without it something is found."""
    monkeypatch.setenv(kit.DEVICE_VARIABLE, "meta")
    assert kit.find_device() == torch.device("meta")
    monkeypatch.delenv(kit.DEVICE_VARIABLE)
    assert kit.find_device().type in ("cuda", "mps", "cpu")


RED_TWO, BLUE_SIX = Thing(2, "red", True), Thing(6, "blue", False)
BOTH = Meaning((RED_TWO, BLUE_SIX), frozenset({(0, "left", 1)}))


@pytest.mark.parametrize(
    ("caption", "verdict"),
    [
        ("a red two left of a small blue six", "right"),
        ("a small blue six to the right of a big red two", "right"),
        ("a red two left left of a blue six", "no sentence"),
        ("", "no sentence"),
        ("a red two", "how many"),
        ("a red two and a blue six above a red two", "how many"),
        ("a red three left of a blue six", "a digit"),
        ("a green two left of a blue six", "a colour"),
        ("a blue two left of a red six", "colours exchanged"),
        ("a green three left of a blue six", "digit and colour"),
        ("a small red two left of a blue six", "a size"),
        ("a red two right of a blue six", "where"),
        ("a red two above a blue six", "where"),
    ],
)
def test_mistakes_are_named(caption: str, verdict: str) -> None:
    """Each kind of mistake in a caption of a large red two left of a small blue six has its name."""
    assert kit.what_is_wrong(caption, BOTH) == verdict


def test_every_reference_is_right() -> None:
    """No reference caption of any scene has a mistake."""
    scenes = make_scenes("test", 200)
    pairs = [(caption, truth) for five, truth in zip(scenes.captions, scenes.meanings, strict=True) for caption in five]
    assert {kit.what_is_wrong(caption, truth) for caption, truth in pairs} == {"right"}


def test_a_table_is_aligned_and_shows_what_is_missing() -> None:
    """Columns of the first row come first; numbers are cut to the digits asked for; a gap is a dot."""
    lines = kit.table({"one": {"x": 0.1234, "y": 12}, "another": {"x": 1.0, "z": "w"}}, digits=3).splitlines()
    assert lines[0].split() == ["x", "y", "z"]
    assert lines[2].split() == ["one", "0.123", "12", "·"]
    assert lines[3].split() == ["another", "1.000", "·", "w"]
    assert len({len(line.rstrip()) for line in lines}) <= 2


def test_descriptions_come_in_order_and_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pictures are described at once, caption n is that of picture n."""
    _, vocabulary = small_lesson()
    words = torch.tensor([vocabulary.encode(text)[1:] for text in ("a b", "b c", "c a", "c c", "a a")])
    monkeypatch.setattr(kit, "_CHUNK", 2)
    said = kit.describe(None, lambda model, v: words[v[:, 0].long()], torch.arange(5)[:, None], vocabulary)
    assert said == ["a b", "b c", "c a", "c c", "a a"]


def test_pictures_are_drawn_with_their_captions() -> None:
    """One axes per picture, its caption under it, a cross before a wrong one, nothing over the edge."""
    scenes = make_scenes("test", 5)
    captions = [sentences[0] for sentences in scenes.captions]
    figure = kit.show_pictures(scenes.images, captions, [True, False, True, True, True])
    figure.canvas.draw()
    assert len(figure.axes) == 5
    for ax, caption, mark in zip(figure.axes, captions, "✓✗✓✓✓", strict=True):
        (text,) = ax.texts
        assert " ".join(text.get_text().split()) == f"{mark} {caption}"
        box = text.get_window_extent()
        assert box.y0 >= 0 and box.x0 >= 0 and box.x1 <= figure.bbox.x1


def test_a_reference_model_learns_three_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loop, lesson, greedy and decoding together: three pictures, three sentences, by heart."""
    monkeypatch.delenv(kit.FAST_VARIABLE, raising=False)
    module = load_module(module_path(UNIT))
    sentences = [["a red one"], ["two green twos"], ["i see a blue three"]]
    vocabulary = Vocabulary.from_captions(sentences)
    torch.manual_seed(0)
    model = module.CaptioningRNN(len(vocabulary), 3, D=8, H=16, cell="gru", inject="init")
    data = kit.lesson(torch.eye(3), sentences, vocabulary)
    losses = kit.train(model, module.training_step, data, steps=80, batch=3, lr=0.03, quiet=True)
    said = kit.describe(model, lambda model, v: module.greedy(model, v, 8), torch.eye(3), vocabulary)
    assert said == [sentence for (sentence,) in sentences]
    assert losses[-1] < 0.3 < math.log(3) < losses[0]


# Figures of the unit


def the_tree() -> Any:
    """A small beam search."""
    leaf = diagrams_captioning.Leaf
    return diagrams_captioning.beam_tree(
        [
            [leaf("two", -1, "0.55"), leaf("a", -1, "0.45", best=True)],
            [leaf("red", 1, "0.4"), leaf("red", 0, "0.2", kept=False)],
        ],
        "Width 2",
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda: diagrams_captioning.headless_cnn(make_scenes("test", 1).images[0]),
        diagrams_captioning.three_doors,
        the_tree,
    ],
    ids=["headless_cnn", "three_doors", "beam_tree"],
)
def test_text_stays_inside_its_figure(draw: Any) -> None:
    """No label of a diagram reaches over the figure's edge."""
    assert_text_stays_inside(draw())


def test_a_tree_needs_parents() -> None:
    """A hypothesis that continues one which is not there is refused."""
    leaf = diagrams_captioning.Leaf
    with pytest.raises(ValueError, match="step 2: 'red' continues hypothesis 1"):
        diagrams_captioning.beam_tree([[leaf("a", -1, "1")], [leaf("red", 1, "1")]])


def test_three_doors_need_words() -> None:
    """A caption without words has no doors."""
    with pytest.raises(ValueError, match="at least one word"):
        diagrams_captioning.three_doors([])
