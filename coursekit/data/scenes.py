"""Pictures of coloured handwritten digits with captions, made on the spot.

A scene is a 48 × 48 colour picture with one to three digits on a dark textured ground, five captions by
a small grammar with synonyms ("a large red seven to the left of a small blue two", "two green threes"),
and what it truly shows. Because the grammar can be read backwards, a caption can be graded by
its meaning and not only by the words it shares with others: ``meaning_right``.

The digits are real: those of ``coursekit.data.digits``, each used in one split only. Ten pairs of digit
and colour (``UNSEEN_PAIRS``) never occur in the splits train, val and test; every scene of the split
"unseen" has one.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from coursekit.cache import cached_arrays, digest
from coursekit.data.digits import load_row_digits

SIDE = 48  # pixels, height and width of a picture
MOST_THINGS = 3  # in one scene
CAPTIONS_EACH = 5

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLURALS = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")

#: Name of a colour -> (red, green, blue). Bright on the dark ground, and far from each other in all common
#: kinds of colour blindness (tests/test_scenes.py measures both).
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 84, 64),
    "green": (22, 190, 100),
    "blue": (74, 144, 255),
    "yellow": (250, 225, 50),
    "white": (250, 250, 250),
}
_COLOUR_NAMES = tuple(COLOURS)
_RGB = np.array(list(COLOURS.values()), dtype=np.float32)

#: Pairs of digit and colour that are never captioned in training: one colour per digit, two digits per colour.
UNSEEN_PAIRS: frozenset[tuple[int, str]] = frozenset(
    (digit, _COLOUR_NAMES[(2 * digit + digit // 5) % len(_COLOUR_NAMES)]) for digit in range(10)
)

#: The splits, and which part of the digits' pictures each draws from.
SPLITS = {"train": "train", "val": "val", "test": "test", "unseen": "test"}
_PART_SHARES = {"val": 0.1, "test": 0.25}  # the rest is train's

_HOW_MANY = (0.35, 0.50, 0.15)  # shares of scenes with one, two and three things
_TWINS = 0.12  # share of scenes with several things in which two look alike, "two green threes"
_SMALL, _LARGE = 1.75, 2.7  # pixels of the picture per pixel of the digit
_LEAST_GAP, _MOST_OFFSET = 10.0, 6.0  # pixels: apart along an axis, or level; nothing in between
_CHUNK = 250  # scenes made from one state of the random generator


@dataclass(frozen=True)
class Thing:
    """A digit in a scene or in a caption; ``large`` is None where a caption does not say the size."""

    digit: int
    colour: str
    large: bool | None = None


@dataclass(frozen=True)
class Meaning:
    """What is there, and how it is arranged.

    Attributes:
        things: in no particular order.
        relations: (i, "left", j) where thing i is to the left of thing j, (i, "above", j) where it is above;
            "right" and "below" are these, turned round. For a scene: all that hold. For a caption: all that it says.
    """

    things: tuple[Thing, ...]
    relations: frozenset[tuple[int, str, int]] = frozenset()


@dataclass(frozen=True, eq=False)
class Scenes:
    """Scenes of one split; slices and index arrays work: ``scenes[:100]``.

    Attributes:
        images: (N, 48, 48, 3) uint8.
        captions: N lists of five different captions; lower case, words divided by single spaces.
        digits: (N, 3) int8, the digit of each thing, -1 where there is no such thing.
        colours: (N, 3) int8, index into ``COLOURS``, -1 where there is no such thing.
        large: (N, 3) bool.
        centres: (N, 3, 2) float32, x (rightwards) and y (downwards) of each thing's middle, in pixels.
        where: (N, 48, 48) uint8, 0 on the ground, k on the ink of thing k - 1.
        split: "train", "val", "test" or "unseen".
        seed: the seed that they were drawn with.
    """

    images: np.ndarray
    captions: list[list[str]]
    digits: np.ndarray
    colours: np.ndarray
    large: np.ndarray
    centres: np.ndarray
    where: np.ndarray
    split: str
    seed: int

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: slice | np.ndarray | list[int]) -> Scenes:
        """Some of the scenes, by a slice or by an array of indices or booleans."""
        chosen = np.arange(len(self))[which]
        if chosen.ndim != 1:
            raise TypeError("take several scenes, as in scenes[3:4]; a single one is scenes.images[3] and so on")
        arrays = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        return Scenes(captions=[self.captions[i] for i in chosen], split=self.split, seed=self.seed, **arrays)

    @property
    def counts(self) -> np.ndarray:
        """(N,) how many things each scene has."""
        return (self.digits >= 0).sum(axis=1)

    @property
    def masks(self) -> np.ndarray:
        """(N, 3, 48, 48) bool, True on the ink of each thing."""
        return self.where[:, None] == np.arange(1, MOST_THINGS + 1, dtype=np.uint8)[:, None, None]

    @cached_property
    def meanings(self) -> list[Meaning]:
        """What each scene truly shows."""
        return [
            _meaning_of(digits, colours, large, centres)
            for digits, colours, large, centres in zip(
                self.digits.tolist(), self.colours.tolist(), self.large.tolist(), self.centres.tolist(), strict=True
            )
        ]


_ARRAYS = tuple(field.name for field in fields(Scenes) if field.name not in ("captions", "split", "seed"))


@dataclass(frozen=True, eq=False)
class DigitPictures:
    """Pictures of one digit each, to train a network to see.

    Attributes:
        images: (N, 48, 48, 3) uint8.
        digits: (N,) int64, 0 … 9.
        colours: (N,) int64, index into ``COLOURS``.
        where: (N, 48, 48) uint8, 1 on the ink.
    """

    images: np.ndarray
    digits: np.ndarray
    colours: np.ndarray
    where: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64, digit and colour as one class: ``digit * len(COLOURS) + colour``."""
        return self.digits * len(COLOURS) + self.colours


def make_scenes(split: str, count: int, seed: int = 0) -> Scenes:
    """Draw scenes; the disk is not touched.

    The same arguments always give the same scenes, and the first k of n are those of ``make_scenes(split, k, seed)``.

    Args:
        split: "train", "val", "test", or "unseen" for test digits in colours that training never shows them in.
        count: how many.
        seed: int ≥ 0.

    Raises:
        ValueError: there is no such split, or count or seed is negative.
    """
    _require(split, count, seed)
    chunks = [_make_chunk(split, seed, number) for number in range(-(-count // _CHUNK))] or [
        _make_chunk(split, seed, 0)
    ]
    arrays = {name: np.concatenate([getattr(chunk, name) for chunk in chunks])[:count] for name in _ARRAYS}
    captions = [captions for chunk in chunks for captions in chunk.captions][:count]
    return Scenes(captions=captions, split=split, seed=seed, **arrays)


def load_scenes(split: str, count: int, seed: int = 0) -> Scenes:
    """The scenes of ``make_scenes``, kept on disk for the next time (``coursekit.cache`` says where).

    Where nothing can be kept, they are made anew each time.
    """
    _require(split, count, seed)

    def make() -> dict[str, np.ndarray]:
        scenes = make_scenes(split, count, seed)
        text = "\n".join(caption for captions in scenes.captions for caption in captions)
        return {name: getattr(scenes, name) for name in _ARRAYS} | {
            "captions": np.frombuffer(text.encode("ascii"), dtype=np.uint8)
        }

    stored = cached_arrays(f"scenes-{split}-{count}-{seed}-{version()}", make)
    lines = stored.pop("captions").tobytes().decode("ascii").split("\n")
    captions = [lines[at : at + CAPTIONS_EACH] for at in range(0, count * CAPTIONS_EACH, CAPTIONS_EACH)]
    return Scenes(captions=captions, split=split, seed=seed, **stored)


def digit_pictures(split: str, count: int, seed: int = 0) -> DigitPictures:
    """Draw pictures of one digit each, every digit in every colour, ``UNSEEN_PAIRS`` included.

    Args:
        split: "train", "val" or "test".
        count: how many.
        seed: int ≥ 0.

    Raises:
        ValueError: there is no such split, or count or seed is negative.
    """
    _require(split, count, seed)
    if split == "unseen":
        raise ValueError("pictures of single digits show every pair in every split; take 'train', 'val' or 'test'")
    images, digits, colours, where = [], [], [], []
    for number in range(max(1, -(-count // _CHUNK))):
        rng = np.random.default_rng([seed, number, 100 + list(SPLITS).index(split)])
        drawn = np.full((_CHUNK, MOST_THINGS), -1)
        colour = drawn.copy()
        drawn[:, 0] = rng.integers(10, size=_CHUNK)
        colour[:, 0] = rng.integers(len(COLOURS), size=_CHUNK)
        large = rng.random((_CHUNK, MOST_THINGS)) < 0.5
        centres = _places(rng, drawn, large)
        chunk_images, chunk_where = _paint(rng, SPLITS[split], drawn, colour, large, centres)
        images.append(chunk_images)
        where.append(chunk_where)
        digits.append(drawn[:, 0])
        colours.append(colour[:, 0])
    return DigitPictures(*(np.concatenate(parts)[:count] for parts in (images, digits, colours, where)))


def version() -> str:
    """Eight characters that change whenever this file does: names of cached files end with it."""
    return digest(Path(__file__).read_bytes())[:8]


def _require(split: str, count: int, seed: int) -> None:
    if split not in SPLITS:
        raise ValueError(f"there is no split {split!r}; take one of {', '.join(SPLITS)}")
    if count < 0 or seed < 0:
        raise ValueError(f"count is {count} and seed is {seed}; neither may be negative")


# -- what is in a scene ------------------------------------------------------------------------------------------------


def _make_chunk(split: str, seed: int, number: int) -> Scenes:
    rng = np.random.default_rng([seed, number, list(SPLITS).index(split)])
    digits, colours, large = _things(rng, split)
    centres = _places(rng, digits, large)
    images, where = _paint(rng, SPLITS[split], digits, colours, large, centres)
    words = random.Random(f"{split} {seed} {number}")  # plain Python's is faster for one number at a time
    captions = [
        _captions(words, scene)
        for scene in zip(digits.tolist(), colours.tolist(), large.tolist(), centres.tolist(), strict=True)
    ]
    return Scenes(
        images, captions, digits.astype(np.int8), colours.astype(np.int8), large, centres.astype(np.float32), where,
        split, seed,
    )  # fmt: skip


def _things(rng: np.random.Generator, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Digits, colours and sizes of a chunk of scenes: (C, 3) each, -1 and False where there is nothing."""
    every = [(digit, colour) for digit in range(10) for colour in range(len(COLOURS))]
    unseen = np.array([pair for pair in every if (pair[0], _COLOUR_NAMES[pair[1]]) in UNSEEN_PAIRS])
    seen = np.array([pair for pair in every if (pair[0], _COLOUR_NAMES[pair[1]]) not in UNSEEN_PAIRS])

    counts = rng.choice([1, 2, 3], p=_HOW_MANY, size=_CHUNK)
    pairs = seen[rng.integers(len(seen), size=(_CHUNK, MOST_THINGS))]  # (C, 3, 2)
    if split == "unseen":
        pairs[np.arange(_CHUNK), rng.integers(counts)] = unseen[rng.integers(len(unseen), size=_CHUNK)]
    alike = (rng.random(_CHUNK) < _TWINS) & (counts > 1)
    first = rng.integers(counts)
    second = (first + 1) % counts
    pairs[alike, second[alike]] = pairs[alike, first[alike]]
    if split == "unseen":  # a twin may have taken the place of the only unseen pair
        lost = alike & ~_holds(pairs, unseen, counts)
        pairs[lost, first[lost]] = pairs[lost, second[lost]] = unseen[rng.integers(len(unseen), size=int(lost.sum()))]

    large = rng.random((_CHUNK, MOST_THINGS)) < 0.5
    large[counts == 3] &= np.eye(MOST_THINGS, dtype=bool)[rng.integers(MOST_THINGS, size=int((counts == 3).sum()))]
    empty = np.arange(MOST_THINGS) >= counts[:, None]
    pairs[empty] = -1
    return pairs[..., 0], pairs[..., 1], large & ~empty


def _holds(pairs: np.ndarray, wanted: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(C,) whether a scene has one of the wanted pairs among its things."""
    same = (pairs[:, :, None] == wanted).all(axis=-1).any(axis=-1)  # (C, 3)
    return (same & (np.arange(MOST_THINGS) < counts[:, None])).any(axis=1)


def _places(rng: np.random.Generator, digits: np.ndarray, large: np.ndarray) -> np.ndarray:
    """(C, 3, 2) middles, drawn until everything is inside, apart, and clearly arranged.

    Clearly: of any two things, the difference along each axis is either small enough to be called level or
    large enough to be called left or above; and of three, one lies to the same side of both others.
    """
    there = digits >= 0
    reach = np.where(large, 4.3 * _LARGE, 4.3 * _SMALL)  # half a digit's height, a little more when turned
    centres = np.zeros((*digits.shape, 2))
    waiting = np.arange(len(digits))
    while len(waiting):
        radius = reach[waiting, :, None]
        drawn = radius + rng.random((len(waiting), MOST_THINGS, 2)) * (SIDE - 2 * radius)
        centres[waiting] = drawn
        good = np.ones(len(waiting), dtype=bool)
        for i, j in itertools.combinations(range(MOST_THINGS), 2):
            both = there[waiting, i] & there[waiting, j]
            gap = np.abs(drawn[:, i] - drawn[:, j])  # (W, 2)
            together = reach[waiting, i] + reach[waiting, j]
            apart = (gap[:, 0] >= 0.9 * together) | (gap[:, 1] >= together)  # a digit is taller than wide
            clear = ((gap <= _MOST_OFFSET) | (gap >= _LEAST_GAP)).all(axis=1)
            good &= ~both | (apart & clear)
        three = there[waiting, 2]
        if three.any():
            ordered = np.sort(drawn, axis=1)
            lonely = (np.diff(ordered, axis=1) >= _LEAST_GAP).any(axis=(1, 2))
            good &= ~three | lonely
        waiting = waiting[~good]
    centres[~there] = 0.0
    return centres


def _meaning_of(digits: list[int], colours: list[int], large: list[bool], centres: list[list[float]]) -> Meaning:
    """What a scene shows, from one row of each of its arrays."""
    count = sum(digit >= 0 for digit in digits)
    things = tuple(Thing(digits[i], _COLOUR_NAMES[colours[i]], large[i]) for i in range(count))
    relations = {
        (i, name, j)
        for i, j in itertools.permutations(range(count), 2)
        for axis, name in enumerate(("left", "above"))
        if centres[j][axis] - centres[i][axis] >= _LEAST_GAP - 1e-3  # float32 rounds
    }
    return Meaning(things, frozenset(relations))


# -- how it looks ------------------------------------------------------------------------------------------------------

_FINE = 4  # points per pixel of a digit's picture, after interpolation
_BORDER = 2  # empty pixels around a digit's picture, so that it fades out
_GLYPH = (8 + 2 * _BORDER) * _FINE
_PATCHES = {False: 22, True: 32}  # side of the square that a turned digit fits in, small or large
_MARGIN = 17  # pixels painted around the picture and cut off at the end, so that squares may stick out


@lru_cache(maxsize=8)
def _glyphs(part: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Smoothed pictures of a part's digits, flat (n, _GLYPH²) float32, and the places of each digit among them."""
    if part == "test":
        images, labels = load_row_digits("test", test_share=_PART_SHARES["test"])
    else:
        images, labels = load_row_digits("train", test_share=_PART_SHARES["test"])
        held = np.zeros(len(labels), dtype=bool)
        for digit in range(10):
            members = np.flatnonzero(labels == digit)
            held[members[:: round(1 / (_PART_SHARES["val"] / (1 - _PART_SHARES["test"])))]] = True
        images, labels = (images[held], labels[held]) if part == "val" else (images[~held], labels[~held])
    padded = np.pad(images, ((0, 0), (_BORDER, _BORDER), (_BORDER, _BORDER)))
    spread = _cubic(8 + 2 * _BORDER, _FINE)
    smooth = spread @ padded @ spread.T
    ink = np.clip((smooth - 0.22) / 0.42, 0.0, 1.0)  # crisper strokes: the source is blurred by its 8 × 8 pixels
    return ink.reshape(len(ink), -1).astype(np.float32), [np.flatnonzero(labels == digit) for digit in range(10)]


def _cubic(size: int, fine: int) -> np.ndarray:
    """(size · fine, size) matrix of Catmull–Rom interpolation (Catmull & Rom 1974) onto a finer grid."""
    at = (np.arange(size * fine) + 0.5) / fine - 0.5
    distance = np.abs(at[:, None] - np.arange(size))
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


def _paint(
    rng: np.random.Generator,
    part: str,
    digits: np.ndarray,
    colours: np.ndarray,
    large: np.ndarray,
    centres: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (C, 48, 48, 3) uint8, and (C, 48, 48) uint8 of which thing's ink is where."""
    glyphs, members = _glyphs(part)
    flat = glyphs.ravel()
    full = SIDE + 2 * _MARGIN
    canvas = np.zeros((len(digits), full, full, 3), dtype=np.float32)
    canvas[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = _grounds(rng, len(digits))
    where = np.zeros((len(digits), full, full), dtype=np.uint8)
    for k, big in itertools.product(range(MOST_THINGS), (False, True)):
        scenes = np.flatnonzero((digits[:, k] >= 0) & (large[:, k] == big))
        draw = rng.random((len(scenes), 4)).astype(np.float32)
        among = [members[digit] for digit in digits[scenes, k]]
        glyph = np.array([pictures[int(u * len(pictures))] for pictures, u in zip(among, draw[:, 0], strict=True)], int)
        angle = np.deg2rad(30.0 * draw[:, 1] - 15.0)
        scale = (_LARGE if big else _SMALL) * (0.94 + 0.12 * draw[:, 2])
        colour = _RGB[colours[scenes, k]] * (0.9 + 0.1 * draw[:, 3:])

        steps = np.arange(_PATCHES[big])
        corner = np.floor(centres[scenes, k]).astype(int) - len(steps) // 2  # (M, 2): x, y
        x = (corner[:, :1] + steps + 0.5 - centres[scenes, k, :1]).astype(np.float32)  # (M, P) from the middle
        y = (corner[:, 1:] + steps + 0.5 - centres[scenes, k, 1:]).astype(np.float32)
        c, s = ((turn * _FINE / scale)[:, None, None] for turn in (np.cos(angle), np.sin(angle)))
        u = c * x[:, None, :] + s * y[:, :, None] + (_GLYPH / 2 - 0.5)  # (M, P, P): which point of the glyph it is
        v = c * y[:, :, None] - s * x[:, None, :] + (_GLYPH / 2 - 0.5)
        ink = _sample(flat, glyph, u, v)

        rows = (corner[:, 1:] + steps + _MARGIN)[:, :, None]
        columns = (corner[:, :1] + steps + _MARGIN)[:, None, :]
        at = (scenes[:, None, None], rows, columns)
        ground = canvas[at]
        canvas[at] = ground + ink[..., None] * (colour[:, None, None] - ground)
        where[at] += (ink > 0.5) * np.uint8(k + 1)  # things do not overlap
    noise = rng.integers(-14, 15, size=(len(digits), SIDE, SIDE, 3), dtype=np.int8)
    picture = canvas[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN] + noise
    images = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return images, np.ascontiguousarray(where[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN])


def _sample(flat: np.ndarray, glyph: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Values between the points of glyphs, bilinearly; ``u`` rightwards, ``v`` downwards; 0 outside."""
    np.clip(u, 0.0, _GLYPH - 1.001, out=u)
    np.clip(v, 0.0, _GLYPH - 1.001, out=v)
    column, row = u.astype(np.int32), v.astype(np.int32)
    u -= column
    v -= row
    at = glyph[:, None, None].astype(np.int32) * (_GLYPH * _GLYPH) + row * _GLYPH + column
    above = flat[at] + u * (flat[at + 1] - flat[at])
    at += _GLYPH
    below = flat[at] + u * (flat[at + 1] - flat[at])
    return above + v * (below - above)


def _grounds(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 48, 48, 3) float32 dark textured grounds: a tint, clouds and stripes."""
    tint = 38 + 22 * rng.random((count, 1, 1, 3), dtype=np.float32)
    clouds = np.zeros((count, SIDE, SIDE), dtype=np.float32)
    for size, strength in ((4, 10.0), (12, 8.0)):
        spread = _cubic(size, SIDE // size).astype(np.float32)
        clouds += strength * (spread @ rng.standard_normal((count, size, size), dtype=np.float32) @ spread.T)
    way = rng.random((count, 3), dtype=np.float32)
    angle, period = np.pi * way[:, 0], 5 + 9 * way[:, 1]
    step = np.arange(SIDE, dtype=np.float32)
    phase = (
        (np.cos(angle) / period)[:, None, None] * step + (np.sin(angle) / period)[:, None, None] * step[:, None]
    ) + way[:, 2, None, None]
    clouds += 7.0 * np.sin(2 * np.pi * phase)
    return tint + clouds[..., None]


# -- what is said about it ---------------------------------------------------------------------------------------------

_OPENINGS = (("", 0.60), ("there {be}", 0.85), ("i see", 1.0))  # with cumulated shares, as everywhere below
_SIZE_WORDS = {True: (("large", 0.7), ("big", 1.0)), False: (("small", 0.7), ("little", 1.0))}
_RELATION_WORDS = {
    "left": (("to the left of", 0.65), ("left of", 1.0)),
    "right": (("to the right of", 0.65), ("right of", 1.0)),
    "above": (("above", 0.7), ("over", 1.0)),
    "below": (("below", 0.7), ("under", 1.0)),
}
_NUMBERS = {1: "a", 2: "two", 3: "three"}
_SIZE_SAID = 0.6  # how often a size is said at all
_USUAL_ORDER = 0.75  # how often the thing on the left, or above, is named first
_TOGETHER = 0.7  # how often alike things are counted ("two green threes") rather than told apart
_TURNED = {"left": "right", "above": "below"}

Scene = tuple[list[int], list[int], list[bool], list[list[float]]]  # a row each of digits, colours, large, centres


def _pick(words: random.Random, choices: tuple[tuple[str, float], ...]) -> str:
    draw = words.random()
    return next(word for word, up_to in choices if draw < up_to)


def _captions(words: random.Random, scene: Scene) -> list[str]:
    """Five different captions of a scene."""
    found: dict[str, None] = {}
    while len(found) < CAPTIONS_EACH:
        found[_caption(words, scene)] = None
    return list(found)


def _caption(words: random.Random, scene: Scene) -> str:
    digits, colours, _, centres = scene
    count = sum(digit >= 0 for digit in digits)
    everything = list(range(count))
    alike = len({(digits[i], colours[i]) for i in everything}) == 1
    opening = _pick(words, _OPENINGS)
    if count == 1 or (alike and words.random() < _TOGETHER):
        sentence, be = _named(words, scene, everything, together=True)
    else:
        first, relation, second = _arrangement(centres, count)
        if words.random() >= _USUAL_ORDER:
            first, relation, second = second, _TURNED[relation], first
        subject, be = _named(words, scene, first, together=words.random() < _TOGETHER)
        other, _ = _named(words, scene, second, together=words.random() < _TOGETHER)
        sentence = f"{subject} {_pick(words, _RELATION_WORDS[relation])} {other}"
    return f"{opening.replace('{be}', be)} {sentence}" if opening else sentence


def _arrangement(centres: list[list[float]], count: int) -> tuple[list[int], str, list[int]]:
    """The plainest relation of a scene: who is left of, or above, whom; the widest gap decides."""
    best: tuple[float, list[int], str, list[int]] = (-1.0, [], "", [])
    for axis, relation in enumerate(("left", "above")):
        order = sorted(range(count), key=[centre[axis] for centre in centres].__getitem__)
        for cut in range(1, count):
            gap = centres[order[cut]][axis] - centres[order[cut - 1]][axis]
            if gap > best[0]:
                best = (gap, order[:cut], relation, order[cut:])
    return best[1], best[2], best[3]


def _named(words: random.Random, scene: Scene, which: list[int], *, together: bool) -> tuple[str, str]:
    """Some things by name, and "is" or "are" as it goes with the first of them."""
    digits, colours, large, _ = scene
    kinds = {(digits[i], colours[i]) for i in which}
    if together and len(kinds) == 1:
        sizes = {large[i] for i in which}
        return _noun_phrase(words, digits[which[0]], colours[which[0]], sizes, len(which)), "is" if len(
            which
        ) == 1 else "are"
    order = which if words.random() < 0.5 else which[::-1]
    return " and ".join(_noun_phrase(words, digits[i], colours[i], {large[i]}, 1) for i in order), "is"


def _noun_phrase(words: random.Random, digit: int, colour: int, sizes: set[bool], number: int) -> str:
    """Such as "a large red seven", "two green threes"; no size where sizes differ."""
    size = ""
    if len(sizes) == 1 and words.random() < _SIZE_SAID:
        size = _pick(words, _SIZE_WORDS[next(iter(sizes))]) + " "
    noun = DIGIT_WORDS[digit] if number == 1 else _PLURALS[digit]
    return f"{_NUMBERS[number]} {size}{_COLOUR_NAMES[colour]} {noun}"


# -- what a caption means ----------------------------------------------------------------------------------------------


def _either(choices: tuple[str, ...] | list[str]) -> str:
    return "|".join(sorted(choices, key=len, reverse=True))


_SIZE_OF = {word: large for large, choices in _SIZE_WORDS.items() for word, _ in choices}
_RELATION_OF = {phrase: name for name, choices in _RELATION_WORDS.items() for phrase, _ in choices}
_OPENING = re.compile(r"(?:there is|there are|i see) ")
_RELATION = re.compile(rf" (?P<relation>{_either(list(_RELATION_OF))}) ")
_PHRASE = re.compile(
    rf"(?P<number>{_either(list(_NUMBERS.values()))}) (?:(?P<size>{_either(list(_SIZE_OF))}) )?"
    rf"(?P<colour>{_either(_COLOUR_NAMES)}) (?P<noun>{_either(DIGIT_WORDS + _PLURALS)})"
)


def parse(caption: str) -> Meaning | None:
    """What a caption says, or None if it is no sentence of the grammar.

    A sentence: an opening or none ("there is", "there are", "i see"), things, and, or not, a relation and further
    things. Things are joined by "and"; a relation holds between each thing before it and each thing after it.
    """
    text = caption.strip()
    opening = _OPENING.match(text)
    if opening:
        text = text[opening.end() :]
    found = list(_RELATION.finditer(text))
    if len(found) > 1:
        return None
    sides = [text[: found[0].start()], text[found[0].end() :]] if found else [text]
    groups = [_parse_things(side) for side in sides]
    if not all(groups):
        return None
    things = tuple(thing for group in groups for thing in group)
    if len(things) > MOST_THINGS:
        return None
    if opening and opening.group().startswith("there"):
        if opening.group() != ("there is " if text.startswith("a ") else "there are "):
            return None
    if not found:
        return Meaning(things)
    before, after = range(len(groups[0])), range(len(groups[0]), len(things))
    name = _RELATION_OF[found[0]["relation"]]
    if name in ("right", "below"):
        before, after, name = after, before, {"right": "left", "below": "above"}[name]
    return Meaning(things, frozenset((i, name, j) for i in before for j in after))


def _parse_things(text: str) -> list[Thing]:
    """The things of "a red one and two blue sixes"; empty if it is not of this form."""
    things: list[Thing] = []
    for phrase in text.split(" and "):
        match = _PHRASE.fullmatch(phrase)
        if not match:
            return []
        number = next(number for number, word in _NUMBERS.items() if word == match["number"])
        nouns = DIGIT_WORDS if number == 1 else _PLURALS
        if match["noun"] not in nouns:
            return []
        thing = Thing(nouns.index(match["noun"]), match["colour"], _SIZE_OF.get(match["size"]))
        things += [thing] * number
    return things


def meaning_right(caption: str, truth: Meaning) -> bool:
    """Whether a caption names exactly what a scene has, and all that it says is true.

    Every thing with its digit and colour, no thing twice; sizes where it says them; the relation, which must be
    said unless all things are alike in digit and colour.

    Args:
        caption: the words, such as a network's output.
        truth: what the scene shows, from ``Scenes.meanings``.
    """
    said = parse(caption)
    if said is None:
        return False
    needs_relation = len({(thing.digit, thing.colour) for thing in truth.things}) > 1
    if needs_relation and not said.relations:
        return False
    return any(
        {(order[i], name, order[j]) for i, name, j in said.relations} <= truth.relations
        for order in _matches(said.things, truth.things)
    )


def same_meaning(first: str | Meaning, second: str | Meaning) -> bool:
    """Whether two captions say the same: the same things and the same relation.

    Synonyms and order do not matter, and neither do sizes that only one of the two says. A caption that is
    no sentence of the grammar means the same as none.
    """
    a = parse(first) if isinstance(first, str) else first
    b = parse(second) if isinstance(second, str) else second
    if a is None or b is None:
        return False
    return any(
        {(order[i], name, order[j]) for i, name, j in a.relations} == b.relations
        for order in _matches(a.things, b.things)
    )


def _matches(first: tuple[Thing, ...], second: tuple[Thing, ...]) -> Iterator[tuple[int, ...]]:
    """Every way to pair two lists of things: thing i of the first is thing order[i] of the second."""
    if len(first) != len(second):
        return
    for order in itertools.permutations(range(len(second))):
        if all(_fits(thing, second[at]) for thing, at in zip(first, order, strict=True)):
            yield order


def _fits(a: Thing, b: Thing) -> bool:
    sizes_fit = a.large is None or b.large is None or a.large == b.large
    return a.digit == b.digit and a.colour == b.colour and sizes_fit
