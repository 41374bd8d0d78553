"""What learns from tables. One function and one entry of TABLE_LEARNERS add another.

Every builder takes the shape of an example (columns,), the number of classes (0 where real
values are predicted) and its own hyperparameters. It returns an unfitted estimator of
scikit-learn, or a torch module from standardised numbers (N, columns) to logits (N, classes)
or to values (N, 1).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from experiments.training.distributions import loguniform
from experiments.training.own_architectures import import_builder
from experiments.training.spaces import Space, check_space
from tracking.errors import InputError

BOOSTING_ROUNDS = 2000  # at most; the validation set ends it before
BOOSTING_PATIENCE = 30  # rounds without a better loss on the validation set
TREES = 200


Shape = tuple[int]  # of an example: how many numbers it has


@dataclass(frozen=True)
class TableLearner:
    """How a model is built, and what is searched of it.

    build: (shape, classes, **hyperparameters) -> an unfitted model.
    space: its own hyperparameters.
    by_steps: a network, trained by gradient descent.
    scaled: needs numbers of one scale.
    dense: cannot take a sparse matrix.
    prepared: takes numbers; otherwise the examples as they are.
    """

    build: Callable[..., Any]
    space: Space = field(default_factory=dict)
    by_steps: bool = False
    scaled: bool = True
    dense: bool = False
    prepared: bool = True


def linear(shape: Shape, classes: int, alpha: float) -> Any:
    """Logistic or ridge regression; alpha is the strength of the L2 penalty."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if classes:
        return LogisticRegression(C=1 / alpha, max_iter=1000)
    return Ridge(alpha=alpha)


def boosting(shape: Shape, classes: int, **hyperparameters: Any) -> Any:
    """Gradient boosted trees on histograms; the validation set chooses how many.

    Ke et al. 2017 (LightGBM), section 2.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(
        max_iter=BOOSTING_ROUNDS,
        early_stopping=True,
        n_iter_no_change=BOOSTING_PATIENCE,
        **hyperparameters,
    )


def forest(
    shape: Shape, classes: int, trees: int, max_features: str | float, min_samples_leaf: int
) -> Any:
    """Random forest (Breiman 2001)."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if classes else RandomForestRegressor
    return kind(trees, max_features=max_features, min_samples_leaf=min_samples_leaf, n_jobs=1)


def mlp(shape: Shape, classes: int, hidden: int, layers: int) -> nn.Module:
    """Multilayer perceptron with ReLU."""
    body: list[nn.Module] = []
    width = shape[0]
    for _ in range(layers):
        body += [nn.Linear(width, hidden), nn.ReLU()]
        width = hidden
    return nn.Sequential(*body, nn.Linear(width, classes or 1))


TABLE_LEARNERS = {
    "linear": TableLearner(linear, {"alpha": (1.0, loguniform(1e-3, 1e4))}),
    "boosting": TableLearner(
        boosting,
        {
            "learning_rate": (0.1, loguniform(0.02, 0.3)),
            "max_leaf_nodes": (31, [7, 15, 31, 63]),
            "min_samples_leaf": (20, [2, 5, 10, 20, 40]),
            "l2_regularization": (0.0, [0.0, 0.1, 1.0, 10.0]),
        },
        scaled=False,
        dense=True,
    ),
    "forest": TableLearner(
        forest,
        {
            "trees": (TREES, [TREES]),
            "max_features": ("sqrt", ["sqrt", 0.2, 0.33, 0.5, 0.75, 1.0]),
            "min_samples_leaf": (1, [1, 1, 2, 4, 8]),
        },
        scaled=False,
    ),
    "mlp": TableLearner(
        mlp,
        {"hidden": (128, [64, 128, 256, 512]), "layers": (2, [1, 2, 3])},
        by_steps=True,
        dense=True,
    ),
}


def find_table_learner(name: str) -> TableLearner:
    """An entry of TABLE_LEARNERS, or the user's own `package.module:function`.

    A function is called as f(shape, classes, **hyperparameters), a class of estimators, such
    as sklearn.linear_model:Lasso, with the hyperparameters alone. Attributes on it: `space`
    adds hyperparameters to the search; `trained_by_steps = True` says that it returns a torch
    module; `prepared = False`, that it takes the examples as they are (a DataFrame with its
    gaps, categories and texts, or an array), such as a pipeline that prepares them.
    Raises InputError.
    """
    if name in TABLE_LEARNERS:
        return TABLE_LEARNERS[name]
    if ":" not in name:
        allowed = ", ".join([*TABLE_LEARNERS, "package.module:function"])
        raise InputError(f"architecture '{name}' is not for tables; allowed: {allowed}")
    build = import_builder(name)
    by_steps = getattr(build, "trained_by_steps", False) is True
    return TableLearner(
        build=build,
        space=check_space(f"architecture '{name}'", getattr(build, "space", {})),
        by_steps=by_steps,
        dense=by_steps,
        prepared=getattr(build, "prepared", True),
    )
