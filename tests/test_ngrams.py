"""Tables of counts (coursekit/ngrams.py), against a slow version made of dicts."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest

from coursekit.ngrams import KneserNey

TEXT = "abracadabra, she said, and the cadaver sat on the sad bread basket; a bad abbess ate the crab cakes. " * 3
VOCAB = sorted(set(TEXT))
IDS = np.array([VOCAB.index(character) for character in TEXT])
V = len(VOCAB)
OTHER = IDS[::-1][: 2 * V].copy()


def slow_probability(ids: list[int], order: int, context: tuple[int, ...], character: int) -> float:
    """Interpolated Kneser-Ney as the formulas have it, one n-gram at a time."""

    def counts_of(n: int) -> dict[tuple[int, ...], int]:
        if n == order:
            tally: dict[tuple[int, ...], int] = defaultdict(int)
            for i in range(len(ids) - n + 1):
                tally[tuple(ids[i : i + n])] += 1
            return dict(tally)
        predecessors: dict[tuple[int, ...], set[int]] = defaultdict(set)
        for gram in counts_of_all[n + 1]:
            predecessors[gram[1:]].add(gram[0])
        return {gram: len(before) for gram, before in predecessors.items()}

    counts_of_all: dict[int, dict[tuple[int, ...], int]] = {}
    for n in range(order, 0, -1):
        counts_of_all[n] = counts_of(n)

    def p(n: int) -> float:
        if n == 0:
            return 1 / V
        counts = counts_of_all[n]
        once, twice = (sum(c == k for c in counts.values()) for k in (1, 2))
        discount = once / (once + 2 * twice) if once and twice else 0.5
        before = context[len(context) - (n - 1) :]
        following = {gram[-1]: count for gram, count in counts.items() if gram[:-1] == before}
        if not following:
            return p(n - 1)
        total = sum(following.values())
        kept = max(following.get(character, 0) - discount, 0) / total
        return kept + discount * len(following) / total * p(n - 1)

    return p(min(order, len(context) + 1))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_the_formulas(order: int) -> None:
    """Each probability over another text is that of the slow version."""
    fast = KneserNey(IDS, V, order).probabilities(OTHER)
    for i in range(1, len(OTHER)):
        context = tuple(int(c) for c in OTHER[max(0, i - order + 1) : i])
        assert fast[i - 1] == pytest.approx(slow_probability(IDS.tolist(), order, context, int(OTHER[i])))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_sum_to_one(order: int) -> None:
    """After any context, seen or not, long enough or not."""
    model = KneserNey(IDS, V, order)
    for context in (IDS[:9], OTHER[5:14], np.array([3, 3, 3, 3, 3]), np.array([], dtype=int)):
        p = model.next(context)
        assert p.sum() == pytest.approx(1)
        assert p.min() > 0


def test_the_next_character_has_the_probability_that_the_text_gives_it() -> None:
    """`next` and `probabilities` agree."""
    model = KneserNey(IDS, V, 3)
    p = model.probabilities(OTHER)
    assert all(p[i - 1] == pytest.approx(model.next(OTHER[:i])[OTHER[i]]) for i in range(1, 20))


def test_bits_are_the_mean_surprise() -> None:
    """-log2 of the probabilities, on average over all characters but the first."""
    model = KneserNey(IDS, V, 2)
    assert model.bits(OTHER) == pytest.approx(np.mean([-math.log2(p) for p in model.probabilities(OTHER)]))


def test_order_one_knows_only_how_common_characters_are() -> None:
    """A unigram's answer does not depend on the context and is close to the shares."""
    model = KneserNey(IDS, V, 1)
    np.testing.assert_allclose(model.next(IDS[:3]), model.next(OTHER[:3]))
    np.testing.assert_allclose(model.next(IDS[:3]), np.bincount(IDS, minlength=V) / len(IDS), atol=0.02)


def test_what_was_learned_by_heart_is_no_surprise() -> None:
    """On the text itself a 5-gram needs far fewer bits than a bigram."""
    assert KneserNey(IDS, V, 5).bits(IDS) < 0.5 * KneserNey(IDS, V, 2).bits(IDS)


def test_it_writes_what_it_believes() -> None:
    """Evenly spread random numbers draw each character about as often as its probability says; the end stays inside."""
    model = KneserNey(IDS, V, 3)
    context = IDS[:2]
    drawn = [int(model.write(context, np.array([u]))[0]) for u in (np.arange(500) + 0.5) / 500]
    np.testing.assert_allclose(np.bincount(drawn, minlength=V) / 500, model.next(context), atol=0.003)
    assert model.write(context, np.array([1 - 1e-16])).max() < V


def test_the_same_numbers_write_the_same_text() -> None:
    """All chance comes in from outside."""
    model = KneserNey(IDS, V, 3)
    uniforms = np.random.default_rng(0).random(30)
    assert np.array_equal(model.write(IDS[:2], uniforms), model.write(IDS[:2], uniforms))


@pytest.mark.parametrize(
    ("order", "ids", "complaint"),
    [(0, IDS, "order is 0"), (40, IDS, "order is 40; it must be from 1 to"), (5, IDS[:3], "has no 5-grams")],
)
def test_senseless_tables_are_refused(order: int, ids: np.ndarray, complaint: str) -> None:
    """A wrong order or too short a text is named."""
    with pytest.raises(ValueError, match=complaint):
        KneserNey(ids, V, order)
