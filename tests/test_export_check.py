"""An export that was cut off, sorted, or changed by hand is refused whole, in one line."""

import json
import math
import random
import shutil

import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient

from tracking.errors import StoreError
from tracking.export import read_export
from tracking.restore import restore
from tracking.study import load_study

EXPORT = ROOT / "app" / "example" / "teacher-linear"
FILES = ("study.json", "runs.csv", "steps.csv", "held_out.csv")


@pytest.fixture
def export(tmp_path):
    place = tmp_path / "export"
    shutil.copytree(EXPORT, place)
    return place


def change(place, column, value, row=0):
    """One cell of the runs that finished."""
    runs = pd.read_csv(place / "runs.csv", dtype=str, keep_default_na=False)
    runs.loc[runs.index[runs["status"] == "FINISHED"][row], column] = value
    runs.to_csv(place / "runs.csv", index=False)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("best_val_loss", "", ["row 2", "best_val_loss", "FINISHED", "missing"]),
        ("test_loss", "nan", ["row 2", "test_loss"]),
        ("test_loss", "-1", ["test_loss", "-1"]),
        ("test_error", "7", ["test_error: error is 7", "0 to 1"]),
        ("n_train", "12.5", ["n_train 12.5"]),
        ("n_train", "", ["n_train"]),
        ("status", "DONE", ["'DONE'", "FINISHED"]),
        ("started", "yesterday", ["started", "'yesterday'"]),
        ("started", "9999-01-01", ["started", "'9999-01-01'"]),
        ("fraction", "1.5", ["fraction 1.5"]),
        ("sample", "-1", ["sample", "-1"]),
        ("data_seed", "two", ["data_seed", "'two'"]),
        ("trial", "", ["trial is missing"]),
        ("run_id", "", ["run_id is missing"]),
        ("search_space", "mine", ["search_space 'mine'", "allowed"]),
        ("failure", "x" * 9000, ["failure", "too long"]),
    ],
)
def test_a_cell_that_cannot_be_is_named(export, column, value, words):
    change(export, column, value)
    with pytest.raises(StoreError, match=r"not a whole export: runs\.csv: row 2") as said:
        read_export(export)
    assert [word for word in words if word not in str(said.value)] == []
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "word"),
    [
        ("runs.csv", "trial,", "other,", "column trial is missing"),
        ("runs.csv", "failure,", "test_loss,", "twice"),
        ("steps.csv", "run_id,", "id,", "column run_id is missing"),
        ("steps.csv", "\n", "\nnobody,5,1,1\n", "'nobody' is not among the runs"),
        ("study.json", '"name": "', '"name": 7, "x": "', "name is 7; allowed: text"),
        ("study.json", "{", "[" * 9000, "not a whole export"),
        ("study.json", '"teacher-linear"', '""', "no name of a study"),
    ],
)
def test_a_file_of_another_shape_is_named(export, file, old, new, word):
    path = export / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(StoreError, match="not a whole export") as said:
        read_export(export)
    assert word in str(said.value)


def mutated(text: bytes, chance: random.Random) -> bytes:
    """The file as accidents leave it: cut off, lines swapped or lost, bytes changed."""
    lines = text.splitlines(keepends=True)
    place = chance.randrange(len(text) or 1)
    kind = chance.randrange(6)
    if kind == 0:
        return text[:place]
    if kind == 1:
        return text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]
    if kind == 2:
        return b"".join(
            lines[: place % (len(lines) or 1)] + lines[place % (len(lines) or 1) + 1 :]
        )
    if kind == 3:
        return b"".join(chance.sample(lines, len(lines)))
    if kind == 4:
        words = text.split(b",")
        words[place % len(words)] = chance.choice(
            [b"", b"nan", b"-1", b"1e999", b"=1", b"\xff"]
        )
        return b",".join(words)
    return text + text[place:]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """An export of a few runs, so that it is read fast."""
    place = tmp_path_factory.mktemp("few") / "export"
    shutil.copytree(EXPORT, place)
    for file in ("runs.csv", "steps.csv"):
        lines = (place / file).read_text().splitlines(keepends=True)
        (place / file).write_text("".join(lines[:7]))
    known = set(pd.read_csv(place / "runs.csv")["run_id"])
    for file in ("steps.csv", "slices.csv"):
        rows = pd.read_csv(place / file)
        rows[rows["run_id"].isin(known)].to_csv(place / file, index=False)
    read_export(place)
    return place


@settings(max_examples=250)
@given(seed=st.integers(0, 2**32), file=st.sampled_from(FILES))
def test_whatever_happened_to_a_file_it_is_read_whole_or_refused_in_one_line(few, seed, file):
    whole = (few / file).read_bytes()
    try:
        (few / file).write_bytes(mutated(whole, random.Random(seed)))
        study = read_export(few)
    except StoreError as error:
        assert "\n" not in str(error)
        return
    finally:
        (few / file).write_bytes(whole)
    finished = study.runs[study.runs["status"] == "FINISHED"]
    assert finished["best_val_loss"].map(math.isfinite).all()
    assert finished["test_loss"].map(math.isfinite).all()
    assert study.runs["run_id"].is_unique


def test_a_broken_export_leaves_no_trace_in_the_store(export, store):
    change(export, "test_loss", "", row=40)
    with pytest.raises(StoreError):
        restore(read_export(export))
    assert [one.name for one in MlflowClient().search_experiments()] == ["Default"]


def test_a_restore_that_was_killed_is_made_whole_by_the_next(few, store, monkeypatch):
    study = read_export(few)
    done = []

    def killed(self, *given, **options):
        done.append(given)
        if len(done) == 3:
            raise KeyboardInterrupt
        return log_batch(self, *given, **options)

    log_batch = MlflowClient.log_batch
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", killed)
        with pytest.raises(KeyboardInterrupt):
            restore(study)
    restore(study)
    assert restore(study) == 0
    here = load_study(study.name).runs
    assert sorted(here["trial"]) == sorted(study.runs["trial"])
    assert set(here["status"]) == {"FINISHED"}
    assert json.loads((few / "study.json").read_text())["name"] == study.name
