"""Where the captioning test's thresholds come from: many runs of a right module, and of wrong ones.

    python benchmarks/captioning_thresholds.py --seeds 20 --wrong-seeds 3 --jobs 2

prints a table of meaning, BLEU-4 and the verdict on the loss; benchmarks/captioning_thresholds.md holds the last one.
Each run trains for as long as the test does; modules run in this process, without a sandbox.
"""

from __future__ import annotations

import argparse
import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

UNIT = "05_captioning"
PICTURE = 'b = model.b + v @ model.Wv + model.bv if model.inject == "every_step" else model.b'

#: What is wrong -> changes of the reference module.
WRONG: dict[str, tuple[tuple[str, str], ...]] = {
    "image ignored": ((PICTURE, "b = model.b"),),
    "another picture's features": (("b = model.b + v @", "b = model.b + v.roll(1, 0) @"),),
    "wrong injection: at the first word only": (
        (PICTURE, "b = model.b + (v @ model.Wv + model.bv) * (words == START).float()[:, None]"),
    ),
    "padding counted": (("ignore_index=PAD, ", ""),),
    "targets not shifted": (("captions[:, 1:])", "captions[:, :-1])"),),
    "targets shifted by two": (("captions[:, :-1]), captions[:, 1:])", "captions[:, :-2]), captions[:, 2:])"),),
    "state not carried": (
        ("step_scores, state = next_scores", "step_scores, _ = next_scores"),
        ("scores, state = next_scores(model, current", "scores, _ = next_scores(model, current"),
    ),
    "the teacher's next word leaks": (("captions[:, :-1])", "captions[:, 1:])"),),
}


def run(name: str, seed: int) -> tuple[str, int, float, float, bool, float]:
    """(what, seed, meaning, BLEU-4, whether the loss is right, processor seconds of training and describing)."""
    import time

    import torch

    from autograder.checking import Case, load_checks, run_case
    from autograder.checks import test_05_captioning as checks
    from autograder.course import load_course
    from autograder.mistakes import LocalStudent, reference_path

    torch.set_num_threads(1)
    unit = load_course().unit(UNIT)
    source = reference_path(unit).read_text(encoding="utf-8")
    for old, new in WRONG.get(name, ()):
        if old not in source:
            raise LookupError(f"{name}: the reference no longer has {old!r}")
        source = source.replace(old, new)
    item, check = unit.exercise("captioning_test"), load_checks(unit)["captioning_test"]
    checks.captioning_data(seed)
    begun = time.process_time()
    record = run_case(
        check, item.parts, LocalStudent(source, unit.module, "", unit), Case("", {"seed": seed, "training_seed": seed})
    )
    seconds = time.process_time() - begun
    parts = record.parts
    return name, seed, float(parts["meaning"].got), float(parts["BLEU-4"].got), parts["loss"].ok, seconds


def main() -> None:
    """Run all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="runs of the right module")
    parser.add_argument("--wrong-seeds", type=int, default=3, help="runs of each wrong one")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", type=Path, help="write the table here, too")
    options = parser.parse_args()

    from autograder.checks import test_05_captioning as checks

    checks.pool()  # once, before processes start
    jobs = [("right", seed) for seed in range(options.seeds)]
    jobs += [(name, seed) for name in WRONG for seed in range(1000, 1000 + options.wrong_seeds)]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(run, *zip(*jobs, strict=True)))
    lines = [
        f"asked: meaning at least {checks.LEAST_MEANING}, BLEU-4 at least {checks.LEAST_BLEU}; "
        f"{checks.CELL}, {checks.INJECT}, {checks.STEPS} steps of {checks.BATCH}",
        "",
        "| module | runs | meaning: least, mean, most (sd) | BLEU-4: least, mean, most (sd) | loss right | passes all |"
        " CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ["right", *WRONG]:
        rows = [row for row in found if row[0] == name]
        passed = sum(m >= checks.LEAST_MEANING and b >= checks.LEAST_BLEU and ok for _, _, m, b, ok, _ in rows)
        columns = [_spread([row[2] for row in rows]), _spread([row[3] for row in rows])]
        right = sum(row[4] for row in rows)
        seconds = statistics.median(row[5] for row in rows)
        lines.append(
            f"| {name} | {len(rows)} | {columns[0]} | {columns[1]} | {right} of {len(rows)} | "
            f"{passed} of {len(rows)} | {seconds:.0f} |"
        )
    text = "\n".join(lines)
    print(text)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")


def _spread(values: list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{min(values):.2f}, {statistics.mean(values):.3f}, {max(values):.2f} ({deviation:.3f})"


if __name__ == "__main__":
    main()
