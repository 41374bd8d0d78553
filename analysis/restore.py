"""The opposite of export: a study's files back into a tracking store, where it goes on and MLflow's UI shows it.

python -m analysis.restore app/example/fashion_mnist
"""

import sys
from pathlib import Path

import pandas as pd
from mlflow.entities import Metric, Param, RunTag

from analysis.command import Parser, run
from analysis.export import read_export
from analysis.runs import IDENTITY, METRICS, TAGS, default_store, load_runs, open_store, study_run
from analysis.study import STEPS, Study
from analysis.trust.held_out import held_out, log_forecasts

ENDED = ("FINISHED", "FAILED")  # the rest would be trained again anyway
PARAMS_TOO = {"precision"}  # a tag says what `auto` came to; exports have the parameter


def restore(study: Study, dataset: str = "") -> int:
    """Write into the store what it lacks of an exported study; returns the number of runs. Raises StoreError.

    dataset: what the study's `npz:FILE` or `folder:FOLDER`, exported without its path, is called where it goes on: a
    trial counts as done where it names its dataset as the trial did that was exported. Models are not in an export.
    """
    client = open_store(new=True)
    experiment = client.get_experiment_by_name(study.name)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(study.name)
    known = set(load_runs(study.name)["trial"])
    runs = study.runs[study.runs["status"].isin(ENDED) & ~study.runs["trial"].isin(known)]
    parent = study_parent(client, experiment_id, study)
    history = study.histories.melt(["run_id", "step"], STEPS).dropna()
    losses = dict(iter(history.groupby("run_id")))
    for done, row in enumerate(runs.to_dict("records"), start=1):
        write_run(client, experiment_id, parent, row | ({"dataset": dataset} if dataset else {}), losses)
        if done % 100 == 0:
            print(f"{done:,} of {len(runs):,} runs", file=sys.stderr)
    return len(runs)


def study_parent(client, experiment_id: str, study: Study) -> str:
    """The run of the study itself, with the forecasts, commits and note that it lacked."""
    found = study_run(client, study.name)
    parent = (found or client.create_run(experiment_id, run_name=f"study · {study.name}")).info.run_id
    known = found.data.tags if found else {}
    commits = dict.fromkeys([*known.get("commits", "").split(), *study.about.get("commit", "").split(", ")])
    tags = {"role": "study", "note": known.get("note") or study.note, "commits": " ".join(commits).strip()}
    client.log_batch(parent, tags=[RunTag(*pair) for pair in tags.items()])
    told = held_out(study.name)
    both = pd.concat([told, study.told]) if len(told) else study.told
    both = both.drop_duplicates(["architecture", "metric", "n"])
    if len(both) > len(told):
        log_forecasts(client, parent, both, both[len(told) :])
    if not found:
        client.set_terminated(parent)
    return parent


def write_run(client, experiment_id: str, parent: str, row: dict, losses: dict) -> None:
    """A run as `experiments.study` recorded it; of losses over steps what the export holds."""
    values = {name: value for name, value in row.items() if pd.notna(value)}
    began = int(values["started"].timestamp() * 1000)
    ended = began + int(1000 * values.get("seconds", 0))
    tags = {name: as_text(values[name]) for name in TAGS if name in values} | {"mlflow.parentRunId": parent}
    names = values.keys() - {*IDENTITY, *METRICS, *TAGS} | PARAMS_TOO & values.keys()
    metrics = [Metric(name, values[name], ended, 0) for name in METRICS if name in values]
    if row["run_id"] in losses:
        points = losses[row["run_id"]].itertuples()
        metrics += [Metric(point.variable, point.value, ended, int(point.step)) for point in points]
    run = client.create_run(experiment_id, start_time=began, tags=tags, run_name=values["name"]).info.run_id
    client.log_batch(run, metrics, [Param(name, as_text(values[name])) for name in names])
    client.set_terminated(run, values["status"], end_time=ended)


def as_text(value) -> str:
    """As MLflow keeps it; whole numbers, which a table with gaps makes fractions of, as whole."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def main(arguments: list[str] | None = None) -> None:
    parser = Parser("analysis.restore", __doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="an exported study, such as app/example/digits")
    parser.add_argument("--dataset", default="", help="npz:PATH or folder:PATH as the study was given it, path and all")
    options = parser.parse_args(arguments)
    study = read_export(options.folder)
    print(f"{restore(study, options.dataset)} runs of study '{study.name}' restored to {default_store()}")


if __name__ == "__main__":
    run(main)
