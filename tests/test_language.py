"""Character models in general (coursekit/language.py): losses, carried states, training that stops, writing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograder.course import load_course
from autograder.upstream import importable
from coursekit import language, stand_ins
from coursekit.language import CharModel, CharRun, Layers, fading, init_char_model, read_text, write_text
from coursekit.stand_ins import STAND_INS
from coursekit.upstream import load_module

ROOT = Path(__file__).resolve().parent.parent
V, D, H, N, T = 7, 4, 5, 3, 6
IDS = np.random.default_rng(0).integers(0, V, 400)


@pytest.fixture(scope="module")
def bptt() -> ModuleType:
    return load_module(ROOT / "solutions" / "02_bptt" / "bptt.py")


@pytest.fixture(scope="module")
def gated() -> ModuleType:
    return load_module(ROOT / "solutions" / "04_lstm_gru" / "gated.py")


@pytest.fixture(scope="module")
def char_lm(bptt: ModuleType) -> Iterator[ModuleType]:
    """Unit 3's reference, on unit 2's."""
    with importable(load_course().unit("03_char_lm")):
        module = load_module(ROOT / "solutions" / "03_char_lm" / "char_lm.py")
    for name in dir(bptt):
        if name.startswith(("rnn_", "temporal_")):
            setattr(module, name, getattr(bptt, name))
    yield module
    sys.modules.pop("char_lm", None)


@pytest.fixture(scope="module")
def layers(char_lm: ModuleType) -> Layers:
    return Layers(
        char_lm.word_embedding_forward,
        char_lm.word_embedding_backward,
        char_lm.temporal_affine_forward,
        char_lm.temporal_affine_backward,
        char_lm.temporal_softmax_loss,
    )


@pytest.fixture(scope="module")
def models(char_lm: ModuleType, bptt: ModuleType, gated: ModuleType, layers: Layers) -> dict[str, CharModel]:
    return {
        "whole": CharModel.of(char_lm),
        "rnn": CharModel.with_cell(bptt.rnn_step_forward, bptt.rnn_step_backward, layers),
        "gru": CharModel.with_cell(gated.gru_step_forward, gated.gru_step_backward, layers),
        "lstm": CharModel.with_cell(gated.lstm_step_forward, gated.lstm_step_backward, layers, states=2),
    }


GATES = {"whole": 1, "rnn": 1, "gru": 3, "lstm": 4}


def chunk(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, V, (N, T)), rng.integers(0, V, (N, T))


# Models


@pytest.mark.parametrize("kind", list(GATES))
def test_gradients_are_those_of_the_loss(models: dict[str, CharModel], kind: str) -> None:
    """Along a random direction the loss changes as each gradient says, from a state that is not zero."""
    model, params = models[kind], init_char_model(V, D, H, gates=GATES[kind])
    x, y = chunk()
    state = model.loss(params, x, y, model.zero_state(params, N))[2]
    _, grads, _ = model.loss(params, x, y, state)
    rng = np.random.default_rng(2)
    assert set(grads) == set(params)
    for name, value in params.items():
        direction = rng.standard_normal(value.shape)
        moved = [model.loss({**params, name: value + e * direction}, x, y, state)[0] for e in (1e-5, -1e-5)]
        assert (moved[0] - moved[1]) / 2e-5 == pytest.approx(np.sum(grads[name] * direction), rel=1e-5), name


@pytest.mark.parametrize("kind", list(GATES))
def test_two_chunks_with_the_state_carried_are_one(models: dict[str, CharModel], kind: str) -> None:
    """The losses of two chunks add up to that of one of twice the length: nothing is lost at the border."""
    model, params = models[kind], init_char_model(V, D, H, gates=GATES[kind])
    (x1, y1), (x2, y2) = chunk(1), chunk(2)
    zero = model.zero_state(params, N)
    first, _, state = model.loss(params, x1, y1, zero)
    second, _, _ = model.loss(params, x2, y2, state)
    joint = model.loss(params, np.concatenate([x1, x2], axis=1), np.concatenate([y1, y2], axis=1), zero)[0]
    assert first + second == pytest.approx(joint)


def test_a_cell_between_layers_is_the_whole_model(models: dict[str, CharModel]) -> None:
    """The vanilla cell, step by step, computes what unit 3's function does."""
    params, (x, y) = init_char_model(V, D, H), chunk()
    loss, grads, h = models["whole"].loss(params, x, y, np.zeros((N, H)))
    other_loss, other_grads, (other_h,) = models["rnn"].loss(params, x, y, (np.zeros((N, H)),))
    assert loss == pytest.approx(other_loss)
    np.testing.assert_allclose(h, other_h)
    for name in params:
        np.testing.assert_allclose(grads[name], other_grads[name], atol=1e-12)


@pytest.mark.parametrize("gates", [1, 3, 4])
def test_initial_weights_have_their_shapes(gates: int) -> None:
    """Blocks of Wh are orthogonal; the same seed gives the same weights."""
    params = init_char_model(V, D, H, gates=gates, seed=3)
    shapes = {"We": (V, D), "Wx": (D, gates * H), "Wh": (H, gates * H), "b": (gates * H,), "Why": (H, V), "by": (V,)}
    assert {name: value.shape for name, value in params.items()} == shapes
    for block in np.split(params["Wh"], gates, axis=1):
        np.testing.assert_allclose(block.T @ block, np.eye(H), atol=1e-12)
    again = init_char_model(V, D, H, gates=gates, seed=3)
    assert all(np.array_equal(params[name], again[name]) for name in params)


# Reading and writing


@pytest.mark.parametrize("kind", ["whole", "lstm"])
def test_reading_in_many_places_is_reading_in_one(models: dict[str, CharModel], kind: str) -> None:
    """Scores behind a long enough warm-up are those of one pass from the beginning."""
    model, params = models[kind], init_char_model(V, D, H, gates=GATES[kind])
    params["Wh"] = params["Wh"] * 0.5  # forgets within the warm-up
    h, scores = read_text(model, params, IDS, streams=4, warm_up=60)
    start = np.concatenate([np.full(60, IDS[0]), IDS])[None]
    h_once, scores_once, _ = model.read(params, start, model.zero_state(params, 1))
    assert (h.shape, scores.shape) == ((len(IDS), H), (len(IDS), V))
    np.testing.assert_allclose(h, h_once[0, 60:], atol=1e-8)
    np.testing.assert_allclose(scores, scores_once[0, 60:], atol=1e-8)


def test_a_short_text_is_read_too(models: dict[str, CharModel]) -> None:
    """Fewer characters than streams: one place."""
    params = init_char_model(V, D, H)
    assert read_text(models["whole"], params, IDS[:5])[1].shape == (5, V)


def test_written_characters_have_the_models_probabilities(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """Of many texts that begin alike, first characters are as frequent as the softmax says."""
    params = init_char_model(V, D, H)
    params["Why"] = params["Why"] * 30
    prompts = np.repeat(IDS[None, :4], 20_000, axis=0)
    first = write_text(models["whole"], params, prompts, 1, temperature=0.7)[:, 0]
    scores = models["whole"].read(params, prompts[:1], np.zeros((1, H)))[1][0, -1]
    expected = char_lm.temperature_softmax(scores, 0.7)
    np.testing.assert_allclose(np.bincount(first, minlength=V) / len(first), expected, atol=0.015)


def test_temperature_zero_is_greedy(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """Without noise the text is that of `sample_greedy`."""
    params = init_char_model(V, D, H)
    params["Why"] = params["Why"] * 30
    ids = write_text(models["whole"], params, IDS[None, :1], 20, temperature=0)
    assert np.array_equal(ids[0], char_lm.sample_greedy(params, np.zeros(H), IDS[0], 20))


# Training


def new_run(models: dict[str, CharModel], char_lm: ModuleType, kind: str = "whole", **extras: Any) -> CharRun:
    params = init_char_model(V, D, H, gates=GATES[kind])
    batches = char_lm.tbptt_batches(IDS, N, T)
    settings = {"lr": fading(0.01, 60, rise=5), **extras}
    return CharRun(models[kind], params, batches, char_lm.adam_step, **settings)


def same(a: CharRun, b: CharRun) -> bool:
    return a.updates == b.updates and all(np.array_equal(a.params[name], b.params[name]) for name in a.params)


def test_training_learns(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """A text that repeats itself is soon no surprise."""
    run = CharRun(
        models["whole"],
        init_char_model(3, 4, 8),
        char_lm.tbptt_batches(np.tile([0, 1, 2], 200), 2, 10),
        char_lm.adam_step,
        lr=0.02,
    )
    history = run.go(200, quiet=True)
    assert history.bits[0] > 1.4
    assert history.bits[-1] < 0.1


def test_the_caller_s_weights_stay_as_they_are(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """A run works on copies."""
    params = init_char_model(V, D, H)
    before = {name: value.copy() for name, value in params.items()}
    CharRun(models["whole"], params, char_lm.tbptt_batches(IDS, N, T), char_lm.adam_step, lr=0.1).go(3, quiet=True)
    assert all(np.array_equal(params[name], before[name]) for name in params)


def test_the_state_is_carried_and_begins_anew_with_the_text(char_lm: ModuleType) -> None:
    """Each chunk starts from the state that the one before returned; the first of an epoch from zeros."""
    begun: list[float] = []

    def loss(params: Any, x: np.ndarray, y: np.ndarray, state: np.ndarray) -> tuple[float, Any, np.ndarray]:
        begun.append(float(state[0, 0]))
        return 1.0, {"w": np.zeros(1)}, state + 1

    model = CharModel(loss=loss, read=None, zero_state=lambda params, n: np.zeros((n, 1)))  # type: ignore[arg-type]
    batches = char_lm.tbptt_batches(np.arange(40), 2, 5)
    CharRun(model, {"w": np.zeros(1)}, batches, char_lm.adam_step, lr=0.1).go(2 * len(batches), quiet=True)
    assert begun == [*range(len(batches))] * 2


@pytest.mark.parametrize("kind", ["whole", "lstm"])
def test_a_run_that_was_stopped_and_kept_ends_the_same(
    models: dict[str, CharModel], char_lm: ModuleType, tmp_path: Path, kind: str
) -> None:
    """Save, load in a fresh run, go on: weights and history are those of a run in one go, to the last bit."""
    one_go, stopped, resumed = (new_run(models, char_lm, kind, judge=lambda p: float(p["b"][0])) for _ in range(3))
    one_go.go(50, every=10, quiet=True)
    stopped.go(20, every=10, quiet=True)
    stopped.save(tmp_path / "run.npz")
    resumed.load(tmp_path / "run.npz")
    resumed.go(50, every=10, quiet=True)
    assert same(one_go, resumed)
    assert one_go.history.bits == resumed.history.bits
    assert one_go.history.marks == resumed.history.marks


def test_interrupting_loses_one_update_at_most(
    models: dict[str, CharModel], char_lm: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C in the middle of an update leaves the run as before it; going on gives the result of a run in one go."""
    one_go, interrupted = new_run(models, char_lm), new_run(models, char_lm)
    one_go.go(30, quiet=True)
    calls = 0
    step = interrupted.step

    def pressed(w: np.ndarray, dw: np.ndarray, config: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 6 * 11 + 3:  # the third array of the twelfth update
            raise KeyboardInterrupt
        return step(w, dw, config)

    interrupted.step = pressed
    interrupted.go(30, quiet=True)
    assert "Stopped after 11 of 30 updates" in capsys.readouterr().out
    interrupted.go(30, quiet=True)
    assert same(one_go, interrupted)


def test_going_to_where_one_is_does_nothing(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """Running the cell a second time trains no further."""
    run = new_run(models, char_lm)
    run.go(10, quiet=True)
    before = {name: value.copy() for name, value in run.params.items()}
    run.go(10, quiet=True)
    assert all(np.array_equal(run.params[name], before[name]) for name in before)


def test_a_kept_run_is_taken_up_by_a_new_one(
    models: dict[str, CharModel], char_lm: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`keep` writes as it goes and is found again, as after a restart of the kernel."""
    first, second, one_go = (new_run(models, char_lm, author=lambda p: f"{p['b'][0]:.6f}") for _ in range(3))
    first.go(20, every=5, keep=tmp_path / "kept.npz", quiet=True)
    second.go(40, every=5, keep=tmp_path / "kept.npz", quiet=True)
    assert "Going on after 20 updates" in capsys.readouterr().out
    one_go.go(40, every=5, quiet=True)
    assert same(one_go, second)
    assert one_go.history.samples == second.history.samples


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"no run", "no run that could be resumed"), (None, "holds a run of another model")]
)
def test_a_file_that_is_no_such_run_is_refused(
    models: dict[str, CharModel], char_lm: ModuleType, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    """Another model's run, or no run at all, is named."""
    path = tmp_path / "run.npz"
    if content is None:
        other = CharRun(
            models["whole"], init_char_model(V, D, H + 1), char_lm.tbptt_batches(IDS, N, T), char_lm.adam_step, lr=0.1
        )
        other.go(1, quiet=True)
        other.save(path)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        new_run(models, char_lm).load(path)


def test_training_stops_where_numbers_end(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """A loss that is no number ends the run, is noted, and leaves the weights as they were."""
    run = new_run(models, char_lm)
    run.go(3, quiet=True)
    before = {name: value.copy() for name, value in run.params.items()}
    run.model = CharModel(
        loss=lambda params, x, y, state: (float("nan"), params, state),
        read=run.model.read,
        zero_state=run.model.zero_state,
    )
    history = run.go(10, quiet=True)
    assert history.diverged_at == 3
    assert all(np.array_equal(run.params[name], before[name]) for name in before)


def test_a_gradient_of_the_wrong_shape_is_named(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """It would broadcast in silence; it is refused by name."""
    run = new_run(models, char_lm)
    loss = run.model.loss

    def wrong(*arguments: Any) -> Any:
        value, grads, state = loss(*arguments)
        return value, {**grads, "b": grads["b"][None]}, state

    run.model = CharModel(loss=wrong, read=run.model.read, zero_state=run.model.zero_state)
    with pytest.raises(ValueError, match=r"gradient of b has shape \(1, 5\)"):
        run.go(1, quiet=True)


def test_no_batches_is_an_error_that_says_why(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """A text shorter than one chunk gives no batches."""
    with pytest.raises(ValueError, match="shorter than N"):
        CharRun(models["whole"], init_char_model(V, D, H), [], char_lm.adam_step, lr=0.1)


def test_marks_are_made_where_asked(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """Before the first update, every so often, and at the end; each with its time."""
    run = new_run(models, char_lm, judge=lambda params: 1.0, author=lambda params: "text")
    history = run.go(25, every=10, quiet=True)
    assert [update for update, _ in history.marks] == [0, 10, 20, 25]
    assert history.samples == [(update, "text") for update in (0, 10, 20, 25)]
    seconds = [moment for moment, _ in history.marks_in_seconds()]
    assert seconds[0] == 0 and seconds == sorted(seconds)


def test_a_fading_rate_rises_and_falls() -> None:
    """Up to its peak, then down to its floor, where it stays."""
    lr = fading(0.1, 1000, rise=10, floor=0.05)
    assert [lr(0), lr(9), lr(10)] == pytest.approx([0.01, 0.1, 0.1])
    assert lr(505) == pytest.approx(0.1 * (0.05 + 0.95 / 2))
    assert [lr(1000), lr(5000)] == pytest.approx([0.005, 0.005])


# What stands in for an unfinished unit 3


def test_stand_ins_are_those_of_the_exercises() -> None:
    """Every stand-in of unit 3 is an exercise of unit 3."""
    exercises = {exercise.id for exercise in load_course().unit("03_char_lm").exercises}
    assert set(STAND_INS["03_char_lm"]) <= exercises


def test_stand_ins_read_text_as_the_reference_does(char_lm: ModuleType) -> None:
    """Vocabulary, numbers and chunks are the same."""
    text = "hello world, hällo?"
    vocab = char_lm.build_vocab(text)
    assert stand_ins.build_vocab(text) == vocab
    assert np.array_equal(stand_ins.encode(text, vocab), char_lm.encode(text, vocab))
    assert stand_ins.decode(char_lm.encode(text, vocab), vocab) == text
    for got, expected in zip(stand_ins.tbptt_batches(IDS, 4, 5), char_lm.tbptt_batches(IDS, 4, 5), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))


def test_the_stand_in_of_the_table_is_the_reference(char_lm: ModuleType) -> None:
    """Rows and their gradients are the same, with repeated characters."""
    rng = np.random.default_rng(0)
    x, W, dout = np.array([[1, 1, 3], [0, 3, 3]]), rng.standard_normal((5, 2)), rng.standard_normal((2, 3, 2))
    (out, cache), (expected, other) = stand_ins.word_embedding_forward(x, W), char_lm.word_embedding_forward(x, W)
    np.testing.assert_allclose(out, expected)
    np.testing.assert_allclose(
        stand_ins.word_embedding_backward(dout, cache), char_lm.word_embedding_backward(dout, other)
    )


def test_the_stand_in_of_adam_is_the_reference(char_lm: ModuleType) -> None:
    """Five steps on changing gradients end at the same place with the same memory."""
    rng = np.random.default_rng(0)
    w = other = rng.standard_normal((3, 2))
    config: Any = None
    other_config: Any = None
    for _ in range(5):
        gradient = rng.standard_normal((3, 2))
        w, config = stand_ins.adam_step(w, gradient, config)
        other, other_config = char_lm.adam_step(other, gradient, other_config)
    np.testing.assert_allclose(w, other)
    np.testing.assert_allclose(config["v"], other_config["v"])
    assert config["t"] == other_config["t"] == 5


def test_the_stand_in_of_bits_is_the_reference(char_lm: ModuleType) -> None:
    """Also for scores that overflow a careless softmax."""
    rng = np.random.default_rng(0)
    scores, y = 800 * rng.standard_normal((2, 3, 5)), rng.integers(0, 5, (2, 3))
    assert stand_ins.bits_per_char(scores, y) == pytest.approx(char_lm.bits_per_char(scores, y))


def test_nothing_is_drawn_where_there_is_no_notebook(models: dict[str, CharModel], char_lm: ModuleType) -> None:
    """Without IPython a picture is never made."""
    made: list[Any] = []
    new_run(models, char_lm).go(2, picture=made.append, quiet=True)
    assert made == []
    assert language._Screen(None).show(language.CharHistory()) is None
