"""Scikit-learn classifiers, fitted at one go."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy import ndarray

from experiments.training.image_sets import Sets, Split
from experiments.training.results import (
    Course,
    Evaluation,
    Fitted,
    Score,
    classification_score,
)
from experiments.training.slices import by_class

VOTES = 100  # that the probabilities of a model without trees count as


def fit_estimator(model: Any, sets: Sets, classes: int) -> Course:
    """Fit the classifier; there is nothing to pause, so nothing is yielded."""
    model.fit(flat(sets.train), sets.train.labels.numpy())
    validation = evaluate_estimator(model, sets.validation, classes)
    best = Evaluation(step=1, cost=validation.values["loss"], val=validation.values)
    yield from ()
    return Fitted(
        history=(best,),
        best=best,
        test=evaluate_estimator(model, sets.test, classes),
        model=model,
        n_parameters=_count_nodes(model),
        steps=1,
    )


def evaluate_estimator(model: Any, split: Split, classes: int) -> Score:
    """Mean loss in nats and error as a fraction, over every image of the split.

    One more vote, spread evenly over the classes, keeps a class that no tree voted for from
    costing an infinite loss (Laplace's rule).
    """
    probabilities = np.zeros((len(split), classes))
    probabilities[:, model.classes_] = model.predict_proba(flat(split))
    votes = len(getattr(model, "estimators_", ())) or VOTES
    smoothed = (probabilities * votes + 1 / classes) / (votes + 1)
    labels = split.labels.numpy()
    losses = -np.log(smoothed[np.arange(len(labels)), labels])
    error = (probabilities.argmax(1) != labels).mean()
    score = classification_score(
        loss=float(losses.mean()),
        error=float(error),
        loss_se=float(losses.std() / math.sqrt(max(len(losses) - 1, 1))),
        count=len(labels),
    )
    return replace(score, slices=by_class(np.log(smoothed), labels))


def flat(split: Split) -> ndarray:
    """Its pixels in 0–255, float32 (N, C·H·W)."""
    return split.images.reshape(len(split), -1).numpy().astype(np.float32)


def _count_nodes(model: Any) -> int:
    trees = getattr(model, "estimators_", ())
    return sum(tree.tree_.node_count for tree in trees if hasattr(tree, "tree_"))
