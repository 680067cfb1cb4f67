"""Real handwritten digits, as bundled with scikit-learn."""

from __future__ import annotations

import numpy as np

#: Largest grey value in scikit-learn's digits.
_WHITE = 16.0


def load_row_digits(split: str = "train", *, seed: int = 0, test_share: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """Real handwritten digits, as sequences of rows for a network that reads top to bottom.

    The same ``seed`` and ``test_share`` always give the same split, and every digit has the
    same share in both parts; no picture is in both.

    Args:
        split: "train", "test" or "all" (both, in the order of the source).
        seed: int, decides which pictures are held out.
        test_share: share of the pictures that is held out, above 0 and below 1.

    Returns:
        images: (N, 8, 8) float64 between 0 (paper) and 1 (ink); ``images[:, t]`` is row ``t``.
        labels: (N,) int64, the digit in the picture, 0 … 9.

    Raises:
        ValueError: the split is none of the three, or the share is out of range.

    Source: the test part of the "Optical Recognition of Handwritten Digits" data (Alpaydin &
    Kaynak, UCI 1998), 1,797 pictures, as bundled with scikit-learn.
    """
    if split not in ("train", "test", "all"):
        raise ValueError(f"split is {split!r}; it must be 'train', 'test' or 'all'")
    if not 0 < test_share < 1:
        raise ValueError(f"test_share is {test_share!r}; it must be above 0 and below 1")

    from sklearn.datasets import load_digits  # here, not above: it takes most of a second

    digits = load_digits()
    images = digits.images.astype(np.float64) / _WHITE
    labels = digits.target.astype(np.int64)
    if split == "all":
        return images, labels
    held_out = _held_out(labels, seed, test_share)
    chosen = held_out if split == "test" else ~held_out
    return images[chosen], labels[chosen]


def _held_out(labels: np.ndarray, seed: int, share: float) -> np.ndarray:
    """Boolean mask of the held-out entries, the same share of every class."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        mask[rng.permutation(members)[: round(share * len(members))]] = True
    return mask
