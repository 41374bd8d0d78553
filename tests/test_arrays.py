"""Arrays come from npz files and functions, in the forms that people have them in."""

import numpy as np
import pandas as pd
import pytest
import toys_tables
from scipy import sparse

from experiments.tasks.arrays import as_sets, is_table
from experiments.tasks.datasets import load_dataset
from tracking.errors import InputError
from tracking.schema import RunSettings

X, Y = toys_tables.blobs()
X_TEST, Y_TEST = toys_tables.blobs(seed=1)
SETS = {"training": (X, Y), "test": (X_TEST, Y_TEST)}


def load(name, **settings):
    return load_dataset(RunSettings(dataset=name, **settings))


@pytest.mark.parametrize(
    "loaded",
    [
        (X, Y, X_TEST, Y_TEST),
        [X, Y, X_TEST, Y_TEST],
        ((X, Y), (X_TEST, Y_TEST)),
        [[X, Y], [X_TEST, Y_TEST]],
        {"x_train": X, "y_train": Y, "x_test": X_TEST, "y_test": Y_TEST},
        {"X_train": X, "Y_train": Y, "X_test": X_TEST, "Y_test": Y_TEST},
    ],
    ids=["four", "a list", "Keras' pairs", "lists of pairs", "names", "capitals"],
)
def test_arrays_pairs_and_names_are_the_same_sets(loaded):
    sets = as_sets(loaded, "x")
    assert list(sets) == list(SETS)
    for which, (x, y) in SETS.items():
        assert sets[which][0] is x
        assert sets[which][1] is y


def test_three_pairs_hold_the_validation_set_in_the_middle():
    sets = as_sets(((X, Y), (X[:9], Y[:9]), (X_TEST, Y_TEST)), "x")
    assert {which: len(y) for which, (_, y) in sets.items()} == {
        "training": 150,
        "validation": 9,
        "test": 150,
    }


def test_scikit_learns_own_datasets_are_understood():
    from sklearn.datasets import load_iris

    assert len(as_sets(load_iris(), "x")["training"][0]) == 150


def test_rows_matrices_and_texts_are_tables_and_images_are_not():
    tables = [X, X.tolist(), sparse.csr_matrix(X), ["a", "b"], np.array(["a", "b"])]
    assert [is_table(x) for x in tables] == [True] * 5
    assert not is_table(X.reshape(-1, 2, 2))
    assert not is_table(X.reshape(-1, 2, 2).tolist())


def test_an_npz_of_rows_is_a_table_with_the_given_test_set(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=X * 1e6, y_train=Y, x_test=X_TEST, y_test=Y_TEST)
    task = load(f"npz:{tmp_path}/a.npz")
    assert task.form == "table"
    assert (len(task), len(task.table.validation), len(task.table.test)) == (120, 30, 150)
    assert np.array_equal(task.table.test.x, X_TEST)


def test_an_npz_of_a_sparse_matrix_is_the_same_table_as_its_dense_one(tmp_path):
    matrix = sparse.csr_matrix(np.where(X > 0, X, 0))
    parts = {
        f"x_train_{name}": getattr(matrix, name) for name in ("data", "indices", "indptr")
    }
    np.savez(tmp_path / "a.npz", y_train=Y, x_train_shape=matrix.shape, **parts)
    table = load(f"npz:{tmp_path}/a.npz").table
    dense = load("toys_tables:positive").table
    assert table.pool.is_sparse
    assert np.array_equal(table.pool.x.toarray(), dense.pool.x)


@pytest.mark.parametrize(
    ("name", "kind", "columns"),
    [
        ("toys_tables:rows", "2 classes", "from 4 numbers"),
        ("toys_tables:sparse_rows", "2 classes", "from 4 numbers"),
        ("toys_tables:texts", "2 classes", "from the words of 'text'"),
        ("toys_tables:mixed_rows", "2 classes", "1 number and 1 category"),
        ("toys_tables:line", "regression", "from 4 numbers"),
    ],
)
def test_functions_of_the_user_give_tables_of_every_kind(name, kind, columns):
    said = load(name).describe()
    assert kind in said
    assert columns in said


def test_a_table_of_the_users_function_needs_its_target():
    assert load("toys_tables:framed", target="y").table.columns.numbers == ("a",)
    with pytest.raises(InputError, match="needs target=COLUMN; it has a, y"):
        load("toys_tables:framed")


def test_a_target_that_is_told_to_be_real_is_stratified_by_its_tenths():
    task = load("diabetes")
    assert (task.classes, task.table.classes) == (0, ())
    assert set(task.strata) == set(range(10))


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("os:getcwd", {}, ["os:getcwd", "one argument"]),
        ("os:sep", {}, ["os:sep", "str", "a function"]),
        ("toys_tables:broken", {}, ["toys_tables:broken", "ValueError: no such file"]),
        ("toys_tables:nothing", {}, ["NoneType"]),
        ("toys_tables:leaving", {}, ["toys_tables:leaving", "SystemExit: 3"]),
        ("toys_tables:endless", {}, ["1,000,000,000,000 rows", "of memory"]),
        ("toys_tables:ragged", {}, ["differ in length"]),
        ("toys_tables:infinite", {}, ["inf"]),
        ("toys_tables:narrower_test", {}, ["training rows have 4 numbers", "test rows 3"]),
        ("toys_tables:short", {}, ["150 training examples", "149 targets"]),
        ("toys_tables:constant", {}, ["every row is the same"]),
        ("toys_tables:copied_test", {}, ["150 of the 150 test examples"]),
        ("toys_tables:rows", {"target": "y"}, ["target 'y'", "names a column"]),
        ("toys_tables:rows", {"text": "y"}, ["text 'y'", "names a column"]),
        ("breast_cancer", {"target": "y"}, ["target 'y'"]),
        ("digits", {"target": "y"}, ["target 'y'", "digits"]),
        ("digits", {"kind": "regression"}, ["regression", "holds images"]),
        ("csv:", {}, ["'csv:' is unknown", "csv:PATH"]),
        ("csv:nosuch.csv", {"target": "y"}, ["nosuch.csv", "does not exist"]),
    ],
)
def test_a_dataset_that_cannot_be_learned_is_refused_in_one_line(name, settings, words):
    with pytest.raises(InputError) as refusal:
        load(name, **settings)
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize("broken", ["indices", "data"])
def test_a_broken_sparse_matrix_is_refused_in_one_line(tmp_path, broken):
    matrix = sparse.csr_matrix(np.where(X > 0, X, 0))
    parts = {name: getattr(matrix, name) for name in ("data", "indices", "indptr", "shape")}
    parts[broken] = parts[broken][:-1] if broken == "data" else parts[broken] - 9
    named = {f"x_train_{name}": part for name, part in parts.items()}
    np.savez(tmp_path / "a.npz", y_train=Y, **named)
    with pytest.raises(InputError, match="holds no sparse matrix"):
        load(f"npz:{tmp_path}/a.npz")


def test_an_npz_with_pickled_labels_says_how_to_save_them(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=X, y_train=Y.astype(str).astype(object))
    with pytest.raises(InputError, match=r"y\.astype\(str\)"):
        load(f"npz:{tmp_path}/a.npz")


def test_what_is_masked_is_missing_and_tensors_with_a_gradient_are_arrays():
    assert np.isnan(load("toys_tables:masked").table.pool.x[:, 0]).any()
    assert not np.isnan(load("toys_tables:tensors").table.pool.x).any()


def test_a_sparse_matrix_saved_by_scipy_says_how_it_is_saved_with_targets(tmp_path):
    sparse.save_npz(tmp_path / "a.npz", sparse.csr_matrix(X))
    with pytest.raises(InputError, match=r"lacks x_train, y_train.*x_train_data"):
        load(f"npz:{tmp_path}/a.npz")


def test_a_frame_with_numbers_for_names_is_read(tmp_path):
    pd.DataFrame({0: X[:, 0], 1: Y}).to_parquet(tmp_path / "a.parquet")
    assert load(f"parquet:{tmp_path}/a.parquet", target="1").table.columns.numbers == ("0",)
