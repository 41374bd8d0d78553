"""Whether the advice which examples to collect held: bought as said, and trained.

    MLFLOW_TRACKING_URI=sqlite:///slices.db python benchmarks/slices.py --data_dir DATA

On Fashion-MNIST: a study up to 4,000 images, the advice for 4,000 more, and then networks on
8,000 images bought as advised, by today's shares, equally, and as each class's own curve alone
would have it (Tae & Whang 2021). Two beginnings: the classes as they come, and with the three
that are hardest to tell apart a quarter as often. It takes ten minutes on one core. A table
says for each split what was foretold and what was measured, the mean over five data seeds with
its standard error.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.decision.slices import SliceAdvice, advise_slices
from analysis.report.study_analysis import Question, StudyAnalysis
from benchmarks.results_tables import markdown
from experiments.study import main as study
from tracking.runs import load_runs
from tracking.study import load_study

MEASURE = "error"
BOUGHT = 4000
FRACTIONS = (0.005, 0.01, 0.02, 0.04, 0.08)
AFTER = 0.16
RARE = "pullover:0.25,coat:0.25,shirt:0.25"
BEGINNINGS = {"as they come": "", "three rare": RARE}
ARCHITECTURES = {"as they come": "linear,mlp", "three rare": "mlp"}
LEARNT = "0,1,2"  # data seeds of the study
TRIED = "0,1,2,3,4"  # and of what is bought


def run(name: str, architectures: str, fractions: str, seeds: str, **more: str) -> None:
    """Run what is missing of a study of untuned networks."""
    options = {
        "study": name,
        "dataset": "fashion_mnist",
        "architectures": architectures,
        "fractions": fractions,
        "samples": "0",
        "data_seeds": seeds,
        "workers": "1",
        "keep_models": "none",
        "report": "false",
        **more,
    }
    study([text for one, value in options.items() for text in (f"--{one}", value)])


def advice_of(name: str, architecture: str) -> dict[str, SliceAdvice]:
    """What a study advises to buy for one of its architectures; and what it would alone.

    Alone each class depends on its own examples only, and costs no other.
    """
    analysis = StudyAnalysis(load_study(name), "fashion_mnist", MEASURE)
    question = Question(architecture=architecture)
    curves = analysis.slice_curves(architecture)
    assert curves is not None
    nothing = np.zeros_like(curves.confusion)
    alone = replace(curves, own=np.ones_like(curves.own), confusion=nothing)
    forecast = analysis.decision(question).values(curves.now.sum() + BOUGHT, False)
    return {
        "as said": advise_slices(curves, BOUGHT, forecast=forecast),
        "each alone": advise_slices(alone, BOUGHT, forecast=forecast),
    }


def shares_of(advice: SliceAdvice, more: np.ndarray) -> str:
    """The shares option that draws what there is after a purchase; the pool is balanced."""
    wanted = advice.curves.now + more
    names = advice.curves.names
    return ",".join(
        f"{name}:{one:.4f}" for name, one in zip(names, wanted / wanted.mean(), strict=True)
    )


def tried(beginning: str, architecture: str, data: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row for each split: what was said of it, and what came."""
    found = advice_of(f"slices, {beginning}", architecture)
    advice = found["as said"]
    splits = {name: getattr(advice, name) for name in ("advised", "present", "equal")}
    splits["each alone"] = found["each alone"].advised
    rows = []
    for split, bought in splits.items():
        name = f"slices, {beginning}, {architecture}, {split}"
        run(
            name,
            architecture,
            str(AFTER),
            TRIED,
            shares=shares_of(advice, bought.more),
            **data,
        )
        errors = load_runs(name)["test_error"]
        rows.append(
            {
                "beginning": beginning,
                "network": architecture,
                "bought": split,
                "most of": _most(advice, bought.more),
                "said": f"{bought.value:.2%} ({bought.low:.2%} to {bought.high:.2%})",
                "measured": f"{errors.mean():.2%} ± {errors.sem():.2%}",
            }
        )
    said = f"{advice.gain:.2%} ({advice.gain_low:.2%} to {advice.gain_high:.2%})"
    chance = f"probability {advice.probability:.0%}"
    print(f"{beginning}, {architecture}: better than {advice.over} by {said}, {chance}")
    return rows


def _most(advice: SliceAdvice, more: np.ndarray) -> str:
    """The three classes that most are bought of."""
    order = np.argsort(-more, kind="stable")[:3]
    return ", ".join(f"{more[i]:,.0f} {advice.curves.names[i]}" for i in order)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data_dir", default="data")
    data = {"data_dir": parser.parse_args().data_dir}
    rows: list[dict[str, Any]] = []
    for beginning, shares in BEGINNINGS.items():
        fractions = ",".join(map(str, FRACTIONS))
        names = ARCHITECTURES[beginning]
        run(f"slices, {beginning}", names, fractions, LEARNT, shares=shares, **data)
        for architecture in names.split(","):
            rows += tried(beginning, architecture, data)
    print(markdown(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
