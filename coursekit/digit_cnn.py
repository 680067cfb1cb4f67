"""A small convolutional network that knows digits and colours, and what it sees in a scene.

It is trained on pictures of single digits in every colour, ``coursekit.data.scenes.digit_pictures``. Without
its head it turns a picture into a 6 × 6 grid of 48 features: what a captioning network looks at.
Every pair of digit and colour is in its training, so that what captioning does with pairs it never
read about is the captioning network's own doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from coursekit.cache import cached_arrays, digest
from coursekit.data import scenes
from coursekit.progress import progress

GRID = (48, 6, 6)  # features of one picture: channels, rows, columns
FEATURES = 256  # of them after the projection

_PICTURES = 12_000
_EPOCHS = 3
_BATCH = 64
_RATE = 0.015
_FIT_ON = 6_000  # training scenes that the projection is fitted to
_AT_ONCE = 250  # pictures in one forward pass without gradients


class DigitCNN(nn.Module):
    """Four convolutions (``trunk``), and a head that names the digit and the colour.

    Attributes:
        trunk: (N, 3, 48, 48) prepared pictures -> (N, 48, 6, 6).
        head: (N, 48) -> (N, 15) scores: ten for the digits, then one for each of ``COLOURS``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_layer(3, 24, size=5, stride=2),  # (N, 24, 24, 24)
            *_layer(24, 48, stride=2),  # (N, 48, 12, 12)
            *_layer(48, 48, pool=True),  # (N, 48, 6, 6)
            *_layer(48, 48),
        )
        self.head = nn.Linear(48, 10 + len(scenes.COLOURS))
        self.to(memory_format=torch.channels_last)  # a third faster on a CPU

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of the digits (N, 10) and of the colours (N, 5), for prepared pictures (N, 3, 48, 48)."""
        grid = self.trunk(x)
        scores = self.head(grid.amax((2, 3)) + 2 * grid.mean((2, 3)))  # the peak says what, the mean steadies it
        return scores[:, :10], scores[:, 10:]


def _layer(before: int, after: int, *, size: int = 3, stride: int = 1, pool: bool = False) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, size, stride=stride, padding=size // 2, bias=False)
    pooling = [nn.MaxPool2d(2)] if pool else []  # first: what follows is then four times cheaper
    return [convolution, *pooling, nn.BatchNorm2d(after), nn.ReLU()]


def prepare(images: np.ndarray) -> torch.Tensor:
    """(N, 48, 48, 3) uint8 pictures as the network wants them: (N, 3, 48, 48) float32, the ground around 0."""
    return (torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() - 60.0) / 60.0


def train_cnn(pictures: int = _PICTURES, epochs: int = _EPOCHS, *, seed: int = 0, quiet: bool = False) -> DigitCNN:
    """Train a network from scratch on one thread; on one machine, the same arguments give the same weights.

    Args:
        pictures: how many to train on, drawn from the digits of the split "train"; at least 64.
        epochs: how often it sees each.
        seed: int ≥ 0, of the pictures, the first weights and the order.
        quiet: True shows no progress bar.

    Returns:
        the network, in evaluation mode.
    """
    drawn = scenes.digit_pictures("train", pictures, seed)
    digits, colours = torch.from_numpy(drawn.digits), torch.from_numpy(drawn.colours)
    batches = pictures // _BATCH
    with _one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = DigitCNN().train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * batches)
        for step in progress(range(epochs * batches), "the CNN learns digits", quiet=quiet):
            if step % batches == 0:
                order = torch.randperm(pictures)
            chosen = order[step % batches * _BATCH :][:_BATCH]
            digit_scores, colour_scores = network(prepare(drawn.images[chosen.numpy()]))
            loss = nn.functional.cross_entropy(digit_scores, digits[chosen])
            loss = loss + nn.functional.cross_entropy(colour_scores, colours[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def accuracy(network: DigitCNN, pictures: scenes.DigitPictures) -> tuple[float, float]:
    """Shares of the pictures whose digit, and whose colour, the network names rightly."""
    with _one_thread(), torch.no_grad():
        scores = [network(prepare(part)) for part in _parts(pictures.images)]
    digits, colours = (torch.cat(part).argmax(dim=1).numpy() for part in zip(*scores, strict=True))
    return float((digits == pictures.digits).mean()), float((colours == pictures.colours).mean())


@dataclass(frozen=True, eq=False)
class SceneEncoder:
    """From pictures to features, fitted once on training scenes.

    Attributes:
        network: the trained network; its head is not used.
        mean: (1728,) mean of the flattened grids of training scenes.
        axes: (1728, 256) their first principal axes, by falling variance.
        scale: one number by which all features are multiplied, so that their overall standard deviation is 1.
            One for all: the first features stay larger than the last.
    """

    network: DigitCNN
    mean: np.ndarray
    axes: np.ndarray
    scale: float

    def grid(self, images: np.ndarray) -> np.ndarray:
        """(N, 48, 6, 6) float32 features of pictures (N, 48, 48, 3) uint8, one column per place."""
        if images.ndim != 4 or images.shape[1:] != (scenes.SIDE, scenes.SIDE, 3) or images.dtype != np.uint8:
            raise ValueError(f"pictures must be (N, 48, 48, 3) uint8; got {images.shape} {images.dtype}")
        return _grid(self.network, images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """(N, 256) float32 features of pictures: the grid, flattened, on the principal axes, scaled."""
        flat = self.grid(images).reshape(len(images), self.mean.size)
        return ((flat - self.mean) @ self.axes * np.float32(self.scale)).astype(np.float32)


def fit_encoder(network: DigitCNN, images: np.ndarray) -> SceneEncoder:
    """Principal axes and scale from the pictures of training scenes."""
    flat = _grid(network, images).reshape(len(images), -1)
    mean = flat.mean(axis=0)
    centred = flat - mean
    _, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(flat))  # variance rises
    axes = vectors[:, : -FEATURES - 1 : -1]
    largest = np.abs(axes).argmax(axis=0)
    axes = (axes * np.sign(axes[largest, np.arange(FEATURES)])).astype(np.float32)  # an axis has no sign of its own
    return SceneEncoder(network, mean, axes, 1.0 / float((centred @ axes).std()))


@lru_cache(maxsize=1)
def load_encoder() -> SceneEncoder:
    """The course's encoder: trained on first use, half a minute, and kept on disk (``coursekit.cache``)."""
    stored = cached_arrays(f"digit-cnn-{version()}", _make_arrays)
    mean, axes, scale = (stored.pop(f"encoder {name}") for name in ("mean", "axes", "scale"))
    network = DigitCNN()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in stored.items()})
    return SceneEncoder(network.eval(), mean, axes, float(scale))


def trained_cnn() -> DigitCNN:
    """The course's trained network, in evaluation mode; one object per process, so do not train it further."""
    return load_encoder().network


def scene_grid(images: np.ndarray) -> np.ndarray:
    """(N, 48, 6, 6) float32: the trained network's view of pictures (N, 48, 48, 3) uint8."""
    return load_encoder().grid(images)


def scene_features(images: np.ndarray) -> np.ndarray:
    """(N, 256) float32 features of pictures (N, 48, 48, 3) uint8: see ``SceneEncoder.features``."""
    return load_encoder().features(images)


def version() -> str:
    """Eight characters that change with this file, with the scenes, and with torch's version."""
    parts = [Path(__file__).read_bytes(), scenes.version().encode(), torch.__version__.partition("+")[0].encode()]
    return digest(b"\0".join(parts))[:8]


def _make_arrays() -> dict[str, np.ndarray]:
    encoder = fit_encoder(train_cnn(), scenes.make_scenes("train", _FIT_ON).images)
    arrays = {name: tensor.numpy() for name, tensor in encoder.network.state_dict().items()}
    return arrays | {
        "encoder mean": encoder.mean,
        "encoder axes": encoder.axes,
        "encoder scale": np.array(encoder.scale),
    }


def _grid(network: DigitCNN, images: np.ndarray) -> np.ndarray:
    with _one_thread(), torch.no_grad():
        parts = [network.trunk(prepare(part)).contiguous().numpy() for part in _parts(images)]
    return np.concatenate(parts) if parts else np.zeros((0, *GRID), dtype=np.float32)


def _parts(images: np.ndarray) -> Iterator[np.ndarray]:
    for at in range(0, len(images), _AT_ONCE):
        yield images[at : at + _AT_ONCE]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order only: with several threads, the last digits differ from run to run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
