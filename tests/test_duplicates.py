"""Exact and near duplicates, leaks and contradictions that were planted are counted."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer

from experiments.tasks import duplicates
from experiments.tasks.examine import examine
from experiments.tasks.images import images_of, load_data
from experiments.tasks.table_learning import TableTask
from experiments.tasks.tables import make_table

RNG = np.random.default_rng(0)
COPIES = 12


def found(task):
    """Without a judgement of the labels, which takes a model."""
    return examine(task.labelled(), min(task.classes, 1))[0]


def noise_images(n, shape=(16, 16), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape)).astype(np.uint8)


def images(train, test, labels=None):
    labels = np.arange(len(train)) % 2 if labels is None else labels
    validation = noise_images(20, train.shape[1:], seed=9)
    sets = {"training": (train, labels), "validation": (validation, [0, 1] * 10)}
    return images_of(sets | {"test": (test, np.arange(len(test)) % 2)}, "x")


def table(train, test, kind="classification", y=None):
    y = np.arange(len(train)) % 2 if y is None else y
    rest = sentences(20, seed=9) if isinstance(train, list) else train[20:40] + 99
    sets = {"training": (train, y), "validation": (rest, y[20:40])}
    return TableTask(make_table(sets | {"test": (test, y[: len(test)])}, "x", kind=kind))


def sentences(n, seed=0):
    rng = np.random.default_rng(seed)
    words = np.array([f"word{number}" for number in range(3000)])
    return [" ".join(rng.choice(words, 40)) for _ in range(n)]


# --- exact -----------------------------------------------------------------------------------


def test_copies_in_the_pool_and_in_the_test_set_are_counted_among_images():
    train, test = noise_images(300), noise_images(100, seed=1)
    train[250:262] = train[:12]
    test[:7] = train[20:27]
    check = found(images(train, test))
    assert (check.pool, check.test) == (300, 100)
    assert (check.repeated, check.leaked_test, check.leaked_validation) == (12, 7, 0)


def test_and_among_rows_of_numbers():
    train, test = RNG.normal(size=(300, 6)), RNG.normal(size=(100, 6))
    train[250:262] = train[:12]
    test[:7] = train[20:27]
    check = found(table(train, test))
    assert (check.repeated, check.leaked_test, check.leaked_validation) == (12, 7, 0)


def test_and_among_texts():
    train, test = sentences(200), sentences(50, seed=1)
    test[:7] = train[:7]
    check = found(table(train, test))
    assert (check.repeated, check.leaked_test, check.leaked_validation) == (0, 7, 0)


def test_equal_examples_with_other_labels_bound_the_error():
    train, test = noise_images(300), noise_images(100, seed=1)
    labels = np.arange(300) % 2
    train[200] = train[0]  # the same label
    train[[101, 103, 105]] = train[2]  # another than the first of them: one of four is alone
    assert found(images(train, test, labels)).contradicted == 1


def test_equal_rows_may_have_other_real_values():
    train, test = RNG.normal(size=(300, 6)), RNG.normal(size=(100, 6))
    train[1] = train[0]
    values = RNG.normal(size=300)
    check = found(table(train, test, "regression", values))
    assert (check.repeated, check.contradicted, check.surveyed) == (1, 0, 0)


def test_rows_of_few_values_are_no_copies():
    train, test = RNG.integers(0, 3, (300, 3)), RNG.integers(0, 3, (60, 3))
    check = found(table(train.astype(float), test.astype(float)))
    assert check.few_kinds
    assert check.leaked_test == 60
    assert check.searched == 0 and np.isnan(check.near_test)


# --- near ------------------------------------------------------------------------------------


def darker(images):
    return (images * 0.8).astype(np.uint8)


def test_images_that_are_darker_or_compressed_are_near():
    train, test = noise_images(400), noise_images(100, seed=1)
    test[:COPIES] = darker(train[:COPIES])
    train[300 : 300 + COPIES] = np.clip(train[100 : 100 + COPIES].astype(int) + 5, 0, 255)
    check = found(images(train, test))
    assert (check.repeated, check.leaked_test) == (0, 0)
    assert round(check.near_test * 100) == COPIES
    assert round(check.near_pool * 400) == 2 * COPIES  # each of the two has the other


def test_exact_copies_are_not_counted_again():
    train, test = noise_images(400), noise_images(100, seed=1)
    test[:COPIES] = train[:COPIES]
    check = found(images(train, test))
    assert (check.leaked_test, check.near_test) == (COPIES, 0)


@pytest.mark.parametrize("columns", [6, 30])
def test_rounded_rows_are_near(columns):
    train, test = RNG.normal(size=(400, columns)), RNG.normal(size=(100, columns))
    test[:COPIES] = train[:COPIES].round(3)
    assert round(found(table(train, test)).near_test * 100) == COPIES


def test_mixed_rows_are_near_where_their_categories_agree():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 6)), columns=list("abcdef"))
    frame["colour"] = np.array(["red", "blue", "green"])[np.arange(400) % 3]
    test = pd.DataFrame(rng.normal(size=(100, 6)), columns=list("abcdef")).assign(colour="red")
    test.iloc[:COPIES] = frame.iloc[:COPIES]
    test.loc[: COPIES - 1, "a"] += 1e-4
    test.loc[: COPIES // 2 - 1, "colour"] = frame["colour"][1 : COPIES // 2 + 1].to_numpy()
    sets = {"training": (frame, np.arange(400) % 2), "test": (test, np.arange(100) % 2)}
    found_there = found(TableTask(make_table(sets, "x"))).near_test * 100
    assert 1 <= round(found_there) <= COPIES // 2  # as many as have their twin in the pool


def test_texts_with_a_word_changed_are_near():
    train, test = sentences(200), sentences(50, seed=1)
    test[:COPIES] = [text.replace(text.split()[3], "another") for text in train[:COPIES]]
    assert round(found(table(train, test)).near_test * 50) == COPIES


def test_sparse_rows_are_looked_at_too():
    train = sparse.random(400, 2000, 0.02, "csr", random_state=0)
    test = sparse.random(100, 2000, 0.02, "csr", random_state=1)
    test = sparse.vstack([train[:COPIES] * 1.001, test[COPIES:]]).tocsr()
    sets = {"training": (train, np.arange(400) % 2), "test": (test, np.arange(100) % 2)}
    check = found(TableTask(make_table(sets, "x")))
    assert 1 <= round(check.near_test * 100) <= COPIES
    assert check.leaked_test == 0


def test_clean_data_have_none():
    tables = [make_table({"training": load_breast_cancer(return_X_y=True)}, "x")]
    tasks = [load_data("digits"), *map(TableTask, tables)]
    tasks += [
        images(noise_images(1500, shape), noise_images(300, shape, 1))
        for shape in ((8, 8), (16, 16, 3))
    ]
    for task in tasks:
        check = found(task)
        assert (check.repeated, check.leaked_test, check.contradicted) == (0, 0, 0)
        assert check.near_pool == check.near_test == 0


@pytest.mark.parametrize("columns", [1, 2, 5])
def test_neighbours_by_chance_are_no_duplicates(columns):
    rng = np.random.default_rng(1)
    train, test = rng.normal(size=(4000, columns)), rng.normal(size=(1000, columns))
    assert found(table(train, test)).near_test <= 0.002


# --- many examples ---------------------------------------------------------------------------


def test_some_of_many_are_searched_and_the_interval_says_so(monkeypatch):
    train, test = noise_images(1000, (8, 8)), noise_images(800, (8, 8), 1)
    test[::10] = darker(train[:80])
    monkeypatch.setattr(duplicates, "WORK", 1000 * 64 * 300)
    check = found(images(train, test))
    assert check.searched == 300
    assert 0 < check.near_test_low < 0.1 < check.near_test_high < 0.2


def test_nothing_is_near_among_few_examples():
    task = images(noise_images(40), noise_images(10, seed=1))
    assert np.isnan(found(task).near_test)
