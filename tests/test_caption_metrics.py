"""BLEU, CIDEr and the share of right meanings, against values worked out by hand."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from coursekit import caption_metrics
from coursekit.data.scenes import Meaning, Thing


def test_bleu_of_one_caption_by_hand():
    """All three words and one of two pairs of words are in a reference; lengths fit.

    "a red seven": words 3/3; of "a red" and "red seven" only the second is in a reference, 1/2. The nearest reference
    lengths are 2 and 4, the shorter counts: no penalty for brevity. BLEU-1 = 1, BLEU-2 = sqrt(1 · 1/2).
    """
    found = caption_metrics.bleu(["a red seven"], [["a large red seven", "a seven"]])
    assert found["BLEU-1"] == pytest.approx(1.0, abs=1e-6)
    assert found["BLEU-2"] == pytest.approx(math.sqrt(0.5), abs=1e-6)
    assert found["BLEU-3"] < 1e-2 and found["BLEU-4"] < 1e-2  # no three words in a row are right


def test_bleu_punishes_brevity_by_hand():
    """Two right words against a reference of four: every precision is 1, times exp(1 - 4/2)."""
    found = caption_metrics.bleu(["a red"], [["a red seven here"]])
    assert found["BLEU-1"] == pytest.approx(math.exp(-1), abs=1e-6)
    assert found["BLEU-2"] == pytest.approx(math.exp(-1), abs=1e-6)


def test_bleu_clips_repeated_words_by_hand():
    """ "a a a a" against "a red one here": one of four words counts, not four (Papineni et al. 2002, section 2.1)."""
    assert caption_metrics.bleu(["a a a a"], [["a red one here"]])["BLEU-1"] == pytest.approx(0.25, abs=1e-6)


def test_bleu_pools_counts_over_pictures():
    """It is a score of the set: (4 + 1) right words of (4 + 2), not the mean of 1 and 1/2."""
    captions = ["a red seven here", "a two"]
    references = [["a red seven here"], ["blue two"]]
    assert caption_metrics.bleu(captions, references)["BLEU-1"] == pytest.approx(5 / 6, abs=1e-6)


def test_bleu_4_by_hand():
    """Five words with the last wrong: precisions 4/5, 3/4, 2/3 and 1/2, whose product is 1/5."""
    found = caption_metrics.bleu(["a red seven above two"], [["a red seven above it"]])
    assert found["BLEU-4"] == pytest.approx(0.2**0.25, abs=1e-6)
    assert found["BLEU-3"] == pytest.approx(0.4 ** (1 / 3), abs=1e-6)


def test_cider_by_hand():
    """Three pictures; the second caption has one word wrong.

    Phrases of one picture only weigh log 3. Captions of two words have phrases of one and two words, so a perfect
    one gets 10 · (1 + 1 + 0 + 0) / 4 = 5. In "green two" against "blue two", "green" is in no reference: it
    weighs log 3 too. One word of two is right: cosine 1/2; no pair: 0. 10 · (1/2) / 4 = 1.25.
    """
    captions, references = ["red one", "green two", "white six"], [["red one"], ["blue two"], ["white six"]]
    assert caption_metrics.cider(captions, references) == pytest.approx((5 + 1.25 + 5) / 3, abs=1e-9)


def test_cider_ignores_what_every_picture_has():
    """A word in all references weighs log(2/2) = 0: "a" alone earns nothing.

    "a one": only "one" and "a one" count, and both are right: 10 · (1 + 1) / 4. "a" has nothing that counts.
    """
    assert caption_metrics.cider(["a one", "a"], [["a one"], ["a two"]]) == pytest.approx(2.5, abs=1e-9)


def test_cider_punishes_another_length_by_hand():
    """CIDEr-D: a length off by one pair of words costs exp(-1 / (2 · 6²)), and repeated words are clipped.

    "red one one" against "red one". Words: (1, 2) against (1, 1), clipped (1 + 1) / (√5 · √2). Pairs: "red one",
    "one one" against "red one": 1 / √2.
    """
    expected = 10 / 4 * math.exp(-1 / 72) * (2 / math.sqrt(10) + 1 / math.sqrt(2))
    found = caption_metrics.cider(["red one one", "blue two"], [["red one"], ["blue two"]])
    assert found == pytest.approx((expected + 5) / 2, abs=1e-9)


def test_scores_holds_all_five():
    """Perfect captions: BLEU is 1; CIDEr, with captions of four words and nothing in common, 10."""
    captions = ["a red seven here", "two blue ones there"]
    found = caption_metrics.scores(captions, [[caption] for caption in captions])
    assert list(found) == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "CIDEr"]
    assert found == pytest.approx({"BLEU-1": 1, "BLEU-2": 1, "BLEU-3": 1, "BLEU-4": 1, "CIDEr": 10}, abs=1e-6)


def test_an_empty_caption_scores_nothing():
    """A network that says END at once gets 0, not an error."""
    found = caption_metrics.scores(["", ""], [["a red seven"], ["a blue two"]])
    assert all(abs(value) < 1e-6 for value in found.values())


@pytest.mark.parametrize(
    ("captions", "references", "message"),
    [
        (["a"], [["a"], ["b"]], "1 captions for 2 pictures"),
        ([], [], "no captions"),
        (["a"], [[]], "at least one reference"),
        (["a"], ["a red seven"], "needs a list"),
    ],
)
def test_what_does_not_fit_is_refused(captions, references, message):
    """Counts that differ, nothing at all, a picture without references, a string where a list belongs."""
    with pytest.raises(ValueError, match=message):
        caption_metrics.scores(captions, references)


def test_meaning_share_by_hand():
    """Two of four captions are right."""
    seven = Meaning((Thing(7, "red", True),))
    captions = ["a red seven", "a large red seven", "a small red seven", "a blue seven"]
    assert caption_metrics.meaning_share(captions, [seven] * 4) == 0.5
    assert caption_metrics.right_meanings(captions, [seven] * 4).tolist() == [True, True, False, False]
    assert caption_metrics.right_meanings([], []).dtype == np.bool_
    with pytest.raises(ValueError, match="no captions"):
        caption_metrics.meaning_share([], [])
    with pytest.raises(ValueError, match="1 captions for 2"):
        caption_metrics.meaning_share(["a"], [seven] * 2)


def test_scores_need_no_java():
    """With an empty PATH and process creation forbidden, scores come all the same; no tokenizer is imported."""
    code = """
import sys
def audit(event, arguments):
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"):
        raise RuntimeError(event)
sys.addaudithook(audit)
from coursekit.caption_metrics import scores
print(scores(["a red seven", "a two"], [["a red seven"], ["a two"]])["BLEU-1"] > 0.99)
print([name for name in sys.modules if "tokenizer" in name and "coco" in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PATH": ""}, check=True)
    assert done.stdout.split("\n")[:2] == ["True", "[]"]
