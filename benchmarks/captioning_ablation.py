"""Cell by door by seed: the table of unit 5, with the spread over seeds that a notebook has no time for.

    python benchmarks/captioning_ablation.py     # 3 seeds of 500 steps: some four minutes on an idle core
    python benchmarks/captioning_ablation.py --steps 2500 --models rnn,init lstm,every_step --output FILE

Trains the reference module on the pictures, features and steps of the notebook's own table, and writes what came out,
with how it was made, to ``coursekit/records/captioning_ablation.json``, which the notebook shows.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import torch

from coursekit.captioning import describe, evaluate, lesson, train
from coursekit.data.captions import scene_data
from coursekit.data.vocabulary import Vocabulary
from coursekit.upstream import load_module

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "coursekit" / "records" / "captioning_ablation.json"
MODELS = [f"{cell},{inject}" for cell in ("rnn", "lstm", "gru") for inject in ("init", "every_step", "first_token")]
LONGEST = 25


def main() -> None:
    """Train all models, print a line for each, write the record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="CELL,INJECT")
    parser.add_argument("--pictures", type=int, default=12_000, help="to train on")
    parser.add_argument("--output", type=Path, default=RECORD)
    options = parser.parse_args()

    torch.set_num_threads(1)
    module = load_module(ROOT / "solutions" / "05_captioning" / "captioning.py")
    school, test, unseen = scene_data("train", options.pictures), scene_data("test", 1000), scene_data("unseen", 1000)
    vocabulary = Vocabulary.from_captions(school.captions)
    lessons = lesson(torch.as_tensor(school.features), school.captions, vocabulary)
    runs = []
    for seed in options.seeds:
        for name in options.models:
            cell, inject = name.split(",")
            torch.manual_seed(seed)
            model = module.CaptioningRNN(len(vocabulary), school.features.shape[1], cell=cell, inject=inject)
            before = time.process_time()
            losses = train(
                model, module.training_step, lessons, steps=options.steps, lr=options.lr, seed=seed, quiet=True
            )
            run = {
                "model": name.replace(",", ", "),
                "seed": seed,
                "cpu_seconds": round(time.process_time() - before, 1),
            }
            run["loss"] = round(float(np.mean(losses[-50:])), 3)
            for split, data in (("test", test), ("unseen", unseen)):
                captions = describe(
                    model, lambda model, v: module.greedy(model, v, LONGEST), torch.as_tensor(data.features), vocabulary
                )
                found = evaluate(captions, data.captions, data.meanings)
                run[split] = {measure: round(value, 4) for measure, value in found.items()}
            runs.append(run)
            print(json.dumps(run), flush=True)
    record = {
        "what": "unit 5: cell by door by seed, greedy captions of 1,000 test and 1,000 unseen scenes",
        "made by": shlex.join(["python", "benchmarks/captioning_ablation.py", *sys.argv[1:]]),
        "steps": options.steps,
        "lr": options.lr,
        "pictures": options.pictures,
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, one thread",
        "runs": runs,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
