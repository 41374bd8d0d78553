"""What `answer` costs beside the whole grid, and whether its intervals still hold.

    python benchmarks/answer.py              stored studies without pruning, replayed
    python benchmarks/answer.py simulated 60 studies with known truth: stopping and coverage
    python benchmarks/answer.py real         two that `answer` trained, beside their grids

A replay takes a part of a stored study for all there is: its largest size is the pool, and the
value at twice the pool is measured. The trials that the policy asks for are uncovered; nothing
is trained. `doubling` trains every learner on one size after the other, and stops like the
policy.
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.planning.answering import advise as policy
from analysis.planning.goal import Advice, Answered, Goal, Kind, Means, Move
from analysis.selection import best_runs, points
from benchmarks.results_tables import markdown
from benchmarks.truths import wandering
from tracking.export import read_export
from tracking.runs import declared, is_replica
from tracking.schema import FINISHED

EXAMPLES = Path(__file__).parents[1] / "app" / "example"
ANSWERED = Path(__file__).parent / "answered"  # exports of studies that planned themselves
REAL = {"digits-answer": "digits", "fashion_mnist-answer": "fashion_mnist"}  # and their grids
SEEDS = 6  # of the data, in a simulated study
SAMPLES = 8
NOISE = 0.03  # relative, of one training
POOLS = {  # whose double is measured, too
    "functions": (2880, 5760),
    "digits": (345,),
    "teacher-linear": (1000, 2000, 10_000),
}
CELL = ["architecture", "n_train", "sample"]
Advisor = Callable[[pd.DataFrame, str, Goal, Means], Advice]


@dataclass(frozen=True)
class Case:
    """A study of which everything is known, and what is asked of it.

    runs: all that can be uncovered, as load_runs gives them.
    grid: those that the whole grid trains.
    truth: learner -> value at the goal's n, a gap.
    """

    name: str
    runs: pd.DataFrame
    grid: pd.DataFrame
    truth: dict[str, float]
    goal: Goal
    means: Means


# --- one study, step by step -----------------------------------------------------------------


def played(case: Case, advisor: Advisor) -> tuple[Advice, pd.DataFrame]:
    """The last advice, and the runs that were uncovered for it."""
    runs = case.runs[:0]
    means = case.means
    while True:
        advice = advisor(runs, case.name, case.goal, means)
        if advice.move is None:
            return advice, runs
        known = pd.concat([runs, asked_for(case.runs, advice.move)]).drop_duplicates("run_id")
        if len(known) > len(runs):
            runs = known
        elif means.most_replicas > 1:  # it has those of the grid's winners alone
            means = replace(means, most_replicas=1)
        else:
            return advice, runs


def asked_for(runs: pd.DataFrame, move: Move) -> pd.DataFrame:
    """The runs of a move: its search on the first subset, and its winners on others."""
    mine = runs[
        runs["architecture"].isin(move.learners) & runs["fraction"].isin(move.fractions)
    ]
    again = is_replica(mine)
    searched = mine[~again & (mine["data_seed"] == 0) & (mine["sample"] <= move.samples)]
    winners = pd.MultiIndex.from_frame(best_runs(searched)[CELL])
    others = mine[again & (mine["data_seed"] < move.replicas)]
    return pd.concat([searched, others[pd.MultiIndex.from_frame(others[CELL]).isin(winners)]])


def doubling(runs: pd.DataFrame, study: str, goal: Goal, means: Means) -> Advice:
    """Every learner on one size after the other, until the grade is reached."""
    advice = policy(runs, study, goal, replace(means, hours=math.inf))
    sizes = runs["fraction"].nunique() if len(runs) else 0
    if advice.move is None or advice.move.kind is Kind.FIRST_SIZES:
        return advice
    if sizes == len(means.fractions):
        return replace(advice, move=None)
    ahead = means.fractions[: sizes + 1]
    return replace(advice, move=Move(Kind.LARGER_SIZE, means.learners, ahead, means.samples))


def of_everything(case: Case) -> Answered:
    """The answer that the whole grid gives."""
    enough = replace(case.goal, grade="poor")
    advice = policy(case.grid, case.name, enough, replace(case.means, hours=math.inf))
    assert advice.answer is not None
    return advice.answer


def hours(runs: pd.DataFrame) -> float:
    """Of one worker."""
    return float(runs["seconds"].sum()) / 3600


def judged(case: Case) -> dict[str, object]:
    """A row: cost and answer of the policy beside those of the grid and of doubling."""
    grid = of_everything(case)
    row: dict[str, object] = {"case": case.name, "learners": len(case.means.learners)}
    for name, advisor in (("answer", policy), ("doubling", doubling)):
        advice, runs = played(case, advisor)
        found = advice.answer
        assert found is not None
        truth = case.truth[found.learner]
        row |= {
            f"{name} cost": hours(runs) / hours(case.grid),
            f"{name} width": np.log(found.high / found.low),
            f"{name} grade": found.sure.grade,
            f"{name} same": found.learner == grid.learner,
            f"{name} inside": found.low <= truth <= found.high,
            f"{name} loss": truth / min(case.truth.values()) - 1,
        }
    truth = case.truth[grid.learner]
    return row | {
        "grid width": np.log(grid.high / grid.low),
        "grid grade": grid.sure.grade,
        "grid inside": grid.low <= truth <= grid.high,
        "grid loss": truth / min(case.truth.values()) - 1,
    }


# --- stored studies --------------------------------------------------------------------------


def replays() -> Iterator[Case]:
    for name, pools in POOLS.items():
        runs = read_export(EXAMPLES / name).runs
        assert runs is not None
        for measure in declared(runs)[:2]:
            for pool in pools:
                yield stored(name, runs, measure, pool)


def stored(name: str, runs: pd.DataFrame, measure: str, pool: int) -> Case:
    """The part of a study up to `pool` examples."""
    curves = points(best_runs(runs), measure)
    sizes = np.unique(curves["n"])
    ahead = sizes[np.argmin(abs(np.log(sizes / (2 * pool))))]
    later = curves[curves["n"] == ahead]
    part = runs[runs["n_train"] <= pool]
    part = part.assign(pool=pool, fraction=part["n_train"] / pool)
    means = Means(
        learners=tuple(sorted(part["architecture"].unique())),
        fractions=tuple(sorted(part["fraction"].unique())),
        most_samples=int(part["sample"].max()),
        most_replicas=part.loc[is_replica(part), "data_seed"].nunique() + 1,
    )
    truth = later.groupby("architecture")["value"].mean().to_dict()
    goal = Goal(measure, float(ahead))
    return Case(f"{name} {measure} {pool:,}", part, part, truth, goal, means)


# --- trained for real ------------------------------------------------------------------------


def trained() -> Iterator[dict[str, object]]:
    """Two rows for each study that `answer` trained: its answer, and that of the whole grid.

    The grid is a published study of the same learners on as many examples at most.
    """
    for name, of in REAL.items():
        runs = finished(ANSWERED / name)
        known = finished(EXAMPLES / of)
        pool = int(runs["pool"].max())
        learners = tuple(sorted(runs["architecture"].unique()))
        grid = known[known["architecture"].isin(learners) & (known["n_train"] <= pool)]
        goal = Goal(declared(runs)[0], 2.0 * pool)
        curves = points(best_runs(known), goal.measure)
        later = curves[curves["n"] == goal.n].groupby("architecture")["value"].mean()
        for way, part in (("answer", runs), ("grid", grid)):
            fractions = tuple(sorted(part["fraction"].unique()))
            means = Means(learners, fractions)
            case = Case(name, part, part, later.to_dict(), goal, means)
            yield {"asked": f"{of}, {goal.n:,.0f} images", "by": way, **told(case)}


def finished(folder: Path) -> pd.DataFrame:
    """The runs of an export that ended well."""
    runs = read_export(folder).runs
    assert runs is not None
    return runs[runs["status"] == FINISHED]


def told(case: Case) -> dict[str, object]:
    """What all runs of the case cost and say."""
    found = of_everything(case)
    truth = case.truth.get(found.learner, math.nan)
    return {
        "trials": len(case.grid),
        "core minutes": f"{60 * hours(case.grid):.0f}",
        "learner": found.learner,
        "loss": f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})",
        "ln width": f"{math.log(found.high / found.low):.2f}",
        "grade": found.sure.grade,
        "measured": "–" if math.isnan(truth) else f"{truth:.3f}",
    }


# --- known truth -----------------------------------------------------------------------------


def simulated(count: int) -> Iterator[Case]:
    """Three learners whose exponents wander, 3 % noise, eight samples, six data seeds."""
    for seed in range(count):
        random = np.random.default_rng(seed)
        pool = 12_800
        sizes = pool / 2.0 ** np.arange(8)[::-1]
        truth = {}
        rows = []
        for learner in "abc":
            end = 0.2 * np.exp(0.2 * random.standard_normal())
            b = 0.35 * np.exp(0.3 * random.standard_normal())
            curve = wandering(random, sizes, end, b, random.choice([0, 0.3]))
            off = np.append(0.3, random.exponential(0.1, SAMPLES))
            truth[learner] = curve(2 * pool) * (1 + off.min()) * noise(random)
            rows += [
                (
                    learner,
                    n,
                    data_seed,
                    sample,
                    curve(n) * (1 + off[sample]) * noise(random),
                    curve(n) * (1 + off[sample]) * noise(random),
                )
                for n in sizes
                for data_seed in range(SEEDS)
                for sample in range(SAMPLES + 1)
            ]
        columns = ["architecture", "n_train", "data_seed", "sample"]
        columns += ["best_val_loss", "test_loss"]
        runs = as_runs(pd.DataFrame(rows, columns=columns), pool)
        fractions = tuple(sizes / pool)
        means = Means(tuple("abc"), fractions, most_samples=SAMPLES, most_replicas=SEEDS)
        goal = Goal("loss", 2.0 * pool)
        yield Case(f"simulated {seed}", runs, of_grid(runs), truth, goal, means)


def noise(random: np.random.Generator) -> float:
    return float(np.exp(NOISE * random.standard_normal()))


def of_grid(runs: pd.DataFrame) -> pd.DataFrame:
    """All samples of the first subset, and its winners on the others."""
    first = runs[runs["data_seed"] == 0]
    winners = pd.MultiIndex.from_frame(best_runs(first)[CELL])
    others = runs[runs["data_seed"] > 0]
    return pd.concat([first, others[pd.MultiIndex.from_frame(others[CELL]).isin(winners)]])


def as_runs(table: pd.DataFrame, pool: int) -> pd.DataFrame:
    """With the other columns that load_runs gives."""
    return table.assign(
        run_id=table.index.map(str),
        status="FINISHED",
        failure="",
        dataset="simulated",
        fraction=table["n_train"] / pool,
        pool=pool,
        seed=0,
        search_seed=0,
        search_space="default",
        test_error=table["test_loss"],
        seconds=table["n_train"] / 100,
        replica=table["data_seed"] > 0,
    )


# --- what is printed -------------------------------------------------------------------------


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the policy, of doubling and of the grid, one row each."""
    table = []
    for name in ("answer", "doubling", "grid"):
        costs = rows.get(f"{name} cost", pd.Series(1.0, rows.index))
        same = rows.get(f"{name} same", pd.Series(True, rows.index))
        sure = rows[f"{name} grade"].isin(["good", "fair"])
        table.append(
            {
                "": name,
                "cost, share of the grid's": f"{costs.median():.0%}",
                "ln width": f"{rows[f'{name} width'].median():.2f}",
                "grade good or fair": f"{sure.mean():.0%}",
                "inside": f"{rows[f'{name} inside'].mean():.0%}",
                "inside where good or fair": f"{rows.loc[sure, f'{name} inside'].mean():.0%}",
                "same learner as the grid": f"{same.mean():.0%}",
                "worse than the best learner": f"{rows[f'{name} loss'].mean():.1%}",
            }
        )
    return pd.DataFrame(table)


def main() -> None:
    if sys.argv[1:2] == ["real"]:
        print(markdown(pd.DataFrame(trained())))
        return
    cases = simulated(int(sys.argv[2])) if sys.argv[1:2] == ["simulated"] else replays()
    rows = []
    for case in cases:
        rows.append(judged(case))
        print(f"\r{len(rows)}: {case.name}", end="", file=sys.stderr, flush=True)
    found = pd.DataFrame(rows)
    shown = [name for name in found if not name.startswith("doubling")]
    if len(found) <= 40:
        print(
            markdown(
                found[shown].map(lambda one: f"{one:.2f}" if isinstance(one, float) else one)
            )
        )
    several = found["learners"] > 1
    for said, part in (("several learners", found[several]), ("one learner", found[~several])):
        if len(part):
            print(f"\n{len(part)} studies of {said}:\n\n{markdown(summary(part))}")


if __name__ == "__main__":
    main()
