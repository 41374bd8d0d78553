"""What each run says of its classes or groups: true, kept, exported and restored."""

import json
from dataclasses import replace

import numpy as np
import own_trainers
import pandas as pd
import pytest
import torch
from conftest import store_in
from mlflow import MlflowClient
from toys import short
from toys_tables import blobs

from analysis.export import write as export
from experiments import study
from experiments.tasks.load import load_task, on_task, with_trainer
from experiments.tasks.table_learning import TableTask
from experiments.tasks.tables import make_table, table_of_frame
from experiments.training.results import Score
from experiments.training.slices import slices_of
from experiments.training.train import train
from experiments.training.trial import Trial
from tracking.errors import InputError, StoreError
from tracking.export import SLICES, read_export
from tracking.restore import restore
from tracking.schema import RunSettings
from tracking.slices import FILE, check_slices, read_slices
from tracking.store import study_file
from tracking.study import load_study

QUICK = ["--study", "mine", "--architectures", "linear,forest", "--fractions", "0.1,0.3"]
QUICK += ["--samples", "1", "--max_steps", "20", "--workers", "1"]
QUICK += ["--keep_models", "none", "--report", "false"]
CPU = torch.device("cpu")


# --- what they say ---------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["mlp", "forest"])
def test_the_values_of_each_class_are_those_of_its_test_images(tiny, architecture):
    result = train(short(architecture, fraction=0.5), tiny)
    labels = tiny.test.labels
    with torch.inference_mode():
        if architecture == "mlp":
            predicted = result.model(tiny.test.images).argmax(1)
        else:
            pixels = tiny.test.images.reshape(len(labels), -1).numpy()
            predicted = torch.as_tensor(result.model.predict(pixels.astype(np.float32)))
    for number, one in enumerate(result.slices):
        mine = labels == number
        assert one.name == tiny.slices[number] == str(number)
        assert (one.n_train, one.test.count) == (15, int(mine.sum()))
        wrong = (predicted != labels)[mine].double().mean().item()
        assert one.test.values["error"] == pytest.approx(wrong)
    assert_they_make_the_whole(result)


def assert_they_make_the_whole(result):
    counts = [one.test.count for one in result.slices]
    for name in ("loss", "error"):
        mean = np.average([one.test.values[name] for one in result.slices], weights=counts)
        assert mean == pytest.approx(result.test.values[name], rel=1e-6, abs=1e-9)
    assert sum(one.n_train for one in result.slices) == result.n_train


@pytest.mark.parametrize("architecture", ["linear", "boosting", "mlp"])
def test_tables_of_classes_tell_them_apart_too(architecture):
    x, y = blobs()
    task = TableTask(make_table({"training": (x, y)}, "blobs"))
    assert_they_make_the_whole(train(table_trial(architecture), task))


def regional(kind):
    """Rows of three regions, of which the east is noisier; classes or numbers to predict."""
    rng = np.random.default_rng(0)
    n = 300
    region = np.array(["east", "north", "south"])[np.arange(n) % 3]
    x = rng.normal(size=(n, 3))
    y = x @ [1.0, 2.0, -1.0] + rng.normal(size=n) * np.where(region == "east", 3.0, 0.3)
    frame = pd.DataFrame(x, columns=list("abc")).assign(region=region)
    return frame.assign(y=y if kind == "regression" else np.where(y > 0, "yes", "no"))


@pytest.mark.parametrize("architecture", ["linear", "boosting", "mlp"])
def test_the_groups_of_a_table_are_told_apart(architecture):
    frame = regional("classification")
    task = TableTask(table_of_frame(frame, "regional", "y", group="region"))
    result = train(table_trial(architecture), task)
    assert_they_make_the_whole(result)
    assert [one.name for one in result.slices] == ["east", "north", "south"]
    held = frame.region.iloc[task.table.places[task.subset(table_trial(architecture))]]
    assert {one.name: one.n_train for one in result.slices} == dict(held.value_counts())


@pytest.mark.parametrize("architecture", ["linear", "mlp"])
def test_the_groups_of_a_table_of_numbers_make_its_mean_square(architecture):
    frame = regional("regression")
    task = TableTask(table_of_frame(frame, "regional", "y", group="region"))
    result = train(table_trial(architecture), task)
    counts = [one.test.count for one in result.slices]
    squares = [one.test.values["rmse"] ** 2 for one in result.slices]
    assert np.average(squares, weights=counts) ** 0.5 == pytest.approx(
        result.test.values["rmse"]
    )


def test_shares_of_a_table_are_of_its_groups():
    frame = regional("classification")
    task = TableTask(table_of_frame(frame, "regional", "y", group="region"))
    indices = task.subset(replace(table_trial("linear"), fraction=0.2, shares="east:4"))
    found = frame.region.iloc[task.table.places[indices]].value_counts()
    assert found["east"] == pytest.approx(4 * found["north"], abs=2)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("nowhere", ["group 'nowhere' is no column", "a, b, c, region"]),
        ("a", ["group 'a' has 300 different values", "2 to 100"]),
        ("same", ["group 'same' has 1 different values", "2 to 100"]),
        ("y", ["target and group are both 'y'"]),
        ("gaps", ["group 'gaps' is empty in 1 of 300 rows, first in row 8"]),
    ],
)
def test_a_column_that_holds_no_groups_is_refused_in_one_line(group, words):
    frame = regional("classification").assign(same=1, gaps="x")
    frame.loc[7, "gaps"] = None
    with pytest.raises(InputError) as refused:
        table_of_frame(frame, "regional", "y", group=group)
    for word in words:
        assert word in str(refused.value)


def test_a_group_that_only_the_test_set_holds_is_refused():
    frame = regional("classification")
    rows = frame.drop(columns="y")
    sets = {
        "training": (rows[frame.region != "east"], frame.y[frame.region != "east"]),
        "test": (rows[frame.region == "east"], frame.y[frame.region == "east"]),
    }
    with pytest.raises(InputError, match="group 'east' is in the test set only"):
        make_table(sets, "regional", group="region")


@pytest.mark.parametrize("option", ["target", "text", "group"])
def test_a_trainer_is_not_told_of_columns(option):
    with pytest.raises(InputError, match=f"{option} 'x' is of a dataset"):
        load_task(RunSettings(trainer="own_trainers:fit", **{option: "x"}))


def table_trial(architecture):
    return Trial(architecture=architecture, form="table", fraction=0.5, max_steps=30).resolved(
        CPU
    )


# --- somebody's own trainer ------------------------------------------------------------------


def own(name, monkeypatch, groups=None, slices=None):
    """A trial of a trainer that tells of slices, and its task."""

    def fit(indices, hyperparameters, seed):
        return own_trainers.GOOD | ({} if slices is None else {"slices": slices})

    fit.examples = own_trainers.LABELS
    if groups is not None:
        fit.groups = groups
    monkeypatch.setattr(own_trainers, name, fit, raising=False)
    settings = with_trainer(RunSettings(trainer=f"own_trainers:{name}", fraction=0.5))
    task = load_task(settings)
    return Trial(**vars(on_task(settings, task))).resolved(CPU), task


def test_a_trainer_may_tell_of_its_groups(monkeypatch):
    groups = np.where(np.arange(own_trainers.N) < 100, "old", "new")
    said = {"old": {"count": 20, "loss": 0.5}, "new": {"count": 60, "loss": 0.2}}
    trial, task = own("grouped", monkeypatch, groups, said)
    result = train(trial, task)
    assert task.slices == ("new", "old")
    held = {one.name: one.n_train for one in result.slices}
    indices = task.subset(trial)
    assert held == {"old": int((indices < 100).sum()), "new": int((indices >= 100).sum())}
    assert {one.name: one.test.values["loss"] for one in result.slices} == {
        "old": 0.5,
        "new": 0.2,
    }


def test_shares_are_of_its_groups(monkeypatch):
    groups = np.where(np.arange(own_trainers.N) < 100, "old", "new")
    trial, task = own("shared", monkeypatch, groups)
    indices = task.subset(replace(trial, fraction=0.25, shares="old:3"))
    assert len(indices) == 100 and (indices < 100).sum() == 50


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("much", ["slices 'much'", "'count': 120"]),
        ({"1": 0.3}, ["slices", "'count': 120"]),
        ({"1": {"loss": 0.3}}, ["'count': 120"]),
        ({"1": {"count": 1.5, "loss": 0.3}}, ["count 1.5 of slice '1'", "1, 2"]),
        ({"1": {"count": 5, "error": 3.0}}, ["error"]),
        ({"one": {"count": 5, "error": 0.3}}, ["slice 'one' is unknown", "0, 1, 2, 3"]),
    ],
)
def test_what_is_no_slice_is_refused_in_one_line(monkeypatch, said, words):
    trial, task = own("wrong_slices", monkeypatch, slices=said)
    with pytest.raises(InputError) as refused:
        train(trial, task)
    text = str(refused.value)
    assert "\n" not in text
    assert [word for word in words if word not in text] == [], text


def test_groups_that_are_not_one_for_each_example_are_refused(monkeypatch):
    with pytest.raises(
        InputError, match="groups is list; allowed: one label for each of its 400"
    ):
        own("few_groups", monkeypatch, groups=["a", "b"])


def test_a_trainer_that_tells_none_has_none(monkeypatch):
    trial, task = own("silent", monkeypatch)
    assert train(trial, task).slices == ()


# --- in the store, as files, and back --------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, empty_store):
    with store_in(tmp_path_factory.mktemp("slices"), empty_store):
        study.main(QUICK)
        yield load_study("mine")


def test_every_run_has_one_small_file_of_them(recorded, digits):
    assert recorded.runs["slices"].eq(10).all()
    run = recorded.runs.iloc[0]
    rows = json.loads(study_file(MlflowClient().get_run(run["run_id"]), FILE))
    assert [row["slice"] for row in rows] == list(digits.slices)
    assert sum(row["n_train"] for row in rows) == run["n_train"]
    errors = [row["error"] for row in rows]
    mean = np.average(errors, weights=[row["n_test"] for row in rows])
    assert mean == pytest.approx(run["test_error"])


def test_only_the_runs_that_are_asked_for_are_read(recorded, monkeypatch):
    chosen = recorded.runs["run_id"].iloc[:2].tolist()
    found = recorded.slices_of(chosen)
    assert found["run_id"].unique().tolist() == chosen and len(found) == 20


def test_an_export_and_what_is_restored_of_it_hold_the_same(recorded, tmp_path, empty_store):
    place = export("mine", tmp_path / "to")
    there = read_export(place)
    ids = there.slices["run_id"].unique().tolist()
    assert len(ids) == 4  # the best of two architectures at two sizes
    same(there.slices, recorded.slices_of(ids), there.runs, recorded.runs)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with store_in(folder, empty_store):
        restore(there)
        here = load_study("mine")
        best = here.runs[here.runs["name"].isin(names_of(there.runs, ids))]
        same(here.slices_of(best["run_id"].tolist()), there.slices, here.runs, there.runs)


def names_of(runs, ids):
    return runs.set_index("run_id")["name"].loc[ids].tolist()


def same(one, other, its_runs, others_runs):
    """Two tables of slices, of runs that have other ids."""
    tables = [
        table.assign(run=names_of(runs, table["run_id"].tolist()))
        .drop(columns="run_id")
        .sort_values(["run", "slice"], ignore_index=True)
        .sort_index(axis=1)
        for table, runs in ((one, its_runs), (other, others_runs))
    ]
    pd.testing.assert_frame_equal(*tables, check_dtype=False, check_exact=True)


def test_an_export_without_them_is_read_as_before(recorded, tmp_path):
    place = export("mine", tmp_path / "to")
    (place / SLICES).unlink()
    assert read_export(place).slices.empty


def test_a_file_of_slices_that_was_changed_is_refused(recorded, tmp_path):
    place = export("mine", tmp_path / "to")
    file = place / SLICES
    table = pd.read_csv(file)
    for name, value, word in (
        ("n_train", -1, "n_train '-1' is not allowed"),
        ("error", "much", "error 'much' is not allowed"),
        ("run_id", "gone", "run_id 'gone' is not among the runs"),
    ):
        changed = table.astype(object)
        changed.loc[0, name] = value
        changed.to_csv(file, index=False)
        with pytest.raises(StoreError, match=f"slices.csv: {word}"):
            read_export(place)
    with pytest.raises(InputError, match="column slice is missing"):
        check_slices(table.drop(columns="slice"), [])


def test_a_store_that_lost_its_files_has_none(recorded, monkeypatch):
    monkeypatch.setattr("tracking.slices.FILE", "lost.json")
    assert recorded.slices_of(recorded.runs["run_id"].tolist()).empty
    assert read_slices([]).empty


def test_a_score_without_slices_gives_none(tiny):
    assert slices_of(Score({"loss": 1.0}), tiny.slices, tiny.strata) == ()
