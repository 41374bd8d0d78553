"""Each measure of a table is what its definition says."""

import math

import numpy as np
import pytest

from experiments.training.table_scores import score_classes, score_numbers

RNG = np.random.default_rng(0)


def test_loss_error_auc_and_f1_of_a_small_set():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    labels = np.array([0, 0, 1, 1])
    score = score_classes(probabilities, labels)
    assert score.values["loss"] == pytest.approx(-np.log([0.9, 0.6, 0.3, 0.8]).mean())
    assert score.values["error"] == 0.25
    assert score.values["auc"] == pytest.approx(3 / 4)  # of the 4 pairs one is the wrong way
    # class 0: 2 of 3 found are right and all are found; class 1: the one found is right
    assert score.values["f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_class_that_the_set_lacks_changes_neither_auc_nor_f1():
    probabilities = RNG.dirichlet([1, 1, 1], 50)
    labels = np.arange(50) % 2
    score = score_classes(probabilities, labels)
    assert all(map(math.isfinite, score.values.values()))


def test_rmse_mae_and_r2_of_a_small_set():
    score = score_numbers(np.array([1.0, 2.0, 6.0]), np.array([1.0, 4.0, 4.0]))
    assert score.values == pytest.approx(
        {"rmse": math.sqrt(8 / 3), "mae": 4 / 3, "r2": 1 - 8 / 6}
    )


def test_a_set_of_one_value_has_a_finite_r2():
    assert score_numbers(np.ones(3), np.ones(3)).values["r2"] == 1
    assert score_numbers(np.zeros(3), np.ones(3)).values["r2"] == 0


@pytest.mark.parametrize("measure", ["rmse", "mae"])
def test_standard_errors_are_what_repeated_test_sets_scatter_by(measure):
    scores = [score_numbers(RNG.normal(size=200), np.zeros(200)) for _ in range(400)]
    scatter = np.std([score.values[measure] for score in scores])
    assert np.mean([score.errors[measure] for score in scores]) == pytest.approx(
        scatter, rel=0.15
    )


def test_the_standard_error_of_the_loss_is_what_repeated_test_sets_scatter_by():
    p = RNG.uniform(0.1, 0.9, (100, 200))
    labels = (RNG.random(p.shape) < p).astype(int)
    scores = [
        score_classes(np.column_stack([1 - each, each]), label)
        for each, label in zip(p, labels)
    ]
    scatter = np.std([score.values["loss"] for score in scores])
    assert np.mean([score.errors["loss"] for score in scores]) == pytest.approx(
        scatter, rel=0.15
    )
