"""The opposite of export: a study's files back into a tracking store, where it goes on and MLflow's UI shows it.

python -m analysis.restore app/example/fashion_mnist
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from analysis.command import Parser, run
from analysis.export import read_export, without_folder
from analysis.runs import (
    IDENTITY,
    METRICS,
    TAGS,
    StoreError,
    default_store,
    is_diverged,
    load_runs,
    one_line,
    open_store,
    study_run,
)
from analysis.study import STEPS, Study
from analysis.trust.held_out import held_out, log_forecasts

TAGGED = set(TAGS) - {"precision"}  # of which an export has the parameter, not what `auto` came to


def restore(study: Study) -> int:
    """Write into the store what it lacks of a study; returns the number of trials. Raises StoreError.

    Trials that had not ended are KILLED: a study that goes on trains them again, and until then what they were compared
    with stays undecided. Models are not in an export.
    """
    client = open_store(new=True)
    try:
        experiment = client.get_experiment_by_name(study.name)
        if experiment and experiment.lifecycle_stage != "active":
            raise StoreError(f"study '{study.name}' was deleted from the store; restore it there, or see --study")
        experiment_id = experiment.experiment_id if experiment else client.create_experiment(study.name)
        runs = lacking(study.runs, load_runs(study.name))
        parent = write_parent(client, experiment_id, study)
        tags = {"mlflow.parentRunId": parent, "study": study.name}
        history = study.histories.melt(["run_id", "step"], STEPS).dropna()
        losses = dict(iter(history.groupby("run_id")))
        for done, row in enumerate(runs.to_dict("records"), start=1):
            write_run(client, experiment_id, row, tags, losses.get(row["run_id"], history[:0]))
            if done % 100 == 0:
                print(f"{done:,} of {len(runs):,} trials", file=sys.stderr)
    except MlflowException as error:
        raise StoreError(f"study '{study.name}' cannot be restored: {one_line(error)[:200]}") from None
    return len(runs)


def lacking(runs: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """One run of each trial, as it ended or else KILLED, unless the store knows as much of it."""
    runs = runs.assign(over=is_over(runs)).sort_values("over", ascending=False, kind="stable").drop_duplicates("trial")
    runs["status"] = runs["status"].where(runs["over"] | runs["status"].eq("FAILED"), "KILLED")
    done, known = set(here.loc[is_over(here) | here["status"].eq("RUNNING"), "trial"]), set(here["trial"])
    return runs[~runs["trial"].isin(done) & (runs["over"] | ~runs["trial"].isin(known))].sort_index()


def is_over(runs: pd.DataFrame) -> pd.Series:
    """Which runs need no other."""
    return runs["status"].eq("FINISHED") | is_diverged(runs)


def write_parent(client, experiment_id: str, study: Study) -> str:
    """The run of the study itself, with the forecasts, commits, hardware and note that it lacked."""
    found = study_run(client, study.name)
    parent = (found or client.create_run(experiment_id, run_name=f"study · {study.name}")).info.run_id
    known, about = found.data.tags if found else {}, study.about
    commits = dict.fromkeys([*known.get("commits", "").split(), *about.get("commit", "").split(", ")])
    tags = {"role": "study", "commits": " ".join(commits).strip(), "note": known.get("note") or study.note}
    tags["hardware"] = known.get("hardware") or about.get("hardware", "")
    client.log_batch(parent, tags=[RunTag(*pair) for pair in tags.items()])
    told = held_out(study.name)
    both = pd.concat([told, study.told]) if len(told) else study.told
    both = both.drop_duplicates(["architecture", "metric", "n"])
    if len(both) > len(told):
        log_forecasts(client, parent, both, both[len(told) :])
    if not found:
        client.set_terminated(parent)
    return parent


def write_run(client, experiment_id: str, row: dict, tags: dict[str, str], losses: pd.DataFrame) -> None:
    """A trial's run as `experiments.study` recorded it; of the losses over steps what the export holds."""
    values = {name: value for name, value in row.items() if pd.notna(value)}
    began = int(values["started"].timestamp() * 1000)
    ended = began + int(1000 * values.get("seconds", 0))
    tags = tags | {name: as_text(values[name]) for name in TAGGED & values.keys()}
    names = values.keys() - {*IDENTITY, *METRICS, *TAGGED, "over"}
    params = [Param(name, as_text(values[name])) for name in names - {"fraction"}]
    metrics = [Metric(name, values[name], ended, 0) for name in METRICS if name in values]
    metrics += [Metric(point.variable, point.value, ended, int(point.step)) for point in losses.itertuples()]
    run_id = client.create_run(experiment_id, start_time=began, tags=tags, run_name=values["name"]).info.run_id
    client.log_batch(run_id, metrics, [*params, Param("fraction", str(float(values["fraction"])))])
    client.set_terminated(run_id, values["status"], end_time=ended)


def as_text(value) -> str:
    """As MLflow keeps it; whole numbers, which a table with gaps makes fractions of, as whole."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def found_at(study: Study, dataset: str) -> Study:
    """The study with its dataset's name as it is here, path and all. Raises StoreError for another dataset's."""
    here = study.runs["dataset"] == without_folder(dataset)
    if not here.any():
        known = ", ".join(sorted(study.runs["dataset"].unique()))
        raise StoreError(f"dataset '{dataset}' is not the study's; allowed: a path that ends like {known}")
    return replace(study, runs=study.runs.assign(dataset=study.runs["dataset"].mask(here, dataset)))


def main(arguments: list[str] | None = None) -> None:
    parser = Parser("analysis.restore", __doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="an exported study, such as app/example/digits")
    parser.add_argument("--study", default="", help="name it gets in the store, if not its own")
    parser.add_argument("--dataset", default="", help="npz:PATH or folder:PATH, spelled as the study was given it")
    options = parser.parse_args(arguments)
    study = read_export(options.folder)
    study = found_at(study, options.dataset) if options.dataset else study
    study = replace(study, name=options.study or study.name)
    print(f"{restore(study):,} trials of study '{study.name}' restored to {default_store()}")
    print(f"next: python -m analysis.report --study {study.name}")


if __name__ == "__main__":
    run(main)
