"""The script of docs/contract.md logs runs that are answered for like those of a study."""

import re

import pytest
from conftest import ROOT, store_in
from mlflow import MlflowClient

from tracking import schema
from tracking.runs import load_runs

DOCUMENT = (ROOT / "docs" / "contract.md").read_text()


@pytest.fixture(scope="module")
def looped(tmp_path_factory, empty_store):
    """A store with what the script logs."""
    folder = tmp_path_factory.mktemp("looped")
    (script,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    with store_in(folder, empty_store):
        exec(script, {})
    return folder / "mlflow.db"


@pytest.fixture
def runs(tmp_path, looped):
    with store_in(tmp_path, looped):
        yield load_runs("my-loop")


def test_the_script_has_about_twenty_lines():
    (script,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(script.splitlines()) <= 22


def test_its_runs_are_a_study_with_a_search_at_each_size(runs):
    assert len(runs) == 10
    assert sorted(runs["n_train"].unique()) == [60, 125, 250, 500, 1000]
    assert runs["best_val_accuracy"].notna().all()


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_the_report_answers_for_them_by_each_measure(runs, command, measure):
    code, out, err = command("analysis.report", "--study", "my-loop", "--metric", measure)
    assert (code, err) == (0, "")
    assert f"the logistic's {measure}" in out
    assert "1,000" in out


def test_the_same_runs_are_read_by_their_names(runs, command):
    columns = "n=n_train,accuracy=test_accuracy,architecture=architecture,best=best_val_loss"
    asked = ("--experiment", "my-loop", "--columns", columns)
    code, out, err = command("analysis.report", *asked)
    assert (code, err) == (0, "")
    assert "logistic's accuracy" in out


def test_what_the_document_says_is_needed_is_what_a_run_must_have(store, command):
    rows = re.findall(r"^\| (\w+) \| (.+?) \| yes \|", DOCUMENT, re.MULTILINE)
    names = [name for _, listed in rows for name in re.findall(r"`([^`]+)`", listed)]
    cell = {"dataset", "architecture", "n_train", "data_seed"}
    assert set(schema.cell()) == cell
    assert cell | {"trial", "fraction", "sample"} < set(names)
    client = MlflowClient()
    client.create_run(client.create_experiment("bare"))
    assert load_runs("bare").empty
