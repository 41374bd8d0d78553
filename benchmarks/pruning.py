"""What pruning would have saved and lost in a study that was run without it.

    python benchmarks/pruning.py STUDY [STUDY …]       (the store is MLFLOW_TRACKING_URI)

A trial that halving pauses goes on as if it had not been, so the validation losses that an
unpruned run has logged over its steps tell where each rule would have stopped it. Its seconds
are shared out by images, one trained on counting as three evaluated (evaluations are frequent
at first). Per rule, over the cells (architecture, size, data seed), the table says:

compute: share of the seconds of training, sample 0 included.
same winner: cells with the same winner.
or within the spread: cells with a winner whose loss is higher by no more than the spread
    between trainings that differ in `seed` only.
lost: what the winner lost, relative to the best.

The README's figures come from four studies, `python -m experiments.study --study NAME
--samples 8` with
- digits: --max_steps 4000 --patience 600 --fractions 0.04,0.08,0.16,0.32,0.64,1
  (at 0.16: --samples 20)
- digits-seeds: --max_steps 4000 --patience 600 --fractions 0.16,0.64 --samples 4, thrice, with
  --seed 0, 1 and 2
- fashion-unpruned: --dataset fashion_mnist --architectures mlp --fractions 0.64,1
- cifar10-unpruned: --dataset npz:cifar10.npz --architectures cnn --fractions 0.04 --samples 20
"""

import argparse
import math
import statistics
import sys
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from experiments.tasks.held_back import MAX_VALIDATION
from experiments.training.descent import evaluation_after
from experiments.training.successive_halving import FINALISTS, FIRST_RUNG, KEEP
from tracking import schema
from tracking.runs import load_runs


@dataclass(frozen=True)
class Rule:
    """How samples are pruned.

    keep: share of the samples that goes on from each rung.
    first_rung: × patience.
    finalists: how many are trained to their end.
    """

    keep: float = KEEP
    first_rung: float = FIRST_RUNG
    finalists: int = FINALISTS


USED = Rule()
RULES = [
    Rule(first_rung=1 / 6),
    Rule(first_rung=1 / 4),
    Rule(first_rung=1 / 3),
    Rule(first_rung=1 / 2),
    Rule(first_rung=1.0),
    Rule(finalists=1),
    Rule(finalists=2),
    Rule(keep=1 / 2, first_rung=1 / 4),
    Rule(keep=1 / 2, first_rung=1 / 2),
]


@dataclass(frozen=True)
class Sample:
    """One run and its evaluations, arrays of one entry per evaluation.

    number: 0 is the untuned default.
    patience: in steps.
    seconds: of training until then.
    steps: at which it was evaluated.
    best: the smallest validation loss so far, in nats.
    """

    number: int
    patience: int
    seconds: np.ndarray
    steps: np.ndarray
    best: np.ndarray


@dataclass(frozen=True)
class Halved:
    """What a rule makes of a cell: seconds spent, and the winner with its loss in nats."""

    seconds: float
    winner: int
    loss: float


Cells = dict[tuple[Hashable, ...], list[Sample]]  # by study, cell and seed


# --- the runs --------------------------------------------------------------------------------


def read_cells(studies: list[str]) -> Cells:
    """The cells of the studies with more than three samples, forests left out."""
    client = MlflowClient()
    cells: Cells = {}
    for study in studies:
        runs = load_runs(study)
        unpruned = runs["status"].eq(schema.FINISHED) & runs["bracket"].eq(0)
        runs = runs[unpruned & runs["architecture"].ne("forest")]
        for key, group in runs.groupby([*schema.cell(), "seed"]):
            cells[study, *key] = [_read_sample(client, run) for run in group.itertuples()]
    return {key: samples for key, samples in cells.items() if len(samples) > 3}


def _read_sample(client: MlflowClient, run: Any) -> Sample:
    history = client.get_metric_history(run.run_id, "val_loss")
    steps = np.array([row.step for row in history])
    losses = np.array([row.value for row in history])
    kept = scheduled(steps, run.patience)
    steps = steps[kept]
    losses = losses[kept]
    validation = min(MAX_VALIDATION, run.pool / 4)  # and about as many for the last test
    evaluated = validation * (np.arange(len(steps)) + 1) + 2 * validation
    images = 3 * run.batch_size * steps + evaluated
    return Sample(
        number=run.sample,
        patience=run.patience,
        seconds=run.seconds * images / images[-1],
        steps=steps,
        best=np.minimum.accumulate(losses),
    )


def scheduled(steps: np.ndarray, patience: int) -> list[int]:
    """Which evaluations of a run made with a denser schedule come closest to today's.

    The last one is always among them.
    """
    last = len(steps) - 1
    kept = [_first_at(steps, evaluation_after(0, patience))]
    while kept[-1] < last:
        due = evaluation_after(int(steps[kept[-1]]), int(patience))
        kept.append(_first_at(steps, due))
    return kept


def _first_at(steps: np.ndarray, step: float) -> int:
    """Place of the first evaluation at the step or later, or of the last."""
    return min(int(np.searchsorted(steps, step)), len(steps) - 1)


# --- what a rule makes of a cell -------------------------------------------------------------


def halved(samples: list[Sample], rule: Rule) -> Halved:
    """What a rule makes of a cell, by the same decisions as successive_halving.halve."""
    running = {sample.number: sample for sample in samples if sample.number > 0}
    rung: float = max(1, round(rule.first_rung * samples[0].patience))
    left = len(running)
    losses: dict[int, float] = {}
    seconds = 0.0
    while running:
        rung = rung if left > rule.finalists else math.inf
        seen = {number: _first_at(sample.steps, rung) for number, sample in running.items()}
        losses |= {number: running[number].best[at] for number, at in seen.items()}
        left = max(rule.finalists, math.ceil(rule.keep * left))
        going_on = sorted(losses, key=losses.__getitem__)[:left]
        for number, at in seen.items():
            sample = running[number]
            if at == len(sample.steps) - 1 or number not in going_on:
                seconds += sample.seconds[at]
                del running[number]
        rung *= round(1 / rule.keep)
    winner = min(losses, key=losses.__getitem__)
    return Halved(seconds=seconds, winner=winner, loss=losses[winner])


def noise(cells: Cells) -> float:
    """Relative standard deviation of the loss between trainings that differ in `seed` only.

    The median over the trials; NaN where none was trained twice.
    """
    losses: dict[tuple[Hashable, ...], list[float]] = {}
    for (*cell, _), samples in cells.items():
        for sample in samples:
            losses.setdefault((*cell, sample.number), []).append(sample.best[-1])
    spreads = [
        statistics.stdev(map(math.log, values))
        for values in losses.values()
        if len(values) > 1
    ]
    return statistics.median(spreads) if spreads else math.nan


# --- the tables ------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "studies", nargs="+", help="names of studies that were run with pruning=off"
    )
    cells = read_cells(parser.parse_args().studies)
    spread = noise(cells)
    print(f"relative spread between seeds: {spread:.1%}")
    for count in sorted({len(samples) - 1 for samples in cells.values()}):
        of_count = [samples for samples in cells.values() if len(samples) - 1 == count]
        print_table(of_count, count, spread)


def print_table(cells: list[list[Sample]], count: int, spread: float) -> None:
    """A row per rule, of the cells that have `count` samples."""
    print(f"\n{len(cells)} cells of {count} samples\n")
    print(
        "| keep | first rung | finalists | compute | same winner | or within the spread "
        "| lost on average | worst |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for rule in RULES:
        rows = [_compare(samples, rule, spread) for samples in cells]
        share, same, near, lost = np.mean(rows, axis=0)
        worst = max(row[-1] for row in rows)
        used = " (used)" if rule == USED else ""
        shown = f"{share:.0%} | {same:.0%} | {near:.0%} | {lost:.1%} | {worst:.1%}"
        print(
            f"| {rule.keep:.2g} | {rule.first_rung:.3g} × patience "
            f"| {rule.finalists}{used} | {shown} |"
        )


def _compare(
    samples: list[Sample], rule: Rule, spread: float
) -> tuple[float, bool, bool, float]:
    """Share of the compute, same winner, one within the spread, and what was lost."""
    full = sum(sample.seconds[-1] for sample in samples)
    default = sum(sample.seconds[-1] for sample in samples if sample.number == 0)
    drawn = {sample.number: sample.best[-1] for sample in samples if sample.number > 0}
    found = halved(samples, rule)
    best = min(drawn, key=drawn.__getitem__)
    lost = found.loss / drawn[best] - 1
    return (found.seconds + default) / full, found.winner == best, lost <= spread, lost


if __name__ == "__main__":
    main()
