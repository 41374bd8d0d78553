"""What separates curves is used or asked about; replicates are averaged."""

import io
from itertools import product

import numpy as np
import pandas as pd
import pytest

from tracking.tables.curves import read_csv
from tracking.tables.reading import Asked, Reading

SIZES = (1000, 2000, 4000, 8000)


def table(levels, sizes=SIZES, name="epoch"):
    """Rows of each level at each size."""
    rows = [
        (n, level, 3 * n**-0.3 + i / 10) for n, (i, level) in product(sizes, enumerate(levels))
    ]
    return pd.DataFrame(rows, columns=["n", name, "loss"])


def read(frame, columns=None, only=None):
    text = io.StringIO(frame.to_csv(index=False))
    return read_csv(text, Reading(columns or {}, only or {}))


@pytest.mark.parametrize("name", ["model", "arch", "Model name", "network", "classifier"])
def test_a_column_of_models_is_the_architecture(name):
    found = read(table(["a", "b", "c"], name=name))
    assert found.table["architecture"].nunique() == 3
    assert found.note == f"Read as: architecture = {name}."


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("dataset", ["mnist", "cifar10"]),
        ("data_set", ["mnist", "cifar10"]),
        ("split", ["train", "test"]),
        ("Eval Set", ["val", "test"]),
        ("phase", ["train", "val"]),
        ("epoch", [1, 5, 20]),
        ("step", [100, 200]),
        ("checkpoint", [1, 2]),
        ("params", [1e6, 1e8]),
        ("n_params", [1e6, 1e8]),
        ("model_size", ["1M", "100M"]),
        ("width", [16, 32]),
        ("learning_rate", [0.1, 0.01]),
        ("optimizer", ["sgd", "adam"]),
        ("task", ["a", "b"]),
        ("class", ["cat", "dog"]),
        ("augmentation", [True, False]),
        ("some switch of ours", ["on", "off"]),
        ("batch size", [32, 64]),
    ],
)
def test_whatever_else_separates_curves_is_asked_about(name, levels):
    frame = table(levels, name=name)
    with pytest.raises(Asked, match="averaged over; say which: --only") as asked:
        read(frame)
    assert name in str(asked.value)
    assert {"only", "columns"} == {answer.option for answer in asked.value.answers}
    first = read(frame, only={name: str(frame[name].iloc[0])})
    assert len(first.table) == len(SIZES)
    each = read(frame, {"architecture": name})
    assert each.table["architecture"].nunique() == len(levels)


def test_every_answer_of_a_question_is_understood():
    frame = table([1, 5, 20])
    with pytest.raises(Asked) as asked:
        read(frame)
    sizes = {
        answer.written: len(read_answer(frame, answer).table) for answer in asked.value.answers
    }
    assert sizes == {
        "--only epoch=20": 4,
        "--columns architecture=epoch": 12,
        "--only epoch=last": 4,
        "--only epoch=1": 4,
        "--only epoch=5": 4,
        "--columns seed=epoch": 12,
    }


def read_answer(frame, answer):
    text = io.StringIO(frame.to_csv(index=False))
    return read_csv(text, Reading().answered(answer))


def test_two_columns_may_name_a_curve_together():
    frame = table(["mnist", "cifar10"], name="dataset").assign(architecture="cnn")
    with pytest.raises(Asked, match=r"--columns architecture=architecture\+dataset"):
        read(frame)
    found = read(frame, {"architecture": "architecture+dataset"})
    assert sorted(set(found.table["architecture"])) == ["cnn, cifar10", "cnn, mnist"]


def test_curves_told_apart_by_their_sizes_alone_are_asked_about():
    odd = table(["a"], sizes=(1000, 2000, 4000), name="dataset")
    even = table(["b"], sizes=(1500, 3000, 6000), name="dataset")
    with pytest.raises(Asked, match="column dataset"):
        read(pd.concat([odd, even]))
    odd = table([1e6], sizes=(1000, 2000, 4000), name="params")
    even = table([2e6], sizes=(1500, 3000, 6000), name="params")
    with pytest.raises(Asked, match="column params"):
        read(pd.concat([odd, even]))


@pytest.mark.parametrize(
    "name", ["seed", "fold", "data_seed", "run", "repeat", "random state"]
)
def test_replicates_are_averaged(name):
    found = read(table([0, 1, 2], name=name).assign(loss=lambda rows: rows["loss"]))
    assert len(found.table) == 12
    assert found.note == ""


def test_what_follows_from_another_column_separates_nothing():
    of_model = table(["a", "b"], name="model")
    of_model["params"] = of_model["model"].map({"a": 1e6, "b": 1e8})
    assert read(of_model).table["architecture"].nunique() == 2
    of_size = table(["cnn"], name="model").assign(
        width=[16, 16, 32, 64], lr=[0.1, 0.01, 0.1, 0.01]
    )
    assert len(read(of_size).table) == 4
    assert len(read(of_size.assign(dataset="mnist", split="test")).table) == 4


def test_what_was_measured_of_replicates_separates_nothing():
    random = np.random.default_rng(0)
    frame = table([0, 1, 2], name="seed")
    frame["seconds"] = random.random(len(frame))
    frame["best_epoch"] = random.integers(1, 9, len(frame))
    frame["host"] = frame["seed"].map(lambda seed: f"gpu{seed}")
    assert len(read(frame).table) == 12


def test_trials_of_a_search_are_no_replicates():
    random = np.random.default_rng(0)
    frame = table([0, 1, 2], name="trial")
    frame["lr"] = 10 ** random.uniform(-4, -1, len(frame))
    with pytest.raises(Asked, match="column lr has 12 values"):
        read(frame)


def test_seeds_of_their_own_do_not_hide_that_models_differ_in_size():
    small = table([0, 1], name="seed").assign(params=1e6)
    large = table([2, 3], name="seed").assign(params=1e8)
    with pytest.raises(Asked, match="column params"):
        read(pd.concat([small, large]))


def test_ids_of_runs_do_not_hide_what_separates_them():
    frame = table([1, 5, 20])
    with pytest.raises(Asked, match="column epoch"):
        read(frame.assign(run_id=range(len(frame))))


def test_the_last_epoch_of_each_seed_counts():
    seeds = [table([1, 5, 20]).assign(seed=seed) for seed in range(2)]
    frame = pd.concat(seeds)
    found = read(frame, only={"epoch": "last"})
    assert len(found.table) == 8
    assert "epoch = last" in found.note
    shorter = frame[(frame["n"] > 1000) | (frame["epoch"] < 20)]
    assert len(read(shorter, only={"epoch": "last"}).table) == 8


def test_the_best_of_a_search_is_chosen_by_what_validated_it():
    frame = table([0.1, 0.01, 0.001], name="lr")
    frame["val_loss"] = frame["lr"].map({0.1: 3, 0.01: 1, 0.001: 2})
    with pytest.raises(Asked) as asked:
        read(frame)
    best = next(answer for answer in asked.value.answers if answer.key == "best")
    found = read_answer(frame, best)
    expected = frame[frame["lr"] == 0.01]["loss"]
    assert found.table["loss"].tolist() == pytest.approx(expected.tolist())
    frame["val_acc"] = 1 - frame["val_loss"] / 4
    scores = read(frame, {"best": "val_acc"})
    assert scores.table["loss"].tolist() == pytest.approx(expected.tolist())


def test_rows_are_chosen_by_a_value_however_it_is_written():
    frame = table([1e6, 1e8], name="params")
    assert len(read(frame, only={"params": "1e6"}).table) == 4
    assert (
        len(
            read(
                frame.assign(epoch=3),
                only={"params": "1000000+1e8"},
                columns={"architecture": "params"},
            ).table
        )
        == 8
    )
    with pytest.raises(Exception, match=r"no row has params = '7'; there are: 1000000"):
        read(frame, only={"params": "7"})
