"""Checks of unit 5, captions for pictures.

Expected values come from the formulas of the notebook in numpy, index by index, gradients from complex steps through
them; torch is on the student's side only. Models, tensors and the CNN are made in the worker, by the unit's driver.
Run them on one file with ``pytest autograder/checks/test_05_captioning.py --submission PATH``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from autograder import drivers
from autograder.checking import Case, Expect, exercise
from autograder.checks.test_02_bptt import HARDLY_POSSIBLE, UNEXPECTED, unexpected
from autograder.draws import Draw
from autograder.errors import UsageError
from autograder.gradcheck import RTOL, Array, Comparison, compare, complex_step, describe
from autograder.results import Outcome
from autograder.student import StandIn, StudentError

PAD, START, END, UNKNOWN = 0, 1, 2, 3
CELLS = ("rnn", "lstm", "gru")
INJECTS = ("init", "every_step", "first_token")
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}

#: Words are compared exactly, so the two best candidates of every choice differ by more than this in log-probability
#: (or in length-normalised score). A float32 model of these sizes computes either to about 1e-6.
MARGIN = 1e-4


# --- oracles: the formulas of the notebook, for real and complex arrays ----------------------


def sigmoid(a: Array) -> Array:
    result: Array = 0.5 * (1.0 + np.tanh(0.5 * a))
    return result


def cell(kind: str, x: Array, state: tuple[Array, ...], Wx: Array, Wh: Array, b: Array) -> tuple[Array, ...]:
    """The next state, gate by gate; ``b`` is (1 or N, G·H).

    All that computes from weights here also takes them with one more, leading axis, as complex_step wants it.
    """
    h = state[0]
    H = Wh.shape[-2]
    blocks = [slice(k * H, (k + 1) * H) for k in range(BLOCKS[kind])]
    from_x = [x @ Wx[..., block] + b[..., block] for block in blocks]

    def from_h(k: int, source: Array) -> Array:
        result: Array = source @ Wh[..., blocks[k]]
        return result

    if kind == "rnn":
        return (np.tanh(from_x[0] + from_h(0, h)),)
    if kind == "lstm":
        i, f, o = (sigmoid(from_x[k] + from_h(k, h)) for k in range(3))
        c = f * state[1] + i * np.tanh(from_x[3] + from_h(3, h))
        return o * np.tanh(c), c
    r, z = (sigmoid(from_x[k] + from_h(k, h)) for k in range(2))
    return (z * h + (1.0 - z) * np.tanh(from_x[2] + from_h(2, r * h)),)


def start(spec: dict[str, Any], v: Array) -> tuple[Array, ...]:
    """The state before the first word."""
    w = spec["weights"]
    nothing = np.zeros((len(v), w["Wh"].shape[-2]))
    rest = (nothing,) if spec["cell"] == "lstm" else ()
    picture = v @ w["Wv"] + w["bv"][..., None, :]
    if spec["inject"] == "init":
        return (picture, *rest)
    if spec["inject"] == "every_step":
        return (nothing, *rest)
    return cell(spec["cell"], picture, (nothing, *rest), w["Wx"], w["Wh"], w["b"][..., None, :])


def following(
    spec: dict[str, Any], words: Array, state: tuple[Array, ...], v: Array
) -> tuple[Array, tuple[Array, ...]]:
    """Scores of the next word, and the state."""
    w = spec["weights"]
    b = w["b"][..., None, :]
    if spec["inject"] == "every_step":
        b = b + v @ w["Wv"] + w["bv"][..., None, :]
    state = cell(spec["cell"], w["We"][..., words, :], state, w["Wx"], w["Wh"], b)
    return state[0] @ w["Why"] + w["by"][..., None, :], state


def all_scores(spec: dict[str, Any], v: Array, words: Array) -> Array:
    """(..., N, T, V)."""
    state, found = start(spec, v), []
    for t in range(words.shape[1]):
        scores, state = following(spec, words[:, t], state, v)
        found.append(scores)
    return np.stack(found, axis=-2)


def log_softmax(scores: Array) -> Array:
    shifted = scores - np.real(scores).max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return result


def loss_of(scores: Array, targets: Array) -> Array:
    """Cross-entropy of all that is not PAD, per caption."""
    N, T = targets.shape
    log_p = log_softmax(scores)[..., np.arange(N)[:, None], np.arange(T), targets]
    result: Array = -np.sum(np.where(targets == PAD, 0.0, log_p), axis=(-2, -1)) / N
    return result


def loss_gradient(scores: Array, targets: Array) -> Array:
    """Softmax minus one-hot where there is a word."""
    p = np.exp(log_softmax(scores))
    result: Array = (p - np.eye(scores.shape[-1])[targets]) * (targets != PAD)[..., None] / targets.shape[0]
    return result


NAMES = ("We", "Wx", "Wh", "b", "Wv", "bv", "Why", "by")


def weight_gradients(spec: dict[str, Any], v: Array, captions: Array) -> tuple[float, dict[str, Array]]:
    """Loss of a batch of captions and its gradients at all weights."""

    def loss(*weights: Array) -> Array:
        moved = spec | {"weights": dict(zip(NAMES, weights, strict=True))}
        return np.asarray(loss_of(all_scores(moved, v, captions[:, :-1]), captions[:, 1:]))

    inputs = [spec["weights"][name] for name in NAMES]
    gradients = complex_step(loss, inputs, np.ones(()), batched=True)
    return float(loss(*inputs)), dict(zip(NAMES, gradients, strict=True))


#: Gradients that torch must find are right to rounding or wrong by percents: something on the way back is cut.
GRADIENT_RTOL = 1e-3


def goes_back(found: Any, total: Callable[[dict[str, Array]], Any], inputs: dict[str, Array]) -> Comparison:
    """Whether torch found the gradients of the sum of a result, seen along one direction at each input.

    Args:
        found: name -> gradient, or torch's words where it could find none.
        total: the sum of the right result from the inputs, for complex numbers as well.
        inputs: name -> array.
    """
    wanted, cut = "to be differentiable", []
    if not isinstance(found, dict):
        words = f"The values are right, but torch cannot go back through them: {str(found)[:300]}"
        return Comparison(Outcome.WRONG_VALUES, words, wanted, "not differentiable")
    rng = np.random.default_rng(0)
    for name, value in inputs.items():
        direction = rng.normal(size=value.shape)
        right = np.imag(total(inputs | {name: value + 1e-30j * direction})) / 1e-30
        gradient = found.get(name)
        if not isinstance(gradient, np.ndarray) or gradient.shape != value.shape:
            gradient = np.zeros_like(value)
        terms = gradient * direction
        if not abs(terms.sum() - right) <= GRADIENT_RTOL * (np.abs(terms).sum() + abs(right)):
            cut.append(name)
    if not cut:
        return Comparison(Outcome.PASSED, "", wanted, wanted)
    names = ", ".join(cut)
    words = (
        f"The values are right, but not their gradients at {names}: the way back that torch needs is cut somewhere. "
        "Numbers that leave torch, and tensors made under no_grad or detached, know nothing of their origin."
    )
    return Comparison(Outcome.WRONG_VALUES, words, wanted, f"cut off from {names}")


def of_weights(spec: dict[str, Any], formula: Callable[..., Any], *rest: Any) -> Callable[[dict[str, Array]], Any]:
    """The sum of all that a formula of a model gives, as a function of the model's weights."""

    def total(value: Any) -> Any:
        return sum(map(total, value)) if isinstance(value, tuple) else value.sum()

    return lambda at: total(formula(spec | {"weights": at}, *rest))


def with_gradients(got: Any) -> tuple[Any, Any]:
    """A result and its gradients, as the driver sends them."""
    return (got[0], got[1]) if isinstance(got, (tuple, list)) and len(got) == 2 else (got, {})


def expect_gradients(expect: Expect, parts: tuple[str, ...], found: Any, total: Any, inputs: dict[str, Array]) -> None:
    """Parts with right values lose them if torch cannot differentiate them; wrong values are told as such."""
    if all(expect.record.parts[part].ok for part in parts):
        verdict = goes_back(found, total, inputs)
        for part in parts:
            if not verdict.ok:
                expect.verdict(part, verdict)


def greedy_words(spec: dict[str, Any], v: Array, max_length: int) -> tuple[Array, float]:
    """(N, max_length) words, and the smallest margin by which a word was the most probable."""
    words = np.full((len(v), max_length), PAD)
    margin = np.inf
    for n in range(len(v)):
        state, last = start(spec, v[n : n + 1]), START
        for t in range(max_length):
            scores, state = following(spec, np.array([last]), state, v[n : n + 1])
            best = np.sort(scores[0])
            margin = min(margin, best[-1] - best[-2])
            last = int(scores[0].argmax())
            words[n, t] = last
            if last == END:
                break
    return words, float(margin)


Hypothesis = tuple[list[int], float, tuple[Array, ...]]  # words, sum of logarithms, state


def beam_words(
    spec: dict[str, Any],
    v: Array,
    width: int,
    max_length: int,
    alpha: float,
    *,
    finished: str = "stay",
    by: Any = None,
    final: Any = None,
    raw: bool = False,
    least: float = 0.0,
    constant: float = 0.0,
    most: int | None = None,
    stop: str = "all",
    prefer: bool = False,
    never: int | None = None,
    not_first: int | None = None,
    no_repeat: bool = False,
    masked: bool = False,
) -> tuple[list[int], float]:
    """The words that beam search finds for one picture, and the smallest margin of a choice that it made.

    The keywords make other searches of it, which a draw is to tell from the right one, and from each other:
    ``finished`` hypotheses may "stay", "go", "grow", or wait "aside" while the beam gets narrower; ``by`` is another
    alpha to keep candidates by, ``final`` one for the last choice; ``raw`` adds scores instead of log-probabilities;
    ``least`` is a bound for probabilities; ``constant`` is what Wu et al. add to lengths; ``most`` words follow each
    hypothesis; ``stop`` when "all" have ended, or the "best" has; ``prefer`` finished hypotheses in the end; ``never``
    say a word, ``not_first``, or twice in a row; ``masked`` before the softmax, so that the others gain.
    """

    def score(words: list[int], total: float, power: float = alpha) -> float:
        return float(total / ((constant + max(len(words), 1)) / (constant + 1.0)) ** power)

    def ended(words: list[int]) -> bool:
        return bool(words) and words[-1] == END

    def allowed(words: list[int], word: int) -> bool:
        if word == never or (word == not_first and not words):
            return False
        return not (no_repeat and words and words[-1] == word)

    kept_by = alpha if by is None else by
    alive: list[Hypothesis] = [([], 0.0, start(spec, v[None]))]
    aside: list[Hypothesis] = []
    margin = np.inf
    for _ in range(max_length):
        going = [found for found in alive if not ended(found[0]) or finished == "grow"]
        longer = [found for found in alive if ended(found[0])] if finished == "stay" else []
        if going:
            last = np.array([words[-1] if words else START for words, _, _ in going])
            states = tuple(np.concatenate(parts) for parts in zip(*(state for _, _, state in going), strict=True))
            scores, after = following(spec, last, states, np.repeat(v[None], len(going), axis=0))
            if masked:
                banned = [[not allowed(words, word) for word in range(scores.shape[1])] for words, _, _ in going]
                scores = np.where(banned, -1e9, scores)
            log_p = scores if raw else log_softmax(scores)
            log_p = np.maximum(log_p, np.log(least)) if least else log_p
            for k, (words, total, _) in enumerate(going):
                state = tuple(part[k : k + 1] for part in after)
                next_words = range(len(log_p[k])) if most is None else np.argsort(log_p[k])[-most:].tolist()
                longer += [
                    ([*words, word], total + float(log_p[k, word]), state)
                    for word in next_words
                    if allowed(words, word)
                ]
        if not longer:
            break
        longer.sort(key=lambda found: -score(found[0], found[1], kept_by))
        if len(longer) > width:
            margin = min(margin, score(*longer[width - 1][:2]) - score(*longer[width][:2]))
        alive = longer[:width]
        if finished == "aside":
            aside += [found for found in alive if ended(found[0])]
            width -= sum(ended(found[0]) for found in alive)
            alive = [found for found in alive if not ended(found[0])]
        if not alive or (stop == "best" and ended(alive[0][0])):
            break
    left = alive + aside
    if prefer:
        left = [found for found in left if ended(found[0])] or left
    power = alpha if final is None else final
    ranked = sorted(left, key=lambda found: -score(found[0], found[1], power))
    if len(ranked) > 1:
        margin = min(margin, score(*ranked[0][:2]) - score(*ranked[1][:2]))
    return (ranked[0][0] if ranked else []), float(margin)


# --- draws ----------------------------------------------------------------------------------


def model(rng: np.random.Generator, kind: str, inject: str, V: int, F: int, D: int, H: int) -> dict[str, Any]:
    """A model with weights of a size at which nothing saturates, and every one of which matters."""
    G = BLOCKS[kind]
    K = {"init": H, "every_step": G * H, "first_token": D}[inject]
    weights = {
        "We": rng.normal(size=(V, D)),
        "Wx": rng.normal(size=(D, G * H)) / np.sqrt(D),
        "Wh": 0.9 * rng.normal(size=(H, G * H)) / np.sqrt(H),
        "b": 0.4 * rng.normal(size=G * H),
        "Wv": rng.normal(size=(F, K)) / np.sqrt(F),
        "bv": 0.4 * rng.normal(size=K),
        "Why": rng.normal(size=(H, V)) * 2.0 / np.sqrt(H),
        "by": 0.4 * rng.normal(size=V),
    }
    return {"cell": kind, "inject": inject, "sizes": [V, F, D, H], "weights": weights}


def dimensions(rng: np.random.Generator, draw: Draw) -> tuple[int, int, int, int]:
    """V, F, D, H: all different, so that none can be taken for another."""
    if not draw.hidden:
        return 9, 6, 4, 5
    F, D, H = (int(n) for n in rng.permutation([3, 4, 5, 6])[:3])
    return int(rng.integers(8, 12)), F, D, H


def captions_of(rng: np.random.Generator, lengths: list[int], V: int) -> Array:
    """(N, 2 + longest): START, so many words, END, PAD."""
    found = np.full((len(lengths), max(lengths) + 2), PAD)
    for n, length in enumerate(lengths):
        found[n, : length + 2] = [START, *rng.integers(3, V, length), END]
    return found


STAND_INS = tuple(
    StandIn(name, "local", (), lambda: None, source=drivers.stand_in("05_captioning", name))
    for name in ("rnn_step", "lstm_step", "gru_step", "start_state", "next_scores", "caption_scores", "caption_loss")
)


def feature_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("image_features")
    cases = []
    for name, N, training, edge in (
        ("in training mode", 3, True, ""),
        ("in evaluation mode", 4, False, ""),
        ("one picture, in training mode", 1, True, "N=1"),
    ):
        C, side = (2, 7) if not draw.hidden else (int(rng.integers(2, 5)), int(rng.choice([5, 7, 9])))
        weights = {
            "kernel": rng.normal(size=(C, 3, 3, 3)) / np.sqrt(27),
            "bias": rng.normal(size=C),
            "mean": rng.normal(size=C),
            "variance": rng.uniform(0.5, 2.0, size=C),
        }
        images = rng.normal(size=(N, 3, side, side))
        cases.append(Case(name, {"weights": weights, "images": images, "training": training}, edge=edge))
    return cases


def trunk(case: Case) -> Array:
    """Convolution with stride 2, normalisation by the running statistics, rectifier: pixel by pixel."""
    w, images = case.weights, case.images
    side = (images.shape[2] - 3) // 2 + 1
    found = np.zeros((len(images), len(w["kernel"]), side, side))
    for row in range(side):
        for column in range(side):
            patch = images[:, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            found[:, :, row, column] = np.einsum("ncij,kcij->nk", patch, w["kernel"]) + w["bias"]
    scaled = (found - w["mean"][:, None, None]) / np.sqrt(w["variance"] + 1e-5)[:, None, None]  # torch's own epsilon
    result: Array = np.maximum(scaled, 0.0).reshape(len(images), -1)
    return result


@exercise("image_features", cases=feature_cases)
def test_image_features(student: Any, case: Case, expect: Expect) -> None:
    """Are these the trunk's features, the same whatever the CNN's mode, and without a gradient?"""
    got = student.image_features(case.weights, case.images, case.training)
    features, hangs = got if isinstance(got, (tuple, list)) and len(got) == 2 else (got, None)
    expect.part("features", features, trunk(case))
    if not isinstance(features, np.ndarray):
        found = Comparison(Outcome.NOT_ATTEMPTED, "Counts once there are features.", "no gradient", "no features")
    elif hangs is False:
        found = Comparison(Outcome.PASSED, "", "no gradient", "no gradient")
    else:
        words = "A gradient hangs on the features: torch keeps all of the CNN's activations for it."
        found = Comparison(Outcome.WRONG_VALUES, words, "no gradient", "a gradient")
    expect.verdict("no gradient", found)


# --- cells ----------------------------------------------------------------------------------


def cell_cases(kind: str, draw: Draw) -> list[Case]:
    """One bias for all rows and one for each; a batch of one."""
    rng = draw.rng(f"{kind}_step")
    cases = []
    for name, N, rows, edge in (("b (H,)", 3, False, ""), ("b (N, H)", 2, True, ""), ("N=1", 1, True, "N=1")):
        _, _, D, H = dimensions(rng, draw)
        spec = model(rng, kind, "init", 4, 3, D, H)["weights"]
        b = spec["b"] + 0.5 * rng.normal(size=(N, len(spec["b"]))) if rows else spec["b"]
        inputs = {"x": rng.normal(size=(N, D)), "h": 0.5 * rng.normal(size=(N, H)), "Wx": spec["Wx"], "Wh": spec["Wh"]}
        if kind == "lstm":
            inputs["c"] = rng.normal(size=(N, H))
        cases.append(Case(f"{name} N={N} D={D} H={H}", inputs | {"b": b}, edge=edge))
    return cases


def _run_cell(kind: str, student: Any, case: Case, expect: Expect) -> None:
    names = ("x", "h", "c", "Wx", "Wh", "b") if kind == "lstm" else ("x", "h", "Wx", "Wh", "b")
    inputs = {name: case.inputs[name] for name in names}
    got, gradients = with_gradients(student.call(f"{kind}_step", list(inputs.values())))
    if kind != "lstm" and isinstance(got, (tuple, list)) and len(got) == 1:
        got = got[0]  # a state of one, as the model keeps it

    def step(at: dict[str, Array]) -> tuple[Array, ...]:
        state = (at["h"], at["c"]) if kind == "lstm" else (at["h"],)
        return cell(kind, at["x"], state, at["Wx"], at["Wh"], np.atleast_2d(at["b"]))

    expected = dict(zip(("next_h", "next_c"), step(inputs), strict=False))
    expect.result(got, RTOL, **expected)
    expect_gradients(expect, tuple(expected), gradients, lambda at: sum(part.sum() for part in step(at)), inputs)


@exercise("rnn_step", cases=partial(cell_cases, "rnn"))
def test_rnn_step(student: Any, case: Case, expect: Expect) -> None:
    """Is this a vanilla RNN's step, with one bias and with one for each row?"""
    _run_cell("rnn", student, case, expect)


@exercise("lstm_step", cases=partial(cell_cases, "lstm"))
def test_lstm_step(student: Any, case: Case, expect: Expect) -> None:
    """Is this an LSTM's step?"""
    _run_cell("lstm", student, case, expect)


@exercise("gru_step", cases=partial(cell_cases, "gru"))
def test_gru_step(student: Any, case: Case, expect: Expect) -> None:
    """Is this a GRU's step?"""
    _run_cell("gru", student, case, expect)


# --- the model ------------------------------------------------------------------------------


#: As training hands them on: ``captions[:, 1:]`` does not lie in one piece, so that ``view`` refuses it.
SLICES = "tensors that are slices of others"


def model_cases(name: str, draw: Draw, injects: tuple[str, ...] = INJECTS) -> list[Case]:
    """Every cell with every door for the picture; a batch of one; captions of one word."""
    rng = draw.rng(name)
    cases = []

    def add(label: str, kind: str, inject: str, N: int, T: int, edge: str = "", sliced: bool = False) -> None:
        V, F, D, H = dimensions(rng, draw)
        inputs: dict[str, Any] = {
            "spec": model(rng, kind, inject, V, F, D, H),
            "v": rng.normal(size=(N, F)),
            "words": np.concatenate([np.full((N, 1), START), rng.integers(2, V, (N, T - 1))], axis=1),
            "h": 0.5 * rng.normal(size=(N, H)),
            "c": rng.normal(size=(N, H)),
            "sliced": sliced,
        }
        cases.append(Case(f"{label}N={N} T={T} V={V} F={F} D={D} H={H}", inputs, edge=edge))

    for kind in CELLS:
        for inject in injects:
            add(f"{kind}, {inject}: ", kind, inject, 3, 4)
    add("lstm, every_step: ", "lstm", "every_step", 1, 3, edge="N=1")
    add("gru, init: ", "gru", "init", 2, 1, edge="T=1")
    add("rnn, first_token, slices: ", "rnn", "first_token", 3, 4, edge=SLICES, sliced=True)
    return cases


def _state(got: Any, expected: tuple[Array, ...], name: str) -> Comparison:
    """A state is a tuple of one or two arrays; a lone array does as well where there is one."""
    if isinstance(got, np.ndarray) and len(expected) == 1 and got.ndim == 2:
        got = (got,)
    if not isinstance(got, (tuple, list)) or len(got) != len(expected):
        wanted = "(h, c)" if len(expected) == 2 else "(h,)"
        if got is None:
            return Comparison(Outcome.RETURNS_NONE, f"{name} is None; it should be a tuple {wanted}.", wanted, "None")
        count = f"{len(got)} entries" if isinstance(got, (tuple, list)) else describe(got)
        return Comparison(Outcome.WRONG_VALUES, f"{name} has {count}; it should be a tuple {wanted}.", wanted, count)
    verdict = None
    for letter, value, right in zip("hc", got, expected, strict=False):
        found = compare(value, right, RTOL, f"{letter} of {name}")
        if not found.ok:
            return found
        verdict = verdict or found
    assert verdict is not None
    return verdict


def start_cases(draw: Draw) -> list[Case]:
    """All three doors in each case, with one cell; a batch of one."""
    rng = draw.rng("start_state")
    cases = []
    for kind, N, edge in (("rnn", 3, ""), ("lstm", 2, ""), ("gru", 4, ""), ("lstm", 1, "N=1")):
        V, F, D, H = dimensions(rng, draw)
        specs = {inject: model(rng, kind, inject, V, F, D, H) for inject in INJECTS}
        cases.append(
            Case(f"{kind}, N={N} F={F} D={D} H={H}", {"specs": specs, "v": rng.normal(size=(N, F))}, edge=edge)
        )
    return cases


@exercise("start_state", cases=start_cases, stand_ins=STAND_INS[:3], together=False)
def test_start_state(student: Any, case: Case, expect: Expect) -> None:
    """Is the state before the first word right, for each way in?"""
    for inject in INJECTS:
        spec = case.specs[inject]
        expected = start(spec, case.v)
        try:
            got, gradients = with_gradients(student.start_state(spec, case.v))
        except StudentError as error:
            if error.outcome in (Outcome.ENVIRONMENT, Outcome.TIMED_OUT) or error.category == "missing":
                raise
            expect.verdict(inject, Comparison(error.outcome, error.message, "a state", error.kind or "an error"))
            continue
        value = got[0] if isinstance(got, (tuple, list)) and got else got
        expect.verdict(inject, _state(got, expected, f"the state with {inject!r}"), value, expected[0])
        expect_gradients(expect, (inject,), gradients, of_weights(spec, start, case.v), spec["weights"])


@exercise("next_scores", cases=partial(model_cases, "next_scores"), stand_ins=STAND_INS[:3])
def test_next_scores(student: Any, case: Case, expect: Expect) -> None:
    """Are scores and state after one word right, from a state that is not zero?"""
    state = (case.h, case.c) if case.spec["cell"] == "lstm" else (case.h,)
    words = case.words[:, -1]
    scores, after = following(case.spec, words, state, case.v)
    got, gradients = with_gradients(student.next_scores(case.spec, words, state, case.v, case.sliced))
    if isinstance(got, (tuple, list)) and len(got) == 2:
        expect.part("scores", got[0], scores)
        value = got[1][0] if isinstance(got[1], (tuple, list)) and got[1] else got[1]
        expect.verdict("state", _state(got[1], after, "the state"), value, after[0])
    else:
        expect.result(got, scores=scores, state=after[0])

    def total(at: dict[str, Array]) -> Any:
        before = tuple(at[name] for name in "hc"[: len(state)])
        return of_weights(case.spec, following, words, before, case.v)(at)

    inputs = case.spec["weights"] | dict(zip("hc", state, strict=False))
    expect_gradients(expect, ("scores", "state"), gradients, total, inputs)


@exercise("caption_scores", cases=partial(model_cases, "caption_scores"), stand_ins=STAND_INS[:5])
def test_caption_scores(student: Any, case: Case, expect: Expect) -> None:
    """Are the scores of every position right, teacher forced?"""
    got, gradients = with_gradients(student.caption_scores(case.spec, case.v, case.words, case.sliced))
    expect.part("scores", got, all_scores(case.spec, case.v, case.words))
    total = of_weights(case.spec, all_scores, case.v, case.words)
    expect_gradients(expect, ("scores",), gradients, total, case.spec["weights"])


def loss_cases(draw: Draw) -> list[Case]:
    """Captions of different lengths; all of one length; one caption; one position; large scores; unlikely words."""
    rng = draw.rng("caption_loss")
    V = dimensions(rng, draw)[0]
    cases = []
    for name, lengths, edge in (
        ("three lengths", [4, 2, 3], ""),
        ("much padding", [6, 1, 1, 2], ""),
        ("no padding", [3, 3], ""),
        ("one caption", [4], "N=1"),
        ("one position", [0, 0, 0], "T=1"),
        ("large scores", [4, 3], "large scores"),
        ("slices", [3, 1, 2], SLICES),
    ):
        targets = captions_of(rng, lengths, V)[:, 1:]
        scores = 2.0 * rng.normal(size=(*targets.shape, V))
        if edge == "large scores":
            # Of two words far above the others one is right: exp overflows, and no probability that counts underflows.
            n, t = np.indices(targets.shape)
            scores[n, t, targets] += 800.0
            scores[n, t, (targets + 1) % V] += 800.0
        cases.append(Case(name, {"scores": scores, "targets": targets, "sliced": edge == SLICES}, edge=edge))
    for distance, name, edge in (
        (UNEXPECTED, "words that were not expected", ""),
        (HARDLY_POSSIBLE, "words that are hardly possible", "improbable words"),
    ):
        scores, targets = unexpected(rng, 2, 3, V - 1, distance)
        scores = np.concatenate([np.full((2, 3, 1), -10.0), scores], axis=2)  # PAD is none of the words
        targets = targets + 1
        cases.append(Case(name, {"scores": scores, "targets": targets, "sliced": False}, edge=edge))
    return cases


@exercise("caption_loss", cases=loss_cases)
def test_caption_loss(student: Any, case: Case, expect: Expect) -> None:
    """Is the loss that of all words that are not PAD, per caption, and does its gradient reach the scores?"""
    got = student.caption_loss(case.scores, case.targets, case.sliced)
    loss, gradient = got if isinstance(got, (tuple, list)) and len(got) == 2 else (got, None)
    # Scores near 800 have an absolute rounding error of 3e-5 in float32.
    expect.part("loss", loss, np.asarray(loss_of(case.scores, case.targets)), 1e-3 if "large" in case.edge else RTOL)
    if gradient is None:
        words = "No gradient leads from the loss to the scores: it must be made of torch's operations on them."
        expect.verdict("gradient", Comparison(Outcome.WRONG_VALUES, words, "a gradient", "none"))
    else:
        expect.part("gradient", gradient, loss_gradient(case.scores, case.targets))


#: Many training loops clip gradients, each entry or all together, at 1, 5 or 10. Whether that shows must not be left to
#: chance: 1 shortens every joint norm here, 5 and 10 none in an ordinary case, and all bounds show in one edge case.
CALM, LOUD = 4.5, 12.0


def step_inputs(rng: np.random.Generator, kind: str, inject: str, lengths: list[int], loud: bool) -> dict[str, Any]:
    """A batch whose gradients nobody would clip; or a longer one, in which one unlikely word comes again and again."""
    while True:
        V, F, D, H = 7, 3, 4, 5
        captions = captions_of(rng, lengths, V)
        spec, v = model(rng, kind, inject, V, F, D, H), rng.normal(size=(len(lengths), F))
        if loud:
            spec["weights"]["Why"] *= 3.0
            spec["weights"]["by"][V - 1] -= 10.0
            captions[captions >= 3] = V - 1
        gradients = weight_gradients(spec, v, captions)[1].values()
        norm = float(np.sqrt(sum(float(np.sum(g * g)) for g in gradients)))
        entries = [float(np.max(np.abs(g))) for g in gradients]
        if max(entries) > LOUD if loud else 1.2 < norm < CALM and max(entries) < 0.9:
            return {"spec": spec, "v": v, "captions": captions}


def step_cases(draw: Draw) -> list[Case]:
    """Each cell and each door once, captions of several lengths; one caption; long gradients."""
    rng = draw.rng("training_step")
    cases = []
    for kind, inject, lengths, edge in (
        ("rnn", "init", [2, 3, 1], ""),
        ("lstm", "every_step", [3, 1], ""),
        ("gru", "first_token", [2, 3], ""),
        ("lstm", "init", [2], "N=1"),
        ("rnn", "every_step", [16, 15], "long gradients"),
    ):
        inputs = step_inputs(rng, kind, inject, lengths, edge == "long gradients")
        inputs["lr"] = 0.1 if not draw.hidden else float(rng.uniform(0.05, 0.2))
        T = inputs["captions"].shape[1] - 1
        cases.append(Case(f"{kind}, {inject}: N={len(lengths)} T={T}", inputs, edge=edge))
    return cases


@exercise("training_step", cases=step_cases, stand_ins=STAND_INS)
def test_training_step(student: Any, case: Case, expect: Expect) -> None:
    """Is the loss that of predicting each next word, and do all weights go down its gradient, once?"""
    loss, gradients = weight_gradients(case.spec, case.v, case.captions)
    got = student.training_step(case.spec, case.v, case.captions, case.lr)
    told, after, steps, left = got if isinstance(got, (tuple, list)) and len(got) == 4 else (got, None, 0, False)
    expect.part("loss", told, np.asarray(loss))
    weights = case.spec["weights"]
    if not isinstance(after, dict) or not all(isinstance(after.get(name), np.ndarray) for name in NAMES):
        expect.all(Outcome.WRONG_VALUES, "The weights are gone after the step.", ["update"])
        return
    # One comparison for all weights: relative to the largest entry of all gradients, as one step moves them together.
    # After minus before loses eps · |w| / lr, about 1e-15 of float64 and 1e-6 of float32 beside gradients of 0.1.
    moved = np.concatenate([((weights[name] - after[name]) / case.lr).ravel() for name in NAMES])
    wanted = np.concatenate([gradients[name].ravel() for name in NAMES])
    if moved.any():
        expect.part("update", moved, wanted)
        return
    if not steps:
        why, what = "no step was made", "no step"
    elif left:
        why, what = "when the step was made, there were no gradients yet", "a step before there were gradients"
    else:
        why, what = "when the step was made, there were no gradients any more", "a step after the gradients were gone"
    words = f"The weights stay as they are: {why}."
    expect.verdict("update", Comparison(Outcome.WRONG_VALUES, words, "a step down the gradient", what))


# --- words ----------------------------------------------------------------------------------


def searched(rng: np.random.Generator, make: Callable[[], tuple[dict[str, Any], bool]]) -> dict[str, Any]:
    """The first draw that is fit for an exact comparison; raises LookupError if there is none."""
    for _ in range(4000):
        inputs, fit = make()
        if fit:
            return inputs
    raise LookupError("no draw of words is clear enough to be compared")


def wordy(rng: np.random.Generator, kind: str, inject: str, draw: Draw, unknown: bool = False) -> dict[str, Any]:
    """A model that is sure enough of its words, and ends some captions.

    PAD and START never come, as in a trained model, and UNKNOWN only where it is asked for: whoever keeps one of them
    out is told so by one case, on every draw, or by none.
    """
    spec = model(rng, kind, inject, *dimensions(rng, draw))
    spec["weights"]["Why"] *= 2.0
    spec["weights"]["by"][END] += 0.8
    spec["weights"]["by"][[PAD, START]] -= 30.0
    spec["weights"]["by"][UNKNOWN] += 2.0 if unknown else -30.0
    return spec


#: Edge cases of what people keep out of captions, though it may be the most probable.
EMPTY, RARE = "an empty caption", "the unknown word"


def said_twice(words: Array) -> bool:
    """Whether a word follows itself somewhere."""
    return bool(((words[..., 1:] == words[..., :-1]) & (words[..., 1:] != PAD)).any())


def greedy_cases(draw: Draw) -> list[Case]:
    """Batches in which some captions end early and one does not; one picture; one word; what some people keep out."""
    rng = draw.rng("greedy")
    cases = []
    for kind, inject, N, length, edge in (
        ("rnn", "init", 5, 6, ""),
        ("lstm", "every_step", 6, 5, ""),
        ("gru", "first_token", 4, 7, ""),
        ("lstm", "first_token", 1, 6, "N=1"),
        ("gru", "every_step", 3, 1, "one word"),
        ("gru", "init", 3, 5, EMPTY),
        ("rnn", "every_step", 3, 5, RARE),
    ):

        def make(
            kind: str = kind, inject: str = inject, N: int = N, length: int = length, edge: str = edge
        ) -> tuple[Any, bool]:
            spec = wordy(rng, kind, inject, draw, edge == RARE)
            v = rng.normal(size=(N, spec["sizes"][1]))
            words, margin = greedy_words(spec, v, length)
            inputs = {"spec": spec, "v": v, "max_length": length, "expected": words}
            shown = {EMPTY: words[:, 0] == END, RARE: words == UNKNOWN}
            if any(found.any() != (name == edge) for name, found in shown.items()):
                return inputs, False
            ended = (words == END).any(axis=1)
            early = bool((words == PAD).any())
            varied = len({tuple(row) for row in words.tolist()}) == N and len(np.unique(words)) > 3
            if edge == "one word":
                fit = True
            elif N == 1:
                fit = early and len(np.unique(words)) > 3
            else:
                fit = bool(ended.any() and not ended.all() and early and varied)
                # Not to say a word twice in a row, or less than two words, are habits, too.
                fit = fit and (bool(edge) or (said_twice(words) and bool((words[:, 1] == END).any())))
            return inputs, fit and margin > MARGIN

        inputs = searched(rng, make)
        cases.append(Case(f"{kind}, {inject}: N={N}, up to {length} words", inputs, edge=edge))
    return cases


@exercise("greedy", cases=greedy_cases, stand_ins=STAND_INS[:5])
def test_greedy(student: Any, case: Case, expect: Expect) -> None:
    """Are these the most probable words, one by one, with PAD after END?"""
    expect.part("words", student.greedy(case.spec, case.v, case.max_length), case.expected)


#: Other searches, by what they do: each is to be told from the right one by at least one case of every draw.
Slips = tuple[dict[str, Any], ...]

#: What keeps something out of captions, by the edge case that shows it; no other case does.
KEPT_OUT: tuple[tuple[str, dict[str, Any]], ...] = (
    (EMPTY, {"not_first": END}),
    (EMPTY, {"not_first": END, "masked": True}),
    (RARE, {"never": UNKNOWN}),
    (RARE, {"never": UNKNOWN, "masked": True}),
)


def beam_inputs(
    rng: np.random.Generator, draw: Draw, kind: str, inject: str, width: int, length: int, alpha: float, edge: str
) -> dict[str, Any]:
    """A model, a picture and settings for one search."""
    spec = wordy(rng, kind, inject, draw, edge == RARE)
    weights = spec["weights"]
    weights["Why"] *= 0.6  # less sure of itself: there is something to search for
    if edge == EMPTY:
        weights["by"][END] += 1.5
    return {"spec": spec, "v": rng.normal(size=spec["sizes"][1]), "width": width, "max_length": length, "alpha": alpha}


@lru_cache(maxsize=8)
def beam_cases(draw: Draw) -> list[Case]:
    """Width 1 (greedy), wider ones that find something else, short and long by alpha, a length that runs out.

    Each of the wider ones is a draw on which certain wrong searches find something else: without that, an alpha that
    is ignored or a search that stops too early would get full marks on many draws. What is to be told apart is spread
    over the cases, so that draws are found soon.
    """
    rng = draw.rng("beam_search 26")  # of forty numbers the one whose visible draw is found soonest: check waits for it
    cases = []
    settings: tuple[tuple[str, str, int, int, float, Slips, str], ...] = (
        ("rnn", "init", 1, 6, 0.7, (), ""),
        ("lstm", "every_step", 3, 5, 0.7, ({"finished": "go"}, {"alpha": 0.0}), ""),
        ("gru", "first_token", 2, 6, 0.0, ({"finished": "grow"}, {"alpha": 1.0}, {"alpha": 0.7}), ""),
        ("gru", "init", 3, 5, 1.0, ({"by": 0.0}, {"alpha": 0.0}), ""),
        ("rnn", "first_token", 4, 6, 1.0, ({"stop": "best"}, {"no_repeat": True}), ""),
        ("lstm", "init", 3, 4, 0.6, ({"most": 2},), ""),
        ("lstm", "first_token", 40, 3, 0.5, ({"prefer": True},), ""),
        ("gru", "every_step", 3, 5, 0.8, ({"final": 0.0},), ""),
        ("rnn", "every_step", 3, 1, 0.7, (), "one word"),
        ("lstm", "init", 3, 5, 0.7, (), EMPTY),
        ("rnn", "init", 3, 5, 0.7, (), RARE),
    )
    for kind, inject, width, length, alpha, slips, edge in settings:

        def make(
            kind: str = kind,
            inject: str = inject,
            width: int = width,
            length: int = length,
            alpha: float = alpha,
            slips: Slips = slips,
            edge: str = edge,
        ) -> tuple[Any, bool]:
            inputs = beam_inputs(rng, draw, kind, inject, width, length, alpha, edge)
            words, margin = beam_words(**inputs)

            def found(slip: dict[str, Any]) -> list[int]:
                return beam_words(**(inputs | slip))[0]

            if margin <= MARGIN or (length > 1 and edge != EMPTY and len(words) < 2):
                return inputs, False
            if width > 1 and length > 1 and not edge:
                one, _ = greedy_words(inputs["spec"], inputs["v"][None], length)
                if words == [int(word) for word in one[0] if word != PAD]:
                    return inputs, False
            if any(found(slip) == words for slip in slips):
                return inputs, False
            if any((found(slip) != words) != (name == edge) for name, slip in KEPT_OUT):
                return inputs, False
            if found({"least": 1e-3}) != words:  # what is so improbable matters to no search
                return inputs, False
            # Slips whose results are alike would get each other's name.
            if {"finished": "go"} in slips and found({"finished": "go"}) == found({"raw": True}):
                return inputs, False
            if {"final": 0.0} in slips and found({"final": 0.0}) in (found({"constant": 5.0}), found({"alpha": 0.0})):
                return inputs, False
            return inputs, not ({"by": 0.0} in slips and found({"alpha": 0.0}) == found({"constant": 5.0}))

        inputs = searched(rng, make)
        inputs["expected"] = beam_words(**inputs)[0]
        cases.append(Case(f"{kind}, {inject}: width {width}, up to {length} words, alpha {alpha}", inputs, edge=edge))
    return cases


@exercise("beam_search", cases=beam_cases, stand_ins=STAND_INS[:5])
def test_beam_search(student: Any, case: Case, expect: Expect) -> None:
    """Are these the words that a beam of this width ends with?"""
    got = student.beam_search(case.spec, case.v, case.width, case.max_length, case.alpha)
    expect.part("words", got, np.asarray(case.expected))


# --- the captioning test ---------------------------------------------------------------------

#: What the test trains, and on what. Fixed numbers of pictures and steps, never of seconds.
POOL, PICTURES, UNSEEN_PICTURES, KNOWN_PICTURES, STEPS, BATCH, LEARNING_RATE = 6000, 5000, 400, 100, 600, 64, 6e-3
WORD_SIZE, HIDDEN_SIZE, LONGEST = 32, 96, 20
CELL, INJECT = "lstm", "every_step"

#: What is asked of captions of unseen pictures. benchmarks/captioning_thresholds.py has the runs that they come from.
LEAST_MEANING, LEAST_BLEU = 0.30, 0.56

#: Processor time after which training is stopped, and how many times a call's limits the whole test may take. The
#: slowest right module that we have takes 63 s on a busy machine: a machine half as fast must not cost it a point.
TRAINING_SECONDS, TEST_FACTOR = 160.0, 24.0

#: float32 rounds each of some twenty additions and products on the way to a loss to 6e-8; a loss that counts padding,
#: or another word, is off by percents.
LOSS_RTOL = 1e-3


@lru_cache(maxsize=1)
def pool() -> dict[str, Any]:
    """Pictures to train on: the same for everybody, so that their features are computed once on a machine."""
    from coursekit.cache import cached_arrays
    from coursekit.data.scenes import make_scenes
    from coursekit.data.scenes import version as scenes_version
    from coursekit.data.vocabulary import Vocabulary
    from coursekit.digit_cnn import scene_features, version

    scenes = make_scenes("train", POOL)
    name = f"captioning-test-{POOL}-{scenes_version()}-{version()}"
    features = cached_arrays(name, lambda: {"features": scene_features(scenes.images)})["features"]
    vocabulary = Vocabulary.from_captions(scenes.captions)
    encoded = vocabulary.encode_all([text for texts in scenes.captions for text in texts])
    return {
        "vocabulary": vocabulary,
        "v": features,
        "captions": encoded.reshape(len(scenes.captions), -1, encoded.shape[1]),
    }


@lru_cache(maxsize=2)
def captioning_data(seed: int) -> dict[str, Any]:
    """Pictures of the pool to train on, and new ones to be described; which, and these, are the draw's secret."""
    from coursekit.data.scenes import make_scenes
    from coursekit.digit_cnn import scene_features

    given = pool()
    others = make_scenes("test", UNSEEN_PICTURES, seed=seed)
    known = make_scenes("val", KNOWN_PICTURES, seed=seed)
    chosen = np.random.default_rng(seed).permutation(POOL)[:PICTURES]
    return {
        "vocabulary": given["vocabulary"],
        "v": given["v"][chosen],
        "captions": given["captions"][chosen],
        "others": scene_features(others.images),
        "known": scene_features(known.images),
        "known_captions": given["vocabulary"].encode_all([texts[0] for texts in known.captions]),
        "references": others.captions,
        "meanings": others.meanings,
    }


def experiment_cases(draw: Draw) -> list[Case]:
    """One training run; the pictures come from one secret number, the first weights and the order from another.

    Only the second is sent to the worker: with the first, the pictures to be described could be made again there.
    """
    seeds = draw.rng("captioning_test").integers(2**62, size=2)
    return [Case("one training run", {"seed": int(seeds[0]), "training_seed": int(seeds[1] % 2**31)})]


#: What the test calls itself.
CALLED = ("CaptioningRNN", "caption_scores", "caption_loss", "training_step", "greedy")


def rehearse(student: Any) -> None:
    """One step with made-up numbers: what is not written is found before thousands of pictures are painted.

    Raises:
        StudentError: something that the test needs is not written. Whatever else goes wrong is left to the test.
    """
    settings = {"cell": CELL, "inject": INJECT, "sizes": [8, 6, WORD_SIZE, HIDDEN_SIZE], "steps": 1, "batch": 2}
    settings |= {"lr": LEARNING_RATE, "seed": 0, "seconds": 1.0, "max_length": 4, "device": device()}
    v, words = np.ones((4, 6), dtype=np.float32), np.tile([START, 4, 5, END], (4, 1))
    try:
        student.captioning_test(settings, v, words[:, None], v, v, words)
    except StudentError as error:
        if error.outcome is Outcome.NOT_ATTEMPTED:
            raise


@exercise("captioning_test", cases=experiment_cases, together=False, needs=CALLED)
def test_captioning(student: Any, case: Case, expect: Expect) -> None:
    """Does the model, trained with the student's functions, say what is in pictures that it has not seen?"""
    from coursekit.caption_metrics import meaning_share, scores

    rehearse(student)
    data = captioning_data(case.seed)
    vocabulary, features = data["vocabulary"], data["v"].shape[1]
    settings = {
        "cell": CELL,
        "inject": INJECT,
        "sizes": [len(vocabulary), features, WORD_SIZE, HIDDEN_SIZE],
        "steps": STEPS,
        "batch": BATCH,
        "lr": LEARNING_RATE,
        "seed": case.training_seed,
        "seconds": TRAINING_SECONDS,
        "max_length": LONGEST,
        "device": device(),
    }
    given = [data[name] for name in ("v", "captions", "others", "known", "known_captions")]
    got = student.captioning_test(settings, *given, factor=TEST_FACTOR)
    words, losses, before, after = got if isinstance(got, (tuple, list)) and len(got) == 4 else (None,) * 4
    said = _texts(words, vocabulary, len(data["others"]))
    if said is None or not isinstance(losses, np.ndarray) or not losses.size:
        expect.all(Outcome.WRONG_VALUES, f"greedy should return ({len(data['others'])}, {LONGEST}) words.")
        return
    trained = _spec_of(_pair(after)[0], settings)
    meaning, bleu = meaning_share(said, data["meanings"]), scores(said, data["references"])["BLEU-4"]
    why = ""
    if meaning < LEAST_MEANING or bleu < LEAST_BLEU:
        why = _what_is_off(said, losses, trained, data)
    for name, value, least in (("meaning", meaning, LEAST_MEANING), ("BLEU-4", bleu, LEAST_BLEU)):
        share = "of the captions say what is in the picture" if name == "meaning" else "is the BLEU-4 of the captions"
        text = f"{value:.2f} {share}; at least {least:.2f} is asked. {why}".strip()
        outcome = Outcome.PASSED if value >= least else Outcome.WRONG_VALUES
        expect.verdict(
            name, Comparison(outcome, "" if value >= least else text, f"at least {least:.2f}", f"{value:.2f}")
        )
    # Before training as well: a model that was trained to predict padding has no loss left there to be seen.
    for moment, pair in (("before training", before), ("after training", after)):
        weights, loss = _pair(pair)
        spec = _spec_of(weights, settings)
        if spec is None:
            expect.all(
                Outcome.WRONG_VALUES, "CaptioningRNN no longer has the parameters that it is given with.", ["loss"]
            )
            return
        asked = data["known_captions"]
        right = np.asarray(loss_of(all_scores(spec, data["known"], asked[:, :-1]), asked[:, 1:]))
        expect.verdict("loss", compare(loss, right, LOSS_RTOL, f"the loss of unseen captions {moment}"), loss, right)


def _pair(value: Any) -> tuple[Any, Any]:
    """Weights and loss, of whatever came back."""
    return (value[0], value[1]) if isinstance(value, (tuple, list)) and len(value) == 2 else (None, None)


def device() -> str:
    """Where the test trains: the processor, unless the environment variable UNROLLED_DEVICE says otherwise.

    Rubric and points are the same everywhere. A sandbox hides graphics cards: whoever wants one grades with
    ``--isolation process``, which is weaker and says so.

    Raises:
        UsageError: an unknown name.
    """
    name = os.environ.get("UNROLLED_DEVICE", "cpu")
    if name not in ("cpu", "cuda", "mps", "auto"):
        raise UsageError(f"UNROLLED_DEVICE is {name!r}; it can be cpu, cuda, mps or auto.")
    return name


def _texts(words: Any, vocabulary: Any, count: int) -> list[str] | None:
    """Captions as text; None if these are no words."""
    try:
        array = np.asarray(words)
        if array.ndim != 2 or len(array) != count or not np.isin(array, np.arange(len(vocabulary))).all():
            return None
    except (TypeError, ValueError):
        return None
    return [vocabulary.decode([int(word) for word in row]) for row in array]


def _spec_of(weights: Any, settings: dict[str, Any]) -> dict[str, Any] | None:
    """The trained model for our own formulas; None if a weight is missing or of another shape."""
    V, F, D, H = settings["sizes"]
    G = BLOCKS[CELL]
    shapes = {"We": (V, D), "Wx": (D, G * H), "Wh": (H, G * H), "b": (G * H,), "Wv": (F, G * H), "bv": (G * H,)}
    shapes |= {"Why": (H, V), "by": (V,)}
    if not isinstance(weights, dict) or any(
        getattr(weights.get(name), "shape", None) != shapes[name] for name in NAMES
    ):
        return None
    plain = {name: np.asarray(weights[name], dtype=np.float64) for name in NAMES}
    return {"cell": CELL, "inject": INJECT, "sizes": [V, F, D, H], "weights": plain}


def _what_is_off(said: list[str], losses: Array, trained: dict[str, Any] | None, data: dict[str, Any]) -> str:
    """Where to look when captions are poor: told from the run, not from the code."""
    from coursekit.caption_metrics import meaning_share

    if len(losses) < STEPS:
        return f"Training was stopped after {len(losses)} of {STEPS} steps: it had used {TRAINING_SECONDS:g} s."
    if not np.isfinite(losses).all():
        return "The loss is not finite."
    first, last = float(losses[:20].mean()), float(losses[-50:].mean())
    if last > 0.7 * first:
        return f"The loss hardly fell: {first:.1f} at first, {last:.1f} at the end."
    if trained is not None:
        words, _ = greedy_words(trained, data["others"], LONGEST)
        ours = [data["vocabulary"].decode([int(word) for word in row]) for row in words]
        if meaning_share(ours, data["meanings"]) >= LEAST_MEANING:
            return "The model itself is well trained: look at how greedy makes words of its scores."
    if len(set(said)) < len(said) // 20:
        count = "one and the same caption" if len(set(said)) == 1 else f"{len(set(said))} different captions"
        return f"All {len(said)} pictures together get {count}: does the picture reach the words?"
    if last < 2.0:
        return (
            f"The training loss fell to {last:.2f}, less than a guess can have: is a word told before it is asked for?"
        )
    return f"The training loss fell from {first:.1f} to {last:.1f}."
