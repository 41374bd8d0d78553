"""How a study was done, in plain words."""

import pandas as pd

from analysis.report.numbers import said_of
from analysis.report.sections import Section
from analysis.report.study_analysis import StudyAnalysis
from tracking import schema
from tracking.runs import is_diverged
from tracking.text import Text, joined

# What a study says about itself, beside the settings of its runs (tracking/export.py).
ABOUT = {
    "date": Text("date"),
    "commit": Text("commit"),
    "hardware": Text("hardware"),
    "samples": Text("samples"),
    "pruning": Text("pruning"),
}


def protocol(analysis: StudyAnalysis) -> list[Section]:
    """How the study was done, in plain words; nothing is known about a CSV."""
    runs = analysis.runs
    if runs is None:
        return []
    rules = Text(
        "The training pool was shuffled once per data seed; every size is a prefix of that "
        "order, without repetition{shares}. One validation set, the same for all sizes, chose "
        "the best step and the best sample; the test set was evaluated once, with the chosen "
        "weights. A run ends once its validation {measure} has not improved for so many steps "
        "or epochs (its patience), or at the most steps allowed. Runs that diverged count as "
        "failed.",
        shares=Text(" and with every class in its share") if _has_classes(runs) else "",
        measure=said_of(analysis.chooser),
    )
    words = joined([_counts(runs), rules])
    return [Section(Text("How the study was done"), words, _settings(analysis))]


def _has_classes(runs: pd.DataFrame) -> bool:
    return bool((runs["classes"] > 1).any())


def _counts(runs: pd.DataFrame) -> Text:
    done = runs[runs["status"] == schema.FINISHED]
    return Text(
        "Training runs: {runs:,}, {diverged:,} more diverged; architectures: {architectures}; "
        "sizes: {sizes}; random samples of the hyperparameters: up to {samples}; data seeds: "
        "{seeds}.",
        runs=len(done),
        diverged=int(is_diverged(runs).sum()),
        architectures=done["architecture"].nunique(),
        sizes=done["n_train"].nunique(),
        samples=int(done["sample"].max()),
        seeds=done["data_seed"].nunique(),
    )


def _settings(analysis: StudyAnalysis) -> pd.DataFrame | None:
    """What the study says about itself, as far as a reader cares."""
    labels = {one.name: Text(one.label) for one in schema.FIELDS if one.label} | ABOUT
    known = [
        (labels[name], text)
        for name, text in analysis.study.about.items()
        if name in labels and text
    ]
    return pd.DataFrame(known, columns=[Text("setting"), Text("value")]) if known else None
