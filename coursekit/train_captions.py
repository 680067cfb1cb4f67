"""Train a captioning model of your own functions, on photographs or on scenes.

    python -m coursekit.train_captions --scenes 12000
    python -m coursekit.train_captions --captions captions_val2017.json --images val2017
    python -m coursekit.train_captions --captions Flickr8k.token.txt --images Flicker8k_Dataset --steps 10000

The model is that of ``captioning.py``: the one in the current folder, or in ``work/05_captioning``, or ``--module``.
Nothing is downloaded: captions and images are read from where you put them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from coursekit.captioning import describe, evaluate, find_device, lesson, table, train
from coursekit.data.captions import PRETRAINED, CaptionData, CaptionDataError, real_data, scene_data
from coursekit.data.vocabulary import Vocabulary
from coursekit.upstream import load_module

_MODULE = "captioning.py"
_PLACES = (".", "work/05_captioning")
_SHOWN = 8  # captions printed at the end


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 0, or 2 where something that was named cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        module = _load(options.module)
        lessons, test = _data(options)
    except (CaptionDataError, OSError, ValueError) as error:
        print(f"train_captions: {error}", file=sys.stderr)
        return 2
    run(module, lessons, test, options)
    return 0


def run(module: ModuleType, lessons: CaptionData, test: CaptionData, options: argparse.Namespace) -> dict[str, Any]:
    """Train, describe the held-out pictures, say how well, and write the report if one was asked for."""
    device = torch.device(options.device) if options.device else find_device()
    if device.type == "cpu":
        torch.set_num_threads(options.threads)
    vocabulary = Vocabulary.from_captions(lessons.captions, options.minimum)
    v, scale = _scaled(lessons.features)
    print(f"{len(lessons)} pictures to learn from, {len(test)} held out, seen by {lessons.seen_by}")
    print(f"{len(vocabulary)} words; {options.cell}, {options.inject}, H = {options.hidden}; device {device}")

    torch.manual_seed(options.seed)
    sizes = {"D": options.embedding, "H": options.hidden, "cell": options.cell, "inject": options.inject}
    model = module.CaptioningRNN(len(vocabulary), v.shape[1], **sizes).to(device)
    school = lesson(v.to(device), lessons.captions, vocabulary)
    began = time.perf_counter()
    losses = train(
        model, module.training_step, school, steps=options.steps, batch=options.batch, lr=options.lr,
        seed=options.seed, label="captions",
    )  # fmt: skip
    seconds = time.perf_counter() - began
    longest = min(options.longest, school.words.shape[1])

    def speak(model: Any, features: torch.Tensor) -> Any:
        if options.width == 1:
            return module.greedy(model, features, longest)
        found = [module.beam_search(model, one, options.width, longest) for one in features]
        return np.array([words + [0] * (longest - len(words)) for words in found])

    captions = describe(model, speak, (torch.as_tensor(test.features) * scale).to(device), vocabulary)
    found = evaluate(captions, test.captions, test.meanings)
    print(f"{len(losses)} steps in {seconds:.0f} s; loss at the end {np.mean(losses[-50:]):.2f} nats per caption\n")
    print(table({"held out": found}, digits=3), "\n")
    for name, caption in list(zip(test.names, captions, strict=True))[:_SHOWN]:
        print(f"{name}: {caption}")
    report = {
        "scores": found,
        "loss": float(np.mean(losses[-50:])),
        "seconds": seconds,
        "device": str(device),
        "torch": torch.__version__,
        "options": {name: value for name, value in vars(options).items() if value is not None},
        "captions": dict(zip(test.names, captions, strict=True)),
    }
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.save:
        torch.save({"parameters": model.state_dict(), "words": vocabulary.words}, options.save)
    return report


def _scaled(features: np.ndarray) -> tuple[torch.Tensor, float]:
    """Features times one number that makes their standard deviation 1, and that number."""
    spread = float(features.std())
    scale = 1.0 / spread if spread > 0 else 1.0
    return torch.as_tensor(features) * scale, scale


def _load(named: str | None) -> ModuleType:
    """The student's module."""
    places = [Path(named)] if named else [Path(place) / _MODULE for place in _PLACES]
    for path in places:
        if path.is_file():
            print(f"model: {path}")
            return load_module(path)
    tried = ", ".join(str(path) for path in places)
    raise FileNotFoundError(f"there is no {_MODULE} at {tried}; say where yours is with --module PATH")


def _data(options: argparse.Namespace) -> tuple[CaptionData, CaptionData]:
    """What to learn from and what to be tested on."""
    if options.scenes is not None:
        if options.captions or options.images:
            raise ValueError("take either --scenes or --captions with --images")
        return scene_data("train", options.scenes, options.seed), scene_data(
            "test", min(1000, options.scenes), options.seed
        )
    if not (options.captions and options.images):
        raise ValueError("say what to learn from: --scenes COUNT, or --captions FILE and --images FOLDER")
    network = None if options.network == "own" else options.network
    data = real_data(options.captions, options.images, network=network, skip_missing=options.skip_missing)
    if options.pictures:
        data = data.take(range(min(options.pictures, len(data))))
    return data.divide(options.held_out, options.seed)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _parser() -> argparse.ArgumentParser:
    description, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m coursekit.train_captions",
        description=description,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = parser.add_argument_group("what to learn from")
    data.add_argument("--scenes", type=_positive, metavar="COUNT", help="so many made scenes; 1,000 others to test on")
    data.add_argument("--captions", metavar="FILE", help="COCO's JSON, or Flickr8k's token file")
    data.add_argument("--images", metavar="FOLDER", help="where its images are")
    networks = [*PRETRAINED, "own"]
    what_network = "what looks at photographs: a pretrained torchvision network, or our small one (default: resnet18)"
    data.add_argument("--network", default="resnet18", choices=networks, help=what_network)
    data.add_argument("--pictures", type=_positive, metavar="COUNT", help="use only the first so many photographs")
    data.add_argument("--held-out", type=float, default=0.1, metavar="SHARE", help="share to test on (default: 0.1)")
    data.add_argument("--skip-missing", action="store_true", help="leave out photographs whose file is missing")
    data.add_argument(
        "--minimum", type=_positive, default=1, metavar="COUNT", help="rarer words become <unk> (default: 1)"
    )
    model = parser.add_argument_group("the model")
    model.add_argument("--module", metavar="FILE", help=f"your {_MODULE} (default: here, or in work/05_captioning)")
    model.add_argument("--cell", default="lstm", choices=["rnn", "lstm", "gru"])
    model.add_argument("--inject", default="every_step", choices=["init", "every_step", "first_token"])
    model.add_argument("--hidden", type=_positive, default=128, metavar="H", help="hidden units (default: 128)")
    model.add_argument("--embedding", type=_positive, default=32, metavar="D", help="numbers per word (default: 32)")
    training = parser.add_argument_group("the training")
    training.add_argument("--steps", type=_positive, default=2500, help="updates (default: 2500)")
    training.add_argument("--batch", type=_positive, default=64, help="captions in each (default: 64)")
    training.add_argument("--lr", type=float, default=0.004, help="highest learning rate (default: 0.004)")
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--device", help="cpu, cuda, mps, … (default: the best that there is)")
    training.add_argument("--threads", type=_positive, default=1, help="on a CPU (default: 1)")
    result = parser.add_argument_group("what comes out")
    result.add_argument("--width", type=_positive, default=1, help="of the beam; 1 is greedy (default: 1)")
    result.add_argument("--longest", type=_positive, default=25, help="words of a caption at most (default: 25)")
    result.add_argument("--json", metavar="FILE", help="write scores and captions there")
    result.add_argument("--save", metavar="FILE", help="write the trained parameters and the vocabulary there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
