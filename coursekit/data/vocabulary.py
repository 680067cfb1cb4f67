"""Words and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

PAD, START, END, UNK = range(4)
SPECIAL = ("<pad>", "<start>", "<end>", "<unk>")


@dataclass(frozen=True)
class Vocabulary:
    """The words that a captioning network knows; word i has number i.

    Attributes:
        words: the four special ones first: padding, start, end, and any word that is not known.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[:4] != SPECIAL or len(set(self.words)) != len(self.words):
            raise ValueError(f"words must begin with {', '.join(SPECIAL)} and hold no word twice")

    @classmethod
    def from_captions(cls, captions: Iterable[str] | Iterable[Sequence[str]], minimum: int = 1) -> Vocabulary:
        """The words of captions, the most frequent first, those of equal count in alphabetical order.

        Args:
            captions: captions, or lists of captions, such as ``Scenes.captions``; words divided by spaces.
            minimum: how often a word must occur to be known.
        """
        counts = Counter(word for caption in flatten(captions) for word in caption.split() if word not in SPECIAL)
        known = sorted(
            (word for word, count in counts.items() if count >= minimum), key=lambda word: (-counts[word], word)
        )
        return cls((*SPECIAL, *known))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Word -> number."""
        return {word: number for number, word in enumerate(self.words)}

    def encode(self, caption: str) -> list[int]:
        """START, the words' numbers (UNK where a word is not known), END."""
        return [START, *(self.numbers.get(word, UNK) for word in caption.split()), END]

    def encode_all(self, captions: Iterable[str], length: int | None = None) -> np.ndarray:
        """Captions as one array, filled up with PAD.

        Args:
            captions: N captions.
            length: L, START and END included; by default that of the longest. What is longer is cut, END stays.

        Returns:
            (N, L) int64.

        Raises:
            ValueError: the length leaves no room for START and END.
        """
        rows = [self.encode(caption) for caption in captions]
        longest = max(map(len, rows), default=2) if length is None else length
        if longest < 2:
            raise ValueError(f"length is {longest}; START and END need 2")
        coded = np.full((len(rows), longest), PAD, dtype=np.int64)
        for row, numbers in zip(coded, rows, strict=True):
            if len(numbers) > longest:
                numbers = [*numbers[: longest - 1], END]
            row[: len(numbers)] = numbers
        return coded

    def decode(self, numbers: Iterable[int]) -> str:
        """The words up to END, without START and PAD; the inverse of ``encode`` where all words are known."""
        words = []
        for number in numbers:
            if number == END:
                break
            if number not in (PAD, START):
                words.append(self.words[int(number)])
        return " ".join(words)

    def decode_all(self, coded: Iterable[Iterable[int]]) -> list[str]:
        """``decode`` of each row."""
        return [self.decode(row) for row in coded]


def flatten(captions: Iterable[str] | Iterable[Sequence[str]]) -> Iterable[str]:
    """Captions one by one, whether they come singly or in lists."""
    for entry in captions:
        if isinstance(entry, str):
            yield entry
        else:
            yield from entry
