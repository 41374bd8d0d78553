"""Studies with a known law, written into the tracking store as `experiments.study` writes
them.
"""

import sqlite3
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

SIZES = (50, 100, 200, 400, 800)
CLASSIFICATION = {"accuracy": lambda gap: 1 - gap / 3, "auc": lambda gap: 1 - gap / 9}
REGRESSION = {
    "rmse": lambda gap: 2000 * gap,
    "r2": lambda gap: 1 - gap**2,
    "depth:cm": lambda gap: 30 * gap,
}


def record_study(name, architectures, sizes, samples, note="", pool=1000):
    """Runs of loss = 2 n^-b (error a third of it): architectures -> b; sample k is worse than
    the best by k·1 %.
    """
    client = MlflowClient()
    experiment_id = client.create_experiment(name)
    parent = client.create_run(
        experiment_id, tags={"role": "study", "note": note}, run_name=f"study · {name}"
    )
    for architecture, exponent in architectures.items():
        for n in sizes:
            for sample in range(samples + 1):
                loss = 2 * n**-exponent * (1 + 0.01 * (samples - sample))
                cell = {
                    "architecture": architecture,
                    "fraction": n / pool,
                    "sample": sample,
                    "data_seed": 0,
                }
                record(client, experiment_id, parent.info.run_id, cell, n, loss)
    client.set_terminated(parent.info.run_id)


def record(client, experiment_id, parent, cell, n, loss):
    cell |= {
        "dataset": "digits",
        "seed": 0,
        "search_seed": 0,
        "search_space": "default",
        "max_steps": 100,
    }
    values = {
        "best_val_loss": loss,
        "best_val_error": loss / 3,
        "test_loss": loss,
        "test_error": loss / 3,
    }
    values |= {"n_train": n, "best_step": 50, "steps": 100, "seconds": 1.0, "n_parameters": 10}
    tags = {
        "mlflow.parentRunId": parent,
        "trial": f"{cell['architecture']}-{n}-{cell['sample']}",
        "classes": "10",
    }
    run = client.create_run(
        experiment_id,
        tags=tags,
        run_name=f"{cell['architecture']} · n={n:,} · #{cell['sample']}",
    )
    client.log_batch(
        run.info.run_id,
        params=[Param(key, str(value)) for key, value in cell.items()],
        metrics=[Metric(key, value, 0, 0) for key, value in values.items()],
        tags=[RunTag("pool", "1000")],
    )
    client.set_terminated(run.info.run_id)


def multiply(database: Path, samples: int) -> None:
    """Copy each trial of sample 0 in a SQLite store to samples 1 to `samples`, each 1 % worse:
    many runs at once.
    """
    trials = "select run_uuid from params where key = 'sample' and value = '0'"
    losses = "('best_val_loss', 'test_loss')"
    worse = "value * (1 + :sample / 100.0)"
    changed = {
        "params": "case key when 'sample' then :sample else value end",
        "tags": "case key when 'trial' then value || '-' || :sample else value end",
        "latest_metrics": f"case when key in {losses} then {worse} else value end",
    }
    with sqlite3.connect(database) as store:
        for table in ("runs", *changed):
            names = [row[1] for row in store.execute(f"pragma table_info({table})")]
            # no id of MLflow's own begins like these: they are hexadecimal
            values = {
                "run_uuid": "printf('s%03d', :sample) || substr(run_uuid, 5)",
                "value": changed.get(table),
            }
            chosen = ", ".join(values.get(name, name) for name in names)
            rows = f"select {chosen} from {table} where run_uuid in ({trials})"
            copy = f"insert into {table} {rows}"
            store.executemany(copy, [{"sample": sample} for sample in range(1, samples + 1)])
    store.close()


def record_measured(name, measures, architectures, sizes, samples=0, more=None):
    """Runs of a trainer of one's own, by any measures; it reports no loss and no error.

    measures: text -> value of a gap to the best; the first chooses. architectures -> b of the
    gap n^-b. more: further metrics of each run.
    """
    client = MlflowClient()
    experiment_id = client.create_experiment(name)
    parent = client.create_run(
        experiment_id, tags={"role": "study"}, run_name=f"study · {name}"
    )
    for architecture, exponent in architectures.items():
        for n in sizes:
            for sample in range(samples + 1):
                gap = n**-exponent * (1 + 0.01 * (samples - sample))
                _record_measured(
                    client, parent.info, (architecture, n, sample), measures, gap, more or {}
                )
    client.set_terminated(parent.info.run_id)


def _record_measured(client, parent, cell, measures, gap, more):
    architecture, n, sample = cell
    params = {
        "dataset": "own",
        "architecture": architecture,
        "fraction": n / 1000,
        "sample": sample,
        "data_seed": 0,
        "seed": 0,
        "search_seed": 0,
        "search_space": "default",
        "max_steps": 100,
        "trainer": architecture,
    }
    metrics = {"n_train": n, "best_step": 50, "steps": 100, "seconds": 1.0, **more}
    for text, value in measures.items():
        known = text.partition(":")[0]
        metrics[f"best_val_{known}"] = value(gap)
        metrics[f"test_{known}"] = value(gap)
        metrics[f"test_{known}_se"] = 0.01
    tags = {
        "mlflow.parentRunId": parent.run_id,
        "trial": f"{architecture}-{n}-{sample}",
        "classes": "0",
        "pool": "1000",
        "measures": ",".join(measures),
    }
    title = f"{architecture} · n={n:,} · #{sample}"
    run = client.create_run(parent.experiment_id, tags=tags, run_name=title)
    first = next(iter(measures)).partition(":")[0]
    history = [
        Metric(f"{of}_{first}", next(iter(measures.values()))(gap * times), 0, step)
        for step, times in ((25, 2.0), (50, 1.0))
        for of in ("val", "train")
    ]
    client.log_batch(
        run.info.run_id,
        params=[Param(key, str(value)) for key, value in params.items()],
        metrics=[*(Metric(key, value, 0, 0) for key, value in metrics.items()), *history],
    )
    client.set_terminated(run.info.run_id)


def record_classified():
    """A study of accuracy and AUC, of two architectures: its name."""
    name = "classified"
    record_measured(name, CLASSIFICATION, {"mine": 0.5, "theirs": 0.3}, SIZES, 2)
    return name


def record_regressed():
    """A study of RMSE, R² and a depth in cm, whose best guess is known: its name."""
    name = "regressed"
    guess = {"guess_rmse": 2500.0}
    record_measured(name, REGRESSION, {"mine": 0.5}, SIZES, 2, more=guess)
    return name
