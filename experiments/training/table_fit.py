"""Estimators of scikit-learn, fitted to a subset of a table at one go."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline

from experiments.training.own_architectures import call_builder, check_model, seed_estimator
from experiments.training.preprocessing import make_preparation
from experiments.training.results import Course, Diverged, Evaluation, Fitted, Score
from experiments.training.table import Rows, Table
from experiments.training.table_learners import (
    TABLE_LEARNERS,
    TableLearner,
    find_table_learner,
)
from experiments.training.table_scores import (
    best_guess,
    measures_of,
    score_rows,
)
from experiments.training.trial import Trial


def fit_on_table(trial: Trial, table: Table, train: Rows) -> Course:
    """Fit an estimator; there is nothing to pause, so nothing is yielded.

    Everything that is learned, gaps and vocabularies included, is learned from `train` alone.
    """
    with quietly():
        model = fit_model(trial, table, train)
    yield from ()
    return _of_one_step(model, table, len(train))


def fit_constant(table: Table, train: Rows) -> Course:
    """Where nothing can be learned of a subset: what is commonest, or the mean."""
    yield from ()
    return _of_one_step(_constant(table).fit(train.x, train.y), table, len(train))


def _of_one_step(model: Any, table: Table, n: int) -> Fitted:
    with quietly():
        validation = evaluate_model(model, table, table.validation, n)
        test = evaluate_model(model, table, table.test, n)
    first = measures_of(table)[0]
    best = Evaluation(
        step=1, cost=first.gap(validation.values[first.name]), val=validation.values
    )
    return Fitted(
        history=(best,),
        best=best,
        test=test,
        measures=measures_of(table),
        model=model,
        n_parameters=count_parameters(model),
        steps=1,
        budget_bound=_is_bound(model),
        guess=best_guess(table),
    )


@contextmanager
def quietly() -> Iterator[None]:
    """Without remarks about single columns, such as categories that were never seen."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def fit_model(trial: Trial, table: Table, train: Rows) -> Any:
    """The fitted pipeline of preparation and estimator.

    A subset of one class or value, or one that holds nothing to learn from, gets a constant.
    """
    learner = find_table_learner(trial.architecture)
    seed = trial.seed_for("init")
    if len(np.unique(train.y)) == 1:
        return _constant(table).fit(train.x, train.y)
    if not learner.prepared:
        model = build_estimator(learner, trial, table, table.pool.x.shape[1])
        seed_estimator(model, seed)
        return model.fit(train.x, train.y)
    preparation = make_preparation(table.columns, train, learner.scaled, learner.dense)
    if preparation is None:
        return _constant(table).fit(train.x, train.y)
    if preparation != "passthrough":
        seed_estimator(preparation, seed)
    return _fit_pipeline(trial, table, train, learner, preparation)


def _constant(table: Table) -> Any:
    return DummyClassifier(strategy="prior") if table.classes else DummyRegressor()


def build_estimator(learner: TableLearner, trial: Trial, table: Table, columns: int) -> Any:
    """The unfitted estimator, for examples of so many numbers. Raises InputError."""
    own = {name: trial.hyperparameters[name] for name in learner.space}
    shape = (columns,)
    classes = len(table.classes)
    if trial.architecture in TABLE_LEARNERS:
        return learner.build(shape, classes, **own)
    model = call_builder(learner.build, trial.architecture, shape, classes, own)
    check_model(model, trial.architecture, learner.by_steps, shape, classes)
    return model


def _fit_pipeline(
    trial: Trial, table: Table, train: Rows, learner: TableLearner, preparation: Any
) -> Pipeline:
    pipeline = Pipeline([("preparation", preparation)])
    x = pipeline.fit_transform(train.x)
    model = build_estimator(learner, trial, table, x.shape[1])
    seed_estimator(model, trial.seed_for("init"))
    if trial.architecture == "boosting":
        fit_boosting(model, table, Rows(x, train.y), pipeline)
    else:
        model.fit(x, train.y)
    pipeline.steps.append(("model", model))
    return pipeline


def fit_boosting(model: Any, table: Table, train: Rows, preparation: Pipeline) -> None:
    """Fit as many rounds as the validation set finds best.

    train: prepared.
    preparation: fitted, of one step.
    """
    parts = getattr(preparation.steps[0][1], "output_indices_", {})
    categories = range(train.x.shape[1])[parts.get("categories", slice(0))]
    model.set_params(categorical_features=list(categories) or None)
    held = table.validation
    known = held.take(
        np.flatnonzero(np.isin(held.y, train.y)) if table.classes else slice(None)
    )
    model.fit(train.x, train.y, X_val=preparation.transform(known.x), y_val=known.y)
    rounds = max(1, int(np.argmax(model.validation_score_)))
    if rounds < model.n_iter_:
        model.set_params(max_iter=rounds, early_stopping=False).fit(train.x, train.y)


# --- how well it does ------------------------------------------------------------------------


def evaluate_model(model: Any, table: Table, rows: Rows, n: int) -> Score:
    """The score on the rows of a model fitted to n examples.

    One more vote, spread evenly over the classes, keeps a class that was never seen from
    costing an infinite loss (Laplace's rule). A forest has as many votes as trees, others n.
    Raises Diverged where a prediction is no number.
    """
    if not table.classes:
        return score_rows(_finite(np.asarray(model.predict(rows.x)).reshape(-1)), rows, 0)
    classes = len(table.classes)
    probabilities = np.zeros((len(rows), classes))
    probabilities[:, model.classes_] = _finite(model.predict_proba(rows.x))
    votes = len(getattr(last_step(model), "estimators_", ())) or n
    return score_rows((probabilities * votes + 1 / classes) / (votes + 1), rows, classes)


def _finite(predicted: np.ndarray) -> np.ndarray:
    if not np.isfinite(predicted).all():
        raise Diverged(f"a prediction is {predicted[~np.isfinite(predicted)][0]}")
    return predicted


def last_step(model: Any) -> Any:
    """The estimator of a pipeline, or the model itself."""
    return model.steps[-1][1] if isinstance(model, Pipeline) else model


def count_parameters(model: Any) -> int | None:
    """Weights of a linear model or a network, nodes of trees; None where unknown."""
    model = last_step(model)
    if hasattr(model, "coef_"):
        return int(np.size(model.coef_) + np.size(model.intercept_))
    if hasattr(model, "coefs_"):
        return sum(one.size for one in (*model.coefs_, *model.intercepts_))
    trees = [tree for tree in getattr(model, "estimators_", ()) if hasattr(tree, "tree_")]
    if trees:
        return sum(tree.tree_.node_count for tree in trees)
    rounds = getattr(model, "_predictors", None)
    return sum(len(tree.nodes) for several in rounds for tree in several) if rounds else None


def _is_bound(model: Any) -> bool:
    """Whether boosting or the descent of a linear model ended while it still improved."""
    model = last_step(model)
    limit = getattr(model, "max_iter", None)
    used = getattr(model, "n_iter_", None)
    if (
        not isinstance(limit, int)
        or used is None
        or getattr(model, "early_stopping", True) is False
    ):
        return False
    return bool(np.max(used) >= limit)
