"""Runs: written field by field as the schema says, and read back as one typed table.

MLflow is imported where it is asked: it takes longer than a CSV does in all.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from tracking import schema
from tracking.measures import find_measure, from_text
from tracking.schema import Kept

if TYPE_CHECKING:
    from mlflow.entities import Param, Run

TAGS = schema.names(kept=Kept.TAG)
METRICS = schema.names(kept=Kept.METRIC)
INFO = schema.names(kept=Kept.INFO)
FIRST = dict.fromkeys([*INFO, *schema.cell(), *METRICS, *TAGS])  # columns that every table has
USUAL = ",".join(schema.MEASURES)  # of a run whose tag `measures` does not say


def params_of(settings: Mapping[str, Any]) -> list[Param]:
    """What MLflow keeps of a trial's settings and hyperparameters, by name."""
    from mlflow.entities import Param

    values = dict(settings)
    values |= values.pop("hyperparameters")
    return [Param(name, str(value)) for name, value in values.items()]


def unquoted(param: str) -> str:
    """A parameter as it was asked for: `mlflow run` logs it as a shell needs it."""
    if param[:1] not in ("'", '"'):
        return param
    try:
        words = shlex.split(param)
    except ValueError:  # it only begins with a quotation mark
        return param
    return words[0] if len(words) == 1 and shlex.quote(words[0]) == param else param


def run_name(architecture: str, n_train: int, sample: int, data_seed: int) -> str:
    """What MLflow's list shows: `cnn · n=1,600 · #7`, and the data seed unless it is 0."""
    seed = f" · seed {data_seed}" if data_seed else ""
    return f"{architecture} · n={n_train:,} · #{sample}{seed}"


def load_runs(experiment: str, tracking_uri: str | None = None) -> pd.DataFrame:
    """Every trial of an experiment (a name), one row each, however many there are.

    Columns: the fields of tracking/schema.py and the hyperparameters, with the types they say;
    NaN where a run has not come so far. Losses are in nats, errors fractions; other measures
    are as a reader knows them, an accuracy of 0.93 as 0.93.
    Raises StoreError for a store that cannot be opened or an unknown experiment.
    """
    from tracking.store import find_experiment, open_store, trial_runs

    client = open_store(tracking_uri)
    found = find_experiment(client, experiment)
    return as_table(trial_runs(client, found.experiment_id))


def as_table(runs: Iterable[Run]) -> pd.DataFrame:
    """Runs as load_runs gives them."""
    table = pd.DataFrame([_row(run) for run in runs])
    if "started" in table:
        table["started"] = pd.to_datetime(table["started"], unit="ms", utc=True)
    return typed(table.reindex(columns=list(FIRST | dict.fromkeys(table.columns))))


def _row(run: Run) -> dict[str, Any]:
    info = run.info
    data = run.data
    return {
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "name": info.run_name,
        "status": info.status,
        "started": info.start_time,
        **{name: data.tags[name] for name in TAGS if name in data.tags},
        **{
            name: unquoted(value)
            for name, value in data.params.items()
            if name != schema.ENDED
        },
        **{name: data.metrics.get(name, math.nan) for name in METRICS},
        **{name: data.metrics[name] for name in _others(data.tags) if name in data.metrics},
    }


def _others(tags: Mapping[str, str]) -> list[str]:
    """Metrics of the measures that a run says it has, beside those of every run."""
    return [name for name in metrics_of(tags.get("measures", "")) if name not in METRICS]


def metrics_of(measures: str) -> list[str]:
    """What MLflow keeps as metrics of a run with such a tag `measures`."""
    own = [schema.measured(one.name).values() for one in from_text(measures)]
    return list(dict.fromkeys([*METRICS, *(name for names in own for name in names)]))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers: MLflow keeps every parameter as text."""
    for column in table.columns.difference(schema.text_columns()):
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.notna().sum() == table[column].notna().sum():
            # to_numeric drops the last digits of a fraction
            exact = table[column].dropna().astype(numbers.dtype)
            table[column] = exact.reindex(table.index)
    for one in schema.SETTINGS:
        if one.before is not None:
            if one.name not in table:
                table[one.name] = one.before
            table[one.name] = table[one.name].where(table[one.name].notna(), one.before)
    return table


def declared(runs: pd.DataFrame) -> tuple[str, ...]:
    """The measures that the runs say they have, as texts; that which chooses comes first."""
    said = _said(runs).value_counts().index  # those of most runs first
    known = dict.fromkeys(one.text for text in said for one in from_text(text))
    return tuple(known) or schema.MEASURES


def _said(runs: pd.DataFrame) -> pd.Series:
    """The measures of each run; NaN of one without a result, which does not say them."""
    if "measures" not in runs:
        return pd.Series(USUAL, runs.index)
    usual = pd.Series(USUAL, runs.index).where(runs["best_val_loss"].notna())
    return runs["measures"].fillna(usual).dropna()


def measures_of(runs: pd.DataFrame) -> tuple[str, ...]:
    """Those of them that something was measured by: by these the runs may be judged."""
    known = declared(runs)
    return tuple(one for one in known if _is_there(runs, one)) or known


def _is_there(runs: pd.DataFrame, measure: str) -> bool:
    column = schema.measured(find_measure(measure).name)["test"]
    return column in runs and bool(runs[column].notna().any())


def chooser(runs: pd.DataFrame) -> str:
    """The measure that chose step and sample, of most of the runs."""
    return declared(runs)[0]


def choosers(runs: pd.DataFrame) -> tuple[str, ...]:
    """The measures that chose step and sample of any of the runs."""
    said = _said(runs).unique()
    firsts = [from_text(text)[0].text for text in said]
    return tuple(dict.fromkeys(firsts)) or schema.MEASURES[:1]


def validation(runs: pd.DataFrame) -> pd.Series:
    """By what step and sample of each run were chosen, as a gap: the smallest is best.

    NaN where a run has not come so far.
    """
    if "measures" not in runs:
        return runs["best_val_loss"]
    said = runs["measures"].fillna(USUAL)
    gaps = pd.Series(math.nan, runs.index)
    for text in said.unique():
        first = from_text(text)[0]
        column = schema.measured(first.name)["validation"]
        if column in runs:
            gaps = gaps.mask(said.eq(text), first.gap(runs[column]))
    return gaps


def is_replica(runs: pd.DataFrame) -> pd.Series:
    """Which runs are of winners, trained again on another subset; no search was made there."""
    return _is_true(runs, "replica")


def is_diverged(runs: pd.DataFrame) -> pd.Series:
    """Which runs ended because their loss became NaN or infinite."""
    if "failure" not in runs:
        return pd.Series(False, runs.index)
    return runs["failure"].map(_would_diverge_again).astype(bool)


def _would_diverge_again(failure: object) -> bool:
    return isinstance(failure, str) and schema.diverged(failure)


def is_ended_early(runs: pd.DataFrame) -> pd.Series:
    """Which runs were ended early because others of their cell were better."""
    return _is_true(runs, "pruned")


def is_budget_bound(runs: pd.DataFrame) -> pd.Series:
    """Which runs were ended by max_steps while they still improved.

    Runs of before this was recorded do not say so.
    """
    return _is_true(runs, "budget_bound")


def is_pruned(runs: pd.DataFrame) -> bool:
    """Whether samples were trained against each other, so that hopeless ones ended early."""
    return "bracket" in runs and bool(runs["bracket"].max() > 0)


def _is_true(runs: pd.DataFrame, tag: str) -> pd.Series:
    return runs[tag].eq("true") if tag in runs else pd.Series(False, runs.index)
