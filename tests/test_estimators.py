"""Scikit-learn classifiers are fitted at one go, and their losses are finite."""

import math

import numpy as np
import pytest
from toys import short, stripes

from experiments.tasks.images import split
from experiments.training.estimators import evaluate_estimator
from experiments.training.train import train


def test_a_forest_that_never_saw_a_class_has_a_finite_loss():
    images, labels = stripes(200, classes=5)
    data = split("x", images, labels)
    result = train(short("forest", fraction=2 / len(data.pool)), data)  # 2 images of 5 classes
    assert math.isfinite(result.best.val["loss"])
    assert result.best.val["loss"] > math.log(2)


def test_one_more_vote_spread_over_the_classes_is_added_to_the_trees(tiny):
    class Sure:
        classes_ = np.array([0])
        estimators_ = [None] * 9

        def predict_proba(self, images):
            return np.ones((len(images), 1))

    score = evaluate_estimator(Sure(), tiny.validation, 3)
    first = (tiny.validation.labels == 0).double().mean().item()
    expected = -first * math.log((9 + 1 / 3) / 10) - (1 - first) * math.log((1 / 3) / 10)
    assert score.values["loss"] == pytest.approx(expected)
    assert score.values["error"] == pytest.approx(1 - first)


def test_a_classical_model_of_the_users_own_is_trained(tiny):
    result = train(short("toys:neighbours"), tiny)
    assert result.test.values["error"] < 0.2
    assert result.steps == 1
