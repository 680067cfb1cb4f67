"""Pictures with captions, whatever they come from, in one form: made scenes, COCO, Flickr8k.

Nothing is downloaded. Real data are read from where you put them: COCO's captions as its JSON file (Lin et al. 2014,
Chen et al. 2015), Flickr8k's (Hodosh, Young & Hockenmaier 2013) as its token file, each with a folder of images.
Every problem is a ``CaptionDataError`` that says what is wrong, where, and what to do.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.data.scenes import SIDE, Meaning, load_scenes

#: torchvision's networks whose features we can use, and how many numbers each gives for a picture.
PRETRAINED = {"resnet18": 512, "resnet50": 2048}


class CaptionDataError(ValueError):
    """Captions or images that cannot be used: what, where, and what to do about it."""


class PretrainedUnavailableError(RuntimeError):
    """A pretrained network was asked for, and the package or its weights are not on this machine."""


@dataclass(frozen=True, eq=False)
class CaptionedPaths:
    """Image files with their captions, before anything has been computed.

    Attributes:
        paths: N image files.
        captions: N lists of captions, at least one each; lower-case words between single spaces.
    """

    paths: list[Path]
    captions: list[list[str]]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, eq=False)
class CaptionData:
    """What a captioning network trains on.

    Attributes:
        features: (N, D) float32, one row per picture.
        captions: N lists of captions.
        names: N names to find a picture by: a file's name, or the scene's number.
        seen_by: what made the features, in words.
        meanings: what the pictures truly show, where that is known: scenes only.
    """

    features: np.ndarray
    captions: list[list[str]]
    names: list[str]
    seen_by: str
    meanings: list[Meaning] | None = None

    def __len__(self) -> int:
        return len(self.features)

    def take(self, which: Sequence[int] | np.ndarray) -> CaptionData:
        """The pictures with these indices."""
        chosen = [int(i) for i in which]
        return CaptionData(
            self.features[chosen],
            [self.captions[i] for i in chosen],
            [self.names[i] for i in chosen],
            self.seen_by,
            None if self.meanings is None else [self.meanings[i] for i in chosen],
        )

    def divide(self, share: float = 0.1, seed: int = 0) -> tuple[CaptionData, CaptionData]:
        """Two parts with no picture in common: the rest, and ``share`` of the pictures, held out.

        Raises:
            CaptionDataError: one of the parts would be empty.
        """
        held = round(share * len(self))
        if not 0 < held < len(self):
            raise CaptionDataError(
                f"{len(self)} pictures cannot be divided with a share of {share} held out: one part would be empty. "
                "Take more pictures or another share."
            )
        order = np.random.default_rng(seed).permutation(len(self))
        return self.take(np.sort(order[held:])), self.take(np.sort(order[:held]))


def scene_data(split: str, count: int, seed: int = 0) -> CaptionData:
    """Scenes (``coursekit.data.scenes``) as the course's own network sees them (``coursekit.digit_cnn``)."""
    from coursekit.digit_cnn import scene_features  # here: torch takes seconds to import

    scenes = load_scenes(split, count, seed)
    names = [f"{split} {seed} {number}" for number in range(count)]
    seen_by = "the course's network, trained on digits"
    return CaptionData(scene_features(scenes.images), scenes.captions, names, seen_by, scenes.meanings)


def real_data(
    captions: str | Path,
    images: str | Path,
    *,
    network: str | None = "resnet18",
    skip_missing: bool = False,
    say: Callable[[str], None] = print,
) -> CaptionData:
    """Real captioned images, with features.

    Args:
        captions: COCO's JSON (the name ends in .json) or Flickr8k's token file.
        images: the folder that the image files are in.
        network: a name in ``PRETRAINED``. If torchvision or its weights are not on this machine, that is said and
            the course's own small network is used; None takes it straight away.
        skip_missing: leave out images whose file is missing, and say how many, instead of stopping.
        say: called with a line of text about what was done; by default prints it.

    Raises:
        CaptionDataError: captions or images cannot be used.
    """
    read = load_coco if Path(captions).suffix.lower() == ".json" else load_flickr8k
    found = read(captions, images, skip_missing=skip_missing, say=say)
    try:
        if network is None:
            raise PretrainedUnavailableError("No pretrained network was asked for.")
        features, seen_by = pretrained_features(found.paths, network), f"{network}, pretrained on ImageNet"
    except PretrainedUnavailableError as reason:
        features, seen_by = _small_features(found.paths), "the course's network, trained on digits"
        say(f"{reason} The course's own small network looks at the images instead, reduced to {SIDE} × {SIDE}.")
        say("It has only ever seen digits: captions will be poor.")
    return CaptionData(features, found.captions, [path.name for path in found.paths], seen_by)


# -- reading captions --------------------------------------------------------------------------------------------------


def load_coco(
    captions: str | Path, images: str | Path, *, skip_missing: bool = False, say: Callable[[str], None] = print
) -> CaptionedPaths:
    """COCO's captions: a JSON object with "images" (id, file_name) and "annotations" (image_id, caption).

    Images without a caption are left out. Arguments and errors as for ``real_data``.
    """
    path = Path(captions)
    try:
        content = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise CaptionDataError(
            f"{path}, line {error.lineno}, column {error.colno}: this is not JSON ({error.msg}). "
            "The file may be cut off: compare its size with the original, and copy it again."
        ) from None
    lists = {key: content.get(key) if isinstance(content, dict) else None for key in ("images", "annotations")}
    for key, entries in lists.items():
        if not isinstance(entries, list):
            raise CaptionDataError(
                f'{path}: there is no list "{key}", as COCO\'s captions have. '
                "Take a file such as captions_val2017.json, not instances_… or person_keypoints_…."
            )
    files: dict[Any, str] = {}
    for number, entry in enumerate(lists["images"] or []):
        files[_entry(path, "images", number, entry, "id", (int, str))] = _entry(
            path, "images", number, entry, "file_name", str
        )
    gathered: dict[str, list[str]] = {}
    for number, entry in enumerate(lists["annotations"] or []):
        image = _entry(path, "annotations", number, entry, "image_id", (int, str))
        caption = _entry(path, "annotations", number, entry, "caption", str)
        place = f"{path}, entry {number} of annotations"
        if image not in files:
            raise CaptionDataError(
                f'{place}: image_id is {image!r}, and "images" has no such id. '
                "The file was put together wrongly: remove the entry or add the image."
            )
        gathered.setdefault(files[image], []).append(_clean(caption, place))
    return _with_files(path, gathered, Path(images), skip_missing, say)


def load_flickr8k(
    captions: str | Path, images: str | Path, *, skip_missing: bool = False, say: Callable[[str], None] = print
) -> CaptionedPaths:
    """Flickr8k's token file: lines of an image's name, "#", a number, a tabulator, and a caption.

    Arguments and errors as for ``real_data``.
    """
    path = Path(captions)
    gathered: dict[str, list[str]] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        label, tabulator, caption = line.partition("\t")
        image, _, which = label.rpartition("#")
        if not tabulator or not image or not which.strip().isdigit():
            raise CaptionDataError(
                f"{place}: expected image.jpg#0, a tabulator and a caption, got {line[:60]!r}. "
                "Take Flickr8k.token.txt (captions.txt of other collections has another form)."
            )
        gathered.setdefault(image, []).append(_clean(caption, place))
    return _with_files(path, gathered, Path(images), skip_missing, say)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CaptionDataError(
            f"{path} cannot be read ({error.strerror}). Give the path of the file with the captions; "
            "the course does not download it."
        ) from None
    except UnicodeDecodeError as error:
        raise CaptionDataError(
            f"{path}, byte {error.start}: this is not UTF-8 text. Is it still compressed? Unpack it first."
        ) from None


def _entry(path: Path, part: str, number: int, entry: Any, key: str, kind: type | tuple[type, ...]) -> Any:
    """One value of a JSON object, which must be there and of a kind."""
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, kind):
        raise CaptionDataError(
            f'{path}, entry {number} of {part}: "{key}" is {value!r}. Every entry of {part} needs it; '
            "remove the entry or take the original file."
        )
    return value


def _clean(caption: str, place: str) -> str:
    """Lower case, words only, single spaces: "A man's dog, running." becomes "a man's dog running"."""
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", caption.lower())
    if not words:
        raise CaptionDataError(f"{place}: the caption {caption!r} has no words. Remove it or write one.")
    return " ".join(words).replace("’", "'")


def _with_files(
    source: Path, gathered: dict[str, list[str]], images: Path, skip_missing: bool, say: Callable[[str], None]
) -> CaptionedPaths:
    if not gathered:
        raise CaptionDataError(f"{source} has no captions. Take the file that holds them.")
    if not images.is_dir():
        raise CaptionDataError(f"{images} is no folder. Give the folder that the image files are in.")
    missing = [name for name in gathered if not (images / name).is_file()]
    if missing and (not skip_missing or len(missing) == len(gathered)):
        raise CaptionDataError(
            f"{len(missing)} of {len(gathered)} images of {source.name} are not in {images}, the first of them "
            f"{missing[0]}. Is it the right folder (train2017, val2017, …)? If only a few are meant to be there, "
            "pass skip_missing=True."
        )
    if missing:
        say(f"{len(missing)} of {len(gathered)} images of {source.name} are not in {images}; they are left out.")
    absent = set(missing)
    kept = {name: captions for name, captions in gathered.items() if name not in absent}
    return CaptionedPaths([images / name for name in kept], list(kept.values()))


# -- looking at images -------------------------------------------------------------------------------------------------


def open_image(path: Path) -> Any:
    """An image file as a PIL image in RGB.

    Raises:
        CaptionDataError: the file is missing or no image.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except FileNotFoundError:
        raise CaptionDataError(f"{path} is missing. Copy it there, or leave its captions out.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise CaptionDataError(
            f"{path} cannot be read as an image ({type(error).__name__}). It may be cut off: copy it again, or leave "
            "its captions out."
        ) from None


def small_images(paths: Sequence[Path]) -> np.ndarray:
    """(N, 48, 48, 3) uint8: the middle square of each image, reduced."""
    from PIL import Image, ImageOps

    small = [ImageOps.fit(open_image(path), (SIDE, SIDE), Image.Resampling.BOX) for path in paths]
    return np.stack([np.asarray(image) for image in small]) if small else np.zeros((0, SIDE, SIDE, 3), np.uint8)


def pretrained_features(paths: Sequence[Path], network: str = "resnet18", *, at_once: int = 32) -> np.ndarray:
    """(N, D) float32: what a torchvision network, pretrained on ImageNet, makes of images before its last layer.

    Args:
        paths: N image files.
        network: a name in ``PRETRAINED``, which says D.
        at_once: images in one forward pass.

    Raises:
        PretrainedUnavailableError: torchvision or the network's weights are not on this machine; nothing is downloaded.
        CaptionDataError: an image cannot be read.
    """
    import torch

    model, transform = _pretrained(network)
    rows = []
    with torch.no_grad():
        for at in range(0, len(paths), at_once):
            batch = torch.stack([transform(open_image(path)) for path in paths[at : at + at_once]])
            rows.append(model(batch).float().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, PRETRAINED[network]), np.float32)


def _pretrained(network: str) -> tuple[Any, Any]:
    """The network without its last layer, and what prepares an image for it."""
    import torch

    if network not in PRETRAINED:
        raise ValueError(f"there is no network {network!r}; take one of {', '.join(PRETRAINED)}")
    try:
        models = importlib.import_module("torchvision.models")
    except ImportError:
        raise PretrainedUnavailableError(
            "torchvision is not installed, so there is no pretrained network (pip install torchvision)."
        ) from None
    except (RuntimeError, OSError) as error:  # built for another torch: its compiled part does not load
        raise PretrainedUnavailableError(
            f"torchvision does not go with this torch ({error}). Install the one made for torch {torch.__version__}."
        ) from None
    weights = models.get_model_weights(network).DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not file.is_file():
        raise PretrainedUnavailableError(
            f"The weights of {network} are not on this machine, and nothing is downloaded here. "
            f"Fetch {weights.url} and put it at {file}."
        )
    model = models.get_model(network, weights=None)
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))  # numbers only: runs no code
    model.fc = torch.nn.Identity()
    return model.eval(), weights.transforms()


def _small_features(paths: Sequence[Path]) -> np.ndarray:
    from coursekit.digit_cnn import scene_features

    return scene_features(small_images(paths))
