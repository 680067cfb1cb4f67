"""The command that trains on photographs or scenes: `python -m coursekit.train_captions`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from coursekit import digit_cnn, train_captions
from coursekit.data import scenes
from coursekit.data.vocabulary import Vocabulary
from coursekit.upstream import load_module

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "solutions" / "05_captioning" / "captioning.py"
TINY = ["--steps", "3", "--batch", "4", "--hidden", "8", "--embedding", "4", "--device", "cpu", "--held-out", "0.25"]
SENTENCES = ["A dog runs.", "A small dog is running!", "Two cats sleep", "a cat sleeps"]

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def untrained() -> digit_cnn.SceneEncoder:
    """An eye that has learned nothing: training one takes half a minute."""
    torch.manual_seed(0)
    return digit_cnn.fit_encoder(digit_cnn.DigitCNN().eval(), scenes.make_scenes("train", 300).images)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, untrained: digit_cnn.SceneEncoder) -> None:
    """Look at pictures through that eye; show no bars; keep nothing outside the test's folder."""
    monkeypatch.setattr(digit_cnn, "load_encoder", lambda: untrained)
    monkeypatch.setenv("UNROLLED_QUIET", "1")
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNROLLED_FAST", raising=False)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of eight small image files."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(8):
        Image.fromarray(rng.integers(0, 256, size=(50, 70, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """COCO's captions of the eight files, two each."""
    content = {
        "images": [{"id": 10 + number, "file_name": f"{number}.png"} for number in range(8)],
        "annotations": [
            {"image_id": 10 + number, "caption": SENTENCES[(number + which) % 4]}
            for number in range(8)
            for which in range(2)
        ],
    }
    path = tmp_path / "captions.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command with the reference module; its exit code and its report."""

    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        report = tmp_path / "report.json"
        code = train_captions.main([*arguments, *TINY, "--module", str(MODULE), "--json", str(report)])
        return code, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}

    return command


def test_it_trains_on_coco_captions(
    run: Run, coco: Path, photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quarter of the eight photographs is held out, described and scored; what was seen by what is said."""
    code, report = run("--captions", str(coco), "--images", str(photographs), "--network", "own")
    assert code == 0
    assert len(report["captions"]) == 2 and set(report["captions"]) <= {f"{n}.png" for n in range(8)}
    assert set(report["scores"]) == {"BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "CIDEr"}
    printed = capsys.readouterr().out
    assert "6 pictures to learn from, 2 held out" in printed and "3 steps" in printed


def test_it_trains_on_flickr8k_tokens(run: Run, tmp_path: Path, photographs: Path) -> None:
    """The same on lines of image#number, tabulator, caption."""
    tokens = tmp_path / "Flickr8k.token.txt"
    lines = [f"{number}.png#{which}\t{SENTENCES[which]} ." for number in range(8) for which in range(3)]
    tokens.write_text("\n".join(lines), encoding="utf-8")
    code, report = run("--captions", str(tokens), "--images", str(photographs), "--network", "own", "--cell", "gru")
    assert code == 0
    assert len(report["captions"]) == 2
    assert report["options"]["cell"] == "gru"


def test_it_trains_on_scenes_and_judges_their_meaning(run: Run) -> None:
    """Scenes need no files, and their captions are also read back."""
    code, report = run("--scenes", "20")
    assert code == 0
    assert "meaning" in report["scores"]
    assert len(report["captions"]) == 20


def test_a_beam_is_used_where_a_width_is_asked_for(
    run: Run, coco: Path, photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --width 3 every held-out picture goes through the module's beam_search."""
    module = load_module(MODULE)
    widths: list[int] = []

    def spy(model: Any, v: torch.Tensor, width: int, max_length: int) -> list[int]:
        widths.append(width)
        return [4, 2]

    monkeypatch.setattr(module, "beam_search", spy)
    monkeypatch.setattr(train_captions, "load_module", lambda path: module)
    assert run("--captions", str(coco), "--images", str(photographs), "--network", "own", "--width", "3")[0] == 0
    assert widths == [3, 3]


def test_what_is_saved_speaks_the_same_again(run: Run, tmp_path: Path) -> None:
    """Parameters and words from --save give the captions of the report."""
    saved = tmp_path / "model.pt"
    _, report = run("--scenes", "20", "--save", str(saved))
    kept = torch.load(saved, weights_only=True)
    module: ModuleType = load_module(MODULE)
    vocabulary = Vocabulary(tuple(kept["words"]))
    model = module.CaptioningRNN(len(vocabulary), 256, D=4, H=8)
    model.load_state_dict(kept["parameters"])
    v = digit_cnn.load_encoder().features(scenes.make_scenes("test", 20).images)
    longest = max(map(len, map(str.split, report["captions"].values()))) + 2
    scale = 1 / digit_cnn.load_encoder().features(scenes.make_scenes("train", 20).images).std()
    said = [
        vocabulary.decode(words) for words in module.greedy(model, torch.as_tensor(v) * float(scale), longest).tolist()
    ]
    assert [" ".join(caption.split()[:5]) for caption in said] == [
        " ".join(caption.split()[:5]) for caption in report["captions"].values()
    ]


def test_the_same_seed_gives_the_same_captions(run: Run) -> None:
    """Two runs on a CPU agree in every word and number; another seed does not."""
    (_, first), (_, again), (_, other) = (
        run("--scenes", "20"),
        run("--scenes", "20"),
        run("--scenes", "20", "--seed", "1"),
    )
    assert (first["captions"], first["loss"]) == (again["captions"], again["loss"])
    assert first["loss"] != other["loss"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "say what to learn from"),
        (["--captions", "x.json"], "say what to learn from"),
        (["--scenes", "20", "--captions", "x.json"], "take either"),
        (["--captions", "nowhere.json", "--images", "."], "nowhere.json cannot be read"),
    ],
)
def test_senseless_sources_are_refused(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """Exit code 2, one line that says what to do, and no traceback."""
    code, report = run(*arguments)
    assert (code, report) == (2, {})
    assert complaint in capsys.readouterr().err


def test_a_missing_photograph_is_named_and_may_be_left_out(
    run: Run, coco: Path, photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --skip-missing it is an error that names the file; with it the others are used."""
    (photographs / "3.png").unlink()
    source = ["--captions", str(coco), "--images", str(photographs), "--network", "own"]
    assert run(*source)[0] == 2
    assert "3.png" in capsys.readouterr().err
    code, _ = run(*source, "--skip-missing")
    assert code == 0


def test_a_missing_module_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no captioning.py, the places that were tried and --module are named."""
    monkeypatch.chdir(tmp_path)
    assert train_captions.main(["--scenes", "20"]) == 2
    said = capsys.readouterr().err
    assert "captioning.py" in said and "work/05_captioning" in said and "--module" in said


def test_the_module_beside_you_is_taken(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with a captioning.py no --module is needed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "captioning.py").write_bytes(MODULE.read_bytes())
    assert train_captions.main(["--scenes", "20", *TINY]) == 0


def test_help_shows_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    """--help prints an example of each source and ends with exit code 0."""
    with pytest.raises(SystemExit) as stop:
        train_captions.main(["--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert "--scenes 12000" in said and "captions_val2017.json" in said and "Flickr8k.token.txt" in said


@pytest.mark.gpu
def test_the_full_size_run_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """12,000 scenes, the notebook's steps, on the accelerator: BLEU-4 above 0.65, meaning above 0.55."""
    if not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        pytest.skip("no GPU: torch sees neither CUDA nor MPS here")
    monkeypatch.undo()  # the real, trained eye
    report = tmp_path / "report.json"
    assert train_captions.main(["--scenes", "12000", "--module", str(MODULE), "--json", str(report)]) == 0
    found = json.loads(report.read_text(encoding="utf-8"))
    print(f"{found['device']}: {found['seconds']:.0f} s, {found['scores']}")
    assert found["device"].split(":")[0] in ("cuda", "mps")
    assert found["scores"]["BLEU-4"] > 0.65
    assert found["scores"]["meaning"] > 0.55
