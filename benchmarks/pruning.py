"""What pruning would have saved and lost in a study that was run without it.

    python benchmarks/pruning.py STUDY [STUDY …]       (the store is MLFLOW_TRACKING_URI)

A trial that halving pauses goes on as if it had not been, so the validation losses that an
unpruned run has logged over its steps tell where each rule would have stopped it. Rungs are
those of experiments/training/successive_halving.py: a share of each sample's own patience, in
steps or epochs, whichever is longer. Seconds are shared out by images, one trained on counting
as three evaluated (evaluations are frequent at first). Per rule, over the cells (architecture,
size, data seed), the table says:

compute: share of the seconds of training, sample 0 included.
same winner: cells with the same winner.
or within the spread: cells with a winner whose loss is higher by no more than the spread
    between trainings that differ in `seed` only; left out where none differ.
lost: what the winner lost, relative to the best.

A second table says the same of the rule in use for each size. Any study that was run with
pruning=off tells; benchmarks/studies.py has one on large subsets, fashion_mnist-unpruned. The
rule was chosen on four studies of the first protocol, 8 samples in each cell:
- digits, --max_steps 4000 --patience 600, six sizes (20 samples at 0.16)
- digits-seeds, the same with 4 samples at 0.16 and 0.64, with --seed 0, 1 and 2
- fashion-unpruned, mlp at 0.64 and 1
- cifar10-unpruned, cnn at 0.04 with 20 samples
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
import pandas as pd
from mlflow import MlflowClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.results_tables import markdown
from experiments.tasks.held_back import MAX_VALIDATION
from experiments.training.descent import evaluation_after, longer_patience
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
    patience: in steps; of its own batches, where it is counted in epochs.
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
    size = int(run.n_train)
    epochs = float(run.patience_epochs)
    patience = longer_patience(int(run.patience), epochs, int(run.batch_size), size)
    kept = scheduled(steps, patience)
    steps = steps[kept]
    losses = losses[kept]
    validation = min(MAX_VALIDATION, run.pool / 4)  # and about as many for the last test
    evaluated = validation * (np.arange(len(steps)) + 1) + 2 * validation
    images = 3 * run.batch_size * steps + evaluated
    return Sample(
        number=run.sample,
        patience=patience,
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
    left = len(running)
    losses: dict[int, float] = {}
    seconds = 0.0
    times = 1
    while running:
        seen = {}
        for number, sample in running.items():
            rung = times * max(1, round(rule.first_rung * sample.patience))
            seen[number] = _first_at(sample.steps, rung if left > rule.finalists else math.inf)
            losses[number] = sample.best[seen[number]]
        left = max(rule.finalists, math.ceil(rule.keep * left))
        going_on = sorted(losses, key=losses.__getitem__)[:left]
        for number, at in seen.items():
            sample = running[number]
            if at == len(sample.steps) - 1 or number not in going_on:
                seconds += sample.seconds[at]
                del running[number]
        times *= round(1 / rule.keep)
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
    if not math.isnan(spread):
        print(f"relative spread between seeds: {spread:.1%}")
    for count in sorted({len(samples) - 1 for samples in cells.values()}):
        of_count = [samples for samples in cells.values() if len(samples) - 1 == count]
        print(f"\n{len(of_count)} cells of {count} samples\n")
        print(by_rule(of_count, spread))
    print(f"\nthe rule in use, by size\n\n{by_size(cells, spread)}")


def by_rule(cells: list[list[Sample]], spread: float) -> str:
    """A row per rule, of cells with as many samples each."""
    rows = []
    for rule in RULES:
        used = " (used)" if rule == USED else ""
        about = {
            "keep": f"{rule.keep:.2g}",
            "first rung": f"{rule.first_rung:.3g} × patience",
            "finalists": f"{rule.finalists}{used}",
        }
        rows.append(about | _of_cells(cells, rule, spread))
    return markdown(pd.DataFrame(rows))


def by_size(cells: Cells, spread: float) -> str:
    """A row per study, architecture and size, of the rule in use."""
    groups: dict[tuple[Hashable, ...], list[list[Sample]]] = {}
    for (study, _, architecture, n, *_), samples in cells.items():
        groups.setdefault((study, architecture, n), []).append(samples)
    rows = []
    for (study, architecture, n), group in groups.items():
        about = {"study": study, "architecture": architecture, "n": f"{n:,.0f}"}
        rows.append(about | {"cells": len(group)} | _of_cells(group, USED, spread))
    return markdown(pd.DataFrame(rows))


def _of_cells(cells: list[list[Sample]], rule: Rule, spread: float) -> dict[str, str]:
    rows = [_compare(samples, rule, spread) for samples in cells]
    share, same, near, lost = np.mean(rows, axis=0)
    also = {} if math.isnan(spread) else {"or within the spread": f"{near:.0%}"}
    return {
        "compute": f"{share:.0%}",
        "same winner": f"{same:.0%}",
        **also,
        "lost on average": f"{lost:.1%}",
        "worst": f"{max(row[-1] for row in rows):.1%}",
    }


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
