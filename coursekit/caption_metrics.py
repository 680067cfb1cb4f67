"""How good captions are: by the words they share with people's, and by what they mean.

BLEU (Papineni et al. 2002) and CIDEr (Vedantam, Zitnick & Parikh 2015; the variant CIDEr-D) come from pycocoevalcap,
the package that the field reports. Its tokenizer needs Java and is left out: captions here are already lower-case
words between spaces. On raw captions, published figures are therefore near ours, not equal to them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coursekit.data.scenes import Meaning, meaning_right


def bleu(captions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """BLEU-1 to BLEU-4 of a whole set of captions, each from 0 to 1; arguments as for ``scores``."""
    from pycocoevalcap.bleu.bleu_scorer import BleuScorer  # here: whoever reads no scores need not have it

    _require(captions, references)
    scorer = BleuScorer(n=4)
    for caption, right in zip(captions, references, strict=True):
        scorer += (caption, list(right))
    values, _ = scorer.compute_score(option="closest", verbose=0)
    return {f"BLEU-{n}": float(value) for n, value in enumerate(values, start=1)}


def cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """CIDEr-D of a whole set of captions, from 0 to 10; arguments as for ``scores``.

    How much a phrase counts depends on how rare it is among the references given: scores on different sets of
    pictures cannot be compared, and that of a single picture is always 0.
    """
    from pycocoevalcap.cider.cider_scorer import CiderScorer

    _require(captions, references)
    scorer = CiderScorer(n=4, sigma=6.0)
    for caption, right in zip(captions, references, strict=True):
        scorer += (caption, list(right))
    value, _ = scorer.compute_score()
    return float(value)


def scores(captions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """BLEU-1 to BLEU-4 and CIDEr.

    Args:
        captions: N captions, one per picture.
        references: N lists of right captions.

    Raises:
        ValueError: the numbers differ, there are none, or a picture has no reference.
    """
    return bleu(captions, references) | {"CIDEr": cider(captions, references)}


def right_meanings(captions: Sequence[str], meanings: Sequence[Meaning]) -> np.ndarray:
    """(N,) bool: which captions name exactly what their picture shows and say nothing false."""
    if len(captions) != len(meanings):
        raise ValueError(f"{len(captions)} captions for {len(meanings)} pictures")
    return np.array(
        [meaning_right(caption, truth) for caption, truth in zip(captions, meanings, strict=True)], dtype=bool
    )


def meaning_share(captions: Sequence[str], meanings: Sequence[Meaning]) -> float:
    """The share of captions whose meaning is right; meanings are ``Scenes.meanings``."""
    right = right_meanings(captions, meanings)
    if not len(right):
        raise ValueError("there are no captions")
    return float(right.mean())


def _require(captions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(captions) != len(references):
        raise ValueError(f"{len(captions)} captions for {len(references)} pictures")
    if not captions:
        raise ValueError("there are no captions")
    for number, right in enumerate(references):
        if isinstance(right, str) or not right:
            raise ValueError(f"picture {number} needs a list of at least one reference; got {right!r}")
