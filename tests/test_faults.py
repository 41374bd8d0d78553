"""Through a network that fails one call in five a study finishes, in one launch."""

import io
from collections import Counter
from contextlib import redirect_stdout

import pytest
from mlflow import MlflowClient
from proxies import faulty
from servers import mlflow_server

from experiments import study
from experiments.orchestration.models_kept import model_ids
from tracking import retry

GRID = ["--study", "faulty", "--architectures", "linear", "--fractions", "0.1,0.2"]
GRID += ["--samples", "1", "--max_steps", "20", "--workers", "2"]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(retry, "PAUSE", (0.01, 0.1))


def test_errors_resets_and_lost_answers_cost_no_trial_and_double_none(
    store, monkeypatch, impatient
):
    with mlflow_server(store) as address, faulty(address, seed=3) as (proxy, failed):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy)
        with redirect_stdout(io.StringIO()) as out:
            study.main([*GRID, "--report", "false"])
        assert "[4/4]" in out.getvalue()
        assert min(failed.values()) > 0, failed
        client = MlflowClient(address)
        found = client.search_runs([client.get_experiment_by_name("faulty").experiment_id])
        trials = [run for run in found if "trial" in run.data.tags]
        assert Counter(run.data.tags["trial"] for run in trials).most_common(1)[0][1] == 1
        assert len(trials) == 4
        assert {run.info.status for run in found} == {"FINISHED"}
        best = [run for run in trials if run.data.tags.get("best") == "true"]
        kept = {model for run in best for model in model_ids(client, run.info.run_id)}
        on_disk = {path.parts[-3] for path in (store / "artifacts").rglob("MLmodel")}
    assert len(kept) == 2
    assert on_disk == kept
