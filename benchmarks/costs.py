"""All that is not training, in one table: today's figures beside those kept last.

    python benchmarks/costs.py [PART ...] [--keep]

Measures in turn what start.py, study.py and page.py measure, which say how. `--keep` appends
today's to benchmarks/costs.csv, which docs/performance.md quotes. Run it on a machine that
does nothing else: it takes a quarter of an hour.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import page, start, study
from benchmarks.results_tables import markdown

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "benchmarks" / "costs.csv"
Figures = dict[str, float]


@dataclass(frozen=True)
class Part:
    """Figures that are measured together.

    measure: gives them by name.
    goals: of some of them; less is better.
    """

    measure: Callable[[], Figures]
    goals: Figures


def commands() -> Figures:
    """Seconds of commands that read."""
    found = start.measure(5)
    return {label: one.wall for label, one in found.items() if label != start.BARE}


def on_page(runs: int) -> Figures:
    """Seconds until the sentence is there, with so many runs in the store."""
    return {what: sentence for what, (sentence, _) in page.measure(runs).items()}


PARTS = {
    "run": Part(lambda: start.show_pairs(5), {"wall": 1.25}),
    "start": Part(commands, {f"report of a CSV, {len(start.POINTS)} points": 1.2}),
    "overhead": Part(study.overhead, {"median ms": 50, "mean ms": 100}),
    "trainer": Part(study.trainer, {"median ms": 100}),
    "resume": Part(study.resume, {"reading s": 2, "launching again s": 5}),
    "page": Part(lambda: on_page(1000), {"opened again": 2.5}),
    "large page": Part(lambda: on_page(10_000), {"first opening": 2.5, "another study": 2.5}),
}


def measured(names: list[str]) -> Iterator[dict[str, object]]:
    """A row for each figure of the parts."""
    for name in names:
        print(f"\n{name}", flush=True)
        for what, value in PARTS[name].measure().items():
            yield {"date": str(date.today()), "part": name, "cost": what, "value": value}


def compared(today: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Today's figures, the goals, and the figures that were kept last."""
    key = ["part", "cost"]
    last = kept.groupby(key, as_index=False).last()
    table = today.merge(last, on=key, how="left", suffixes=("", " last"))
    goals = [PARTS[part].goals.get(cost) for part, cost in table[key].itertuples(index=False)]
    return pd.DataFrame(
        {
            **{name: table[name] for name in key},
            "goal": [_said(goal) for goal in goals],
            "last": [_said(value) for value in table["value last"]],
            "today": [_said(value) for value in table["value"]],
        }
    )


def _said(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.3g}"


def commit() -> str:
    """Of this code, in short."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description="All that is not training, in one table.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--keep", action="store_true", help=f"append to {KEPT.name}")
    told = parser.parse_args()
    if unknown := set(told.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(PARTS)}")
    today = pd.DataFrame(measured(told.parts or list(PARTS)))
    kept = (
        pd.read_csv(KEPT, float_precision="round_trip")
        if KEPT.exists()
        else pd.DataFrame(columns=today.columns)
    )
    print(f"\n{markdown(compared(today, kept))}")
    if told.keep:
        table = pd.concat([kept, today.assign(commit=commit())], ignore_index=True)
        table.to_csv(KEPT, index=False)


if __name__ == "__main__":
    main()
