"""The door of `answer` to the analysis: what a study that plans itself should train next.

python -m analysis.advise --study NAME --learners mlp,cnn --pool 1078 --fractions 0.25,0.5,1
"""

import json
import math
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.diagnostics.examples import leak
from analysis.planning.answering import advise
from analysis.planning.goal import Advice, Goal, Means
from analysis.reasons import FitError
from analysis.report.advice_words import advice_lines
from analysis.report.messages import say_error
from tracking.command import (
    Option,
    Parser,
    names,
    number,
    numbers,
    run,
    short,
    whole_number,
)
from tracking.errors import InputError
from tracking.measures import find_measure, read_target
from tracking.runs import measures_of
from tracking.study import Study, load_so_far

TIMES = 2  # the examples at hand, where the learners are compared
OPTIONS = (
    Option("study", "", "name of the study"),
    Option("dataset", "", "of which runs; all if empty"),
    Option("learners", (), "that are compared", names),
    Option("pool", 0, "examples at hand", whole_number),
    Option("fractions", (), "of the pool that may be trained on", numbers),
    Option("samples", 2, "draws of the search, at first", whole_number),
    Option("hours", math.inf, "budget, of all workers together", number),
    Option("trials", math.inf, "budget", number),
    Option("metric", "", "measure; default: what chose"),
    Option("target", "", "a value of the measure to reach"),
    Option("grade", "fair", "of the answer: good or fair"),
)


def main(arguments: list[str] | None = None) -> None:
    """Print as JSON: the lines to be said, and the next trials. Raises InputError."""
    parser = Parser("analysis.advise", "What to train next.", OPTIONS)
    options = vars(parser.parse_args(arguments))
    study = load_so_far(options["study"])
    dataset = options["dataset"] or None
    runs = study.on(dataset)
    assert runs is not None, "a study in a store has runs"
    goal = replace(goal_of(runs, options), leak=leak(study.check_of(dataset)))
    means = left(runs, means_of(options))
    try:
        advice = advise(runs, options["study"], goal, means)
    except FitError as error:
        raise InputError(say_error(error)) from error
    said = advice_lines(advice, goal, means, options["pool"])
    best = advice.answer.learner if advice.answer else ""
    print(json.dumps({"said": said, "best": best, "move": as_options(advice)}))


def goal_of(runs: pd.DataFrame, options: dict[str, Any]) -> Goal:
    """Raises InputError for a measure or a target that cannot be meant."""
    measure = measure_of(runs, options["metric"])
    target = None
    if options["target"]:
        target = read_target(options["target"], find_measure(measure))
    return Goal(measure, TIMES * options["pool"], target, options["grade"])


def measure_of(runs: pd.DataFrame, wanted: str) -> str:
    """The one asked for, else the one that chose; of a study without a run as it is asked."""
    if runs.empty:
        return wanted or "loss"
    known = Study("", runs).measures_on(None)
    named = {find_measure(one).name: one for one in known}
    if wanted and wanted not in named:
        raise InputError(f"metric '{short(wanted)}' is unknown; allowed: {', '.join(named)}")
    return named[wanted] if wanted else measures_of(runs)[0]


def means_of(options: dict[str, Any]) -> Means:
    return Means(
        learners=tuple(options["learners"]),
        fractions=tuple(sorted(options["fractions"])),
        samples=options["samples"],
        hours=options["hours"],
        trials=options["trials"],
    )


def left(runs: pd.DataFrame, means: Means) -> Means:
    """The means without what the runs have taken."""
    if runs.empty:
        return means
    spent = float(runs["seconds"].fillna(0).sum()) / 3600
    return replace(
        means, hours=max(means.hours - spent, 0.0), trials=max(means.trials - len(runs), 0)
    )


def as_options(advice: Advice) -> dict[str, Any] | None:
    """The next trials, as the options of a study."""
    move = advice.move
    if move is None:
        return None
    return {
        "learners": move.learners,
        "fractions": move.fractions,
        "samples": move.samples,
        "replicas": move.replicas,
    }


if __name__ == "__main__":
    run(main)
