"""Checks of unit 3, a language model of characters.

The oracles are loops over single characters, and complex-step differentiation of the whole model's loss
written with one-hot vectors; nothing is shared with any solution. Run them on one file with
``pytest autograder/checks/test_03_char_lm.py --submission PATH``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.checking import Case, Expect, Growing, exercise
from autograder.checks.test_02_bptt import (
    HARDLY_POSSIBLE,
    UNEXPECTED,
    affine,
    steep,
    step,
    unexpected,
    unrolled,
)
from autograder.draws import Draw
from autograder.gradcheck import RTOL, Array, Comparison, as_array, compare, complex_step, describe, shape_text
from autograder.protocol import Opaque
from autograder.questions import nothing
from autograder.results import Outcome
from autograder.student import KEPT, Call, StandIn

PARAMETERS = ("We", "Wx", "Wh", "b", "Why", "by")


# --- oracles --------------------------------------------------------------------------------


def marked(ids: Array, V: int) -> Array:
    """ids.shape + (V,): 1 where the class is the id, entry by entry."""
    vectors = np.zeros((*ids.shape, V))
    for place in np.ndindex(*ids.shape):
        for v in range(V):
            vectors[(*place, v)] = float(ids[place] == v)
    return vectors


def looked_up(x: Array, W: Array) -> Array:
    """(N, T, D): one row per character, copied one by one."""
    rows = np.zeros((*x.shape, W.shape[1]))
    for place in np.ndindex(*x.shape):
        rows[place] = W[x[place]]
    return rows


def embedding_gradient(dout: Array, x: Array, W: Array) -> Array:
    """(V, D): every occurrence of a character adds to its row."""
    dW = np.zeros(W.shape)
    for place in np.ndindex(*x.shape):
        for d in range(W.shape[1]):
            dW[x[place], d] += dout[(*place, d)]
    return dW


EMBEDDING_STAND_INS = (
    StandIn("word_embedding_forward", "forward", ("x", "W"), looked_up),
    StandIn("word_embedding_backward", "backward", ("dout", "cache"), embedding_gradient),
)


@lru_cache(maxsize=256)
def _loss_of_model(x: bytes, y: bytes, N: int, T: int) -> Callable[..., Array]:
    """The loss as a function of h0 and the six parameters, for real and complex arrays with more axes in front.

    One function per text, so that complex_step recognises what it has worked out before.
    """
    inputs = np.frombuffer(x, dtype=np.int64).reshape(N, T)
    targets = np.frombuffer(y, dtype=np.int64).reshape(N, T)

    def loss(h0: Array, We: Array, Wx: Array, Wh: Array, b: Array, Why: Array, by: Array) -> Array:
        V = by.shape[-1]
        embedded = np.einsum("ntv,...vd->...ntd", marked(inputs, V), We)
        scores = affine(unrolled(embedded, h0, Wx, Wh, b), Why, by)
        shifted = scores - scores.real.max(axis=-1, keepdims=True)
        surprise = np.log(np.exp(shifted).sum(axis=-1)) - np.einsum("...ntv,ntv->...nt", shifted, marked(targets, V))
        result: Array = surprise.sum(axis=(-2, -1)) / N
        return result

    return loss


def model_results(params: dict[str, Array], x: Array, y: Array, h0: Array) -> dict[str, Any]:
    """What char_rnn_loss should return, by part."""
    N, T = x.shape
    loss = _loss_of_model(x.astype(np.int64).tobytes(), y.astype(np.int64).tobytes(), N, T)
    plain = {name: np.asarray(params[name], dtype=np.float64) for name in PARAMETERS}
    inputs = (np.asarray(h0, dtype=np.float64), *plain.values())
    gradients = complex_step(loss, inputs, np.array(1.0), batched=True)[1:]
    states = unrolled(looked_up(x, plain["We"]), inputs[0], plain["Wx"], plain["Wh"], plain["b"])
    found = {"loss": float(loss(*inputs)), "h_last": states[:, -1]}
    return found | {f"d{name}": gradient for name, gradient in zip(PARAMETERS, gradients, strict=True)}


def probabilities(scores: Array, temperature: float) -> Array:
    """(..., V): p_i = exp(s_i / temperature) / sum, one by one, shifted so that the largest is exp(0)."""
    p = np.zeros(scores.shape)
    for place in np.ndindex(*scores.shape[:-1]):
        row = [float(score) / temperature for score in scores[place]]
        weights = [math.exp(score - max(row)) for score in row]
        p[place] = [weight / sum(weights) for weight in weights]
    return p


def written(
    params: dict[str, Array],
    h0: Array,
    first: int,
    M: int,
    pick: Callable[[Array, int], int],
    carry: bool = True,
    feed: bool = True,
) -> list[int]:
    """Characters that the model writes; ``pick`` chooses from the scores.

    ``carry`` and ``feed``: whether the state and the chosen character go on to the next step; without, it is a
    mistake that a case has to tell from the right text.
    """
    h, current, ids = h0[None], first, []
    for k in range(M):
        row = params["We"][current][None]
        after = step(row, h, params["Wx"], params["Wh"], params["b"])
        h, state = (after if carry else h), after
        ids.append(pick(state[0] @ params["Why"] + params["by"], k))
        current = ids[-1] if feed else first
    return ids


def drawn(p: Sequence[float], u: float) -> int:
    """The first i for which p_0 + ... + p_i > u."""
    total = 0.0
    for i, probability in enumerate(p):
        total += probability
        if total > u:
            return i
    return len(p) - 1


# --- what several checks need ---------------------------------------------------------------


def different(rng: np.random.Generator, count: int, draw: Draw, fixed: tuple[int, ...]) -> list[int]:
    """Different sizes for different axes, so that none can be taken for another; never 1."""
    return [int(n) for n in rng.permutation([2, 3, 4, 5, 6, 7])[:count]] if draw.hidden else list(fixed)


def _wrong(message: str, expected: str, got: Any) -> Comparison:
    kind = Outcome.RETURNS_NONE if got is None else Outcome.WRONG_VALUES
    return Comparison(kind, message, expected, describe(got))


def expect_part(expect: Expect, part: str, got: Any, expected: Any, *given: Any, name: str = "") -> None:
    """Compare one part; where the inputs are float32, a float32 result is what one expects, and no remark is due."""
    found = compare(got, expected, name=name or part)
    single = any(array.dtype == np.float32 for array in given)
    expect.verdict(part, replace(found, single_precision=found.single_precision and not single), got, expected)


def whole(value: Any) -> bool:
    """Whether a result consists of whole numbers, not of floats: others can be no index."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iu"
    if isinstance(value, (list, tuple)):
        return all(whole(item) for item in value)
    return type(value) is int


def expect_ids(expect: Expect, part: str, got: Any, expected: Any) -> None:
    """Compare whole numbers: an array or a list, of any integer type."""
    found = compare(got, expected, name=part)
    if found.ok and np.size(expected) and not whole(got):
        message = f"{part} has the right values, but as {describe(got)}: only whole numbers can be an index."
        found = Comparison(Outcome.WRONG_VALUES, message, found.expected, found.got)
    expect.verdict(part, found, got, expected)


# --- text as numbers ------------------------------------------------------------------------

#: Upper and lower case, digits, spaces, accents, other alphabets, one character beyond 16 bits.
CHARACTERS = "abcdefgzABCXYZ0189 \n\t.,;()_'äßéñλЖ中🙂"


def some_text(rng: np.random.Generator, M: int, V: int, hidden: bool = True) -> str:
    """M characters of which V are different (if M >= V), in no order, each of them somewhere twice if there is room."""
    alphabet = rng.permutation(list(CHARACTERS))[:V]
    return "".join(str(alphabet[i]) for i in rng.permutation(np.arange(M) % V))


def text_cases(draw: Draw) -> list[Case]:
    """Texts with their vocabularies; the vocabulary may have characters that the text has not."""
    rng = draw.rng("text")

    def case(name: str, text: str, more: str = "", edge: str = "") -> Case:
        vocab = [chr(code) for code in sorted({ord(character) for character in text + more})]
        ids = np.array([vocab.index(character) for character in text], dtype=np.int64)
        return Case(name, {"text": text, "vocab": vocab, "ids": ids}, edge=edge)

    short, V, long, W = different(rng, 4, draw, (7, 5, 4, 3))
    return [
        case("letters and spaces", "the cat sat on the mat" if not draw.hidden else some_text(rng, 20 + short, V)),
        case(
            "upper and lower case, digits, new lines", "\r Zebra = 10\n\tapple = 9\n" + some_text(rng, short, 3) + "\n"
        ),
        case("letters beyond ASCII", "naïve Straße, λ и 中文 🙂" + some_text(rng, 30 + long, 20)),
        case("a vocabulary larger than the text", some_text(rng, 12, W) + "z", more=CHARACTERS[10:30]),  # most before z
        case("one character", some_text(rng, 1, 1), more="", edge="a text of one character"),
        case("one character, again and again", some_text(rng, 1, 1) * (3 + long), edge="V=1"),
    ]


def small_text(rng: np.random.Generator, M: int, V: int) -> dict[str, Any]:
    text = "".join("cab"[i % V] for i in range(M))
    vocab = sorted(set(text))
    return {"text": text, "vocab": vocab, "ids": np.array([vocab.index(c) for c in text], dtype=np.int64)}


def characters(value: Any) -> str | None:
    """The characters of a str, or of a list or tuple of them; None if it is none of these."""
    if isinstance(value, str):
        return value
    single = isinstance(value, (list, tuple)) and all(isinstance(c, str) and len(c) == 1 for c in value)
    return "".join(value) if single else None


def codes(text: str) -> Array:
    """A text as numbers, so that wrong results can be compared with those of known mistakes."""
    return np.array([ord(character) for character in text], dtype=np.int64)


@exercise("build_vocab", cases=text_cases, small=small_text)
def test_build_vocab(student: Any, case: Case, expect: Expect) -> None:
    """Is each character of the text there once, in sorted order?"""
    wanted = sorted({ord(character) for character in case.text})
    text, like = f"{len(wanted)} characters", "a list of characters"
    got = student.build_vocab(case.text)
    found = characters(got)
    if found is None:
        expect.verdict("vocab", _wrong(f"vocab is {_named(got)}, it should be {like}.", text, got), got)
        return
    have = [ord(character) for character in found]
    if have == wanted:
        verdict = Comparison(Outcome.PASSED, "", text, f"{len(have)} characters")
    else:
        if len(set(have)) < len(have):
            message = "vocab has the same character more than once."
        elif set(wanted) - set(have):
            message = f"vocab lacks {len(set(wanted) - set(have))} of the text's characters."
        elif set(have) - set(wanted):
            message = "vocab has characters that the text has not."
        else:
            message = "vocab has the right characters, but not in sorted order."
        verdict = Comparison(Outcome.WRONG_VALUES, message, text, f"{len(have)} characters")
    expect.verdict("vocab", verdict, codes(found))


def _named(value: Any) -> str:
    return f"a {value.type_name}" if isinstance(value, Opaque) else describe(value)


@exercise("encode", cases=text_cases, small=small_text)
def test_encode(student: Any, case: Case, expect: Expect) -> None:
    """Is every character its place in the vocabulary?"""
    expect_ids(expect, "ids", student.encode(case.text, case.vocab), case.ids)


@exercise("decode", cases=text_cases, small=small_text)
def test_decode(student: Any, case: Case, expect: Expect) -> None:
    """Is the text the one that the numbers were made of?"""
    got = student.decode(case.ids, case.vocab)
    wanted = f"{len(case.text)} characters"
    if not isinstance(got, str):
        found = characters(got)
        about = f"text is {_named(got)}, it should be one str."
        expect.verdict("text", _wrong(about, wanted, got), got if found is None else [found])
        return
    have = f"{len(got)} characters"
    if got == case.text:
        verdict = Comparison(Outcome.PASSED, "", wanted, have)
    elif len(got) != len(case.text):
        message = f"text has {have}, it should have {wanted}."
        verdict = Comparison(Outcome.WRONG_VALUES, message, wanted, have)
    else:
        wrong = sum(a != b for a, b in zip(got, case.text, strict=True))
        message = f"text has the right length; {wrong} of {wanted} are wrong."
        verdict = Comparison(Outcome.WRONG_VALUES, message, wanted, have)
    expect.verdict("text", verdict, codes(got))


def one_hot_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("one_hot")
    N, T, V, M = different(rng, 4, draw, (2, 3, 5, 4))

    def case(V: int, *shape: int, edge: str = "") -> Case:
        ids = rng.integers(V, size=shape)
        return Case(f"ids {shape_text(shape)} V={V}" if shape else f"one id, V={V}", {"ids": ids, "V": V}, edge=edge)

    rising = Case(f"ids in order, V={M + 2}", {"ids": np.arange(M), "V": M + 2})
    return [
        case(V, M),
        case(V + 2, N, T),
        rising,
        case(M, T, N, 2),
        case(2, 1, T, edge="N=1"),
        case(V, edge="a single number"),
    ]


def small_one_hot(rng: np.random.Generator, N: int, T: int, V: int) -> dict[str, Any]:
    return {"ids": rng.integers(V, size=(N, T)), "V": V}


@exercise("one_hot", cases=one_hot_cases, small=small_one_hot)
def test_one_hot(student: Any, case: Case, expect: Expect) -> None:
    """Is each vector 1 at its number and 0 elsewhere?"""
    expect.part("vectors", student.one_hot(np.array(case.ids), case.V), marked(np.asarray(case.ids), case.V))


# --- the table of vectors -------------------------------------------------------------------


def embedding_inputs(rng: np.random.Generator, N: int, T: int, V: int, D: int) -> dict[str, Any]:
    return {
        "x": rng.integers(V, size=(N, T)),
        "W": rng.normal(size=(V, D)),
        "dout": rng.normal(size=(N, T, D)),
    }


def embedding_cases(draw: Draw) -> list[Case]:
    """Characters that occur often and characters that do not occur at all."""
    rng = draw.rng("embedding")
    N, T, V, D = different(rng, 4, draw, (2, 4, 5, 3))

    def case(N: int, T: int, V: int, D: int, edge: str = "", **other: Any) -> Case:
        inputs = embedding_inputs(rng, N, T, V, D) | other
        return Case(f"N={N} T={T} V={V} D={D}", inputs, edge=edge)

    # No two alike: right with `dW[x] = dout`, wrong with sums over too much.
    once = rng.permutation(N * T + 2)[: N * T].reshape(N, T)
    twice = rng.integers(2, size=(T, N))
    twice.flat[:2] = 1, 1  # one character certainly occurs twice, another may not occur
    long = embedding_inputs(rng, N, T, 2, D)
    long = steep(long, "dout", [embedding_gradient(long["dout"], long["x"], long["W"])])
    return [
        case(N, T, V, D),
        case(T, N, V + 3, D, x=twice.astype(np.int32)),
        case(N, T, N * T + 2, D, x=once),
        case(1, T, V, D, edge="N=1"),
        case(N, 1, V, D, edge="T=1"),
        Case(f"N={N} T={T} V=2 D={D}", long),
    ]


@exercise("word_embedding_forward", cases=embedding_cases, small=embedding_inputs)
def test_word_embedding_forward(student: Any, case: Case, expect: Expect) -> None:
    """Is every number looked up in the table?"""
    returned = student.word_embedding_forward(case.x, case.W, keep=[1])
    if isinstance(returned, tuple) and len(returned) == 2:
        expect.part("out", returned[0], looked_up(case.x, case.W))
        return
    what = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else f"{describe(returned)} alone"
    kind = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
    expect.all(kind, f"word_embedding_forward returns {what}; it should return two: out and cache.")


def whole_lookup(case: Case, W: Array) -> Any:
    return np.sum(case.dout * W[case.x])


#: D grows: with V, a table of one-hot vectors would grow like the square, and is right.
GROWING_EMBEDDING = Growing(
    ("dW",), lambda rng, n: embedding_inputs(rng, 2, 4, 4, n), lambda case: (case.W,), whole_lookup, slowest=0.5
)


@exercise(
    "word_embedding_backward",
    cases=embedding_cases,
    stand_ins=EMBEDDING_STAND_INS[:1],
    asks={"word_embedding_forward": nothing},
    small=embedding_inputs,
    growing=GROWING_EMBEDDING,
)
def test_word_embedding_backward(student: Any, case: Case, expect: Expect) -> None:
    """Does every occurrence of a character add to its row?"""
    there = Call("word_embedding_forward", [case.x, case.W], [1])
    answers = student.in_turn(there, Call("word_embedding_backward", [case.dout, KEPT]))
    expect.forward(next(answers), looked_up(case.x, case.W), "word_embedding_forward")
    expect.part("dW", next(answers), embedding_gradient(case.dout, case.x, case.W))


# --- chunks of a long text ------------------------------------------------------------------


def batch_cases(draw: Draw) -> list[Case]:
    """Lengths that fit exactly and lengths that leave something over, within a stream and after the last."""
    rng = draw.rng("tbptt_batches")
    N, T, V = different(rng, 3, draw, (3, 4, 7))
    N = max(N, 3)  # with two streams, one is all but the other
    T = T + 1 if T == N else T

    def case(words: str, N: int, T: int, M: int, edge: str = "", kind: Any = np.int64) -> Case:
        text = (rng.permutation(M) + V).astype(kind)  # no two alike: a wrong place is a wrong number
        return Case(f"M={M} N={N} T={T}, {words}", {"text": text, "N": N, "T": T}, edge=edge)

    L = 3 * T
    return [
        case("nothing left over", N, T, N * L + 1),
        case("the end of each stream left over", N, T, N * (L + 1) + 1),
        case("the end of the text left over", N, T, N * (L + T - 1) + N, kind=np.int32),
        case("one chunk", N, T, N * T + 1),
        case("one stream", 1, T, 2 * T + 2, edge="N=1"),
        case("one character per chunk", N, 1, 4 * N + 2, edge="T=1"),
    ]


def small_batches(rng: np.random.Generator, N: int, T: int, chunks: int, more: int) -> dict[str, Any]:
    return {"text": np.arange(N * T * chunks + more), "N": N, "T": T}


def right_batches(text: Array, N: int, T: int) -> tuple[Array, Array]:
    """All x and all y, both (K, N, T): entry by entry, by place in the text."""
    L = (len(text) - 1) // N
    K = L // T
    x, y = np.zeros((K, N, T)), np.zeros((K, N, T))
    for k in range(K):
        for n in range(N):
            for t in range(T):
                x[k, n, t] = text[n * L + k * T + t]
                y[k, n, t] = text[n * L + k * T + t + 1]
    return x, y


@exercise("tbptt_batches", cases=batch_cases, small=small_batches)
def test_tbptt_batches(student: Any, case: Case, expect: Expect) -> None:
    """Does each row of a chunk go on where the same row of the chunk before stopped?"""
    wanted = dict(zip(("x", "y"), right_batches(case.text, case.N, case.T), strict=True))
    got = student.tbptt_batches(case.text, case.N, case.T)
    K = len(wanted["x"])
    text = f"{K} pairs of {shape_text(wanted['x'].shape[1:])}"
    pairs = _pairs(got)
    if pairs is None:
        if got is None:
            message = "tbptt_batches returns None."
        else:
            message = f"tbptt_batches returns {_named(got)}, it should return a list of pairs (x, y)."
        for part in wanted:
            expect.verdict(part, _wrong(message, text, got), got)
        return
    for position, part in enumerate(wanted):
        parts = [pair[position] for pair in pairs]
        stacked = as_array(parts)
        shapes = [shape_text(array.shape) if array is not None else "?" for array in map(as_array, parts)]
        right = shape_text(wanted[part].shape[1:])
        have = f"{len(parts)} pairs of {', '.join(sorted(set(shapes)))}"
        if any(shape != right for shape in shapes):
            place = next(k for k, shape in enumerate(shapes) if shape != right)
            message = f"{part} of chunk {place} (from 0) has shape {shapes[place]}, it should be {right}."
        elif len(parts) != K:
            message = f"there are {len(parts)} pairs, there should be {K}."
        else:
            assert stacked is not None
            kind = "" if whole(parts) else " They should be whole numbers, as in the text."
            found = compare(stacked, wanted[part], name=part)
            if found.ok and not kind:
                expect.verdict(part, Comparison(Outcome.PASSED, "", text, have), stacked, wanted[part])
                continue
            message = "" if found.ok else _which_chunks(part, stacked, wanted[part])
            message = f"{message}{kind}".strip()
        verdict = Comparison(Outcome.WRONG_VALUES, message, text, have)
        expect.verdict(part, verdict, parts if stacked is None else stacked, wanted[part])


def _pairs(value: Any) -> list[Any] | None:
    """A list of pairs; an array of shape (K, 2, N, T) is one as well."""
    if isinstance(value, np.ndarray) and value.ndim == 4 and value.shape[1] == 2:
        return [(pair[0], pair[1]) for pair in value]
    if isinstance(value, (list, tuple)) and value:
        if all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in value):
            return list(value)
        if all(isinstance(pair, np.ndarray) and pair.ndim == 3 and len(pair) == 2 for pair in value):
            return [(pair[0], pair[1]) for pair in value]
    return None


def _which_chunks(part: str, got: Array, right: Array) -> str:
    wrong = [k for k in range(len(right)) if not np.array_equal(got[k], right[k])]
    if len(wrong) < len(right):
        which = f"chunk {wrong[0]}" if len(wrong) == 1 else f"{len(wrong)} of {len(right)} chunks"
        return f"{part} has the wrong characters in {which} (from 0), the right ones elsewhere."
    return f"{part} has the wrong characters."


# --- the whole model ------------------------------------------------------------------------


def model_parameters(rng: np.random.Generator, V: int, D: int, H: int, scale: float = 1.0) -> dict[str, Array]:
    """Parameters whose states neither saturate nor vanish and whose scores differ."""
    return {
        "We": rng.normal(size=(V, D)),
        "Wx": scale * rng.normal(size=(D, H)) / np.sqrt(D),
        "Wh": scale * 0.9 * rng.normal(size=(H, H)) / np.sqrt(H),
        "b": 0.4 * rng.normal(size=H),
        "Why": scale * rng.normal(size=(H, V)),
        "by": 0.5 * rng.normal(size=V),
    }


def model_inputs(rng: np.random.Generator, N: int, T: int, V: int, D: int, H: int) -> dict[str, Any]:
    return {
        "params": model_parameters(rng, V, D, H),
        "x": rng.integers(V, size=(N, T)),
        "y": rng.integers(V, size=(N, T)),
        "h0": 0.5 * rng.normal(size=(N, H)),
    }


#: Many training loops clip gradients where they make them: each entry, each array or all together, at 1, 5 or 10.
#: Whether that shows must not be left to chance. Ordinary cases have no array of a norm above CALM, one of them has a
#: joint norm above 1, and one edge case has an entry above LOUD in every gradient.
CALM, LOUD = 0.9, 12.0


def steepness(inputs: dict[str, Any]) -> tuple[list[float], list[float]]:
    """The largest absolute entry of each gradient, and the norm of each."""
    wanted = model_results(**inputs)
    gradients = [wanted[f"d{name}"] for name in PARAMETERS]
    return [float(np.max(np.abs(g))) for g in gradients], [float(np.linalg.norm(g)) for g in gradients]


def model_scores(inputs: dict[str, Any]) -> Array:
    """(N, T, V)."""
    params = inputs["params"]
    embedded = looked_up(inputs["x"], params["We"])
    states = unrolled(embedded, inputs["h0"], params["Wx"], params["Wh"], params["b"])
    return affine(states, params["Why"], params["by"])


def expected_inputs(rng: np.random.Generator, N: int, T: int, V: int, D: int, H: int) -> dict[str, Any]:
    """Inputs with short gradients: what comes is drawn from what the model expects."""
    inputs = model_inputs(rng, N, T, V, D, H)
    inputs["params"]["Why"] *= 0.4
    sums = np.cumsum(probabilities(model_scores(inputs), 1.0), axis=2)
    inputs["y"] = (sums[:, :, :-1] < rng.random((N, T, 1))).sum(axis=2)
    return inputs


def calm_inputs(
    rng: np.random.Generator, N: int, T: int, V: int, D: int, H: int, least: float = 0.0, most: float = 4.5
) -> dict[str, Any]:
    """Inputs with short gradients: only in edge cases is one of them longer than CALM, and there it is not 5."""
    while True:
        inputs = expected_inputs(rng, N, T, V, D, H)
        norms = steepness(inputs)[1]
        if least < math.hypot(*norms) < most and (N == 1 or T == 1 or max(norms) < CALM):
            return inputs


def surprised_inputs(rng: np.random.Generator, V: int, D: int, H: int, distance: float) -> dict[str, Any]:
    """A text of which one character comes that the model does not expect: its probability is exp(-distance)."""
    while True:
        inputs = expected_inputs(rng, 4, 2, V, D, H)
        inputs["y"] = np.maximum(inputs["y"], 1)
        inputs["y"][0, 1] = 0
        scores = model_scores(inputs)[0, 1]
        inputs["params"]["by"][0] += float(np.log(np.sum(np.exp(scores[1:])))) - distance - scores[0]
        if max(steepness(inputs)[1]) < CALM:
            return inputs


def steep_inputs(rng: np.random.Generator) -> dict[str, Any]:
    """Inputs with long gradients: what comes is always the one character that the model least expects.

    Not so little that its probability would tell apart what :data:`HARDLY_POSSIBLE` does not.
    """
    while True:
        inputs = model_inputs(rng, 2, 16, 4, 3, 5)
        params = inputs["params"]
        params["Why"] *= 4.0
        params["b"] = 1.5 * np.sign(params["b"])
        params["by"][1] -= 15.0
        inputs["y"][:] = 1
        possible = probabilities(model_scores(inputs), 1.0)[:, :, 1].min() > math.exp(-HARDLY_POSSIBLE)
        if possible and min(steepness(inputs)[0]) > LOUD:
            return inputs


def model_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("char_rnn_loss")
    N, T, V, D, H = different(rng, 5, draw, (3, 4, 6, 2, 5))
    V, T, N = sorted((N, T, V))  # at least three steps: the last is not the one after the first

    def case(N: int, T: int, V: int, least: float = 0.0) -> Case:
        return Case(f"N={N} T={T} V={V} D={D} H={H}", calm_inputs(rng, N, T, V, D, H, least))

    def edge(N: int, T: int, name: str) -> Case:
        return Case(f"N={N} T={T} V={V} D={D} H={H}", calm_inputs(rng, N, T, V, D, H), edge=name)

    def surprised(words: str, distance: float, edge: str = "") -> Case:
        inputs = surprised_inputs(rng, max(V, 3), D, H, distance)
        return Case(f"N=4 T=2 V={max(V, 3)} D={D} H={H}, {words}", inputs, edge=edge)

    single = calm_inputs(rng, N, T, V, D, H)
    single["params"] = {name: array.astype(np.float32) for name, array in single["params"].items()}
    single |= {"h0": single["h0"].astype(np.float32), "x": single["x"].astype(np.int32)}
    return [
        case(N, T, V, least=1.1),
        Case(f"N={N} T={T} V={V} D={D} H={H}, float32", single),
        case(N, T, 2),
        edge(1, T, "N=1"),
        edge(N, 1, "T=1"),
        Case("N=2 T=16 V=4 D=3 H=5, long gradients", steep_inputs(rng), edge="long gradients"),
        surprised("a character that was not expected", UNEXPECTED),
        surprised("a character that is hardly possible", HARDLY_POSSIBLE, "improbable characters"),
    ]


#: How often a right version may ask for the same thing: a forward pass for the loss, for the gradients, for the state.
#: Differences would take a run for each of the parameters, which are a hundred and more.
SLACK = 4


def of_model(*axes: str) -> Callable[..., int]:
    """So many numbers per character of a text, with slack: V, D or H of the model."""

    def numbers(params: Any, x: Any, y: Any, h0: Any) -> int:
        size = {"V": params["by"].size, "D": params["We"].shape[1], "H": params["b"].size}
        return int(SLACK * x.size * sum(size[axis] for axis in axes) + 1)

    return numbers


def whole_model(case: Case, *arrays: Array) -> Any:
    return _loss_of_model(case.x.tobytes(), case.y.tobytes(), *case.x.shape)(case.h0, *arrays)


def wide_inputs(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Inputs with n numbers per character, and with gradients that nobody clips: what comes is expected."""
    inputs = model_inputs(rng, 2, 2, 4, n, 3)
    params = inputs["params"]
    params["We"] /= np.sqrt(n)
    params["Why"] *= 0.2
    params["by"][0] += 3.0
    inputs["y"][:] = 0
    return inputs


GROWING_MODEL = Growing(
    tuple(f"d{name}" for name in PARAMETERS),
    wide_inputs,
    lambda case: [case.params[name] for name in PARAMETERS],
    whole_model,
    slowest=1.0,
    found=lambda returned: [returned[1][name] for name in PARAMETERS],
)


@exercise(
    "char_rnn_loss",
    cases=model_cases,
    stand_ins=EMBEDDING_STAND_INS,
    small=model_inputs,
    growing=GROWING_MODEL,
    asks=dict.fromkeys(("word_embedding_forward", "word_embedding_backward"), of_model("D"))
    | dict.fromkeys(("rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward"), of_model("H"))
    | dict.fromkeys(("temporal_affine_forward", "temporal_affine_backward", "temporal_softmax_loss"), of_model("V")),
)
def test_char_rnn_loss(student: Any, case: Case, expect: Expect) -> None:
    """Are the loss, the six gradients and the last state those of the whole model?"""
    returned = student.char_rnn_loss(case.params, case.x, case.y, case.h0)
    wanted = model_results(case.params, case.x, case.y, case.h0)
    if not (isinstance(returned, (tuple, list)) and len(returned) == 3):
        what = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else f"{describe(returned)} alone"
        kind = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
        expect.all(kind, f"char_rnn_loss returns {what}; it should return three: loss, grads and h_last.")
        return
    loss, grads, h_last = returned
    expect_part(expect, "loss", loss, wanted["loss"], case.h0)
    expect_part(expect, "h_last", h_last, wanted["h_last"], case.h0)
    for name in PARAMETERS:
        part = f"d{name}"
        if not isinstance(grads, dict):
            message = f"grads should be a dict with the names {', '.join(PARAMETERS)}."
            expect.verdict(part, _wrong(message, describe(wanted[part]), grads), grads)
        elif name not in grads:
            message = f"grads has no {name!r}; its names should be those of params."
            expect.verdict(part, Comparison(Outcome.WRONG_VALUES, message, describe(wanted[part]), "nothing"))
        else:
            expect_part(expect, part, grads[name], wanted[part], case.h0, name=f"grads[{name!r}]")


# --- steps of the right size ----------------------------------------------------------------
#
# Weights of order 0.1 take steps of order 0.001 and more: an error of RTOL of the largest weight, 3e-5, is a few
# hundredths of the smallest step, and float32's rounding of a weight, 2e-8, a thousandth of that.

ADAGRAD = {"learning_rate": 1e-1, "epsilon": 1e-8}
ADAM = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def away_from_zero(dw: Array) -> Array:
    """Where epsilon stands, inside the root or outside, must show where it is large, not by a gradient near 0."""
    moved: Array = dw + 0.1 * np.sign(dw)
    return moved


def step_inputs(rng: np.random.Generator, shape: tuple[int, ...], steps: int, config: Any = None) -> dict[str, Any]:
    return {
        "w": 0.1 * rng.normal(size=shape),
        "dws": [away_from_zero(rng.normal(size=shape)) for _ in range(steps)],
        "config": config,
    }


def adagrad_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("adagrad_step")
    a, b = different(rng, 2, draw, (3, 4))
    flat = step_inputs(rng, (a, b), 2)
    flat["dws"][0][0] = 0.0  # never used so far: 0 / (0 + epsilon)
    tiny = step_inputs(rng, (b,), 2)
    tiny["dws"] = [1e-8 * dw for dw in tiny["dws"]]
    single = step_inputs(rng, (a, b), 2)
    single = {"w": single["w"].astype(np.float32), "dws": [d.astype(np.float32) for d in single["dws"]], "config": None}
    large = {"learning_rate": 0.5, "epsilon": 0.3}
    long_gradients = step_inputs(rng, (2, a, 2), 2, {"learning_rate": 0.03})
    long_gradients["dws"] = [1000.0 * dw for dw in long_gradients["dws"]]
    going = {"learning_rate": 0.2, "epsilon": 1e-8, "cache": 1.0 + rng.random((a, b))}
    return [
        Case("four steps, no config", step_inputs(rng, (a, b), 4)),
        Case("rate and epsilon given", step_inputs(rng, (b,), 3, large), edge="a large epsilon"),
        Case("going on from a config", step_inputs(rng, (a, b), 2, going)),
        Case("only the rate given, long gradients", long_gradients),
        Case("a gradient with zeros", flat, edge="gradients of 0"),
        Case("gradients near epsilon", tiny, edge="gradients near epsilon"),
        Case("float32", single),
    ]


def small_adagrad(rng: np.random.Generator, rows: int, columns: int, steps: int) -> dict[str, Any]:
    return step_inputs(rng, (rows, columns), steps)


def expect_config(expect: Expect, returned: Any, name: str, parts: Sequence[str]) -> dict[str, Any] | None:
    """The config that a function returned, checked for what it should hold; None if there is none to go on with."""
    if not (isinstance(returned, (tuple, list)) and len(returned) == 2):
        what = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else f"{describe(returned)} alone"
        kind = Outcome.RETURNS_NONE if returned is None else Outcome.WRONG_VALUES
        for part in expect.parts:
            message = f"{name} returns {what}; it should return two: next_w and config."
            expect.verdict(part, Comparison(kind, message, "two values", describe(returned)), returned)
        return None
    config = returned[1]
    if not isinstance(config, dict):
        for part in parts:
            message = f"config should be a dict; it is {_named(config)}."
            expect.verdict(part, _wrong(message, "dict", config), config)
        return None
    for part in parts:
        if part not in config:
            message = f"the returned config has no {part!r}; the next call would start anew."
            expect.verdict(part, Comparison(Outcome.WRONG_VALUES, message, part, "nothing"))
    return config


def sendable(value: Any) -> bool:
    """Whether a value can go back to the student's function: what has no plain form cannot."""
    if isinstance(value, (list, tuple, dict)):
        return all(sendable(item) for item in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, Opaque)


def right_adagrad(case: Case) -> list[dict[str, Array]]:
    """The parts after each step, entry by entry."""
    settings = ADAGRAD | (case.config or {})
    w, total = case.w.astype(np.float64), np.zeros(case.w.shape) + settings.get("cache", 0.0)
    found = []
    for dw in case.dws:
        for place in np.ndindex(*w.shape):
            slope = float(dw[place])
            total[place] += slope * slope
            w[place] -= settings["learning_rate"] * slope / (math.sqrt(total[place]) + settings["epsilon"])
        found.append({"next_w": w.copy(), "cache": total.copy()})
    return found


@exercise("adagrad_step", cases=adagrad_cases, small=small_adagrad, together=False)
def test_adagrad_step(student: Any, case: Case, expect: Expect) -> None:
    """Is each step divided by the root of the sum of all squares so far?"""
    expect_steps(expect, student.adagrad_step, "adagrad_step", case, right_adagrad(case))


def expect_steps(expect: Expect, update: Any, name: str, case: Case, right: Sequence[dict[str, Array]]) -> None:
    """Call a function once per gradient, each time with its own config and the right parameter."""
    w, config = case.w, case.config
    for dw, wanted in zip(case.dws, right, strict=True):
        returned = update(w, dw, config)
        config = expect_config(expect, returned, name, [part for part in wanted if part != "next_w"])
        if isinstance(returned, (tuple, list)) and len(returned) == 2:
            expect_part(expect, "next_w", returned[0], wanted["next_w"], case.w)
        if config is None:
            expect.all(Outcome.WRONG_VALUES, "It cannot be judged without a config to go on with.")
            return
        for part, value in wanted.items():
            if part in config:
                expect_part(expect, part, config[part], value, case.w)
        w = wanted["next_w"].astype(case.w.dtype)
        config = {key: value for key, value in config.items() if sendable(value)}


def adam_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("adam_step")
    a, b = different(rng, 2, draw, (3, 4))
    tiny = step_inputs(rng, (b,), 2)
    tiny["dws"] = [1e-8 * dw for dw in tiny["dws"]]
    flat = step_inputs(rng, (a, b), 2)
    flat["dws"][0][0] = 0.0
    flat["dws"][1][0] = 0.0
    single = step_inputs(rng, (a, b), 2)
    single = {"w": single["w"].astype(np.float32), "dws": [d.astype(np.float32) for d in single["dws"]], "config": None}
    other = {"learning_rate": 0.2, "beta1": 0.7, "beta2": 0.95, "epsilon": 1e-8}
    long_gradients = step_inputs(rng, (2, a, 2), 2, {"learning_rate": 0.03})
    long_gradients["dws"] = [1000.0 * dw for dw in long_gradients["dws"]]
    going = {
        "learning_rate": 0.05,
        "beta1": 0.9,
        "beta2": 0.99,
        "epsilon": 1e-8,
        "m": 0.5 * rng.normal(size=(a, b)),
        "v": 0.2 + rng.random((a, b)),
        "t": int(rng.integers(3, 9)),
    }
    return [
        Case("four steps, no config", step_inputs(rng, (a, b), 4)),
        Case("all settings given", step_inputs(rng, (b,), 3, other)),
        Case("a large epsilon", step_inputs(rng, (b,), 3, other | {"epsilon": 0.3}), edge="a large epsilon"),
        Case("going on from a config", step_inputs(rng, (a, b), 3, going)),
        Case("only the rate given, long gradients", long_gradients),
        Case("gradients that stay zero", flat, edge="gradients of 0"),
        Case("gradients near epsilon", tiny, edge="gradients near epsilon"),
        Case("float32", single),
    ]


def small_adam(rng: np.random.Generator, rows: int, columns: int, steps: int) -> dict[str, Any]:
    return step_inputs(rng, (rows, columns), steps)


def right_adam(case: Case) -> list[dict[str, Array]]:
    """The parts after each step, entry by entry; the running means as old plus a share of the difference."""
    settings = ADAM | (case.config or {})
    beta1, beta2, t = settings["beta1"], settings["beta2"], settings.get("t", 0)
    w = case.w.astype(np.float64)
    m, v = np.zeros(w.shape) + settings.get("m", 0.0), np.zeros(w.shape) + settings.get("v", 0.0)
    found = []
    for dw in case.dws:
        t += 1
        for place in np.ndindex(*w.shape):
            slope = float(dw[place])
            m[place] += (1.0 - beta1) * (slope - m[place])
            v[place] += (1.0 - beta2) * (slope * slope - v[place])
            mean, square = m[place] / (1.0 - beta1**t), v[place] / (1.0 - beta2**t)
            w[place] -= settings["learning_rate"] * mean / (math.sqrt(square) + settings["epsilon"])
        found.append({"next_w": w.copy(), "m": m.copy(), "v": v.copy(), "t": np.array(t)})
    return found


@exercise("adam_step", cases=adam_cases, small=small_adam, together=False)
def test_adam_step(student: Any, case: Case, expect: Expect) -> None:
    """Are the running means, their correction and the step those of the paper?"""
    expect_steps(expect, student.adam_step, "adam_step", case, right_adam(case))


# --- how good is good -----------------------------------------------------------------------

#: Scores near 10 000 have a rounding error of 5e-4 in float32; the difference of two, over ln 2, one of 1.5e-3.
LARGE_RTOL = 3e-3


def bits_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("bits_per_char")
    N, T, V = different(rng, 3, draw, (3, 4, 5))
    V = max(V, 3)

    def inputs(N: int, T: int, V: int) -> dict[str, Any]:
        return {"scores": 1.5 * rng.normal(size=(N, T, V)), "y": rng.integers(V, size=(N, T))}

    # The probability of what came stays far from 0, so that log2 of a probability is as good as a difference of logs.
    above, below, mixed = inputs(N, T, V), inputs(N, T, V), inputs(N, T, V)
    above["scores"][:, :, :2] += 1e4
    above["y"] %= 2
    below["scores"] -= 1e4
    mixed["scores"] += 1e4 * np.where(np.add.outer(np.arange(N), np.arange(T)) % 2, -1.0, 1.0)[:, :, None]
    even = inputs(T, N, V)
    even["scores"][:] = 0.7
    unlikely = dict(zip(("scores", "y"), unexpected(rng, 2, 3, V, UNEXPECTED), strict=True))
    impossible = dict(zip(("scores", "y"), unexpected(rng, 2, 3, V, HARDLY_POSSIBLE), strict=True))
    return [
        Case(f"N={N} T={T} V={V}", inputs(N, T, V)),
        Case(f"N={T} T={V} V={N}", inputs(T, V, N)),
        Case(f"N={T} T={N} V={V}, all alike", even),
        Case(f"N={N} T={T} V=2", inputs(N, T, 2)),
        Case(f"N=1 T={T} V={V}", inputs(1, T, V), edge="N=1"),
        Case(f"N={N} T=1 V={V}", inputs(N, 1, V), edge="T=1"),
        Case(f"N={N} T={T} V={V}, two scores near 10000", above, edge="large scores"),
        Case(f"N={N} T={T} V={V}, scores near -10000", below, edge="large scores"),
        Case(f"N={N} T={T} V={V}, scores near 10000 and near -10000", mixed, edge="large scores"),
        Case(f"N=2 T=3 V={V}, characters that were not expected", unlikely),
        Case(f"N=2 T=3 V={V}, characters that are hardly possible", impossible, edge="improbable characters"),
    ]


def small_bits(rng: np.random.Generator, N: int, T: int, V: int) -> dict[str, Any]:
    return {"scores": 1.5 * rng.normal(size=(N, T, V)), "y": rng.integers(V, size=(N, T))}


def right_bits(scores: Array, y: Array) -> float:
    """Position by position: log2 of the sum of all weights, minus that of the weight of what came."""
    N, T, V = scores.shape
    bits = 0.0
    for n in range(N):
        for t in range(T):
            row = [float(score) for score in scores[n, t]]
            total = sum(math.exp(score - max(row)) for score in row)
            bits += (max(row) - row[int(y[n, t])]) * math.log2(math.e) + math.log2(total)
    return float(bits / (N * T))


@exercise("bits_per_char", cases=bits_cases, small=small_bits)
def test_bits_per_char(student: Any, case: Case, expect: Expect) -> None:
    """Is it the mean of -log2 p over all positions?"""
    rtol = LARGE_RTOL if case.edge == "large scores" else RTOL
    expect.part("bits", student.bits_per_char(case.scores, case.y), right_bits(case.scores, case.y), rtol)


# --- letting it write -----------------------------------------------------------------------


def softmax_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("temperature_softmax")
    N, T, V = different(rng, 3, draw, (2, 4, 5))
    V = max(V, 3)

    def case(
        words: str, temperature: float, *shape: int, shift: float = 0.0, edge: str = "", size: float = 1.5
    ) -> Case:
        scores = 1.5 * rng.normal(size=shape) + shift
        return Case(f"{words}, temperature={temperature}", {"scores": scores, "temperature": temperature}, edge=edge)

    # The largest is 2000 after the division: exp of it overflows, on every draw, if what is subtracted was not divided.
    low = case(f"scores ({V},)", 0.001, V, edge="low temperature")
    scores = low.inputs["scores"]
    order = np.argsort(scores)
    scores[order[-2]] = scores[order[-1]] - 0.002  # two that matter: a temperature that has a lower bound shows
    scores += 2.0 - scores.max()
    mixed = case(f"scores ({N}, {V}) near 10000 and near -10000", 1.0, N, V, edge="large scores")
    mixed.inputs["scores"] += 1e4 * np.where(np.arange(N) % 2, -1.0, 1.0)[:, None]
    return [
        case(f"scores ({V},)", 0.5, V),
        case(f"scores ({V},)", 1.0, V),
        case(f"scores ({N}, {V})", 2.0, N, V),
        case(f"scores ({N}, {T}, {V})", 0.7, N, T, V),
        case(f"scores ({V}, {V})", 1.6, V, V),
        case(f"scores (1, {V})", 0.8, 1, V, edge="N=1"),
        case("scores (2,)", 3.0, 2),
        low,
        case(f"scores ({N}, {V}) near 10000", 1.0, N, V, shift=1e4, edge="large scores"),
        case(f"scores ({N}, {V}) near -10000", 1.0, N, V, shift=-1e4, edge="large scores"),
        mixed,
    ]


def small_softmax(rng: np.random.Generator, N: int, V: int) -> dict[str, Any]:
    return {"scores": rng.normal(size=(N, V)), "temperature": 0.5}


@exercise("temperature_softmax", cases=softmax_cases, small=small_softmax)
def test_temperature_softmax(student: Any, case: Case, expect: Expect) -> None:
    """Are the scores divided by the temperature, then normalised along the last axis?"""
    # float32: scores near 10000, see LARGE_RTOL; scores of 2 over 0.001 have a rounding error of 1e-4
    rtol = LARGE_RTOL if case.edge in ("large scores", "low temperature") else RTOL
    got = student.temperature_softmax(case.scores, case.temperature)
    expect.part("p", got, probabilities(case.scores, case.temperature), rtol)


SOFTMAX_STAND_IN = StandIn("temperature_softmax", "plain", ("scores", "temperature"), probabilities)

#: How far a random number stays from where the next character begins, and the largest score from the second:
#: a float32 model's probabilities and scores are off by less than 1e-5.
CLEAR = 1e-3


def writing_inputs(
    rng: np.random.Generator, M: int, V: int, D: int, H: int, temperature: float | None = 1.0
) -> dict[str, Any]:
    """A model with things to say: weights large enough that what it read matters."""
    return {
        "params": model_parameters(rng, V, D, H, scale=1.6),
        "h0": 0.8 * rng.normal(size=H),
        "first": int(rng.integers(V)),
        "uniforms": 0.02 + 0.96 * rng.random(M),
        "temperature": temperature,
    }


def sampled(case: dict[str, Any], temperature: float | None = None, **wrong: bool) -> tuple[list[int], float]:
    """The characters drawn, and how near any random number came to a border."""
    near = [1.0]
    kept = case["temperature"] if temperature is None else temperature

    def pick(scores: Array, k: int) -> int:
        p = probabilities(scores, kept or 1.0)
        near.append(float(np.min(np.abs(np.cumsum(p) - case["uniforms"][k]))))
        return drawn(list(p), float(case["uniforms"][k]))

    ids = written(case["params"], case["h0"], case["first"], len(case["uniforms"]), pick, **wrong)
    return ids, min(near)


def sample_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("sample")
    V, D, H = different(rng, 3, draw, (5, 3, 4))
    V = max(V, 4)

    def telling(inputs: dict[str, Any]) -> bool:
        """Whether the text depends on all that it should depend on, and no number is near a border."""
        ids, near = sampled(inputs)
        if near < CLEAR:
            return False
        if len(ids) == 1:
            return True
        blank = inputs | {"h0": np.zeros_like(inputs["h0"])}
        others = [sampled(inputs, carry=False)[0], sampled(inputs, feed=False)[0], sampled(blank)[0]]
        t = inputs["temperature"] or 1.0
        others += [sampled(inputs, temperature=other)[0] for other in (1.0, 1.0 / t) if other != t]
        return ids not in others and len(set(ids)) >= 3

    def case(M: int, temperature: float | None, edge: str = "") -> Case:
        words = "no temperature given" if temperature is None else f"temperature={temperature}"
        inputs = _first_that(lambda: writing_inputs(rng, M, V, D, H, temperature), telling)
        return Case(f"M={M} V={V} D={D} H={H}, {words}", inputs, edge=edge)

    # Four characters of the same probability, which is exact in binary: u = 1/4 is the first number of the second.
    border = writing_inputs(rng, 4, 4, D, H)
    border["params"] |= {"Why": np.zeros((H, 4)), "by": np.zeros(4)}
    border["uniforms"] = np.array([0.25, 0.0, 0.75, 0.5])
    # Ten characters of probability 0.1, which is not exact: ten of these, added up, stay below the largest number.
    end = writing_inputs(rng, 3, 10, D, H)
    end["params"] |= {"Why": np.zeros((H, 10)), "by": np.zeros(10)}
    end["uniforms"] = np.array([np.nextafter(1.0, 0.0), 0.05, np.nextafter(1.0, 0.0)])
    return [
        case(14, None),
        case(12, 0.5),
        case(12, 2.0),
        case(1, 1.0, "M=1"),
        Case(f"M=4 V=4 D={D} H={H}, numbers where a character begins", border, edge="a number on a border"),
        Case(f"M=3 V=10 D={D} H={H}, numbers just below 1", end, edge="a number just below 1"),
    ]


def _first_that(make: Callable[[], dict[str, Any]], good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first of a thousand draws that is good for a case."""
    for _ in range(1000):
        inputs = make()
        if good(inputs):
            return inputs
    raise LookupError("no draw of a thousand is good for this case")


def small_sample(rng: np.random.Generator, M: int, V: int, D: int, H: int) -> dict[str, Any]:
    return writing_inputs(rng, M, V, D, H) | {"uniforms": rng.integers(1, 10, size=M) / 10}


def of_writing(axis: str) -> Callable[..., int]:
    """So many numbers for each character of a text that is written; some read all of it again for each next one."""

    def numbers(params: Any, h0: Any, first: Any, much: Any, *rest: Any) -> int:
        M = int(much) if np.ndim(much) == 0 else len(much)
        return SLACK * M * M * int(params[{"V": "by", "H": "b"}[axis]].size)

    return numbers


WRITING_ASKS = {
    "rnn_step_forward": of_writing("H"),
    "rnn_forward": of_writing("H"),
    "temporal_affine_forward": of_writing("V"),
}


@exercise(
    "sample",
    cases=sample_cases,
    stand_ins=(SOFTMAX_STAND_IN,),
    small=small_sample,
    asks=WRITING_ASKS | {"temperature_softmax": of_writing("V")},
)
def test_sample(student: Any, case: Case, expect: Expect) -> None:
    """Is every character drawn from the probabilities, by the given number, and fed back?"""
    options = [] if case.temperature is None else [case.temperature]
    arguments = (case.params, case.h0, case.first, case.uniforms, *options)
    wanted = np.array(sampled(case.inputs)[0])
    got = student.sample(*arguments)
    found = compare(got, wanted)
    # The second call is made where something is wrong only; then the cases are judged one by one.
    if not found.ok and len(wanted) > 1 and _differs(got, student.sample(*arguments)):
        message = "two calls with the same arguments give different characters: they depend on something else, too."
        expect.verdict("ids", Comparison(Outcome.WRONG_VALUES, message, found.expected, "something else each time"))
        return
    expect_ids(expect, "ids", got, wanted)


def _differs(one: Any, other: Any) -> bool:
    """Whether two results that should be alike are numbers of one shape, and not the same."""
    ours, theirs = as_array(one), as_array(other)
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return False
    return not np.array_equal(ours, theirs, equal_nan=True)


def best(case: dict[str, Any], **wrong: bool) -> tuple[list[int], float]:
    """The most probable characters, and the smallest lead of one over the next."""
    leads = []

    def pick(scores: Array, k: int) -> int:
        order = sorted(range(len(scores)), key=lambda i: scores[i])
        leads.append(float(scores[order[-1]] - scores[order[-2]]) if len(order) > 1 else 1.0)
        return order[-1]

    return written(case["params"], case["h0"], case["first"], case["M"], pick, **wrong), min(leads)


def greedy_cases(draw: Draw) -> list[Case]:
    rng = draw.rng("sample_greedy")
    V, D, H = different(rng, 3, draw, (6, 3, 5))
    V, H = max(V, 4), max(H, 3)

    def inputs(M: int) -> dict[str, Any]:
        made = writing_inputs(rng, M, V, D, H) | {"M": M}
        del made["uniforms"], made["temperature"]
        return made

    def telling(made: dict[str, Any]) -> bool:
        ids, lead = best(made)
        if lead < CLEAR:
            return False
        if len(ids) == 1:
            return True
        blank = best(made | {"h0": np.zeros(H)})[0]
        return len(set(ids)) >= 3 and ids not in (best(made, carry=False)[0], best(made, feed=False)[0], blank)

    def case(M: int, edge: str = "") -> Case:
        return Case(f"M={M} V={V} D={D} H={H}", _first_that(lambda: inputs(M), telling), edge=edge)

    return [case(8), case(11), case(9), case(1, "M=1")]


def small_greedy(rng: np.random.Generator, M: int, V: int, D: int, H: int) -> dict[str, Any]:
    made = writing_inputs(rng, M, V, D, H) | {"M": M}
    del made["uniforms"], made["temperature"]
    return made


@exercise("sample_greedy", cases=greedy_cases, small=small_greedy, asks=WRITING_ASKS)
def test_sample_greedy(student: Any, case: Case, expect: Expect) -> None:
    """Is every character the most probable one, and fed back?"""
    got = student.sample_greedy(case.params, case.h0, case.first, case.M)
    expect_ids(expect, "ids", got, np.array(best(case.inputs)[0]))
