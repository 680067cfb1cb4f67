"""Vocabulary, real caption files, and the network that looks at pictures."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from coursekit import digit_cnn
from coursekit.data import captions, scenes
from coursekit.data.captions import CaptionDataError, PretrainedUnavailableError
from coursekit.data.vocabulary import END, PAD, START, UNK, Vocabulary

# -- vocabulary --------------------------------------------------------------------------------------------------------


def test_special_words_have_their_numbers():
    """PAD, START, END and UNK are 0 to 3, whatever the captions."""
    assert (PAD, START, END, UNK) == (0, 1, 2, 3)
    assert Vocabulary.from_captions([]).words == ("<pad>", "<start>", "<end>", "<unk>")


def test_words_come_by_count_and_then_by_alphabet():
    """The most frequent first; lists of captions count like captions."""
    expected = ("a", "red", "blue", "seven")
    assert Vocabulary.from_captions(["a red seven", "a red", "a blue"]).words[4:] == expected
    assert Vocabulary.from_captions([["a red seven", "a red"], ["a blue"]]).words[4:] == expected


def test_a_minimum_leaves_rare_words_out():
    """A word below the minimum is unknown; one at it is known."""
    vocabulary = Vocabulary.from_captions(["a red seven", "a red", "a blue"], minimum=2)
    assert vocabulary.words[4:] == ("a", "red") and len(vocabulary) == 6
    assert vocabulary.encode("a blue red") == [START, 4, UNK, 5, END]


def test_decoding_undoes_encoding():
    """For every caption of known words, padded or not."""
    some = [caption for five in scenes.make_scenes("val", 50).captions for caption in five]
    vocabulary = Vocabulary.from_captions(some)
    assert [vocabulary.decode(vocabulary.encode(caption)) for caption in some] == some
    assert vocabulary.decode_all(vocabulary.encode_all(some)) == some


def test_encode_all_fills_with_pad():
    """Rows are as long as the longest, or as asked."""
    vocabulary = Vocabulary.from_captions(["a red seven"])  # a 4, red 5, seven 6
    coded = vocabulary.encode_all(["a", "a red seven"])
    assert coded.tolist() == [[1, 4, 2, 0, 0], [1, 4, 5, 6, 2]] and coded.dtype == np.int64
    assert vocabulary.encode_all(["a"], length=5).tolist() == [[1, 4, 2, 0, 0]]
    assert vocabulary.encode_all([]).shape == (0, 2)


def test_what_is_too_long_is_cut_before_end():
    """END stays the last word of a cut caption."""
    vocabulary = Vocabulary.from_captions(["a red seven"])
    assert vocabulary.encode_all(["a red seven"], length=4).tolist() == [[1, 4, 5, 2]]
    with pytest.raises(ValueError, match="length is 1"):
        vocabulary.encode_all(["a"], length=1)


def test_decoding_stops_at_end():
    """What comes after END is not said, and START and PAD never are."""
    vocabulary = Vocabulary.from_captions(["a red seven"])
    assert vocabulary.decode(np.array([1, 4, 0, 5, 2, 6])) == "a red"
    assert vocabulary.decode([4, 5]) == "a red"


def test_a_vocabulary_without_the_special_words_is_refused():
    """Their places are fixed; double words have no one number."""
    for words in (("a", "b"), ("<pad>", "<start>", "<end>", "<unk>", "a", "a")):
        with pytest.raises(ValueError, match="begin with"):
            Vocabulary(words)


# -- real captions -----------------------------------------------------------------------------------------------------

SAID = {"a.jpg": ["A man's Dog, running.", "dog"], "b.png": ["Two   birds!"]}
CLEANED = [["a man's dog running", "dog"], ["two birds"]]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two small images, one of them grey and tall."""
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(256, size=(50, 80, 3), dtype=np.uint8)).save(folder / "a.jpg")
    Image.fromarray(rng.integers(256, size=(90, 40), dtype=np.uint8)).save(folder / "b.png")
    return folder


@pytest.fixture
def coco() -> dict[str, Any]:
    """Captions as COCO has them."""
    return {
        "info": {"year": 2017},
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 9, "file_name": "b.png"}, {"id": 11, "file_name": "c.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 7, "caption": SAID["a.jpg"][0]},
            {"id": 2, "image_id": 9, "caption": SAID["b.png"][0]},
            {"id": 3, "image_id": 7, "caption": SAID["a.jpg"][1]},
        ],
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes captions to a file: text as it is, anything else as JSON."""

    def to_file(content: Any) -> Path:
        path = tmp_path / ("captions.txt" if isinstance(content, str) else "captions.json")
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return to_file


FLICKR = "".join(f"{name}#{n}\t{caption}\n" for name, said in SAID.items() for n, caption in enumerate(said))


def test_coco_is_read(coco, images, write):
    """Captions of one image together, words cleaned, images without captions left out."""
    found = captions.load_coco(write(coco), images)
    assert found.paths == [images / "a.jpg", images / "b.png"] and found.captions == CLEANED


def test_flickr8k_is_read(images, write):
    """The same data in the other format gives the same result; empty lines do not matter."""
    found = captions.load_flickr8k(write(FLICKR + "\n"), images)
    assert found.paths == [images / "a.jpg", images / "b.png"] and found.captions == CLEANED


def refused(what: str, do: Callable[[], object]) -> str:
    """The message of a CaptionDataError that matches; it ends in a whole sentence."""
    with pytest.raises(CaptionDataError, match=what) as caught:
        do()
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_broken_json_is_placed(images, tmp_path):
    """File, line and column, and what may have happened."""
    path = tmp_path / "captions.json"
    path.write_text('{"images": [\n {"id": 1, "file_na', encoding="utf-8")
    message = refused(r"line 2, column \d+: this is not JSON", lambda: captions.load_coco(path, images))
    assert str(path) in message and "cut off" in message


@pytest.mark.parametrize("content", [{"images": []}, {"annotations": []}, [1, 2], {"images": {}, "annotations": []}])
def test_other_json_is_told_from_coco(images, write, content):
    """JSON without the two lists says which list is missing and which file to take."""
    refused(
        r'there is no list "(images|annotations)".*captions_val2017', lambda: captions.load_coco(write(content), images)
    )


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("images", "file_name", None),
        ("images", "id", None),
        ("annotations", "caption", 5),
        ("annotations", "image_id", [1]),
    ],
)
def test_a_bad_entry_is_placed(coco, images, write, part, key, value):
    """Part, number and key of the entry."""
    coco[part][1][key] = value
    refused(f'entry 1 of {part}: "{key}" is {re.escape(repr(value))}', lambda: captions.load_coco(write(coco), images))


def test_an_entry_that_is_no_object_is_placed(coco, images, write):
    """A number in the list of annotations."""
    coco["annotations"][2] = 3
    refused("entry 2 of annotations", lambda: captions.load_coco(write(coco), images))


def test_a_caption_of_no_image_is_placed(coco, images, write):
    """An annotation whose image is not listed."""
    coco["annotations"][1]["image_id"] = 404
    refused("entry 1 of annotations: image_id is 404", lambda: captions.load_coco(write(coco), images))


@pytest.mark.parametrize("empty", ["", "   ", " . ! ", "___"])
def test_an_empty_caption_is_placed(coco, images, write, empty):
    """In both formats: the entry or the line, and the caption as it is."""
    coco["annotations"][2]["caption"] = empty
    refused("entry 2 of annotations: the caption .* has no words", lambda: captions.load_coco(write(coco), images))
    token = write(f"a.jpg#0\tdog\na.jpg#1\t{empty}\n")
    refused("line 2: the caption .* has no words", lambda: captions.load_flickr8k(token, images))


@pytest.mark.parametrize("line", ["image,caption", "a.jpg\tdog", "a.jpg#0 dog", "#0\tdog", "a.jpg#x\tdog"])
def test_a_line_of_another_form_is_placed(images, write, line):
    """The line's number, its beginning, and the form that was expected."""
    message = refused(
        r"line 2: expected image.jpg#0", lambda: captions.load_flickr8k(write(f"a.jpg#0\tdog\n{line}\n"), images)
    )
    assert repr(line) in message


def test_missing_images_are_counted(coco, images, write):
    """How many, the first one's name, and where they were looked for."""
    (images / "b.png").unlink()
    message = refused("1 of 2 images", lambda: captions.load_coco(write(coco), images))
    assert "b.png" in message and str(images) in message and "skip_missing" in message


def test_missing_images_can_be_left_out(coco, images, write):
    """If asked, and never in silence; all missing is still an error."""
    (images / "b.png").unlink()
    said: list[str] = []
    found = captions.load_coco(write(coco), images, skip_missing=True, say=said.append)
    assert [path.name for path in found.paths] == ["a.jpg"] and "1 of 2 images" in said[0]
    (images / "a.jpg").unlink()
    refused("2 of 2 images", lambda: captions.load_coco(write(coco), images, skip_missing=True))


def test_missing_files_and_folders_are_named(coco, images, write, tmp_path):
    """The captions' file, the images' folder, a file without captions, a file that is no text."""
    refused("nowhere.json cannot be read", lambda: captions.load_coco(tmp_path / "nowhere.json", images))
    refused("nowhere.txt cannot be read", lambda: captions.load_flickr8k(tmp_path / "nowhere.txt", images))
    refused("no_folder is no folder", lambda: captions.load_coco(write(coco), tmp_path / "no_folder"))
    refused("has no captions", lambda: captions.load_flickr8k(write("\n\n"), images))
    (tmp_path / "packed.txt").write_bytes(b"\x1f\x8b\x08\xff\xfe")
    refused("not UTF-8", lambda: captions.load_flickr8k(tmp_path / "packed.txt", images))


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_a_broken_image_is_named(images, content):
    """Empty, no image at all, or cut off half-way."""
    path = images / "a.jpg"
    path.write_bytes(path.read_bytes()[:400] if content is None else content)
    refused("a.jpg cannot be read as an image", lambda: captions.small_images([path]))


def test_an_image_that_vanished_is_named(images):
    """Found when the captions were read, gone when it is opened."""
    refused("c.jpg is missing", lambda: captions.open_image(images / "c.jpg"))


def test_small_images_are_the_middle_square(images):
    """Any size and mode comes out as 48 × 48 RGB; the sides of a wide image are cut off."""
    wide = np.zeros((50, 150, 3), dtype=np.uint8)
    wide[:, 50:100] = (10, 200, 30)
    Image.fromarray(wide).save(images / "wide.png")
    small = captions.small_images([images / "wide.png", images / "b.png"])
    assert small.shape == (2, 48, 48, 3) and small.dtype == np.uint8
    assert (small[0] == (10, 200, 30)).all() and (small[1][..., 0] == small[1][..., 2]).all()
    assert captions.small_images([]).shape == (0, 48, 48, 3)


# -- features of real images -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def little() -> digit_cnn.SceneEncoder:
    """An encoder trained for a moment: right in form, poor at digits."""
    network = digit_cnn.train_cnn(256, 1, quiet=True)
    return digit_cnn.fit_encoder(network, scenes.make_scenes("train", 300).images)


@pytest.fixture
def with_little(little, monkeypatch, tmp_path) -> None:
    """The little encoder in the place of the trained one, and a cache of its own."""
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(digit_cnn, "load_encoder", lambda: little)


@pytest.fixture
def without_torchvision(monkeypatch) -> None:
    """As if torchvision were not installed."""
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)


class TinyResNet(torch.nn.Module):
    """As torchvision's in what is used of it: a last layer called ``fc`` after 512 features."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 512)
        self.fc = torch.nn.Linear(512, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.first(x.mean((2, 3))))


@pytest.fixture
def torchvision(monkeypatch, tmp_path) -> Path:
    """A torchvision with a tiny network, and the place where its weights belong."""
    weights = SimpleNamespace(
        url="https://example.org/models/resnet18-1234.pth",
        transforms=lambda: (
            lambda image: torch.from_numpy(np.asarray(image.resize((8, 8))) / 255.0).permute(2, 0, 1).float()
        ),
    )
    models = ModuleType("torchvision.models")
    models.get_model_weights = lambda name: SimpleNamespace(DEFAULT=weights)  # type: ignore[attr-defined]
    models.get_model = lambda name, weights: TinyResNet()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints" / "resnet18-1234.pth"


def test_pretrained_features_are_those_before_the_last_layer(torchvision, images):
    """The weights on disk are used, the classifier is dropped, and batches do not matter."""
    network = TinyResNet()
    torchvision.parent.mkdir(parents=True)
    torch.save(network.state_dict(), torchvision)
    paths = [images / "a.jpg", images / "b.png", images / "a.jpg"]
    found = captions.pretrained_features(paths, at_once=2)
    assert found.shape == (3, 512) and found.dtype == np.float32
    # A batch of another size is summed in another order: float32 rounds to 6e-8, some hundreds of sums to 1e-5.
    np.testing.assert_allclose(found[0], found[2], rtol=0.0, atol=1e-5 * np.abs(found).max())
    pixels = np.asarray(Image.open(paths[0]).convert("RGB").resize((8, 8)), dtype=np.float32).mean(axis=(0, 1)) / 255
    assert np.allclose(found[0], network.first(torch.from_numpy(pixels)).detach().numpy(), atol=1e-5)


def test_missing_weights_are_named_and_not_downloaded(torchvision, images):
    """The address, and the place to put the file."""
    with pytest.raises(PretrainedUnavailableError, match="nothing is downloaded") as caught:
        captions.pretrained_features([images / "a.jpg"])
    assert str(torchvision) in str(caught.value) and "https://example.org" in str(caught.value)


def test_missing_torchvision_is_said(without_torchvision, images):
    """It is no dependency of the course."""
    with pytest.raises(PretrainedUnavailableError, match="torchvision is not installed"):
        captions.pretrained_features([images / "a.jpg"])


def test_a_torchvision_for_another_torch_is_said(monkeypatch, images):
    """A build that does not go with the installed torch fails while it is imported, with a RuntimeError."""

    def fail(name: str) -> ModuleType:
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(captions.importlib, "import_module", fail)
    with pytest.raises(PretrainedUnavailableError, match="does not go with this torch .*nms"):
        captions.pretrained_features([images / "a.jpg"])


def test_an_unknown_network_is_refused(images):
    """The message lists the known ones."""
    with pytest.raises(ValueError, match="resnet18, resnet50"):
        captions.pretrained_features([images / "a.jpg"], "resnet1")


def test_real_data_with_pretrained_features(torchvision, coco, images, write):
    """By default the pretrained network looks at the images, and nothing needs to be said."""
    torchvision.parent.mkdir(parents=True)
    torch.save(TinyResNet().state_dict(), torchvision)
    said: list[str] = []
    data = captions.real_data(write(coco), images, say=said.append)
    assert data.features.shape == (2, 512) and "ImageNet" in data.seen_by and said == []
    assert data.captions == CLEANED and data.names == ["a.jpg", "b.png"] and data.meanings is None


def test_real_data_says_when_it_does_without(without_torchvision, with_little, images, write):
    """The course's own network instead, and two lines that say why and what to expect. The suffix tells the format."""
    said: list[str] = []
    data = captions.real_data(write(FLICKR), images, say=said.append)
    assert data.features.shape == (2, 256) and data.captions == CLEANED
    assert "torchvision is not installed" in said[0] and "poor" in said[1]


def test_real_data_without_a_pretrained_network(with_little, coco, images, write):
    """None asks for the small network straight away."""
    said: list[str] = []
    data = captions.real_data(write(coco), images, network=None, say=said.append)
    assert data.features.shape == (2, 256) and data.features.dtype == np.float32 and "No pretrained" in said[0]


def test_data_divide_into_parts_without_a_common_picture(with_little):
    """Every picture is in one part, with its own captions, names and meanings."""
    data = captions.scene_data("val", 40)
    rest, held = data.divide(0.25, seed=1)
    assert len(rest) == 30 and len(held) == 10 and sorted(rest.names + held.names) == sorted(data.names)
    row = data.names.index(held.names[0])
    assert held.captions[0] == data.captions[row] and held.meanings[0] == data.meanings[row]
    assert np.array_equal(held.features[0], data.features[row])
    with pytest.raises(CaptionDataError, match="one part would be empty"):
        data.divide(0.001)


# -- the network that looks --------------------------------------------------------------------------------------------


def test_the_network_has_the_shapes_it_says():
    """Trunk to a grid, head to digits and colours; about 55 thousand weights."""
    network = digit_cnn.DigitCNN().eval()
    x = digit_cnn.prepare(scenes.make_scenes("val", 2).images)
    assert x.shape == (2, 3, 48, 48) and network.trunk(x).shape == (2, 48, 6, 6)
    assert [tuple(scores.shape) for scores in network(x)] == [(2, 10), (2, 5)]
    assert 50_000 < sum(weight.numel() for weight in network.parameters()) < 60_000


def test_training_is_repeatable_and_leaves_torch_alone():
    """The same weights twice; torch's own random state and threads are as before."""
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    one, two = (digit_cnn.train_cnn(128, 1, seed=5, quiet=True).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    other = digit_cnn.train_cnn(128, 1, seed=6, quiet=True).state_dict()
    assert not torch.equal(one["head.weight"], other["head.weight"])
    assert torch.equal(state, torch.random.get_rng_state()) and threads == torch.get_num_threads()


def test_features_have_one_scale(little):
    """On the pictures it was fitted to: overall deviation 1, falling from feature to feature, uncorrelated."""
    features = little.features(scenes.make_scenes("train", 300).images).astype(np.float64)
    assert features.shape == (300, 256) and features.std() == pytest.approx(1.0, abs=1e-3)
    deviations = features.std(axis=0)
    assert (np.diff(deviations) < 1e-4).all() and deviations[0] > 3 * deviations[-1]
    covariance = features.T @ features / len(features)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-2


def test_features_are_repeatable_and_a_pictures_own(little):
    """Twice the same numbers; alone or among others, equal to the last digits of single precision."""
    images = scenes.make_scenes("val", 300).images
    features = little.features(images)
    assert np.array_equal(features, little.features(images))
    assert np.allclose(little.features(images[7:8]), features[7:8], atol=1e-4)
    assert little.features(images[:0]).shape == (0, 256)


def test_features_of_the_wrong_arrays_are_refused(little):
    """Floats and other sizes: the message says what came."""
    with pytest.raises(ValueError, match=r"\(2, 48, 48, 3\) float64"):
        little.features(np.zeros((2, 48, 48, 3)))
    with pytest.raises(ValueError, match=r"\(48, 48, 3\) uint8"):
        little.grid(np.zeros((48, 48, 3), np.uint8))


def test_a_kept_encoder_is_the_one_that_was_trained(little, monkeypatch, tmp_path):
    """Through the cache and back: the same features, without training again."""
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path))
    trained: list[int] = []
    monkeypatch.setattr(digit_cnn, "train_cnn", lambda: trained.append(1) or little.network)
    monkeypatch.setattr(digit_cnn, "_FIT_ON", 300)
    images = scenes.make_scenes("val", 20).images
    for _ in range(2):
        digit_cnn.load_encoder.cache_clear()
        assert np.array_equal(digit_cnn.scene_features(images), little.features(images))
    assert trained == [1] and [file.name for file in tmp_path.iterdir()] == [f"digit-cnn-{digit_cnn.version()}.npz"]
    assert not digit_cnn.trained_cnn().training
    digit_cnn.load_encoder.cache_clear()


@pytest.mark.slow
def test_the_trained_network_knows_digits():
    """On digits that it never saw: 94 % of the digits and 99 % of the colours, unseen pairs no worse."""
    pictures = scenes.digit_pictures("test", 2000)
    digits, colours = digit_cnn.accuracy(digit_cnn.trained_cnn(), pictures)
    assert digits > 0.94 and colours > 0.99
    names = list(scenes.COLOURS)
    pairs = zip(pictures.digits.tolist(), pictures.colours.tolist(), strict=True)
    unseen = np.array([(digit, names[colour]) in scenes.UNSEEN_PAIRS for digit, colour in pairs])
    part = scenes.DigitPictures(*(getattr(pictures, name)[unseen] for name in ("images", "digits", "colours", "where")))
    assert digit_cnn.accuracy(digit_cnn.trained_cnn(), part)[0] > 0.92
