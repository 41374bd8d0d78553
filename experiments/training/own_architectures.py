"""Architectures of somebody's own: what is imported, called and returned is checked."""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from experiments.training.imported import import_function
from tracking.errors import InputError, one_line


def import_builder(name: str) -> Callable[..., Any]:
    """The function of package.module:function, called as f(shape, classes, **hyperparameters).

    A class of estimators, such as sklearn.linear_model:Ridge, is called with the
    hyperparameters alone. Raises InputError.
    """
    found = import_function(name, "architecture")
    return _of_class(found) if is_estimator_class(found) else found


def is_estimator_class(found: Any) -> bool:
    """Whether it is a class as scikit-learn has them."""
    return inspect.isclass(found) and hasattr(found, "fit")


def _of_class(kind: Callable[..., Any]) -> Callable[..., Any]:
    """A builder of the class, which returns estimators."""

    def build(shape: tuple[int, ...], classes: int, **hyperparameters: Any) -> Any:
        return kind(**hyperparameters)

    build.trained_by_steps = False  # type: ignore[attr-defined]
    return build


def call_builder(
    build: Callable[..., Any],
    name: str,
    shape: tuple[int, ...],
    classes: int,
    hyperparameters: Mapping[str, Any],
) -> Any:
    """What the user's function returns. Raises InputError where it has no answer."""
    try:
        inspect.signature(build).bind(shape, classes, **hyperparameters)
    except (TypeError, ValueError) as error:
        asked = ", ".join(["shape", "classes", *hyperparameters])
        raise InputError(
            f"architecture '{name}' is called as f({asked}), which it does not take: "
            f"{one_line(error)}"
        ) from None
    try:
        return build(shape, classes, **hyperparameters)
    except (Exception, SystemExit) as error:  # whatever the user's function raises
        raise InputError(
            f"architecture '{name}' raised {type(error).__name__}: {one_line(error)}"
        ) from None


def check_model(
    model: Any, name: str, by_steps: bool, shape: tuple[int, ...], classes: int
) -> None:
    """Raises InputError where a builder returned what cannot be trained.

    by_steps: a network is wanted, which is left in evaluation mode; otherwise an estimator.
    shape: of one example.
    classes: 0 where real values are predicted.
    """
    if by_steps:
        check_network(model, name, shape, classes or 1)
    else:
        check_estimator(model, name, "predict_proba" if classes else "predict")


def check_network(model: Any, name: str, shape: tuple[int, ...], outputs: int) -> None:
    """Try a forward pass. Raises InputError for what cannot be trained.

    shape: of one example.
    outputs: that the network owes for each.
    """
    if not isinstance(model, nn.Module):
        hint = ""
        if hasattr(model, "fit"):
            hint = f"; for estimators set {name.partition(':')[2]}.trained_by_steps = False"
        raise InputError(
            f"architecture '{name}' returned {type(model).__name__}; "
            f"allowed: a torch.nn.Module{hint}"
        )
    given = (2, *shape)
    try:
        answer = model.eval()(torch.rand(given, generator=torch.Generator().manual_seed(0)))
    except (Exception, SystemExit) as error:  # whatever the user's network raises
        raise InputError(
            f"architecture '{name}' cannot take examples of shape {given}: {one_line(error)}"
        ) from None
    _check_answer(answer, name, (2, outputs))
    _warn_of_softmax(answer, name)


def _check_answer(answer: Any, name: str, wanted: tuple[int, int]) -> None:
    if not isinstance(answer, Tensor):
        raise InputError(
            f"architecture '{name}' gives {type(answer).__name__}; allowed: a tensor {wanted}"
        )
    if tuple(answer.shape) != wanted:
        raise InputError(
            f"architecture '{name}' gives {tuple(answer.shape)} for 2 examples; "
            f"allowed: {wanted}, one row for each"
        )
    if not answer.is_floating_point():
        raise InputError(
            f"architecture '{name}' gives {answer.dtype}; allowed: floating point"
        )
    if not answer.requires_grad:
        raise InputError(
            f"architecture '{name}' has no weights that can be trained, or cuts the gradient"
        )


def _warn_of_softmax(answer: Tensor, name: str) -> None:
    sums = answer.detach().sum(1)
    is_share = bool(((answer >= 0) & (answer <= 1)).all())
    if answer.shape[1] > 1 and is_share and torch.allclose(sums, torch.ones_like(sums)):
        _warn(
            f"architecture '{name}' ends in a softmax; it should give logits, "
            "which the loss takes the softmax of"
        )


@lru_cache(maxsize=64)  # once in a process
def _warn(said: str) -> None:
    print(f"warning: {said}", file=sys.stderr)


def check_estimator(model: Any, name: str, method: str) -> None:
    """Raises InputError for what is no estimator with .fit and the method."""
    if inspect.isclass(model):
        raise InputError(
            f"architecture '{name}' returned the class {model.__name__}; "
            f"allowed: an estimator, {model.__name__}(…)"
        )
    if isinstance(model, nn.Module):
        raise InputError(
            f"architecture '{name}' returned a torch.nn.Module; set "
            f"{name.partition(':')[2]}.trained_by_steps = True"
        )
    for needed in ("fit", method, "get_params"):
        if not hasattr(model, needed):
            raise InputError(
                f"architecture '{name}' returned {type(model).__name__}, which has no "
                f".{needed}; allowed: an estimator of scikit-learn with .fit and .{method}"
            )


def seed_estimator(model: Any, seed: int) -> None:
    """Set every random state; a pipeline's steps have some, too."""
    seeded = [
        name
        for name in model.get_params()
        if name == "random_state" or name.endswith("__random_state")
    ]
    model.set_params(**dict.fromkeys(seeded, seed))
