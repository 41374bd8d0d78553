"""The opposite of export: a study's files back into a tracking store, where it goes on."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Experiment, Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tracking import schema
from tracking.data_check import as_tags
from tracking.errors import StoreError, one_line
from tracking.export import without_folder
from tracking.forecasts import log_forecasts, read_forecasts
from tracking.runs import INFO, TAGS, is_diverged, load_runs, metrics_of
from tracking.schema import FAILED, FINISHED, KILLED, RUNNING
from tracking.slices import log_slices, no_slices, rows_of
from tracking.store import open_store, parent_of, study_run, trial_runs
from tracking.study import Study
from tracking.text import Text, template

EXISTS = "RESOURCE_ALREADY_EXISTS"  # MLflow's code
RESTORED = "mlflow.restored"  # the tag of a run that is not whole yet; MLflow shows no such
DRIVER = "driver."  # how the tags begin by which a launch holds its study
SETTINGS = {one.name: one.type for one in schema.SETTINGS}
BEFORE = {one.name: one.before for one in schema.SETTINGS if one.before is not None}


def restore(study: Study) -> int:
    """Write into the store what it lacks of a study; returns the number of trials.

    All is checked before anything is written, and what a restore that was stopped has left
    half done is made anew, so it can be repeated.

    Trials that had not ended are KILLED: a study that goes on trains them again, and until
    then what they were compared with stays undecided. Models are not in an export. Raises
    StoreError.
    """
    assert study.runs is not None
    assert study.histories is not None
    client = open_store(new=True)
    try:
        experiment_id = _experiment(client, study.name)
        _drop_half_made(client, experiment_id)
        runs = lacking(study.runs, load_runs(study.name))
        parent = write_parent(client, experiment_id, study)
        tags = {"mlflow.parentRunId": parent, "study": study.name, RESTORED: "begun"}
        history = study.histories.melt(["run_id", "step"]).dropna()
        losses = dict(iter(history.groupby("run_id")))
        for done, row in enumerate(runs.to_dict("records"), start=1):
            steps = losses.get(row["run_id"], history[:0])
            slices = no_slices() if study.slices is None else study.slices
            write_run(client, experiment_id, row, tags, steps, rows_of(slices, row["run_id"]))
            if done % 100 == 0:
                print(f"{done:,} of {len(runs):,} trials", file=sys.stderr)
    except MlflowException as error:
        reason = one_line(error)[:200]
        failed = Text(
            "study '{name}' cannot be restored: {reason}", name=study.name, reason=reason
        )
        raise StoreError(failed) from None
    return len(runs)


def _experiment(client: MlflowClient, name: str) -> str:
    """Its id; made where there is none. Raises StoreError for one that was deleted."""
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name)
        except MlflowException as error:
            if error.error_code != EXISTS:
                raise
            # another made it at the same moment, or the answer to this was lost
            found = client.get_experiment_by_name(name)
    if found.lifecycle_stage != "active":
        deleted = template(
            "study '{name}' was deleted from the store; restore it there, or see --study"
        )
        raise StoreError(Text(deleted, name=name))
    if any(tag.startswith(DRIVER) for tag in found.tags) and _is_running(client, found):
        busy = template("study '{name}' is being run; restore it when it has ended")
        raise StoreError(Text(busy, name=name))
    return found.experiment_id


def _is_running(client: MlflowClient, experiment: Experiment) -> bool:
    parent = parent_of(client, experiment.experiment_id)
    return parent is not None and parent.info.status == RUNNING


def _drop_half_made(client: MlflowClient, experiment_id: str) -> None:
    """Delete the runs that a restore has begun and not ended."""
    for run in trial_runs(client, experiment_id, f"tags.`{RESTORED}` = 'begun'"):
        client.delete_run(run.info.run_id)


def lacking(runs: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """One run of each trial, as it ended or else KILLED, unless the store knows as much."""
    runs = runs.assign(over=is_over(runs)).sort_values("over", ascending=False, kind="stable")
    runs = runs.drop_duplicates("trial")
    ended = runs["over"] | runs["status"].eq(FAILED)
    runs["status"] = runs["status"].where(ended, KILLED)
    done = set(here.loc[is_over(here) | here["status"].eq(RUNNING), "trial"])
    known = set(here["trial"])
    new = ~runs["trial"].isin(done) & (runs["over"] | ~runs["trial"].isin(known))
    return runs[new].sort_index()


def is_over(runs: pd.DataFrame) -> pd.Series:
    """Which runs need no other."""
    return runs["status"].eq(FINISHED) | is_diverged(runs)


def write_parent(client: MlflowClient, experiment_id: str, study: Study) -> str:
    """The study's own run, with the forecasts, commits, hardware and note that it lacked."""
    found = study_run(client, study.name)
    parent = found or client.create_run(experiment_id, run_name=f"study · {study.name}")
    run_id = parent.info.run_id
    known = found.data.tags if found else {}
    about = study.about
    commits = [*known.get("commits", "").split(), *about.get("commit", "").split(", ")]
    tags = {
        "role": schema.STUDY,
        "commits": " ".join(dict.fromkeys(commits)).strip(),
        "note": known.get("note") or study.note,
        "hardware": known.get("hardware") or about.get("hardware", ""),
        **as_tags(study.checks),
    }
    client.log_batch(run_id, tags=[RunTag(*pair) for pair in tags.items()])
    here = read_forecasts(study.name)
    both = pd.concat([here, study.logged_forecasts]) if len(here) else study.logged_forecasts
    both = both.drop_duplicates(["architecture", "metric", "n"])
    if len(both) > len(here):
        log_forecasts(client, run_id, both, both[len(here) :])
    if not found:
        client.set_terminated(run_id)
    return run_id


def write_run(
    client: MlflowClient,
    experiment_id: str,
    row: dict,
    tags: dict[str, str],
    steps: pd.DataFrame,
    slices: Sequence[Mapping[str, Any]] = (),
) -> None:
    """A trial's run as the study recorded it; what is no summary as the export holds it."""
    values = {name: value for name, value in row.items() if pd.notna(value)}
    began = int(values["started"].timestamp() * 1000)
    ended = began + int(1000 * values.get("seconds", 0))
    tags = tags | {name: as_text(values[name]) for name in TAGS if name in values}
    measured = metrics_of(str(values.get("measures", "")))
    params = [
        Param(name, as_text(values[name], SETTINGS.get(name)))
        for name in values.keys() - {*INFO, *measured, *TAGS, "over"}
        if values[name] != BEFORE.get(name)  # of a run that knew nothing of the setting
    ]
    metrics = [Metric(name, values[name], ended, 0) for name in measured if name in values]
    metrics += [
        Metric(point.variable, point.value, ended, int(point.step))
        for point in steps.itertuples()
    ]
    name = values["name"]
    run = client.create_run(experiment_id, start_time=began, tags=tags, run_name=name)
    client.log_batch(run.info.run_id, metrics, params)
    if slices:
        log_slices(client, run.info.run_id, slices)
    client.set_terminated(run.info.run_id, values["status"], end_time=ended)
    client.delete_tag(run.info.run_id, RESTORED)


def as_text(value: Any, kind: type | None = None) -> str:
    """As MLflow keeps it: a setting as its type is written.

    Whole numbers, which gaps in a table make fractions of, stay whole.

    kind: type of a setting; None for a hyperparameter or a tag, whose type nobody knows.
    """
    if kind is not None:
        return str(kind(value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def found_at(study: Study, dataset: str) -> Study:
    """The study with its dataset's name as it is here, path and all.

    Raises StoreError for another dataset's.
    """
    assert study.runs is not None
    names = study.runs["dataset"]
    here = names.map(without_folder) == without_folder(dataset)
    if not here.any():
        other = template(
            "dataset '{dataset}' is not the study's; allowed: a path that ends like {known}"
        )
        known = ", ".join(sorted(names.unique()))
        raise StoreError(Text(other, dataset=dataset, known=known))
    return replace(study, runs=study.runs.assign(dataset=names.mask(here, dataset)))
