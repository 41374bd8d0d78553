"""What pruning would have saved and lost in a study that was run without it, from its logged losses.

    python benchmarks/pruning.py STUDY [STUDY …]           (MLFLOW_TRACKING_URI says in which store)

A trial that halving pauses goes on as if it had not been, so the validation losses that an unpruned run has logged
over its steps tell where each rule would have stopped it. Its seconds are shared out by images, one trained on counting
as three evaluated (evaluations are frequent at first). Per rule, over the cells (architecture, size, data seed):
share of the compute (seconds of training, sample 0 included), cells with the same winner or one whose loss is higher by
no more than the spread between trainings that differ in `seed` only, and what the winner lost, relative to the best.

The README's figures come from four studies, `python -m experiments.study --study NAME --samples 8` with
- digits: --max_steps 4000 --patience 600 --fractions 0.04,0.08,0.16,0.32,0.64,1 (at 0.16: --samples 20)
- digits-seeds: --max_steps 4000 --patience 600 --fractions 0.16,0.64 --samples 4, thrice, with --seed 0, 1 and 2
- fashion-unpruned: --dataset fashion_mnist --architectures mlp --fractions 0.64,1
- cifar10-unpruned: --dataset npz:cifar10.npz --architectures cnn --fractions 0.04 --samples 20
"""

import argparse
import math
import statistics
import sys
from pathlib import Path

import numpy as np
from mlflow import MlflowClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.runs import CELL, load_runs
from experiments.data import MAX_VALIDATION
from experiments.halving import FINALISTS, FIRST_RUNG, KEEP
from experiments.train import evaluation_after

RULES = [
    *((KEEP, rung, FINALISTS) for rung in (1 / 6, 1 / 4, 1 / 3, 1 / 2, 1.0)),
    *((KEEP, FIRST_RUNG, finalists) for finalists in (1, 2)),
    *((1 / 2, rung, FINALISTS) for rung in (1 / 4, 1 / 2)),
]  # (keep, first rung, finalists)


def read_cells(studies: list[str]) -> dict:
    """Cells of the studies: samples as (sample, patience, seconds until, steps at, best loss by) each evaluation."""
    client, cells = MlflowClient(), {}
    for study in studies:
        runs = load_runs(study)
        runs = runs[(runs["status"] == "FINISHED") & (runs["bracket"] == 0) & (runs["architecture"] != "forest")]
        for key, group in runs.groupby([*CELL, "seed"]):
            cells[study, *key] = [_sample(client, run) for run in group.itertuples()]
    return {key: samples for key, samples in cells.items() if len(samples) > 3}


def _sample(client, run):
    history = client.get_metric_history(run.run_id, "val_loss")
    steps, losses = np.array([m.step for m in history]), np.array([m.value for m in history])
    kept = scheduled(steps, run.patience)
    steps, losses = steps[kept], losses[kept]
    validation = min(MAX_VALIDATION, run.pool / 4)  # and about as many for the last test
    images = 3 * run.batch_size * steps + validation * (np.arange(len(steps)) + 1) + 2 * validation
    return run.sample, run.patience, run.seconds * images / images[-1], steps, np.minimum.accumulate(losses)


def scheduled(steps, patience: int) -> list[int]:
    """Which evaluations of a run made with a denser schedule come closest to today's; the last one always."""
    kept = [min(np.searchsorted(steps, evaluation_after(0, patience)), len(steps) - 1)]
    while kept[-1] < len(steps) - 1:
        due = evaluation_after(int(steps[kept[-1]]), int(patience))
        kept.append(min(np.searchsorted(steps, due), len(steps) - 1))
    return kept


def halved(samples: list, keep: float, first_rung: float, finalists: int) -> tuple[float, int, float]:
    """Seconds spent, the winner and its loss under a rule; the same decisions as experiments.halving.halve."""
    running = {sample: rest for sample, *rest in samples if sample > 0}
    rung, left = max(1, round(first_rung * samples[0][1])), len(running)
    ranking, seconds = {}, 0.0
    while running:
        rung = rung if left > finalists else math.inf
        seen = {sample: min(np.searchsorted(rest[2], rung), len(rest[2]) - 1) for sample, rest in running.items()}
        ranking |= {sample: running[sample][3][at] for sample, at in seen.items()}
        left = max(finalists, math.ceil(keep * left))
        going_on = sorted(ranking, key=ranking.get)[:left]
        for sample, at in seen.items():
            _, spent, steps, _ = running[sample]
            if at == len(steps) - 1 or sample not in going_on:
                seconds += spent[at]
                del running[sample]
        rung *= round(1 / keep)
    winner = min(ranking, key=ranking.get)
    return seconds, winner, ranking[winner]


def noise(cells: dict) -> float:
    """Relative standard deviation of the loss between trainings of one trial that differ in `seed` only."""
    losses = {}
    for (*cell, _), samples in cells.items():
        for sample, *_, best in samples:
            losses.setdefault((*cell, sample), []).append(best[-1])
    spreads = [statistics.stdev(map(math.log, values)) for values in losses.values() if len(values) > 1]
    return statistics.median(spreads) if spreads else math.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="+", help="names of studies that were run with pruning=off")
    cells = read_cells(parser.parse_args().studies)
    spread = noise(cells)
    print(f"relative spread between seeds: {spread:.1%}")
    for count in sorted({len(samples) - 1 for samples in cells.values()}):
        table([samples for samples in cells.values() if len(samples) - 1 == count], count, spread)


def table(cells: list, count: int, spread: float) -> None:
    print(f"\n{len(cells)} cells of {count} samples\n")
    print("| keep | first rung | finalists | compute | same winner | or within the spread | lost on average | worst |")
    print("|---|---|---|---|---|---|---|---|")
    for keep, rung, finalists in RULES:
        rows = []
        for samples in cells:
            full = sum(spent[-1] for _, _, spent, *_ in samples)
            default = sum(spent[-1] for sample, _, spent, *_ in samples if sample == 0)
            drawn = {sample: best[-1] for sample, *_, best in samples if sample > 0}
            seconds, winner, loss = halved(samples, keep, rung, finalists)
            best = min(drawn.values())
            lost = loss / best - 1
            rows.append(((seconds + default) / full, winner == min(drawn, key=drawn.get), lost <= spread, lost))
        share, same, near, lost = np.mean(rows, axis=0)
        used = " (used)" if (keep, rung, finalists) == (KEEP, FIRST_RUNG, FINALISTS) else ""
        worst = max(row[-1] for row in rows)
        shown = f"{share:.0%} | {same:.0%} | {near:.0%} | {lost:.1%} | {worst:.1%}"
        print(f"| {keep:.2g} | {rung:.3g} × patience | {finalists}{used} | {shown} |")


if __name__ == "__main__":
    main()
