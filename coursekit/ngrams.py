"""Tables of counts that predict the next character: what a network has to beat.

Interpolated Kneser-Ney smoothing (Kneser & Ney 1995; Chen & Goodman 1999, section 3), one discount per order,
on numpy arrays. It trains on a million characters in about a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class _Level:
    """What one order knows: counts of its n-grams and of their contexts, as sorted arrays of codes."""

    grams: np.ndarray  # codes of the n-grams seen, sorted
    counts: np.ndarray  # how often each (highest order), or after how many different characters (others)
    contexts: np.ndarray  # codes of the contexts seen, sorted
    totals: np.ndarray  # sum of the counts in each context
    kinds: np.ndarray  # number of different characters in each context
    discount: float


class KneserNey:
    """An n-gram model of characters.

    The highest order counts n-grams. A lower order answers for it where it has seen little, and counts
    something else: after *how many different* characters a shorter n-gram has been seen. From every
    count seen a constant is taken off, the discount n1 / (n1 + 2 n2), and what is saved is given to
    the order below; below the lowest all characters are equally likely.

    Args:
        ids: (M,) int, the text to learn from, encoded from 0 to V - 1.
        V: int, number of characters. order: int, length of the n-grams; 1 counts characters, 2 pairs.

    Raises:
        ValueError: the order is below 1, or so high that n-grams have no 64-bit code, or the text is shorter.
    """

    def __init__(self, ids: np.ndarray, V: int, order: int) -> None:
        ids = np.asarray(ids, dtype=np.int64)
        if order < 1 or order * np.log2(max(V, 2)) > 62:
            raise ValueError(f"order is {order!r}; it must be from 1 to {int(62 / np.log2(max(V, 2)))} for V = {V}")
        if len(ids) < order:
            raise ValueError(f"a text of {len(ids)} characters has no {order}-grams")
        self.V, self.order = V, order
        grams, counts = np.unique(self._codes(ids, order), return_counts=True)
        self._levels = [self._level(grams, counts)]
        for n in range(order - 1, 0, -1):
            grams, counts = np.unique(grams % V**n, return_counts=True)  # the first character differs: once each
            self._levels.insert(0, self._level(grams, counts))

    @property
    def size(self) -> int:
        """How many counts the tables of all orders hold together."""
        return sum(len(level.grams) for level in self._levels)

    def _codes(self, ids: np.ndarray, n: int) -> np.ndarray:
        """A number for each run of n characters: its characters as digits to the base V."""
        codes = np.zeros(len(ids) - n + 1, dtype=np.int64)
        for k in range(n):
            codes = codes * self.V + ids[k : len(ids) - n + 1 + k]
        return codes

    def _level(self, grams: np.ndarray, counts: np.ndarray) -> _Level:
        starts = np.flatnonzero(np.diff(grams // self.V, prepend=-1))
        contexts, kinds = grams[starts] // self.V, np.diff(starts, append=len(grams))
        once, twice = np.sum(counts == 1), np.sum(counts == 2)
        discount = float(once / (once + 2 * twice)) if once and twice else 0.5
        return _Level(grams, counts, contexts, np.add.reduceat(counts, starts), kinds, discount)

    def _refine(self, n: int, codes: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """Probabilities of order n for n-grams given as codes, out of those of order n - 1."""
        level = self._levels[n - 1]
        counts = _look_up(level.grams, level.counts, codes)
        totals = _look_up(level.contexts, level.totals, codes // self.V)
        kinds = _look_up(level.contexts, level.kinds, codes // self.V)
        seen = np.maximum(totals, 1)
        refined = (np.maximum(counts - level.discount, 0) + level.discount * kinds * shorter) / seen
        return np.where(totals > 0, refined, shorter)

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """How likely each character of a text was, given those before it.

        Args:
            ids: (M,) int, M at least 2.

        Returns:
            p: (M - 1,), of every character but the first. The earliest have less context.
        """
        ids = np.asarray(ids, dtype=np.int64)
        p = np.full(len(ids) - 1, 1 / self.V)
        for n in range(1, self.order + 1):
            first = max(1, n - 1)  # the first character that has n - 1 others before it, the very first left out
            codes = self._codes(ids, n)[first - (n - 1) :]
            p[first - 1 :] = self._refine(n, codes, p[first - 1 :])
        return p

    def bits(self, ids: np.ndarray) -> float:
        """Bits per character of a text: the mean of -log2 of its ``probabilities``."""
        return float(-np.mean(np.log2(self.probabilities(ids))))

    def next(self, context: np.ndarray) -> np.ndarray:
        """Probabilities of all V characters after a context.

        Args:
            context: (K,) int; only the last order - 1 count, and fewer will do.

        Returns:
            p: (V,), sums to 1.
        """
        p = np.full(self.V, 1 / self.V)
        candidates = np.arange(self.V)
        context = np.asarray(context, dtype=np.int64)
        for n in range(1, min(self.order, len(context) + 1) + 1):
            code = 0
            for character in context[len(context) - (n - 1) :]:
                code = code * self.V + int(character)
            p = self._refine(n, code * self.V + candidates, p)
        return p

    def write(self, context: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """Text drawn from the model, one character per number.

        Args:
            context: (K,) int, what stands before. uniforms: (M,) random numbers, at least 0 and below 1.

        Returns:
            ids: (M,) int64.
        """
        written = [int(i) for i in context]
        for u in uniforms:
            p = np.cumsum(self.next(np.array(written[-self.order :], dtype=np.int64)))
            written.append(min(int(np.searchsorted(p, u, side="right")), self.V - 1))
        return np.array(written[len(context) :], dtype=np.int64)


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The value of each wanted key, 0 where there is none; keys are sorted."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
