"""Scenes of digits: what they show, what is said about them, how it is read back, and the cache they lie in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit import cache
from coursekit.data import scenes
from coursekit.data.digits import load_row_digits
from coursekit.data.scenes import COLOURS, UNSEEN_PAIRS, Meaning, Thing, make_scenes, meaning_right, parse, same_meaning

COUNT = 500
NAMES = list(COLOURS)


@pytest.fixture(scope="module")
def drawn() -> dict[str, scenes.Scenes]:
    """Some scenes of every split."""
    return {split: make_scenes(split, COUNT, seed=3) for split in scenes.SPLITS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def pairs_of(some: scenes.Scenes, row: int) -> set[tuple[int, str]]:
    """The pairs of digit and colour in one scene."""
    return {(thing.digit, thing.colour) for thing in some.meanings[row].things}


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same(drawn):
    """Nothing but the arguments decides what is drawn."""
    again = make_scenes("train", COUNT, seed=3)
    for name in scenes._ARRAYS:
        assert np.array_equal(getattr(again, name), getattr(drawn["train"], name)), name
    assert again.captions == drawn["train"].captions


def test_fewer_scenes_are_the_first_of_more(drawn):
    """Asking for less gives the beginning of the same scenes, across the limits of chunks too."""
    fewer = make_scenes("train", 260, seed=3)
    assert np.array_equal(fewer.images, drawn["train"].images[:260])
    assert fewer.captions == drawn["train"].captions[:260]


@pytest.mark.parametrize("other", [("train", 4), ("val", 3), ("test", 3), ("unseen", 3)])
def test_another_seed_or_split_draws_others(drawn, other):
    """No picture comes twice under another seed or in another split."""
    others = make_scenes(other[0], COUNT, seed=other[1])
    assert not {image.tobytes() for image in others.images} & {image.tobytes() for image in drawn["train"].images}


@pytest.mark.parametrize("split", scenes.SPLITS)
def test_shapes_and_types(drawn, split):
    """What the docstring of Scenes promises."""
    some = drawn[split]
    assert len(some) == COUNT == len(some.captions) == len(some.meanings)
    assert some.images.shape == (COUNT, 48, 48, 3) and some.images.dtype == np.uint8
    assert some.where.shape == (COUNT, 48, 48) and some.masks.shape == (COUNT, 3, 48, 48)
    assert some.centres.shape == (COUNT, 3, 2) and some.centres.dtype == np.float32
    for part in (some.digits, some.colours):
        assert part.shape == (COUNT, 3) and part.dtype == np.int8
    assert set(some.counts) == {1, 2, 3}
    there = np.arange(3) < some.counts[:, None]
    assert ((some.digits >= 0) == there).all() and ((some.colours >= 0) == there).all() and not some.large[~there].any()


def test_no_scene_at_all():
    """Zero scenes are an empty set with the right shapes."""
    none = make_scenes("test", 0)
    assert len(none) == 0 and none.images.shape == (0, 48, 48, 3) and none.captions == [] and none.meanings == []


@pytest.mark.parametrize("wrong", [("tset", 5, 0), ("train", -1, 0), ("train", 5, -1)])
def test_wrong_arguments_are_named(wrong):
    """A split that does not exist and negative numbers are refused, with the value in the message."""
    with pytest.raises(ValueError, match=r"tset|-1"):
        make_scenes(*wrong)


def test_no_digit_picture_is_in_two_splits():
    """Each of the 1,797 handwritten digits belongs to train, val or test, and to one only."""
    parts = {part: {glyph.tobytes() for glyph in scenes._glyphs(part)[0]} for part in ("train", "val", "test")}
    for one, other in itertools.combinations(parts.values(), 2):
        assert not one & other
    sizes = {part: len(scenes._glyphs(part)[0]) for part in parts}
    assert sum(sizes.values()) == len(load_row_digits("all")[0])
    assert sizes["val"] > 150 and sizes["test"] > 400


def test_every_part_has_every_digit():
    """Splitting leaves no digit without pictures: at least fifteen of each in every part."""
    for part in ("train", "val", "test"):
        assert min(map(len, scenes._glyphs(part)[1])) >= 15


def test_unseen_pairs_are_spread_evenly():
    """One colour is held out per digit, and each colour equally often."""
    assert sorted(digit for digit, _ in UNSEEN_PAIRS) == list(range(10))
    assert {colour: sum(pair[1] == colour for pair in UNSEEN_PAIRS) for colour in COLOURS} == dict.fromkeys(COLOURS, 2)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_unseen_pairs_are_never_captioned(drawn, split):
    """The three ordinary splits show none of them."""
    assert not any(pairs_of(drawn[split], row) & UNSEEN_PAIRS for row in range(COUNT))


def test_every_unseen_scene_has_an_unseen_pair(drawn):
    """And all ten of them occur."""
    found = [pairs_of(drawn["unseen"], row) & UNSEEN_PAIRS for row in range(COUNT)]
    assert all(found) and set().union(*found) == UNSEEN_PAIRS


def test_other_pairs_are_all_in_training(drawn):
    """What is not held out is there to be learned: each of the forty other pairs."""
    shown = set().union(*(pairs_of(drawn["train"], row) for row in range(COUNT)))
    assert len(shown) == 10 * len(COLOURS) - len(UNSEEN_PAIRS)


def test_masks_lie_on_ink_of_the_right_colour(drawn):
    """Where a thing's mask is, the picture is near its colour."""
    some = drawn["train"]
    for row, k in zip(*np.nonzero(some.digits >= 0), strict=True):
        ink = some.images[row][some.masks[row, k]].astype(float)
        assert len(ink) > 15
        distances = [np.abs(np.median(ink, axis=0) - np.array(rgb)).sum() for rgb in COLOURS.values()]
        assert int(np.argmin(distances)) == some.colours[row, k]


def test_masks_lie_around_the_centres(drawn):
    """A thing's ink is where its centre says: within the reach of its size."""
    some = drawn["train"]
    for row, k in zip(*np.nonzero(some.digits >= 0), strict=True):
        y, x = np.nonzero(some.masks[row, k])
        reach = 16 if some.large[row, k] else 11
        assert np.abs(x + 0.5 - some.centres[row, k, 0]).max() < reach
        assert np.abs(y + 0.5 - some.centres[row, k, 1]).max() < reach


def test_large_things_have_more_ink(drawn):
    """The two sizes look different: half again as much ink of the same digit, at the very least."""
    some = drawn["train"]
    ink = some.masks.sum(axis=(2, 3))
    for digit in range(10):
        small = ink[(some.digits == digit) & ~some.large]
        large = ink[(some.digits == digit) & some.large]
        assert np.median(large) > 1.5 * np.median(small)


def test_slices_take_scenes_whole(drawn):
    """A slice, indices and booleans take the same rows of everything."""
    some = drawn["test"]
    chosen = some[[7, 2]]
    assert chosen.captions == [some.captions[7], some.captions[2]] and chosen.meanings[1] == some.meanings[2]
    assert np.array_equal(some[some.counts == 3].where, some.where[some.counts == 3])
    assert len(some[10:25]) == 15
    with pytest.raises(TypeError, match="several"):
        some[3]


# What a person with a kind of colour blindness sees, from linear RGB: Machado, Oliveira & Fernandes 2009, severity 1.
_SEEN = {
    "all colours": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.042940, 0.968881]],
    "no blue cones": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}  # fmt: skip
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(rgb) -> np.ndarray:
    """sRGB bytes as linear light (IEC 61966-2-1)."""
    c = np.asarray(rgb, dtype=float) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """Linear RGB in CIE 1976 L*a*b*, white D65: there, distance is about how different colours look."""
    t = _XYZ @ np.clip(light, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", _SEEN)
def test_the_colour_blind_can_tell_colours_apart(eyes):
    """Any two colours are at least 20 apart, where 2.3 is just noticeable."""
    seen = [lab(np.array(_SEEN[eyes]) @ linear(rgb)) for rgb in COLOURS.values()]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 20


def test_ink_stands_out_from_the_ground(drawn):
    """Each colour, at its darkest, has a contrast of 3 : 1 to the ground, as WCAG 2 asks of graphics."""
    some = drawn["train"]
    ground = _XYZ[1] @ linear(some.images[some.where == 0].mean(axis=0))
    for rgb in COLOURS.values():
        assert (_XYZ[1] @ linear(0.9 * np.array(rgb)) + 0.05) / (ground + 0.05) > 3


# -- captions and what they mean ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", scenes.SPLITS)
def test_every_caption_is_right_about_its_scene(drawn, split):
    """Five different captions each, and the parser finds each of them true."""
    for captions, truth in zip(drawn[split].captions, drawn[split].meanings, strict=True):
        assert len(set(captions)) == 5
        for caption in captions:
            assert meaning_right(caption, truth), (caption, truth)


def test_captions_are_rarely_right_about_other_scenes(drawn):
    """Shifted by one picture, hardly any caption is right: meaning needs the picture."""
    some = drawn["train"]
    right = [
        meaning_right(captions[0], truth) for captions, truth in zip(some.captions, some.meanings[1:], strict=False)
    ]
    assert np.mean(right) < 0.03


def test_the_words(drawn):
    """Captions use few words, and use all of them: synonyms, both numbers, every digit and colour."""
    words = {word for captions in drawn["train"].captions for caption in captions for word in caption.split()}
    assert {
        *scenes.DIGIT_WORDS,
        *COLOURS,
        "large",
        "big",
        "small",
        "little",
        "above",
        "over",
        "below",
        "under",
    } <= words
    assert {"to", "the", "left", "right", "of", "and", "a", "there", "is", "are", "i", "see"} <= words
    assert len(words) < 60


def test_parse_reads_everything():
    """A full sentence, word by word."""
    said = parse("there is a large red seven to the left of a small blue two and a green one")
    assert said == Meaning(
        (Thing(7, "red", True), Thing(2, "blue", False), Thing(1, "green")),
        frozenset({(0, "left", 1), (0, "left", 2)}),
    )


@pytest.mark.parametrize(
    ("phrase", "relation"),
    [
        ("to the left of", (0, "left", 1)),
        ("left of", (0, "left", 1)),
        ("to the right of", (1, "left", 0)),
        ("right of", (1, "left", 0)),
        ("above", (0, "above", 1)),
        ("over", (0, "above", 1)),
        ("below", (1, "above", 0)),
        ("under", (1, "above", 0)),
    ],
)
def test_parse_turns_relations_round(phrase, relation):
    """Right and below are left and above with the things exchanged."""
    said = parse(f"a red seven {phrase} a blue two")
    assert said is not None and said.relations == {relation}


def test_parse_counts():
    """A number and a plural are that many things."""
    assert parse("two green threes") == Meaning((Thing(3, "green"), Thing(3, "green")))
    assert parse("two small white twos over a red two") == Meaning(
        (Thing(2, "white", False), Thing(2, "white", False), Thing(2, "red")),
        frozenset({(0, "above", 2), (1, "above", 2)}),
    )


@pytest.mark.parametrize(
    "words",
    [
        "",
        "a",
        "a seven",
        "a red",
        "red seven",
        "a red sevens",
        "two red seven",
        "a red large seven",
        "a red seven a blue two",
        "a red seven and",
        "and a red seven",
        "a red seven to left of a blue two",
        "a red seven left of",
        "above a red seven",
        "a red seven above a blue two above a green one",
        "there are a red seven",
        "there is two red sevens",
        "two red sevens and two blue ones",
        "a purple seven",
        "a red seven.",
        "a  red seven",
        "A red seven",
    ],
)
def test_parse_refuses_what_is_no_sentence(words):
    """Half sentences, wrong numbers, unknown words, more than three things: no meaning."""
    assert parse(words) is None


TRUTH = Meaning(
    (Thing(7, "red", True), Thing(2, "blue", False)), frozenset({(0, "left", 1), (1, "above", 0)})
)  # the seven lower left


@pytest.mark.parametrize(
    "caption",
    [
        "a red seven to the left of a blue two",
        "a blue two right of a red seven",
        "a small blue two above a big red seven",
        "i see a large red seven under a little blue two",
    ],
)
def test_any_true_caption_is_right(caption):
    """Order, synonyms, unsaid sizes, and either of two true relations."""
    assert meaning_right(caption, TRUTH)


@pytest.mark.parametrize(
    ("wrong", "caption"),
    [
        ("relation", "a red seven to the right of a blue two"),
        ("relation the other way", "a red seven above a blue two"),
        ("colours exchanged", "a blue seven to the left of a red two"),
        ("digit", "a red one to the left of a blue two"),
        ("size", "a small red seven to the left of a blue two"),
        ("a thing left out", "a red seven"),
        ("a thing too many", "a red seven to the left of a blue two and a blue two"),
        ("no relation said", "a red seven and a blue two"),
        ("nothing said", ""),
        ("no sentence", "red seven blue two"),
    ],
)
def test_a_false_caption_is_wrong(wrong, caption):
    """One thing wrong is enough."""
    assert not meaning_right(caption, TRUTH), wrong


def test_things_alike_need_no_relation():
    """Two green threes can be counted or told apart; what is said must still be true."""
    truth = Meaning((Thing(3, "green", True), Thing(3, "green", False)), frozenset({(0, "above", 1)}))
    assert meaning_right("two green threes", truth)
    assert meaning_right("a small green three below a large green three", truth)
    assert not meaning_right("a small green three above a large green three", truth)
    assert not meaning_right("two large green threes", truth)
    assert not meaning_right("three green threes", truth)


def test_same_meaning():
    """Synonyms and order do not change the meaning; another relation, thing or size does."""
    one = "a large red seven to the left of a blue two"
    assert same_meaning(one, "there is a blue two right of a big red seven")
    assert same_meaning(one, "a red seven left of a small blue two")
    assert not same_meaning(one, "a red seven above a blue two")
    assert not same_meaning(one, "a small red seven left of a blue two")
    assert not same_meaning(one, "a red seven and a blue two")
    assert not same_meaning(one, "seven")
    assert not same_meaning("seven", "seven")


@given(seed=st.integers(0, 10**6))
def test_turning_a_relation_round_changes_right_to_wrong(seed):
    """A true caption with its relation word replaced by the opposite is false, for any two different things."""
    rng = np.random.default_rng(seed)
    first, second = rng.choice(50, size=2, replace=False)
    names = [f"a {NAMES[pair % 5]} {scenes.DIGIT_WORDS[pair // 5]}" for pair in (first, second)]
    truth = Meaning(
        (Thing(first // 5, NAMES[first % 5], True), Thing(second // 5, NAMES[second % 5], False)),
        frozenset({(0, "above", 1)}),
    )
    assert meaning_right(f"{names[0]} above {names[1]}", truth) and meaning_right(f"{names[1]} under {names[0]}", truth)
    assert not meaning_right(f"{names[0]} below {names[1]}", truth) and not meaning_right(
        f"{names[1]} over {names[0]}", truth
    )


# -- pictures of single digits -----------------------------------------------------------------------------------------


def test_digit_pictures_show_every_pair():
    """Held-out pairs included: the network that sees must know what the one that talks does not."""
    pictures = scenes.digit_pictures("train", 1000, seed=1)
    assert set(pictures.labels.tolist()) == set(range(50))
    assert pictures.images.shape == (1000, 48, 48, 3) and pictures.where.max() == 1
    assert pictures.labels[0] == pictures.digits[0] * 5 + pictures.colours[0]


def test_digit_pictures_refuse_a_split_of_pairs():
    """There is no split of unseen pairs here, and the message says why."""
    with pytest.raises(ValueError, match="every pair in every split"):
        scenes.digit_pictures("unseen", 5)


# -- the cache ---------------------------------------------------------------------------------------------------------


def count_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one whenever scenes are made."""
    calls: list[int] = []
    make = scenes._make_chunk
    monkeypatch.setattr(scenes, "_make_chunk", lambda *arguments: calls.append(1) or make(*arguments))
    return calls


def test_loaded_scenes_are_those_made(folder, monkeypatch):
    """From the disk come the same arrays and captions, and nothing is made a second time."""
    calls = count_calls(monkeypatch)
    first, second, made = scenes.load_scenes("val", 30), scenes.load_scenes("val", 30), make_scenes("val", 30)
    assert len(calls) == 2  # the first, and make_scenes itself
    for some in (first, second):
        assert all(np.array_equal(getattr(some, name), getattr(made, name)) for name in scenes._ARRAYS)
        assert some.captions == made.captions and (some.split, some.seed) == ("val", 0)
    assert [file.name for file in folder.iterdir()] == [f"scenes-val-30-0-{scenes.version()}.npz"]


@pytest.mark.parametrize("damage", ["one bit", "cut off", "empty", "other content"])
def test_a_damaged_file_is_made_again(folder, capsys, damage):
    """Whatever happened to the file: the scenes are right, a line says so, and the file is whole afterwards."""
    made = scenes.load_scenes("val", 10)
    file = next(folder.iterdir())
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    file.write_bytes(
        {"one bit": bytes(changed), "cut off": whole[:-100], "empty": b"", "other content": b"hello"}[damage]
    )
    assert capsys.readouterr().out == ""
    again = scenes.load_scenes("val", 10)
    assert np.array_equal(again.images, made.images) and again.captions == made.captions
    assert f"{file} is damaged" in capsys.readouterr().out
    assert file.read_bytes() == whole


def test_a_pickle_in_the_cache_is_not_opened(folder):
    """Even with the right checksum, a file of Python objects is not unpickled."""
    import io

    buffer = io.BytesIO()
    np.savez(buffer, images=np.array([object()], dtype=object))
    (folder / "x.npz").write_bytes(cache._HEADER + cache.digest(buffer.getvalue()).encode() + b"\n" + buffer.getvalue())
    assert cache.cached_arrays("x", lambda: {"fresh": np.ones(1)}).keys() == {"fresh"}


def test_without_a_place_to_write_scenes_still_come(tmp_path, monkeypatch):
    """A cache folder that cannot be made is no reason to fail: here a file is in its way."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "file" / "below"))
    assert len(scenes.load_scenes("val", 5)) == 5


def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch):
    """If writing fails half-way, the arrays come back and no half file stays."""

    def full(*_: object) -> Iterator[None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    assert len(scenes.load_scenes("val", 5)) == 5
    assert list(folder.iterdir()) == []


def test_the_cache_lies_in_the_users_folder(monkeypatch):
    """Without the variable, in the folder that the system has for it."""
    monkeypatch.delenv(cache.CACHE_VARIABLE, raising=False)
    assert cache.cache_folder().name.lower() in ("unrolled", "cache") and cache.cache_folder().is_absolute()
